//! The dictionary: the values that do not fit into a cell.
//!
//! Append-only and shared by all versions of a database, so a cell means the same in each of them. Reading takes
//! no lock; interning takes one. Nothing is ever removed: a value lives as long as the last version of the
//! database.
//!
//! A dictionary that comes from a storage has a base: values with the numbers below it, in pages that are read when one of
//! them is looked at and may be let go of afterwards, found by their hash in sorted runs (`stored`).

mod stored;
mod text;

use crate::cell::{Cell, Tag};
use edn::{PrintOptions, Value};
use hashbrown::HashTable;
use rustc_hash::{FxHashMap, FxHasher};
use std::cmp::Ordering;
use std::hash::Hasher;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use stored::{EntryRef, Stored};
pub use text::Text;

/// See the module.
#[derive(Default)]
pub struct Dict {
    base: Option<Stored>,
    /// What came after the base.
    entries: boxcar::Vec<Entry>,
    index: Mutex<Index>,
    /// Where it has been stored, and how far.
    stored: OnceLock<Mutex<Stored>>,
}

struct Entry {
    value: Value,
    /// Of an exotic entry: the cell that stands for all values that are `=` to it.
    class: Option<Cell>,
}

#[derive(Default)]
struct Index {
    /// Entries with one representation, by value.
    plain: HashTable<u32>,
    /// Exotic entries, by printed form with metadata, which tells representations apart.
    exotic: FxHashMap<String, u32>,
    /// The first exotic entry of each class of values that are `=`.
    classes: FxHashMap<Value, Cell>,
}

fn hash_text(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}

fn hash(value: &Value) -> u64 {
    match value {
        Value::Str(s) => hash_text(s),
        _ => {
            let mut hasher = FxHasher::default();
            hasher.write_u32(value.hasheq());
            hasher.finish()
        }
    }
}

fn tag(value: &Value) -> Tag {
    match value {
        Value::Str(_) => Tag::String,
        Value::Keyword(_) => Tag::Keyword,
        Value::Symbol(s) if s.meta().is_some() => Tag::Exotic,
        Value::BigDec(_)
        | Value::List(_)
        | Value::Vector(_)
        | Value::Map(_)
        | Value::Set(_)
        | Value::Tagged(_) => Tag::Exotic,
        Value::BigInt(n) if i64::try_from(&**n).is_ok() => Tag::Exotic,
        Value::Double(d) if *d == 0.0 => Tag::Exotic,
        _ => Tag::Other,
    }
}

fn exact_form(value: &Value) -> String {
    let mut form = String::new();
    edn::print_with(&mut form, value, PrintOptions { meta: true, ..PrintOptions::default() });
    form
}

/// The inline or plain value that is `=` to an exotic one, where there is one.
fn plain_equal(value: &Value) -> Option<Value> {
    match value {
        Value::BigInt(n) => i64::try_from(&**n).ok().map(Value::Int),
        Value::Double(d) if *d == 0.0 => Some(Value::Double(0.0)),
        Value::Symbol(s) => Some(Value::Symbol(s.with_meta(None))),
        _ => None,
    }
}

impl Dict {
    fn lock(&self) -> MutexGuard<'_, Index> {
        // The index is only ever added to, one whole entry at a time.
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many values the base has.
    fn base_len(&self) -> u32 {
        self.base.as_ref().map_or(0, Stored::len)
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> u32 {
        self.base_len() + self.entries.count() as u32
    }

    #[inline]
    fn entry(&self, id: u32) -> EntryRef<'_> {
        match &self.base {
            None => EntryRef::Here(&self.entries[id as usize]),
            Some(base) if id < base.len() => base.entry(id),
            Some(base) => EntryRef::Here(&self.entries[(id - base.len()) as usize]),
        }
    }

    fn push(&self, entry: Entry) -> u32 {
        self.base_len() + self.entries.push(entry) as u32
    }

    fn in_base(&self, value: &Value) -> Option<u32> {
        self.base.as_ref()?.find(value)
    }

    /// The cell of a value, where the dictionary has it.
    pub fn find(&self, value: &Value) -> Option<Cell> {
        if let Some(cell) = Cell::inline(value) {
            return Some(cell);
        }
        let tag = tag(value);
        if tag != Tag::Exotic
            && let Some(id) = self.in_base(value)
        {
            return Some(Cell::dict(tag, id));
        }
        if tag == Tag::Exotic {
            return self.find_exotic(value);
        }
        let index = self.lock();
        let found = index.plain.find(hash(value), |id| self.entry(*id).value == *value);
        found.map(|id| Cell::dict(tag, *id))
    }

    /// The cell of this very value; not one that stands for what is `=` to it.
    pub(crate) fn find_exactly(&self, value: &Value) -> Option<Cell> {
        match tag(value) {
            Tag::Exotic => self.find_form(&exact_form(value)),
            _ => self.find(value),
        }
    }

    fn find_form(&self, form: &str) -> Option<Cell> {
        let in_base = self.base.as_ref().and_then(|base| base.find_form(form));
        let id = in_base.or_else(|| self.lock().exotic.get(form).copied());
        id.map(|id| Cell::dict(Tag::Exotic, id))
    }

