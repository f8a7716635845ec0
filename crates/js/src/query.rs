//! Queries and pulls.

use crate::args::{Answer, Args};
use crate::convert::{Names, from_edn, read, to_edn};
use crate::error::Error;
use crate::value::JsValue;
use db::{Input, Query};
use edn::Value;

/// `q(query, inputs...)`: rows are arrays. Keywords lose colon and namespace, as in DataScript.
pub(crate) fn q(args: Args<'_>) -> Answer {
    let query = Query::parse(&read(args.text(0)?)?)?;
    let inputs: Result<Vec<Input>, Error> = args.from(1).iter().map(input).collect();
    let result = query.run(&inputs?)?;
    if !result.is_relation() {
        return Ok(from_edn(&result.into_value(), Names::Bare));
    }
    let row = |row: Vec<Value>| {
        JsValue::Array(row.iter().map(|value| from_edn(value, Names::Bare)).collect())
    };
    Ok(JsValue::Array(result.rows().map(row).collect()))
}

fn input(given: &JsValue) -> Result<Input, Error> {
    match given {
        JsValue::Database(database) => Ok(Input::Db(database.db().clone())),
        other => Ok(Input::Value(to_edn(other)?)),
    }
}

/// `pull(db, pattern, id)`: an object whose properties are attributes, or `null`.
pub(crate) fn pull(args: Args<'_>) -> Answer {
    let db = args.database(0)?.db();
    let pattern = read(args.text(1)?)?;
    Ok(from_edn(&db::pull(db, &pattern, &to_edn(args.at(2))?)?, Names::Colons))
}

/// `pull_many(db, pattern, ids)`
pub(crate) fn pull_many(args: Args<'_>) -> Answer {
    let db = args.database(0)?.db();
    let pattern = read(args.text(1)?)?;
    let ids = to_edn(args.at(2))?;
    let ids = match &ids {
        Value::Nil => &[],
        ids => ids.as_seq().ok_or_else(|| args.expected("ids", 2))?,
    };
    Ok(from_edn(&db::pull_many(db, &pattern, ids)?, Names::Colons))
}
