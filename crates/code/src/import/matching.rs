//! Which statement of the database a statement that was read is.
//!
//! In this order, each statement once: the one whose name it is said to have had; the same text under the same name in the
//! same file; the same text in the same file; the same name anywhere; the same text anywhere; the same name but for the
//! namespace in the same file, wherever that was moved; a similar text of the same kind in the same place. What remains is new, or gone.
//!
//! A file was moved where one that is gone and one that is new have most of the latter's names in common, namespaces apart.
//!
//! Cost: hashing every statement; only what has neither its name nor its text any more is compared with others, and only
//! with its neighbours.

use edn::Str;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::hash::Hasher;

/// A statement on either side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<'a> {
    /// Its file, by the same number on both sides; a file that is only on one side has a number of its own.
    pub(super) file: u32,
    /// Its fully qualified name.
    pub(super) fqn: &'a str,
    /// Its text.
    pub(super) source: &'a str,
    /// What defines it.
    pub(super) kind: &'a str,
}

/// For each new statement the old one that it is. Both sides stand file by file, in the order of their places. `was` says
/// what a name was before, where that is known.
pub(super) fn pair(
    old: &[Side<'_>],
    new: &[Side<'_>],
    was: impl Fn(&str) -> Option<String>,
) -> Vec<Option<u32>> {
    let mut pairs = Pairs { of_new: vec![None; new.len()], old_taken: vec![false; old.len()] };
    let by_name: FxHashMap<&str, u32> =
        old.iter().zip(0u32..).map(|(side, i)| (side.fqn, i)).collect();
    for (i, side) in new.iter().enumerate() {
        if let Some(at) = was(side.fqn).and_then(|name| by_name.get(name.as_str()))
            && !pairs.old_taken[*at as usize]
        {
            pairs.join(i, *at);
        }
    }
    for (i, side) in new.iter().enumerate() {
        if let Some(at) = by_name.get(side.fqn)
            && pairs.of_new[i].is_none()
            && !pairs.old_taken[*at as usize]
        {
            let there = &old[*at as usize];
            if there.file == side.file && there.source == side.source {
                pairs.join(i, *at);
            }
        }
    }
    pairs.by_key(old, new, |side| (side.file, side.source));
    for (i, side) in new.iter().enumerate() {
        match by_name.get(side.fqn) {
            Some(at) if pairs.of_new[i].is_none() && !pairs.old_taken[*at as usize] => {
                pairs.join(i, *at);
            }
            _ => {}
        }
    }
    pairs.by_key(old, new, |side| (0, side.source));
    let moved = moved_files(old, new);
    let new: Vec<Side<'_>> = new
        .iter()
        .map(|side| Side { file: moved.get(&side.file).copied().unwrap_or(side.file), ..*side })
        .collect();
    pairs.by_key(old, &new, |side| (side.file, bare_name(side)));
    pairs.by_place(old, &new);
    pairs.of_new
}

/// A name without its namespace; a namespace's own is empty.
fn bare_name<'a>(side: &Side<'a>) -> &'a str {
    side.fqn.split_once('/').map_or("", |(_, name)| name)
}

/// For each new file that was moved, the file that is gone which it was.
fn moved_files(old: &[Side<'_>], new: &[Side<'_>]) -> FxHashMap<u32, u32> {
    let (there, here): (FxHashSet<u32>, FxHashSet<u32>) =
        (old.iter().map(|side| side.file).collect(), new.iter().map(|side| side.file).collect());
    let mut moved = FxHashMap::default();
    if there.is_subset(&here) || here.is_subset(&there) {
        return moved;
    }
    let mut gone: FxHashMap<(&str, &str), FxHashSet<u32>> = FxHashMap::default();
    for side in old.iter().filter(|side| !here.contains(&side.file)) {
        gone.entry((side.kind, bare_name(side))).or_default().insert(side.file);
    }
    let mut taken: FxHashSet<u32> = FxHashSet::default();
    for own in new.chunk_by(|a, b| a.file == b.file).filter(|own| !there.contains(&own[0].file)) {
        let mut shared: FxHashMap<u32, usize> = FxHashMap::default();
        for file in own.iter().flat_map(|s| gone.get(&(s.kind, bare_name(s))).into_iter().flatten())
        {
            *shared.entry(*file).or_default() += 1;
        }
        let most = shared.into_iter().filter(|(file, _)| !taken.contains(file));
        let most = most.max_by_key(|(file, count)| (*count, std::cmp::Reverse(*file)));
        if let Some((file, _)) = most.filter(|(_, count)| count * 2 > own.len()) {
            taken.insert(file);
            moved.insert(own[0].file, file);
        }
    }
    moved
}

