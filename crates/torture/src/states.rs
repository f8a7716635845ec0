//! Crash states by the thousand: runs drawn from a seed, each broken off wherever something was done.
//!
//! A run is made once; the states after each of its events are drawn from what was certain and what was not by then, so none is
//! replayed from the start. A state that came up before in the same run is not looked at again.

use crate::crash::Surface;
use crate::dice::Dice;
use crate::disk::Image;
use crate::ledger::Expected;
use crate::verdict::judge;
use crate::workload;
use rayon::prelude::*;
use rustc_hash::{FxHashSet, FxHasher};
use std::hash::{Hash, Hasher};
use std::ops::AddAssign;

/// How many states are drawn where something is uncertain.
const DRAWS: usize = 24;

/// How many runs are made at a time: with the seed they say which states there are, however many cores look at them.
const AT_ONCE: u64 = 16;

/// What was tried and what came of it.
#[derive(Clone, Default, Debug)]
pub struct Figures {
    /// Runs of programs.
    pub runs: u64,
    /// Faults that these met.
    pub faults: u64,
    /// Moments at which the machine crashed.
    pub moments: u64,
    /// States, all of them different from the others of their run; each crashed a second time.
    pub states: u64,
    /// States that were drawn again.
    pub repeated: u64,
    /// What did not hold, and how to see it again.
    pub failures: Vec<String>,
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Figures) {
        self.runs += other.runs;
        self.faults += other.faults;
        self.moments += other.moments;
        self.states += other.states;
        self.repeated += other.repeated;
        self.failures.extend(other.failures);
    }
}

/// Looks at so many states or some more, or ends with what did not hold.
pub fn torture(seed: u64, states: u64) -> Figures {
    let mut all = Figures::default();
    while all.states < states && all.failures.is_empty() {
        let runs = all.runs..all.runs + AT_ONCE;
        let done: Vec<Figures> = runs.into_par_iter().map(|run| one(seed, run)).collect();
        done.into_iter().for_each(|figures| all += figures);
    }
    all
}

/// One run with all its states.
pub fn one(seed: u64, run: u64) -> Figures {
    let mut dice = Dice::new(seed, run);
    let steps = 4 + dice.below(14);
    let mut figures = Figures { runs: 1, ..Figures::default() };
    let done = match workload::run(dice.clone(), steps) {
        Ok(done) => done,
        Err(problem) => {
            figures.failures.push(format!("--seed {seed} --run {run}: {problem}"));
            return figures;
        }
    };
    figures.faults = done.faults as u64;
    let (mut surface, mut seen) = (Surface::default(), FxHashSet::default());
    for moment in 0..=done.events.len() {
        if let Some(before) = moment.checked_sub(1) {
            surface.take(&done.events[before]);
        }
        figures.moments += 1;
        let expected = done.ledger.at(moment);
        let draws = if surface.is_settled() { 1 } else { DRAWS };
        for draw in 0..draws {
            let image = surface.crash(&mut dice);
            if !seen.insert(hash(&image, &expected)) {
                figures.repeated += 1;
                continue;
            }
            figures.states += 1;
            if let Err(problem) = judge(&image, &expected, &done.known, &mut dice) {
                let state = format!("--seed {seed} --run {run}, event {moment}, state {draw}");
                figures.failures.push(format!("{state}: {problem}"));
                return figures;
            }
        }
    }
    figures
}

/// The same files are another state where something else is promised.
fn hash(image: &Image, expected: &Expected<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    (image, expected).hash(&mut hasher);
    hasher.finish()
}
