//! A database that each side writes down and the other one reads: as serialised JSON, and printed.
//!
//! What this database wrote goes to DataScript with the case, since DataScript is to read it. DataScript answers with
//! what it wrote itself, and with what is in its own database and in the two that it read; what it wrote is read here.

use db::{Db, Index, Prefix, db_from_reader, from_serializable, print, serializable};
use edn::Value;

/// What this database wrote: its JSON, its printed form.
pub(crate) fn written(db: &Db) -> Result<Value, String> {
    let json = serializable(db).map_err(|e| e.to_string())?;
    Ok(Value::vector(vec![Value::from(json), Value::from(print::db(db))]))
}

/// Whether each reads what the other one wrote, and then has the same datoms and the same schema.
///
/// Theirs is `[json printed own of-json of-printed]`, the last three `[schema highest-ids all-the-rest]`.
pub(crate) fn agree(ours: &Value, theirs: &Value) -> bool {
    let (Some(ours), Some([json, printed, own, of_json, of_printed])) =
        (ours.as_vector(), theirs.as_vector())
    else {
        return false;
    };
    let but_ids = |said: &Value| said.as_vector().map(|said| [said[0].clone(), said[2].clone()]);
    own == of_json
        && but_ids(own) == but_ids(of_printed)
        && read(ours) == read(&[json.clone(), printed.clone()])
}

/// What is in the databases of a JSON and a printed form: schema, datoms, and of the JSON the last transaction.
fn read(texts: &[Value]) -> Option<(Value, Value, u32)> {
    let [json, printed] = texts else { return None };
    let of_json = from_serializable(json.as_str()?).ok()?;
    let Ok(Value::Tagged(tagged)) = edn::read(printed.as_str()?) else { return None };
    let of_printed = db_from_reader(&tagged.value).ok()?;
    Some((contents(&of_json), contents(&of_printed), of_json.max_tx()))
}

fn contents(db: &Db) -> Value {
    let datoms = db.scan(Index::Eavt, &Prefix::default()).map(|d| db.datom_value(&d)).collect();
    Value::vector(vec![Value::Map(db.schema().as_map().clone()), Value::vector(datoms)])
}
