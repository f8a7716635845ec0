//! Which entities the names in a transaction mean.
//!
//! A name means what it meant to its author. An identity nobody had when he looked is a new entity's; but where another
//! transaction, which he had not seen, made an entity under it, both made the same one.

use crate::births::Birth;
use crate::error::StoreError;
use crate::step::Step;
use db::{AttrId, Cell, Datom, EntityId, Index, Prefix};
use edn::{Map, Value};
use rustc_hash::FxHashMap;

/// Who has an identity.
enum Holder {
    /// The entity that had it when the author looked.
    Known(EntityId),
    /// One that got it from somebody he had not seen.
    Unseen(EntityId),
}

impl Step<'_> {
    /// The entity that a line is about, and whether the line makes it.
    pub(crate) fn entity_of_line(
        &mut self,
        n: u32,
        line: &Map,
    ) -> Result<(EntityId, bool), StoreError> {
        let Some(name) = line.get_keyword("db/id") else {
            return Ok((self.bear(n)?, true));
        };
        if let Some((attribute, value)) = identity(name) {
            let a = self.use_attribute(attribute)?;
            if self.seen.is_none() && !self.is_identity(a) {
                return self.fail(format!("{name} is no unique identity"));
            }
            let v = self.db.dict().intern(value);
            match self.holder(a, v) {
                Some(Holder::Known(e)) => return Ok((e, false)),
                Some(Holder::Unseen(e)) => {
                    // To its author the line made the entity, and he may call it by this birth.
                    self.by_number.insert(n, e);
                    self.aliases.push((n, e));
                    return Ok((e, false));
                }
                None => {}
            }
            let class = (a, self.db.dict().class(v));
            if self.by_identity.contains_key(&class) {
                return self.fail(format!("two lines make {name}"));
            }
            let e = self.bear(n)?;
            self.by_identity.insert(class, e);
            self.names_twice |= line.contains_key(attribute);
            self.says_more |= self.names_twice;
            self.assert(e, a, v, true);
            return Ok((e, true));
        }
        match self.named(name)? {
            Named::Entity(e) => Ok((e, false)),
            // A birth of this transaction itself, of an entity whose identity was somebody else's before.
            Named::Own(number) if number == n => Ok((self.bear(n)?, true)),
            Named::Own(_) => self.fail(format!("line {n} is about {name}, which is another line")),
        }
    }

    fn holder(&self, a: AttrId, v: Cell) -> Option<Holder> {
        if self.seen.is_none() {
            return self.db.entity_with(a, v).map(Holder::Known);
        }
        let history = self.db.history();
        let (index, sought) = match self.db.schema().get(a).is_indexed() {
            true => (Index::Avet, Some(v)),
            false => (Index::Aevt, None),
        };
        let prefix = Prefix { a: Some(a), v: sought, ..Prefix::default() };
        let mut holders: FxHashMap<EntityId, (EntityId, bool)> = FxHashMap::default();
        let mut unseen: Option<(EntityId, EntityId)> = None;
        let same = |event: &Datom| self.db.compare(event.v, v).is_eq();
        for event in history.scan(index, &prefix).filter(same) {
            if self.saw(event.tx) {
                let last = holders.entry(event.e).or_insert((event.tx, event.added));
                if (event.tx, event.added) >= *last {
                    *last = (event.tx, event.added);
                }
            } else if event.added && unseen.is_none_or(|(tx, _)| event.tx < tx) {
                unseen = Some((event.tx, event.e));
            }
        }
        let held =
            holders.iter().filter(|(_, (_, added))| *added).max_by_key(|(e, (tx, _))| (*tx, **e));
        match held {
            Some((e, _)) => Some(Holder::Known(*e)),
            None => unseen.map(|(_, e)| Holder::Unseen(e)),
        }
    }

    /// What a name other than an identity means.
    fn named(&self, name: &Value) -> Result<Named, StoreError> {
        let Value::Tagged(tagged) = name else {
            return self.fail(format!("{name} names no entity"));
        };
        match (tagged.tag.as_str(), &tagged.value) {
            ("db/tx", Value::Uuid(id)) if *id == self.transaction.id => Ok(Named::Entity(self.tx)),
            ("db/tx", Value::Uuid(id)) => match self.state.births.tx_of(id) {
                Some(tx) => Ok(Named::Entity(tx)),
                None => self.fail(format!("{name} is no transaction of this log")),
            },
            ("db/birth", birth) => {
                let Some(birth) = read_birth(birth) else {
                    return self
                        .fail(format!("{name} is no birth: expected a transaction and a number"));
                };
                match self.of_birth(&birth) {
                    Some(e) => Ok(Named::Entity(e)),
                    None if birth.0 == self.transaction.id => Ok(Named::Own(birth.1)),
                    None => self.fail(format!("{name} was never born")),
                }
            }
            _ => self.fail(format!("{name} names no entity")),
        }
    }

    /// The entity that a value of a reference attribute means.
    pub(crate) fn reference(&mut self, value: &Value) -> Result<EntityId, StoreError> {
        if let Some((attribute, value)) = identity(value) {
            let a = self.use_attribute(attribute)?;
            let v = self.db.dict().intern(value);
            if let Some(e) = self.by_identity.get(&(a, self.db.dict().class(v))) {
                return Ok(*e);
            }
            return match self.holder(a, v) {
                Some(Holder::Known(e) | Holder::Unseen(e)) => Ok(e),
                None => self.fail(format!("nothing is called [{attribute} {value}]")),
            };
        }
        match self.named(value)? {
            Named::Entity(e) => Ok(e),
            // Referred to, but never said anything about: it is born by that.
            Named::Own(n) if n as usize >= self.transaction.lines.len() => {
                self.says_more = true;
                self.bear(n)
            }
            Named::Own(_) => self.fail(format!("{value} is a line that makes nothing")),
        }
    }
}

enum Named {
    Entity(EntityId),
    /// A number of the transaction itself that is no entity yet.
    Own(u32),
}

fn read_birth(birth: &Value) -> Option<Birth> {
    match birth.as_vector() {
        Some([Value::Uuid(id), Value::Int(n)]) => Some((*id, u32::try_from(*n).ok()?)),
        _ => None,
    }
}

/// `[attribute value]`
pub(crate) fn identity(name: &Value) -> Option<(&Value, &Value)> {
    match name.as_vector() {
        Some([attribute @ (Value::Keyword(_) | Value::Str(_)), value]) => Some((attribute, value)),
        _ => None,
    }
}

/// Whether a value has the form of a name.
pub(crate) fn is_name(value: &Value) -> bool {
    match value {
        Value::Tagged(tagged) => matches!(tagged.tag.as_str(), "db/tx" | "db/birth"),
        _ => identity(value).is_some(),
    }
}
