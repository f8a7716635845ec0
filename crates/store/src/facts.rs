//! What the lines of a transaction say, as datoms.

use crate::error::StoreError;
use crate::step::Step;
use db::{AttrId, Cell, Datom, EntityId, Index, Prefix};
use edn::{Map, Value};

impl Step<'_> {
    pub(crate) fn line(&mut self, line: &Map, e: EntityId, is_new: bool) -> Result<(), StoreError> {
        self.says_more |= is_new && line.is_empty();
        for (attribute, value) in line.iter() {
            match attribute {
                Value::Keyword(k) if k.as_str() == "db/id" => {}
                Value::Keyword(k) if k.as_str() == "db/retract" => {
                    let Value::Map(gone) = value else {
                        return self.fail(":db/retract must be a map of attributes and values");
                    };
                    for (attribute, value) in gone.iter() {
                        self.each(attribute, value, |step, a, v| step.retract(e, a, v))?;
                    }
                }
                _ => self.each(attribute, value, |step, a, v| step.assert(e, a, v, is_new))?,
            }
        }
        Ok(())
    }

    pub(crate) fn each(
        &mut self,
        attribute: &Value,
        value: &Value,
        mut what: impl FnMut(&mut Self, AttrId, Cell),
    ) -> Result<(), StoreError> {
        let a = self.use_attribute(attribute)?;
        if !self.db.schema().get(a).tuple().is_empty() {
            self.says_more = true;
            return Ok(());
        }
        let many = self.db.schema().get(a).is_many();
        match value {
            Value::Set(set) if many => {
                for value in set.iter() {
                    let v = self.value(a, value)?;
                    what(self, a, v);
                }
            }
            _ => {
                let v = self.value(a, value)?;
                what(self, a, v);
            }
        }
        Ok(())
    }

    fn value(&mut self, a: AttrId, value: &Value) -> Result<Cell, StoreError> {
        if self.db.schema().get(a).is_ref() {
            return Ok(Cell::entity(self.reference(value)?));
        }
        Ok(self.db.dict().intern(value))
    }

    pub(crate) fn touch(&mut self, e: EntityId, a: AttrId) {
        if self.state.conflicts.is_about(&(e, a)) {
            self.touched.insert((e, a));
        }
    }

    pub(crate) fn assert(&mut self, e: EntityId, a: AttrId, v: Cell, is_new: bool) {
        let datom = Datom { e, a, v, tx: self.tx, added: true };
        if is_new {
            self.asserted.push(datom);
            return;
        }
        self.touch(e, a);
        if self.fact(e, a, v).is_some() {
            self.says_more = true;
            return;
        }
        if self.db.schema().get(a).is_many() {
            self.asserted.push(datom);
            return;
        }
        let current = self.db.values(e, a).next();
        if let Some(current) = current {
            if !self.saw(current.tx) {
                self.conflict(e, a, (current.tx, Some(current.v)), Some(v));
            }
            self.retracted.push(Datom { tx: self.tx, added: false, ..current });
        } else if let Some(tx) = self.unseen_retraction(e, a) {
            self.conflict(e, a, (tx, None), Some(v));
        }
        self.asserted.push(datom);
    }

    /// The fact that an entity has a value, where it is true.
    fn fact(&self, e: EntityId, a: AttrId, v: Cell) -> Option<Datom> {
        self.db.scan(Index::Eavt, &Prefix { e: Some(e), a: Some(a), v: Some(v), tx: None }).next()
    }

    fn retract(&mut self, e: EntityId, a: AttrId, v: Cell) {
        self.touch(e, a);
        let is_many = self.db.schema().get(a).is_many();
        if let Some(fact) = self.fact(e, a, v) {
            if !is_many && !self.saw(fact.tx) {
                self.conflict(e, a, (fact.tx, Some(fact.v)), None);
            }
            self.retracted.push(Datom { tx: self.tx, added: false, ..fact });
            return;
        }
        self.says_more = true;
        let current = self.db.values(e, a).next();
        if let Some(other) = current.filter(|other| !is_many && !self.saw(other.tx)) {
            // Somebody gave it another value meanwhile: what is there stays, and both are told.
            self.conflict(e, a, (other.tx, Some(other.v)), None);
        }
    }

    /// The last transaction that retracted an attribute and that the author had not seen.
    fn unseen_retraction(&self, e: EntityId, a: AttrId) -> Option<EntityId> {
        self.seen.as_ref()?;
        let history = self.db.history();
        let last = history.values(e, a).max_by_key(|d| (d.tx, d.added))?;
        (!last.added && !self.saw(last.tx)).then_some(last.tx)
    }
}
