//! How far a log is known to be on the disk: what tells a crash's doing from a failing disk's.
//!
//! What was written since the last flush may come back from a crash in any order: a transaction damaged, and a later one whole behind it.
//! Neither was acknowledged, so both are the log's torn end. The same damage in what was flushed is the disk's, and opening stops
//! there. Which it is shows in a mark, which the writer keeps in the file of the lock:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | so many bytes of the log were flushed |
//! | 4 | the CRC-32C of the last of these, which tell the log from another one that was put in its place |
//! | 4 | the CRC-32C of the 12 bytes before |
//!
//! Invariants
//! - The mark never says more than was flushed. It is itself flushed before a writer has more than one transaction unflushed; afterwards it
//!   is written after each flush, for the disk to have it when it likes. So after a crash it may say less: then damage of what
//!   was flushed since is taken for a torn end, which is set aside and told, where PostgreSQL and SQLite end their logs too.
//! - Without a mark, or with one that is damaged or another log's, all of the log counts as flushed.
//! - It is one write of 16 bytes, in one sector, which disks write whole or not at all.
//!
//! Costs: one flush for each writer that ever has more than one transaction unflushed; one small write with each flush from then on.

use crate::files::{Files, Handle, System, Use, between};
use std::io;
use std::path::{Path, PathBuf};

/// Bytes of a mark.
const MARK: usize = 16;

/// So many bytes of the log are looked at to know it again.
const END: u64 = 256;

/// The file of a log's lock.
pub(crate) fn lock_path(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Says that so many bytes of a log are on the disk.
pub(crate) fn write(lock: &dyn Handle, log: &dyn Handle, length: u64) -> io::Result<()> {
    let mut mark = length.to_le_bytes().to_vec();
    mark.extend(end(log, length)?.to_le_bytes());
    mark.extend(crc32c::crc32c(&mark).to_le_bytes());
    match lock.write_first(&mark)? {
        MARK => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// How many bytes of a log are known to be on the disk: all that can be there, where no mark says otherwise.
pub(crate) fn read(files: &dyn Files, path: &Path, log: &dyn Handle) -> u64 {
    try_read(files, path, log).ok().flatten().unwrap_or(u64::MAX)
}

/// The same of a log of the system's.
pub(crate) fn of(log: &Path) -> u64 {
    System.open(log, Use::Read).map_or(u64::MAX, |file| read(&System, log, &*file))
}

fn try_read(files: &dyn Files, path: &Path, log: &dyn Handle) -> io::Result<Option<u64>> {
    let lock = files.open(&lock_path(path), Use::Read)?;
    let mark = between(&*lock, 0, MARK as u64)?;
    let Ok(mark) = <[u8; MARK]>::try_from(mark) else { return Ok(None) };
    let [length @ .., _, _, _, _, _, _, _, _] = mark;
    let [_, _, _, _, _, _, _, _, ending @ .., _, _, _, _] = mark;
    let [said @ .., _, _, _, _] = mark;
    let [_, _, _, _, _, _, _, _, _, _, _, _, crc @ ..] = mark;
    let length = u64::from_le_bytes(length);
    let is_whole = crc32c::crc32c(&said) == u32::from_le_bytes(crc);
    let is_sound = is_whole
        && log.identity()?.length >= length
        && end(log, length)? == u32::from_le_bytes(ending);
    Ok(is_sound.then_some(length))
}

fn end(log: &dyn Handle, length: u64) -> io::Result<u32> {
    Ok(crc32c::crc32c(&between(log, length.saturating_sub(END), length)?))
}
