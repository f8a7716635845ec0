//! What of a machine stands under a log: the calls that touch a disk, and nothing above them; its clock and its dice.
//!
//! [`System`] is the operating system. `crates/torture` has another one, which forgets, reorders and tears what was not flushed as
//! POSIX allows, and fails where it is told to. The cache needs none: it can be thrown away, and believes nothing without a checksum.
//!
//! What makes what durable, in this order:
//!
//! | what | how |
//! |---|---|
//! | a log that is new | made; its folder flushed; its first transaction written; the log flushed |
//! | a transaction | written behind what is there; the log flushed; only then acknowledged |
//! | a file that is written whole | written under another name; flushed; renamed; the folder flushed |
//! | a torn end | written whole to a file of its own; then cut from the log; the log flushed |
//! | several transactions | the mark of what was flushed before (`flushed`), flushed; then written as one is |
//! | a log that others left | the log and its folder flushed, before anything is written behind |
//! | a folder that is new | made; the one it is in flushed |
//!
//! Invariants
//! - Nothing counts on what was not flushed, nor on an order of what was not flushed.
//! - A call does what it says once: a write may be short, and who calls goes on or takes it back. Only `EINTR` is tried again.
//! - A flush that failed is not tried again: the system may have dropped what it could not write, and would say that all is well. What
//!   was not acknowledged is cut off instead, and the connection accepts nothing more, as PostgreSQL stops when its log cannot be
//!   flushed. Who opens the log anew reads what was on the disk before; where somebody who opens it cannot flush it, it is
//!   written anew as a whole.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// What a file is opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// To be read.
    Read,
    /// To be read, and written behind what is there.
    Append,
    /// The same; it is made where it is missing.
    AppendNew,
    /// To be written from its start; what was there is gone.
    Rewrite,
    /// To be locked, and have its first bytes written; it is made where it is missing, and stays as it is.
    Lock,
}

/// Files by name, and what else a log takes from the machine it stands on.
pub trait Files: Send + Sync {
    /// Opens a file.
    fn open(&self, path: &Path, to: Use) -> io::Result<Box<dyn Handle>>;

    /// What a name leads to.
    fn identity(&self, path: &Path) -> io::Result<Identity>;

    /// Has a file's new name lead to it, and to nothing else, in one step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Takes a name away.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Puts what a folder's names lead to on the disk.
    fn flush_folder(&self, folder: &Path) -> io::Result<()>;

    /// What the clock says, which may be anything.
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Bytes that nobody else is given.
    fn chance(&self) -> [u8; 16] {
        uuid::Uuid::new_v4().into_bytes()
    }
}

/// An open file. Closing it lets go of its lock.
pub trait Handle: Send + Sync {
    /// Reads from a place on. No bytes are the end of the file.
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize>;

    /// Writes behind what is there, or some first bytes of it; says how many.
    fn append(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes over the first bytes of what was opened to be locked; says how many.
    fn write_first(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Takes away what is behind so many bytes.
    fn cut(&self, length: u64) -> io::Result<()>;

    /// Puts what was written on the disk.
    fn flush(&self) -> io::Result<()>;

    /// What it is now.
    fn identity(&self) -> io::Result<Identity>;

    /// Keeps others from locking it; says whether nobody had.
    fn try_lock(&self) -> io::Result<bool>;

    /// Lets others lock it.
    fn unlock(&self);
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// How many bytes it has.
    pub length: u64,
    /// When it was written to.
    pub modified: Option<SystemTime>,
    /// Which file it is: the device and the i-node, or else when it was made.
    pub place: (u64, u64),
}

impl Identity {
    /// Of what the system has told of a file.
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
fn place(metadata: &Metadata) -> (u64, u64) {
    let created = metadata.created().ok();
    let since = created.and_then(|created| created.duration_since(SystemTime::UNIX_EPOCH).ok());
    (0, since.map_or(0, |since| since.as_nanos() as u64))
}

/// The operating system's files.
pub struct System;

impl System {
    /// To be handed to what keeps it.
    pub(crate) fn shared() -> Arc<dyn Files> {
        Arc::new(System)
    }
}

impl Files for System {
    fn open(&self, path: &Path, to: Use) -> io::Result<Box<dyn Handle>> {
        let mut options = OpenOptions::new();
        match to {
            Use::Read => options.read(true),
            Use::Append => options.read(true).append(true),
            Use::AppendNew => options.read(true).append(true).create(true),
            Use::Rewrite => options.write(true).create(true).truncate(true),
            Use::Lock => options.write(true).create(true).truncate(false),
        };
        Ok(Box::new(options.open(path)?))
    }

    fn identity(&self, path: &Path) -> io::Result<Identity> {
        Ok(Identity::told(&fs::metadata(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn flush_folder(&self, folder: &Path) -> io::Result<()> {
        // Elsewhere folders cannot be opened, and names are kept with what they lead to.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

impl Handle for File {
    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, at)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buffer, at)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut &*self, bytes)
    }

    #[cfg(unix)]
    fn write_first(&self, bytes: &[u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(self, bytes, 0)
    }

    #[cfg(windows)]
    fn write_first(&self, bytes: &[u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(self, bytes, 0)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn flush(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(Identity::told(&self.metadata()?))
    }

    fn try_lock(&self) -> io::Result<bool> {
        match File::try_lock(self) {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn unlock(&self) {
        // Closing it does the same, if not as soon.
        let _ = File::unlock(self);
    }
}

/// Writes all of it behind what is there.
pub(crate) fn append_all(file: &dyn Handle, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.append(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The bytes between two places, as far as the file has them.
pub(crate) fn between(file: &dyn Handle, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(to.saturating_sub(from)).map_err(|_| ErrorKind::OutOfMemory)?;
    let (mut bytes, mut read) = (vec![0; length], 0);
    while read < length {
        match file.read_at(&mut bytes[read..], from + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(read);
    Ok(bytes)
}
