//! A database whose transactions are on disk before they are acknowledged.
//!
//! A transaction is made against the newest database, written, flushed, and only then visible and acknowledged. Making
//! and writing happen in turns; flushing is shared: writers that wait together are served by one flush. When a write
//! or flush fails nothing more is accepted, for what the disk holds is not known any more.

use crate::encode::{Commit, encode};
use crate::error::StoreError;
use crate::file::{LogFile, read_all};
use crate::read::inspect;
use crate::replay::{Conflict, Replayed, replay};
use db::{Conn, Db, EntityRef, Listener, Op, OpValue, TxReport};
use edn::{Inst, Map, Uuid, Value};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

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
    conn: Conn,
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
    /// Written, not yet told.
    waiting: VecDeque<(u64, TxReport)>,
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
        let file = LogFile::open(path, true)?;
        let connection = Connection::over(file, Replayed::empty()?, None);
        connection.change_schema(schema, info)?;
        Ok(connection)
    }

    /// Opens a log for writing. A torn end is cut off and set aside.
    pub fn open(path: &Path) -> Result<Connection, StoreError> {
        let file = LogFile::open(path, false)?;
        let bytes = read_all(path)?;
        let inspection = inspect(&bytes);
        let mut set_aside = None;
        if let Some(damage) = inspection.damage.first() {
            if !inspection.is_torn {
                return Err(StoreError::Corrupt {
                    path: path.to_owned(),
                    line: damage.line,
                    problem: damage.problem.clone(),
                });
            }
            set_aside = Some(file.set_aside(&bytes, inspection.sound_bytes)?);
        } else if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            file.append(b"\n")?;
        }
        let state = replay(&inspection.transactions)?;
        Ok(Connection::over(file, state, set_aside))
    }

    fn over(file: LogFile, state: Replayed, set_aside: Option<PathBuf>) -> Connection {
        let last = state.heads.iter().max().copied().unwrap_or(Uuid::nil());
        Connection {
            conn: Conn::from_db(state.db.clone()),
            file,
            writing: Mutex::new(Writing { state, last, written: 0, waiting: VecDeque::new() }),
            flushing: Mutex::default(),
            flushed: Condvar::new(),
            set_aside,
        }
    }

    /// The database: all transactions that are on disk.
    pub fn db(&self) -> Db {
        self.conn.db()
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
        held(&self.writing).state.conflicts.clone()
    }

    /// Calls a function on each transaction from now on.
    pub fn listen(&self, key: Value, listener: Listener) {
        self.conn.listen(key, listener);
    }

    /// Takes a listener off.
    pub fn unlisten(&self, key: &Value) {
        self.conn.unlisten(key);
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
        self.write(info, &[], |db, about| {
            let mut forms = forms;
            forms.extend(about.iter().map(|(a, v)| {
                let parts = ["db/add", "db/current-tx"].map(Value::keyword);
                Value::vector(parts.into_iter().chain([a.clone(), v.clone()]).collect())
            }));
            Ok(db.with(&Value::vector(forms))?)
        })
    }

    /// Applies typed operations.
    pub fn transact_ops(&self, ops: &[Op], info: &TxInfo) -> Result<TxReport, StoreError> {
        self.write(info, &[], |db, about| {
            let mut ops = ops.to_vec();
            ops.extend(about.iter().map(|(a, v)| Op {
                e: EntityRef::Tx,
                a: a.clone(),
                v: OpValue::Value(v.clone()),
                added: true,
            }));
            Ok(db.with_ops(&ops, Value::Nil)?)
        })
    }

    /// Adds attributes and properties to the schema; nothing is written where it says nothing new.
    pub fn change_schema(&self, schema: &Map, info: &TxInfo) -> Result<(), StoreError> {
        let current = self.db();
        let known = current.schema().as_map();
        let mut lines: Vec<(Value, Value)> = Vec::new();
        for (attribute, properties) in schema.iter() {
            if known.get(attribute) != Some(properties) {
                lines.push((attribute.clone(), properties.clone()));
            }
        }
        if lines.is_empty() && !held(&self.writing).state.heads.is_empty() {
            return Ok(());
        }
        lines.sort();
        let refused =
            |problem: String| StoreError::Meaningless { tx: "schema".to_string(), problem };
        let merged = current.schema().merge(schema).map_err(|e| refused(e.to_string()))?;
        let over_references = (0..merged.len() as u32)
            .map(|a| merged.get(a))
            .find(|a| a.tuple().iter().any(|member| merged.get(*member).is_ref()));
        if let Some(attribute) = over_references {
            return Err(refused(format!(
                "{} is a tuple over references: entity ids mean nothing in another clone's log",
                attribute.name()
            )));
        }
        self.write(info, &lines, |db, about| {
            let merged = db.schema().merge(schema).map_err(|e| refused(e.to_string()))?;
            let with_schema = db.with_schema(merged);
            let ops: Vec<Op> = about
                .iter()
                .map(|(a, v)| Op {
                    e: EntityRef::Tx,
                    a: a.clone(),
                    v: OpValue::Value(v.clone()),
                    added: true,
                })
                .collect();
            Ok(with_schema.with_ops(&ops, Value::Nil)?)
        })?;
        Ok(())
    }

    /// Makes, writes, flushes and tells a transaction.
    fn write(
        &self,
        info: &TxInfo,
        schema: &[(Value, Value)],
        make: impl FnOnce(&Db, &[(Value, Value)]) -> Result<TxReport, StoreError>,
    ) -> Result<TxReport, StoreError> {
        let (number, report) = {
            let mut writing = held(&self.writing);
            self.check()?;
            let id = next_id(&writing.last, now());
            let report = make(&writing.state.db, &about(id, info))?;
            let report = self.record(&mut writing, id, report, schema)?;
            writing.written += 1;
            let number = writing.written;
            writing.waiting.push_back((number, report.clone()));
            (number, report)
        };
        self.wait_for_flush(number)?;
        self.tell(number);
        Ok(report)
    }

    /// Writes a transaction's lines and makes its database the newest.
    fn record(
        &self,
        writing: &mut Writing,
        id: Uuid,
        report: TxReport,
        schema: &[(Value, Value)],
    ) -> Result<TxReport, StoreError> {
        let parents = writing.state.heads.clone();
        let commit = Commit { id, parents: &parents };
        let encoded = encode(&report, schema, &writing.state.births, &commit);
        let before = report.db_before.max_eid();
        let as_replayed = report.db_after.max_eid() == before + encoded.born.len() as u32
            && encoded.born.iter().zip(before + 1..).all(|((e, _), expected)| *e == expected);
        let mut state = writing.state.clone();
        let report = if as_replayed {
            for (e, n) in &encoded.born {
                state.births.insert(*e, id, *n);
            }
            state.births.of_tx.insert(report.tx, id);
            state.parents.push(parents);
            state.heads = vec![id];
            state.settled_by(&report);
            state.db = report.db_after.clone();
            report
        } else {
            renumbered(&mut state, &encoded.text, report, id, &encoded.born)?
        };
        if let Err(error) = self.file.append(encoded.text.as_bytes()) {
            held(&self.flushing).failed = Some(error.to_string());
            return Err(error);
        }
        writing.state = state;
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
                Err(error) => flushing.failed = Some(error.to_string()),
            }
            self.flushed.notify_all();
        }
    }

    /// Makes transactions up to a number visible, in order, and tells the listeners.
    fn tell(&self, number: u64) {
        let mut writing = held(&self.writing);
        while writing.waiting.front().is_some_and(|(n, _)| *n <= number) {
            if let Some((_, report)) = writing.waiting.pop_front() {
                let _ = self.conn.change(|_| Ok::<_, StoreError>(report));
            }
        }
    }
}

