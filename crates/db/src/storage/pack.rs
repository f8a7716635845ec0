//! A storage in two files: the bytes one after the other, and a table of where each address's bytes are.
//!
//! The table has 16 bytes an address: where its bytes begin, how many they are, their CRC-32C.
//!
//! Invariants
//! - Bytes are only ever added behind what is there. The root's row is written last, when everything it leads to is on the disk, and is
//!   itself on the disk when [`Storage::store`] returns. Whenever the power goes, the pack holds the database that was stored last.
//! - What does not match its checksum is an error, so what was damaged is noticed by whoever reads it.
//!
//! Costs: reading is two reads at a place. Deleting takes an address's row away; its bytes stay, so a pack grows with everything that was
//! ever written to it.

use super::{Address, ROOT, Storage};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of a row of the table.
const ROW: usize = 16;

type Row = [u8; ROW];

/// How many rows are read at a time where all are.
const ROWS_AT_ONCE: usize = 4096;

/// A storage in two files of a folder; see [`Pack::open`].
pub struct Pack {
    bytes: File,
    table: File,
    /// Where the next bytes go. Only who holds it writes.
    end: Mutex<u64>,
    /// How many bytes there are, as far as is known.
    len: AtomicU64,
    is_flushed: bool,
}

impl Pack {
    /// Opens the pack in a folder, or makes one.
    ///
    /// ```
    /// use db::{Db, Pack, Schema, restore};
    /// use std::sync::Arc;
    /// # let folder = std::env::temp_dir().join(format!("a pack of {}", std::process::id()));
    /// let db = Db::empty(Schema::default()).db_with(&edn::read("[{:name \"Ivan\"}]").unwrap()).unwrap();
    /// db.store(Arc::new(Pack::open(&folder).unwrap())).unwrap();
    /// let again = restore(Arc::new(Pack::open(&folder).unwrap())).unwrap().unwrap();
    /// assert_eq!(again.get(1, &edn::Value::keyword("name")), Some("Ivan".into()));
    /// # std::fs::remove_dir_all(folder).unwrap();
    /// ```
    pub fn open(folder: &Path) -> io::Result<Pack> {
        std::fs::create_dir_all(folder)?;
        let mut options = OpenOptions::new();
        let pack = Pack::with(folder, options.read(true).write(true).create(true), true)?;
        // The names of the files are on the disk before anything counts on them.
        File::open(folder)?.sync_all()?;
        Ok(pack)
    }

    /// The same for what can be made again: nothing waits for the disk, so a power failure may leave damage.
    pub fn open_unflushed(folder: &Path) -> io::Result<Pack> {
        std::fs::create_dir_all(folder)?;
        Pack::with(folder, OpenOptions::new().read(true).write(true).create(true), false)
    }

    /// Opens a pack that is there, to be read.
    pub fn read_only(folder: &Path) -> io::Result<Pack> {
        Pack::with(folder, OpenOptions::new().read(true), false)
    }

    fn with(folder: &Path, options: &OpenOptions, is_flushed: bool) -> io::Result<Pack> {
        let (bytes, table) =
            (options.open(folder.join("nodes"))?, options.open(folder.join("table"))?);
        let end = bytes.metadata()?.len();
        Ok(Pack { bytes, table, end: Mutex::new(end), len: AtomicU64::new(end), is_flushed })
    }

    fn writing(&self) -> MutexGuard<'_, u64> {
        // The end is moved when the bytes before it are written.
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Addresses mostly follow one another: the rows of those that do are written in one go.
    fn write_rows(&self, rows: &[(Address, Row)]) -> io::Result<()> {
        for run in rows.chunk_by(|a, b| a.0 + 1 == b.0) {
            let text: Vec<u8> = run.iter().flat_map(|(_, row)| row).copied().collect();
            let at = run[0].0.checked_mul(ROW as u64).ok_or(io::ErrorKind::InvalidInput)?;
            write_at(&self.table, &text, at)?;
        }
        Ok(())
    }

