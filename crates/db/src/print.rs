//! The printed forms of databases and datoms, as DataScript's.

use crate::datom::{Index, Prefix};
use crate::db::Db;
use edn::{Value, print_to};

/// `#datascript/DB {:schema …, :datoms [[e a v tx] …]}`
pub fn db(db: &Db) -> String {
    let mut out = String::from("#datascript/DB {:schema ");
    print_to(&mut out, &Value::Map(db.schema().as_map().clone()));
    out.push_str(", :datoms [");
    for (i, datom) in db.scan(Index::Eavt, &Prefix::default()).enumerate() {
        if i > 0 {
            out.push(' ');
        }
        let parts = vec![
            Value::from(datom.e),
            db.attr_name(datom.a).clone(),
            db.value(datom.v),
            Value::from(datom.tx),
        ];
        print_to(&mut out, &Value::vector(parts));
    }
    out.push_str("]}");
    out
}
