//! A log's database, kept beside the log so that reading it again needs no replay.
//!
//! The cache is a folder that can be deleted at any time. `current` names the pack in it and the log it was made of: by length, times of
//! change and i-node, and a checksum of its end. A log that differs in any of them, or that was changed so shortly before it was
//! looked at that its times could be those of a later change too, is replayed.
//!
//! Invariants
//! - `current` is put in place when its pack is whole, and a pack does not change after.
//! - A cache that cannot be opened or written is no error: the log is read instead. One that turns out to be damaged while it is
//!   read is told by [`Db::check_storage`].

use crate::error::StoreError;
use crate::file::{read_all, write_whole};
use crate::read::{Inspection, inspect};
use db::{Db, Pack, restore};
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A log that was changed less than this before it was looked at may be changed again without its times telling.
const GRAIN: Duration = Duration::from_millis(50);

/// How much of the log's end the checksum covers.
const END: u64 = 64 << 10;

const CURRENT: &str = "current";

/// A database made of a log, and whether the log's end never became a transaction.
pub struct Opened {
    /// The database.
    pub db: Db,
    /// Whether something at the log's end was left out.
    pub is_torn: bool,
}

/// The database of a log: out of the cache where that has it, else by replay, after which the cache has it.
///
/// ```
/// use store::{Connection, TxInfo, open_cached};
/// let folder = tempfile::tempdir().unwrap();
/// let (log, cache) = (folder.path().join("log.edn"), folder.path().join("cache"));
/// let connection = Connection::create(&log, &edn::Map::new(), &TxInfo::default()).unwrap();
/// connection.transact(&edn::read("[{:name \"Ivan\"}]").unwrap(), &TxInfo::default()).unwrap();
/// assert_eq!(open_cached(&log, &cache).unwrap().db.get(1, &edn::Value::keyword("name")), Some("Ivan".into()));
/// ```
pub fn open_cached(log: &Path, cache: &Path) -> Result<Opened, StoreError> {
    let identity = identity(log);
    if let Some(identity) = &identity
        && let Some(db) = cached(cache, identity)
    {
        return Ok(Opened { db, is_torn: false });
    }
    let inspection = inspect(&read_all(log)?);
    let Inspection { is_torn, .. } = inspection;
    let db = inspection.replay(log)?.db;
    if let Some(identity) = identity.filter(|_| !is_torn) {
        // A cache that cannot be written is none.
        let _ = keep(&db, cache, &identity);
    }
    Ok(Opened { db, is_torn })
}

/// What tells one state of a log from another; `None` where that cannot be told.
fn identity(log: &Path) -> Option<String> {
    let mut file = File::open(log).ok()?;
    let metadata = file.metadata().ok()?;
    let modified = metadata.modified().ok()?;
    if SystemTime::now().duration_since(modified).ok()? < GRAIN {
        return None;
    }
    let since = modified.duration_since(UNIX_EPOCH).ok()?;
    file.seek(SeekFrom::Start(metadata.len().saturating_sub(END))).ok()?;
    let mut end = Vec::new();
    file.take(END).read_to_end(&mut end).ok()?;
    let crc = crc32c::crc32c(&end);
    let inode = inode(&metadata);
    Some(format!(
        "{} bytes, modified {}.{:09}, {inode}, ends in {crc:08x}",
        metadata.len(),
        since.as_secs(),
        since.subsec_nanos()
    ))
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!(
        "changed {}.{:09}, i-node {} on {}",
        metadata.ctime(),
        metadata.ctime_nsec(),
        metadata.ino(),
        metadata.dev()
    )
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> String {
    String::from("no i-node")
}

/// `current` is two lines: the pack's folder, and what the log was.
fn cached(cache: &Path, identity: &str) -> Option<Db> {
    let current = fs::read_to_string(cache.join(CURRENT)).ok()?;
    let (pack, of) = current.split_once('\n')?;
    if of != head(identity) {
        return None;
    }
    restore(Arc::new(Pack::read_only(&cache.join(pack)).ok()?)).ok()?
}

/// The cache is of this version's making too: another one may store databases otherwise.
fn head(identity: &str) -> String {
    format!("defbase {}: {identity}\n", env!("CARGO_PKG_VERSION"))
}

fn keep(db: &Db, cache: &Path, identity: &str) -> Result<(), StoreError> {
    fs::create_dir_all(cache).map_err(StoreError::io("create", cache))?;
    let name = uuid::Uuid::new_v4().to_string();
    let folder = cache.join(&name);
    let written = Pack::open_unflushed(&folder)
        .map_err(StoreError::io("write", &folder))
        .and_then(|pack| Ok(db.store(Arc::new(pack)).map_err(db::TxError::from)?))
        .and_then(|()| {
            write_whole(&cache.join(CURRENT), format!("{name}\n{}", head(identity)).as_bytes())
        });
    let leave = if written.is_ok() { name.as_str() } else { "" };
    for entry in fs::read_dir(cache).into_iter().flatten().flatten() {
        if entry.path().is_dir() && entry.file_name() != leave {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    written
}