    fn row(&self, address: Address) -> io::Result<Option<(u64, u32, u32)>> {
        let mut row = [0; ROW];
        let Some(at) = address.checked_mul(ROW as u64) else { return Ok(None) };
        match read_at(&self.table, &mut row, at) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let [offset @ .., _, _, _, _, _, _, _, _] = row;
        let [_, _, _, _, _, _, _, _, len @ .., _, _, _, _] = row;
        let [_, _, _, _, _, _, _, _, _, _, _, _, crc @ ..] = row;
        let len = u32::from_le_bytes(len);
        Ok((len > 0).then_some((u64::from_le_bytes(offset), len, u32::from_le_bytes(crc))))
    }

    /// Whether so many bytes are there: no memory is taken for what a damaged table says.
    fn has(&self, end: Option<u64>) -> io::Result<bool> {
        let Some(end) = end else { return Ok(false) };
        if end > self.len.load(Ordering::Relaxed) {
            self.len.store(self.bytes.metadata()?.len(), Ordering::Relaxed);
        }
        Ok(end <= self.len.load(Ordering::Relaxed))
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
}

#[cfg(unix)]
fn write_at(file: &File, buffer: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, at)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                buffer = &mut buffer[n..];
                at += n as u64;
            }
        }
    }
    Ok(())
}

#[cfg(windows)]
fn write_at(file: &File, mut buffer: &[u8], mut at: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_write(file, buffer, at)?;
        buffer = &buffer[n..];
        at += n as u64;
    }
    Ok(())
}

impl Storage for Pack {
    fn store(&self, entries: &[(Address, Vec<u8>)]) -> io::Result<()> {
        let mut end = self.writing();
        let all: Vec<u8> = entries.iter().flat_map(|(_, bytes)| bytes).copied().collect();
        write_at(&self.bytes, &all, *end)?;
        let (mut rows, mut root) = (Vec::with_capacity(entries.len()), Vec::new());
        let mut at = *end;
        for (address, bytes) in entries {
            let len = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
            let mut row = [0; ROW];
            row[..8].copy_from_slice(&at.to_le_bytes());
            row[8..12].copy_from_slice(&len.to_le_bytes());
            row[12..].copy_from_slice(&crc32c::crc32c(bytes).to_le_bytes());
            if *address == ROOT {
                root.push((*address, row))
            } else {
                rows.push((*address, row))
            }
            at += u64::from(len);
        }
        *end = at;
        self.write_rows(&rows)?;
        if root.is_empty() || !self.is_flushed {
            return self.write_rows(&root);
        }
        self.bytes.sync_data()?;
        self.table.sync_data()?;
        self.write_rows(&root)?;
        self.table.sync_data()
    }

    fn restore(&self, address: Address) -> io::Result<Option<Vec<u8>>> {
        let Some((offset, len, crc)) = self.row(address)? else { return Ok(None) };
        if !self.has(offset.checked_add(u64::from(len)))? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; len as usize];
        read_at(&self.bytes, &mut bytes, offset)?;
        match crc32c::crc32c(&bytes) == crc {
            true => Ok(Some(bytes)),
            false => Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum does not match")),
        }
    }

    fn list_addresses(&self) -> io::Result<Vec<Address>> {
        let count = self.table.metadata()?.len() / ROW as u64;
        let (mut addresses, mut first) = (Vec::new(), 0);
        while first < count {
            let mut rows = vec![[0; ROW]; ROWS_AT_ONCE.min((count - first) as usize)];
            read_at(&self.table, rows.as_flattened_mut(), first * ROW as u64)?;
            let taken = (first..).zip(&rows).filter(|(_, row)| row[8..12] != [0; 4]);
            addresses.extend(taken.map(|(address, _)| address));
            first += rows.len() as u64;
        }
        Ok(addresses)
    }

    fn delete(&self, addresses: &[Address]) -> io::Result<()> {
        let _writing = self.writing();
        let rows: Vec<(Address, Row)> = addresses.iter().map(|a| (*a, [0; ROW])).collect();
        self.write_rows(&rows)
    }
}

#[cfg(test)]
mod tests;
