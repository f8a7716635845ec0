//! The file `origins`: where entities and transactions come from, a record a transaction, in their order.
//!
//! A record has the id, the checksum of the commit line, whether its author had seen everything, how far back its parents are, what it
//! bore, and its lines where they are kept. The file only grows; `current` says how much of it counts.

use super::current::Part;
use crate::births::{Births, Recorded};
use db::bytes::{Reader, Writer};
use db::{EntityId, TX0};
use edn::Uuid;
use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

const ORIGINS: &str = "origins";

/// Writes the transactions from one on behind what is there; says what there is then.
pub(super) fn append(folder: &Path, there: Part, births: &Births, from: usize) -> io::Result<Part> {
    let mut out = Writer::default();
    for (tx, recorded) in (TX0 + 1 + from as EntityId..).zip(&births.transactions()[from..]) {
        write(&mut out, births, tx, recorded);
    }
    let path = folder.join(ORIGINS);
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    // What stands behind it was written for a `current` that never came.
    file.set_len(there.length)?;
    file.seek(SeekFrom::End(0))?;
    file.write_all(&out.0)?;
    Ok(there.and(&out.0))
}

fn write(out: &mut Writer, births: &Births, tx: EntityId, recorded: &Recorded) {
    let Recorded { id, parents, saw_all, crc, text } = recorded;
    out.bytes(id.as_bytes());
    out.number(u64::from(*crc));
    out.byte(u8::from(*saw_all));
    out.number(parents.len() as u64);
    for parent in parents {
        // All parents are there: a log that lacks one is not replayed.
        out.number(births.tx_of(parent).map_or(0, |parent| u64::from(tx - parent)));
    }
    let runs: Vec<(u32, u32)> = births.runs_of(tx).collect();
    let aliases: Vec<(u32, EntityId)> = births.aliases_of(tx).collect();
    for pairs in [runs, aliases] {
        out.number(pairs.len() as u64);
        pairs.into_iter().flat_map(|(n, m)| [n, m]).for_each(|n| out.number(u64::from(n)));
    }
    out.text(text.as_deref().unwrap_or_default());
}

/// Reads it back; `None` where it is not what was written.
pub(super) fn read(folder: &Path, part: Part) -> Option<Births> {
    let bytes = fs::read(folder.join(ORIGINS)).ok()?;
    let bytes = bytes.get(..usize::try_from(part.length).ok()?)?;
    if Part::of(bytes) != part {
        return None;
    }
    let (mut births, mut input) = (Births::default(), Reader::new(bytes));
    while !input.is_at_end() {
        record(&mut births, &mut input)?;
    }
    Some(births)
}

fn record(births: &mut Births, input: &mut Reader<'_>) -> Option<()> {
    let number = |input: &mut Reader<'_>| u32::try_from(input.number()?).ok();
    let tx = births.next_tx();
    let id = Uuid::from_slice(input.bytes()?).ok()?;
    let crc = number(input)?;
    let saw_all = input.byte()? == 1;
    let mut parents = Vec::new();
    for _ in 0..input.number()? {
        parents.push(births.transaction(tx.checked_sub(number(input)?)?)?.id);
    }
    for _ in 0..input.number()? {
        let (n, count) = (number(input)?, number(input)?);
        births.bear_run(tx, n, count)?;
    }
    for _ in 0..input.number()? {
        let (n, e) = (number(input)?, number(input)?);
        births.alias(tx, n, e);
    }
    let text = Some(input.text()?).filter(|text| !text.is_empty()).map(Into::into);
    births.record(Recorded { id, parents, saw_all, crc, text });
    Some(())
}
