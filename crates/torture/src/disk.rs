//! A file system in memory, for [`store`] to stand on, that tells all that was done to it and fails where it is told to.
//!
//! What a program sees is what any file system shows: a write is there at once, flushed or not. What would be left after a crash
//! is worked out elsewhere (`crash`) from the [`Event`]s. Clock and dice are those of a seed, so a run can be repeated.
//!
//! A program can be killed: from some call on nothing it does has an effect, until [`Disk::revive`] starts the next one on the
//! files as they are. A flush that fails is the cruel one of real systems: what it was to write counts as written afterwards, can be
//! read, and no later flush writes it.

use crate::dice::Dice;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use store::{Files, Handle, Identity, Use};

/// All files of a disk.
pub type Image = BTreeMap<PathBuf, Arc<[u8]>>;

/// Something that was done to a disk. Files are numbered in the order they were made.
#[derive(Clone)]
pub enum Event {
    /// A name leads to a file now, or to nothing.
    Named(PathBuf, Option<usize>),
    /// What the names in a folder lead to is on the disk.
    FolderFlushed(PathBuf),
    /// Bytes were written at a place.
    Written(usize, usize, Arc<[u8]>),
    /// What was behind so many bytes is gone.
    Cut(usize, usize),
    /// What was written to a file is on the disk.
    Flushed(usize),
    /// It may be or not, and the system has forgotten that it is to be written.
    FlushFailed(usize),
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Named(path, Some(file)) => write!(f, "{} is {file}", path.display()),
            Event::Named(path, None) => write!(f, "{} is gone", path.display()),
            Event::FolderFlushed(path) => write!(f, "{} flushed", path.display()),
            Event::Written(file, at, bytes) => write!(f, "{file} written {at}+{}", bytes.len()),
            Event::Cut(file, length) => write!(f, "{file} cut to {length}"),
            Event::Flushed(file) => write!(f, "{file} flushed"),
            Event::FlushFailed(file) => write!(f, "{file} not flushed"),
        }
    }
}

/// What a call does instead of what it was to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The next write writes some of it and says so.
    ShortWrite,
    /// The next write is interrupted.
    Interrupted,
    /// The next write writes some of it, then the disk is full, and stays so until the next call but one.
    Full,
    /// The next write fails.
    WriteFails,
    /// The next flush fails, of a file or a folder.
    FlushFails,
    /// The program is killed at the next call, in the middle of it where that is a write.
    Killed,
}

/// A file system. Clones are the same one.
#[derive(Clone)]
pub struct Disk(Arc<Mutex<Inner>>);

struct Inner {
    files: Vec<Vec<u8>>,
    names: BTreeMap<PathBuf, usize>,
    events: Vec<Event>,
    /// Who has the lock of which file.
    locks: BTreeMap<usize, u64>,
    handles: u64,
    /// What happens after so many more calls.
    fault: Option<(usize, Fault)>,
    is_dead: bool,
    dice: Dice,
    /// In milliseconds; it ticks with each look at it.
    clock: u64,
}

impl Disk {
    /// A disk with these files, all of them flushed.
    pub fn of(image: &Image, dice: Dice) -> Disk {
        let names = image.keys().enumerate().map(|(n, path)| (path.clone(), n)).collect();
        let files = image.values().map(|bytes| bytes.to_vec()).collect();
        Disk(Arc::new(Mutex::new(Inner {
            files,
            names,
            events: Vec::new(),
            locks: BTreeMap::new(),
            handles: 0,
            fault: None,
            is_dead: false,
            dice,
            clock: 1_700_000_000_000,
        })))
    }

    /// To be handed to what keeps it.
    pub fn shared(&self) -> Arc<dyn Files> {
        Arc::new(self.clone())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Each call leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that was done to it so far.
    pub fn events(&self) -> Vec<Event> {
        self.inner().events.clone()
    }

    /// How much was done to it so far.
    pub fn moment(&self) -> usize {
        self.inner().events.len()
    }

    /// What a program reads of a file.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let inner = self.inner();
        inner.names.get(path).map(|file| inner.files[*file].clone())
    }

