//! Values as JSON.

use crate::error::NotationError;
use crate::quote::quote;
use crate::readable::refused;
use crate::writer::Writer;
use edn::{Symbol, Value};
use std::fmt::Write;

pub(crate) fn write(to: &mut Writer, value: &Value) -> Result<(), NotationError> {
    match value {
        Value::Str(text) if !text.starts_with([':', '~']) => string(to, text),
        Value::Keyword(keyword) if !keyword.as_str().is_empty() => {
            string(to, &format!(":{}", keyword.as_str()))
        }
        _ if to.at_key() => embedded(to, value),
        Value::Nil | Value::Bool(_) | Value::Int(_) => plain_atom(to, value),
        Value::Double(d) if d.is_finite() => plain_atom(to, value),
        Value::Vector(items) => vector(to, items),
        Value::List(items) => tagged(to, "list", |to| vector(to, items)),
        Value::Set(items) => tagged(to, "set", |to| vector(to, items.iter())),
        Value::Map(map) => {
            to.begin_map()?;
            for (key, value) in map.iter() {
                write(to, key)?;
                write(to, value)?;
            }
            to.end();
            Ok(())
        }
        Value::Tagged(of) if is_tag(&of.tag) => {
            tagged(to, of.tag.as_str(), |to| write(to, &of.value))
        }
        other => embedded(to, other),
    }
}

/// Values that JSON has, as they are.
pub(crate) fn write_plain(to: &mut Writer, value: &Value) -> Result<(), NotationError> {
    match value {
        Value::Str(text) => string(to, text),
        _ if to.at_key() => refused(value, "JSON has only strings for keys"),
        Value::Nil | Value::Bool(_) | Value::Int(_) => plain_atom(to, value),
        Value::Double(d) if d.is_finite() => plain_atom(to, value),
        Value::BigInt(n) => {
            to.separate();
            // Writing to a string cannot fail.
            let _ = write!(to.out, "{n}");
            Ok(())
        }
        Value::Vector(items) => {
            to.begin_vector()?;
            items.iter().try_for_each(|item| write_plain(to, item))?;
            to.end();
            Ok(())
        }
        Value::Map(map) => {
            to.begin_map()?;
            for (key, value) in map.iter() {
                write_plain(to, key)?;
                write_plain(to, value)?;
            }
            to.end();
            Ok(())
        }
        other => refused(other, "plain JSON has no such value"),
    }
}

fn plain_atom(to: &mut Writer, value: &Value) -> Result<(), NotationError> {
    to.separate();
    match value {
        Value::Bool(b) => to.out.push_str(if *b { "true" } else { "false" }),
        Value::Int(n) => to.out.push_str(itoa::Buffer::new().format(*n)),
        // Rust's own form of a double has the fewest digits that read back the same.
        Value::Double(d) => _ = write!(to.out, "{d:?}"),
        _ => to.out.push_str("null"),
    }
    Ok(())
}

fn string(to: &mut Writer, text: &str) -> Result<(), NotationError> {
    to.separate();
    quote(&mut to.out, text);
    Ok(())
}

fn embedded(to: &mut Writer, value: &Value) -> Result<(), NotationError> {
    let text = to.edn(value)?;
    string(to, &format!("~{text}"))
}

fn vector<'v>(
    to: &mut Writer,
    items: impl IntoIterator<Item = &'v Value>,
) -> Result<(), NotationError> {
    to.begin_vector()?;
    items.into_iter().try_for_each(|item| write(to, item))?;
    to.end();
    Ok(())
}

fn tagged(
    to: &mut Writer,
    tag: &str,
    value: impl FnOnce(&mut Writer) -> Result<(), NotationError>,
) -> Result<(), NotationError> {
    to.begin_map()?;
    string(to, &format!("~#{tag}"))?;
    value(to)?;
    to.end();
    Ok(())
}

/// Whether a key can say a tag: `set` and `list` mean something else there.
fn is_tag(tag: &Symbol) -> bool {
    let name = tag.as_str();
    !matches!(name, "set" | "list") && super::read::is_tag(name)
}
