//! Search in texts: an index of the words in the values of attributes that ask for it (`:db/fulltext true`), kept with the database.
//!
//! The index is a tree like the others. A word in a text is a datom of it: the entity, the attribute, the word as its value, and
//! how often it occurs where a datom has its transaction. The empty word stands for the text as a whole, with its number of words;
//! for entity 0, with those of all texts together. So the texts that have a word are a range, their number is known before they
//! are read, and a word's beginning is a range as well.
//!
//! Invariants
//! - The index says what the present says: each add and remove of a datom goes through here.
//! - Words are runs of letters and digits, in lower case.
//!
//! Costs: a change costs its words; a search the texts that have its words, ranked by BM25 (Robertson and Zaragoza 2009). On a view of the
//! past or a filtered database the texts of the attribute are gone through instead.

use crate::cell::Cell;
use crate::datom::{AttrId, Datom, EntityId, Index, Order, Prefix};
use crate::db::{Db, DbError};
use crate::tree::Tree;
use edn::Value;
use rustc_hash::FxHashMap;

/// How soon more of the same word stops to count, and how much the length of a text does: the usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// What is kept of a longer word, in bytes.
const LONGEST_WORD: usize = 128;

/// A text that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct TextHit {
    /// Whose it is.
    pub entity: EntityId,
    /// The text.
    pub text: Value,
    /// The transaction that said it.
    pub tx: EntityId,
    /// How well it answers: more is better.
    pub score: f64,
}

/// The words of a text, in order.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(|word| {
        let mut word = word.to_lowercase();
        let end = (0..=LONGEST_WORD.min(word.len())).rev().find(|at| word.is_char_boundary(*at));
        word.truncate(end.unwrap_or(0));
        word
    })
}

/// How often each word occurs.
fn counted(text: &str) -> FxHashMap<String, u32> {
    let mut counts = FxHashMap::default();
    words(text).for_each(|word| *counts.entry(word).or_default() += 1);
    counts
}

/// What is asked for by one word, or by words that follow one another.
#[derive(Debug, PartialEq)]
struct Term {
    words: Vec<String>,
    /// Whether the last word is only the beginning of one.
    prefix: bool,
    /// Whether a text must not have it.
    excluded: bool,
}

impl Term {
    /// Whether a text's words have it.
    fn is_in(&self, text: &[String]) -> bool {
        let Some((last, before)) = self.words.split_last() else { return true };
        text.windows(self.words.len()).any(|window| {
            let (end, start) = (&window[before.len()], &window[..before.len()]);
            start == before
                && if self.prefix { end.starts_with(last.as_str()) } else { end == last }
        })
    }
}