struct Pairs {
    of_new: Vec<Option<u32>>,
    old_taken: Vec<bool>,
}

/// How many neighbours on either side a statement without a partner is compared with.
const WINDOW: usize = 16;

/// How alike two texts must be to be one statement that was renamed.
const ALIKE: f64 = 0.5;

impl Pairs {
    fn join(&mut self, new: usize, old: u32) {
        self.of_new[new] = Some(old);
        self.old_taken[old as usize] = true;
    }

    /// Joins what has the same key, first come, first served.
    fn by_key<'a>(
        &mut self,
        old: &[Side<'a>],
        new: &[Side<'a>],
        key: impl Fn(&Side<'a>) -> (u32, &'a str),
    ) {
        if self.of_new.iter().all(Option::is_some) {
            return;
        }
        let mut waiting: FxHashMap<(u32, &str), Vec<u32>> = FxHashMap::default();
        for (i, side) in old.iter().enumerate().rev() {
            if !self.old_taken[i] {
                waiting.entry(key(side)).or_default().push(i as u32);
            }
        }
        for (i, side) in new.iter().enumerate() {
            if self.of_new[i].is_some() {
                continue;
            }
            if let Some(at) = waiting.get_mut(&key(side)).and_then(Vec::pop) {
                self.join(i, at);
            }
        }
    }

    /// Joins what stands behind the same statement of the same file and looks alike.
    fn by_place(&mut self, old: &[Side<'_>], new: &[Side<'_>]) {
        if self.of_new.iter().all(Option::is_some) || self.old_taken.iter().all(|taken| *taken) {
            return;
        }
        let old_places = self.places(old, |pairs, i| pairs.old_taken[i].then_some(i as u32));
        let new_places = self.places(new, |pairs, i| pairs.of_new[i]);
        let mut gaps: FxHashMap<(u32, Option<u32>), Vec<u32>> = FxHashMap::default();
        for (place, i) in old_places {
            gaps.entry(place).or_default().push(i);
        }
        let mut words: Vec<Option<Vec<u32>>> = vec![None; old.len()];
        let mut last_place = None;
        let mut nth = 0usize;
        for (place, i) in new_places {
            nth = if last_place == Some(place) { nth + 1 } else { 0 };
            last_place = Some(place);
            let Some(candidates) = gaps.get(&place) else { continue };
            let side = &new[i as usize];
            let own_words = word_hashes(side.source);
            let from = nth.saturating_sub(WINDOW).min(candidates.len());
            let to = (nth + WINDOW).min(candidates.len());
            let mut best: Option<(f64, u32)> = None;
            for at in &candidates[from..to] {
                let there = &old[*at as usize];
                if self.old_taken[*at as usize] || there.kind != side.kind {
                    continue;
                }
                let theirs = words[*at as usize].get_or_insert_with(|| word_hashes(there.source));
                let alike = similarity(&own_words, theirs);
                if alike >= ALIKE && best.is_none_or(|(most, _)| alike > most) {
                    best = Some((alike, *at));
                }
            }
            if let Some((_, at)) = best {
                self.join(i as usize, at);
            }
        }
    }

    /// Those without a partner, each with its place: its file, and the last statement before it that has one.
    fn places(
        &self,
        sides: &[Side<'_>],
        partner: impl Fn(&Self, usize) -> Option<u32>,
    ) -> Vec<((u32, Option<u32>), u32)> {
        let mut places = Vec::new();
        let mut anchor = (u32::MAX, None);
        for (i, side) in sides.iter().enumerate() {
            if anchor.0 != side.file {
                anchor = (side.file, None);
            }
            match partner(self, i) {
                Some(old) => anchor.1 = Some(old),
                None => places.push((anchor, i as u32)),
            }
        }
        places
    }
}

/// The hashes of a text's words, ascending.
fn word_hashes(text: &str) -> Vec<u32> {
    let mut words: Vec<u32> = text
        .split(|c: char| c.is_whitespace() || "()[]{}\",;'`~@^#".contains(c))
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut hasher = FxHasher::default();
            hasher.write(word.as_bytes());
            hasher.finish() as u32
        })
        .collect();
    words.sort_unstable();
    words
}

