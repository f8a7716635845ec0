//! Working off the forms of a transaction.

use super::form::{
    EntityPosition, Operation, entity_position, forward_name, is_transaction, operation,
};
use super::{TxError, TxReport};
use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, Index, MAX_ID, Prefix, TX0};
use crate::db::Db;
use crate::schema::Unique;
use edn::{Map, Object, Opaque, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many forms a transaction may come to, functions' results included.
const MAX_FORMS: usize = 50_000_000;

pub(super) fn transact(db: &Db, tx_data: &Value, tx_meta: Value) -> Result<TxReport, TxError> {
    if !db.view.is_plain() {
        return Err(TxError::ReadOnlyView);
    }
    let forms: Vec<Value> = match tx_data {
        Value::Nil => Vec::new(),
        Value::Set(set) => set.iter().cloned().collect(),
        _ => tx_data.as_seq().ok_or_else(|| TxError::NotSequential(tx_data.to_string()))?.to_vec(),
    };
    // Each restart fixes one more tempid for good, so there are at most as many as tempids.
    let mut known = FxHashMap::default();
    loop {
        let mut run = Run::new(db, &forms, known);
        match run.all() {
            Ok(()) => return Ok(run.report(db, tx_meta)),
            Err(Stop::Error(error)) => return Err(error),
            Err(Stop::Restart(tempid, entity)) => {
                known = run.upserted;
                known.insert(tempid, entity);
            }
        }
    }
}

/// Why working off the forms stopped.
enum Stop {
    Error(TxError),
    /// A tempid names this entity, which was not known when it was first used.
    Restart(Value, EntityId),
}

impl<E: Into<TxError>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Error(error.into())
    }
}

struct Run {
    db: Db,
    tx: EntityId,
    queue: VecDeque<Value>,
    taken: usize,
    tx_data: Vec<Datom>,
    tempids: Vec<(Value, EntityId)>,
    by_tempid: FxHashMap<Value, EntityId>,
    /// Tempids known to name entities that were there before.
    upserted: FxHashMap<Value, EntityId>,
    as_value: Vec<Value>,
    as_entity: FxHashSet<Value>,
    /// Entities and their composite tuples that have to be made anew.
    tuples: Vec<(EntityId, AttrId)>,
}

impl Run {
    fn new(db: &Db, forms: &[Value], upserted: FxHashMap<Value, EntityId>) -> Run {
        Run {
            db: db.clone(),
            tx: db.max_tx + 1,
            queue: forms.iter().cloned().collect(),
            taken: 0,
            tx_data: Vec::new(),
            tempids: Vec::new(),
            by_tempid: FxHashMap::default(),
            upserted,
            as_value: Vec::new(),
            as_entity: FxHashSet::default(),
            tuples: Vec::new(),
        }
    }

    fn all(&mut self) -> Result<(), Stop> {
        if self.tx > MAX_ID {
            return Err(TxError::IdOutOfRange(i64::from(self.tx)).into());
        }
        while let Some(form) = self.queue.pop_front() {
            self.taken += 1;
            if self.taken > MAX_FORMS {
                return Err(TxError::TooLong(MAX_FORMS).into());
            }
            self.form(form)?;
        }
        self.make_tuples()?;
        let unused: Vec<String> = self
            .as_value
            .iter()
            .filter(|t| !self.as_entity.contains(*t))
            .map(Value::to_string)
            .collect();
        if !unused.is_empty() {
            return Err(TxError::OnlyAsValue(unused.join(" ")).into());
        }
        Ok(())
    }

    fn report(self, before: &Db, tx_meta: Value) -> TxReport {
        let mut db = self.db;
        db.max_tx = self.tx;
        let mut tempids = self.tempids;
        tempids.push((Value::keyword("db/current-tx"), self.tx));
        TxReport {
            db_before: before.clone(),
            db_after: db,
            tx_data: self.tx_data,
            tempids,
            tx_meta,
            tx: self.tx,
        }
    }

