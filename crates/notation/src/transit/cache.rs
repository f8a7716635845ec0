//! The names that a text repeats, and their abbreviations.
//!
//! Keys of maps, keywords, symbols and tags of four characters and more are numbered as they come; a later one is `^` and its number in
//! one or two characters. Both sides start anew after [`MOST`] names.

use super::read::Item;
use rustc_hash::FxHashMap;

/// The digits of numbers.
const DIGITS: usize = 44;

const FIRST_DIGIT: u8 = b'0';

/// How many names there are at a time.
const MOST: usize = DIGITS * DIGITS;

/// Whether a name is numbered. Characters are counted as Java and JavaScript do.
fn is_numbered(name: &str, is_key: bool) -> bool {
    let is_kind = matches!(name.as_bytes(), [b'~', b':' | b'$' | b'#', ..]);
    (is_key || is_kind) && (name.len() >= 12 || name.encode_utf16().nth(3).is_some())
}

/// What a writer remembers.
#[derive(Default)]
pub(crate) struct WriteCache(FxHashMap<Box<str>, usize>);

impl WriteCache {
    /// The abbreviation of a name that came before; one that did not is numbered.
    pub(super) fn code(&mut self, name: &str, is_key: bool) -> Option<String> {
        if !is_numbered(name, is_key) {
            return None;
        }
        if let Some(number) = self.0.get(name) {
            return Some(code(*number));
        }
        if self.0.len() == MOST {
            self.0.clear();
        }
        self.0.insert(name.into(), self.0.len());
        None
    }
}

fn code(number: usize) -> String {
    // Below 44 each: a digit is one byte.
    let digit = |n: usize| char::from(FIRST_DIGIT + n as u8);
    match number < DIGITS {
        true => format!("^{}", digit(number)),
        false => format!("^{}{}", digit(number / DIGITS), digit(number % DIGITS)),
    }
}

/// What a reader remembers.
#[derive(Default)]
pub(super) struct ReadCache(Vec<Item>);

impl ReadCache {
    /// What an abbreviation stands for; `None` where it is none or nothing has that number.
    pub(super) fn get(&self, code: &str) -> Option<&Item> {
        let digit = |byte: &u8| {
            let digit = usize::from(byte.checked_sub(FIRST_DIGIT)?);
            (digit < DIGITS).then_some(digit)
        };
        let number = match code.as_bytes() {
            [b'^', low] => digit(low)?,
            [b'^', high, low] => digit(high)? * DIGITS + digit(low)?,
            _ => return None,
        };
        self.0.get(number)
    }

    /// Numbers what a name means, where it is one that is numbered.
    pub(super) fn put(&mut self, name: &str, is_key: bool, item: &Item) {
        if is_numbered(name, is_key) {
            if self.0.len() == MOST {
                self.0.clear();
            }
            self.0.push(item.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_one_or_two_digits() {
        for (number, expected) in [(0, "^0"), (43, "^["), (44, "^10"), (1935, "^[[")] {
            assert_eq!(code(number), expected);
        }
    }

    #[test]
    fn a_writer_starts_anew_when_it_is_full() {
        let mut cache = WriteCache::default();
        for n in 0..MOST {
            assert_eq!(cache.code(&format!("~:name{n}"), false), None);
        }
        assert_eq!(cache.code("~:name0", false).as_deref(), Some("^0"));
        assert_eq!(cache.code("~:another", false), None);
        assert_eq!(cache.code("~:name0", false), None);
        assert_eq!(cache.code("~:another", false).as_deref(), Some("^0"));
    }
}
