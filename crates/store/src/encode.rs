//! A transaction as lines of the log.
//!
//! Entities are lines in the order of their ids, attributes in the order of their names, several values of one attribute a
//! sorted set; so a transaction has one form. A value that replaces another one says only the new one; what is
//! retracted without a successor stands under `:db/retract`.
//!
//! An entity is named by a unique identity that it had before the transaction, or that the transaction gives it and
//! nobody had before; else by birth: the transaction that made it and the number of its line there.

use crate::births::Births;
use crate::step::{tuple, tuples_of};
use db::{AttrId, Datom, Db, EntityId, TxReport, Unique};
use edn::{Uuid, Value, print_to};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::fmt::Write;
use std::ops::Range;

/// Entities that are written in one go; a transaction of fewer is not worth a second thread.
const ENTITIES_AT_ONCE: usize = 512;

/// What is written.
pub(crate) struct Said<'a> {
    pub(crate) id: Uuid,
    pub(crate) parents: &'a [Uuid],
    pub(crate) report: &'a TxReport,
    /// What it says of attributes.
    pub(crate) schema: &'a [(Value, Value)],
    /// What it says that was so already and is worth to be written all the same.
    pub(crate) again: &'a [Datom],
}

/// A transaction in the log's form.
pub(crate) struct Encoded {
    pub(crate) text: String,
    pub(crate) crc: u32,
    /// New entities and their numbers in the order in which reading makes them.
    pub(crate) born: Vec<(EntityId, u32)>,
    /// Whether reading it gives the very database it was made of, entity ids included.
    pub(crate) is_exact: bool,
}

/// The key of the checksum, last on a commit line.
pub(crate) const CHECKSUM: &str = ":tx/crc32c";

pub(crate) fn encode(said: &Said<'_>, births: &Births) -> Encoded {
    let schema = said.schema;
    let encoder = Encoder::new(said, births);
    let mut out = String::new();
    for (n, (attribute, properties)) in schema.iter().enumerate() {
        encoder.start(&mut out, n as u32);
        out.push_str("{:db/attribute ");
        print_to(&mut out, attribute);
        for (key, value) in sorted(properties) {
            out.push_str(", ");
            print_to(&mut out, &key);
            out.push(' ');
            print_to(&mut out, &value);
        }
        out.push_str("}]\n");
    }
    let written: Vec<String> = encoder
        .groups
        .par_chunks(ENTITIES_AT_ONCE)
        .map(|groups| {
            let mut text = String::new();
            groups.iter().for_each(|group| encoder.entity(&mut text, group));
            text
        })
        .collect();
    out.reserve(written.iter().map(String::len).sum::<usize>() + 1024);
    written.iter().for_each(|text| out.push_str(text));
    let lines = schema.len() + encoder.groups.len();
    encoder.commit(&mut out, said.parents, lines);
    // The checksum covers everything before it, the commit line's own beginning included.
    let crc = crc32c::crc32c(out.as_bytes());
    let _ = writeln!(out, "{CHECKSUM} {crc}}}]");
    let is_exact = encoder.is_exact();
    Encoded { text: out, crc, born: encoder.born, is_exact }
}

fn sorted(properties: &Value) -> Vec<(Value, Value)> {
    let map = properties.as_map();
    let mut entries: Vec<(Value, Value)> =
        map.into_iter().flat_map(|m| m.iter()).map(|(k, v)| (k.clone(), v.clone())).collect();
    entries.sort();
    entries
}

/// The changes of one entity.
struct Group {
    e: EntityId,
    n: u32,
    is_new: bool,
    /// Which of the encoder's datoms they are.
    datoms: Range<usize>,
}

struct Encoder<'a> {
    report: &'a TxReport,
    before: &'a Db,
    births: &'a Births,
    head: String,
    /// What the transaction says of other entities than itself, by entity and then by the attribute's name.
    datoms: Vec<Datom>,
    groups: Vec<Group>,
    about_tx: Vec<Datom>,
    numbers: FxHashMap<EntityId, u32>,
    identities: Vec<AttrId>,
    /// Identities that this transaction gives.
    given: FxHashMap<EntityId, (AttrId, db::Cell)>,
    born: Vec<(EntityId, u32)>,
    /// Entities that are only referred to.
    referred: FxHashMap<EntityId, u32>,
    /// Something was retracted and said again.
    is_revived: bool,
    id: Uuid,
}

