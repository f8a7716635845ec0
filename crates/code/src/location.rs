//! Where statements stand: files and lines.
//!
//! Lines are not stored, since an edit at the top of a file would change them all. They are counted from the texts when
//! they are asked for.

use crate::facts::DEFAULT_BEFORE;
use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Cell, Db, EntityId};
use rustc_hash::FxHashMap;
use std::fmt;
use std::ops::Range;

/// A place in a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Location {
    /// The file's path as it is stored.
    pub path: String,
    /// The first line, from 1.
    pub line: usize,
    /// The last line.
    pub end_line: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// Answers where statements stand; counts each file once.
pub struct Locations<'a> {
    source: Source<'a>,
    files: FxHashMap<EntityId, FxHashMap<EntityId, (usize, usize)>>,
}

impl<'a> Locations<'a> {
    /// For the statements of a database.
    pub fn of(db: &'a Db) -> Result<Locations<'a>, NotCode> {
        Ok(Locations { source: Source::new(db)?, files: FxHashMap::default() })
    }

    /// Where a statement stands.
    pub fn find(&mut self, statement: EntityId) -> Option<Location> {
        let file = self.source.value(statement, Attr::StatementFile)?.as_entity()?;
        let path = self.source.text(file, Attr::FilePath)?.to_string();
        let source = &self.source;
        let lines = self.files.entry(file).or_insert_with(|| count(source, file));
        let (line, end_line) = *lines.get(&statement)?;
        Some(Location { path, line, end_line })
    }
}

/// The path of a statement's file and the statement's bytes in it.
pub fn bytes_of(db: &Db, statement: EntityId) -> Result<Option<(String, Range<usize>)>, NotCode> {
    let source = Source::new(db)?;
    let file = source.value(statement, Attr::StatementFile).and_then(Cell::as_entity);
    let Some(file) = file else { return Ok(None) };
    let path = source.text(file, Attr::FilePath).map(|path| path.to_string());
    let mut at = 0;
    for e in in_order(&source, file) {
        at += source.text(e, Attr::StatementBefore).as_deref().unwrap_or(DEFAULT_BEFORE).len();
        let len = source.text(e, Attr::StatementSource).map_or(0, |text| text.len());
        if e == statement {
            return Ok(path.map(|path| (path, at..at + len)));
        }
        at += len;
    }
    Ok(None)
}

/// The statements of a file, in order.
fn in_order(source: &Source<'_>, file: EntityId) -> Vec<EntityId> {
    let mut placed: Vec<(i64, EntityId)> = source
        .with_value(Attr::StatementFile, Cell::entity(file))
        .map(|e| (source.value(e, Attr::StatementOrder).and_then(Cell::as_int).unwrap_or(0), e))
        .collect();
    placed.sort_unstable();
    placed.into_iter().map(|(_, e)| e).collect()
}

fn count(source: &Source<'_>, file: EntityId) -> FxHashMap<EntityId, (usize, usize)> {
    let feeds = |text: &str| text.bytes().filter(|b| *b == b'\n').count();
    let mut line = 1;
    let mut lines = FxHashMap::default();
    for e in in_order(source, file) {
        line += feeds(source.text(e, Attr::StatementBefore).as_deref().unwrap_or(DEFAULT_BEFORE));
        let start = line;
        line += feeds(&source.text(e, Attr::StatementSource).unwrap_or_default());
        lines.insert(e, (start, line));
    }
    lines
}
