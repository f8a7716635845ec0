//! Logs that transactions of others are gathered in, and looked through, without a database being made of them.
//!
//! A log is a set of transactions. What is added to it is what it lacks; in which order is all the same.
//!
//! Invariants
//! - What was added is flushed when [`add`] returns. Where it fails, whole transactions of it from the first on may be there.
//! - What stands in the log already stays as it is; a torn end is set aside as by any other writer.
//! - How far a log was read ([`Reach`]) holds for that very file: one that was replaced or cut is read from the start.
//!
//! [`add`]: Collection::add

use crate::error::StoreError;
use crate::file::{LogFile, end_checksum, is_there};
use crate::files::{Files, Handle, System, Use, between};
use crate::flushed;
use crate::read::{Inspection, Transaction, inspect, inspect_log};
use edn::Uuid;
use rustc_hash::FxHashSet;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A log that transactions are gathered in.
///
/// ```
/// use store::{Collection, Connection, TxInfo, transactions};
/// let folder = tempfile::tempdir().unwrap();
/// let log = folder.path().join("log.edn");
/// Connection::create(&log, &edn::Map::new(), &TxInfo::default()).unwrap();
/// let all = transactions(&std::fs::read(&log).unwrap(), &log).unwrap();
///
/// let mut copy = Collection::at(&folder.path().join("copy.edn"));
/// assert_eq!(copy.add(&all).unwrap(), 1);
/// assert_eq!(copy.add(&all).unwrap(), 0);
/// ```
pub struct Collection {
    files: Arc<dyn Files>,
    path: PathBuf,
    known: FxHashSet<Uuid>,
    reach: Option<Reach>,
}

/// How far a log was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reach {
    /// Which file it is, as far as the system tells.
    pub file: u64,
    /// Behind the last whole transaction, in bytes from the start.
    pub end: u64,
    /// A checksum of the bytes before that: numbers of files are used again.
    pub tail: u32,
}

/// What came to a log.
#[derive(Debug)]
pub struct Arrivals {
    /// The transactions.
    pub transactions: Vec<Transaction>,
    /// Behind the last of them; none where there is no log.
    pub reach: Option<Reach>,
    /// Whether this is all of the log: it was never read, or is another one since.
    pub is_all: bool,
}

impl Collection {
    /// The log of a path, which is made when something is added where there is none.
    pub fn at(path: &Path) -> Collection {
        Collection::on(System::shared(), path)
    }

    /// The same on other files than the system's.
    pub fn on(files: Arc<dyn Files>, path: &Path) -> Collection {
        Collection { files, path: path.to_owned(), known: FxHashSet::default(), reach: None }
    }

    /// Adds what the log lacks and says how many transactions that were. The log is locked meanwhile.
    pub fn add(&mut self, transactions: &[Transaction]) -> Result<usize, StoreError> {
        let is_new = !is_there(&*self.files, &self.path);
        let file = LogFile::open(&self.files, &self.path, is_new)?;
        self.look(&file)?;
        let lacking: Vec<&Transaction> =
            transactions.iter().filter(|t| !self.known.contains(&t.id)).collect();
        let mut text = String::with_capacity(lacking.iter().map(|t| t.text.len()).sum());
        let mut added = 0;
        for transaction in lacking {
            if self.known.insert(transaction.id) {
                text.push_str(&transaction.text);
                added += 1;
            }
        }
        // Until all of it is on the disk nothing is known of the log.
        let reach = self.reach.take();
        file.append(text.as_bytes(), added <= 1)?;
        if let Err(error) = file.flush() {
            file.take_back();
            return Err(error);
        }
        if let Some(reach) = reach {
            let end = reach.end + text.len() as u64;
            let log = self.files.open(&self.path, Use::Read);
            let log = log.map_err(StoreError::io("read", &self.path))?;
            self.reach = Some(Reach::of(&*log, &self.path, end)?);
        }
        Ok(added)
    }

