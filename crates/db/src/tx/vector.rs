//! Vector forms: operations, functions and datoms.

use super::TxError;
use super::form::{Given, Operation, forward_name, is_name, operation};
use super::run::{Run, Step, Stop};
use crate::datom::{AttrId, Datom, EntityId};
use crate::db::{Db, DbError};
use edn::{Object, Opaque, Value};
use std::any::Any;
use std::sync::Arc;

const NIL: Value = Value::Nil;

impl Run<'_> {
    pub(super) fn vector(&mut self, items: &[Value], form: &Value) -> Result<(), Stop> {
        let Some(head) = items.first() else {
            return Err(TxError::UnknownOperation(form.to_string()).into());
        };
        if let Value::Int(_) = head {
            return self.datom_form(items, form);
        }
        let Some(operation) = operation(head) else {
            return self.installed_function(head, &items[1..], form);
        };
        let (most, expected) = match operation {
            Operation::Add => (5, "[:db/add entity attribute value]"),
            Operation::Retract => (5, "[:db/retract entity attribute value?]"),
            Operation::RetractAttribute => (3, "[:db.fn/retractAttribute entity attribute]"),
            Operation::RetractEntity => (2, "[:db/retractEntity entity]"),
            Operation::Cas => (5, "[:db/cas entity attribute old-value new-value]"),
            Operation::Call => (usize::MAX, "[:db.fn/call function argument*]"),
        };
        if items.len() > most {
            return Err(TxError::Arguments { form: form.to_string(), expected }.into());
        }
        let item = |i: usize| items.get(i).unwrap_or(&NIL);
        match operation {
            Operation::Add => self.add_form(item(1), item(2), item(3), item(4), form),
            Operation::Retract => self.retract_form(item(1), item(2), item(3), form),
            Operation::RetractAttribute => self.retract_form(item(1), item(2), &NIL, form),
            Operation::RetractEntity => {
                if let Some(e) = self.existing(item(1), form)? {
                    self.retract_entity(e);
                }
                Ok(())
            }
            Operation::Cas => self.cas_form(items, form),
            Operation::Call => self.call(item(1), items.get(2..).unwrap_or(&[])),
        }
    }

    /// `[e a v tx? added?]`, as a datom prints.
    pub(super) fn datom_form(&mut self, items: &[Value], form: &Value) -> Result<(), Stop> {
        let (e, a, v, tx, added) = match items {
            [e, a, v] => (e, a, v, &NIL, true),
            [e, a, v, tx] => (e, a, v, tx, true),
            [e, a, v, tx, Value::Bool(added)] => (e, a, v, tx, *added),
            _ => return Err(TxError::UnknownOperation(form.to_string()).into()),
        };
        if added { self.add_form(e, a, v, tx, form) } else { self.retract_form(e, a, v, form) }
    }

    fn attribute(&mut self, name: &Value, form: &Value) -> Result<AttrId, Stop> {
        if !is_name(name) {
            return Err(TxError::BadAttribute {
                attribute: name.to_string(),
                form: form.to_string(),
            }
            .into());
        }
        Ok(self.db.intern_attr(name)?)
    }

    fn add_form(
        &mut self,
        e: &Value,
        a: &Value,
        v: &Value,
        tx: &Value,
        form: &Value,
    ) -> Result<(), Stop> {
        if let Some(forward) = forward_name(a)
            && self.db.schema.attribute(&forward).is_some_and(|a| a.is_ref())
        {
            return self.add_form(v, &forward, e, tx, form);
        }
        let a = self.attribute(a, form)?;
        let tx = if tx.is_nil() { None } else { Some(self.db.entid_strict(tx)?) };
        if let Value::Int(1..) = e
            && let e = self.db.entid_strict(e)?
            && self.add_plain(e, a, v, tx)?
        {
            return Ok(());
        }
        let given = |value: &Value| Given::Value(value.clone());
        self.add_fact(&given(e), a, &given(v), tx, &Some(form))
    }

    fn retract_form(&mut self, e: &Value, a: &Value, v: &Value, form: &Value) -> Result<(), Stop> {
        let known = self.existing(e, form)?;
        if let Some(a) = self.db.attr(a).filter(|a| !self.db.schema.get(*a).tuple().is_empty()) {
            return self.retract_tuple(e, known, a, v, form);
        }
        let Some(e) = known else { return Ok(()) };
        let a = self.attribute(a, form)?;
        let attribute = self.db.schema.get(a);
        if v.is_nil() {
            let facts: Vec<Datom> = self.db.values(e, a).collect();
            self.retract_with_components(&facts);
            return Ok(());
        }
        let v = if attribute.is_ref() {
            self.value_cell(a, &Given::Value(v.clone()))?
        } else {
            let Some(v) = self.db.cell(v) else { return Ok(()) };
            v
        };
        match self.db.current(e, a, Some(v)) {
            Some(fact) => self.retract(fact),
            None => self.said_again.push(Datom { e, a, v, tx: self.tx, added: false }),
        }
        Ok(())
    }

    fn cas_form(&mut self, items: &[Value], form: &Value) -> Result<(), Stop> {
        let [_, e, a, old, new] = items else {
            let expected = "[:db/cas entity attribute old-value new-value]";
            return Err(TxError::Arguments { form: form.to_string(), expected }.into());
        };
        let e = self.existing(e, form)?.ok_or_else(|| DbError::NotFound(e.to_string()))?;
        let a = self.attribute(a, form)?;
        let is_ref = self.db.schema.get(a).is_ref();
        let old = match is_ref && !old.is_nil() {
            true => &Value::from(self.db.entid_strict(old)?),
            false => old,
        };
        if new.is_nil() {
            let error = match is_ref {
                true => DbError::NotAnEntity(new.to_string()).into(),
                false => TxError::NilValue(form.to_string()),
            };
            return Err(error.into());
        }
        if !self.db.schema.get(a).tuple().is_empty() {
            return Err(TxError::TupleAttribute(form.to_string()).into());
        }
        let new = self.value_cell(a, &Given::Value(new.clone()))?;
        let found: Vec<Datom> = self.db.values(e, a).collect();
        let holds = if old.is_nil() {
            found.is_empty()
        } else {
            let expected = self.find_value(a, old)?;
            expected.is_some_and(|v| found.iter().any(|d| self.db.dict.compare(d.v, v).is_eq()))
        };
        if !holds {
            return Err(self.cas_error(e, a, &found, old).into());
        }
        self.add(Datom { e, a, v: new, tx: self.tx, added: true })
    }

    fn cas_error(&self, e: EntityId, a: AttrId, found: &[Datom], old: &Value) -> TxError {
        let values: Vec<Value> = found.iter().map(|d| self.db.value(d.v)).collect();
        let found = match values.first() {
            _ if self.db.schema.get(a).is_many() => Value::list(values).to_string(),
            None => "nil".to_string(),
            Some(value) => value.to_string(),
        };
        TxError::Cas {
            entity: e,
            attribute: self.db.attr_name(a).to_string(),
            found,
            expected: old.to_string(),
        }
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
                    self.steps.push(Step::Form(form.clone()));
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
        let Value::Keyword(_) = name else {
            return Err(TxError::UnknownOperation(form.to_string()).into());
        };
        let Some(e) = self.db.entid(name)? else {
            return Err(TxError::UnknownFunction(name.to_string()).into());
        };
        match self.db.get(e, &Value::keyword("db/fn")) {
            Some(function @ Value::Opaque(_)) => self.call(&function, args),
            _ => Err(TxError::NotAFunction(name.to_string()).into()),
        }
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
