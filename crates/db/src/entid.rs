//! Which entity is meant: numbers, lookup refs, idents, and what unique attributes say.

use crate::cell::Cell;
use crate::datom::{AttrId, EntityId, Index, MAX_ID, Prefix};
use crate::db::{Db, DbError};
use crate::schema::{Attribute, Unique};
use edn::Value;

impl Db {
    /// The id of an entity given by number, lookup ref or ident. `None` where there is no such entity; a number is
    /// taken as it is.
    pub fn entid(&self, entity: &Value) -> Result<Option<EntityId>, DbError> {
        match entity {
            Value::Int(id) if *id <= 0 => Err(DbError::NotAnEntity(entity.to_string())),
            Value::Int(id) => match EntityId::try_from(*id) {
                Ok(id) if id <= MAX_ID => Ok(Some(id)),
                _ => Err(DbError::IdOutOfRange(*id)),
            },
            Value::Keyword(_) => Ok(self.find_unique(&Value::keyword("db/ident"), entity)),
            Value::Nil => Ok(None),
            _ => match entity.as_seq() {
                Some([attribute, value]) => self.lookup(attribute, value, entity),
                Some(_) => Err(DbError::LookupRefShape(entity.to_string())),
                None => Err(DbError::NotAnEntity(entity.to_string())),
            },
        }
    }

    fn lookup(
        &self,
        attribute: &Value,
        value: &Value,
        lookup_ref: &Value,
    ) -> Result<Option<EntityId>, DbError> {
        if self.schema.attribute(attribute).is_none_or(|a| a.unique().is_none()) {
            return Err(DbError::LookupRefNotUnique(lookup_ref.to_string()));
        }
        if value.is_nil() {
            return Ok(None);
        }
        let is_ref = |attr: &Attribute| attr.is_ref();
        let known = self.schema.attribute(attribute);
        if known.is_some_and(is_ref) {
            return Ok(match self.entid(value)? {
                Some(id) => self.find_unique(attribute, &Value::from(id)),
                None => None,
            });
        }
        let members = known.map_or(&[][..], |a| a.tuple());
        if let (Some(items), false) = (value.as_seq(), members.is_empty()) {
            let mut resolved = items.to_vec();
            for (item, member) in resolved.iter_mut().zip(members) {
                if item.as_seq().is_some() && is_ref(self.schema.get(*member)) {
                    *item = Value::from(self.entid_strict(item)?);
                }
            }
            return Ok(self.find_unique(attribute, &Value::vector(resolved)));
        }
        Ok(self.find_unique(attribute, value))
    }

    /// The entity that has a value of an attribute, where AVET has the attribute or the value is rare.
    fn find_unique(&self, attribute: &Value, value: &Value) -> Option<EntityId> {
        let a = self.attr(attribute)?;
        let v = self.dict.find(value)?;
        self.entity_with(a, v)
    }

    /// The first entity that has a value of an attribute.
    pub fn entity_with(&self, a: AttrId, v: Cell) -> Option<EntityId> {
        let prefix = Prefix { a: Some(a), v: Some(v), ..Prefix::default() };
        if self.schema.get(a).is_indexed() {
            return self.first(Index::Avet, &prefix).map(|d| d.e);
        }
        let attribute = Prefix { a: Some(a), ..Prefix::default() };
        let mut datoms = self.scan(Index::Aevt, &attribute);
        datoms.find(|d| self.dict.class(d.v) == self.dict.class(v)).map(|d| d.e)
    }

    /// The id of an entity that must be there.
    pub fn entid_strict(&self, entity: &Value) -> Result<EntityId, DbError> {
        self.entid(entity)?.ok_or_else(|| DbError::NotFound(entity.to_string()))
    }

    /// The entity that a unique attribute's value already names, when it is another than `e`.
    pub(crate) fn unique_holder(&self, a: AttrId, v: Cell) -> Option<(EntityId, Unique)> {
        let unique = self.schema.get(a).unique()?;
        self.entity_with(a, v).map(|e| (e, unique))
    }
}
