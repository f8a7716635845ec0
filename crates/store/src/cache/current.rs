//! The file `current`: what a cache has, of which part of a log, and where it goes on.

use crate::conflicts::{Conflict, Topic};
use crate::snapshot::{read_conflict, write_conflict};
use db::bytes::{Reader, Writer};
use std::fs;
use std::io;
use std::path::Path;

const CURRENT: &str = "current";

/// The cache is of this version's making: another one may store states otherwise.
const HEAD: &str = concat!("defbase ", env!("CARGO_PKG_VERSION"), ", cache 2");

/// The first bytes of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// How many.
    pub(super) length: u64,
    /// Their checksum.
    pub(super) crc: u32,
}

impl Part {
    pub(super) fn of(bytes: &[u8]) -> Part {
        Part::default().and(bytes)
    }

    /// With these behind them.
    pub(super) fn and(self, bytes: &[u8]) -> Part {
        Part {
            length: self.length + bytes.len() as u64,
            crc: crc32c::crc32c_append(self.crc, bytes),
        }
    }

    fn write(self, out: &mut Writer) {
        out.number(self.length);
        out.number(u64::from(self.crc));
    }

    fn read(input: &mut Reader<'_>) -> Option<Part> {
        Some(Part { length: input.number()?, crc: u32::try_from(input.number()?).ok()? })
    }
}

pub(super) struct Current {
    /// The folder of the database and the origins.
    pub(super) pack: String,
    /// What of the log they are of.
    pub(super) log: Part,
    /// The stamp of the log that was last found to begin so.
    pub(super) stamp: Option<String>,
    /// What of the file of origins is of the state.
    pub(super) origins: Part,
    /// How large the pack was when it was new.
    pub(super) size: u64,
    pub(super) conflicts: Vec<(Topic, Conflict)>,
    /// The database's root.
    pub(super) root: Vec<u8>,
}

impl Current {
    /// What a cache has; `None` where it has nothing, or nothing that can be believed.
    pub(super) fn get(cache: &Path) -> Option<Current> {
        let bytes = fs::read(cache.join(CURRENT)).ok()?;
        let (body, crc) = bytes.split_last_chunk()?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
            return None;
        }
        let mut input = Reader::new(body);
        let current = Current::read(&mut input)?;
        input.is_at_end().then_some(current)
    }

    /// Puts it in place, as a whole. Its checksum tells whether it reached the disk.
    pub(super) fn put(&self, cache: &Path) -> io::Result<()> {
        let mut out = Writer::default();
        self.write(&mut out);
        let crc = crc32c::crc32c(&out.0);
        out.0.extend(crc.to_le_bytes());
        // Who writes has the cache's lock.
        let new = cache.join("current.tmp");
        fs::write(&new, &out.0)?;
        fs::rename(&new, cache.join(CURRENT))
    }

    fn write(&self, out: &mut Writer) {
        out.text(HEAD);
        out.text(&self.pack);
        self.log.write(out);
        out.text(self.stamp.as_deref().unwrap_or_default());
        self.origins.write(out);
        out.number(self.size);
        out.number(self.conflicts.len() as u64);
        for ((e, a), conflict) in &self.conflicts {
            out.number(u64::from(*e));
            out.number(u64::from(*a));
            let mut text = String::new();
            write_conflict(&mut text, conflict);
            out.text(&text);
        }
        out.bytes(&self.root);
    }

    fn read(input: &mut Reader<'_>) -> Option<Current> {
        if input.text()? != HEAD {
            return None;
        }
        let pack = input.text()?.to_owned();
        let log = Part::read(input)?;
        let stamp = Some(input.text()?).filter(|stamp| !stamp.is_empty()).map(str::to_owned);
        let (origins, size) = (Part::read(input)?, input.number()?);
        let mut conflicts = Vec::new();
        for _ in 0..input.number()? {
            let topic =
                (u32::try_from(input.number()?).ok()?, u32::try_from(input.number()?).ok()?);
            let form = edn::read(input.text()?).ok()?;
            conflicts.push((topic, read_conflict(form.as_map()?)?));
        }
        let root = input.bytes()?.to_vec();
        Some(Current { pack, log, stamp, origins, size, conflicts, root })
    }
}