impl<'a> Encoder<'a> {
    fn new(said: &Said<'a>, births: &'a Births) -> Self {
        let Said { report, id, .. } = *said;
        let schema = report.db_after.schema();
        let identities = (0..schema.len() as AttrId)
            .filter(|a| {
                let attribute = schema.get(*a);
                attribute.unique() == Some(Unique::Identity)
                    && !attribute.is_ref()
                    && !attribute.is_many()
                    && attribute.tuple().is_empty()
            })
            .collect();
        let mut encoder = Encoder {
            report,
            before: &report.db_before,
            births,
            head: format!("[#uuid \"{id}\" "),
            datoms: Vec::new(),
            groups: Vec::new(),
            about_tx: Vec::new(),
            numbers: FxHashMap::default(),
            identities,
            given: FxHashMap::default(),
            born: Vec::new(),
            referred: FxHashMap::default(),
            is_revived: false,
            id,
        };
        encoder.group(said.schema.len() as u32, said.again);
        encoder
    }

    fn group(&mut self, first: u32, again: &[Datom]) {
        let schema = self.report.db_after.schema();
        let (mut changes, is_revived) = net(&self.report.tx_data);
        self.is_revived = is_revived;
        changes.extend(again);
        // Composite tuples follow from their members: they are made again when the log is read.
        changes.retain(|d| schema.get(d.a).tuple().is_empty());
        let (about_tx, mut datoms): (Vec<Datom>, Vec<Datom>) =
            changes.into_iter().partition(|d| d.e == self.report.tx);
        datoms.sort_by_key(|d| (d.e, schema.rank(d.a)));
        let mut at = 0;
        for chunk in datoms.chunk_by(|x, y| x.e == y.e) {
            let (e, n) = (chunk[0].e, first + self.groups.len() as u32);
            let is_new = self.is_new(e);
            self.numbers.insert(e, n);
            if is_new {
                self.born.push((e, n));
            }
            let names = chunk.iter().filter(|d| d.added && self.identities.contains(&d.a));
            if let Some(datom) = names.into_iter().find(|d| self.is_free(d)) {
                self.given.insert(e, (datom.a, datom.v));
            }
            self.groups.push(Group { e, n, is_new, datoms: at..at + chunk.len() });
            at += chunk.len();
        }
        self.about_tx = about_tx;
        self.datoms = datoms;
        self.number_the_referred(first + self.groups.len() as u32);
    }

    /// Numbers for entities that are new and of which nothing is said, behind those of the lines.
    fn number_the_referred(&mut self, mut next: u32) {
        let schema = self.report.db_after.schema();
        let said = self.datoms.iter().chain(&self.about_tx);
        for d in said.filter(|d| d.added && schema.get(d.a).is_ref()) {
            let Some(e) = d.v.as_entity() else { continue };
            if self.is_known(e) || self.referred.contains_key(&e) {
                continue;
            }
            let n = self.births.of(e).map_or(next, |birth| birth.1);
            self.referred.insert(e, n);
            self.born.push((e, n));
            next += 1;
        }
    }

    /// Whether an entity is there, or is the transaction or on one of its lines.
    fn is_known(&self, e: EntityId) -> bool {
        e == self.report.tx || self.numbers.contains_key(&e) || !self.is_new(e)
    }

    /// Whether this transaction makes an entity.
    fn is_new(&self, e: EntityId) -> bool {
        match self.births.of(e) {
            Some(birth) => birth.0 == self.id,
            None => self.births.transaction(e).is_none(),
        }
    }

