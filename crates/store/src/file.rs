//! Files that keep what is written: append, flush, one writer at a time, replace as a whole or not at all.

use crate::error::StoreError;
use crate::files::{Files, Handle, Identity, System, Use, append_all, between};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A log open for appending. The lock goes with it.
pub(crate) struct LogFile {
    files: Arc<dyn Files>,
    file: Box<dyn Handle>,
    /// What it is as far as this writer knows.
    length: AtomicU64,
    path: PathBuf,
    lock: Box<dyn Handle>,
}

impl LogFile {
    /// Opens a log for writing, alone.
    pub(crate) fn open(
        files: &Arc<dyn Files>,
        path: &Path,
        create: bool,
    ) -> Result<LogFile, StoreError> {
        if !create {
            files.identity(path).map_err(StoreError::io("open", path))?;
        }
        let lock = lock(&**files, path)?;
        if create && is_there(&**files, path) {
            return Err(StoreError::Exists { path: path.to_owned() });
        }
        let to = if create { Use::AppendNew } else { Use::Append };
        let file = files.open(path, to).map_err(StoreError::io("open", path))?;
        // Somebody may have taken the file of the lock away; elsewhere a lock of the log would keep readers out.
        if cfg!(unix) {
            take(&*file, path)?;
        }
        if create {
            flush_folder(&**files, path)?;
        }
        let length = file.identity().map_err(StoreError::io("read", path))?.length;
        let (files, path) = (files.clone(), path.to_owned());
        Ok(LogFile { files, file, length: AtomicU64::new(length), path, lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn files(&self) -> &Arc<dyn Files> {
        &self.files
    }

    /// The log as this writer left it; an error where another program changed it.
    pub(crate) fn identity(&self) -> Result<Identity, StoreError> {
        self.check()?;
        self.file.identity().map_err(StoreError::io("read", &self.path))
    }

    /// Appends without flushing. What cannot be written whole, as on a full disk, is taken back as far as the system lets.
    pub(crate) fn append(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let length = self.check()?;
        if let Err(error) = append_all(&*self.file, bytes) {
            let _ = self.file.cut(length);
            return Err(StoreError::io("write", &self.path)(error));
        }
        self.length.store(length + bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Puts what was appended on the disk.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.file.flush().map_err(StoreError::io("flush", &self.path))?;
        if self.is_at_its_path() { Ok(()) } else { self.changed() }
    }

    /// The log's length, which must be what this writer left.
    fn check(&self) -> Result<u64, StoreError> {
        let length = self.length.load(Ordering::Relaxed);
        let found = self.file.identity().map_err(StoreError::io("read", &self.path))?.length;
        if found == length && self.is_at_its_path() { Ok(length) } else { self.changed() }
    }

    /// Whether its path still leads to it: git replaces files when it merges.
    fn is_at_its_path(&self) -> bool {
        match (self.file.identity(), self.files.identity(&self.path)) {
            (Ok(open), Ok(there)) => open.is_same_file(&there),
            _ => false,
        }
    }

    fn changed<T>(&self) -> Result<T, StoreError> {
        let name = self.path.display();
        Err(StoreError::Poisoned(format!("another program changed or replaced {name}")))
    }

    /// Cuts the log after its sound part and puts the rest into a file of its own; says which.
    pub(crate) fn set_aside(&self, rest: &[u8], sound: u64) -> Result<PathBuf, StoreError> {
        let aside = free_name(&*self.files, &self.path);
        write_whole_on(&*self.files, &aside, rest)?;
        self.file.cut(sound).map_err(StoreError::io("cut", &self.path))?;
        self.length.store(sound, Ordering::Relaxed);
        self.flush()?;
        Ok(aside)
    }
}

fn lock(files: &dyn Files, path: &Path) -> Result<Box<dyn Handle>, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let lock = files.open(&lock_path, Use::Lock).map_err(StoreError::io("open", &lock_path))?;
    take(&*lock, path)?;
    Ok(lock)
}

/// Closing a file leaves its lock to a process that was being started meanwhile and has the file open too until it runs.
impl Drop for LogFile {
    fn drop(&mut self) {
        self.file.unlock();
        self.lock.unlock();
    }
}

fn take(file: &dyn Handle, log: &Path) -> Result<(), StoreError> {
    match file.try_lock() {
        Ok(true) => Ok(()),
        Ok(false) => Err(StoreError::Locked { path: log.to_owned() }),
        Err(error) => Err(StoreError::io("lock", log)(error)),
    }
}

/// Whether a name leads to anything.
pub(crate) fn is_there(files: &dyn Files, path: &Path) -> bool {
    files.identity(path).is_ok()
}

/// A name for a torn tail that is not taken.
fn free_name(files: &dyn Files, path: &Path) -> PathBuf {
    let mut n = 1;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".torn-{n}"));
        let candidate = PathBuf::from(name);
        if !is_there(files, &candidate) {
            return candidate;
        }
        n += 1;
    }
}

fn flush_folder(files: &dyn Files, path: &Path) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    files.flush_folder(folder).map_err(StoreError::io("flush", folder))
}

/// Writes a file so that it is there whole or not at all.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_whole_on(&System, path, bytes)
}

/// [`write_whole`] on other files than the system's.
pub fn write_whole_on(files: &dyn Files, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(name);
    let written = write_flushed(files, &temporary, bytes)
        .and_then(|()| files.rename(&temporary, path).map_err(StoreError::io("rename to", path)));
    if let Err(error) = written {
        // What was written of it is of no use.
        let _ = files.remove(&temporary);
        return Err(error);
    }
    flush_folder(files, path)
}

fn write_flushed(files: &dyn Files, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let file = files.open(path, Use::Rewrite).map_err(StoreError::io("create", path))?;
    append_all(&*file, bytes).map_err(StoreError::io("write", path))?;
    file.flush().map_err(StoreError::io("flush", path))
}

/// All bytes of a file.
pub(crate) fn read_all(files: &dyn Files, path: &Path) -> Result<Vec<u8>, StoreError> {
    let file = files.open(path, Use::Read).map_err(StoreError::io("read", path))?;
    let length = file.identity().map_err(StoreError::io("read", path))?.length;
    between(&*file, 0, length).map_err(StoreError::io("read", path))
}

/// A checksum of the last bytes before an end that was read: where it is another one, other text stands there than did.
pub(crate) fn end_checksum(log: &dyn Handle, path: &Path, end: u64) -> Result<u32, StoreError> {
    const COVERED: u64 = 4 << 10;
    let last = between(log, end.saturating_sub(COVERED), end);
    Ok(crc32c::crc32c(&last.map_err(StoreError::io("read", path))?))
}