    fn form(&mut self, form: Value) -> Result<(), Stop> {
        match &form {
            Value::Nil => Ok(()),
            Value::Map(map) => self.map(map, &form),
            _ => match form.as_seq() {
                Some(items) => self.vector(items, &form),
                None => Err(TxError::BadForm(form.to_string()).into()),
            },
        }
    }

    // ---- maps ----

    fn map(&mut self, map: &Map, form: &Value) -> Result<(), Stop> {
        let id = map.get_keyword("db/id").cloned().unwrap_or(Value::Nil);
        let upserted = self.upsert_of_map(map, form)?;
        let e = match entity_position(&id) {
            EntityPosition::Transaction => self.tx,
            EntityPosition::Temp(tempid) => self.name_entity(tempid, upserted, form)?,
            EntityPosition::Known(known) => {
                let e = self.known(&known)?;
                if let Some(upserted) = upserted.filter(|u| *u != e) {
                    return Err(self.conflict(&id, upserted, e));
                }
                e
            }
            EntityPosition::Nothing => match upserted {
                Some(e) => e,
                None => self.new_entity()?,
            },
            EntityPosition::Other => return Err(TxError::BadId(id.to_string()).into()),
        };
        for form in self.explode(map, e, form)?.into_iter().rev() {
            self.queue.push_front(form);
        }
        Ok(())
    }

    fn conflict(&self, id: &Value, upserted: EntityId, other: EntityId) -> Stop {
        TxError::ConflictingUpsert {
            first: id.to_string(),
            second: upserted.to_string(),
            third: other.to_string(),
        }
        .into()
    }

    /// The entity that a tempid names, given what unique attributes say.
    fn name_entity(
        &mut self,
        tempid: Value,
        upserted: Option<EntityId>,
        _form: &Value,
    ) -> Result<EntityId, Stop> {
        self.as_entity.insert(tempid.clone());
        let named = self.by_tempid.get(&tempid).or_else(|| self.upserted.get(&tempid)).copied();
        match (named, upserted) {
            (Some(e), None) => {
                self.remember(tempid, e);
                Ok(e)
            }
            (Some(e), Some(u)) if e == u => {
                self.remember(tempid, e);
                Ok(e)
            }
            (Some(e), Some(u)) if self.upserted.contains_key(&tempid) => {
                Err(self.conflict(&tempid, u, e))
            }
            (Some(_), Some(u)) => Err(Stop::Restart(tempid, u)),
            (None, Some(u)) => {
                self.upserted.insert(tempid.clone(), u);
                self.remember(tempid, u);
                Ok(u)
            }
            (None, None) => {
                let e = self.new_entity()?;
                self.remember(tempid, e);
                Ok(e)
            }
        }
    }

    fn remember(&mut self, tempid: Value, e: EntityId) {
        if self.by_tempid.insert(tempid.clone(), e).is_none() {
            self.tempids.push((tempid, e));
        }
    }

    fn new_entity(&mut self) -> Result<EntityId, Stop> {
        let e = self.db.max_eid + 1;
        if e >= TX0 {
            return Err(TxError::IdOutOfRange(i64::from(e)).into());
        }
        self.db.max_eid = e;
        Ok(e)
    }

    /// An entity that must be there, or at least be a possible id.
    fn known(&mut self, entity: &Value) -> Result<EntityId, Stop> {
        let e = self.db.entid_strict(entity)?;
        if e < TX0 {
            self.db.max_eid = self.db.max_eid.max(e);
        }
        Ok(e)
    }