    /// Whether reading the transaction gives the database it was made of: entities in the order of their lines, nothing
    /// but changes of this transaction, tuples as their members say.
    fn is_exact(&self) -> bool {
        let (report, after) = (self.report, &self.report.db_after);
        let first = self.births.next_entity();
        let schema = after.schema();
        let tuples = tuples_of(after, &report.tx_data);
        !self.is_revived
            && self.referred.is_empty()
            && self.born.iter().zip(first..).all(|((e, _), expected)| *e == expected)
            && after.max_eid() as usize == first as usize - 1 + self.born.len()
            && report.tx == self.births.next_tx()
            && report.tx_data.iter().all(|d| {
                d.tx == report.tx
                    && (schema.get(d.a).tuple().is_empty() || tuples.contains(&(d.e, d.a)))
            })
            && tuples
                .iter()
                .all(|(e, a)| after.values(*e, *a).next().map(|d| d.v) == tuple(after, *e, *a))
    }

    /// Whether nobody had an identity before the transaction.
    fn is_free(&self, datom: &Datom) -> bool {
        self.before.attr(self.name(datom.a)).is_none()
            || self.before.entity_with(datom.a, datom.v).is_none()
    }

    fn name(&self, a: AttrId) -> &'a Value {
        self.report.db_after.attr_name(a)
    }

    /// A unique identity that an entity had before.
    fn identity_before(&self, e: EntityId) -> Option<(AttrId, db::Cell)> {
        let known = self.before.schema().len() as AttrId;
        let mut found: Option<(AttrId, db::Cell)> = None;
        for a in self.identities.iter().copied().filter(|a| *a < known) {
            if let Some(datom) = self.before.values(e, a).next()
                && self.before.entity_with(a, datom.v) == Some(e)
                && found.is_none_or(|(other, _)| self.name(a) < self.name(other))
            {
                found = Some((a, datom.v));
            }
        }
        found
    }

    fn identity(&self, e: EntityId) -> Option<(AttrId, db::Cell)> {
        if e != self.report.tx && self.is_new(e) {
            return self.given.get(&e).copied();
        }
        // An entity that is there without an identity is known by its birth, whatever it is given now.
        self.identity_before(e)
    }

    fn write_name(&self, out: &mut String, e: EntityId) {
        if let Some((a, v)) = self.identity(e) {
            out.push('[');
            print_to(out, self.name(a));
            out.push(' ');
            print_to(out, &self.report.db_after.value(v));
            out.push(']');
        } else if e == self.report.tx {
            let _ = write!(out, "#db/tx #uuid \"{}\"", self.id);
        } else if let Some(transaction) = self.births.transaction(e) {
            let _ = write!(out, "#db/tx #uuid \"{}\"", transaction.id);
        } else if let Some((id, n)) = self.births.of(e) {
            let _ = write!(out, "#db/birth [#uuid \"{id}\" {n}]");
        } else {
            let n = self.numbers.get(&e).or_else(|| self.referred.get(&e)).copied();
            let _ = write!(out, "#db/birth [#uuid \"{}\" {}]", self.id, n.unwrap_or_default());
        }
    }

    fn start(&self, out: &mut String, n: u32) {
        out.push_str(&self.head);
        let _ = write!(out, "{n} ");
    }

    fn entity(&self, out: &mut String, group: &Group) {
        self.start(out, group.n);
        out.push('{');
        let named = self.identity(group.e);
        let mut separator = "";
        // A new entity without an identity is named by its own line.
        if !group.is_new || named.is_some() {
            out.push_str(":db/id ");
            self.write_name(out, group.e);
            separator = ", ";
        }
        let datoms = &self.datoms[group.datoms.clone()];
        let is_name = |d: &Datom| group.is_new && d.added && named == Some((d.a, d.v));
        let added: Vec<&Datom> = datoms.iter().filter(|d| d.added && !is_name(d)).collect();
        self.facts(out, &added, &mut separator);
        let schema = self.report.db_after.schema();
        let gone: Vec<&Datom> = datoms
            .iter()
            .filter(|d| !d.added)
            .filter(|d| {
                schema.get(d.a).is_many()
                    || !added.iter().any(|x| x.a == d.a)
                    || datoms.iter().filter(|x| x.a == d.a && !x.added).count() > 1
            })
            .collect();
        if !gone.is_empty() {
            out.push_str(separator);
            out.push_str(":db/retract {");
            let mut inner = "";
            self.facts(out, &gone, &mut inner);
            out.push('}');
        }
        out.push_str("}]\n");
    }

    /// Attributes and values of datoms that stand attribute by attribute.
    fn facts(&self, out: &mut String, datoms: &[&Datom], separator: &mut &'static str) {
        for run in datoms.chunk_by(|x, y| x.a == y.a) {
            out.push_str(separator);
            *separator = ", ";
            print_to(out, self.name(run[0].a));
            out.push(' ');
            if self.report.db_after.schema().get(run[0].a).is_many() {
                self.set(out, run);
            } else if let [one] = run {
                self.value(out, one);
            } else {
                // Left from before the attribute became one of single values.
                out.push_str("#db/values ");
                self.set(out, run);
            }
        }
    }

    /// The values of one attribute, by their text.
    fn set(&self, out: &mut String, run: &[&Datom]) {
        out.push_str("#{");
        if let [one] = run {
            self.value(out, one);
        } else {
            let mut texts = String::new();
            let mut values: Vec<Range<usize>> = Vec::with_capacity(run.len());
            for datom in run {
                let start = texts.len();
                self.value(&mut texts, datom);
                values.push(start..texts.len());
            }
            values.sort_unstable_by(|x, y| texts[x.clone()].cmp(&texts[y.clone()]));
            for (i, value) in values.into_iter().enumerate() {
                out.push_str(if i > 0 { " " } else { "" });
                out.push_str(&texts[value]);
            }
        }
        out.push('}');
    }

    fn value(&self, out: &mut String, datom: &Datom) {
        if self.report.db_after.schema().get(datom.a).is_ref() {
            match datom.v.as_entity() {
                Some(e) if datom.added || self.is_known(e) => return self.write_name(out, e),
                // A value from before the attribute became a reference can only go.
                _ => out.push_str("#db/value "),
            }
        }
        let value = self.report.db_after.value(datom.v);
        if !datom.added && is_marked(&value) {
            out.push_str("#db/value ");
        }
        print_to(out, &value);
    }

    fn commit(&self, out: &mut String, parents: &[Uuid], lines: usize) {
        out.push_str(&self.head);
        out.push_str(":commit {");
        let mut datoms: Vec<&Datom> = self.about_tx.iter().filter(|d| d.added).collect();
        datoms.retain(|d| !self.name(d.a).is_keyword("tx/id"));
        datoms.sort_by_key(|d| self.report.db_after.schema().rank(d.a));
        let mut separator = "";
        self.facts(out, &datoms, &mut separator);
        out.push_str(separator);
        out.push_str(":tx/parents [");
        for (i, parent) in parents.iter().enumerate() {
            let space = if i > 0 { " " } else { "" };
            let _ = write!(out, "{space}#uuid \"{parent}\"");
        }
        let _ = write!(out, "], :tx/lines {lines}, ");
    }
}

/// Whether a value has the form of what a retraction marks.
fn is_marked(value: &Value) -> bool {
    match value {
        Value::Tagged(tagged) => matches!(tagged.tag.as_str(), "db/value" | "db/values"),
        _ => false,
    }
}

/// The changes that are left when what was asserted and retracted again is taken away, and whether something was retracted
/// and asserted again.
fn net(datoms: &[Datom]) -> (Vec<Datom>, bool) {
    if datoms.iter().all(|d| d.added) {
        return (datoms.to_vec(), false);
    }
    let mut is_revived = false;
    let mut last: FxHashMap<(EntityId, AttrId, db::Cell), Option<usize>> = FxHashMap::default();
    for (i, d) in datoms.iter().enumerate() {
        let slot = last.entry((d.e, d.a, d.v)).or_insert(None);
        match slot {
            Some(at) if datoms[*at].added != d.added => {
                is_revived |= d.added;
                *slot = None;
            }
            _ => *slot = Some(i),
        }
    }
    let mut kept: Vec<usize> = last.into_values().flatten().collect();
    kept.sort_unstable();
    (kept.into_iter().map(|i| datoms[i]).collect(), is_revived)
}
