//! Strings of JSON.

use std::fmt::Write;

/// Appends a text between quotes.
pub(crate) fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        match escaped {
            // Writing to a string cannot fail.
            "" => _ = write!(out, "\\u{byte:04x}"),
            escaped => out.push_str(escaped),
        }
        plain = at + 1;
    }
    out.push_str(&text[plain..]);
    out.push('"');
}