    /// The entity that the unique attributes of a map name.
    fn upsert_of_map(&mut self, map: &Map, form: &Value) -> Result<Option<EntityId>, Stop> {
        let mut found: Option<(String, EntityId)> = None;
        for (name, value) in map.iter() {
            let Some(a) = self.db.attr(name) else { continue };
            if self.db.schema.get(a).unique() != Some(Unique::Identity) || value.is_nil() {
                continue;
            }
            let many = self.db.schema.get(a).is_many();
            let values: Vec<Value> = match value {
                Value::Set(set) if many => set.iter().cloned().collect(),
                _ if many && !self.is_lookup_ref(a, value) => {
                    value.as_seq().map_or_else(|| vec![value.clone()], <[Value]>::to_vec)
                }
                _ => vec![value.clone()],
            };
            for value in values {
                let Some(v) = self.find_value(a, &value, form)? else { continue };
                let Some(e) = self.db.entity_with(a, v) else { continue };
                let said = format!("[{name} {value}]");
                match &found {
                    Some((first, other)) if *other != e => {
                        return Err(TxError::ConflictingUpserts {
                            first: first.clone(),
                            first_entity: *other,
                            second: said,
                            second_entity: e,
                        }
                        .into());
                    }
                    Some(_) => {}
                    None => found = Some((said, e)),
                }
            }
        }
        Ok(found.map(|(_, e)| e))
    }

    /// The cell of a value as an attribute would have it, where the database has it already.
    fn find_value(&self, a: AttrId, value: &Value, _form: &Value) -> Result<Option<Cell>, Stop> {
        let attribute = self.db.schema.get(a);
        if attribute.is_ref() {
            let known = match entity_position(value) {
                EntityPosition::Known(known) => self.db.entid(&known)?,
                EntityPosition::Temp(t) => self.by_tempid.get(&t).copied(),
                EntityPosition::Transaction => Some(self.tx),
                _ => None,
            };
            return Ok(known.map(Cell::entity));
        }
        if attribute.tuple().is_empty() {
            return Ok(self.db.cell(value));
        }
        let resolved = self.resolve_tuple(a, value)?;
        Ok(self.db.cell(&resolved))
    }

