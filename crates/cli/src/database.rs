//! A project's database: opened from its log, changed through its log.
//!
//! A change is in the log and flushed to disk before it is acknowledged. One process writes at a time; readers need no
//! permission. In the log an entity is named by its birth: the transaction that made it, and a number.

use crate::log::{self, Damage, Transaction};
use crate::place::{Place, author, cannot_write};
use crate::problem::{Outcome, Problem};
use db::{Datom, Db, EntityId, EntityRef, Index, Op, OpValue, Prefix, TX0, Unique};
use edn::{Inst, Map, Symbol, Tagged, Uuid, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

const TAG: &str = "db/birth";

/// Who an entity is in every copy of the log.
type Birth = (Uuid, u32);

/// What a log comes to.
struct State {
    db: Db,
    born: HashMap<Birth, EntityId>,
    birth_of: HashMap<EntityId, Birth>,
    last: Option<Uuid>,
    /// The transactions that are nobody's parents.
    heads: BTreeSet<Uuid>,
    parents: HashMap<Uuid, Vec<Uuid>>,
    /// The transactions in the order they were applied: the first is transaction 1 of the database.
    ids: Vec<Uuid>,
    /// How many bytes of the log count.
    end: usize,
}

/// A database that can be changed.
pub(crate) struct Database {
    state: State,
    log: File,
    path: PathBuf,
    _lock: File,
}

/// The database of a place, to be read.
pub(crate) fn read(place: &Place) -> Outcome<Db> {
    let text = text_of(&place.log())?;
    let state = replayed(&text, &place.log())?;
    if state.end < text.trim_end().len() {
        crate::output::note(
            "note: the log's end never became a transaction; `defbase doctor` says more",
        );
    }
    Ok(state.db)
}

/// A file's text; what is no UTF-8 is found as damage by its line.
pub(crate) fn text_of(path: &Path) -> Outcome<String> {
    let bytes = fs::read(path)
        .map_err(|e| Problem::new(format!("cannot read {}", path.display())).because(&e))?;
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

/// What is wrong with the middle of a log, as one problem.
fn damaged(path: &Path, damage: &[Damage]) -> Problem {
    let first = &damage[0];
    Problem::new(format!("{}:{}: {}", path.display(), first.line, first.message))
        .help("`defbase doctor` shows all that is wrong and what can be saved")
}

/// Replays a log.
fn replayed(text: &str, path: &Path) -> Outcome<State> {
    let log::Read { transactions, end, damage } = log::read(text);
    if !damage.is_empty() {
        return Err(damaged(path, &damage));
    }
    replay(&transactions, end)
}

/// What transactions come to, one after the other.
fn replay(transactions: &[Transaction], end: usize) -> Outcome<State> {
    let db = ::code::model::empty_db()
        .map_err(|e| Problem::new("the schema of code databases is broken").because(&e))?;
    let (born, birth_of) = (HashMap::new(), HashMap::new());
    let (heads, parents, ids) = (BTreeSet::new(), HashMap::new(), Vec::new());
    let mut state = State { db, born, birth_of, last: None, heads, parents, ids, end };
    for transaction in transactions {
        state.apply(transaction).map_err(|problem| {
            Problem::new(format!("transaction {} cannot be replayed", transaction.id))
                .because(&problem)
                .help("`defbase doctor` shows what can be saved")
        })?;
    }
    Ok(state)
}

impl State {
    fn apply(&mut self, transaction: &Transaction) -> Outcome<()> {
        let parents = transaction.parents();
        let saw_all = self.heads.iter().all(|head| parents.contains(head));
        let first = self.db.max_eid() + 1;
        let births = self.births(transaction, saw_all)?;
        let mut ops = Vec::new();
        for entity in &transaction.entities {
            let map = entity.as_map().ok_or_else(|| unexpected(entity))?;
            let id = map.get_keyword("db/id").ok_or_else(|| unexpected(entity))?;
            let e = self.entity(id, &births)?;
            for (attribute, value) in map.iter() {
                if attribute.is_keyword("db/retract") {
                    let gone = value.as_map().ok_or_else(|| unexpected(value))?;
                    for (attribute, value) in gone.iter() {
                        self.push_ops(&mut ops, e, attribute, value, &births, false)?;
                    }
                } else if !attribute.is_keyword("db/id") {
                    self.push_ops(&mut ops, e, attribute, value, &births, true)?;
                }
            }
        }
        for key in ["db/txInstant", "tx/author"] {
            if let Some(value) = transaction.commit.as_map().and_then(|m| m.get_keyword(key)) {
                ops.push(about_itself(key, value.clone()));
            }
        }
        // What was retracted comes first: an attribute's old value gives way to its new one.
        ops.sort_by_key(|op| op.added);
        if !saw_all {
            ops.retain(|op| !self.is_taken(op));
        }
        let report = self.db.with_ops(&ops, Value::Nil).map_err(|e| Problem::new(e.to_string()))?;
        for (birth, e) in births {
            let e = match e {
                EntityRef::Id(e) => e,
                EntityRef::New(number) => first + number,
                EntityRef::Tx => continue,
            };
            self.born.insert(birth, e);
            self.birth_of.entry(e).or_insert(birth);
        }
        self.advance(report.db_after, transaction.id);
        for parent in &parents {
            self.heads.remove(parent);
        }
        self.heads.insert(transaction.id);
        self.parents.insert(transaction.id, parents);
        Ok(())
    }

    /// Who is born in a transaction. What somebody else has made meanwhile under the same identity is the same entity.
    fn births(
        &self,
        transaction: &Transaction,
        saw_all: bool,
    ) -> Outcome<HashMap<Birth, EntityRef>> {
        let mut own: BTreeMap<u32, &Map> = BTreeMap::new();
        for entity in &transaction.entities {
            let map = entity.as_map().ok_or_else(|| unexpected(entity))?;
            let name = map.get_keyword("db/id").ok_or_else(|| unexpected(entity))?;
            let (id, number) = birth(name)?;
            if id == transaction.id {
                own.insert(number, map);
            }
        }
        let seen = if saw_all { HashSet::new() } else { self.past(transaction) };
        let (mut births, mut new) = (HashMap::new(), 0);
        for (number, map) in own {
            let twin = if saw_all { None } else { self.twin(map, &seen) };
            let e = twin.map_or(EntityRef::New(new), EntityRef::Id);
            new += u32::from(twin.is_none());
            births.insert((transaction.id, number), e);
        }
        Ok(births)
    }

    /// All transactions that the author of one had seen.
    fn past(&self, transaction: &Transaction) -> HashSet<Uuid> {
        let (mut seen, mut open) = (HashSet::new(), transaction.parents());
        while let Some(id) = open.pop() {
            if seen.insert(id) {
                open.extend(self.parents.get(&id).into_iter().flatten());
            }
        }
        seen
    }

    /// The entity that has the same unique identity, given to it by somebody unseen.
    fn twin(&self, map: &Map, seen: &HashSet<Uuid>) -> Option<EntityId> {
        map.iter().find_map(|(attribute, value)| {
            let a = self.db.attr(attribute)?;
            (self.db.schema().get(a).unique() == Some(Unique::Identity)).then_some(())?;
            let v = self.db.cell(value)?;
            let e = self.db.entity_with(a, v)?;
            let prefix = Prefix { e: Some(e), a: Some(a), v: Some(v), tx: None };
            let given = self.db.scan(Index::Eavt, &prefix).next()?.tx;
            let id = self.ids.get(usize::try_from(given - TX0).ok()?.checked_sub(1)?)?;
            (!seen.contains(id)).then_some(e)
        })
    }

    /// Whether an operation gives an entity a unique value that another one has.
    fn is_taken(&self, op: &Op) -> bool {
        let (OpValue::Value(value), EntityRef::Id(e), true) = (&op.v, op.e, op.added) else {
            return false;
        };
        let owner = self.db.attr(&op.a).filter(|a| self.db.schema().get(*a).unique().is_some());
        let owner = owner.and_then(|a| self.db.entity_with(a, self.db.cell(value)?));
        owner.is_some_and(|owner| owner != e)
    }

    /// Takes the database after a transaction.
    fn advance(&mut self, db: Db, id: Uuid) {
        self.db = db;
        self.last = self.last.max(Some(id));
        self.ids.push(id);
    }

    fn push_ops(
        &self,
        ops: &mut Vec<Op>,
        e: EntityRef,
        attribute: &Value,
        value: &Value,
        births: &HashMap<Birth, EntityRef>,
        added: bool,
    ) -> Outcome<()> {
        let values = value.as_vector().unwrap_or(std::slice::from_ref(value));
        for value in values {
            let v = match value {
                Value::Tagged(_) => OpValue::Entity(self.entity(value, births)?),
                _ => OpValue::Value(value.clone()),
            };
            ops.push(Op { e, a: attribute.clone(), v, added });
        }
        Ok(())
    }

    fn entity(&self, name: &Value, births: &HashMap<Birth, EntityRef>) -> Outcome<EntityRef> {
        let birth = birth(name)?;
        let known = self.born.get(&birth).map(|e| EntityRef::Id(*e));
        known
            .or_else(|| births.get(&birth).copied())
            .ok_or_else(|| Problem::new(format!("nothing was born as {name}")))
    }

    fn name(&self, e: EntityId, own: Uuid, first: EntityId) -> Value {
        let (id, number) = match self.birth_of.get(&e) {
            Some(birth) => *birth,
            None => (own, e.saturating_sub(first)),
        };
        let value = Value::vector(vec![Value::Uuid(id), Value::Int(i64::from(number))]);
        Value::Tagged(Arc::new(Tagged { tag: Symbol::parse(TAG), value }))
    }

    /// What a transaction did, entity by entity, as the log says it.
    fn described(&self, db: &Db, datoms: &[Datom], own: Uuid, first: EntityId) -> Vec<Value> {
        let mut order: Vec<EntityId> = Vec::new();
        let mut of: HashMap<EntityId, [Map; 2]> = HashMap::new();
        for datom in datoms.iter().filter(|d| d.e < TX0) {
            let maps = of.entry(datom.e).or_insert_with(|| {
                order.push(datom.e);
                [Map::new(), Map::new()]
            });
            let attribute = db.attr_name(datom.a);
            let value = match datom.v.as_entity() {
                Some(target) if db.schema().get(datom.a).is_ref() => self.name(target, own, first),
                _ => db.value(datom.v),
            };
            let map = &mut maps[usize::from(datom.added)];
            let value = match map.get(attribute) {
                None if value.as_vector().is_some() => Value::vector(vec![value]),
                None => value,
                Some(one_or_more) => {
                    let mut values = match one_or_more.as_vector() {
                        Some(more) => more.to_vec(),
                        None => vec![one_or_more.clone()],
                    };
                    values.push(value);
                    Value::vector(values)
                }
            };
            map.insert(attribute.clone(), value);
        }
        let entity = |e: EntityId| {
            let [gone, mut come] = of.remove(&e).unwrap_or_default();
            come.insert(Value::keyword("db/id"), self.name(e, own, first));
            if !gone.is_empty() {
                come.insert(Value::keyword("db/retract"), Value::Map(gone));
            }
            Value::Map(come)
        };
        order.into_iter().map(entity).collect()
    }
}

/// Reads `#db/birth [#uuid "…" n]`.
fn birth(name: &Value) -> Outcome<Birth> {
    let Value::Tagged(tagged) = name else { return Err(unexpected(name)) };
    match tagged.value.as_vector() {
        Some([Value::Uuid(id), Value::Int(number)]) if tagged.tag.as_str() == TAG => {
            Ok((*id, u32::try_from(*number).map_err(|_| unexpected(name))?))
        }
        _ => Err(unexpected(name)),
    }
}

fn unexpected(value: &Value) -> Problem {
    let text: String = value.to_string().chars().take(80).collect();
    Problem::new(format!("the log says something unexpected: {text}"))
}

fn about_itself(key: &str, value: Value) -> Op {
    Op { e: EntityRef::Tx, a: Value::keyword(key), v: OpValue::Value(value), added: true }
}

impl Database {
    /// Makes an empty database.
    pub(crate) fn create(place: &Place) -> Outcome<Database> {
        place.prepare()?;
        let path = place.log();
        File::create_new(&path)
            .and_then(|file| file.sync_all())
            .map_err(|e| cannot_write(&path, &e))?;
        flush_folder(&path)?;
        Database::open(place)
    }

    /// Opens a database to be changed. What is torn at the log's end is set aside.
    pub(crate) fn open(place: &Place) -> Outcome<Database> {
        let path = place.log();
        let lock_path = path.with_file_name("write.lock");
        let lock = OpenOptions::new().create(true).append(true).open(&lock_path);
        let lock = lock.map_err(|e| cannot_write(&lock_path, &e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Problem::new(format!(
                    "another defbase is writing to {}",
                    path.display()
                ))
                .help("wait until it is done, and try again; reading goes on meanwhile"));
            }
            Err(TryLockError::Error(e)) => return Err(cannot_write(&lock_path, &e)),
        }
        let bytes = fs::read(&path)
            .map_err(|e| Problem::new(format!("cannot read {}", path.display())).because(&e))?;
        let state = replayed(&String::from_utf8_lossy(&bytes), &path)?;
        let log =
            OpenOptions::new().append(true).open(&path).map_err(|e| cannot_write(&path, &e))?;
        if state.end < bytes.len() {
            set_aside(&path, &bytes[state.end..])?;
            log.set_len(state.end as u64)
                .and_then(|()| log.sync_all())
                .map_err(|e| cannot_write(&path, &e))?;
        }
        Ok(Database { state, log, path, _lock: lock })
    }

    /// The database as it is.
    pub(crate) fn db(&self) -> Db {
        self.state.db.clone()
    }

    /// Changes the database; when this returns, the change is on disk.
    pub(crate) fn transact(&mut self, ops: &[Op]) -> Outcome<()> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Inst(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        let mut about = vec![(Value::keyword("db/txInstant"), Value::Inst(now))];
        about.extend(author().map(|name| (Value::keyword("tx/author"), Value::string(name))));
        let mut ops = ops.to_vec();
        for (key, value) in &about {
            let key = key.as_keyword().map_or("", |k| k.as_str());
            ops.push(about_itself(key, value.clone()));
        }
        let state = &self.state;
        let report = state
            .db
            .with_ops(&ops, Value::Nil)
            .map_err(|e| Problem::new("the change was refused").because(&e))?;
        let (id, first) = (log::new_id(state.last), state.db.max_eid() + 1);
        let parents = state.heads.iter().copied().map(Value::Uuid).collect();
        about.push((Value::keyword("tx/parents"), Value::vector(parents)));
        let entities = state.described(&report.db_after, &report.tx_data, id, first);
        let text = log::written(id, &entities, about);
        self.log
            .write_all(text.as_bytes())
            .and_then(|()| self.log.sync_data())
            .map_err(|e| cannot_write(&self.path, &e))?;
        for e in first..=report.db_after.max_eid() {
            self.state.born.insert((id, e - first), e);
            self.state.birth_of.insert(e, (id, e - first));
        }
        self.state.advance(report.db_after, id);
        let parents = std::mem::replace(&mut self.state.heads, BTreeSet::from([id]));
        self.state.parents.insert(id, parents.into_iter().collect());
        self.state.end += text.len();
        Ok(())
    }
}

/// Keeps what is cut off a log in a file beside it.
fn set_aside(log: &Path, tail: &[u8]) -> Outcome<()> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let aside = log.with_file_name(format!("torn-{}.tmp", since.as_millis()));
    File::create_new(&aside)
        .and_then(|mut file| file.write_all(tail).and_then(|()| file.sync_all()))
        .map_err(|e| cannot_write(&aside, &e))?;
    crate::output::note(&format!(
        "note: the log's end was torn; {} bytes that never became a transaction are now in {}",
        tail.len(),
        aside.display()
    ));
    Ok(())
}

