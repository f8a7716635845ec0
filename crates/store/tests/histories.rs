//! Laws over histories made at random: several clones transact, change the schema, fork and merge, and are opened again with their
//! caches.
#![allow(clippy::unwrap_used)]

use db::{Index, Prefix};
use edn::{Map, Value};
use proptest::prelude::*;
use proptest::sample::Index as Pick;
use std::fmt::Display;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use store::{Connection, Replayed, Replica, TxInfo, encode_snapshot, inspect, load, open_cached};

const CLONES: usize = 3;

const SCHEMA: &str = "{:name {:db/unique :db.unique/identity}
                       :mail {:db/unique :db.unique/identity}
                       :code {:db/unique :db.unique/value}
                       :tag {:db/cardinality :db.cardinality/many}
                       :friend {:db/valueType :db.type/ref}
                       :friends {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
                       :part {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many
                              :db/isComponent true}
                       :pair {:db/tupleAttrs [:friend :age]}
                       :key {:db/tupleAttrs [:kind :friend] :db/unique :db.unique/identity}}";

/// Schemas that clones may add, also at once.
const MORE_SCHEMA: [&str; 10] = [
    "{:age {:db/index true}}",
    "{:note {:db/cardinality :db.cardinality/many}}",
    "{:title {:db/unique :db.unique/identity}}",
    "{:name {:db/doc \"a name\"}}",
    "{:age {:db/doc \"years\"} :tag {:db/index true}}",
    "{:boss {:db/valueType :db.type/ref}}",
    "{:boss {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many}}",
    "{:age {:db/cardinality :db.cardinality/many}}",
    "{:duo {:db/tupleAttrs [:age :note]}}",
    "{:duo {:db/tupleAttrs [:note :boss] :db/unique :db.unique/value}}",
];

/// An entity: one that is there, one by an identity, a new one, or a number nobody gave.
#[derive(Clone, Debug)]
enum Who {
    There(Pick),
    Named(&'static str, u8),
    New(u8),
    Number(u8),
    Transaction,
}

#[derive(Clone, Debug)]
enum Form {
    Add(Who, &'static str, u8),
    Refer(Who, &'static str, Who),
    Retract(Who, &'static str, Option<u8>),
    RetractEntity(Who),
    Map(Who, Vec<(&'static str, u8)>),
    Again(Pick),
    RetractFact(Pick),
}

#[derive(Clone, Debug)]
enum Step {
    Transact(usize, Vec<Form>),
    Schema(usize, usize),
    Merge(usize, usize),
    /// Opened again with its cache; or its cache is looked at while it is open.
    Open(usize),
    Look(usize),
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        4 => any::<Pick>().prop_map(Who::There),
        4 => (prop_oneof![Just("name"), Just("mail")], 0..4u8).prop_map(|(a, v)| Who::Named(a, v)),
        3 => (0..3u8).prop_map(Who::New),
        1 => (1..40u8).prop_map(Who::Number),
        1 => Just(Who::Transaction),
    ]
}

fn plain() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["name", "mail", "code", "tag", "age", "note", "title", "kind"])
}

fn reference() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["friend", "friends", "part", "boss"])
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        4 => (who(), plain(), 0..4u8).prop_map(|(e, a, v)| Form::Add(e, a, v)),
        3 => (who(), reference(), who()).prop_map(|(e, a, v)| Form::Refer(e, a, v)),
        2 => (who(), prop_oneof![plain(), reference()], prop::option::of(0..4u8))
            .prop_map(|(e, a, v)| Form::Retract(e, a, v)),
        1 => who().prop_map(Form::RetractEntity),
        4 => (who(), prop::collection::vec((plain(), 0..4u8), 1..4))
            .prop_map(|(e, facts)| Form::Map(e, facts)),
        2 => any::<Pick>().prop_map(Form::Again),
        2 => any::<Pick>().prop_map(Form::RetractFact),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (0..CLONES, prop::collection::vec(form(), 1..5)).prop_map(|(c, f)| Step::Transact(c, f)),
        1 => (0..CLONES, 0..MORE_SCHEMA.len()).prop_map(|(c, s)| Step::Schema(c, s)),
        2 => (0..CLONES, 0..CLONES).prop_map(|(to, from)| Step::Merge(to, from)),
        3 => (0..CLONES).prop_map(Step::Open),
        1 => (0..CLONES).prop_map(Step::Look),
    ]
}

fn value(a: &str, v: u8) -> Value {
    match a {
        "age" => Value::Int(i64::from(v)),
        _ => Value::string(format!("{v}")),
    }
}

fn entity(db: &db::Db, who: &Who) -> Value {
    match who {
        Who::There(pick) => match db.max_eid() {
            0 => Value::Int(-9),
            max => Value::Int(pick.index(max as usize) as i64 + 1),
        },
        Who::Named(a, v) => Value::vector(vec![Value::keyword(a), value(a, *v)]),
        Who::New(n) => Value::Int(-1 - i64::from(*n)),
        Who::Number(n) => Value::Int(i64::from(*n)),
        Who::Transaction => Value::keyword("db/current-tx"),
    }
}

