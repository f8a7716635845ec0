//! Text search over names, docstrings and sources.
//!
//! Every statement is looked at: a scan over the texts, on all cores.

use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Db, EntityId, Text};
use rayon::prelude::*;
use regex::{Regex, RegexBuilder};

/// Where a text was found; the better place first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Place {
    /// It is the name, with or without the namespace.
    Exact,
    /// The name begins with it.
    Prefix,
    /// It is in the name.
    Name,
    /// It is in the docstring.
    Doc,
    /// It is in the source.
    Source,
}

/// What to search for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search<'a> {
    /// A text, or a regular expression.
    pub pattern: &'a str,
    /// Whether it is a regular expression.
    pub regex: bool,
    /// Whether capital letters are different ones.
    pub case_sensitive: bool,
    /// How many hits are wanted at most.
    pub limit: usize,
}

/// A statement that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its name.
    pub fqn: String,
    /// Its entity.
    pub statement: EntityId,
    /// The best place of the text.
    pub place: Place,
    /// In a docstring or source: the line of the statement that has it, from 1, and its text.
    pub line: Option<(usize, String)>,
}

/// Hits, and how many there are in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// The best ones, best first.
    pub hits: Vec<Hit>,
    /// How many statements have the text.
    pub total: usize,
}

/// Why a search cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The database holds something else.
    #[error(transparent)]
    NotCode(#[from] NotCode),
    /// A pattern that is no regular expression.
    #[error("bad regular expression: {0}")]
    Pattern(#[from] regex::Error),
    /// A pattern of nothing.
    #[error("nothing to search for: the text is empty")]
    Empty,
}

/// Limits what a hostile pattern can cost.
const COMPILED_BYTES: usize = 1 << 20;

/// Searches all statements.
pub fn search(db: &Db, search: &Search<'_>) -> Result<Hits, SearchError> {
    if search.pattern.is_empty() {
        return Err(SearchError::Empty);
    }
    let source = Source::new(db)?;
    let pattern = match search.regex {
        true => search.pattern.to_owned(),
        false => regex::escape(search.pattern),
    };
    let pattern = RegexBuilder::new(&pattern)
        .case_insensitive(!search.case_sensitive)
        .multi_line(true)
        .size_limit(COMPILED_BYTES)
        .build()?;
    let names: Vec<(EntityId, Text<'_>)> = source.texts(Attr::StatementFqn).collect();
    let mut found: Vec<Hit> =
        names.into_par_iter().filter_map(|(e, fqn)| look(&source, &pattern, e, &fqn)).collect();
    found.sort_unstable_by(|a, b| {
        (a.place, a.fqn.len(), &a.fqn).cmp(&(b.place, b.fqn.len(), &b.fqn))
    });
    let total = found.len();
    found.truncate(search.limit);
    Ok(Hits { hits: found, total })
}

fn look(source: &Source<'_>, pattern: &Regex, e: EntityId, fqn: &str) -> Option<Hit> {
    let name = source.text(e, Attr::StatementName);
    let name = name.as_deref().unwrap_or(fqn);
    let hit = |place, line| Hit { fqn: fqn.to_owned(), statement: e, place, line };
    let whole = |text: &str| pattern.find(text).is_some_and(|m| m.len() == text.len());
    if whole(name) || whole(fqn) {
        return Some(hit(Place::Exact, None));
    }
    if pattern.find(name).is_some_and(|m| m.start() == 0) {
        return Some(hit(Place::Prefix, None));
    }
    if pattern.is_match(fqn) {
        return Some(hit(Place::Name, None));
    }
    let text = source.text(e, Attr::StatementSource)?;
    let in_doc = source.text(e, Attr::StatementDoc).is_some_and(|doc| pattern.is_match(&doc));
    let found = pattern.find(&text);
    let line = found.map(|m| line_of(&text, m.start()));
    match (in_doc, found) {
        (true, _) => Some(hit(Place::Doc, line)),
        (false, Some(_)) => Some(hit(Place::Source, line)),
        (false, None) => None,
    }
}

fn line_of(text: &str, at: usize) -> (usize, String) {
    let number = text[..at].matches('\n').count() + 1;
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let line = text[start..].lines().next().unwrap_or("");
    (number, line.to_owned())
}