impl Replayed {
    /// Forgets conflicts that a transaction which saw everything settles.
    fn settled_by(&mut self, report: &TxReport) {
        self.conflicts.retain(|c| {
            !report
                .tx_data
                .iter()
                .any(|d| d.e == c.entity && *report.db_after.attr_name(d.a) == c.attribute)
        });
    }
}

/// The report of a transaction whose entities get other ids when the log is read, brought to those.
fn renumbered(
    state: &mut Replayed,
    text: &str,
    report: TxReport,
    id: Uuid,
    born: &[(u32, u32)],
) -> Result<TxReport, StoreError> {
    let inspection = inspect(text.as_bytes());
    let Some(transaction) = inspection.transactions.first() else {
        let problem = inspection.damage.first().map_or_else(String::new, |d| d.problem.clone());
        return Err(StoreError::Meaningless { tx: id.to_string(), problem });
    };
    state.apply(transaction)?;
    let renamed = |e: u32| {
        let n = born.iter().find(|(old, _)| *old == e).map(|(_, n)| *n);
        n.and_then(|n| state.births.by_birth.get(&(id, n)).copied()).unwrap_or(e)
    };
    let tempids = report.tempids.into_iter().map(|(t, e)| (t, renamed(e))).collect();
    let tx_data = state.db.tx_range(Some(report.tx), Some(report.tx + 1));
    Ok(TxReport {
        tempids,
        tx_data: tx_data.into_iter().flat_map(|(_, datoms)| datoms).collect(),
        db_after: state.db.clone(),
        ..report
    })
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What a transaction's own entity says.
fn about(id: Uuid, info: &TxInfo) -> Vec<(Value, Value)> {
    let inst = info.inst.unwrap_or_else(|| Inst(now()));
    let mut about = vec![
        (Value::keyword("tx/id"), Value::Uuid(id)),
        (Value::keyword("db/txInstant"), Value::Inst(inst)),
    ];
    let text = |key: &str, value: &Option<String>| {
        value.as_ref().map(|v| (Value::keyword(key), Value::string(v.as_str())))
    };
    about.extend(text("tx/author", &info.author));
    about.extend(text("tx/message", &info.message));
    about
}

/// A new id, later than the last one whatever the clock says (UUID version 7).
fn next_id(last: &Uuid, now: i64) -> Uuid {
    let random = Uuid::new_v4();
    let make = |millis: u64| {
        let mut tail = [0; 10];
        tail.copy_from_slice(&random.as_bytes()[6..]);
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    };
    let id = make(now.max(0) as u64);
    if id > *last {
        return id;
    }
    let last_millis = (last.as_u128() >> 80) as u64;
    make(last_millis + 1)
}
