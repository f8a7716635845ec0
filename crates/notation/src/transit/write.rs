//! Values as Transit.

use super::{is_known, is_known_letter};
use crate::error::NotationError;
use crate::quote::quote;
use crate::readable::refused;
use crate::writer::{Style, Writer};
use edn::{Map, Value};
use std::fmt::Write;

/// Larger integers are strings: JavaScript's numbers would not hold them.
const LARGEST_NUMBER: i64 = (1 << 53) - 1;

type Written = Result<(), NotationError>;

pub(crate) fn write(to: &mut Writer, value: &Value) -> Written {
    match value {
        scalar if to.at_top() && is_scalar(scalar) => tagged(to, "'", |to| write(to, scalar)),
        Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Double(_) => number(to, value),
        Value::BigInt(n) => string(to, &format!("~n{n}")),
        Value::BigDec(_) => string(to, &format!("~f{}", value.to_string().trim_end_matches('M'))),
        Value::Char(c) => string(to, &format!("~c{c}")),
        Value::Str(text) if text.starts_with(['~', '^', '`']) => string(to, &format!("~{text}")),
        Value::Str(text) => string(to, text),
        Value::Symbol(symbol) => named(to, '$', symbol.as_str(), value),
        Value::Keyword(keyword) => named(to, ':', keyword.as_str(), value),
        Value::Inst(moment) if to.style == Style::TransitVerbose => match verbose_moment(value) {
            Some(text) => string(to, &format!("~t{text}")),
            None => string(to, &format!("~m{}", moment.0)),
        },
        Value::Inst(moment) => string(to, &format!("~m{}", moment.0)),
        Value::Uuid(uuid) => string(to, &format!("~u{uuid}")),
        Value::Vector(items) => vector(to, items),
        Value::List(items) => tagged(to, "list", |to| vector(to, items)),
        Value::Set(items) => tagged(to, "set", |to| vector(to, items.iter())),
        Value::Map(entries) => map(to, entries),
        Value::Ratio(ratio) => tagged(to, "ratio", |to| {
            to.begin_vector()?;
            string(to, &format!("~n{}", ratio.numerator()))?;
            string(to, &format!("~n{}", ratio.denominator()))?;
            to.end();
            Ok(())
        }),
        Value::Regex(pattern) => {
            tagged(to, "regex", |to| write(to, &Value::Str(pattern.0.clone())))
        }
        Value::Tagged(of) => {
            let (tag, rep) = (of.tag.as_str(), &of.value);
            match (rep, single(tag)) {
                _ if tag.is_empty() => refused(value, "its tag has no name"),
                (Value::Str(text), Some(letter)) if is_single(letter, text) => {
                    string(to, &format!("~{letter}{text}"))
                }
                (_, None) if !is_known(tag) => tagged(to, tag, |to| write(to, rep)),
                _ => tagged(to, "tagged", |to| {
                    to.begin_vector()?;
                    named(to, '$', tag, value)?;
                    write(to, rep)?;
                    to.end();
                    Ok(())
                }),
            }
        }
        Value::Opaque(_) => refused(value, "it is of a running program"),
    }
}

/// The only letter of a tag.
fn single(tag: &str) -> Option<char> {
    let mut letters = tag.chars();
    letters.next().filter(|_| letters.next().is_none())
}

/// Whether a string behind such a letter is a tagged value: others have a meaning, and bytes have to be some.
fn is_single(letter: char, text: &str) -> bool {
    let digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let padding = text.len() - text.trim_end_matches('=').len();
    let is_base64 = || {
        let digits = &text[..text.len() - padding];
        padding < 3 && text.len().is_multiple_of(4) && digits.chars().all(digit)
    };
    !is_known_letter(letter) && (letter != 'b' || is_base64())
}

/// Whether it is one JSON value, which Transit wants wrapped where it is all there is; also whether it can be the key of
/// what JSON takes for an object.
fn is_scalar(value: &Value) -> bool {
    match value {
        Value::Vector(_) | Value::List(_) | Value::Set(_) | Value::Map(_) => false,
        Value::Ratio(_) | Value::Regex(_) | Value::Opaque(_) => false,
        Value::Tagged(tagged) => {
            let letter = single(tagged.tag.as_str());
            letter.zip(tagged.value.as_str()).is_some_and(|(l, text)| is_single(l, text))
        }
        _ => true,
    }
}

fn number(to: &mut Writer, value: &Value) -> Written {
    let text = match value {
        Value::Nil => "~_".to_owned(),
        Value::Bool(b) => format!("~?{}", if *b { 't' } else { 'f' }),
        Value::Double(d) if d.is_nan() => "~zNaN".to_owned(),
        Value::Double(d) if d.is_infinite() => format!("~z{}INF", if *d < 0.0 { "-" } else { "" }),
        Value::Double(d) => format!("~d{d:?}"),
        other => format!("~i{other}"),
    };
    let has_number = match value {
        Value::Int(n) => n.abs_diff(0) <= LARGEST_NUMBER as u64,
        Value::Double(d) => d.is_finite(),
        _ => true,
    };
    if to.at_key() || !has_number {
        return string(to, &text);
    }
    to.separate();
    let _ = match value {
        Value::Nil => write!(to.out, "null"),
        Value::Bool(b) => write!(to.out, "{b}"),
        _ => write!(to.out, "{}", &text[2..]),
    };
    Ok(())
}

fn named(to: &mut Writer, kind: char, name: &str, value: &Value) -> Written {
    match name.is_empty() {
        true => refused(value, "it has no name"),
        false => string(to, &format!("~{kind}{name}")),
    }
}

fn string(to: &mut Writer, text: &str) -> Written {
    let is_key = to.at_key();
    to.separate();
    let code = match to.style {
        Style::Transit => to.cache.code(text, is_key),
        _ => None,
    };
    quote(&mut to.out, code.as_deref().unwrap_or(text));
    Ok(())
}

fn vector<'v>(to: &mut Writer, items: impl IntoIterator<Item = &'v Value>) -> Written {
    to.begin_vector()?;
    items.into_iter().try_for_each(|item| write(to, item))?;
    to.end();
    Ok(())
}

fn map(to: &mut Writer, entries: &Map) -> Written {
    if !entries.keys().all(is_scalar) {
        let flat = entries.iter().flat_map(|(key, value)| [key, value]);
        return tagged(to, "cmap", |to| vector(to, flat));
    }
    to.begin_map()?;
    for (key, value) in entries.iter() {
        write(to, key)?;
        write(to, value)?;
    }
    to.end();
    Ok(())
}

fn tagged(to: &mut Writer, tag: &str, rep: impl FnOnce(&mut Writer) -> Written) -> Written {
    match to.style {
        Style::TransitVerbose => to.begin_map()?,
        _ => to.begin_vector()?,
    }
    string(to, &format!("~#{tag}"))?;
    rep(to)?;
    to.end();
    Ok(())
}

/// A moment as RFC 3339 has it in UTC, where four digits say the year.
fn verbose_moment(moment: &Value) -> Option<String> {
    let text = moment.to_string();
    let inner = text.strip_prefix("#inst \"")?.strip_suffix("-00:00\"")?;
    (inner.len() == "2026-01-31T12:00:00.000".len()).then(|| format!("{inner}Z"))
}