    /// Has a call fail, so many calls from now.
    pub fn fail(&self, after: usize, fault: Fault) {
        self.inner().fault = Some((after, fault));
    }

    /// Whether the program was killed.
    pub fn is_dead(&self) -> bool {
        self.inner().is_dead
    }

    /// Nothing fails any more, unless it was killed already.
    pub fn forget_fault(&self) {
        self.inner().fault = None;
    }

    /// Starts another program: what was open is not any more, and nothing fails.
    pub fn revive(&self) {
        let mut inner = self.inner();
        (inner.fault, inner.is_dead) = (None, false);
        inner.locks.clear();
    }

    /// Sets the clock.
    pub fn set_clock(&self, millis: u64) {
        self.inner().clock = millis;
    }

    /// Replaces a file as programs do that do not care: nothing is flushed.
    pub fn replace_carelessly(&self, path: &Path, bytes: &[u8]) {
        let mut inner = self.inner();
        let file = inner.make();
        inner.write(file, bytes);
        inner.name(path, Some(file));
    }
}

fn dead() -> io::Error {
    io::Error::other("the program was killed")
}

impl Inner {
    /// What is to go wrong with this call, if it is one of those that the fault is for.
    fn fault(&mut self, is_for: impl Fn(Fault) -> bool) -> io::Result<Option<Fault>> {
        if self.is_dead {
            return Err(dead());
        }
        match &mut self.fault {
            Some((after, _)) if *after > 0 => *after -= 1,
            Some((_, Fault::Killed)) => {
                self.is_dead = true;
                return Ok(Some(Fault::Killed));
            }
            Some((_, fault)) if is_for(*fault) => return Ok(self.fault.take().map(|(_, f)| f)),
            _ => {}
        }
        Ok(None)
    }

    /// A call that can only be cut off by the end of the program.
    fn plain(&mut self) -> io::Result<()> {
        match self.fault(|_| false)? {
            Some(_) => Err(dead()),
            None => Ok(()),
        }
    }

    fn flush(&mut self, done: Event, failed: Option<Event>) -> io::Result<()> {
        match self.fault(|fault| fault == Fault::FlushFails)? {
            None => self.events.push(done),
            Some(Fault::Killed) => return Err(dead()),
            Some(_) => {
                self.events.extend(failed);
                return Err(ErrorKind::Other.into());
            }
        }
        Ok(())
    }

    fn make(&mut self) -> usize {
        self.files.push(Vec::new());
        self.files.len() - 1
    }

    fn name(&mut self, path: &Path, file: Option<usize>) {
        match file {
            Some(file) => self.names.insert(path.to_owned(), file),
            None => self.names.remove(path),
        };
        self.events.push(Event::Named(path.to_owned(), file));
    }

    fn write(&mut self, file: usize, bytes: &[u8]) {
        let at = self.files[file].len();
        self.files[file].extend_from_slice(bytes);
        self.events.push(Event::Written(file, at, bytes.into()));
    }

    fn cut(&mut self, file: usize, length: usize) {
        self.files[file].resize(length, 0);
        self.events.push(Event::Cut(file, length));
    }

