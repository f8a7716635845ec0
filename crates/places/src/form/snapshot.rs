//! A snapshot: in EDN its lines, as the store has them; in other notations an array of them, each as the value that prints as
//! the line, or as its text where none does. So its bytes, which have a checksum, come back.

use super::{Form, FormError, Notation};
use crate::place::Saved;
use edn::Value;
use notation::Writer;
use store::{Replayed, decode_snapshot, encode_snapshot};

pub(super) fn write(state: &Replayed, notation: Notation) -> Result<String, FormError> {
    let text = encode_snapshot(state);
    if notation == Notation::Edn {
        return Ok(text);
    }
    let mut to = Writer::new(notation.into());
    to.begin_vector()?;
    for line in text.lines() {
        match edn::read(line) {
            Ok(value) if value.to_string() == line => to.value(&value)?,
            _ => to.value(&Value::string(line))?,
        }
    }
    to.end();
    Ok(to.finish())
}

pub(super) fn read(saved: &Saved) -> Result<Replayed, FormError> {
    if saved.notation == Notation::Edn {
        return decode_snapshot(&saved.text).map_err(FormError::Snapshot);
    }
    let lines = saved.notation.read(&saved.text)?;
    let refused = || FormError::shape(Form::Snapshot, "an array of lines", &lines);
    let mut text = String::with_capacity(saved.text.len());
    for line in lines.as_seq().ok_or_else(refused)? {
        match line {
            Value::Str(line) => text.push_str(line),
            line => edn::print_to(&mut text, line),
        }
        text.push('\n');
    }
    decode_snapshot(text.as_bytes()).map_err(FormError::Snapshot)
}