    /// The cell of an exotic value, else one that stands for what is `=` to it.
    fn find_exotic(&self, value: &Value) -> Option<Cell> {
        let itself = self.find_form(&exact_form(value));
        let plain = || plain_equal(value).and_then(|plain| self.find(&plain));
        itself
            .or_else(|| self.class_in_base(value))
            .or_else(|| self.lock().classes.get(value).copied())
            .or_else(plain)
    }

    fn class_in_base(&self, value: &Value) -> Option<Cell> {
        self.base.as_ref()?.find_class(value)
    }

    /// The cell of a value, which is added where it is new.
    pub fn intern(&self, value: &Value) -> Cell {
        match Cell::inline(value) {
            Some(cell) => cell,
            None => self.interning().intern_entry(value),
        }
    }

    /// The cell of a value that the base does not have.
    pub(crate) fn add(&self, value: &Value) -> Cell {
        self.interning().add(tag(value), value)
    }

    /// For many values, one after the other.
    pub(crate) fn interning(&self) -> Interning<'_> {
        Interning { dict: self, index: None }
    }

    fn intern_exotic(&self, value: &Value) -> Cell {
        let plain = plain_equal(value).map(|plain| self.intern(&plain));
        let form = exact_form(value);
        let in_base = self.base.as_ref().and_then(|base| base.find_form(&form));
        if let Some(id) = in_base {
            return Cell::dict(Tag::Exotic, id);
        }
        let before = plain.or_else(|| self.class_in_base(value));
        let mut index = self.lock();
        if let Some(id) = index.exotic.get(&form) {
            return Cell::dict(Tag::Exotic, *id);
        }
        let next = Cell::dict(Tag::Exotic, self.len());
        let class = before.or_else(|| index.classes.get(value).copied()).unwrap_or(next);
        let id = self.push(Entry { value: value.clone(), class: Some(class) });
        index.exotic.insert(form, id);
        if before.is_none() {
            index.classes.entry(value.clone()).or_insert(class);
        }
        Cell::dict(Tag::Exotic, id)
    }

    /// The value of a cell.
    pub fn value(&self, cell: Cell) -> Value {
        cell.inline_value().unwrap_or_else(|| self.entry(cell.dict_id()).value.clone())
    }

    /// The value of a number.
    pub(crate) fn value_of(&self, id: u32) -> Value {
        self.entry(id).value.clone()
    }

    /// The string of a cell that is one.
    ///
    /// ```
    /// use db::Dict;
    /// let dict = Dict::default();
    /// let cell = dict.intern(&"Ivan".into());
    /// assert!(dict.string(cell).is_some_and(|name| name.starts_with("Iv")));
    /// ```
    pub fn string(&self, cell: Cell) -> Option<Text<'_>> {
        if cell.tag() != Tag::String {
            return None;
        }
        match self.entry(cell.dict_id()) {
            EntryRef::Here(entry) => entry.value.as_str().map(Text::from),
            EntryRef::Read(page, at) => match &page.get(at)?.value {
                Value::Str(text) => Some(Text::read(text)),
                _ => None,
            },
        }
    }

    /// The one cell that stands for all that are `=` to this one.
    pub fn class(&self, cell: Cell) -> Cell {
        match cell.tag() {
            Tag::Exotic => self.class_of_exotic(cell),
            _ => cell,
        }
    }

    /// Apart, so that loops over cells that are seldom exotic stay small.
    #[inline(never)]
    fn class_of_exotic(&self, cell: Cell) -> Cell {
        self.entry(cell.dict_id()).class.unwrap_or(cell)
    }

    /// Compares the values of two cells.
    #[inline]
    pub fn compare(&self, a: Cell, b: Cell) -> Ordering {
        if a == b { Ordering::Equal } else { self.compare_unlike(a, b) }
    }

    fn compare_unlike(&self, a: Cell, b: Cell) -> Ordering {
        match (a.tag(), b.tag()) {
            (Tag::Int, Tag::Int) => (a.0 as i64).cmp(&(b.0 as i64)),
            (Tag::String | Tag::Keyword, Tag::String | Tag::Keyword) => {
                self.entry(a.dict_id()).value.cmp(&self.entry(b.dict_id()).value)
            }
            _ => self.value(a).cmp(&self.value(b)),
        }
    }

    /// Compares the value of a cell with a value that the dictionary need not have.
    pub fn compare_value(&self, cell: Cell, value: &Value) -> Ordering {
        match cell.inline_value() {
            Some(inline) => inline.cmp(value),
            None => self.entry(cell.dict_id()).value.cmp(value),
        }
    }
}

/// Interns values under one lock, which is held from the first on: nobody else interns any until it is dropped.
pub(crate) struct Interning<'d> {
    dict: &'d Dict,
    index: Option<MutexGuard<'d, Index>>,
}