    fn identity(&self, file: usize) -> Identity {
        let length = self.files[file].len() as u64;
        Identity { length, modified: None, place: (0, file as u64) }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        if self.is_dead {
            return Err(dead());
        }
        self.names.get(path).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Files for Disk {
    fn open(&self, path: &Path, to: Use) -> io::Result<Box<dyn Handle>> {
        let mut inner = self.inner();
        let there = match inner.find(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            found => Some(found?),
        };
        let is_made = matches!(to, Use::AppendNew | Use::Rewrite | Use::Lock);
        let file = match there {
            Some(file) => file,
            None if !is_made => return Err(ErrorKind::NotFound.into()),
            None => {
                inner.plain()?;
                let file = inner.make();
                inner.name(path, Some(file));
                file
            }
        };
        if to == Use::Rewrite && there.is_some() {
            inner.plain()?;
            inner.cut(file, 0);
        }
        inner.handles += 1;
        Ok(Box::new(Open { disk: self.clone(), file, id: inner.handles }))
    }

    fn identity(&self, path: &Path) -> io::Result<Identity> {
        let inner = self.inner();
        Ok(inner.identity(inner.find(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        let file = inner.find(from)?;
        inner.plain()?;
        inner.name(to, Some(file));
        inner.name(from, None);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut inner = self.inner();
        inner.find(path)?;
        inner.plain()?;
        inner.name(path, None);
        Ok(())
    }

    fn flush_folder(&self, folder: &Path) -> io::Result<()> {
        self.inner().flush(Event::FolderFlushed(folder.to_owned()), None)
    }

    fn now(&self) -> SystemTime {
        let mut inner = self.inner();
        inner.clock += 1;
        SystemTime::UNIX_EPOCH + Duration::from_millis(inner.clock)
    }

    fn chance(&self) -> [u8; 16] {
        let mut inner = self.inner();
        let (high, low) = (inner.dice.bits(), inner.dice.bits());
        (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
    }
}

/// An open file.
struct Open {
    disk: Disk,
    file: usize,
    id: u64,
}

impl Handle for Open {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        let inner = self.disk.inner();
        if inner.is_dead {
            return Err(dead());
        }
        let rest = usize::try_from(at).ok().and_then(|at| inner.files[self.file].get(at..));
        let rest = rest.unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn append(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.disk.inner();
        let fault = inner.fault(|fault| fault != Fault::FlushFails)?;
        let some = match bytes.len() {
            0 => 0,
            length => 1 + inner.dice.below(length),
        };
        match fault {
            None => inner.write(self.file, bytes),
            Some(Fault::Interrupted) => return Err(ErrorKind::Interrupted.into()),
            Some(Fault::WriteFails | Fault::FlushFails) => return Err(ErrorKind::Other.into()),
            Some(Fault::ShortWrite) => {
                inner.write(self.file, &bytes[..some]);
                return Ok(some);
            }
            Some(Fault::Full) if some < bytes.len() => {
                inner.write(self.file, &bytes[..some]);
                inner.fault = Some((0, Fault::Full));
                return Ok(some);
            }
            Some(Fault::Full) => return Err(ErrorKind::StorageFull.into()),
            Some(Fault::Killed) => {
                inner.write(self.file, &bytes[..some]);
                return Err(dead());
            }
        }
        Ok(bytes.len())
    }

    fn write_first(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.disk.inner();
        if let Some(fault) =
            inner.fault(|fault| matches!(fault, Fault::WriteFails | Fault::Full))?
        {
            return Err(match fault {
                Fault::Killed => dead(),
                _ => ErrorKind::StorageFull.into(),
            });
        }
        let there = &mut inner.files[self.file];
        there.resize(there.len().max(bytes.len()), 0);
        there[..bytes.len()].copy_from_slice(bytes);
        inner.events.push(Event::Written(self.file, 0, bytes.into()));
        Ok(bytes.len())
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        let mut inner = self.disk.inner();
        inner.plain()?;
        let length = usize::try_from(length).map_err(|_| ErrorKind::FileTooLarge)?;
        inner.cut(self.file, length);
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let failed = Some(Event::FlushFailed(self.file));
        self.disk.inner().flush(Event::Flushed(self.file), failed)
    }

    fn identity(&self) -> io::Result<Identity> {
        let inner = self.disk.inner();
        if inner.is_dead { Err(dead()) } else { Ok(inner.identity(self.file)) }
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut inner = self.disk.inner();
        if inner.is_dead {
            return Err(dead());
        }
        Ok(*inner.locks.entry(self.file).or_insert(self.id) == self.id)
    }

    fn unlock(&self) {
        self.disk.inner().locks.retain(|_, holder| *holder != self.id);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.unlock();
    }
}