fn any_fact(db: &db::Db, pick: &Pick) -> Option<db::Datom> {
    let facts: Vec<db::Datom> =
        db.scan(Index::Eavt, &Prefix::default()).filter(|d| d.e < db::TX0).collect();
    (!facts.is_empty()).then(|| *pick.get(&facts))
}

fn tx_data(db: &db::Db, form: &Form) -> Value {
    let k = Value::keyword;
    let fact = |op: &str, pick: &Pick| match any_fact(db, pick) {
        Some(d) => {
            vec![k(op), Value::from(d.e), db.attr_name(d.a).clone(), db.value(d.v)]
        }
        None => vec![k(op), Value::Int(-1), k("age"), Value::Int(0)],
    };
    Value::vector(match form {
        Form::Add(e, a, v) => vec![k("db/add"), entity(db, e), k(a), value(a, *v)],
        Form::Refer(e, a, v) => vec![k("db/add"), entity(db, e), k(a), entity(db, v)],
        Form::Retract(e, a, None) => vec![k("db.fn/retractAttribute"), entity(db, e), k(a)],
        Form::Retract(e, a, Some(v)) => vec![k("db/retract"), entity(db, e), k(a), value(a, *v)],
        Form::RetractEntity(e) => vec![k("db/retractEntity"), entity(db, e)],
        Form::Map(e, facts) => {
            let mut map: Map = [(k("db/id"), entity(db, e))].into_iter().collect();
            for (a, v) in facts {
                map.insert(k(a), value(a, *v));
            }
            return Value::Map(map);
        }
        Form::Again(pick) => fact("db/add", pick),
        Form::RetractFact(pick) => fact("db/retract", pick),
    })
}

fn schema_of(text: &str) -> Map {
    edn::read(text).unwrap().as_map().unwrap().clone()
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

fn loaded(bytes: &[u8]) -> Replayed {
    load(bytes, Path::new("log"))
        .unwrap_or_else(|e| panic!("{e}\n{}", String::from_utf8_lossy(bytes)))
}

/// A state is what replay of its log gives.
fn is_as_replayed(live: &Replayed, log: &[u8], after: &dyn Display) {
    let read = loaded(log);
    let told = || format!("after {after}\n{}", String::from_utf8_lossy(log));
    assert_eq!(encode_snapshot(live), encode_snapshot(&read), "{}", told());
    assert_eq!(live.conflicts(), read.conflicts(), "{}", told());
    assert_eq!(live.db.max_eid(), read.db.max_eid(), "{}", told());
    assert!(live.db.check_storage().is_ok(), "{}", told());
}

/// All that is and was true, in every order.
fn facts(db: &db::Db) -> Vec<String> {
    let views = [db.clone(), db.history()];
    let scan = |db: &db::Db, index| -> Vec<String> {
        db.scan(index, &Prefix::default()).map(|d| db.datom_string(&d)).collect()
    };
    let indexes = [Index::Eavt, Index::Aevt, Index::Avet];
    views.iter().flat_map(|db| indexes.iter().flat_map(|index| scan(db, *index))).collect()
}

/// The clones of one history, each with its log open, and somebody who follows it.
struct Clones {
    logs: Vec<PathBuf>,
    caches: Vec<PathBuf>,
    open: Vec<Option<Connection>>,
    following: Vec<Replica>,
}

impl Clones {
    fn start(folder: &Path) -> Clones {
        let logs: Vec<PathBuf> =
            (0..CLONES).map(|i| folder.join(format!("clone-{i}.edn"))).collect();
        drop(Connection::create(&logs[0], &schema_of(SCHEMA), &TxInfo::default()).unwrap());
        for log in &logs[1..] {
            std::fs::copy(&logs[0], log).unwrap();
        }
        let open = logs.iter().map(|log| Some(Connection::open(log).unwrap())).collect();
        let following = logs.iter().map(|log| Replica::open(log).unwrap()).collect();
        let caches = (0..CLONES).map(|i| folder.join(format!("cache-{i}"))).collect();
        Clones { logs, caches, open, following }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Transact(clone, forms) => {
                let connection = self.open[*clone].as_ref().unwrap();
                let before = read(&self.logs[*clone]);
                let db = connection.db();
                let data = Value::vector(forms.iter().map(|f| tx_data(&db, f)).collect());
                match connection.transact(&data, &TxInfo::default()) {
                    Ok(report) => {
                        self.is_as_reloaded(*clone, &report, &data);
                        assert!(self.following[*clone].catch_up().unwrap());
                        self.is_followed(*clone);
                    }
                    Err(store::StoreError::Transaction(_)) => {
                        assert_eq!(before, read(&self.logs[*clone]));
                    }
                    Err(error) => panic!("{error} in {data}"),
                }
            }
            Step::Schema(clone, which) => {
                let schema = schema_of(MORE_SCHEMA[*which]);
                let connection = self.open[*clone].as_ref().unwrap();
                // A unique attribute with values that are not is refused.
                let _ = connection.change_schema(&schema, &TxInfo::default());
            }
            Step::Merge(to, from) => {
                let released = self.open[*to].take().unwrap().release().unwrap();
                let merged = [read(&self.logs[*to]), read(&self.logs[*from])].concat();
                std::fs::write(&self.logs[*to], merged).unwrap();
                let connection = released.connect().unwrap();
                is_as_replayed(&connection.state(), &read(&self.logs[*to]), &"merged");
                self.open[*to] = Some(connection);
                self.following[*to].catch_up().unwrap();
                self.is_followed(*to);
            }
            Step::Open(clone) => {
                self.open[*clone] = None;
                self.reopen(*clone);
            }
            Step::Look(clone) => {
                let opened = open_cached(&self.logs[*clone], &self.caches[*clone]).unwrap();
                let read = loaded(&read(&self.logs[*clone]));
                assert_eq!(facts(&opened.db), facts(&read.db));
            }
        }
    }

    /// Whoever follows a log has what reading it gives.
    fn is_followed(&self, clone: usize) {
        is_as_replayed(self.following[clone].state(), &read(&self.logs[clone]), &"caught up");
    }

    /// What is opened with a cache is what is replayed.
    fn reopen(&mut self, clone: usize) {
        let log = &self.logs[clone];
        let connection = Connection::open_cached(log, &self.caches[clone]).unwrap();
        is_as_replayed(&connection.state(), &read(log), &"opened again");
        self.open[clone] = Some(connection);
    }

    fn is_as_reloaded(&self, clone: usize, report: &db::TxReport, data: &Value) {
        let connection = self.open[clone].as_ref().unwrap();
        let bytes = read(&self.logs[clone]);
        let told = || format!("after {data}\n{}", String::from_utf8_lossy(&bytes));
        is_as_replayed(&connection.state(), &bytes, data);
        for d in report.tx_data.iter().filter(|d| d.added) {
            let still = report.db_after.values(d.e, d.a).any(|x| x.v == d.v);
            let again =
                report.tx_data.iter().any(|x| !x.added && (x.e, x.a, x.v) == (d.e, d.a, d.v));
            assert!(still || again, "{} {}", report.db_after.datom_string(d), told());
        }
    }

    /// All lines that any clone has.
    fn union(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for log in &self.logs {
            lines.extend(String::from_utf8(read(log)).unwrap().lines().map(str::to_string));
        }
        lines
    }
}

