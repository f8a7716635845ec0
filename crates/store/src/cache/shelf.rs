//! A pack that only grows, whose root stands elsewhere: in `current`, which is replaced as a whole.
//!
//! So whoever has read a `current` finds what it leads to, whatever is written meanwhile. What was written for a `current` that never
//! came into place is written over.

use db::{Address, Pack, Storage};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where databases keep their roots.
const ROOT: Address = 0;

pub(super) struct Shelf {
    folder: PathBuf,
    pack: Pack,
    root: Mutex<Vec<u8>>,
}

impl Shelf {
    /// One that is new.
    pub(super) fn create(folder: &Path) -> io::Result<Shelf> {
        let pack = Pack::open_unflushed(folder)?;
        Ok(Shelf { folder: folder.to_owned(), pack, root: Mutex::default() })
    }

    /// One that is there, with the root of the database that is sought in it.
    pub(super) fn open(folder: &Path, root: Vec<u8>) -> io::Result<Shelf> {
        let pack = Pack::read_only(folder)?;
        Ok(Shelf { folder: folder.to_owned(), pack, root: Mutex::new(root) })
    }

    /// The root of the database that was stored last.
    pub(super) fn root(&self) -> Vec<u8> {
        self.root.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many bytes are in it.
    pub(super) fn size(&self) -> io::Result<u64> {
        Ok(fs::metadata(self.folder.join("nodes"))?.len())
    }
}

impl Storage for Shelf {
    /// Who stores has the cache's lock.
    fn store(&self, entries: &[(Address, Vec<u8>)]) -> io::Result<()> {
        let (roots, nodes): (Vec<_>, Vec<_>) =
            entries.iter().cloned().partition(|(address, _)| *address == ROOT);
        if !nodes.is_empty() {
            // Opened for this, it goes on behind whatever others have written since.
            Pack::open_unflushed(&self.folder)?.store(&nodes)?;
        }
        if let Some((_, root)) = roots.into_iter().next_back() {
            *self.root.lock().unwrap_or_else(PoisonError::into_inner) = root;
        }
        Ok(())
    }

    fn restore(&self, address: Address) -> io::Result<Option<Vec<u8>>> {
        match address {
            ROOT => Ok(Some(self.root()).filter(|root| !root.is_empty())),
            _ => self.pack.restore(address),
        }
    }

    fn list_addresses(&self) -> io::Result<Vec<Address>> {
        self.pack.list_addresses()
    }

    fn delete(&self, _: &[Address]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
