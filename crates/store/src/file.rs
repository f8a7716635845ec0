//! Files that keep what is written: append, flush, one writer at a time, replace as a whole or not at all.

use crate::error::StoreError;
use crate::files::{Files, Handle, Identity, System, Use, append_all, between};
use crate::flushed::{self, lock_path};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A log open for appending. The lock goes with it.
pub(crate) struct LogFile {
    files: Arc<dyn Files>,
    file: Box<dyn Handle>,
    /// What it is as far as this writer knows.
    length: AtomicU64,
    /// How much of it is known to be on the disk.
    flushed: AtomicU64,
    /// Whether the disk has a mark of that (`flushed`), made since this writer opened it.
    is_mark_flushed: AtomicBool,
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
        if create && let Err(error) = flush_folder(&**files, path) {
            // It would be in the way of the next try.
            let _ = files.remove(path);
            return Err(error);
        }
        let length = file.identity().map_err(StoreError::io("read", path))?.length;
        Ok(LogFile {
            files: files.clone(),
            file,
            length: AtomicU64::new(length),
            flushed: AtomicU64::new(0),
            is_mark_flushed: AtomicBool::new(false),
            path: path.to_owned(),
            lock,
        })
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

    /// Appends without flushing, one transaction or several. What cannot be written whole, as on a full disk, is taken back as far as
    /// the system lets.
    pub(crate) fn append(&self, bytes: &[u8], is_one: bool) -> Result<(), StoreError> {
        let length = self.check()?;
        let flushed = self.flushed.load(Ordering::Relaxed);
        if (!is_one || length > flushed) && !self.is_mark_flushed.load(Ordering::Relaxed) {
            self.flush_mark(flushed).map_err(StoreError::io("mark", &self.path))?;
        }
        self.put(bytes, length)
    }

    /// Ends the last line of what others have left.
    pub(crate) fn end_line(&self) -> Result<(), StoreError> {
        self.put(b"\n", self.check()?)
    }

    fn put(&self, bytes: &[u8], length: u64) -> Result<(), StoreError> {
        if let Err(error) = append_all(&*self.file, bytes) {
            let _ = self.file.cut(length);
            return Err(StoreError::io("write", &self.path)(error));
        }
        self.length.store(length + bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Says on the disk how much of the log is there.
    fn flush_mark(&self, flushed: u64) -> io::Result<()> {
        flushed::write(&*self.lock, &*self.file, flushed)?;
        self.lock.flush()?;
        self.files.flush_folder(folder_of(&self.path))?;
        self.is_mark_flushed.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Puts what was appended on the disk.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        let length = self.length.load(Ordering::Relaxed);
        self.file.flush().map_err(StoreError::io("flush", &self.path))?;
        if !self.is_at_its_path() {
            return self.changed();
        }
        self.is_flushed_to(length);
        Ok(())
    }

    /// So many bytes are on the disk.
    fn is_flushed_to(&self, length: u64) {
        self.flushed.store(length, Ordering::Relaxed);
        let is_marked = || self.lock.identity().is_ok_and(|lock| lock.length > 0);
        if self.is_mark_flushed.load(Ordering::Relaxed) || is_marked() {
            // Where it cannot be written it says less.
            let _ = flushed::write(&*self.lock, &*self.file, length);
        }
    }

    /// Nothing that stands in it is not on the disk: this writer was told so.
    pub(crate) fn is_flushed(&self) {
        self.is_flushed_to(self.length.load(Ordering::Relaxed));
    }

    /// Puts what others have left on the disk, of which nobody knows whether it is there: a writer that was killed, or git, which
    /// flushes neither files nor folders. Where the system cannot, what is read may not be what is kept, and a later flush
    /// would not tell: so all of it is written anew, for the next one who opens the log.
    pub(crate) fn settle(&self) -> Result<(), StoreError> {
        let settled = self.flush().and_then(|()| flush_folder(&*self.files, &self.path));
        if settled.is_err()
            && let Ok(bytes) = read_all(&*self.files, &self.path)
        {
            // The first error says what is wrong.
            let _ = write_whole_on(&*self.files, &self.path, &bytes);
        }
        settled
    }

    /// Cuts off what was appended and could not be flushed, as far as the system lets. It may have dropped what it could not write, and
    /// shows it all the same: nobody is to build on that.
    pub(crate) fn take_back(&self) {
        let flushed = self.flushed.load(Ordering::Relaxed);
        let _ = self.file.cut(flushed);
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
        self.settle()?;
        Ok(aside)
    }
}

fn lock(files: &dyn Files, path: &Path) -> Result<Box<dyn Handle>, StoreError> {
    let lock_path = lock_path(path);
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

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn flush_folder(files: &dyn Files, path: &Path) -> Result<(), StoreError> {
    let folder = folder_of(path);
    files.flush_folder(folder).map_err(StoreError::io("flush", folder))
}

/// Makes a folder and those it is in, where they are missing. They are on the disk when this returns.
///
/// ```
/// let folder = tempfile::tempdir().unwrap();
/// let inner = folder.path().join("some/inner");
/// store::make_folder(&inner).unwrap();
/// store::make_folder(&inner).unwrap();
/// assert!(inner.is_dir());
/// ```
pub fn make_folder(folder: &Path) -> Result<(), StoreError> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    folder.parent().map_or(Ok(()), make_folder)?;
    match std::fs::create_dir(folder) {
        // Somebody else has just made it.
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(StoreError::io("create", folder)(error)),
        Ok(()) => flush_folder(&System, folder),
    }
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
