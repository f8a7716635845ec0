//! The floor of queries over the past: an entity's ages stand beside each other, each with the transactions it was true between.

use super::{Floor, Rows};
use crate::data::{Atom, Dataset};

/// The transaction of the data, and the one that said other ages of some.
const FIRST: u32 = 1;
const SECOND: u32 = 2;

/// What is true now has not ended.
const STILL: u32 = u32::MAX;

struct Version {
    entity: u32,
    age: u32,
    since: u32,
    until: u32,
}

/// All ages there ever were.
#[derive(Default)]
pub(super) struct Past {
    /// By entity, then by time.
    versions: Vec<Version>,
    /// Where those of an entity begin.
    starts: Vec<usize>,
}

impl Past {
    pub(super) fn new(data: &Dataset, size: usize) -> Past {
        if data.changes.is_empty() {
            return Past::default();
        }
        let aged = |(e, _, v): &(u32, usize, Atom)| match v {
            Atom::Int(age) => Some((*e, *age as u32)),
            _ => None,
        };
        let mut changes = data.changes.iter().filter_map(aged).peekable();
        let ages = data.facts().filter(|(_, a, _)| data.attributes[*a].name == "age");
        let (mut versions, mut starts) = (Vec::new(), vec![0; size + 1]);
        for (entity, a, v) in ages {
            let Some((_, age)) = aged(&(entity, a, v.clone())) else { continue };
            let new = changes.next_if(|(e, _)| *e == entity);
            let until = if new.is_some() { SECOND } else { STILL };
            versions.push(Version { entity, age, since: FIRST, until });
            if let Some((_, age)) = new {
                versions.push(Version { entity, age, since: SECOND, until: STILL });
            }
            starts[entity as usize + 1] = versions.len();
        }
        // Who has no age has none between where the one before ends and where the next begins.
        for i in 1..starts.len() {
            starts[i] = starts[i].max(starts[i - 1]);
        }
        Past { versions, starts }
    }

    fn of(&self, entity: u32) -> &[Version] {
        &self.versions[self.starts[entity as usize]..self.starts[entity as usize + 1]]
    }

    fn age_at(&self, entity: u32, time: u32) -> Option<u32> {
        let then = self.of(entity).iter().find(|v| v.since <= time && time < v.until);
        then.map(|v| v.age)
    }

    fn ended(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter().filter(|v| v.until != STILL)
    }
}

impl Floor {
    pub(super) fn ages_then(&self) -> Rows {
        let then = self.ivans().filter_map(|e| Some([e, self.past.age_at(e, FIRST)?, 0, 0]));
        then.collect()
    }

    pub(super) fn ages_of_men_then(&self) -> Rows {
        let (sex, male) = (&self.column("sex").of, self.word("male"));
        let men = self.ivans().filter(|e| sex[*e as usize] == male);
        men.filter_map(|e| Some([e, self.past.age_at(e, FIRST)?, 0, 0])).collect()
    }

    pub(super) fn ages_since(&self) -> Rows {
        let new = self.past.versions.iter().filter(|v| v.since > FIRST);
        new.map(|v| [v.entity, v.age, 0, 0]).collect()
    }

    /// No name was ever taken back.
    pub(super) fn names_ever(&self) -> Rows {
        self.column("name").by_entity.iter().map(|(e, _)| [*e, 0, 0, 0]).collect()
    }

    pub(super) fn ages_ever(&self) -> Rows {
        let said = self.past.versions.iter().map(|v| [v.entity, v.age, v.since, 0]);
        said.chain(self.past.ended().map(|v| [v.entity, v.age, v.until, 0])).collect()
    }

    pub(super) fn names_with_ages_ever(&self) -> Rows {
        let name = &self.column("name").of;
        let versions = self.past.versions.iter();
        versions.map(|v| [v.entity, name[v.entity as usize], v.age, 0]).collect()
    }

    pub(super) fn ages_taken_back(&self) -> Rows {
        self.past.ended().map(|v| [v.entity, v.age, 0, 0]).collect()
    }

    pub(super) fn ages_changed(&self) -> Rows {
        let pairs = self.past.versions.windows(2).filter(|pair| pair[0].until == pair[1].since);
        let pairs = pairs.filter(|pair| pair[0].entity == pair[1].entity);
        pairs.map(|pair| [pair[0].entity, pair[0].age, pair[1].age, 0]).collect()
    }
}
