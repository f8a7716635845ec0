//! What a database knows of the files that an import looks at.

use crate::model::Attr;
use crate::source::Source;
use db::{Cell, Datom, EntityId, Text};
use edn::Value;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// A statement as it is stored.
pub(super) struct Stored<'a> {
    pub(super) e: EntityId,
    pub(super) file: EntityId,
    pub(super) order: i64,
    pub(super) fqn: Text<'a>,
    pub(super) source: Text<'a>,
    pub(super) hash: Option<i64>,
    pub(super) namespace: Option<Text<'a>>,
    pub(super) kind: Value,
    datoms: Range<usize>,
}

/// The statements of some files, file by file in their order, with everything said of them.
pub(super) struct Statements<'a> {
    pub(super) all: Vec<Stored<'a>>,
    pub(super) by_entity: FxHashMap<EntityId, u32>,
    datoms: Vec<Datom>,
}

impl<'a> Statements<'a> {
    /// Reads them.
    pub(super) fn of(source: &Source<'a>, files: impl Iterator<Item = EntityId>) -> Self {
        let mut statements =
            Statements { all: Vec::new(), by_entity: FxHashMap::default(), datoms: Vec::new() };
        for file in files {
            let start = statements.all.len();
            for e in source.with_value(Attr::StatementFile, Cell::entity(file)) {
                let stored = statements.read(source, file, e);
                statements.all.push(stored);
            }
            statements.all[start..].sort_by_key(|s| (s.order, s.e));
        }
        for (i, stored) in statements.all.iter().enumerate() {
            statements.by_entity.insert(stored.e, i as u32);
        }
        statements
    }

    fn read(&mut self, source: &Source<'a>, file: EntityId, e: EntityId) -> Stored<'a> {
        let start = self.datoms.len();
        let mut stored = Stored {
            e,
            file,
            order: 0,
            fqn: Text::default(),
            source: Text::default(),
            hash: None,
            namespace: None,
            kind: Value::Nil,
            datoms: start..start,
        };
        let dict = source.db.dict();
        for datom in source.datoms(e) {
            let text = || dict.string(datom.v);
            match source.attr(&datom) {
                Some(Attr::StatementOrder) => stored.order = datom.v.as_int().unwrap_or(0),
                Some(Attr::StatementFqn) => stored.fqn = text().unwrap_or_default(),
                Some(Attr::StatementSource) => stored.source = text().unwrap_or_default(),
                Some(Attr::StatementHash) => stored.hash = datom.v.as_int(),
                Some(Attr::StatementNamespace) => stored.namespace = text(),
                Some(Attr::StatementType) => stored.kind = source.db.value(datom.v),
                _ => {}
            }
            self.datoms.push(datom);
        }
        stored.datoms.end = self.datoms.len();
        stored
    }

    /// Everything said of a statement.
    pub(super) fn datoms(&self, stored: &Stored<'_>) -> &[Datom] {
        &self.datoms[stored.datoms.clone()]
    }
}
