//! Which statements share words: BM25 over the parts of identifiers.
//!
//! A word is a run of letters and digits: `line-total`, `lineTotal` and `:order/line-total` have `line` and `total`. A name
//! of several words is also a word of its own, so that who uses the very name comes before who uses its parts. Capitals
//! and plurals are the same word. Words of a statement's own name count several times.
//!
//! There is no index: the texts are read through once a question, on all cores. Nothing has to be kept up to date, and an
//! import costs what it did.

use super::network::Network;
use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::Db;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// The words that a search is for, each with how often it was said.
#[derive(Clone, Debug, Default)]
pub struct Words(FxHashMap<u64, f32>);

/// Of a question these say nothing about what it is after.
const SAID_ANYWAY: &str = "a about an and are as at be by can code do does done find for from function get give has have \
    how i if in is it its made me make my namespace of on or show tell that the their then there these this to used what \
    when where which who why will with work";

impl Words {
    /// The words of a source.
    pub fn of_source(text: &str) -> Words {
        let mut words = Words::default();
        each_word(text, |word| *words.0.entry(word).or_default() += 1.0);
        words
    }

    /// The words of a question that say what it is after.
    pub fn of_question(text: &str) -> Words {
        let mut left_out = FxHashSet::default();
        each_word(SAID_ANYWAY, |word| {
            left_out.insert(word);
        });
        let mut words = Words::of_source(text);
        words.0.retain(|word, _| !left_out.contains(word));
        words
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the words of another.
    pub fn add(&mut self, other: &Words) {
        for (word, times) in &other.0 {
            *self.0.entry(*word).or_default() += times;
        }
    }
}

/// A word of a statement's name counts so often.
const IN_NAME: f32 = 4.0;

/// BM25's usual constants: how soon more of a word says no more, and how much longer texts are held back.
const SATURATION: f32 = 1.2;
const LENGTH: f32 = 0.75;

/// How well each node matches, best first; those that have no word are left out.
pub fn search(db: &Db, network: &Network, words: &Words) -> Result<Vec<(u32, f64)>, NotCode> {
    let source = Source::new(db)?;
    if words.0.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted: Vec<u64> = words.0.keys().copied().collect();
    wanted.sort_unstable();
    let place: FxHashMap<u64, u32> = wanted.iter().copied().zip(0..).collect();
    let found: Vec<Found> = (0..network.len() as u32)
        .into_par_iter()
        .map(|node| look(&source, network, node, &place))
        .collect();
    let average = found.iter().map(|f| f.length).sum::<f32>() / found.len().max(1) as f32;
    let mut having = vec![0u32; wanted.len()];
    for (word, _) in found.iter().flat_map(|f| &f.words) {
        having[*word as usize] += 1;
    }
    let all = found.len() as f32;
    let rarity: Vec<f32> =
        having.iter().map(|n| (1.0 + (all - *n as f32 + 0.5) / (*n as f32 + 0.5)).ln()).collect();
    let mut scored: Vec<(u32, f64)> = (0..)
        .zip(&found)
        .filter(|(_, found)| !found.words.is_empty())
        .map(|(node, found)| {
            let held_back = SATURATION * (1.0 - LENGTH + LENGTH * found.length / average);
            let score = found.words.iter().map(|(word, times)| {
                rarity[*word as usize] * times * (SATURATION + 1.0) / (times + held_back)
            });
            (node, f64::from(score.sum::<f32>()))
        })
        .collect();
    scored.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(scored)
}

/// What a statement has of the words that are looked for.
#[derive(Default)]
struct Found {
    length: f32,
    words: Vec<(u32, f32)>,
}

fn look(source: &Source<'_>, network: &Network, node: u32, place: &FxHashMap<u64, u32>) -> Found {
    let statement = network.statement(node);
    let mut found = Found::default();
    let mut note = |attr, counts: f32| {
        let Some(text) = source.text(statement, attr) else { return };
        each_word(&text, |word| {
            found.length += counts;
            if let Some(place) = place.get(&word) {
                match found.words.iter_mut().find(|(there, _)| there == place) {
                    Some((_, times)) => *times += counts,
                    None => found.words.push((*place, counts)),
                }
            }
        });
    };
    note(Attr::StatementSource, 1.0);
    note(Attr::StatementFqn, IN_NAME);
    found.words.sort_unstable_by_key(|(word, _)| *word);
    found
}

/// The names in a text: what stands between white space, brackets and quotes.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    let between = |c: char| c.is_whitespace() || "()[]{}\"`~@^',;\\".contains(c);
    text.split(between).filter(|name| !name.is_empty())
}

/// Calls `each` with every word of a text, as a hash.
fn each_word(text: &str, mut each: impl FnMut(u64)) {
    for name in names(text) {
        let bytes = name.as_bytes();
        let mut whole = Hash::new();
        let mut parts = 0;
        let mut at = 0;
        while at < bytes.len() {
            if !is_letter(bytes[at]) {
                at += 1;
                continue;
            }
            let end = end_of_part(bytes, at);
            let part = singular(&bytes[at..end]);
            part.iter().for_each(|byte| whole.add(*byte));
            whole.add(b'-');
            parts += 1;
            if part.len() > 1 && says_something(part) {
                let mut hash = Hash::new();
                part.iter().for_each(|byte| hash.add(*byte));
                each(hash.0);
            }
            at = end;
        }
        if parts > 1 {
            each(whole.0);
        }
    }
}

/// Whether there is a letter in it: of what is no ASCII, the characters tell.
fn says_something(part: &[u8]) -> bool {
    part.iter().any(u8::is_ascii_alphabetic)
        || std::str::from_utf8(part).is_ok_and(|text| text.chars().any(char::is_alphabetic))
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Where a run of letters ends; a capital after a small letter begins another.
fn end_of_part(bytes: &[u8], start: usize) -> usize {
    let mut end = start + 1;
    while end < bytes.len()
        && is_letter(bytes[end])
        && !(bytes[end].is_ascii_uppercase() && bytes[end - 1].is_ascii_lowercase())
    {
        end += 1;
    }
    end
}

/// A word without the `s` of a plural.
fn singular(word: &[u8]) -> &[u8] {
    match word {
        [start @ .., before, b's' | b'S'] if start.len() > 1 && !b"sSuUiI".contains(before) => {
            &word[..word.len() - 1]
        }
        _ => word,
    }
}

/// FNV-1a over small letters.
struct Hash(u64);

impl Hash {
    fn new() -> Hash {
        Hash(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<u64> {
        let mut words = Vec::new();
        each_word(text, |word| words.push(word));
        words
    }

    #[test]
    fn names_are_taken_apart_and_kept_whole() {
        assert_eq!(words("line-total"), words("lineTotal"));
        assert_eq!(words("line-total"), words(":Line/totals"));
        assert_eq!(words("line total").len(), 2);
        assert_eq!(words("line-total").len(), 3);
        assert_eq!(words("class status x 12"), words("CLASS Status"));
        assert_ne!(words("ab-c"), words("a-bc"));
        assert_eq!(words("größe"), words("(größe)"));
    }

    #[test]
    fn of_a_question_remains_what_it_is_about() {
        let asked = Words::of_question("How does the discount get applied?");
        assert_eq!(asked.0.len(), 2);
    }
}
