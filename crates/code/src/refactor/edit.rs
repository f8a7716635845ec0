//! Edits of a text: ranges of bytes, and what stands there afterwards.
//!
//! Invariants
//! - Edits stand in the order of the text and none reaches into another, so they can be applied in one go and every place
//!   of the text before has one place in the text after.
//! - What no edit covers stays, byte for byte.
//!
//! Cost: applying copies the text once; finding a place again is a binary search.

use std::ops::Range;

/// One edit: what stands in a range becomes another text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edit {
    /// First byte.
    pub start: usize,
    /// Behind the last byte; the first one, where something is inserted.
    pub end: usize,
    /// What stands there afterwards.
    pub text: String,
}

/// The edits of one text.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Edits {
    list: Vec<Edit>,
    /// How far what stands behind each edit, and behind those before it, is moved.
    moved: Vec<isize>,
}

/// Two edits of the same bytes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("bytes {} to {} are edited twice", .second.start, .first.end)]
pub struct Overlap {
    /// The one that begins first.
    pub first: Edit,
    /// The other one.
    pub second: Edit,
}

impl Edits {
    /// Puts edits in order. The same edit twice is one.
    ///
    /// ```
    /// use code::refactor::{Edit, Edits};
    /// let edit = |start, end, text: &str| Edit { start, end, text: text.to_string() };
    /// let edits = Edits::of(vec![edit(7, 8, "long"), edit(1, 4, "def")]).unwrap();
    /// assert_eq!(edits.apply("(abc d e)"), "(def d long)");
    /// assert_eq!(edits.moved(5..6), 5..6);
    /// assert_eq!(edits.moved(7..8), 7..11);
    /// assert!(Edits::of(vec![edit(0, 2, ""), edit(1, 3, "")]).is_err());
    /// ```
    pub fn of(mut list: Vec<Edit>) -> Result<Edits, Overlap> {
        list.sort_unstable();
        list.dedup();
        for pair in list.windows(2) {
            let inserted_twice = pair[0].start == pair[1].end;
            if pair[1].start < pair[0].end || inserted_twice {
                return Err(Overlap { first: pair[0].clone(), second: pair[1].clone() });
            }
        }
        let mut sum = 0;
        let moved = list
            .iter()
            .map(|edit| {
                sum += edit.text.len() as isize - (edit.end - edit.start) as isize;
                sum
            })
            .collect();
        Ok(Edits { list, moved })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The edits, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.list.iter()
    }

    /// The text after all of them.
    pub fn apply(&self, text: &str) -> String {
        let mut after = String::with_capacity(text.len() + 64);
        let mut at = 0;
        for edit in &self.list {
            after.push_str(&text[at..edit.start]);
            after.push_str(&edit.text);
            at = edit.end;
        }
        after.push_str(&text[at..]);
        after
    }

    /// Where what stands in a range stands afterwards, when edits lie within it or outside of it: an edit that covers
    /// all of it is taken to be its new text. What is inserted at its very ends is outside.
    pub fn moved(&self, at: Range<usize>) -> Range<usize> {
        let shift = |edits: usize| if edits == 0 { 0 } else { self.moved[edits - 1] };
        let before = self.list.partition_point(|edit| edit.end <= at.start && edit.start < at.end);
        let within = self.list.partition_point(|edit| edit.end <= at.end && edit.start < at.end);
        let to = |place: usize, shift: isize| place.saturating_add_signed(shift);
        let start = to(at.start, shift(before));
        start..to(at.end, shift(within)).max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit { start, end, text: text.to_owned() }
    }

    #[test]
    fn neighbours_are_told_apart() {
        let edits =
            Edits::of(vec![edit(2, 2, "new "), edit(2, 3, "xyz"), edit(5, 5, "!")]).unwrap();
        assert_eq!(edits.apply("a bcd"), "a new xyzcd!");
        assert_eq!(edits.moved(0..1), 0..1);
        assert_eq!(edits.moved(2..3), 6..9);
        assert_eq!(edits.moved(2..5), 6..11);
        assert_eq!(edits.moved(3..4), 9..10);
        assert!(Edits::of(vec![edit(1, 1, "a"), edit(1, 1, "b")]).is_err());
        assert_eq!(Edits::of(vec![edit(1, 2, "a"), edit(1, 2, "a")]).unwrap().iter().count(), 1);
    }

    proptest! {
        /// Words that are replaced stand where they are said to stand, and everything between them is the same.
        #[test]
        fn every_word_is_found_again(words in prop::collection::vec(("[a-z]{1,4}", prop::option::of("[A-Z]{0,6}")), 0..20)) {
            let (mut text, mut after, mut list, mut places) = (String::new(), String::new(), vec![], vec![]);
            for (word, new) in &words {
                let now = new.as_ref().unwrap_or(word);
                places.push((text.len()..text.len() + word.len(), after.len()..after.len() + now.len()));
                if let Some(new) = new {
                    list.push(edit(text.len(), text.len() + word.len(), new));
                }
                text += &format!("{word} ");
                after += &format!("{now} ");
            }
            let edits = Edits::of(list).unwrap();
            prop_assert_eq!(edits.apply(&text), after);
            for (before, after) in places {
                prop_assert_eq!(edits.moved(before), after);
            }
        }
    }
}
