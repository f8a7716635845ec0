//! Storages that are there already: in memory, and in a folder with a file for each address.

use super::{Address, Storage};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

/// A storage in memory.
#[derive(Default)]
pub struct MemoryStorage {
    entries: RwLock<BTreeMap<Address, Vec<u8>>>,
}

impl Storage for MemoryStorage {
    fn store(&self, entries: &[(Address, Vec<u8>)]) -> io::Result<()> {
        self.entries
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(entries.iter().cloned());
        Ok(())
    }

    fn restore(&self, address: Address) -> io::Result<Option<Vec<u8>>> {
        Ok(self.entries.read().unwrap_or_else(PoisonError::into_inner).get(&address).cloned())
    }

    fn list_addresses(&self) -> io::Result<Vec<Address>> {
        Ok(self.entries.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect())
    }

    fn delete(&self, addresses: &[Address]) -> io::Result<()> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        addresses.iter().for_each(|address| {
            entries.remove(address);
        });
        Ok(())
    }
}

/// A storage in a folder, a file for each address: DataScript's `file-storage`.
pub struct FileStorage {
    folder: PathBuf,
}

impl FileStorage {
    /// Uses a folder, which is made where it is not there.
    pub fn new(folder: &Path) -> io::Result<FileStorage> {
        std::fs::create_dir_all(folder)?;
        Ok(FileStorage { folder: folder.to_owned() })
    }

    fn path(&self, address: Address) -> PathBuf {
        self.folder.join(format!("{address:x}"))
    }
}

impl Storage for FileStorage {
    fn store(&self, entries: &[(Address, Vec<u8>)]) -> io::Result<()> {
        for (address, bytes) in entries {
            let new = self.folder.join(format!("{address:x}.new"));
            std::fs::write(&new, bytes)?;
            std::fs::File::open(&new)?.sync_all()?;
            std::fs::rename(new, self.path(*address))?;
        }
        std::fs::File::open(&self.folder)?.sync_all()
    }

    fn restore(&self, address: Address) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.path(address)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list_addresses(&self) -> io::Result<Vec<Address>> {
        let mut addresses = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            addresses.extend(name.to_str().and_then(|n| Address::from_str_radix(n, 16).ok()));
        }
        Ok(addresses)
    }

    fn delete(&self, addresses: &[Address]) -> io::Result<()> {
        addresses.iter().try_for_each(|address| std::fs::remove_file(self.path(*address)))
    }
}