/// `word "words in order" begin* -without`: parts of a word that hang together, as in `with-open`, are words in order.
fn terms(search: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut rest = search.trim_start();
    while !rest.is_empty() {
        let excluded = rest.starts_with('-');
        rest = rest.strip_prefix('-').unwrap_or(rest);
        let (text, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        let prefix = text.ends_with('*') || after.starts_with('*');
        rest = after.strip_prefix('*').unwrap_or(after).trim_start();
        let words: Vec<String> = words(text).collect();
        if !words.is_empty() {
            terms.push(Term { words, prefix, excluded });
        }
    }
    terms
}

fn bare(e: EntityId, a: AttrId, v: Cell) -> Datom {
    Datom { e, a, v, tx: 0, added: true }
}

/// Adds to, or takes from, what the index says of a word.
fn change(tree: &mut Tree, order: &Order<'_>, key: Datom, count: u32, add: bool) {
    let before = tree.remove(&key, |x, y| order.compare(x, y)).map_or(0, |d| d.tx);
    let after = if add { before.saturating_add(count) } else { before.saturating_sub(count) };
    if after > 0 {
        let tx = after.min(i32::MAX as u32);
        tree.insert(Datom { tx, ..key }, |x, y| order.compare(x, y));
    }
}

impl Db {
    /// Brings the index up to date with a datom that was added or removed.
    #[inline]
    pub(crate) fn index_text(&mut self, datom: &Datom, add: bool) {
        if self.schema.get(datom.a).is_fulltext() {
            self.index_words(datom, add);
        }
    }

    fn index_words(&mut self, datom: &Datom, add: bool) {
        let Some(text) = self.dict.string(datom.v) else { return };
        let counts = counted(&text);
        let length = counts.values().sum();
        let order = Order { index: Index::Avet, ranks: self.schema.ranks(), dict: &self.dict };
        let whole = self.dict.intern(&Value::string(""));
        change(&mut self.text, &order, bare(datom.e, datom.a, whole), length, add);
        change(&mut self.text, &order, bare(0, datom.a, whole), length, add);
        for (word, count) in counts {
            let key = bare(datom.e, datom.a, self.dict.intern(&Value::string(word)));
            change(&mut self.text, &order, key, count, add);
        }
    }

    /// The index of these datoms alone.
    pub(crate) fn text_index_of(&self, datoms: impl Iterator<Item = Datom>) -> Tree {
        let mut counts: FxHashMap<(AttrId, Cell, EntityId), u32> = FxHashMap::default();
        let whole = self.dict.intern(&Value::string(""));
        for datom in datoms.filter(|d| self.schema.get(d.a).is_fulltext()) {
            let Some(text) = self.dict.string(datom.v) else { continue };
            for word in words(&text) {
                let word = self.dict.intern(&Value::string(word));
                *counts.entry((datom.a, word, datom.e)).or_default() += 1;
                *counts.entry((datom.a, whole, datom.e)).or_default() += 1;
                *counts.entry((datom.a, whole, 0)).or_default() += 1;
            }
        }
        let mut entries: Vec<Datom> = counts
            .into_iter()
            .map(|((a, v, e), count)| Datom { tx: count.min(i32::MAX as u32), ..bare(e, a, v) })
            .collect();
        let order = self.order(Index::Avet);
        entries.sort_unstable_by(|x, y| order.compare(x, y));
        Tree::from_sorted(entries)
    }

    /// The texts of an attribute that have all that is searched for, the best first.
    ///
    /// `word` is anywhere, `"words in order"` follow one another, `begin*` is how a word begins, `-without` must not be there.
    ///
    /// ```
    /// use db::{Db, Schema};
    /// let schema = Schema::new(&edn::read("{:doc {:db/fulltext true}}").unwrap()).unwrap();
    /// let docs = edn::read(r#"[{:doc "Opens a file, reads it, closes it"} {:doc "Reads a line"}]"#).unwrap();
    /// let db = Db::empty(schema).db_with(&docs).unwrap();
    /// let doc = edn::Value::keyword("doc");
    /// let found = db.fulltext(&doc, "read* -line").unwrap();
    /// assert_eq!(found.iter().map(|hit| hit.entity).collect::<Vec<_>>(), [1]);
    /// ```
    pub fn fulltext(&self, attribute: &Value, search: &str) -> Result<Vec<TextHit>, DbError> {
        let Some(a) = self.attr(attribute).filter(|a| self.schema.get(*a).is_fulltext()) else {
            return Err(DbError::NotFulltext(attribute.to_string()));
        };
        let gathered;
        let index = if self.is_plain() {
            &self.text
        } else {
            let prefix = Prefix { a: Some(a), ..Prefix::default() };
            gathered = self.text_index_of(self.scan(Index::Aevt, &prefix));
            &gathered
        };
        let hits = Search { db: self, index, a }.run(&terms(search));
        self.check_storage()?;
        Ok(hits)
    }
}

/// One search.
struct Search<'a> {
    db: &'a Db,
    index: &'a Tree,
    a: AttrId,
}

/// Entities in ascending order, each with how often it has a word.
type Postings = Vec<(EntityId, u32)>;

