//! What single tokens mean: names, characters, the escapes of strings, uuids.

use crate::Uuid;

/// Whether a token is a symbol, or with its colon a keyword, as Clojure's reader has it: a name, or a
/// namespace, a slash and a name; neither starts with a digit or ends with a colon, and only the name may be
/// a slash. `int/1` is an array class. A byte-order mark starts no name: it would not be seen, and be taken
/// for the text's own where the name is printed first.
pub(crate) fn is_name(token: &str) -> bool {
    let bare = token.strip_prefix(':');
    let splits = bare.is_some_and(|bare| is_qualified(bare, false)) || is_qualified(token, true);
    let doubled = token.char_indices().nth(1).is_some_and(|(at, _)| token[at..].contains("::"));
    splits && !token.ends_with(':') && !token.starts_with('\u{feff}') && !doubled
}

/// Whether a text is a name, or a namespace, the last slash and a name.
fn is_qualified(text: &str, array_class: bool) -> bool {
    let starts_well = |part: &str| !part.starts_with(|c: char| c == '/' || c.is_ascii_digit());
    let (namespace, name) = match text.strip_suffix("//") {
        _ if text == "/" => return true,
        Some(namespace) => (namespace, "/"),
        None => match text.rsplit_once('/') {
            Some(split) => split,
            None => return !text.is_empty() && starts_well(text),
        },
    };
    let names = match name.as_bytes() {
        [] => false,
        [b'/'] => true,
        [b'1'..=b'9'] => array_class && !namespace.starts_with(':'),
        _ => starts_well(name),
    };
    !namespace.is_empty() && starts_well(namespace) && !namespace.ends_with(':') && names
}

/// The character that the text after a backslash names.
pub(crate) fn parse_char(name: &str) -> Option<char> {
    let mut chars = name.chars();
    let first = chars.next()?;
    if chars.as_str().is_empty() {
        return (first as u32 <= 0xffff).then_some(first);
    }
    match name {
        "newline" => Some('\n'),
        "space" => Some(' '),
        "tab" => Some('\t'),
        "backspace" => Some('\u{8}'),
        "formfeed" => Some('\u{c}'),
        "return" => Some('\r'),
        _ => {
            let digits = chars.as_str();
            match first {
                'u' if digits.len() == 4 => char::from_u32(from_digits(digits, 16)?),
                'o' if digits.len() <= 3 => {
                    let code = from_digits(digits, 8)?;
                    (code <= 0o377).then(|| char::from_u32(code)).flatten()
                }
                _ => None,
            }
        }
    }
}

fn from_digits(digits: &str, radix: u32) -> Option<u32> {
    let plain = digits.chars().all(|c| c.is_digit(radix));
    plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

/// The text of a string whose escapes the syntax tree has checked. `Err` holds the offset of an escape that is
/// half a surrogate pair.
pub(crate) fn unescape(inner: &str) -> Result<String, usize> {
    let mut out = String::with_capacity(inner.len());
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &inner.as_bytes()[at..]) {
        out.push_str(&inner[at..at + found]);
        at += found;
        let (c, length) = unescape_one(&inner[at..]).ok_or(at)?;
        out.push(c);
        at += length;
    }
    out.push_str(&inner[at..]);
    Ok(out)
}

/// The character of the escape that a text starts with, and the escape's length.
fn unescape_one(text: &str) -> Option<(char, usize)> {
    let simple = |c| Some((c, 2));
    match text.as_bytes().get(1)? {
        b'n' => simple('\n'),
        b't' => simple('\t'),
        b'r' => simple('\r'),
        b'b' => simple('\u{8}'),
        b'f' => simple('\u{c}'),
        b'u' => unescape_unicode(text),
        digit @ b'0'..=b'7' => {
            let bytes = &text.as_bytes()[1..];
            let digits = bytes.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
            let code = from_digits(&text[1..1 + digits], 8).unwrap_or(u32::from(*digit - b'0'));
            Some((char::from_u32(code)?, 1 + digits))
        }
        other => simple(char::from(*other)),
    }
}

fn unescape_unicode(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| from_digits(text.get(at..at + 4)?, 16);
    let high = unit(2)?;
    if let Some(c) = char::from_u32(high) {
        return Some((c, 6));
    }
    if text.get(6..8) != Some("\\u") {
        return None;
    }
    let units = [u16::try_from(high).ok()?, u16::try_from(unit(8)?).ok()?];
    let c = char::decode_utf16(units).next()?.ok()?;
    Some((c, 12))
}

/// As `java.util.UUID/fromString`: five groups of hex digits, leading zeros optional.
pub(crate) fn parse_uuid(text: &str) -> Option<Uuid> {
    let mut groups = text.split('-');
    let mut uuid: u128 = 0;
    for bits in [32, 16, 16, 16, 48] {
        let group = groups.next()?;
        let plain =
            (1..=bits / 4).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_hexdigit());
        if !plain {
            return None;
        }
        uuid = (uuid << bits) | u128::from_str_radix(group, 16).ok()?;
    }
    groups.next().is_none().then_some(Uuid::from_u128(uuid))
}
