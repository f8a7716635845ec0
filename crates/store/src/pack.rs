//! A storage for nodes in two files: the bytes one after the other, and a table of where each address's bytes are.
//!
//! The table has 16 bytes an address: where its bytes begin, how many they are, their CRC-32C. What does not match its checksum is an
//! error, so a pack that was left half written is noticed by whoever reads what is missing.

use db::{Address, Storage};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Bytes of a row of the table.
const ROW: u64 = 16;

/// See the module.
pub struct Pack {
    bytes: File,
    table: File,
    /// Where the next bytes go.
    end: Mutex<u64>,
}

impl Pack {
    /// Opens the pack in a folder, or makes one.
    pub fn open(folder: &Path) -> io::Result<Pack> {
        std::fs::create_dir_all(folder)?;
        let open = |name: &str| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(folder.join(name))
        };
        let (bytes, table) = (open("nodes")?, open("table")?);
        let end = bytes.metadata()?.len();
        Ok(Pack { bytes, table, end: Mutex::new(end) })
    }

    /// Opens a pack that is there, to be read.
    pub fn read_only(folder: &Path) -> io::Result<Pack> {
        let open = |name: &str| File::open(folder.join(name));
        let (bytes, table) = (open("nodes")?, open("table")?);
        let end = bytes.metadata()?.len();
        Ok(Pack { bytes, table, end: Mutex::new(end) })
    }

    fn write_row(&self, address: Address, row: &[u8]) -> io::Result<()> {
        let at = address.checked_mul(ROW).ok_or(io::ErrorKind::InvalidInput)?;
        (&self.table).seek(SeekFrom::Start(at))?;
        (&self.table).write_all(row)
    }

    fn row(&self, address: Address) -> io::Result<Option<(u64, u32, u32)>> {
        let mut row = [0; ROW as usize];
        let Some(at) = address.checked_mul(ROW) else { return Ok(None) };
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
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, at)
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

impl Storage for Pack {
    fn store(&self, entries: &[(Address, Vec<u8>)]) -> io::Result<()> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<u8> = entries.iter().flat_map(|(_, bytes)| bytes).copied().collect();
        (&self.bytes).seek(SeekFrom::Start(*end))?;
        (&self.bytes).write_all(&all)?;
        let mut rows: Vec<(Address, [u8; ROW as usize])> = Vec::with_capacity(entries.len());
        let mut at = *end;
        for (address, bytes) in entries {
            let len = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
            let mut row = [0; ROW as usize];
            row[..8].copy_from_slice(&at.to_le_bytes());
            row[8..12].copy_from_slice(&len.to_le_bytes());
            row[12..].copy_from_slice(&crc32c::crc32c(bytes).to_le_bytes());
            rows.push((*address, row));
            at += u64::from(len);
        }
        // Addresses mostly follow one another: those that do are written in one go.
        for run in rows.chunk_by(|a, b| a.0 + 1 == b.0) {
            let text: Vec<u8> = run.iter().flat_map(|(_, row)| row).copied().collect();
            self.write_row(run[0].0, &text)?;
        }
        *end = at;
        Ok(())
    }

    fn restore(&self, address: Address) -> io::Result<Option<Vec<u8>>> {
        let Some((offset, len, crc)) = self.row(address)? else { return Ok(None) };
        if offset + u64::from(len) > self.bytes.metadata()?.len() {
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
        let rows = self.table.metadata()?.len() / ROW;
        let mut addresses = Vec::new();
        for address in 0..rows {
            if self.row(address)?.is_some() {
                addresses.push(address);
            }
        }
        Ok(addresses)
    }

    /// The bytes stay where they are; nothing leads to them any more.
    fn delete(&self, addresses: &[Address]) -> io::Result<()> {
        addresses.iter().try_for_each(|address| self.write_row(*address, &[0; ROW as usize]))
    }
}