fn text(lines: &[String]) -> Vec<u8> {
    (lines.join("\n") + "\n").into_bytes()
}

/// A snapshot gives back the log it was made of, and what is known of it.
fn is_restored(folder: &Path, whole: &Replayed, log: &[u8]) {
    let (snapshot, again) = (folder.join("snapshot.edn"), folder.join("again.edn"));
    store::write_snapshot(whole, &snapshot).unwrap();
    let told = |e| panic!("{e}\n{}", String::from_utf8_lossy(log));
    let restored = store::restore(&snapshot, &again).unwrap_or_else(told);
    assert_eq!(restored.conflicts(), whole.conflicts());
    assert_eq!(store::read_snapshot(&snapshot).unwrap().conflicts(), whole.conflicts());
    let (sorted, _) = inspect(log).salvage(log);
    assert_eq!(String::from_utf8(read(&again)).unwrap(), String::from_utf8(sorted).unwrap());
}

/// A log that is damaged somewhere.
fn damaged(lines: &[String], at: &Pick, how: u8) -> Vec<u8> {
    let mut lines = lines.to_vec();
    let at = at.index(lines.len());
    match how % 3 {
        0 => {
            lines.remove(at);
        }
        1 => lines[at] = lines[at].replace("name", "game").replace(":tx/lines", ":tx/limes"),
        _ => lines.insert(at, "<<<<<<< ours".to_string()),
    }
    text(&lines)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 4))]

    #[test]
    fn clones_that_know_the_same_are_the_same(
        steps in prop::collection::vec(step(), 1..40),
        seed in any::<u64>(),
        at in any::<Pick>(),
        how in any::<u8>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut clones = Clones::start(folder.path());
        for step in &steps {
            clones.take(step);
        }
        let lines = clones.union();
        let whole = loaded(&text(&lines));
        let snapshot = encode_snapshot(&whole);
        for other in [shuffled(&lines, seed), [lines.clone(), lines.clone()].concat()] {
            let read = loaded(&text(&other));
            prop_assert_eq!(&encode_snapshot(&read), &snapshot);
            prop_assert_eq!(read.conflicts(), whole.conflicts());
        }
        is_restored(folder.path(), &whole, &text(&lines));
        let broken = damaged(&lines, &at, how);
        let (saved, count) = inspect(&broken).salvage(&broken);
        let read = inspect(&saved);
        prop_assert!(read.damage.is_empty());
        prop_assert_eq!(read.whole(), count);
        loaded(&saved);
    }
}

/// Lines in an order that a number makes up.
fn shuffled(lines: &[String], seed: u64) -> Vec<String> {
    let place = |line: &String| {
        let mut hasher = DefaultHasher::new();
        (seed, line).hash(&mut hasher);
        hasher.finish()
    };
    let mut lines = lines.to_vec();
    lines.sort_by_key(place);
    lines
}
