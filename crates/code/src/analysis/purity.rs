//! Whether evaluating or calling what a statement defines has no effect.
//!
//! A statement is impure when something in it has an effect or what it uses is impure; else unknown when it holds interop, an
//! unresolved name or something unknown; else pure. So impurity is followed through the graph of uses first, then doubt;
//! what is left, cycles included, is pure.
//!
//! Of several things that make a statement impure the one that is told is the nearest to an effect, and of those the first by its
//! place: it depends on the files, not on the order in which they were looked at.
//!
//! Cost: one pass over all uses, some nanoseconds each, whatever changed.

use super::vars::NOBODY;
use edn::Str;

/// What is known of a statement by itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Local {
    /// Something in it that has an effect.
    pub(super) impure: Option<Str>,
    pub(super) unknown: bool,
    /// Vars of the project that it uses.
    pub(super) uses: Vec<u32>,
    /// Whether purity means anything for it.
    pub(super) applies: bool,
}

/// What follows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Purity {
    Pure,
    /// By this name.
    Impure(Str),
    Unknown,
}

/// Who uses each statement: all users, one statement's after the other's.
struct Users {
    starts: Vec<u32>,
    users: Vec<u32>,
}

impl Users {
    fn of(locals: &[&Local], of_vars: &[u32]) -> Users {
        let statement = |var: &u32| of_vars.get(*var as usize).copied().filter(|s| *s != NOBODY);
        let mut starts = vec![0u32; locals.len() + 1];
        let used = || locals.iter().flat_map(|local| &local.uses).filter_map(statement);
        used().for_each(|used| starts[used as usize + 1] += 1);
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut users = vec![0; starts[locals.len()] as usize];
        for (user, local) in locals.iter().enumerate() {
            for used in local.uses.iter().filter_map(statement) {
                users[next[used as usize] as usize] = user as u32;
                next[used as usize] += 1;
            }
        }
        Users { starts, users }
    }

    fn of_one(&self, statement: u32) -> &[u32] {
        let [start, end] = [0, 1].map(|i| self.starts[statement as usize + i] as usize);
        &self.users[start..end]
    }
}

/// The purity of each statement. `of_vars` has for each var the statement that defines it, `name` gives a statement's name.
pub(super) fn infer<'n>(
    locals: &[&Local],
    of_vars: &[u32],
    name: impl Fn(u32) -> &'n Str,
) -> Vec<Purity> {
    let users = Users::of(locals, of_vars);
    let mut result = vec![Purity::Pure; locals.len()];
    let mut layer: Vec<u32> = Vec::new();
    for (i, local) in locals.iter().enumerate() {
        if let Some(what) = &local.impure {
            result[i] = Purity::Impure(what.clone());
            layer.push(i as u32);
        }
    }
    while !layer.is_empty() {
        layer.sort_unstable();
        let mut next = Vec::new();
        for used in layer {
            for user in users.of_one(used) {
                if result[*user as usize] == Purity::Pure {
                    result[*user as usize] = Purity::Impure(name(used).clone());
                    next.push(*user);
                }
            }
        }
        layer = next;
    }
    let doubtful = |i: usize| locals[i].unknown || !locals[i].applies;
    let mut queue: Vec<u32> = (0..locals.len())
        .filter(|i| result[*i] == Purity::Pure && doubtful(*i))
        .map(|i| i as u32)
        .collect();
    for i in &queue {
        result[*i as usize] = Purity::Unknown;
    }
    while let Some(used) = queue.pop() {
        for user in users.of_one(used) {
            if result[*user as usize] == Purity::Pure {
                result[*user as usize] = Purity::Unknown;
                queue.push(*user);
            }
        }
    }
    result
}
