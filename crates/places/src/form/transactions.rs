//! A database transaction by transaction: `[{:tx …, :inst …, :data [#datascript/Datom [e a v tx added] …]} …]`, as `tx-range`
//! gives them.
//!
//! Transactions may also be plain transaction data, or lists of datoms as a `TxReport` has them, all in one collection or one form
//! behind the other; then they are replayed: `(reduce d/db-with (d/empty-db schema) transactions)`.

use super::{Form, FormError};
use crate::place::Saved;
use db::{Db, Schema, datom_from_reader};
use edn::{Symbol, Tagged, Value};
use notation::{NotationError, Writer};
use std::sync::Arc;

const DATOM: &str = "datascript/Datom";

pub(super) fn write(db: &Db, to: &mut Writer) -> Result<(), NotationError> {
    let tag = Symbol::parse(DATOM);
    let instant = db.attr(&Value::keyword("db/txInstant"));
    let all = db.unviewed();
    to.begin_vector()?;
    for (tx, datoms) in db.tx_range(None, None) {
        to.begin_map()?;
        to.value(&Value::keyword("tx"))?;
        to.value(&Value::from(tx))?;
        let said = |d: &&db::Datom| d.e == tx && Some(d.a) == instant && d.added;
        if let Some(moment) = datoms.iter().find(said) {
            to.value(&Value::keyword("inst"))?;
            to.value(&all.value(moment.v))?;
        }
        to.value(&Value::keyword("data"))?;
        to.begin_vector()?;
        for datom in &datoms {
            let (tag, value) = (tag.clone(), all.datom_value(datom));
            to.value(&Value::Tagged(Arc::new(Tagged { tag, value })))?;
        }
        to.end();
        to.end();
    }
    to.end();
    Ok(())
}

pub(super) fn read(saved: &Saved, schema: &Schema) -> Result<Db, FormError> {
    let forms = saved.notation.read_all(&saved.text)?;
    let transactions = transactions(&forms)?;
    let lists: Option<Vec<&[Value]>> = transactions.iter().map(|said| datoms(said)).collect();
    match lists {
        Some(lists) => events(lists.into_iter().flatten(), schema),
        None => replay(&transactions, schema),
    }
}

/// The transactions of the forms of a text.
fn transactions(forms: &[Value]) -> Result<Vec<&Value>, FormError> {
    let expected = "transactions, or transaction data a form";
    let refused = |found: &Value| FormError::shape(Form::Transactions, expected, found);
    match forms {
        [all] => match all.as_seq().ok_or_else(|| refused(all))? {
            items if !items.is_empty() && items.iter().all(is_operation) => Ok(vec![all]),
            items => Ok(items.iter().collect()),
        },
        forms => Ok(forms.iter().collect()),
    }
}

/// Whether it is part of a transaction rather than one: an entity's map, `[:db/add …]`, a datom.
fn is_operation(form: &Value) -> bool {
    match form {
        Value::Map(map) => map.get_keyword("data").is_none(),
        Value::Tagged(_) => true,
        form => matches!(
            form.as_seq().and_then(<[Value]>::first),
            Some(Value::Keyword(_) | Value::Int(_) | Value::Str(_))
        ),
    }
}

/// The datoms of a transaction that consists of nothing else.
fn datoms(transaction: &Value) -> Option<&[Value]> {
    let data = match transaction {
        Value::Map(map) => map.get_keyword("data")?.as_seq()?,
        list => list.as_seq()?,
    };
    data.iter().all(|item| datom(item).is_some()).then_some(data)
}

/// What a datom consists of, tagged or not.
fn datom(item: &Value) -> Option<&Value> {
    match item {
        Value::Tagged(tagged) if tagged.tag.as_str() == DATOM => Some(&tagged.value),
        Value::Tagged(_) => None,
        list => matches!(list.as_seq()?.first()?, Value::Int(_)).then_some(list),
    }
}

/// The database of what happened, ids of transactions and history included.
fn events<'v>(items: impl Iterator<Item = &'v Value>, schema: &Schema) -> Result<Db, FormError> {
    let events = items.filter_map(datom).cloned().collect();
    Ok(Db::from_data(&Value::map(vec![
        (Value::keyword("schema"), Value::Map(schema.as_map().clone())),
        (Value::keyword("history"), Value::vector(events)),
    ]))?)
}

/// The database that transactions lead to, one after the other.
fn replay(transactions: &[&Value], schema: &Schema) -> Result<Db, FormError> {
    let mut db = Db::empty_with_history(schema.clone());
    for (number, said) in (1..).zip(transactions) {
        let data = match said {
            Value::Map(map) => map.get_keyword("data").unwrap_or(said),
            said => said,
        };
        let operations: Vec<Value> = match data.as_seq() {
            None => Err(FormError::shape(Form::Transactions, "transaction data", data)),
            Some(items) => items.iter().map(operation).collect(),
        }?;
        let transacted = db.transact(&Value::vector(operations));
        transacted.map_err(|problem| FormError::Transaction { number, problem })?;
    }
    Ok(db)
}

/// A datom as the operation that brings it about, everything else as it is.
fn operation(item: &Value) -> Result<Value, FormError> {
    let Some(datom) = datom(item) else { return Ok(item.clone()) };
    let (e, a, v, tx, added) = datom_from_reader(datom)?;
    Ok(match added {
        true => Value::vector(vec![Value::keyword("db/add"), e.into(), a, v, tx.into()]),
        false => Value::vector(vec![Value::keyword("db/retract"), e.into(), a, v]),
    })
}
