//! Snapshots: a whole database, history included, as lines of EDN.
//!
//! The first line says what it is, the second the schema, then come the transactions, the facts that are true, the events
//! of those that are not any more, conflicts, and births; the last line has a checksum over all before it. The same
//! database has the same bytes. Where the datoms of a transaction do not tell what it said, as when the schema changed, its
//! lines of the log stand with it. So a snapshot has all that its log had: [`restore`](crate::restore) writes that log anew.

use crate::births::{Births, Recorded};
use crate::conflicts::{Conflict, Conflicts, SCHEMA, Side};
use crate::error::StoreError;
use crate::file::{read_all, write_whole};
use crate::files::{Files, System};
use crate::replay::Replayed;
use crate::seen::Heads;
use db::{Datom, Db, EntityId, Index, Prefix, Schema, TX0};
use edn::{Map, Uuid, Value, print_to};
use std::fmt::Write;
use std::path::Path;

const HEAD: &str = "{:defbase/snapshot 1}";

/// Writes a snapshot; it is there whole or not at all.
pub fn write_snapshot(state: &Replayed, path: &Path) -> Result<(), StoreError> {
    write_whole(path, encode_snapshot(state).as_bytes())
}

/// The text of a snapshot.
pub fn encode_snapshot(state: &Replayed) -> String {
    let db = &state.db;
    let mut out = String::from(HEAD);
    out.push_str("\n{:schema ");
    let mut schema: Vec<(&Value, &Value)> = db.schema().as_map().iter().collect();
    schema.sort();
    let entries: Vec<String> = schema
        .into_iter()
        .map(|(name, properties)| {
            let mut sorted: Vec<_> =
                properties.as_map().into_iter().flat_map(|m| m.iter()).collect();
            sorted.sort();
            let inner: Vec<String> = sorted.iter().map(|(k, v)| format!("{k} {v}")).collect();
            format!("{name} {{{}}}", inner.join(", "))
        })
        .collect();
    let _ = writeln!(out, "{{{}}}}}", entries.join(", "));
    for transaction in state.births.transactions() {
        let _ = write!(out, "{{:tx #uuid \"{}\" :parents [", transaction.id);
        let parents: Vec<String> =
            transaction.parents.iter().map(|p| format!("#uuid \"{p}\"")).collect();
        let _ = writeln!(out, "{}] :crc32c {}}}", parents.join(" "), transaction.crc);
        out.push_str(transaction.text.as_deref().unwrap_or_default());
    }
    for datom in db.unviewed().scan(Index::Eavt, &Prefix::default()) {
        write_datom(&mut out, db, &datom, false);
    }
    for event in db.past_events() {
        write_datom(&mut out, db, &event, true);
    }
    for conflict in state.conflicts.iter() {
        write_conflict(&mut out, conflict);
    }
    for (e, (id, n)) in state.births.all() {
        let _ = writeln!(out, "{{:born {e} :in #uuid \"{id}\" :as {n}}}");
    }
    let crc = crc32c::crc32c(out.as_bytes());
    let _ = writeln!(out, "{{:crc32c {crc}}}");
    out
}

fn write_datom(out: &mut String, db: &Db, datom: &Datom, event: bool) {
    let _ = write!(out, "[{} ", datom.e);
    print_to(out, db.attr_name(datom.a));
    out.push(' ');
    print_to(out, &db.value(datom.v));
    let _ = write!(out, " {}", datom.tx);
    if event {
        let _ = write!(out, " {}", datom.added);
    }
    out.push_str("]\n");
}

/// A line of a snapshot that says a conflict.
pub(crate) fn write_conflict(out: &mut String, conflict: &Conflict) {
    let Conflict { entity, attribute, earlier, later } = conflict;
    let _ = write!(out, "{{:conflict [{entity} {attribute}]");
    for (name, side) in [("earlier", earlier), ("later", later)] {
        let _ = write!(out, " :{name} [{}", side.tx);
        if let Some(value) = &side.value {
            out.push(' ');
            print_to(out, value);
        }
        out.push(']');
    }
    out.push_str("}\n");
}

/// Whether a file's bytes begin as a snapshot's.
pub fn is_snapshot(bytes: &[u8]) -> bool {
    bytes.starts_with(HEAD.as_bytes())
}

/// Reads a snapshot back.
pub fn read_snapshot(path: &Path) -> Result<Replayed, StoreError> {
    read_snapshot_on(&System, path)
}

pub(crate) fn read_snapshot_on(files: &dyn Files, path: &Path) -> Result<Replayed, StoreError> {
    let bytes = read_all(files, path)?;
    decode_snapshot(&bytes)
        .map_err(|problem| StoreError::Snapshot { path: path.to_owned(), problem })
}

