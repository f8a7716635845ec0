//! Values as JSON. Keywords and symbols are strings without the colon; what JSON has no word for is its EDN text.

use edn::Value;
use std::fmt::Write;

/// Appends a string with its quotes.
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends a value.
pub(crate) fn write(out: &mut String, value: &Value) {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(_) | Value::Int(_) => out.push_str(&value.to_string()),
        Value::BigInt(n) => out.push_str(&n.to_string()),
        Value::Double(n) if n.is_finite() => out.push_str(&value.to_string()),
        Value::Double(_) => out.push_str("null"),
        Value::BigDec(_) => out.push_str(value.to_string().trim_end_matches('M')),
        Value::Char(c) => string(out, c.encode_utf8(&mut [0; 4])),
        Value::Str(text) => string(out, text),
        Value::Keyword(name) => string(out, name.as_str()),
        Value::Symbol(name) => string(out, name.as_str()),
        Value::List(_) | Value::Vector(_) => {
            sequence(out, value.as_seq().into_iter().flatten());
        }
        Value::Set(set) => sequence(out, set.iter()),
        Value::Map(map) => {
            out.push('{');
            for (i, (key, value)) in map.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                string(out, &key_text(key));
                out.push_str(": ");
                write(out, value);
            }
            out.push('}');
        }
        Value::Inst(_) | Value::Uuid(_) => {
            let text = value.to_string();
            string(out, text.split('"').nth(1).unwrap_or(&text));
        }
        Value::Regex(regex) => string(out, &regex.0),
        Value::Ratio(_) | Value::Tagged(_) | Value::Opaque(_) => string(out, &value.to_string()),
    }
}

fn sequence<'a>(out: &mut String, items: impl Iterator<Item = &'a Value>) {
    out.push('[');
    for (i, item) in items.enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write(out, item);
    }
    out.push(']');
}

fn key_text(key: &Value) -> String {
    match key {
        Value::Keyword(name) => name.as_str().to_owned(),
        Value::Symbol(name) => name.as_str().to_owned(),
        Value::Str(text) => text.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_has_a_json_form() {
        for (edn_text, expected) in [
            ("nil", "null"),
            ("{:a/b [1 2.5 true], \"k\" #{x}}", r#"{"a/b": [1, 2.5, true], "k": ["x"]}"#),
            ("[1e300 ##NaN ##Inf 1/3 12N 1.50M]", r#"[1.0E300, null, null, "1/3", 12, 1.50]"#),
            (r#""a\"\\\n\tb""#, r#""a\"\\\n\tb""#),
            (
                r#"[\a #uuid "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]"#,
                r#"["a", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]"#,
            ),
            ("{[1] 2}", r#"{"[1]": 2}"#),
        ] {
            let mut text = String::new();
            write(&mut text, &edn::read(edn_text).unwrap());
            assert_eq!(text, expected);
        }
    }
}
