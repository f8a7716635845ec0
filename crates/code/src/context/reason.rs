//! Why a statement is in a context: its strongest tie to what was asked for, else to what stands before it.

use super::network::{NONE, Network, Role};
use super::{Ranking, Signals};
use crate::model::{Attr, DependencyType};
use crate::source::Source;
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt;

/// Why a statement is in a context. Names are fully qualified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// It was asked for.
    Asked,
    /// It has words of the question.
    Matches,
    /// Another one calls it.
    CalledBy(String),
    /// Another one uses it in another way.
    UsedBy(String),
    /// It is a protocol or a multimethod that another one implements.
    ImplementedBy(String),
    /// It calls another one.
    Calls(String),
    /// It uses another one in another way.
    Uses(String),
    /// It implements a protocol or a multimethod.
    Implements(String),
    /// It is a test that uses another one.
    TestOf(String),
    /// It changed in so many transactions that changed what was asked for.
    ChangedWith(usize),
    /// It shares words with what was asked for.
    Alike,
    /// It stands near another one in a file.
    Near(String),
    /// It is in the namespace of something that is shown.
    SameNamespace,
    /// It is somewhere behind what is shown.
    Further,
}

impl Reason {
    /// What kind of reason it is, in a word for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Reason::Asked => "asked",
            Reason::Matches => "matches",
            Reason::CalledBy(_) => "called-by",
            Reason::UsedBy(_) => "used-by",
            Reason::ImplementedBy(_) => "implemented-by",
            Reason::Calls(_) => "calls",
            Reason::Uses(_) => "uses",
            Reason::Implements(_) => "implements",
            Reason::TestOf(_) => "test-of",
            Reason::ChangedWith(_) => "changed-with",
            Reason::Alike => "alike",
            Reason::Near(_) => "near",
            Reason::SameNamespace => "same-namespace",
            Reason::Further => "further",
        }
    }

    /// The statement that it is about, where it is about one.
    pub fn of(&self) -> Option<&str> {
        match self {
            Reason::CalledBy(of)
            | Reason::UsedBy(of)
            | Reason::ImplementedBy(of)
            | Reason::Calls(of)
            | Reason::Uses(of)
            | Reason::Implements(of)
            | Reason::TestOf(of)
            | Reason::Near(of) => Some(of),
            _ => None,
        }
    }
}

/// In a few words; names without their namespace.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Reason::Asked => "asked for",
            Reason::Matches => "matches",
            Reason::CalledBy(_) => "called by",
            Reason::UsedBy(_) => "used by",
            Reason::ImplementedBy(_) => "implemented by",
            Reason::Calls(_) => "calls",
            Reason::Uses(_) => "uses",
            Reason::Implements(_) => "implements",
            Reason::TestOf(_) => "test of",
            Reason::ChangedWith(1) => return f.write_str("changed together once"),
            Reason::ChangedWith(times) => return write!(f, "changed together {times} times"),
            Reason::Alike => "similar words",
            Reason::Near(_) => "near",
            Reason::SameNamespace => "same namespace",
            Reason::Further => "further away",
        };
        f.write_str(words)?;
        match self.of() {
            Some(of) => write!(f, " {}", short(of)),
            None => Ok(()),
        }
    }
}

/// A name without its namespace.
fn short(fqn: &str) -> &str {
    match fqn.split_once('/') {
        Some((_, name)) if !name.is_empty() => name,
        _ => fqn,
    }
}

/// Finds the reason of one statement after another, from the top of a ranking.
pub(super) struct Reasons<'a> {
    source: &'a Source<'a>,
    network: &'a Network,
    seeds: &'a [u32],
    changed: FxHashMap<u32, usize>,
    alike: FxHashSet<u32>,
    /// What stands before, and at which place.
    shown: FxHashMap<u32, usize>,
    groups: FxHashSet<u32>,
}

impl<'a> Reasons<'a> {
    pub(super) fn new(
        source: &'a Source<'a>,
        network: &'a Network,
        signals: &'a Signals,
        ranking: &Ranking,
    ) -> Reasons<'a> {
        Reasons {
            source,
            network,
            seeds: &signals.seeds,
            changed: signals.changed.iter().map(|other| (other.node, other.times)).collect(),
            alike: signals.alike.iter().take(ranking.alike).map(|(node, _)| *node).collect(),
            shown: FxHashMap::default(),
            groups: FxHashSet::default(),
        }
    }

    /// Why a statement is shown after those before it.
    pub(super) fn next(&mut self, node: u32) -> Reason {
        let reason = self.find(node);
        self.shown.insert(node, self.shown.len());
        self.groups.insert(self.network.group[node as usize]);
        reason
    }

    fn find(&self, node: u32) -> Reason {
        if self.seeds.contains(&node) {
            return Reason::Asked;
        }
        if self.seeds.is_empty() && self.alike.contains(&node) {
            return Reason::Matches;
        }
        let tie = self.tie(node);
        if let Some((_, at)) = tie
            && at < self.seeds.len()
        {
            return self.tied(node, tie);
        }
        if let Some(times) = self.changed.get(&node) {
            return Reason::ChangedWith(*times);
        }
        if tie.is_some() {
            return self.tied(node, tie);
        }
        if self.alike.contains(&node) {
            return Reason::Alike;
        }
        let near = self.network.near(node, 1).map(|(other, _)| other);
        let near =
            near.filter(|other| self.shown.contains_key(other)).min_by_key(|n| self.shown[n]);
        if let Some(near) = near {
            return Reason::Near(self.name(near));
        }
        let group = self.network.group[node as usize];
        match group != NONE && self.groups.contains(&group) {
            true => Reason::SameNamespace,
            false => Reason::Further,
        }
    }

    /// The edge that ties a statement to the one that stands highest.
    fn tie(&self, node: u32) -> Option<(Tie, usize)> {
        let users = self.network.used_by.of(node).iter().map(|edge| (false, *edge));
        let used = self.network.uses.of(node).iter().map(|edge| (true, *edge));
        users
            .chain(used)
            .filter_map(|(out, (other, kind))| {
                Some((Tie { out, other, kind }, *self.shown.get(&other)?))
            })
            .min_by_key(|(tie, at)| {
                (*at, tie.out, self.kind(tie.kind) != Some(DependencyType::FunctionCall))
            })
    }

    fn tied(&self, node: u32, tie: Option<(Tie, usize)>) -> Reason {
        let Some((Tie { out, other, kind }, _)) = tie else { return Reason::Further };
        let of = self.name(other);
        use DependencyType::{FunctionCall, MultimethodImpl, ProtocolImpl};
        match (out, self.kind(kind)) {
            (true, _) if self.network.role(node) == Role::Test => Reason::TestOf(of),
            (true, Some(FunctionCall)) => Reason::Calls(of),
            (true, Some(ProtocolImpl | MultimethodImpl)) => Reason::Implements(of),
            (true, _) => Reason::Uses(of),
            (false, Some(FunctionCall)) => Reason::CalledBy(of),
            (false, Some(ProtocolImpl | MultimethodImpl)) => Reason::ImplementedBy(of),
            (false, _) => Reason::UsedBy(of),
        }
    }

    fn kind(&self, number: u8) -> Option<DependencyType> {
        self.network.types[usize::from(number)]
    }

    fn name(&self, node: u32) -> String {
        let name = self.source.text(self.network.statement(node), Attr::StatementFqn);
        name.as_deref().unwrap_or_default().to_owned()
    }
}

#[derive(Clone, Copy)]
struct Tie {
    /// Whether the statement uses the other one.
    out: bool,
    other: u32,
    kind: u8,
}
