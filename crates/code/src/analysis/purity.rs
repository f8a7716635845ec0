//! Whether evaluating or calling what a statement defines has no effect.
//!
//! A statement is impure when something in it has an effect or what it uses is impure; else unknown when it holds interop, an
//! unresolved name or something unknown; else pure. So impurity is followed through the graph of uses first, then doubt;
//! what is left, cycles included, is pure.

use rustc_hash::FxHashMap;

/// What is known of a statement by itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Local {
    /// Something in it that has an effect.
    pub(super) impure: Option<String>,
    pub(super) unknown: bool,
    /// Statements of the project that it uses.
    pub(super) uses: Vec<u32>,
    /// Whether purity means anything for it.
    pub(super) applies: bool,
}

/// What follows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Purity {
    Pure,
    /// By this name.
    Impure(String),
    Unknown,
}

/// The purity of each statement. `name` gives the name by which a statement is known.
pub(super) fn infer<'n>(locals: &[Local], name: impl Fn(u32) -> &'n str) -> Vec<Purity> {
    let mut users: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    for (user, local) in locals.iter().enumerate() {
        for used in &local.uses {
            users.entry(*used).or_default().push(user as u32);
        }
    }
    let mut result = vec![Purity::Pure; locals.len()];
    let mut queue: Vec<u32> = Vec::new();
    for (i, local) in locals.iter().enumerate() {
        if let Some(what) = &local.impure {
            result[i] = Purity::Impure(what.clone());
            queue.push(i as u32);
        }
    }
    let mut at = 0;
    while at < queue.len() {
        let used = queue[at];
        at += 1;
        for user in users.get(&used).into_iter().flatten() {
            if result[*user as usize] == Purity::Pure {
                result[*user as usize] = Purity::Impure(name(used).to_string());
                queue.push(*user);
            }
        }
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
        for user in users.get(&used).into_iter().flatten() {
            if result[*user as usize] == Purity::Pure {
                result[*user as usize] = Purity::Unknown;
                queue.push(*user);
            }
        }
    }
    result
}
