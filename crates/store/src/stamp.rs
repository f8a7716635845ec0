//! What tells one state of a log from another without reading it.

use crate::files::Identity;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A log that was changed less than this before it was looked at may be changed again without its times telling.
const GRAIN: Duration = Duration::from_millis(50);

/// How much of the log's end the stamp's checksum covers.
const END: u64 = 64 << 10;

/// How much is read at a time.
const AT_ONCE: usize = 1 << 20;

/// A log as it was when it was looked at: all that is read of it is of that file and that length.
pub(crate) struct Looked {
    file: File,
    pub(crate) identity: Identity,
    pub(crate) length: u64,
    /// Its length, times of change and i-node, and a checksum of its end; `None` where they would not tell.
    pub(crate) stamp: Option<String>,
}

impl Looked {
    /// `None` where it cannot be read.
    pub(crate) fn at(log: &Path) -> Option<Looked> {
        let file = File::open(log).ok()?;
        let metadata = file.metadata().ok()?;
        let identity = Identity::told(&metadata);
        let mut looked = Looked { file, length: identity.length, identity, stamp: None };
        looked.stamp = looked.stamp(&metadata);
        Some(looked)
    }

    fn stamp(&self, metadata: &fs::Metadata) -> Option<String> {
        let modified = metadata.modified().ok()?;
        if SystemTime::now().duration_since(modified).ok()? < GRAIN {
            return None;
        }
        let since = modified.duration_since(UNIX_EPOCH).ok()?;
        let crc = self.crc_between(self.length.saturating_sub(END), self.length).ok()??;
        Some(format!(
            "{} bytes, modified {}.{:09}, {}, ends in {crc:08x}",
            self.length,
            since.as_secs(),
            since.subsec_nanos(),
            inode(metadata),
        ))
    }

    /// The stamp, to be kept: only of what is on the disk. Times and end may be the same after a crash that left holes before the end.
    pub(crate) fn lasting_stamp(&self) -> Option<String> {
        // Elsewhere who only reads a file cannot flush it.
        self.stamp.clone().filter(|_| !cfg!(unix) || self.file.sync_data().is_ok())
    }

    /// The checksum of so many bytes from the first on; `None` where there are not so many.
    pub(crate) fn crc_of(&self, length: u64) -> io::Result<Option<u32>> {
        self.crc_between(0, length)
    }

    fn crc_between(&self, from: u64, to: u64) -> io::Result<Option<u32>> {
        if to > self.length {
            return Ok(None);
        }
        let mut file = &self.file;
        file.seek(SeekFrom::Start(from))?;
        let mut buffer = vec![0; AT_ONCE.min((to - from) as usize)];
        let (mut left, mut crc) = (to - from, 0);
        while left > 0 {
            let some = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            file.read_exact(&mut buffer[..some])?;
            crc = crc32c::crc32c_append(crc, &buffer[..some]);
            left -= some as u64;
        }
        Ok(Some(crc))
    }

    /// What stands behind so many bytes; `None` where there are not so many.
    pub(crate) fn tail(&self, from: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(length) = self.length.checked_sub(from) else { return Ok(None) };
        let mut file = &self.file;
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.take(length).read_to_end(&mut tail)?;
        Ok((tail.len() as u64 == length).then_some(tail))
    }
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!(
        "changed {}.{:09}, i-node {} on {}",
        metadata.ctime(),
        metadata.ctime_nsec(),
        metadata.ino(),
        metadata.dev()
    )
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> String {
    String::from("no i-node")
}