impl Search<'_> {
    fn run(&self, terms: &[Term]) -> Vec<TextHit> {
        let wanted: Vec<&Term> = terms.iter().filter(|term| !term.excluded).collect();
        let mut scores: Option<Vec<(EntityId, f64)>> = None;
        for term in &wanted {
            for (i, word) in term.words.iter().enumerate() {
                let begins = term.prefix && i + 1 == term.words.len();
                let scored = self.scored(self.postings(word, begins));
                scores = Some(match scores {
                    None => scored,
                    Some(before) => both(&before, &scored),
                });
            }
        }
        let mut hits: Vec<TextHit> = scores
            .unwrap_or_default()
            .into_iter()
            .flat_map(|(e, score)| self.hits(e, score, terms))
            .collect();
        let key = |hit: &TextHit| (hit.entity, hit.tx);
        hits.sort_by(|x, y| y.score.total_cmp(&x.score).then_with(|| key(x).cmp(&key(y))));
        hits
    }

    /// The texts of an entity that have what is asked for.
    fn hits(&self, e: EntityId, score: f64, terms: &[Term]) -> Vec<TextHit> {
        let texts = self.db.values(e, self.a).filter_map(|d| {
            let words: Vec<String> = words(&self.db.dict.string(d.v)?).collect();
            let fits = terms.iter().all(|term| term.is_in(&words) != term.excluded);
            fits.then(|| TextHit { entity: e, text: self.db.value(d.v), tx: d.tx, score })
        });
        texts.collect()
    }

    fn postings(&self, word: &str, begins: bool) -> Postings {
        let order = self.db.order(Index::Avet);
        if !begins {
            let Some(v) = self.db.dict.find(&Value::string(word)) else { return Postings::new() };
            let prefix = Prefix { a: Some(self.a), v: Some(v), ..Prefix::default() };
            return self.index.range(&order, &prefix).map(|d| (d.e, d.tx)).collect();
        }
        // Words that begin so are a range, since they stand in the order of their letters.
        let before = |d: &Datom| {
            let attribute = order.attributes(d.a, self.a);
            let less = || self.db.dict.string(d.v).is_some_and(|other| *other < *word);
            attribute.is_lt() || (attribute.is_eq() && less())
        };
        let from = self.index.partition_point(before);
        let same = |d: &Datom| {
            d.a == self.a && self.db.dict.string(d.v).is_some_and(|other| other.starts_with(word))
        };
        let range = self.index.iter(from..self.index.len()).take_while(same);
        let mut found: Postings = range.map(|d| (d.e, d.tx)).collect();
        found.sort_unstable();
        found.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1 = first.1.saturating_add(later.1);
            }
            same
        });
        found
    }

    fn scored(&self, postings: Postings) -> Vec<(EntityId, f64)> {
        // The first of the whole texts is entity 0, which has all of them together.
        let mut lengths = self.postings("", false);
        if lengths.is_empty() {
            return Vec::new();
        }
        let (_, total) = lengths.remove(0);
        let texts = lengths.len() as f64;
        let usual = (f64::from(total) / texts.max(1.0)).max(1.0);
        let known = postings.len() as f64;
        let rarity = (1.0 + (texts - known + 0.5) / (known + 0.5)).ln();
        let score = |(e, count): (EntityId, u32)| {
            let at = lengths.binary_search_by_key(&e, |(other, _)| *other);
            let length = at.map_or(usual, |at| f64::from(lengths[at].1));
            let count = f64::from(count);
            (e, rarity * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length / usual)))
        };
        postings.into_iter().map(score).collect()
    }
}

/// Those that are in both, with their scores together.
fn both(x: &[(EntityId, f64)], y: &[(EntityId, f64)]) -> Vec<(EntityId, f64)> {
    let mut y = y.iter().peekable();
    let mut both = Vec::new();
    for (e, score) in x {
        while y.next_if(|(other, _)| other < e).is_some() {}
        if let Some((_, more)) = y.next_if(|(other, _)| other == e) {
            both.push((*e, score + more));
        }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_read_as_it_is_meant() {
        let read = |search| {
            let shown = |t: Term| {
                let sign = if t.excluded { "-" } else { "" };
                format!("{sign}{}{}", t.words.join(" "), if t.prefix { "*" } else { "" })
            };
            terms(search).into_iter().map(shown).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(read("Open FILE"), "open, file");
        assert_eq!(
            read("with-open \"reads a line\" -\"not this\" be*"),
            "with open, reads a line, -not this, be*"
        );
        assert_eq!(read("\"begins li\"* -x* \"unclosed words"), "begins li*, -x*, unclosed words");
        assert_eq!(read(" - \"\" *  ?! "), "");
        assert_eq!(read("straße ÉTÉ"), "straße, été");
    }
}