/// A single-valued attribute that two transactions, neither of which saw the other, set to different values.
pub(crate) struct Conflict {
    /// The entity.
    pub(crate) entity: EntityId,
    /// The attribute.
    pub(crate) attribute: Value,
    /// The value that does not hold.
    pub(crate) earlier: Value,
    /// The value that holds.
    pub(crate) later: Value,
}

/// Attributes that follow from others: where they differ, the others do.
const DERIVED: [&str; 7] = [
    "statement/hash",
    "statement/normal-hash",
    "statement/line-count",
    "statement/created-at",
    "statement/modified-at",
    "file/hash",
    "file/facts-hash",
];

/// What two sides of a merge said against each other and nobody has settled since; and the database.
pub(crate) fn conflicts(transactions: &[Transaction]) -> Outcome<(Db, Vec<Conflict>)> {
    let state = replay(transactions, 0)?;
    let mut said: HashMap<(EntityId, &Value), Vec<(Uuid, &Value)>> = HashMap::new();
    let linear = transactions.windows(2).all(|pair| pair[1].parents() == [pair[0].id]);
    for transaction in transactions.iter().filter(|_| !linear) {
        let seen = state.past(transaction);
        for map in transaction.entities.iter().filter_map(Value::as_map) {
            let Some(e) = map.get_keyword("db/id").and_then(|id| birth(id).ok()) else { continue };
            let Some(e) = state.born.get(&e).copied() else { continue };
            for (attribute, value) in map.iter() {
                let schema = state.db.schema().attribute(attribute);
                let skipped = DERIVED.iter().any(|name| attribute.is_keyword(name));
                if skipped || schema.is_none_or(|a| a.is_many() || a.is_ref()) {
                    continue;
                }
                // What the author had seen, the new value settles.
                let values = said.entry((e, attribute)).or_default();
                values.retain(|(id, other)| !seen.contains(id) && *other != value);
                values.push((transaction.id, value));
            }
        }
    }
    let mut found: Vec<Conflict> = Vec::new();
    for ((entity, attribute), values) in said {
        let Some(((_, later), others)) = values.split_last() else { continue };
        found.extend(others.iter().map(|(_, earlier)| Conflict {
            entity,
            attribute: attribute.clone(),
            earlier: (*earlier).clone(),
            later: (*later).clone(),
        }));
    }
    found.sort_by(|a, b| {
        (a.entity, &a.attribute, &a.earlier).cmp(&(b.entity, &b.attribute, &b.earlier))
    });
    Ok((state.db, found))
}

/// Whether transactions can be replayed, all of them.
pub(crate) fn check(transactions: &[Transaction]) -> Outcome<Db> {
    Ok(replay(transactions, 0)?.db)
}

/// Writes transactions, in the order of their ids, as a new log that is there whole or not at all.
pub(crate) fn write_copy(transactions: &[Transaction], to: &Path) -> Outcome<()> {
    let failed = |e: std::io::Error| cannot_write(to, &e);
    let beside = to.with_extension("edn.tmp");
    let mut file = File::create(&beside).map_err(failed)?;
    for transaction in transactions {
        file.write_all(transaction.text.as_bytes()).map_err(failed)?;
    }
    file.sync_all().map_err(failed)?;
    fs::rename(&beside, to).map_err(failed)?;
    flush_folder(to)
}

/// Makes a new file's name as durable as its content.
fn flush_folder(file: &Path) -> Outcome<()> {
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| cannot_write(folder, &e))
}