/// How much of two texts' words they share, from 0 to 1.
fn similarity(a: &[u32], b: &[u32]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    2.0 * f64::from(shared) / (a.len() + b.len()) as f64
}

/// Gives every name that is taken a number: `name#2`, `name#3` …
pub(super) fn unique_names<'a>(
    names: impl Iterator<Item = &'a Str>,
    mut taken: impl FnMut(&str) -> bool,
) -> Vec<Str> {
    let mut seen: FxHashMap<Str, u32> = FxHashMap::default();
    let mut unique = Vec::new();
    for name in names {
        let mut free = name.clone();
        while seen.contains_key(&free) || taken(&free) {
            let count = seen.entry(name.clone()).or_insert(1);
            *count += 1;
            free = format!("{name}#{count}").into();
        }
        seen.insert(free.clone(), 1);
        unique.push(free);
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides(text: &'static str) -> Vec<Side<'static>> {
        let statement = |line: &'static str| {
            let (file, rest) = line.trim().split_once(' ').unwrap();
            let (fqn, source) = rest.split_once(' ').unwrap();
            let kind = source.trim_start_matches('(').split(' ').next().unwrap();
            Side { file: file.parse().unwrap(), fqn, source, kind }
        };
        text.lines().filter(|line| !line.trim().is_empty()).map(statement).collect()
    }

    #[test]
    fn statements_are_found_again() {
        let old = "1 a/f (defn f [x] (inc x))
                   1 a/g (defn g [x] (dec x))
                   1 a/(p) (p 1)
                   1 a/(p)#2 (p 2)
                   2 b/h (defn h [] 1)";
        for (change, new, expected) in [
            ("nothing", old, vec![Some(0), Some(1), Some(2), Some(3), Some(4)]),
            (
                "an edit, a move within the file, a move to another file",
                "1 a/g (defn g [x] (dec x))
                 1 a/f (defn f [x] (inc (inc x)))
                 1 a/h (defn h [] 1)
                 2 a/(p) (p 3)",
                vec![Some(1), Some(0), Some(4), Some(2)],
            ),
            (
                "the first of two alike deleted",
                "1 a/f (defn f [x] (inc x))
                 1 a/g (defn g [x] (dec x))
                 1 a/(p) (p 2)",
                vec![Some(0), Some(1), Some(3)],
            ),
            (
                "a new name in the same place, and something new",
                "1 a/f (defn f [x] (inc x))
                 1 a/new (defn new [] (println :something \"else\"))
                 1 a/gg (defn gg [x] (dec x))",
                vec![Some(0), None, Some(1)],
            ),
            (
                "another namespace",
                "1 z/f (defn f [x] (inc x))
                 1 z/g (defn g [x] (dec x))",
                vec![Some(0), Some(1)],
            ),
            (
                "a file moved, its namespace with it, a statement edited beyond recognition",
                "1 a/f (defn f [x] (inc x))
                 1 a/g (defn g [x] (dec x))
                 1 a/(p) (p 1)
                 1 a/(p)#2 (p 2)
                 3 c/h (defn h [& all] (apply println \"something else\" all))",
                vec![Some(0), Some(1), Some(2), Some(3), Some(4)],
            ),
        ] {
            assert_eq!(pair(&sides(old), &sides(new), |_| None), expected, "{change}");
        }
    }

    #[test]
    fn what_is_known_of_names_comes_first() {
        let old = "1 a/f (def f 1)
                   1 a/g (def g 1)";
        let new = "1 a/x (def x :something \"else\")
                   1 a/f (def f 1)";
        let was = |name: &str| (name == "a/x").then(|| "a/f".to_owned());
        assert_eq!(pair(&sides(old), &sides(new), was), [Some(0), Some(1)]);
    }

    #[test]
    fn names_are_made_unique() {
        let names: Vec<Str> = ["a", "b", "a", "a#2", "a", "c"].map(Str::from).to_vec();
        let unique = unique_names(names.iter(), |name| name == "c");
        assert_eq!(
            unique.iter().map(|n| &**n).collect::<Vec<_>>(),
            ["a", "b", "a#2", "a#2#2", "a#3", "c#2"]
        );
    }
}
