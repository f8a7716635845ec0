//! Files that keep what is written: append, flush, one writer at a time, replace as a whole or not at all.

use crate::error::StoreError;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// A log open for appending. The lock goes with it.
pub(crate) struct LogFile {
    file: File,
    /// What it is as far as this writer knows.
    length: AtomicU64,
    path: PathBuf,
    lock: File,
}

impl LogFile {
    /// Opens a log for writing, alone.
    pub(crate) fn open(path: &Path, create: bool) -> Result<LogFile, StoreError> {
        if !create {
            fs::metadata(path).map_err(StoreError::io("open", path))?;
        }
        let lock = lock(path)?;
        if create && path.exists() {
            return Err(StoreError::Exists { path: path.to_owned() });
        }
        let file = OpenOptions::new()
            .append(true)
            .create(create)
            .open(path)
            .map_err(StoreError::io("open", path))?;
        // Somebody may have taken the file of the lock away; elsewhere a lock of the log would keep readers out.
        if cfg!(unix) {
            take(&file, path)?;
        }
        if create {
            flush_folder(path)?;
        }
        let length = file.metadata().map_err(StoreError::io("read", path))?.len();
        Ok(LogFile { file, length: AtomicU64::new(length), path: path.to_owned(), lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The log as this writer left it; an error where another program changed it.
    pub(crate) fn identity(&self) -> Result<Identity, StoreError> {
        self.check()?;
        Identity::of(&self.file).map_err(StoreError::io("read", &self.path))
    }

    /// Appends without flushing. What cannot be written whole, as on a full disk, is taken back as far as the system lets.
    pub(crate) fn append(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let length = self.check()?;
        if let Err(error) = (&self.file).write_all(bytes) {
            let _ = self.file.set_len(length);
            return Err(StoreError::io("write", &self.path)(error));
        }
        self.length.store(length + bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Puts what was appended on the disk.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(StoreError::io("flush", &self.path))?;
        if is_at(&self.file, &self.path) { Ok(()) } else { self.changed() }
    }

    /// The log's length, which must be what this writer left.
    fn check(&self) -> Result<u64, StoreError> {
        let length = self.length.load(Ordering::Relaxed);
        let found = self.file.metadata().map_err(StoreError::io("read", &self.path))?.len();
        if found == length && is_at(&self.file, &self.path) { Ok(length) } else { self.changed() }
    }

    fn changed<T>(&self) -> Result<T, StoreError> {
        let name = self.path.display();
        Err(StoreError::Poisoned(format!("another program changed or replaced {name}")))
    }

    /// Cuts the log after its sound part and puts the rest into a file of its own; says which.
    pub(crate) fn set_aside(&self, rest: &[u8], sound: u64) -> Result<PathBuf, StoreError> {
        let aside = free_name(&self.path);
        write_whole(&aside, rest)?;
        self.file.set_len(sound).map_err(StoreError::io("cut", &self.path))?;
        self.length.store(sound, Ordering::Relaxed);
        self.flush()?;
        Ok(aside)
    }
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&lock_path)
        .map_err(StoreError::io("open", &lock_path))?;
    take(&lock, path)?;
    Ok(lock)
}

/// Closing a file leaves its lock to a process that was being started meanwhile and has the file open too until it runs.
impl Drop for LogFile {
    fn drop(&mut self) {
        let _ = self.file.unlock();
        let _ = self.lock.unlock();
    }
}

fn take(file: &File, log: &Path) -> Result<(), StoreError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: log.to_owned() }),
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", log)(error)),
    }
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) length: u64,
    modified: Option<SystemTime>,
    /// Device and i-node, where there is such a thing.
    place: (u64, u64),
}

impl Identity {
    pub(crate) fn of(file: &File) -> std::io::Result<Identity> {
        Ok(Identity::told(&file.metadata()?))
    }

    /// The same, by what the system has told of it.
    pub(crate) fn told(metadata: &Metadata) -> Identity {
        let (length, modified) = (metadata.len(), metadata.modified().ok());
        Identity { length, modified, place: place(metadata) }
    }

    /// Whether this is the same file, whatever stands in it.
    pub(crate) fn is_same_file(&self, other: &Identity) -> bool {
        self.place == other.place
    }
}

#[cfg(unix)]
fn place(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn place(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// Whether a path still leads to an open file: git replaces files when it merges.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(there)) => place(&open) == place(&there),
        _ => false,
    }
}

/// Whether a path still leads to an open file, which cannot be replaced while it is open.
#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

/// A name for a torn tail that is not taken.
fn free_name(path: &Path) -> PathBuf {
    let mut n = 1;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".torn-{n}"));
        let candidate = PathBuf::from(name);
        if !candidate.exists() {
            return candidate;
        }
        n += 1;
    }
}

fn flush_folder(path: &Path) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(StoreError::io("flush", folder))
}

/// Writes a file so that it is there whole or not at all.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(name);
    let written = write_flushed(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path).map_err(StoreError::io("rename to", path)));
    if let Err(error) = written {
        // What was written of it is of no use.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    flush_folder(path)
}

fn write_flushed(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = File::create(path).map_err(StoreError::io("create", path))?;
    file.write_all(bytes).map_err(StoreError::io("write", path))?;
    file.sync_all().map_err(StoreError::io("flush", path))
}

/// All bytes of a file.
pub(crate) fn read_all(path: &Path) -> Result<Vec<u8>, StoreError> {
    fs::read(path).map_err(StoreError::io("read", path))
}