    /// A composite tuple given by hand, with lookup refs and tempids of its members resolved.
    fn resolve_tuple(&self, a: AttrId, value: &Value) -> Result<Value, Stop> {
        let Some(items) = value.as_seq() else { return Ok(value.clone()) };
        let members = self.db.schema.get(a).tuple();
        let mut resolved = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let is_ref = members.get(i).is_some_and(|m| self.db.schema.get(*m).is_ref());
            resolved.push(match entity_position(item) {
                EntityPosition::Known(known) if is_ref => {
                    self.db.entid(&known)?.map_or_else(|| item.clone(), Value::from)
                }
                EntityPosition::Temp(t) if is_ref => {
                    self.by_tempid.get(&t).map_or_else(|| item.clone(), |e| Value::from(*e))
                }
                _ => item.clone(),
            });
        }
        Ok(Value::vector(resolved))
    }

    fn is_lookup_ref(&self, a: AttrId, value: &Value) -> bool {
        let Some([first, _]) = value.as_seq() else { return false };
        let attribute = self.db.schema.get(a);
        attribute.is_ref()
            && matches!(first, Value::Keyword(_) | Value::Str(_))
            && self.db.schema.attribute(first).is_some_and(|u| u.unique().is_some())
    }

    /// A map as one form for each of its facts.
    fn explode(&mut self, map: &Map, e: EntityId, form: &Value) -> Result<Vec<Value>, Stop> {
        let entity = Value::from(e);
        let mut forms = Vec::with_capacity(map.len());
        for (name, value) in map.iter() {
            if name.is_keyword("db/id") {
                continue;
            }
            if !matches!(name, Value::Keyword(_) | Value::Str(_)) {
                return Err(TxError::BadAttribute {
                    attribute: name.to_string(),
                    form: form.to_string(),
                }
                .into());
            }
            let forward = forward_name(name);
            let attribute = forward.as_ref().unwrap_or(name);
            let a = self.db.intern_attr(attribute)?;
            let reverse = forward.is_some();
            if reverse && !self.db.schema.get(a).is_ref() {
                return Err(TxError::ReverseNotRef { attribute: name.to_string() }.into());
            }
            for value in self.values_of(a, reverse, value) {
                forms.push(self.fact_form(&entity, a, attribute, reverse, value));
            }
        }
        Ok(forms)
    }

    fn fact_form(
        &self,
        entity: &Value,
        a: AttrId,
        attribute: &Value,
        reverse: bool,
        value: Value,
    ) -> Value {
        let add = Value::keyword("db/add");
        match value {
            Value::Map(mut nested) if self.db.schema.get(a).is_ref() => {
                let back = if reverse { attribute.clone() } else { reverse_name(attribute) };
                nested.insert(back, entity.clone());
                Value::Map(nested)
            }
            value if reverse => Value::vector(vec![add, value, attribute.clone(), entity.clone()]),
            value => Value::vector(vec![add, entity.clone(), attribute.clone(), value]),
        }
    }

    /// The values that a map gives for an attribute: several where there can be several.
    fn values_of(&self, a: AttrId, reverse: bool, value: &Value) -> Vec<Value> {
        let several = self.db.schema.get(a).is_many() || reverse;
        match value {
            Value::Set(set) if several => set.iter().cloned().collect(),
            _ if several && !self.is_lookup_ref(a, value) => {
                value.as_seq().map_or_else(|| vec![value.clone()], <[Value]>::to_vec)
            }
            _ => vec![value.clone()],
        }
    }

    // ---- vectors ----

    fn vector(&mut self, items: &[Value], form: &Value) -> Result<(), Stop> {
        let Some(head) = items.first() else {
            return Err(TxError::BadForm(form.to_string()).into());
        };
        if let Value::Int(_) = head {
            return self.datom_form(items, form);
        }
        let arguments =
            |expected| -> Stop { TxError::Arguments { form: form.to_string(), expected }.into() };
        match operation(head) {
            Some(Operation::Add) => match items {
                [_, e, a, v] => self.add_form(e, a, v, form),
                _ => Err(arguments("[:db/add entity attribute value]")),
            },
            Some(Operation::Retract) => match items {
                [_, e, a, v] => self.retract_form(e, a, Some(v), form),
                [_, e, a] => self.retract_form(e, a, None, form),
                _ => Err(arguments("[:db/retract entity attribute value?]")),
            },
            Some(Operation::RetractAttribute) => match items {
                [_, e, a] => self.retract_form(e, a, None, form),
                _ => Err(arguments("[:db.fn/retractAttribute entity attribute]")),
            },
            Some(Operation::RetractEntity) => match items {
                [_, e] => self.retract_entity_form(e, form),
                _ => Err(arguments("[:db/retractEntity entity]")),
            },
            Some(Operation::Cas) => match items {
                [_, e, a, old, new] => self.cas_form(e, a, old, new, form),
                _ => Err(arguments("[:db/cas entity attribute old-value new-value]")),
            },
            Some(Operation::Call) => match items {
                [_, function, args @ ..] => self.call(function, args),
                _ => Err(arguments("[:db.fn/call function argument*]")),
            },
            None => self.installed_function(head, &items[1..], form),
        }
    }

    /// `[e a v tx? added?]`, as a datom prints.
    fn datom_form(&mut self, items: &[Value], form: &Value) -> Result<(), Stop> {
        let added = !matches!(items.get(4), Some(Value::Bool(false)));
        match items {
            [e, a, v, ..] if items.len() <= 5 => {
                if added {
                    self.add_form(e, a, v, form)
                } else {
                    self.retract_form(e, a, Some(v), form)
                }
            }
            _ => Err(TxError::UnknownOperation(form.to_string()).into()),
        }
    }

    fn attribute(&mut self, name: &Value, form: &Value) -> Result<AttrId, Stop> {
        if !matches!(name, Value::Keyword(_) | Value::Str(_)) {
            return Err(TxError::BadAttribute {
                attribute: name.to_string(),
                form: form.to_string(),
            }
            .into());
        }
        Ok(self.db.intern_attr(name)?)
    }

    fn add_form(&mut self, e: &Value, a: &Value, v: &Value, form: &Value) -> Result<(), Stop> {
        if let Some(forward) = forward_name(a)
            && self.db.schema.attribute(&forward).is_some_and(|a| a.is_ref())
        {
            return self.add_form(v, &forward, e, form);
        }
        let name = a;
        let a = self.attribute(a, form)?;
        if v.is_nil() {
            return Err(TxError::NilValue(form.to_string()).into());
        }
        if let (Value::Map(_), true) = (v, self.db.schema.get(a).is_ref()) {
            let e = self.entity_of_add(e, a, None, form)?;
            let nested = self.fact_form(&Value::from(e), a, name, false, v.clone());
            self.queue.push_front(nested);
            return Ok(());
        }
        if !self.db.schema.get(a).tuple().is_empty() {
            return self.check_tuple(e, a, v, form);
        }
        let v = self.value_cell(a, v, form)?;
        let e = self.entity_of_add(e, a, Some(v), form)?;
        self.add(e, a, v)
    }

    /// The entity of an assertion: a tempid takes the entity that a unique value names.
    fn entity_of_add(
        &mut self,
        e: &Value,
        a: AttrId,
        v: Option<Cell>,
        form: &Value,
    ) -> Result<EntityId, Stop> {
        match entity_position(e) {
            EntityPosition::Transaction => Ok(self.tx),
            EntityPosition::Known(known) => self.known(&known),
            EntityPosition::Temp(tempid) => {
                let identity = self.db.schema.get(a).unique() == Some(Unique::Identity);
                let upserted = v.filter(|_| identity).and_then(|v| self.db.entity_with(a, v));
                self.name_entity(tempid, upserted, form)
            }
            _ => Err(TxError::BadId(e.to_string()).into()),
        }
    }

    /// The cell of a value to be stored.
    fn value_cell(&mut self, a: AttrId, value: &Value, form: &Value) -> Result<Cell, Stop> {
        if is_transaction(value) && self.db.schema.get(a).is_ref() {
            return Ok(Cell::entity(self.tx));
        }
        if !self.db.schema.get(a).is_ref() {
            return Ok(self.db.dict.intern(value));
        }
        match entity_position(value) {
            EntityPosition::Known(known) => Ok(Cell::entity(self.known(&known)?)),
            EntityPosition::Temp(tempid) => {
                self.as_value.push(tempid.clone());
                let named =
                    self.by_tempid.get(&tempid).or_else(|| self.upserted.get(&tempid)).copied();
                let e = match named {
                    Some(e) => e,
                    None => self.new_entity()?,
                };
                self.remember(tempid, e);
                Ok(Cell::entity(e))
            }
            _ => {
                Err(TxError::BadReference { value: value.to_string(), form: form.to_string() }
                    .into())
            }
        }
    }

    /// A composite tuple may be said again, not changed.
    fn check_tuple(&mut self, e: &Value, a: AttrId, v: &Value, form: &Value) -> Result<(), Stop> {
        let resolved = self.resolve_tuple(a, v)?;
        let upserted = self.db.cell(&resolved).and_then(|v| self.db.entity_with(a, v));
        let e = match entity_position(e) {
            EntityPosition::Temp(tempid) => self.name_entity(tempid, upserted, form)?,
            _ => self.entity_of_add(e, a, None, form)?,
        };
        let members = self.db.schema.get(a).tuple().to_vec();
        let matches = resolved.as_seq().is_some_and(|items| {
            items.len() == members.len()
                && members.iter().zip(items).all(|(member, item)| {
                    let current = self.db.values(e, *member).next().map(|d| self.db.value(d.v));
                    current.unwrap_or(Value::Nil) == *item
                })
        });
        if matches { Ok(()) } else { Err(TxError::TupleAttribute(form.to_string()).into()) }
    }

    /// An entity of a form that only knows entities that are there. `None` where a lookup ref finds none.
    fn existing(&self, e: &Value, form: &Value) -> Result<Option<EntityId>, Stop> {
        match entity_position(e) {
            EntityPosition::Transaction => Ok(Some(self.tx)),
            EntityPosition::Known(known) => Ok(self.db.entid(&known)?),
            EntityPosition::Temp(_) => {
                Err(TxError::TempidNotAllowed { form: form.to_string() }.into())
            }
            _ => Err(TxError::BadId(e.to_string()).into()),
        }
    }

    fn retract_form(
        &mut self,
        e: &Value,
        a: &Value,
        v: Option<&Value>,
        form: &Value,
    ) -> Result<(), Stop> {
        let Some(e) = self.existing(e, form)? else { return Ok(()) };
        let a = self.attribute(a, form)?;
        let facts: Vec<Datom> = match v {
            None | Some(Value::Nil) => self.db.values(e, a).collect(),
            Some(value) => {
                let Some(v) = self.find_value(a, value, form)? else { return Ok(()) };
                let prefix = Prefix { e: Some(e), a: Some(a), v: Some(v), tx: None };
                self.db.scan(Index::Eavt, &prefix).collect()
            }
        };
        for fact in facts {
            self.retract(fact);
        }
        Ok(())
    }

    fn retract_entity_form(&mut self, e: &Value, form: &Value) -> Result<(), Stop> {
        let Some(e) = self.existing(e, form)? else { return Ok(()) };
        // Components go with their owner, and theirs with them.
        let (mut pending, mut seen) = (vec![e], FxHashSet::default());
        while let Some(e) = pending.pop() {
            if !seen.insert(e) {
                continue;
            }
            let own: Vec<Datom> =
                self.db.scan(Index::Eavt, &Prefix { e: Some(e), ..Prefix::default() }).collect();
            for fact in own {
                if self.db.schema.get(fact.a).is_component() {
                    pending.extend(fact.v.as_entity());
                }
                self.retract(fact);
            }
            for a in 0..self.db.schema.len() as AttrId {
                if self.db.schema.get(a).is_ref() {
                    let prefix =
                        Prefix { a: Some(a), v: Some(Cell::entity(e)), ..Prefix::default() };
                    let referring: Vec<Datom> = self.db.scan(Index::Avet, &prefix).collect();
                    referring.into_iter().for_each(|fact| self.retract(fact));
                }
            }
        }
        Ok(())
    }

    fn cas_form(
        &mut self,
        e: &Value,
        a: &Value,
        old: &Value,
        new: &Value,
        form: &Value,
    ) -> Result<(), Stop> {
        let Some(e) = self.existing(e, form)? else {
            return Err(crate::db::DbError::NotFound(e.to_string()).into());
        };
        let name = a.to_string();
        let a = self.attribute(a, form)?;
        if new.is_nil() {
            return Err(TxError::NilValue(form.to_string()).into());
        }
        let found: Vec<Datom> = self.db.values(e, a).collect();
        let expected = if old.is_nil() { None } else { self.find_value(a, old, form)? };
        let class = |v| self.db.dict.class(v);
        let holds = match expected {
            Some(v) => found.iter().any(|d| class(d.v) == class(v)),
            None => old.is_nil() && found.is_empty(),
        };
        if !holds {
            let values: Vec<Value> = found.iter().map(|d| self.db.value(d.v)).collect();
            let found = match values.as_slice() {
                [] => "nil".to_string(),
                [one] if !self.db.schema.get(a).is_many() => one.to_string(),
                _ => Value::list(values).to_string(),
            };
            let error =
                TxError::Cas { entity: e, attribute: name, found, expected: old.to_string() };
            return Err(error.into());
        }
        let v = self.value_cell(a, new, form)?;
        self.add(e, a, v)
    }

    // ---- functions ----

    fn call(&mut self, function: &Value, args: &[Value]) -> Result<(), Stop> {
        let failed = |message: String| -> Stop {
            TxError::Function { function: function.to_string(), message }.into()
        };
        let Value::Opaque(object) = function else {
            return Err(failed("it is not a function".to_string()));
        };
        let mut all = vec![Value::Opaque(Opaque(Arc::new(DbObject(self.db.clone()))))];
        all.extend_from_slice(args);
        let forms = object.0.call(&all).map_err(|e| failed(e.0))?;
        match forms.as_seq() {
            Some(items) => {
                for form in items.iter().rev() {
                    self.queue.push_front(form.clone());
                }
                Ok(())
            }
            None if forms.is_nil() => Ok(()),
            None => Err(failed(format!("it gave {forms}, expected sequential collection"))),
        }
    }

    fn installed_function(
        &mut self,
        name: &Value,
        args: &[Value],
        form: &Value,
    ) -> Result<(), Stop> {
        let function = match name {
            Value::Keyword(_) => {
                self.db.entid(name)?.and_then(|e| self.db.get(e, &Value::keyword("db/fn")))
            }
            _ => None,
        };
        match function {
            Some(function) => self.call(&function, args),
            None => Err(TxError::UnknownOperation(form.to_string()).into()),
        }
    }

    // ---- facts ----

    fn add(&mut self, e: EntityId, a: AttrId, v: Cell) -> Result<(), Stop> {
        let datom = Datom { e, a, v, tx: self.tx, added: true };
        let attribute = self.db.schema.get(a);
        let many = attribute.is_many();
        if let Some((holder, _)) = self.db.unique_holder(a, v)
            && holder != e
        {
            return Err(self.unique_error(&datom, holder));
        }
        if many {
            let prefix = Prefix { e: Some(e), a: Some(a), v: Some(v), tx: None };
            if self.db.scan(Index::Eavt, &prefix).next().is_some() {
                return Ok(());
            }
        } else if let Some(current) = self.db.values(e, a).next() {
            if self.db.dict.compare(current.v, v).is_eq() {
                return Ok(());
            }
            self.retract(current);
        }
        self.change(datom);
        Ok(())
    }

    fn unique_error(&self, datom: &Datom, holder: EntityId) -> Stop {
        let show = |d: &Datom| {
            let name = self.db.attr_name(d.a);
            format!("#datascript/Datom [{} {name} {} {} true]", d.e, self.db.value(d.v), d.tx)
        };
        let existing =
            self.db.values(holder, datom.a).find(|d| self.db.dict.compare(d.v, datom.v).is_eq());
        TxError::Unique {
            datom: show(datom),
            existing: existing.map_or_else(String::new, |d| show(&d)),
        }
        .into()
    }

    fn retract(&mut self, fact: Datom) {
        self.change(Datom { tx: self.tx, added: false, ..fact });
    }

    fn change(&mut self, datom: Datom) {
        self.db.apply_in_place(&[datom]);
        self.tx_data.push(datom);
        for tuple in self.db.schema.get(datom.a).member_of() {
            let key = (datom.e, *tuple);
            if !self.tuples.contains(&key) {
                self.tuples.push(key);
            }
        }
    }

    fn make_tuples(&mut self) -> Result<(), Stop> {
        for (e, a) in std::mem::take(&mut self.tuples) {
            let members = self.db.schema.get(a).tuple().to_vec();
            let values: Vec<Value> = members
                .iter()
                .map(|m| self.db.values(e, *m).next().map_or(Value::Nil, |d| self.db.value(d.v)))
                .collect();
            if values.iter().all(Value::is_nil) {
                let old: Vec<Datom> = self.db.values(e, a).collect();
                old.into_iter().for_each(|fact| self.retract(fact));
            } else {
                let v = self.db.dict.intern(&Value::vector(values));
                self.add(e, a, v)?;
            }
        }
        Ok(())
    }
}

fn reverse_name(attribute: &Value) -> Value {
    match attribute {
        Value::Keyword(k) => {
            Value::Keyword(edn::Keyword::new(k.namespace(), &format!("_{}", k.name())))
        }
        Value::Str(s) => {
            let at = s.rfind('/').map_or(0, |slash| slash + 1);
            Value::string(format!("{}_{}", &s[..at], &s[at..]))
        }
        other => other.clone(),
    }
}

/// A database as a value: what transaction functions get as their first argument, and what queries take as a source.
pub struct DbObject(pub Db);

impl Object for DbObject {
    fn kind(&self) -> &str {
        "database"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn print(&self) -> String {
        crate::print::db(&self.0)
    }
}
