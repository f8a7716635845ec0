//! Another name for a local: where it is bound and where it is used.

use super::draft::{Change, Draft};
use super::name;
use super::reason::{Reason, Refused, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use super::tree;
use crate::analysis::{DefinitionFound, LocalFound};
use edn::syntax::parse_through;
use std::collections::BTreeSet;

/// See the module. The local is named by a byte of the place where it is bound or used.
pub(super) fn rename(
    sources: &Sources,
    file: usize,
    at: u32,
    new: &str,
) -> Result<Change, Refused> {
    name::check_local(new)?;
    let found = sources.found(file);
    let mut draft = Draft::new(sources);
    let mut renaming = Renaming::default();
    for id in named(sources, file, at)? {
        let Some(local) = found.locals.iter().find(|local| local.id == id) else { continue };
        if let Some(reason) = follows_from(sources, file, local) {
            draft.refuse(reason);
        }
        let start = local.at.start as usize;
        if let Some(part) = name::within(&local.text, &local.name) {
            draft.replace(file, start + part.start..start + part.end, new);
        }
        uses(&mut draft, &mut renaming, file, local, new);
    }
    draft.finish(&renaming)
}

/// The numbers of the local that is bound or used at a byte of a file: one for each platform that reads it.
pub(super) fn named(sources: &Sources, file: usize, at: u32) -> Result<BTreeSet<u32>, Reason> {
    let found = sources.found(file);
    let bound = found.locals.iter().find(|local| local.at.start <= at && at < local.at.end);
    let used = found.local_usages.iter().find(|used| used.at.start <= at && at < used.at.end);
    let id = bound.map(|local| local.id).or(used.map(|used| used.id));
    let id = id.ok_or_else(|| {
        Reason::new(Why::Unknown, format!("no local stands there in {}", sources.path(file)))
            .help("write the place where it is bound or used: `src/app/core.clj:12:7`")
    })?;
    Ok(together(sources, file, id))
}

/// Renames a local with the keyword that it is made of, whose place is edited already.
pub(super) fn follow(
    draft: &mut Draft<'_>,
    renaming: &mut Renaming,
    file: usize,
    id: u32,
    new: &str,
) -> Result<(), Reason> {
    name::check_local(new)?;
    let local = draft.sources().found(file).locals.iter().find(|local| local.id == id);
    if let Some(local) = local {
        uses(draft, renaming, file, local, new);
    }
    Ok(())
}

fn uses(
    draft: &mut Draft<'_>,
    renaming: &mut Renaming,
    file: usize,
    local: &LocalFound,
    new: &str,
) {
    renaming.local(file, local.at.start, new);
    let sources = draft.sources();
    for used in sources.found(file).local_usages.iter().filter(|used| used.id == local.id) {
        // `local.member` uses a local too.
        let token = sources.token(file, &used.at);
        if token.starts_with(&*local.name) {
            draft.replace_within(file, &used.at, 0..local.name.len(), new);
        }
    }
}

/// The locals that are one for who reads the text: bound at the same place for several platforms, or used at the same place.
fn together(sources: &Sources, file: usize, id: u32) -> BTreeSet<u32> {
    let found = sources.found(file);
    let mut all = BTreeSet::from([id]);
    loop {
        let before = all.len();
        let bound: BTreeSet<u32> =
            found.locals.iter().filter(|l| all.contains(&l.id)).map(|l| l.at.start).collect();
        let used: BTreeSet<u32> = found
            .local_usages
            .iter()
            .filter(|used| all.contains(&used.id))
            .map(|used| used.at.start)
            .collect();
        all.extend(found.locals.iter().filter(|l| bound.contains(&l.at.start)).map(|l| l.id));
        let users = found.local_usages.iter().filter(|u| used.contains(&u.at.start));
        all.extend(users.map(|u| u.id));
        if all.len() == before {
            return all;
        }
    }
}

/// Why a local cannot have another name for itself: it is made of a keyword, or a field of a record.
fn follows_from(sources: &Sources, file: usize, local: &LocalFound) -> Option<Reason> {
    let found = sources.found(file);
    let reason =
        |message: String| Reason::new(Why::Derived, message).at(sources.at(file, &local.at));
    let text = sources.text(file);
    let tree = parse_through(text);
    let path = tree::around(&tree, local.at.start, local.at.end);
    if let [.., map, vector, _] = path[..] {
        let keys: Vec<usize> = tree.forms(map).collect();
        let under = keys.chunks_exact(2).find(|pair| pair[1] == vector);
        let under = under.map(|pair| tree.text(pair[0], text));
        let modifier = under.and_then(|key| key.rsplit([':', '/']).next());
        if matches!(modifier, Some("keys" | "syms" | "strs")) {
            let name = &local.name;
            let message = format!("`{name}` is made of what {} names", under.unwrap_or_default());
            return Some(
                reason(message)
                    .help(format!("write {{{name} :{name}}} instead, or rename the keyword")),
            );
        }
    }
    let [.., list, vector, _] = path[..] else { return None };
    let is_record = |def: &&DefinitionFound| matches!(&*def.kind, "defrecord" | "deftype");
    let mut records = found.definitions.iter().filter(is_record);
    let record = records.find(|def| {
        let path = tree::around(&tree, def.name_at.start, def.name_at.end);
        path.len() > 1
            && path[path.len() - 2] == list
            && tree::following(&tree, &path) == Some(vector)
    })?;
    let message = format!("`{}` is a field of {}", local.name, record.name);
    Some(
        reason(message)
            .help("its keyword and its accessors have its name too: change them by hand"),
    )
}
