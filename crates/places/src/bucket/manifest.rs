//! The manifest: which segments are the log.
//!
//! It is one small object, the only one that ever changes, and that only on the condition that nobody else changed it.

use edn::{Inst, Map, Uuid, Value};

/// Which segments there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Manifest {
    /// Which log it is. A mark of another one means nothing.
    pub(crate) log: Uuid,
    /// How often it was changed: no two manifests of a log are the same text.
    pub(crate) generation: u64,
    /// The number that the last segment got.
    pub(crate) last: u64,
    /// The segments by number.
    pub(crate) segments: Vec<Segment>,
    /// Segments that others have taken up, and that are removed when no reader can be looking for them.
    pub(crate) retired: Vec<Retired>,
}

/// An object with some transactions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    pub(crate) name: String,
    /// When it arrived; that of the last one where it was made of several.
    pub(crate) number: u64,
    /// How often its transactions were brought together.
    pub(crate) level: u64,
    pub(crate) transactions: u64,
    pub(crate) bytes: u64,
    /// The lowest and the highest of its ids.
    pub(crate) ids: (Uuid, Uuid),
}

/// A segment that is not needed any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Retired {
    pub(crate) name: String,
    pub(crate) at: Inst,
}

impl Manifest {
    /// That of a log that has nothing.
    pub(crate) fn empty() -> Manifest {
        Manifest {
            log: Uuid::new_v4(),
            generation: 0,
            last: 0,
            segments: Vec::new(),
            retired: Vec::new(),
        }
    }

    /// Adds a segment behind all others.
    pub(crate) fn add(&mut self, segment: Segment) {
        self.last += 1;
        self.segments.push(Segment { number: self.last, ..segment });
    }

    /// Whether it speaks of a segment.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.segments.iter().any(|s| s.name == name) || self.retired.iter().any(|r| r.name == name)
    }

    /// It as text.
    pub(crate) fn print(&self) -> Vec<u8> {
        let count = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let segments = self.segments.iter().map(|s| {
            map([
                ("name", Value::string(s.name.clone())),
                ("number", count(s.number)),
                ("level", count(s.level)),
                ("transactions", count(s.transactions)),
                ("bytes", count(s.bytes)),
                ("first", Value::Uuid(s.ids.0)),
                ("last", Value::Uuid(s.ids.1)),
            ])
        });
        let retired = self
            .retired
            .iter()
            .map(|r| map([("name", Value::string(r.name.clone())), ("at", Value::Inst(r.at))]));
        let manifest = map([
            ("defbase/bucket", Value::Int(1)),
            ("log", Value::Uuid(self.log)),
            ("generation", count(self.generation)),
            ("last", count(self.last)),
            ("segments", Value::vector(segments.collect::<Vec<_>>())),
            ("retired", Value::vector(retired.collect::<Vec<_>>())),
        ]);
        let mut text = edn::print(&manifest).into_bytes();
        text.push(b'\n');
        text
    }

    /// Reads it; `None` where that is no manifest.
    pub(crate) fn read(bytes: &[u8]) -> Option<Manifest> {
        let value = edn::read(std::str::from_utf8(bytes).ok()?).ok()?;
        let manifest = value.as_map()?;
        if count(manifest, "defbase/bucket")? != 1 {
            return None;
        }
        let items = |name: &str| manifest.get_keyword(name)?.as_vector();
        let segments = items("segments")?.iter().map(|item| {
            let segment = item.as_map()?;
            Some(Segment {
                name: text(segment, "name")?,
                number: count(segment, "number")?,
                level: count(segment, "level")?,
                transactions: count(segment, "transactions")?,
                bytes: count(segment, "bytes")?,
                ids: (uuid(segment, "first")?, uuid(segment, "last")?),
            })
        });
        let retired = items("retired")?.iter().map(|item| {
            let Value::Inst(at) = *item.as_map()?.get_keyword("at")? else { return None };
            Some(Retired { name: text(item.as_map()?, "name")?, at })
        });
        Some(Manifest {
            log: uuid(manifest, "log")?,
            generation: count(manifest, "generation")?,
            last: count(manifest, "last")?,
            segments: segments.collect::<Option<_>>()?,
            retired: retired.collect::<Option<_>>()?,
        })
    }
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (Value::keyword(name), value)).collect())
}

fn count(map: &Map, name: &str) -> Option<u64> {
    map.get_keyword(name)?.as_int().and_then(|n| u64::try_from(n).ok())
}

fn text(map: &Map, name: &str) -> Option<String> {
    map.get_keyword(name)?.as_str().map(str::to_owned)
}

fn uuid(map: &Map, name: &str) -> Option<Uuid> {
    match map.get_keyword(name)? {
        Value::Uuid(uuid) => Some(*uuid),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_comes_back() {
        let mut manifest = Manifest::empty();
        let ids = (Uuid::from_u128(1), Uuid::from_u128(2));
        let name = "a.edn.zst".to_owned();
        manifest.add(Segment { name, number: 0, level: 1, transactions: 2, bytes: 3, ids });
        manifest
            .retired
            .push(Retired { name: "b.edn.zst".to_owned(), at: Inst(1_700_000_000_000) });
        let text = manifest.print();
        assert_eq!(Manifest::read(&text), Some(manifest));
        assert_eq!(Manifest::read(&text[1..]), None);
        assert_eq!(Manifest::read(b"{:defbase/bucket 2}"), None);
    }
}
