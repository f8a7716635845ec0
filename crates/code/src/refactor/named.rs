//! Statements by the names that people call them.

use super::name;
use super::outline::Outline;
use super::reason::{Reason, Why};
use super::sources::Sources;
use crate::analysis::analyze;

/// The statements of a full name, by file and place in it: those that define the var, else the one that is called so.
pub(super) fn statements(sources: &Sources, full: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    if let Some((ns, var)) = name::split(full) {
        for (file, findings) in sources.all() {
            let mut defs = findings
                .definitions
                .iter()
                .filter(|def| *def.ns == *ns && *def.name == *var && *def.kind != *"declare")
                .peekable();
            if defs.peek().is_none() {
                continue;
            }
            let outline = Outline::of(sources.path(file), sources.text(file));
            let at = defs.filter_map(|def| outline.statement_at(def.name_at.start as usize));
            found.extend(at.map(|statement| (file, statement)));
        }
    }
    if found.is_empty() {
        for (file, facts) in analyze(sources.files(), sources.rules()).iter().enumerate() {
            let named = facts.statements.iter().position(|statement| *statement.fqn == *full);
            found.extend(named.map(|statement| (file, statement)));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// That no statement has a name.
pub(super) fn unknown(name: &str) -> Reason {
    let last = name.rsplit('/').next().unwrap_or(name);
    Reason::new(Why::Unknown, format!("no statement is called `{name}`"))
        .help(format!("`defbase search {last}` looks for it everywhere"))
}
