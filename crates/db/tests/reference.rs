//! `docs/datascript.md`, row by row: the examples of `reference.edn` hold, and each row names a test that exists.
#![allow(clippy::unwrap_used)]

use db::{Db, Index, Input, Schema, pull, q};
use edn::{CallError, Map, Object, Opaque, ReadOptions, Value};
use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Arc;

fn examples() -> (Db, Vec<Map>) {
    let options = ReadOptions { clojure: true, ..ReadOptions::default() };
    let forms = edn::read_all_with(include_str!("reference.edn"), &options).unwrap();
    let forms: Vec<Map> = forms.iter().map(|f| f.as_map().unwrap().clone()).collect();
    let (first, examples) = forms.split_first().unwrap();
    let schema = Schema::new(first.get_keyword("schema").unwrap()).unwrap();
    let db = Db::empty(schema).db_with(first.get_keyword("data").unwrap()).unwrap();
    (db, examples.to_vec())
}

/// Examples of one name differ in what they are examples of: `rand` the function, `rand` the aggregate.
fn title(example: &Map) -> String {
    let name = example.get_keyword("name").and_then(|n| n.as_str()).unwrap();
    match (example.get_keyword("aggregate"), example.get_keyword("clause")) {
        (Some(_), _) => format!("{name} aggregate"),
        (_, Some(_)) => format!("{name} clause"),
        _ => name.to_string(),
    }
}

fn query(db: &Db, query: &Value, more: &[Value]) -> Result<Value, String> {
    let inputs: Vec<Input> =
        [Input::from(db)].into_iter().chain(more.iter().cloned().map(Input::from)).collect();
    q(query, &inputs).map_err(|e| e.to_string())
}

fn datoms(db: &Db) -> Value {
    let first_three = |d| Value::vector(db.datom_value(&d).as_seq().unwrap()[..3].to_vec());
    Value::vector(db.datoms(Index::Eavt, &[]).unwrap().map(first_three).collect())
}

fn transacted(schema: &Value, transactions: &[Value]) -> Result<Value, String> {
    let mut db = Db::empty(Schema::new(schema).map_err(|e| e.to_string())?);
    for tx in transactions {
        db = db.db_with(tx).map_err(|e| e.to_string())?;
    }
    Ok(datoms(&db))
}

/// What an example gives, and what it should.
fn outcome(db: &Db, example: &Map) -> (Result<Value, String>, Result<Value, String>) {
    let field = |name: &str| example.get_keyword(name);
    let items = |name: &str| field(name).and_then(|v| v.as_seq()).unwrap_or_default();
    let expected = match (field("fails"), field("gives").or(field("datoms"))) {
        (Some(message), _) => Err(message.as_str().unwrap().to_string()),
        (None, expected) => Ok(expected.cloned().unwrap_or(Value::Nil)),
    };
    if let [call, expected] = items("fn") {
        let form = edn::read("[:find ?x . :where]").unwrap();
        let clause = Value::vector(vec![call.clone(), Value::symbol("?x")]);
        let form = form.as_seq().unwrap().iter().cloned().chain([clause]).collect();
        return (query(db, &Value::vector(form), &[]), Ok(expected.clone()));
    }
    let got = if let Some(form) = field("q") {
        query(db, form, items("in"))
    } else if let Some(pattern) = field("pull") {
        pull(db, pattern, field("id").unwrap()).map_err(|e| e.to_string())
    } else {
        transacted(field("schema").unwrap_or(&Value::Nil), items("tx"))
    };
    let unordered = |value: Value| match value {
        Value::List(items) => Value::set(items.to_vec()),
        other => other,
    };
    (got.map(unordered), expected.map(unordered))
}

