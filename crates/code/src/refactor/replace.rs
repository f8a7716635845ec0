//! Another text for one statement.
//!
//! It changes what the statement means: that is what it is for. So nothing is compared; what is refused is what would
//! take more than the statement along: a text that does not read to its end, and one that no longer defines what the old
//! one did, which others may use.

use super::draft::{Change, FileChange};
use super::reason::{Reason, Refused, Why};
use super::sources::Sources;
use crate::analysis::DefinitionFound;
use edn::syntax::parse;
use std::collections::BTreeSet;
use std::ops::Range;

/// Puts a text where a statement stands: `at` are its bytes in the file of that number. The text is one top-level form or
/// several, with comments between them or not.
pub fn replace_statement(
    sources: &Sources,
    file: usize,
    at: Range<usize>,
    text: &str,
) -> Result<Change, Refused> {
    let path = sources.path(file);
    if !sources.is_editable(file) {
        let reason = Reason::new(Why::ReadOnly, format!("{path} would have to change"));
        return Err(reason.help("what is inside a jar is only read").into());
    }
    let tree = parse(text);
    if let Some(error) = &tree.error {
        let message = format!("the new text does not read: {}", error.message(text));
        return Err(Reason::new(Why::Unreadable, message).into());
    }
    if tree.roots().next().is_none() {
        let reason = Reason::new(Why::Unreadable, "the new text has no form in it");
        return Err(reason.help("deleting a statement is another thing").into());
    }
    let before = sources.text(file);
    let text = text.trim_end();
    let (head, tail) = (&before[..at.start], &before[at.end..]);
    // What follows on the same line would become a part of a comment at the text's end.
    let feed = if tail.is_empty() || tail.starts_with(['\n', '\r']) { "" } else { "\n" };
    let after = format!("{head}{text}{feed}{tail}");
    let names = |sources: &Sources, at: &Range<usize>| -> BTreeSet<String> {
        let within = |d: &&DefinitionFound| at.contains(&(d.name_at.start as usize));
        sources.found(file).definitions.iter().filter(within).map(|d| d.name.to_string()).collect()
    };
    let mut files = sources.files().to_vec();
    files[file].1.clone_from(&after);
    let changed = Sources::read(files, sources.rules());
    let now = at.start..at.start + text.len();
    let lost: Vec<String> =
        names(sources, &at).difference(&names(&changed, &now)).cloned().collect();
    if !lost.is_empty() {
        let message = format!("the new text no longer defines {}", lost.join(", "));
        let reason = Reason::new(Why::Lost, message);
        return Err(reason.help("rename it first, which changes its uses too").into());
    }
    let change = FileChange {
        path: path.to_owned(),
        new_path: None,
        before: Some(before.to_owned()),
        after: Some(after),
    };
    let files = if change.before == change.after { Vec::new() } else { vec![change] };
    Ok(Change { files, ..Change::default() })
}
