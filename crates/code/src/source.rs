//! Reading a code database: its attributes by name, its values as they are wanted, the difference to what it should say.

use crate::model::{Attr, Ids, NotCode};
use db::{Cell, Datom, Db, EntityId, EntityRef, Index, Op, OpValue, Prefix, Text};
use edn::Value;
use rustc_hash::FxHashMap;

/// A code database under the numbers of its attributes.
pub(crate) struct Source<'a> {
    pub(crate) db: &'a Db,
    pub(crate) ids: Ids,
    attrs: FxHashMap<u32, Attr>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(db: &'a Db) -> Result<Source<'a>, NotCode> {
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
    pub(crate) fn text(&self, e: EntityId, attr: Attr) -> Option<Text<'a>> {
        self.value(e, attr).and_then(|v| self.db.dict().string(v))
    }

    /// Whether a stored value is this one.
    fn is(&self, cell: Cell, value: &OpValue) -> bool {
        match value {
            OpValue::Value(Value::Str(text)) => {
                self.db.dict().string(cell).is_some_and(|there| *there == **text)
            }
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
            return self.0.get(&(attr, text.to_string())).copied();
        }
        wanted.iter().position(|(a, value)| *a == attr && source.is(datom.v, value))
    }
}

/// The operation that says a fact.
pub(crate) fn assertion(e: EntityRef, attr: Attr, v: OpValue) -> Op {
    Op { e, a: attr.name().clone(), v, added: true }
}

impl<'a> Source<'a> {
    /// All datoms of an attribute, by entity.
    pub(crate) fn column(&self, attr: Attr) -> impl Iterator<Item = Datom> + 'a {
        let prefix = Prefix { a: Some(self.ids.get(attr)), ..Prefix::default() };
        self.db.scan(Index::Aevt, &prefix)
    }

    /// All texts of an attribute, by entity.
    pub(crate) fn texts(&self, attr: Attr) -> impl Iterator<Item = (EntityId, Text<'a>)> + 'a {
        let dict = self.db.dict();
        self.column(attr).filter_map(|d| Some((d.e, dict.string(d.v)?)))
    }

    /// Whether a flag is set.
    pub(crate) fn flag(&self, e: EntityId, attr: Attr) -> bool {
        self.value(e, attr).is_some_and(|v| self.db.value(v).is_truthy())
    }

    /// The name of a keyword that an attribute of an entity has.
    pub(crate) fn keyword(&self, e: EntityId, attr: Attr) -> Option<String> {
        let value = self.db.value(self.value(e, attr)?);
        value.as_keyword().map(|k| k.as_str().to_owned())
    }
}
