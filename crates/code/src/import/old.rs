//! What a database knows of the files that an import looks at.

use crate::model::{Attr, Ids};
use db::{Cell, Datom, Db, EntityId, EntityRef, Index, Op, OpValue, Prefix};
use edn::Value;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// A code database under the numbers of its attributes.
pub(crate) struct Source<'a> {
    pub(crate) db: &'a Db,
    pub(crate) ids: Ids,
    attrs: FxHashMap<u32, Attr>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(db: &'a Db) -> Result<Source<'a>, crate::model::NotCode> {
        let ids = Ids::of(db)?;
        let attrs = Attr::all().map(|attr| (ids.get(attr), attr)).collect();
        Ok(Source { db, ids, attrs })
    }

    /// The attribute of a datom, where it is one of the code schema.
    pub(crate) fn attr(&self, datom: &Datom) -> Option<Attr> {
        self.attrs.get(&datom.a).copied()
    }

    /// The entity with a unique value.
    pub(crate) fn named(&self, attr: Attr, name: &str) -> Option<EntityId> {
        let cell = self.db.cell(&Value::string(name))?;
        self.db.entity_with(self.ids.get(attr), cell)
    }

    /// The entities with a value of an indexed attribute.
    pub(crate) fn with_value(&self, attr: Attr, v: Cell) -> impl Iterator<Item = EntityId> + 'a {
        let prefix = Prefix { a: Some(self.ids.get(attr)), v: Some(v), ..Prefix::default() };
        self.db.scan(Index::Avet, &prefix).map(|d| d.e)
    }

    /// Everything said of an entity.
    pub(crate) fn datoms(&self, e: EntityId) -> impl Iterator<Item = Datom> + 'a {
        self.db.scan(Index::Eavt, &Prefix { e: Some(e), ..Prefix::default() })
    }

    /// The one value of an attribute of an entity.
    pub(crate) fn value(&self, e: EntityId, attr: Attr) -> Option<Cell> {
        self.db.values(e, self.ids.get(attr)).next().map(|d| d.v)
    }

    /// The text of an attribute of an entity.
    pub(crate) fn text(&self, e: EntityId, attr: Attr) -> Option<&'a str> {
        self.value(e, attr).and_then(|v| self.db.dict().string(v))
    }

    /// Whether a stored value is this one.
    fn is(&self, cell: Cell, value: &OpValue) -> bool {
        match value {
            OpValue::Value(Value::Str(text)) => self.db.dict().string(cell) == Some(&**text),
            OpValue::Value(value) => self.db.cell(value) == Some(cell),
            OpValue::Entity(EntityRef::Id(e)) => cell == Cell::entity(*e),
            OpValue::Entity(_) => false,
        }
    }

    /// The retraction of a datom.
    pub(crate) fn retraction(&self, datom: &Datom) -> Op {
        Op {
            e: EntityRef::Id(datom.e),
            a: self.db.attr_name(datom.a).clone(),
            v: OpValue::Value(self.db.value(datom.v)),
            added: false,
        }
    }

    /// What turns the stored datoms of an entity into the wanted values. Datoms of attributes that are not `managed`
    /// stay as they are. Equal values of one attribute stand beside each other in `wanted`.
    pub(crate) fn difference(
        &self,
        e: EntityId,
        stored: &[Datom],
        managed: impl Fn(Attr) -> bool,
        wanted: Vec<(Attr, OpValue)>,
        ops: &mut Vec<Op>,
    ) {
        let mut there = vec![false; wanted.len()];
        let texts = Texts::of(&wanted);
        for datom in stored {
            let Some(attr) = self.attr(datom).filter(|attr| managed(*attr)) else { continue };
            let found = texts.find(self, datom, attr, &wanted);
            if let Some(at) = found {
                there[at] = true;
                continue;
            }
            let replaced = !self.db.schema().get(datom.a).is_many()
                && wanted.iter().any(|(wanted, _)| *wanted == attr);
            if !replaced {
                ops.push(self.retraction(datom));
            }
        }
        for ((attr, value), there) in wanted.into_iter().zip(there) {
            if !there {
                ops.push(assertion(EntityRef::Id(e), attr, value));
            }
        }
    }
}

/// Finds wanted values: few of them one by one, many by their text.
struct Texts(FxHashMap<(Attr, String), usize>);

impl Texts {
    const MANY: usize = 64;

    fn of(wanted: &[(Attr, OpValue)]) -> Texts {
        let mut texts = FxHashMap::default();
        if wanted.len() > Texts::MANY {
            for (i, (attr, value)) in wanted.iter().enumerate() {
                if let OpValue::Value(Value::Str(text)) = value {
                    texts.insert((*attr, text.to_string()), i);
                }
            }
        }
        Texts(texts)
    }

    fn find(
        &self,
        source: &Source<'_>,
        datom: &Datom,
        attr: Attr,
        wanted: &[(Attr, OpValue)],
    ) -> Option<usize> {
        if !self.0.is_empty()
            && let Some(text) = source.db.dict().string(datom.v)
        {
            return self.0.get(&(attr, text.to_owned())).copied();
        }
        wanted.iter().position(|(a, value)| *a == attr && source.is(datom.v, value))
    }
}

/// The operation that says a fact.
pub(crate) fn assertion(e: EntityRef, attr: Attr, v: OpValue) -> Op {
    Op { e, a: attr.name().clone(), v, added: true }
}

/// A statement as it is stored.
pub(super) struct Stored<'a> {
    pub(super) e: EntityId,
    pub(super) file: EntityId,
    pub(super) order: i64,
    pub(super) fqn: &'a str,
    pub(super) source: &'a str,
    pub(super) namespace: Option<&'a str>,
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
            fqn: "",
            source: "",
            namespace: None,
            kind: Value::Nil,
            datoms: start..start,
        };
        let dict = source.db.dict();
        for datom in source.datoms(e) {
            let text = || dict.string(datom.v);
            match source.attr(&datom) {
                Some(Attr::StatementOrder) => stored.order = datom.v.as_int().unwrap_or(0),
                Some(Attr::StatementFqn) => stored.fqn = text().unwrap_or(""),
                Some(Attr::StatementSource) => stored.source = text().unwrap_or(""),
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
