//! The kinds of entities that a walk meets: those of which a pattern finds something under the same keys.
//!
//! Their maps share the keys. A kind is what was found, in order: it is reached from the kind of nothing, one key after the
//! other. Each step remembers where it led last, so an entity of the same kind as the one before costs a comparison a key.

use super::parse::Pattern;
use crate::{AttrId, Db};
use edn::{Keys, Value};
use rustc_hash::FxHashMap;

/// What something was found for: an attribute of the pattern, by its place (reverse ones last), or one that a wildcard brought
/// in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Said(u32);

const OWN: u32 = 1 << 31;

impl Said {
    pub(super) fn named(place: usize) -> Said {
        Said(place as u32 & !OWN)
    }

    pub(super) fn own(attr: AttrId) -> Said {
        Said(attr | OWN)
    }

    fn key(self, db: &Db, pattern: &Pattern) -> Value {
        let place = self.0 as usize;
        match (self.0 & OWN != 0, place.checked_sub(pattern.attrs.len())) {
            (true, _) => db.attr_name(self.0 & !OWN).clone(),
            (_, None) => pattern.attrs[place].key.clone(),
            (_, Some(place)) => pattern.reverse[place].key.clone(),
        }
    }
}

/// A kind, by its number in one walk.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kind(u32);

#[derive(Default)]
pub(super) struct Kinds {
    /// The kind of nothing for each pattern; a pattern stays where it is as long as the walk goes.
    roots: Vec<(*const Pattern, Kind)>,
    steps: Vec<Step>,
    /// Where steps lead that are not the first from their kind.
    others: FxHashMap<(Kind, Said), Kind>,
}

struct Step {
    /// How the kind was reached; none where nothing was found.
    from: Option<(Kind, Said)>,
    /// Where the first step from here led; most kinds have no other.
    first: Option<(Said, Kind)>,
    /// Where the last step from here led.
    last: (Said, Kind),
    keys: Option<Keys>,
}

impl Kinds {
    /// The kind of an entity of which nothing has been found yet.
    pub(super) fn nothing(&mut self, pattern: &Pattern) -> Kind {
        let pattern: *const Pattern = pattern;
        match self.roots.iter().find(|(of, _)| *of == pattern) {
            Some((_, kind)) => *kind,
            None => {
                let kind = self.push(None);
                self.roots.push((pattern, kind));
                kind
            }
        }
    }

    fn push(&mut self, from: Option<(Kind, Said)>) -> Kind {
        let kind = Kind(self.steps.len() as u32);
        // No step leads back to where it began, so this is none that was made.
        self.steps.push(Step { from, first: None, last: (Said(u32::MAX), kind), keys: None });
        kind
    }

    /// The kind of those of which one more thing is found.
    #[inline]
    pub(super) fn with(&mut self, kind: Kind, said: Said) -> Kind {
        let (last, led) = self.steps[kind.0 as usize].last;
        if last == said { led } else { self.step(kind, said) }
    }

    fn step(&mut self, kind: Kind, said: Said) -> Kind {
        let led = match self.steps[kind.0 as usize].first {
            Some((first, led)) if first == said => led,
            Some(_) => match self.others.get(&(kind, said)) {
                Some(led) => *led,
                None => {
                    let led = self.push(Some((kind, said)));
                    self.others.insert((kind, said), led);
                    led
                }
            },
            None => {
                let led = self.push(Some((kind, said)));
                self.steps[kind.0 as usize].first = Some((said, led));
                led
            }
        };
        self.steps[kind.0 as usize].last = (said, led);
        led
    }

    /// The keys under which things were found, in order; they may be equal where the pattern says so.
    pub(super) fn each_key(&self, db: &Db, pattern: &Pattern, kind: Kind) -> Vec<Value> {
        let from = |kind: Kind| self.steps[kind.0 as usize].from;
        let steps = std::iter::successors(from(kind), |(kind, _)| from(*kind));
        let mut keys: Vec<Value> = steps.map(|(_, said)| said.key(db, pattern)).collect();
        keys.reverse();
        keys
    }

    /// The keys of those of a kind, where they are known to differ.
    #[inline]
    pub(super) fn keys(&mut self, db: &Db, pattern: &Pattern, kind: Kind) -> &Keys {
        if self.steps[kind.0 as usize].keys.is_none() {
            let keys = Keys::new(self.each_key(db, pattern, kind));
            self.steps[kind.0 as usize].keys = Some(keys);
        }
        self.steps[kind.0 as usize].keys.get_or_insert_with(|| Keys::new(Vec::new()))
    }
}