impl Interning<'_> {
    /// As [`Dict::intern`].
    pub(crate) fn intern(&mut self, value: &Value) -> Cell {
        match Cell::inline(value) {
            Some(cell) => cell,
            None => self.intern_entry(value),
        }
    }

    /// The cell of a string, for which memory is taken only where it is new.
    pub(crate) fn intern_text(&mut self, text: &str) -> Cell {
        if self.dict.base.is_some() {
            return self.intern_entry(&Value::from(text));
        }
        let same = |value: &Value| value.as_str() == Some(text);
        Cell::dict(Tag::String, self.plain(hash_text(text), same, || Value::from(text)))
    }

    fn intern_entry(&mut self, value: &Value) -> Cell {
        let tag = tag(value);
        let in_base = if tag == Tag::Exotic { None } else { self.dict.in_base(value) };
        match in_base {
            Some(id) => Cell::dict(tag, id),
            None => self.add(tag, value),
        }
    }

    /// The cell of a value that the base does not have.
    fn add(&mut self, tag: Tag, value: &Value) -> Cell {
        if tag == Tag::Exotic {
            // It locks for itself.
            self.index = None;
            return self.dict.intern_exotic(value);
        }
        let same = |other: &Value| other == value;
        Cell::dict(tag, self.plain(hash(value), same, || value.clone()))
    }

    /// The number of a value with one representation, which is not in the base.
    fn plain(
        &mut self,
        hashed: u64,
        same: impl Fn(&Value) -> bool,
        make: impl FnOnce() -> Value,
    ) -> u32 {
        let dict = self.dict;
        let index = self.index.get_or_insert_with(|| dict.lock());
        if let Some(id) = index.plain.find(hashed, |id| same(&dict.entry(*id).value)) {
            return *id;
        }
        let id = dict.push(Entry { value: make(), class: None });
        index.plain.insert_unique(hashed, id, |id| hash(&dict.entry(*id).value));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        let atom = prop_oneof![
            any::<i64>().prop_map(Value::from),
            (-3..3i64).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, 1.0, -2.5])
                .prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            any::<char>().prop_map(Value::from),
            any::<i64>().prop_map(|ms| Value::Inst(edn::Inst(ms))),
            "[a-c]{0,2}".prop_map(Value::from),
            Just(Value::Nil),
            prop::sample::select(vec![
                "1N",
                "-1N",
                "99999999999999999999N",
                "1.0M",
                "1.00M",
                "1/3",
                ":k",
                "sym",
                "^:m sym",
                "#uuid \"00000000-0000-0000-0000-000000000001\"",
                "#t 1",
            ])
            .prop_map(|text| edn::read(text).unwrap()),
        ];
        atom.prop_recursive(2, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::vector),
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::list),
                prop::collection::vec(inner, 0..3).prop_map(Value::set),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_cell_is_its_value(values in prop::collection::vec(value(), 1..24)) {
            let dict = Dict::default();
            let cells: Vec<Cell> = values.iter().map(|v| dict.intern(v)).collect();
            for (x, &cx) in values.iter().zip(&cells) {
                prop_assert_eq!(exact_form(&dict.value(cx)), exact_form(x));
                prop_assert_eq!((dict.find(x), dict.intern(x)), (Some(cx), cx));
                for (y, &cy) in values.iter().zip(&cells) {
                    prop_assert_eq!(dict.compare(cx, cy), x.cmp(y));
                    prop_assert_eq!(dict.compare_value(cx, y), x.cmp(y));
                    prop_assert_eq!(dict.class(cx) == dict.class(cy), x == y, "{} {}", x, y);
                    prop_assert!(cx == cy || x != y || cx.tag() == Tag::Exotic || cy.tag() == Tag::Exotic);
                }
            }
        }
    }

    #[test]
    fn interning_many_gives_the_cells_that_interning_one_gives() {
        let dict = Dict::default();
        let read = |text: &str| edn::read(text).unwrap();
        let values = ["\"a\"", "1N", ":k", "\"b\"", "[1]", "7", "\"a\"", "1N"].map(read);
        let mut many = dict.interning();
        let cells: Vec<Cell> = values.iter().map(|value| many.intern(value)).collect();
        assert_eq!([many.intern_text("a"), many.intern_text("b")], [cells[0], cells[3]]);
        let new = many.intern_text("c");
        drop(many);
        assert_eq!(values.iter().map(|value| dict.intern(value)).collect::<Vec<_>>(), cells);
        assert_eq!(dict.find(&Value::from("c")), Some(new));
        assert_eq!((cells[0], cells[1]), (cells[6], cells[7]));
    }

    #[test]
    fn threads_agree_on_cells() {
        let dict = Dict::default();
        let texts: Vec<Value> =
            (0..500).map(|n| Value::string(format!("text {}", n % 100))).collect();
        let intern = || texts.iter().map(|t| dict.intern(t)).collect::<Vec<_>>();
        let seen: Vec<Vec<Cell>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(intern)).collect();
            threads.into_iter().filter_map(|t| t.join().ok()).collect()
        });
        assert_eq!(seen.len(), 4);
        assert!(seen.iter().all(|cells| *cells == seen[0]));
        assert_eq!(dict.entries.count(), 100);
    }
}
