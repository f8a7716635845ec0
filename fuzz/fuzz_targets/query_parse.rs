//! The first form of a text parses as a query (the others are its inputs), a pull pattern, a schema or transaction data, or is refused; what parses is
//! answered within its limits.
#![no_main]

use db::{Db, Input, Limits, Query, Schema};
use edn::{ReadOptions, Value};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use std::time::Duration;

static PEOPLE: LazyLock<Db> = LazyLock::new(|| {
    let people = "[{:db/id 1 :name \"Ivan\" :age 15 :friend 2} {:db/id 2 :name \"Oleg\" :age 37}]";
    let people = edn::read(people).unwrap_or(Value::Nil);
    let schema = "{:friend {:db/valueType :db.type/ref} :name {:db/unique :db.unique/identity}}";
    let schema = edn::read(schema).ok().and_then(|schema| Schema::new(&schema).ok());
    let empty = Db::empty(schema.unwrap_or_default());
    empty.db_with(&people).unwrap_or(empty)
});

fuzz_target!(|text: &str| {
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    let Ok(forms) = edn::read_all_with(text, &options) else { return };
    let Some((form, inputs)) = forms.split_first() else { return };
    if let Ok(query) = Query::parse(form) {
        let limits = Limits { rows: 2_000, time: Some(Duration::from_millis(50)) };
        let inputs = inputs.iter().cloned().map(Input::from);
        let inputs: Vec<Input> = [Input::from(&*PEOPLE)].into_iter().chain(inputs).collect();
        let _ = query.run_within(&inputs, limits);
    }
    let _ = db::pull(&PEOPLE, form, &Value::Int(1));
    let _ = PEOPLE.db_with(form);
    let _ = Schema::new(form);
});
