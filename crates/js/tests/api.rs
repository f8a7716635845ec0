//! The API as a host sees it, with functions that are Rust's. What JavaScript's users see is in `crates/oracle/tests/javascript`.
#![allow(clippy::unwrap_used)]

use js::{
    Datom, Error, Foreign, Function, JsValue, MAX_NESTED, call as api, call_method as method,
};
use std::slice::from_ref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

fn call(function: &str, args: &[JsValue]) -> JsValue {
    api(function, args).unwrap()
}

fn array(items: impl IntoIterator<Item = JsValue>) -> JsValue {
    JsValue::Array(items.into_iter().collect())
}

fn people() -> JsValue {
    let ivan = [("name", "Ivan".into()), ("age", 15.into())];
    let petr = [("name", "Petr".into()), ("age", 37.into())];
    let entities = array([ivan, petr].map(JsValue::object));
    call("db_with", &[call("empty_db", &[]), entities])
}

fn function(
    body: impl Fn(&[JsValue]) -> Result<JsValue, JsValue> + Send + Sync + 'static,
) -> JsValue {
    static NUMBERS: AtomicU64 = AtomicU64::new(0);
    Function::new(NUMBERS.fetch_add(1, Ordering::Relaxed), move |_, args| body(args)).into()
}

/// What a function of the host's throws where the API fails.
fn thrown(error: Error) -> JsValue {
    match error {
        Error::Thrown(value) => value,
        other => other.to_string().into(),
    }
}

fn message(answer: Result<JsValue, Error>) -> String {
    answer.unwrap_err().to_string()
}

const ASK: &str = "[:find [?x ...] :in $ ?f :where [?e \"age\"] [(?f $ ?e) ?x]]";

#[test]
fn what_goes_in_comes_out() {
    let own = Function::new(7, |_, _| Ok(JsValue::Null));
    let thing = Foreign::new(8, "[object Map]");
    let values = [
        JsValue::Null,
        true.into(),
        1.5.into(),
        9_007_199_254_740_992.0.into(),
        1e300.into(),
        f64::NEG_INFINITY.into(),
        ":k".into(),
        JsValue::Date(5.0),
        array([1.into(), array([]), JsValue::object([("a", "b".into())])]),
        own.clone().into(),
        thing.clone().into(),
        JsValue::Edn(edn::Value::keyword("a/b")),
        call("entity", &[people(), 1.into()]),
        call("create_conn", &[]),
    ];
    for value in values {
        let through = function({
            let value = value.clone();
            move |args| if args[0] == value { Ok(args[0].clone()) } else { Err("not it".into()) }
        });
        let query = "[:find ?y . :in ?x ?f :where [(?f ?x) ?y]]";
        let gave = call("q", &[query.into(), value.clone(), through]);
        match value {
            // What a query gives has no keywords.
            JsValue::Edn(_) => assert_eq!(gave, "b".into()),
            value => assert_eq!(gave, value),
        }
    }
    assert_eq!((own.number(), thing.number()), (7, 8));
    let undefined = call("q", &["[:find ?x . :in ?x]".into(), JsValue::Undefined]);
    assert_eq!(undefined, JsValue::Null);
}

#[test]
fn numbers_are_integers_where_they_are_whole() {
    let kind = |n: f64| {
        let query = "[:find ?k . :in ?x :where [(type ?x) ?k]]";
        call("q", &[query.into(), n.into()]).to_string()
    };
    let integer = kind(1.0);
    assert_eq!([kind(-0.0), kind(2f64.powi(62)), kind(-1e18)], [(); 3].map(|()| integer.clone()));
    for double in [0.5, 2f64.powi(63), 1e300, f64::NAN, f64::INFINITY] {
        assert_ne!(kind(double), integer, "{double}");
    }
}

#[test]
fn functions_are_given_the_very_database_and_what_they_throw_is_thrown() {
    let db = people();
    let known = db.clone();
    let is_same = function(move |args| Ok((args[0] == known).into()));
    assert_eq!(call("q", &[ASK.into(), db.clone(), is_same]), array([true.into()]));
    let calls = Arc::new(AtomicU64::new(0));
    let thrown = Foreign::new(1, "Error: no");
    let throws = function({
        let (calls, thrown) = (calls.clone(), thrown.clone());
        move |_| {
            calls.fetch_add(1, Ordering::Relaxed);
            Err(thrown.clone().into())
        }
    });
    let filtered = call("filter", &[db.clone(), throws.clone()]);
    let entity = |db: &JsValue| api("entity", &[db.clone(), 1.into()]);
    let answers = [
        api("q", &[ASK.into(), db.clone(), throws.clone()]),
        api("datoms", &[filtered.clone(), ":eavt".into()]),
        entity(&filtered),
        method("forEach", &[entity(&db).unwrap(), throws.clone()]),
        api("db_with", &[db.clone(), array([array([":db.fn/call".into(), throws.clone()])])]),
    ];
    for answer in answers {
        let Err(Error::Thrown(value)) = answer else { panic!("{answer:?}") };
        assert_eq!(value, thrown.clone().into());
    }
    assert_eq!(calls.load(Ordering::Relaxed), 5, "after it threw it was called again");
    assert_eq!(call("is_filtered", &[filtered]), true.into());
    assert_eq!(call("datoms", &[db, ":eavt".into()]).as_array().unwrap().len(), 4);
}

