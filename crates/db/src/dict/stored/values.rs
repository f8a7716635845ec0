//! Pages of values: a byte for the kind of each, the cell of its class, its text.

use super::{Entry, PAGE};
use crate::cell::Cell;
use crate::storage::{Part, Reader, Record, StorageError, Writer};
use edn::{PrintOptions, Value};
use std::mem::size_of;

const STRING: u8 = 1;
const KEYWORD: u8 = 2;
const OTHER: u8 = 3;

/// What a value's own memory has beside its text: counts, its length, what an allocation costs.
const AROUND_A_TEXT: usize = 32;

/// The values of a page.
pub(crate) struct Values {
    entries: Box<[Entry]>,
    texts: usize,
}

impl Values {
    pub(crate) fn get(&self, at: usize) -> Option<&Entry> {
        self.entries.get(at)
    }
}

impl Record for Values {
    const WHAT: &'static str = "a page of the dictionary";

    fn decode(input: &mut Reader<'_>, part: &Part<Self>) -> Option<Self> {
        let texts = input.len();
        let mut entries = Vec::with_capacity(PAGE as usize);
        while !input.is_at_end() {
            entries.push(entry(input, part)?);
        }
        Some(Values { entries: entries.into(), texts })
    }

    fn missing(_: usize) -> Self {
        Values { entries: Box::default(), texts: 0 }
    }

    fn size(&self) -> usize {
        self.entries.len() * (size_of::<Entry>() + AROUND_A_TEXT) + self.texts
    }
}

fn entry(input: &mut Reader<'_>, part: &Part<Values>) -> Option<Entry> {
    let (kind, class, text) = (input.byte()?, input.number()?, input.text()?);
    let value = match kind {
        STRING => Value::string(text),
        KEYWORD => Value::keyword(text),
        OTHER => edn::read(text).ok()?,
        _ => return None,
    };
    let class = match class.checked_sub(1) {
        None => None,
        Some(cell) => Some(Some(Cell(cell)).filter(|cell| part.store().knows_value(*cell))?),
    };
    Some(Entry { value, class })
}

/// What only a running program has, a function say, cannot be stored.
pub(super) fn write_entry(out: &mut Writer, entry: &Entry) -> Result<(), StorageError> {
    let class = entry.class.map_or(0, |cell| cell.0 + 1);
    let (kind, text) = match &entry.value {
        Value::Str(s) => (STRING, s.to_string()),
        Value::Keyword(k) => (KEYWORD, k.as_str().to_string()),
        other => {
            let mut text = String::new();
            edn::print_with(
                &mut text,
                other,
                PrintOptions { meta: true, ..PrintOptions::default() },
            );
            if edn::read(&text).as_ref() != Ok(other) {
                return Err(StorageError::Unreadable(text));
            }
            (OTHER, text)
        }
    };
    out.byte(kind);
    out.number(class);
    out.text(&text);
    Ok(())
}
