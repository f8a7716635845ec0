//! A database whose transactions are on disk before they are acknowledged.
//!
//! A transaction is made against the newest database, written, flushed, and only then visible and acknowledged. Making
//! and writing happen in turns; flushing is shared: writers that wait together are served by one flush. When a write
//! or flush fails nothing more is accepted, for what the disk holds is not known any more.

use crate::conflicts::{Conflict, Conflicts, SCHEMA, Topic};
use crate::encode::{Encoded, Said, encode};
use crate::error::StoreError;
use crate::file::LogFile;
use crate::files::{Files, System};
use crate::read::inspect;
use crate::replay::{Outcome, Replayed};
use crate::replica::Replica;
use crate::step::touched_by;
use crate::writable::{check, check_length, check_schema};
use db::{AttrId, Cell, Datom, Db, EntityId, EntityRef, Listener, Op, OpValue, Schema, TxReport};
use edn::{Inst, Map, Uuid, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::UNIX_EPOCH;

/// What is said about a transaction.
#[derive(Clone, Debug, Default)]
pub struct TxInfo {
    /// Who does it.
    pub author: Option<String>,
    /// What it is for.
    pub message: Option<String>,
    /// When; now where not given.
    pub inst: Option<Inst>,
}

/// See the module.
pub struct Connection {
    /// All transactions that are on disk.
    shown: RwLock<Db>,
    listeners: Mutex<Vec<(Value, Listener)>>,
    file: LogFile,
    writing: Mutex<Writing>,
    flushing: Mutex<Flushing>,
    flushed: Condvar,
    set_aside: Option<PathBuf>,
}

/// The newest state, which may not be on disk yet.
struct Writing {
    state: Replayed,
    last: Uuid,
    /// How many transactions have been written.
    written: u64,
}

#[derive(Default)]
struct Flushing {
    /// How many transactions are on disk.
    done: u64,
    busy: bool,
    failed: Option<String>,
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic while one of these is held leaves it as it was: changes are made in one assignment at the end.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connection {
    /// Makes a new log with this schema.
    pub fn create(path: &Path, schema: &Map, info: &TxInfo) -> Result<Connection, StoreError> {
        Connection::create_on(System::shared(), path, schema, info)
    }

    /// The same on other files than the system's.
    pub fn create_on(
        files: Arc<dyn Files>,
        path: &Path,
        schema: &Map,
        info: &TxInfo,
    ) -> Result<Connection, StoreError> {
        let state = Replayed::empty()?;
        // Before the file is there: a schema that is refused leaves nothing behind.
        let changed = merged(state.db.schema(), schema)?;
        check_schema(&state.db, &changed, &new_properties(&state, schema))?;
        let file = LogFile::open(&files, path, true)?;
        file.is_flushed();
        let connection = Connection::over(file, state, None);
        if let Err(error) = connection.change_schema(schema, info) {
            // A log that says nothing would be in the way of the next try.
            let _ = connection.file.files().remove(path);
            return Err(error);
        }
        Ok(connection)
    }

    /// Opens a log for writing. A torn end is cut off and set aside.
    pub fn open(path: &Path) -> Result<Connection, StoreError> {
        Connection::open_on(System::shared(), path)
    }

    /// The same on other files than the system's.
    pub fn open_on(files: Arc<dyn Files>, path: &Path) -> Result<Connection, StoreError> {
        Replica::on(files, path)?.connect()
    }

    /// The same, out of a cache as far as that has the log; where it has nothing of it, it has all of it afterwards. So opening
    /// costs what was not cached yet, however long the log is.
    ///
    /// ```
    /// use store::{Connection, TxInfo};
    /// let folder = tempfile::tempdir().unwrap();
    /// let (log, cache) = (folder.path().join("log.edn"), folder.path().join("cache"));
    /// Connection::create(&log, &edn::Map::new(), &TxInfo::default()).unwrap();
    /// for name in ["Ivan", "Oleg"] {
    ///     let connection = Connection::open_cached(&log, &cache).unwrap();
    ///     let tx = edn::read(&format!("[{{:name \"{name}\"}}]")).unwrap();
    ///     connection.transact(&tx, &TxInfo::default()).unwrap();
    /// }
    /// assert_eq!(Connection::open_cached(&log, &cache).unwrap().db().max_eid(), 2);
    /// ```
    pub fn open_cached(path: &Path, cache: &Path) -> Result<Connection, StoreError> {
        Replica::cached(path, cache)?.connect()
    }

    /// Lets go of the log, so that others can write. What goes on from here knows all that this connection wrote.
    pub fn release(self) -> Result<Replica, StoreError> {
        self.check()?;
        let writing = self.writing.into_inner().unwrap_or_else(PoisonError::into_inner);
        let is_flushed = held(&self.flushing).done == writing.written;
        Replica::left(&self.file, writing.state, is_flushed)
    }

    pub(crate) fn over(file: LogFile, state: Replayed, set_aside: Option<PathBuf>) -> Connection {
        let last = state.heads.last().copied().unwrap_or(Uuid::nil());
        Connection {
            shown: RwLock::new(state.db.clone()),
            listeners: Mutex::default(),
            file,
            writing: Mutex::new(Writing { state, last, written: 0 }),
            flushing: Mutex::default(),
            flushed: Condvar::new(),
            set_aside,
        }
    }

    /// The database: all transactions that are on disk.
    pub fn db(&self) -> Db {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the torn end of the log was put when it was opened.
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// The database and how it came to be, for a snapshot.
    pub fn state(&self) -> Replayed {
        held(&self.writing).state.clone()
    }

    /// What transactions of different clones disagree about.
    pub fn conflicts(&self) -> Vec<Conflict> {
        held(&self.writing).state.conflicts()
    }

    /// Calls a function on each transaction from now on, when it is on disk, before `transact` returns. The same key again
    /// takes the place of the first. A listener may transact; when several threads write, reports of two transactions can
    /// come in either order.
    pub fn listen(&self, key: Value, listener: Listener) {
        let mut listeners = held(&self.listeners);
        listeners.retain(|(k, _)| *k != key);
        listeners.push((key, listener));
    }

    /// Takes a listener off.
    pub fn unlisten(&self, key: &Value) {
        held(&self.listeners).retain(|(k, _)| k != key);
    }

    /// Applies transaction data as DataScript's `transact!` takes it.
    pub fn transact(&self, tx_data: &Value, info: &TxInfo) -> Result<TxReport, StoreError> {
        let forms = match tx_data {
            Value::Nil => Vec::new(),
            _ => tx_data
                .as_seq()
                .ok_or_else(|| db::TxError::NotSequential(tx_data.to_string()))?
                .to_vec(),
        };
        self.write(info, &[], |db, about| with_forms(db, about, forms))
    }

    /// Applies typed operations.
    pub fn transact_ops(&self, ops: &[Op], info: &TxInfo) -> Result<TxReport, StoreError> {
        self.write(info, &[], |db, about| with_ops(db, about, ops))
    }

    /// Adds attributes and properties to the schema; nothing is written where it says nothing new.
    pub fn change_schema(&self, schema: &Map, info: &TxInfo) -> Result<(), StoreError> {
        let lines = {
            let writing = held(&self.writing);
            let lines = new_properties(&writing.state, schema);
            if lines.is_empty() && !writing.state.heads.is_empty() {
                return Ok(());
            }
            lines
        };
        self.write(info, &lines, |db, about| {
            let changed = merged(db.schema(), schema)?;
            check_schema(db, &changed, &lines)?;
            let with_schema = db.with_schema(changed);
            let ops: Vec<Op> = about.info.iter().chain([&about.id]).map(own_op).collect();
            Ok(with_schema.with_ops(&ops, Value::Nil)?)
        })?;
        Ok(())
    }

    /// Begins transactions that are flushed together at the end.
    pub fn batch(&self) -> Batch<'_> {
        Batch { connection: self, last: None, untold: Vec::new() }
    }

    /// Makes, writes, flushes and tells a transaction.
    fn write(
        &self,
        info: &TxInfo,
        schema: &[(Value, Value)],
        make: impl FnOnce(&Db, &About) -> Result<TxReport, StoreError>,
    ) -> Result<TxReport, StoreError> {
        let (number, report) = self.append(info, schema, make)?;
        self.wait_for_flush(number)?;
        self.show(&report);
        self.tell(&report);
        Ok(report)
    }

    /// Makes and writes a transaction without flushing it; says which of all that were written it is.
    fn append(
        &self,
        info: &TxInfo,
        schema: &[(Value, Value)],
        make: impl FnOnce(&Db, &About) -> Result<TxReport, StoreError>,
    ) -> Result<(u64, TxReport), StoreError> {
        let mut writing = held(&self.writing);
        self.check()?;
        let files = &**self.file.files();
        let id = next_id(&writing.last, now(files), files.chance())?;
        let report = make(&writing.state.db, &about(id, info, files))?;
        let report = self.record(&mut writing, id, report, schema)?;
        writing.written += 1;
        Ok((writing.written, report))
    }

    /// Writes a transaction's lines and makes its database the newest. Costs what the transaction does, however much was
    /// there before.
    fn record(
        &self,
        writing: &mut Writing,
        id: Uuid,
        report: TxReport,
        schema: &[(Value, Value)],
    ) -> Result<TxReport, StoreError> {
        let state = &mut writing.state;
        let (parents, again) = (state.heads.ids(), settled_again(&report, &state.conflicts));
        let said = Said { id, parents: &parents, report: &report, schema, again: &again };
        check(&said)?;
        let encoded = encode(&said, &state.births);
        check_length(&encoded.text)?;
        let (mut outcome, report) = if encoded.is_exact {
            let mut touched: FxHashSet<Topic> = FxHashSet::default();
            if !state.conflicts.is_empty() {
                touched.extend(touched_by(&report.db_after, &report.tx_data));
                touched.extend(again.iter().map(|d| (d.e, d.a)));
                let attributes = schema.iter().filter_map(|(a, _)| report.db_after.attr(a));
                touched.extend(attributes.map(|a| (SCHEMA, a)));
            }
            let outcome = Outcome {
                id,
                parents,
                seen: None,
                db: report.db_after.clone(),
                born: encoded.born.iter().map(|(_, n)| *n).collect(),
                aliases: Vec::new(),
                touched,
                conflicts: Vec::new(),
                datoms: Vec::new(),
                crc: encoded.crc,
                text: None,
            };
            (outcome, report)
        } else {
            as_read(state, &encoded, report, id)?
        };
        // What was made of less than what the database has is not written.
        report.db_after.check_storage().map_err(db::TxError::from)?;
        if let Err(error) = self.file.append(encoded.text.as_bytes(), true) {
            held(&self.flushing).failed = Some(error.to_string());
            return Err(error);
        }
        if !(schema.is_empty() && again.is_empty()) {
            outcome.text = Some(encoded.text.into());
        }
        state.advance(outcome);
        writing.last = id;
        Ok(report)
    }

    fn check(&self) -> Result<(), StoreError> {
        match &held(&self.flushing).failed {
            Some(failure) => Err(StoreError::Poisoned(failure.clone())),
            None => Ok(()),
        }
    }

    fn wait_for_flush(&self, number: u64) -> Result<(), StoreError> {
        let mut flushing = held(&self.flushing);
        loop {
            if let Some(failure) = &flushing.failed {
                return Err(StoreError::Poisoned(failure.clone()));
            }
            if flushing.done >= number {
                return Ok(());
            }
            if flushing.busy {
                flushing = self.flushed.wait(flushing).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            flushing.busy = true;
            drop(flushing);
            // Everything written before the flush begins is on disk when it ends.
            let written = held(&self.writing).written;
            let result = self.file.flush();
            flushing = held(&self.flushing);
            flushing.busy = false;
            match result {
                Ok(()) => flushing.done = flushing.done.max(written),
                Err(error) => {
                    flushing.failed = Some(error.to_string());
                    drop(flushing);
                    // Who was writing just now has written; nobody does from here on.
                    let _writing = held(&self.writing);
                    self.file.take_back();
                    flushing = held(&self.flushing);
                }
            }
            self.flushed.notify_all();
        }
    }

    /// Makes a transaction that is on disk visible, and with it all before it.
    fn show(&self, report: &TxReport) {
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        if report.db_after.max_tx() > shown.max_tx() {
            *shown = report.db_after.clone();
        }
    }

    /// Tells the listeners, who may transact themselves.
    fn tell(&self, report: &TxReport) {
        let listeners: Vec<Listener> =
            held(&self.listeners).iter().map(|(_, listener)| listener.clone()).collect();
        for listener in listeners {
            listener(report);
        }
    }
}

fn with_forms(db: &Db, about: &About, forms: Vec<Value>) -> Result<TxReport, StoreError> {
    let own = |(a, v): &(Value, Value)| {
        let parts = ["db/add", "db/current-tx"].map(Value::keyword);
        Value::vector(parts.into_iter().chain([a.clone(), v.clone()]).collect())
    };
    let all = about.info.iter().map(own).chain(forms).chain([own(&about.id)]);
    Ok(db.with(&Value::vector(all.collect()))?)
}

fn with_ops(db: &Db, about: &About, ops: &[Op]) -> Result<TxReport, StoreError> {
    let own = about.info.iter().map(own_op);
    let all: Vec<Op> = own.chain(ops.iter().cloned()).chain([own_op(&about.id)]).collect();
    Ok(db.with_ops(&all, Value::Nil)?)
}

/// Many transactions with one flush. None of them is acknowledged, shown or told before [`Batch::finish`] has returned; where
/// that never comes, as when the program is killed, any number of them from the first on may be in the log.
///
/// ```
/// use store::{Connection, TxInfo};
/// let folder = tempfile::tempdir().unwrap();
/// let connection =
///     Connection::create(&folder.path().join("log.edn"), &edn::Map::new(), &TxInfo::default()).unwrap();
/// let (before, mut batch) = (connection.db().max_tx(), connection.batch());
/// for _ in 0..3 {
///     batch.transact_ops(&[], &TxInfo::default()).unwrap();
/// }
/// assert_eq!(connection.db().max_tx(), before);
/// batch.finish().unwrap();
/// assert_eq!(connection.db().max_tx(), before + 3);
/// ```
pub struct Batch<'a> {
    connection: &'a Connection,
    last: Option<(u64, TxReport)>,
    /// What listeners are to be told.
    untold: Vec<TxReport>,
}

impl Batch<'_> {
    /// The database with all transactions of the batch so far.
    pub fn db(&self) -> Db {
        held(&self.connection.writing).state.db.clone()
    }

    /// Applies typed operations.
    pub fn transact_ops(&mut self, ops: &[Op], info: &TxInfo) -> Result<(), StoreError> {
        let (number, report) =
            self.connection.append(info, &[], |db, about| with_ops(db, about, ops))?;
        if !held(&self.connection.listeners).is_empty() {
            self.untold.push(report.clone());
        }
        self.last = Some((number, report));
        Ok(())
    }

    /// Applies transaction data; what the transaction comes to may not be on disk yet.
    pub(crate) fn transact(
        &mut self,
        forms: Vec<Value>,
        info: &TxInfo,
    ) -> Result<TxReport, StoreError> {
        let (number, report) =
            self.connection.append(info, &[], |db, about| with_forms(db, about, forms))?;
        self.last = Some((number, report.clone()));
        Ok(report)
    }

    /// Flushes all of them: they are on disk when this returns.
    pub fn finish(self) -> Result<(), StoreError> {
        let Some((number, report)) = self.last else { return Ok(()) };
        self.connection.wait_for_flush(number)?;
        self.connection.show(&report);
        self.untold.iter().for_each(|report| self.connection.tell(report));
        Ok(())
    }
}

/// What a transaction says that was so already about what others disagree about: it settles that.
fn settled_again(report: &TxReport, conflicts: &Conflicts) -> Vec<Datom> {
    if conflicts.is_empty() {
        return Vec::new();
    }
    let changed: FxHashSet<Topic> = report.tx_data.iter().map(|d| (d.e, d.a)).collect();
    let mut told: FxHashSet<(EntityId, AttrId, Cell)> = FxHashSet::default();
    let holds = |d: &Datom| report.db_after.values(d.e, d.a).any(|x| x.v == d.v) == d.added;
    let again = report.said_again.iter().filter(|d| {
        let about = (d.e, d.a);
        conflicts.is_about(&about)
            && !changed.contains(&about)
            && holds(d)
            && told.insert((d.e, d.a, d.v))
    });
    again.copied().collect()
}

/// What a transaction comes to whose entities get other ids when the log is read, and its report with those.
fn as_read(
    state: &mut Replayed,
    encoded: &Encoded,
    report: TxReport,
    id: Uuid,
) -> Result<(Outcome, TxReport), StoreError> {
    let inspection = inspect(encoded.text.as_bytes());
    let Some(transaction) = inspection.transactions.first() else {
        let problem = inspection.damage.first().map_or_else(String::new, |d| d.problem.clone());
        return Err(StoreError::Meaningless { tx: id.to_string(), problem });
    };
    let outcome = state.outcome(transaction)?;
    let first = state.births.next_entity();
    let entities: FxHashMap<u32, EntityId> = outcome.born.iter().copied().zip(first..).collect();
    let renamed: FxHashMap<EntityId, EntityId> =
        encoded.born.iter().filter_map(|(e, n)| Some((*e, *entities.get(n)?))).collect();
    let tempids = report.tempids.into_iter();
    let report = TxReport {
        tempids: tempids.map(|(t, e)| (t, renamed.get(&e).copied().unwrap_or(e))).collect(),
        tx_data: outcome.datoms.clone(),
        db_after: outcome.db.clone(),
        ..report
    };
    Ok((outcome, report))
}

/// What a schema says that the database does not know, or that transactions disagree about.
fn new_properties(state: &Replayed, schema: &Map) -> Vec<(Value, Value)> {
    let known = state.db.schema().as_map();
    let is_disputed = |attribute: &Value| {
        state.db.attr(attribute).is_some_and(|a| state.conflicts.is_about(&(SCHEMA, a)))
    };
    let mut lines: Vec<(Value, Value)> = schema
        .iter()
        .filter(|(attribute, properties)| {
            known.get(attribute) != Some(properties) || is_disputed(attribute)
        })
        .map(|(attribute, properties)| (attribute.clone(), properties.clone()))
        .collect();
    lines.sort();
    lines
}

fn merged(schema: &Schema, more: &Map) -> Result<Schema, StoreError> {
    let refused = |problem: String| StoreError::Meaningless { tx: "schema".to_string(), problem };
    schema.merge(more).map_err(|e| refused(e.to_string()))
}

fn now(files: &dyn Files) -> i64 {
    let since = files.now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What a transaction's own entity says.
struct About {
    /// Comes first, so that the transaction can say otherwise.
    info: Vec<(Value, Value)>,
    /// Comes last, whatever the transaction says.
    id: (Value, Value),
}

fn own_op((a, v): &(Value, Value)) -> Op {
    Op { e: EntityRef::Tx, a: a.clone(), v: OpValue::Value(v.clone()), added: true }
}

fn about(id: Uuid, info: &TxInfo, files: &dyn Files) -> About {
    let inst = info.inst.unwrap_or_else(|| Inst(now(files)));
    let text = |key: &str, value: &Option<String>| {
        value.as_ref().map(|v| (Value::keyword(key), Value::string(v.as_str())))
    };
    let said = [text("tx/author", &info.author), text("tx/message", &info.message)];
    let inst = (Value::keyword("db/txInstant"), Value::Inst(inst));
    About {
        info: [Some(inst)].into_iter().chain(said).flatten().collect(),
        id: (Value::keyword("tx/id"), Value::Uuid(id)),
    }
}

/// A new id, later than the last one whatever the clock says (UUID version 7).
fn next_id(last: &Uuid, now: i64, chance: [u8; 16]) -> Result<Uuid, StoreError> {
    const LAST_MOMENT: u64 = (1 << 48) - 1;
    let make = |millis: u64| {
        let mut tail = [0; 10];
        tail.copy_from_slice(&chance[6..]);
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    };
    let id = make((now.max(0) as u64).min(LAST_MOMENT));
    if id > *last {
        return Ok(id);
    }
    let after = (last.as_u128() >> 80) as u64 + 1;
    if after > LAST_MOMENT {
        let problem = "its id leaves room for no later one".to_string();
        return Err(StoreError::Meaningless { tx: last.to_string(), problem });
    }
    Ok(make(after))
}