#[test]
fn every_example_gives_what_it_says() {
    let (db, examples) = examples();
    let mut wrong = Vec::new();
    for example in &examples {
        let (got, expected) = outcome(&db, example);
        if got != expected {
            wrong.push(format!("{}\n  gave   {got:?}\n  wanted {expected:?}", title(example)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

struct Twice;

impl Object for Twice {
    fn kind(&self) -> &str {
        "function"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn call(&self, args: &[Value]) -> Result<Value, CallError> {
        let all = args.iter().flat_map(|arg| match arg.as_seq() {
            Some(items) => items.to_vec(),
            None => vec![arg.clone()],
        });
        Ok(Value::Int(all.filter_map(|n| n.as_int()).sum::<i64>() * 2))
    }
}

fn twice() -> Value {
    Value::Opaque(Opaque(Arc::new(Twice)))
}

#[test]
fn functions_from_outside_are_called() {
    let (db, _) = examples();
    let table = [
        ("[:find ?x . :in $ ?f :where [2 :age ?a] [(?f ?a) ?x]]", 74),
        ("[:find (aggregate ?f ?a) . :in $ ?f :with ?e :where [?e :age ?a]]", 178),
    ];
    for (form, expected) in table {
        let got = query(&db, &edn::read(form).unwrap(), &[twice()]);
        assert_eq!(got, Ok(Value::Int(expected)), "{form}");
    }
}

/// Gives, for any arguments, one operation that says what they were.
struct Adds;

impl Object for Adds {
    fn kind(&self) -> &str {
        "function"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn call(&self, args: &[Value]) -> Result<Value, CallError> {
        let op = [Value::keyword("db/add"), Value::Int(-1), Value::keyword("n")];
        let op = op.into_iter().chain(args.last().cloned()).collect();
        Ok(Value::vector(vec![Value::vector(op)]))
    }
}

#[test]
fn transaction_functions_give_forms() {
    let adds = Value::Opaque(Opaque(Arc::new(Adds)));
    let call = Value::vector(vec![Value::keyword("db.fn/call"), adds.clone(), Value::Int(5)]);
    let db = Db::empty(Schema::default()).db_with(&Value::vector(vec![call])).unwrap();
    assert_eq!(datoms(&db).to_string(), "[[1 :n 5]]");
    let ident = (Value::keyword("db/ident"), Value::keyword("adds"));
    let installed = Value::map(vec![ident, (Value::keyword("db/fn"), adds)]);
    let db = Db::empty(Schema::default()).db_with(&Value::vector(vec![installed])).unwrap();
    let db = db.db_with(&edn::read("[[:adds 7]]").unwrap()).unwrap();
    assert_eq!(db.get(2, &Value::keyword("n")), Some(Value::Int(7)));
}

#[test]
fn several_entities_are_pulled_with_one_pattern() {
    let (db, _) = examples();
    let ids = [Value::Int(1), Value::Int(99), Value::Int(2)];
    let pulled = db::pull_many(&db, &edn::read("[:name]").unwrap(), &ids).unwrap();
    assert_eq!(pulled.to_string(), "[{:name \"Ivan\"} nil {:name \"Petr\"}]");
}

#[test]
fn ids_are_found_by_lookup_ref_and_ident() {
    let (db, _) = examples();
    let entid = |text: &str| db.entid(&edn::read(text).unwrap()).map_err(|e| e.to_string());
    assert_eq!(entid("[:email \"i@x\"]"), Ok(Some(1)));
    assert_eq!(entid("[:email \"no\"]"), Ok(None));
    assert_eq!(entid(":four"), Ok(Some(4)));
    assert_eq!(entid("999"), Ok(Some(999)));
    assert_eq!(
        entid("\"x\""),
        Err("Expected number or lookup ref for entity id, got \"x\"".into())
    );
}

/// The functions and aggregates of DataScript 1.7.8, `datascript.built-ins`.
const BUILT_INS: &str = "= == not= != < > <= >= + - * / quot rem mod inc dec max min zero? pos? neg? even? odd? compare \
    rand rand-int true? false? nil? some? not and or complement identical? identity keyword meta name namespace type \
    vector list set hash-map array-map count range not-empty empty? contains? str subs get pr-str print-str println-str \
    prn-str re-find re-matches re-seq re-pattern -differ? get-else get-some missing? ground clojure.string/blank? \
    clojure.string/includes? clojure.string/starts-with? clojure.string/ends-with? tuple untuple \
    sum avg median variance stddev distinct sample count-distinct";

/// The names of `datascript.core` 1.7.8, but for those that are no part of its documentation.
const CORE: &str = "entity entid entity-db touch pull pull-many q empty-db db? datom datom? init-db serializable \
    from-serializable schema is-filtered filter with db-with with-schema datoms find-datom seek-datoms rseek-datoms \
    index-range conn? conn-from-db conn-from-datoms create-conn restore-conn transact! reset-conn! reset-schema! listen! \
    unlisten! data-readers tempid resolve-tempid db transact transact-async squuid squuid-time-millis storage store \
    restore addresses collect-garbage file-storage settings";

/// What npm's `datascript` 1.8.1 exports.
const JAVASCRIPT: &str = "empty_db init_db serializable from_serializable q pull pull_many db_with entity touch entity_db \
    filter is_filtered create_conn conn_from_db conn_from_datoms db transact reset_conn listen unlisten resolve_tempid \
    datoms seek_datoms index_range squuid squuid_time_millis";

/// The examples of the JavaScript API, whose tests are the oracle's.
fn javascript_examples() -> String {
    let folder = format!("{}/../oracle/tests/javascript", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

fn is_head(line: &str) -> bool {
    ["| DataScript |", "| more |"].iter().any(|head| line.starts_with(head))
}

fn test_exists(named: &str) -> bool {
    let Some((file, function)) = named.split_once("::") else { return false };
    let read = |end: &str| {
        std::fs::read_to_string(format!("{}/tests/{file}{end}", env!("CARGO_MANIFEST_DIR")))
    };
    let Ok(source) = read(".rs").or_else(|_| read("/main.rs")) else { return false };
    let declared = source.find(&format!("fn {function}("));
    declared.is_some_and(|at| {
        source[..at].trim_end().ends_with("#[test]") || {
            let attributes = source[..at].rsplit("\n\n").next().unwrap_or_default();
            attributes.contains("#[test]")
        }
    })
}

#[test]
fn each_row_of_the_table_names_a_test_and_each_example_has_its_row() {
    let page = include_str!("../../../docs/datascript.md");
    let titles: BTreeSet<String> = examples().1.iter().map(title).collect();
    assert_eq!(titles.len(), examples().1.len(), "examples of the same name");
    let javascript = javascript_examples();
    let (mut named, mut firsts) = (BTreeSet::new(), BTreeSet::new());
    let rows = page.lines().filter(|l| l.starts_with("| ") && !is_head(l));
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert!(cells.len() == 3 && cells.iter().all(|c| !c.is_empty()), "three cells: {row}");
        let code = |cell: &str| -> Vec<String> {
            cell.split('`').skip(1).step_by(2).map(str::to_string).collect()
        };
        firsts.extend(code(cells[0]));
        let tests = code(cells[2]);
        assert!(!tests.is_empty(), "a test: {row}");
        for test in tests {
            if let Some(title) = test.strip_prefix("reference: ") {
                assert!(titles.contains(title), "no example {title:?}: {row}");
                named.insert(title.to_string());
            } else if let Some(title) = test.strip_prefix("javascript: ") {
                let example = format!("name: '{title}'");
                assert!(javascript.contains(&example), "no example {title:?}: {row}");
            } else {
                assert!(test_exists(&test), "no test {test:?}: {row}");
            }
        }
    }
    let unnamed: Vec<_> = titles.difference(&named).collect();
    assert!(unnamed.is_empty(), "examples without a row: {unnamed:?}");
    let missing: Vec<&str> = BUILT_INS
        .split_whitespace()
        .chain(CORE.split_whitespace())
        .filter(|name| !firsts.contains(*name))
        .collect();
    assert!(missing.is_empty(), "without a row: {missing:?}");
    for name in JAVASCRIPT.split_whitespace() {
        let call = format!("d.{name}(");
        assert!(firsts.iter().any(|first| first.starts_with(&call)), "without a row: {call}");
    }
}

#[test]
fn a_connection_is_made_changed_and_read() {
    let conn = db::Conn::create(Schema::default());
    let report = conn.transact(&edn::read("[{:n 1}]").unwrap()).unwrap();
    assert!(report.db_before.is_empty() && report.db_after == conn.db());
    assert_eq!(datoms(&conn.db()).to_string(), "[[1 :n 1]]");
}

#[test]
fn a_connection_goes_on_from_a_storage() {
    let folder = std::env::temp_dir().join(format!("db-{}", db::squuid()));
    let storage = || Arc::new(db::FileStorage::new(&folder).unwrap());
    assert!(db::restore(storage()).unwrap().is_none());
    examples().0.store(storage()).unwrap();
    let conn = db::Conn::from_db(db::restore(storage()).unwrap().unwrap());
    conn.transact(&edn::read("[[:db/add 4 :nick \"4\"]]").unwrap()).unwrap();
    conn.db().check_storage().unwrap();
    assert_eq!(conn.db().get(4, &Value::keyword("nick")), Some(Value::from("4")));
    assert_eq!(conn.db().len(), examples().0.len());
    let text = db::serializable(&conn.db()).unwrap();
    assert!(db::from_serializable(&text).unwrap() == conn.db());
    let first = conn.db().filter(Arc::new(|_, d| d.e == 1));
    let text = db::serializable(&first).unwrap();
    assert!(db::from_serializable(&text).unwrap() == first);
    std::fs::remove_dir_all(folder).unwrap();
}
