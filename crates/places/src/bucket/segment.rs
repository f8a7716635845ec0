//! Segments: some transactions in one object that never changes.
//!
//! A segment is a Zstandard file of lines of the log (`zstd -d` shows them, with `-D` and the dictionary where they are few). Before
//! them stands a frame that Zstandard
//! skips, with the ids, so that which transactions there are can be known from the first bytes alone:
//!
//! ```text
//!   50 2a 4d 18 │ length │ "dbs1" │ CRC-32C of the ids │ ids, 16 bytes each │ lines, as a frame with a checksum
//! ```

use crate::squeeze::Squeeze;
use edn::Uuid;
use store::Transaction;

const SKIPPED: [u8; 4] = [0x50, 0x2a, 0x4d, 0x18];
const OURS: &[u8; 4] = b"dbs1";
const BEFORE_IDS: usize = 16;

/// How many bytes a segment of so many transactions has before its lines.
pub(crate) fn start(transactions: u64) -> u64 {
    BEFORE_IDS as u64 + 16 * transactions
}

/// Transactions as a segment.
pub(crate) fn pack(transactions: &[Transaction]) -> std::io::Result<Vec<u8>> {
    let ids: Vec<u8> = transactions.iter().flat_map(|t| t.id().into_bytes()).collect();
    let length = u32::try_from(8 + ids.len()).map_err(std::io::Error::other)?;
    let mut text = Vec::with_capacity(transactions.iter().map(|t| t.text().len()).sum());
    transactions.iter().for_each(|t| text.extend_from_slice(t.text().as_bytes()));
    let lines = Squeeze::Zstd.pack(&text)?;
    let mut bytes = Vec::with_capacity(BEFORE_IDS + ids.len() + lines.len());
    bytes.extend_from_slice(&SKIPPED);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(OURS);
    bytes.extend_from_slice(&crc32c::crc32c(&ids).to_le_bytes());
    bytes.extend_from_slice(&ids);
    bytes.extend_from_slice(&lines);
    Ok(bytes)
}

/// The ids that a segment begins with, and where its lines begin; what is wrong where they cannot be read.
pub(crate) fn ids(bytes: &[u8]) -> Result<(Vec<Uuid>, usize), &'static str> {
    let word = |at: usize| -> Option<[u8; 4]> { bytes.get(at..at + 4)?.try_into().ok() };
    if word(0) != Some(SKIPPED) || word(8).as_ref() != Some(OURS) {
        return Err("it does not begin as a segment does");
    }
    let length = word(4).map_or(0, u32::from_le_bytes) as usize;
    let end = 8 + length;
    let ids = bytes.get(BEFORE_IDS..end).ok_or("it ends within its ids")?;
    if word(12).map(u32::from_le_bytes) != Some(crc32c::crc32c(ids)) {
        return Err("its ids do not have the checksum that it says");
    }
    let (ids, rest) = ids.as_chunks::<16>();
    match rest.is_empty() {
        true => Ok((ids.iter().map(|id| Uuid::from_bytes(*id)).collect(), end)),
        false => Err("its ids are not whole"),
    }
}

/// The lines of a segment.
pub(crate) fn lines(bytes: &[u8], place: &str, name: &str) -> Result<Vec<u8>, crate::PlaceError> {
    let damaged = |problem: &str| crate::PlaceError::Damaged {
        place: place.to_owned(),
        what: name.to_owned(),
        problem: problem.to_owned(),
    };
    let (_, end) = ids(bytes).map_err(damaged)?;
    Squeeze::Zstd.unpack(&bytes[end..], place, name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use edn::{Map, Value};
    use std::path::Path;
    use store::{Connection, TxInfo};

    #[test]
    fn a_segment_comes_back_and_damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log.edn");
        let connection = Connection::create(&log, &Map::new(), &TxInfo::default()).unwrap();
        for n in 0..3 {
            let fact = Map::from_iter([(Value::keyword("n"), Value::Int(n))]);
            connection
                .transact(&Value::vector(vec![Value::Map(fact)]), &TxInfo::default())
                .unwrap();
        }
        let text = std::fs::read(&log).unwrap();
        let all = store::transactions(&text, Path::new("log")).unwrap();
        let bytes = pack(&all).unwrap();
        let whole = |bytes: &[u8]| {
            let (ids, _) = ids(bytes).ok()?;
            Some((ids, lines(bytes, "", "").ok()?))
        };
        let ids_of: Vec<Uuid> = all.iter().map(Transaction::id).collect();
        assert_eq!(whole(&bytes), Some((ids_of.clone(), text.clone())));
        assert_eq!(ids(&bytes[..start(4) as usize]).unwrap().0, ids_of);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 0x08;
            assert!(
                whole(&other).is_none_or(|read| read == (ids_of.clone(), text.clone())),
                "{at}"
            );
            assert!(whole(&bytes[..at]).is_none(), "{at}");
        }
    }
}
