//! The expression that is meant.

use crate::refactor::named::{statements, unknown};
use crate::refactor::ns_form::Platforms;
use crate::refactor::outline::Outline;
use crate::refactor::reason::{Reason, Why};
use crate::refactor::sources::Sources;
use edn::syntax::Kind;
use std::ops::Range;

/// Which expression is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Spot<'a> {
    /// The one from a row and column to another, which is behind it; both count from 1, columns in UTF-16 units.
    At {
        /// The file.
        path: &'a str,
        /// Where it begins.
        from: (u32, u32),
        /// The place behind it.
        to: (u32, u32),
    },
    /// The one with this text in a statement.
    In {
        /// The statement's full name.
        statement: &'a str,
        /// The text, as it stands there.
        text: &'a str,
    },
}

/// An expression, and what is around it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) file: usize,
    pub(super) ns: String,
    /// The `ns` form, among those of the file.
    pub(super) ns_form: usize,
    pub(super) node: usize,
    pub(super) range: Range<usize>,
    pub(super) statement: usize,
    pub(super) statement_range: Range<usize>,
    /// The nodes from the statement to the expression, both in it.
    pub(super) path: Vec<usize>,
    /// Who reads it.
    pub(super) platforms: Platforms,
}

fn nothing(message: String) -> Reason {
    Reason::new(Why::Unknown, message)
        .help("an expression is a whole form, from its first bracket to its last")
}

impl Found {
    pub(super) fn of(sources: &Sources, spot: &Spot<'_>) -> Result<Found, Reason> {
        let (file, range) = match spot {
            Spot::At { path, from, to } => {
                let file = sources.index(path).ok_or_else(|| {
                    Reason::new(Why::Unknown, format!("there is no file {path}"))
                        .help("its path is relative to the project")
                })?;
                let text = sources.text(file);
                let offset = |place: &(u32, u32)| {
                    offset(text, *place).ok_or_else(|| {
                        nothing(format!("{path} has no place {}:{}", place.0, place.1))
                    })
                };
                (file, offset(from)?..offset(to)?)
            }
            Spot::In { statement, text } => in_statement(sources, statement, text)?,
        };
        let outline = Outline::of(sources.path(file), sources.text(file));
        let node = (0..outline.tree.nodes.len()).find(|node| outline.range(*node) == range);
        let Some(node) = node else {
            return Err(nothing(format!("no form of {} stands just there", sources.path(file))));
        };
        let place = outline.statement_at(range.start);
        let ns_form = outline.ns_at(range.start);
        let (Some(place), Some(ns_form)) = (place, ns_form) else {
            let message = format!("{} has no `ns` form before it", sources.path(file));
            return Err(Reason::new(Why::Unsupported, message));
        };
        let statement = outline.statements[place];
        let path = outline.path_to(statement, node);
        let ns = outline.ns_forms[ns_form].form.name().to_owned();
        let platforms = readers(&outline, statement, node);
        let statement_range = outline.range(statement);
        Ok(Found { file, ns, ns_form, node, range, statement, statement_range, path, platforms })
    }
}

/// The one place in a statement where a text stands as a form.
fn in_statement(
    sources: &Sources,
    name: &str,
    text: &str,
) -> Result<(usize, Range<usize>), Reason> {
    let mut places = Vec::new();
    let found = statements(sources, name);
    if found.is_empty() {
        return Err(unknown(name));
    }
    for (file, statement) in found {
        let outline = Outline::of(sources.path(file), sources.text(file));
        let node = outline.statements[statement];
        let inside = node..outline.tree.node(node).next as usize;
        let same = inside.filter(|node| outline.node_text(*node) == text.trim());
        places.extend(same.map(|node| (file, outline.range(node))));
    }
    match &places[..] {
        [place] => Ok(place.clone()),
        [] => Err(nothing(format!("no form of {name} reads `{text}`"))),
        _ => Err(Reason::new(
            Why::Unknown,
            format!("{} forms of {name} read `{text}`", places.len()),
        )
        .help("say which one by its place: path:row:column-row:column")),
    }
}

/// The offset of a row and column.
fn offset(text: &str, (row, column): (u32, u32)) -> Option<usize> {
    let mut start = 0;
    for _ in 1..row {
        start += text[start..].find('\n')? + 1;
    }
    let mut units = 1;
    for (at, c) in text[start..].char_indices() {
        if units == column {
            return Some(start + at);
        }
        if c == '\n' {
            return None;
        }
        units += c.len_utf16() as u32;
    }
    (units == column).then_some(text.len())
}

/// Who reads a node of a statement.
fn readers(outline: &Outline<'_>, statement: usize, node: usize) -> Platforms {
    let path = outline.path_to(statement, node);
    let reads = |platform: &crate::analysis::Platform| {
        let reading = outline.reading(*platform);
        path.iter().enumerate().all(|(at, around)| {
            let conditional = matches!(
                outline.tree.node(*around).kind,
                Kind::Conditional | Kind::ConditionalSplicing
            );
            // Inside of a conditional comes its list, then the branch.
            !conditional
                || path.get(at + 2).is_none_or(|branch| reading.branch(*around) == Some(*branch))
        })
    };
    Platforms::of(outline.platforms.iter().filter(reads))
}