    /// Takes up what others added to the log since it was last looked at.
    fn look(&mut self, file: &LogFile) -> Result<(), StoreError> {
        let tail = read_from(&*self.files, &self.path, self.reach)?;
        if tail.from == 0 {
            self.known.clear();
        }
        let inspection = tail.inspect();
        if let Some(damage) = inspection.damage.first() {
            if !inspection.is_torn {
                return Err(corrupt(&self.path, &tail, damage.line, &damage.problem));
            }
            let sound = inspection.sound_bytes;
            file.set_aside(&tail.bytes[sound..], tail.from + sound as u64)?;
        } else if tail.bytes.last().is_some_and(|last| *last != b'\n') {
            file.end_line()?;
        }
        match tail.from > 0 && tail.bytes.is_empty() {
            true => file.is_flushed(),
            false => file.settle()?,
        }
        self.known.extend(inspection.transactions.iter().map(|t| t.id));
        self.reach = Some(Reach::of(&*tail.log, &self.path, file.identity()?.length)?);
        Ok(())
    }
}

/// As text, to be kept: three numbers.
impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.file, self.end, self.tail)
    }
}

impl Reach {
    /// What was kept.
    ///
    /// ```
    /// let reach = store::Reach::kept("17 4096 99").unwrap();
    /// assert_eq!((reach.end, reach.to_string().as_str()), (4096, "17 4096 99"));
    /// assert_eq!(store::Reach::kept("17 4096"), None);
    /// ```
    pub fn kept(text: &str) -> Option<Reach> {
        let mut parts = text.split(' ');
        let (file, end) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let tail = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(Reach { file, end, tail })
    }

    fn of(log: &dyn Handle, path: &Path, end: u64) -> Result<Reach, StoreError> {
        let (_, file) = log.identity().map_err(StoreError::io("read", path))?.place;
        Ok(Reach { file, end, tail: end_checksum(log, path, end)? })
    }
}

/// The whole transactions of a log behind a reach, in the order of their ids, and how far it reaches then. All of them, where the log is
/// another file since; none where there is no log.
pub fn read_since(path: &Path, since: Option<Reach>) -> Result<Arrivals, StoreError> {
    let tail = match read_from(&System, path, since) {
        Ok(tail) => tail,
        Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Ok(Arrivals { transactions: Vec::new(), reach: None, is_all: true });
        }
        Err(error) => return Err(error),
    };
    let Inspection { transactions, damage, is_torn, sound_bytes, .. } = tail.inspect();
    if let Some(damage) = damage.first().filter(|_| !is_torn) {
        return Err(corrupt(path, &tail, damage.line, &damage.problem));
    }
    let read = if damage.is_empty() { tail.bytes.len() } else { sound_bytes };
    let reach = Reach::of(&*tail.log, path, tail.from + read as u64)?;
    Ok(Arrivals { transactions, reach: Some(reach), is_all: tail.from == 0 })
}

/// The transactions of a log's text in the order of their ids. `path` is for messages. What is not whole is an error.
pub fn transactions(bytes: &[u8], path: &Path) -> Result<Vec<Transaction>, StoreError> {
    let inspection = inspect(bytes);
    match inspection.damage.first() {
        Some(damage) => Err(StoreError::Corrupt {
            path: path.to_owned(),
            line: damage.line,
            problem: damage.problem.clone(),
        }),
        None => Ok(inspection.transactions),
    }
}

/// The end of a file.
struct Tail {
    log: Box<dyn Handle>,
    from: u64,
    bytes: Vec<u8>,
    /// How many bytes of the file are known to be on the disk.
    flushed: u64,
}

impl Tail {
    fn inspect(&self) -> Inspection {
        inspect_log(&self.bytes, self.flushed.saturating_sub(self.from))
    }
}

fn read_from(files: &dyn Files, path: &Path, since: Option<Reach>) -> Result<Tail, StoreError> {
    let file = files.open(path, Use::Read).map_err(StoreError::io("open", path))?;
    let there = file.identity().map_err(StoreError::io("read", path))?;
    let (_, id) = there.place;
    let from = match since {
        Some(reach)
            if reach.file == id
                && reach.end <= there.length
                && end_checksum(&*file, path, reach.end)? == reach.tail =>
        {
            reach.end
        }
        _ => 0,
    };
    let bytes = between(&*file, from, there.length).map_err(StoreError::io("read", path))?;
    let flushed = flushed::read(files, path, &*file);
    Ok(Tail { log: file, from, bytes, flushed })
}

/// The line counts from the start of the file.
fn corrupt(path: &Path, tail: &Tail, line: usize, problem: &str) -> StoreError {
    let problem = match tail.from {
        0 => problem.to_owned(),
        from => format!("counted from byte {from}: {problem}"),
    };
    StoreError::Corrupt { path: path.to_owned(), line, problem }
}