#[test]
fn calls_nest_and_end() {
    let inner = function(|args| {
        api(
            "q",
            &[
                "[:find ?n . :in $ ?e :where [?e \"name\" ?n]]".into(),
                args[0].clone(),
                args[1].clone(),
            ],
        )
        .map_err(thrown)
    });
    let names = call("q", &[ASK.into(), people(), inner]);
    assert_eq!(names.as_array().unwrap().len(), 2);
    let depth = Arc::new(AtomicU64::new(0));
    let conn = call("create_conn", &[]);
    let listener = function({
        let (conn, depth) = (conn.clone(), depth.clone());
        move |_| {
            depth.fetch_add(1, Ordering::Relaxed);
            api("transact", &[conn.clone(), JsValue::Null]).map_err(thrown)
        }
    });
    call("listen", &[conn.clone(), listener]);
    let error = message(api("transact", &[conn.clone(), JsValue::Null]));
    assert!(error.contains("Calls can nest 64 deep"), "{error}");
    assert_eq!(depth.load(Ordering::Relaxed), MAX_NESTED as u64);
    // All of them have ended.
    call("squuid", &[]);
}

#[test]
fn deep_values_go_through_deep_calls() {
    let mut deep = JsValue::Null;
    for _ in 0..edn::MAX_DEPTH - 2 {
        deep = array([deep]);
    }
    let itself: Arc<OnceLock<JsValue>> = Arc::default();
    let asks = itself.clone();
    let query = "[:find ?x . :in ?f ?y :where [(?f ?y) ?x]]";
    let function = function(move |args| {
        let itself = asks.get().cloned().unwrap_or(JsValue::Null);
        match api("q", &[query.into(), itself, args[0].clone()]) {
            Err(Error::NestedCalls) => Ok(args[0].clone()),
            answer => answer.map_err(thrown),
        }
    });
    let function = itself.get_or_init(|| function);
    assert_eq!(call("q", &[query.into(), function.clone(), deep.clone()]), deep);
}

#[test]
fn a_function_of_a_transaction_cannot_change_the_connection() {
    let conn = call("conn_from_db", &[people()]);
    let before = call("db", from_ref(&conn));
    let transacts = function({
        let conn = conn.clone();
        move |_| {
            let refused = |answer| JsValue::from(message(answer));
            let transact = refused(api("transact", &[conn.clone(), JsValue::Null]));
            let reset = refused(api("reset_conn", &[conn.clone(), people()]));
            assert_eq!(transact, reset);
            Err(transact)
        }
    });
    let forms = array([array([":db.fn/call".into(), transacts])]);
    let error = message(api("transact", &[conn.clone(), forms]));
    assert!(error.contains("The connection is at work"), "{error}");
    assert_eq!(call("db", from_ref(&conn)), before);
    call("transact", &[conn.clone(), JsValue::Null]);
    assert_ne!(call("db", &[conn]), before);
}

#[test]
fn arguments_of_the_wrong_kind_are_refused() {
    let db = people();
    let mut deep = JsValue::Null;
    for _ in 0..edn::MAX_DEPTH {
        deep = array([deep]);
    }
    let table: [(&str, &[JsValue], &str); 8] = [
        ("qq", &[], "qq is not a function"),
        ("q", &[5.into()], "q: expected a text, got 5"),
        ("datoms", &[], "datoms: expected a database, got undefined"),
        ("db", from_ref(&db), "db: expected a connection, got a database"),
        ("touch", &["x".into()], "touch: expected an entity, got \"x\""),
        ("filter", &[db.clone(), array([1.into()])], "filter: expected a function, got [1]"),
        ("init_db", &[true.into()], "init_db: expected datoms, got true"),
        (
            "q",
            &["[:find ?x . :in ?x]".into(), deep],
            "Values can nest 512 deep, this one nests deeper or contains itself",
        ),
    ];
    for (function, args, expected) in table {
        assert_eq!(message(api(function, args)), expected);
    }
    assert_eq!(message(method("get", &[db])), "get: expected an entity, got a database");
}

#[test]
fn datoms_keep_whether_they_retract() {
    let conn = call("conn_from_db", &[people()]);
    let older = array([array([":db/add".into(), 1.into(), "age".into(), 16.into()])]);
    let report = call("transact", &[conn.clone(), older]);
    let changes = report.get("tx_data").unwrap().clone();
    let JsValue::Datom(first) = &changes.as_array().unwrap()[0] else { panic!() };
    assert_eq!((first.a(), first.v(), first.added), ("age".into(), 15.into(), false));
    let parts = [first.e.into(), first.a(), first.v(), first.signed_tx().into()];
    let [e, a, v, tx] = &parts;
    assert_eq!(Datom::new(e, a, v, tx).unwrap(), **first);
    let taken_back = call("db_with", &[people(), changes.clone()]);
    let age = call("q", &["[:find ?a . :where [1 \"age\" ?a]]".into(), taken_back]);
    assert_eq!(age, 16.into());
    let refused = message(api("init_db", &[changes]));
    assert!(refused.starts_with("Bad datom [1 \"age\" 15 -"), "{refused}");
}
