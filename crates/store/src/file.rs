//! Files that keep what is written: append, flush, one writer at a time, replace as a whole or not at all.

use crate::error::StoreError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A log open for appending. The lock goes with it.
pub(crate) struct LogFile {
    file: File,
    path: PathBuf,
    _lock: File,
}

impl LogFile {
    /// Opens a log for writing, alone.
    pub(crate) fn open(path: &Path, create: bool) -> Result<LogFile, StoreError> {
        let lock = lock(path)?;
        if create && path.exists() {
            return Err(StoreError::Exists { path: path.to_owned() });
        }
        let file = OpenOptions::new()
            .append(true)
            .create(create)
            .open(path)
            .map_err(StoreError::io("open", path))?;
        if create {
            flush_folder(path)?;
        }
        Ok(LogFile { file, path: path.to_owned(), _lock: lock })
    }

    /// Appends without flushing.
    pub(crate) fn append(&self, bytes: &[u8]) -> Result<(), StoreError> {
        (&self.file).write_all(bytes).map_err(StoreError::io("write", &self.path))
    }

    /// Puts what was appended on the disk.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(StoreError::io("flush", &self.path))
    }

    /// Cuts the log after its sound part and puts the rest into a file of its own; says which.
    pub(crate) fn set_aside(&self, bytes: &[u8], sound: usize) -> Result<PathBuf, StoreError> {
        let aside = free_name(&self.path);
        write_whole(&aside, &bytes[sound..])?;
        self.file.set_len(sound as u64).map_err(StoreError::io("cut", &self.path))?;
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
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &lock_path)(error)),
    }
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
    name.push(".tmp");
    let temporary = PathBuf::from(name);
    let mut file = File::create(&temporary).map_err(StoreError::io("create", &temporary))?;
    file.write_all(bytes).map_err(StoreError::io("write", &temporary))?;
    file.sync_all().map_err(StoreError::io("flush", &temporary))?;
    fs::rename(&temporary, path).map_err(StoreError::io("rename to", path))?;
    flush_folder(path)
}

/// All bytes of a file.
pub(crate) fn read_all(path: &Path) -> Result<Vec<u8>, StoreError> {
    fs::read(path).map_err(StoreError::io("read", path))
}
