//! What the lines of a transaction say, as datoms.

use crate::error::StoreError;
use crate::names::is_name;
use crate::step::Step;
use db::{AttrId, Cell, Datom, EntityId, Index, Prefix};
use edn::{Map, Set, Value};

/// What a line does with a value.
#[derive(Clone, Copy)]
pub(crate) enum Says {
    /// Of an entity that the transaction makes.
    New,
    Holds,
    Gone,
}

impl Step<'_> {
    pub(crate) fn line(&mut self, line: &Map, e: EntityId, is_new: bool) -> Result<(), StoreError> {
        self.says_more |= is_new && line.is_empty();
        let says = if is_new { Says::New } else { Says::Holds };
        for (attribute, value) in line.iter() {
            match attribute {
                Value::Keyword(k) if k.as_str() == "db/id" => {}
                Value::Keyword(k) if k.as_str() == "db/retract" => {
                    let Value::Map(gone) = value else {
                        return self.fail(":db/retract must be a map of attributes and values");
                    };
                    for (attribute, value) in gone.iter() {
                        self.each(e, attribute, value, Says::Gone)?;
                    }
                }
                _ => self.each(e, attribute, value, says)?,
            }
        }
        Ok(())
    }

    pub(crate) fn each(
        &mut self,
        e: EntityId,
        attribute: &Value,
        value: &Value,
        says: Says,
    ) -> Result<(), StoreError> {
        let a = self.use_attribute(attribute)?;
        if !self.db.schema().get(a).tuple().is_empty() {
            self.says_more = true;
            return Ok(());
        }
        match several(value, self.db.schema().get(a).is_many(), says) {
            Some(values) => values.iter().try_for_each(|value| self.one(e, a, value, says)),
            None => self.one(e, a, value, says),
        }
    }

    fn one(&mut self, e: EntityId, a: AttrId, value: &Value, says: Says) -> Result<(), StoreError> {
        if value.is_nil() {
            return self.fail(format!("{} has the value nil", self.db.attr_name(a)));
        }
        let is_ref = self.db.schema().get(a).is_ref();
        if let (Says::Gone, Some(value)) = (says, former_value(value)) {
            let v = self.db.dict().intern(value);
            self.retract(e, a, v);
            return Ok(());
        }
        let named = match is_ref && is_name(value) {
            true => Some(self.reference(value)),
            false => None,
        };
        let v = match (named, says) {
            (Some(Ok(target)), _) => Cell::entity(target),
            (Some(Err(error)), _) if self.seen.is_none() => return Err(error),
            // To its author it was no reference.
            (_, Says::Gone) => self.db.dict().intern(value),
            _ if !is_ref => self.db.dict().intern(value),
            _ if self.seen.is_none() => return self.fail(format!("{value} names no entity")),
            _ => {
                self.misfit(e, a, value);
                return Ok(());
            }
        };
        match says {
            Says::New => self.assert(e, a, v, true),
            Says::Holds => self.assert(e, a, v, false),
            Says::Gone => self.retract(e, a, v),
        }
        Ok(())
    }

    /// A value that was one to its author, who had not seen that the attribute became a reference: it is told, not kept.
    fn misfit(&mut self, e: EntityId, a: AttrId, value: &Value) {
        let current = self.db.values(e, a).next();
        let earlier = current.map_or((self.tx - 1, None), |d| (d.tx, Some(d.v)));
        let later = self.db.dict().intern(value);
        self.conflict(e, a, earlier, Some(later));
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

/// The values of an attribute, where several are given.
fn several(value: &Value, is_many: bool, says: Says) -> Option<&Set> {
    match (value, says) {
        (Value::Set(set), _) if is_many => Some(set),
        // Left from before the attribute became one of single values.
        (Value::Tagged(tagged), Says::Gone) if tagged.tag.as_str() == "db/values" => {
            match &tagged.value {
                Value::Set(set) => Some(set),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A value that is what it is and no name: what an attribute had before it became a reference.
fn former_value(value: &Value) -> Option<&Value> {
    match value {
        Value::Tagged(tagged) if tagged.tag.as_str() == "db/value" => Some(&tagged.value),
        _ => None,
    }
}
