//! The functions over texts that a query can call.
//!
//! Places in a text are counted in UTF-16 units, as Clojure counts them.

use super::arithmetic::{Result, fail};
use super::bounds::check_text;
use super::builtins::{arity, get, int, plain, sequence, text, truth};
use edn::Value;

pub(super) fn texts(args: &[Value], holds: fn(&str, &str) -> bool) -> Result {
    let [a, b] = args else { return fail("expected two strings") };
    truth(holds(text(a)?, text(b)?))
}

/// Clojure counts UTF-16 units.
fn utf16_offset(s: &str, byte: usize) -> i64 {
    s[..byte].encode_utf16().count() as i64
}

fn byte_offset(s: &str, units: i64) -> Option<usize> {
    let mut left = usize::try_from(units).ok()?;
    for (at, c) in s.char_indices() {
        if left == 0 {
            return Some(at);
        }
        left = left.checked_sub(c.len_utf16())?;
    }
    (left == 0).then_some(s.len())
}

pub(super) fn index_of(args: &[Value], find: fn(&str, &str) -> Option<usize>) -> Result {
    let [s, sought] = args else { return fail("expected a string and what to find in it") };
    let s = text(s)?;
    let sought = plain(std::slice::from_ref(sought));
    Ok(find(s, &sought).map_or(Value::Nil, |at| Value::Int(utf16_offset(s, at))))
}

pub(super) fn subs(args: &[Value]) -> Result {
    let (s, start, end) = match args {
        [s, start] => (text(s)?, int(start)?, None),
        [s, start, end] => (text(s)?, int(start)?, Some(int(end)?)),
        _ => return arity("subs"),
    };
    let start = byte_offset(s, start);
    let end = end.map_or(Some(s.len()), |end| byte_offset(s, end));
    match (start, end) {
        (Some(start), Some(end)) if start <= end => Ok(Value::from(&s[start..end])),
        _ => fail("String index out of range"),
    }
}

pub(super) fn join(args: &[Value]) -> Result {
    let (separator, items) = match args {
        [items] => (String::new(), items),
        [separator, items] => (plain(std::slice::from_ref(separator)), items),
        _ => return arity("join"),
    };
    let parts: Vec<String> =
        sequence(items)?.iter().map(|v| plain(std::slice::from_ref(v))).collect();
    check_text(
        parts
            .iter()
            .map(|p| p.len().saturating_add(separator.len()))
            .fold(0, usize::saturating_add),
    )?;
    Ok(Value::string(parts.join(&separator)))
}

pub(super) fn escape(args: &[Value]) -> Result {
    let [s, map] = args else { return arity("escape") };
    let mut out = String::new();
    for c in text(s)?.chars() {
        match get(map, &Value::Char(c)) {
            Some(v) => out.push_str(&plain(&[v])),
            None => out.push(c),
        }
        check_text(out.len())?;
    }
    Ok(Value::string(out))
}

pub(super) fn split(args: &[Value]) -> Result {
    let [s, Value::Regex(regex)] = args else {
        return fail("split: expected a string and a regex");
    };
    let regex = super::regexes::compile(&regex.0)?;
    let mut parts: Vec<Value> = regex.split(text(s)?)?.into_iter().map(Value::from).collect();
    while parts.len() > 1 && parts.last().is_some_and(|p| p.as_str() == Some("")) {
        parts.pop();
    }
    Ok(Value::vector(parts))
}

pub(super) fn replace(args: &[Value], first: bool) -> Result {
    let [s, sought, by] = args else { return arity("replace") };
    let s = text(s)?;
    let by = plain(std::slice::from_ref(by));
    if let Value::Regex(regex) = sought {
        return Ok(Value::string(super::regexes::compile(&regex.0)?.replace(s, &by, first)?));
    }
    let sought = plain(std::slice::from_ref(sought));
    let matches = if first { 1 } else { s.matches(&sought).count() };
    check_text(matches.saturating_mul(by.len()))?;
    Ok(Value::string(if first { s.replacen(&sought, &by, 1) } else { s.replace(&sought, &by) }))
}

pub(super) fn regex_find(args: &[Value], whole: bool) -> Result {
    let [Value::Regex(regex), s] = args else { return fail("expected a regex and a string") };
    if s.is_nil() {
        return Ok(Value::Nil);
    }
    super::regexes::compile(&regex.0)?.find(text(s)?, whole)
}

pub(super) fn regex_all(args: &[Value]) -> Result {
    let [Value::Regex(regex), s] = args else { return fail("expected a regex and a string") };
    let found = super::regexes::compile(&regex.0)?.find_all(text(s)?)?;
    Ok(if found.is_empty() { Value::Nil } else { Value::list(found) })
}
