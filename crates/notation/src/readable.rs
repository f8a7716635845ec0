//! Whether EDN can say a value so that it reads back.
//!
//! What a reader has read is always so. A running program can make more: names with spaces, collections
//! that nest without end.

use crate::error::NotationError;
use edn::{MAX_DEPTH, Symbol, Value};
use rustc_hash::FxHashSet;

/// The names that were looked at already: they repeat.
#[derive(Default)]
pub(crate) struct Readable {
    names: FxHashSet<Value>,
}

/// How many names are remembered: a database has few attributes, but may have a million keywords.
const REMEMBERED: usize = 4096;

impl Readable {
    /// Refuses what would not read back where so many collections are around it.
    pub(crate) fn check(&mut self, value: &Value, around: usize) -> Result<(), NotationError> {
        let within = around + 1;
        match value {
            Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Double(_) => Ok(()),
            Value::Str(_) | Value::Uuid(_) | Value::Inst(_) => Ok(()),
            Value::Keyword(_) | Value::Symbol(_) => self.check_name(value),
            Value::BigInt(_) | Value::Ratio(_) | Value::BigDec(_) => reads(value),
            Value::Char(_) | Value::Regex(_) => reads(value),
            Value::Opaque(_) => refused(value, "it is of a running program"),
            _ if within > MAX_DEPTH => refused(&Value::Nil, "it nests too deep"),
            Value::List(items) => items.iter().try_for_each(|item| self.check(item, within)),
            Value::Vector(items) => items.iter().try_for_each(|item| self.check(item, within)),
            Value::Set(items) => items.iter().try_for_each(|item| self.check(item, within)),
            Value::Map(map) => map.iter().try_for_each(|(key, value)| {
                self.check(key, within)?;
                self.check(value, within)
            }),
            Value::Tagged(tagged) => {
                self.check_tag(value, &tagged.tag)?;
                self.check(&tagged.value, within)
            }
        }
    }

    fn check_tag(&mut self, tagged: &Value, tag: &Symbol) -> Result<(), NotationError> {
        let begins_well = tag.as_str().starts_with(char::is_alphabetic);
        match begins_well && !matches!(tag.as_str(), "inst" | "uuid") {
            true => self.check_name(&Value::Symbol(tag.clone())),
            false => refused(tagged, "its tag means something else"),
        }
    }

    fn check_name(&mut self, name: &Value) -> Result<(), NotationError> {
        if !self.names.contains(name) {
            reads(name)?;
            if self.names.len() >= REMEMBERED {
                self.names.clear();
            }
            self.names.insert(name.clone());
        }
        Ok(())
    }
}

fn reads(value: &Value) -> Result<(), NotationError> {
    match edn::read(&value.to_string()) {
        Ok(again) if again == *value => Ok(()),
        _ => refused(value, "it would not read back as it is"),
    }
}

pub(crate) fn refused<T>(what: &Value, problem: &'static str) -> Result<T, NotationError> {
    Err(NotationError::Unwritable { what: what.to_string(), problem })
}