/// The database of a snapshot's bytes; the error says what is wrong with them.
pub fn decode_snapshot(bytes: &[u8]) -> Result<Replayed, String> {
    let text = std::str::from_utf8(bytes).map_err(|e| format!("not UTF-8: {e}"))?;
    let body = text.strip_suffix('\n').ok_or("its last line is not whole")?;
    let last = body.rfind('\n').map_or(0, |at| at + 1);
    let crc = edn::read(&body[last..])
        .ok()
        .and_then(|v| v.as_map()?.get_keyword("crc32c")?.as_int())
        .ok_or("its last line is no checksum")?;
    if i64::from(crc32c::crc32c(&bytes[..last])) != crc {
        return Err("its checksum does not match: it is damaged".to_string());
    }
    let mut lines = body[..last].lines();
    if lines.next() != Some(HEAD) {
        return Err(format!("expected {HEAD} on its first line"));
    }
    let schema = lines.next().and_then(|l| edn::read(l).ok()).ok_or("expected a schema")?;
    let schema =
        schema.as_map().and_then(|m| m.get_keyword("schema")).cloned().unwrap_or(Value::Nil);
    let schema = Schema::new(&schema).map_err(|e| e.to_string())?;
    let mut read = Decoder {
        db: Db::empty_with_history(schema),
        now: Vec::new(),
        past: Vec::new(),
        births: Births::default(),
        heads: Heads::default(),
        conflicts: Conflicts::default(),
        text: String::new(),
    };
    for (n, line) in lines.enumerate() {
        read.line(line).ok_or_else(|| format!("line {} is no part of a snapshot", n + 3))?;
    }
    Ok(read.finish())
}

struct Decoder {
    db: Db,
    now: Vec<Datom>,
    past: Vec<Datom>,
    births: Births,
    heads: Heads,
    conflicts: Conflicts,
    /// Lines of the transaction that is being read.
    text: String,
}

fn id(value: &Value) -> Option<EntityId> {
    value.as_int().and_then(|n| EntityId::try_from(n).ok())
}

/// What [`write_conflict`] wrote.
pub(crate) fn read_conflict(map: &Map) -> Option<Conflict> {
    let [entity, attribute] = map.get_keyword("conflict")?.as_vector()? else { return None };
    let side = |name: &str| {
        let parts = map.get_keyword(name)?.as_vector()?;
        Some(Side { tx: id(parts.first()?)?, value: parts.get(1).cloned() })
    };
    Some(Conflict {
        entity: id(entity)?,
        attribute: attribute.clone(),
        earlier: side("earlier")?,
        later: side("later")?,
    })
}

impl Decoder {
    /// The lines that stood with a transaction are its own when they are all read.
    fn end_of_transaction(&mut self) {
        if !self.text.is_empty() {
            self.births.set_text(&self.text);
            self.text.clear();
        }
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let form = edn::read(line).ok()?;
        match form.as_vector() {
            Some([Value::Uuid(_), ..]) => {
                self.text.push_str(line);
                self.text.push('\n');
                return Some(());
            }
            Some(parts) => {
                self.end_of_transaction();
                return self.datom(parts);
            }
            None => self.end_of_transaction(),
        }
        let map = form.as_map()?;
        let uuid = |v: &Value| match v {
            Value::Uuid(id) => Some(*id),
            _ => None,
        };
        if let Some(tx) = map.get_keyword("tx") {
            let parents = map.get_keyword("parents")?.as_vector()?;
            let parents: Option<Vec<Uuid>> = parents.iter().map(uuid).collect();
            let (id, parents) = (uuid(tx)?, parents?);
            if self.births.last_id().is_some_and(|last| last >= id) {
                return None;
            }
            let crc = u32::try_from(map.get_keyword("crc32c")?.as_int()?).ok()?;
            let seen = self.heads.seen_by(&self.births, &parents);
            let saw_all = seen.is_none();
            self.heads.advance(id, self.births.next_tx(), &parents, seen);
            self.births.record(Recorded { id, parents, saw_all, crc, text: None });
            return Some(());
        }
        if map.get_keyword("conflict").is_some() {
            return self.conflict(map);
        }
        let e = EntityId::try_from(map.get_keyword("born")?.as_int()?).ok()?;
        let n = u32::try_from(map.get_keyword("as")?.as_int()?).ok()?;
        let tx = self.births.tx_of(&uuid(map.get_keyword("in")?)?)?;
        if e >= TX0 || self.births.of(e).is_some() {
            self.births.alias(tx, n, e);
        } else if self.births.bear(tx, n) != e {
            return None;
        }
        Some(())
    }

    fn conflict(&mut self, map: &Map) -> Option<()> {
        let conflict = read_conflict(map)?;
        let a = self.db.use_attribute(&conflict.attribute).ok()?;
        // What a transaction says of an attribute itself is told of the transaction.
        let is_schema = conflict.entity == conflict.later.tx;
        let about = if is_schema { SCHEMA } else { conflict.entity };
        self.conflicts.add((about, a), conflict);
        Some(())
    }

    fn datom(&mut self, parts: &[Value]) -> Option<()> {
        let (e, tx) = (id(parts.first()?)?, id(parts.get(3)?)?);
        let a = self.db.use_attribute(parts.get(1)?).ok()?;
        let v = self.db.dict().intern(parts.get(2)?);
        match parts.get(4) {
            None => self.now.push(Datom { e, a, v, tx, added: true }),
            Some(added) => self.past.push(Datom { e, a, v, tx, added: added.as_bool()? }),
        }
        Some(())
    }

    fn finish(mut self) -> Replayed {
        self.end_of_transaction();
        let db = self.db.with_past(self.past).apply(&self.now);
        Replayed {
            db: db.with_entity_ids(self.births.next_entity() - 1),
            conflicts: self.conflicts,
            births: self.births,
            heads: self.heads,
        }
    }
}
