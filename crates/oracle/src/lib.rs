//! Random cases, answered by this database and by npm's DataScript: a differential test.
//!
//! [`generate`] makes case number `n` of a seed; [`ours`] and [`theirs`] answer its steps; [`compare`] says whether two
//! outcomes are the same, `exchange` whether each side read what the other one wrote; [`shrink`] makes a case that shows
//! a difference small. [`run`] does all of it for many cases.
//!
//! Beside it [`kondo`] holds the analysis of Clojure sources against clj-kondo's, [`past`] a repository's history against
//! what git says of it, and [`javascript`] runs DataScript's own tests, and examples, against this database's JavaScript API.
//!
//! Cost: about a millisecond a case, nearly all of it DataScript's.

pub mod case;
pub mod compare;
mod exchange;
pub mod generate;
pub mod javascript;
pub mod kondo;
pub mod ours;
pub mod past;
mod rng;
pub mod shrink;
pub mod theirs;

pub use rng::Rng;
pub use theirs::OracleError;

use case::{Case, Outcome};
use compare::{Verdict, compare};
use shrink::{Difference, shrink};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use theirs::DataScript;

/// How many cases go to DataScript at once.
const BATCH: u64 = 100;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Which cases: the same seed gives the same ones.
    pub seed: u64,
    /// The first case's number.
    pub first: u64,
    /// How many cases.
    pub cases: u64,
    /// How many DataScripts run at once.
    pub jobs: usize,
    /// After so many differences no more are looked for.
    pub enough: usize,
}

/// A case on which the two do not agree, made small.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The case's number.
    pub number: u64,
    /// What is left of it.
    pub case: Case,
    /// How the last step differs.
    pub difference: Difference,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Difference { ours, theirs, .. } = &self.difference;
        write!(f, "case {}\n{}\n    ours   {ours}\n    theirs {theirs}", self.number, self.case)
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Cases tried.
    pub cases: u64,
    /// Steps, by how the outcomes compare; steps after a case's first difference are not counted.
    pub steps: BTreeMap<Verdict, u64>,
    /// Cases on which the two do not agree.
    pub mismatches: Vec<Mismatch>,
}

impl Report {
    fn add(&mut self, other: Report) {
        self.cases += other.cases;
        for (verdict, n) in other.steps {
            *self.steps.entry(verdict).or_default() += n;
        }
        self.mismatches.extend(other.mismatches);
    }
}

/// Tries the cases of a seed.
pub fn run(options: Options) -> Result<Report, OracleError> {
    let next = AtomicU64::new(options.first);
    let results: Vec<Result<Report, OracleError>> = std::thread::scope(|scope| {
        let jobs = (0..options.jobs.max(1)).map(|_| scope.spawn(|| work(options, &next)));
        let jobs: Vec<_> = jobs.collect();
        let lost = || Err(OracleError::Answer("a job panicked".into()));
        jobs.into_iter().map(|job| job.join().unwrap_or_else(|_| lost())).collect()
    });
    let mut report = Report::default();
    for result in results {
        report.add(result?);
    }
    Ok(report)
}

fn work(options: Options, next: &AtomicU64) -> Result<Report, OracleError> {
    let mut datascript = DataScript::start()?;
    let mut report = Report::default();
    let end = options.first + options.cases;
    loop {
        let first = next.fetch_add(BATCH, Ordering::Relaxed);
        if first >= end || report.mismatches.len() >= options.enough {
            return Ok(report);
        }
        let numbers: Vec<u64> = (first..end.min(first + BATCH)).collect();
        let cases: Vec<Case> = numbers.iter().map(|n| generate::case(options.seed, *n)).collect();
        let ours: Vec<Vec<Outcome>> = cases.iter().map(ours::answers).collect();
        let theirs = datascript.answers(&cases, &ours)?;
        let answers = ours.into_iter().zip(theirs);
        for ((number, case), (ours, theirs)) in numbers.into_iter().zip(cases).zip(answers) {
            report.cases += 1;
            let found = Difference::first(&case, &ours, &theirs);
            let agreed = found.as_ref().map_or(case.steps.len(), |d| d.step);
            for (i, step) in case.steps.iter().enumerate().take(agreed) {
                let verdict = compare(step, &ours[i], &theirs[i]);
                *report.steps.entry(verdict).or_default() += 1;
                if verdict == Verdict::Restarted {
                    break;
                }
            }
            if let Some(found) = found.filter(|_| report.mismatches.len() < options.enough) {
                let (case, difference) = shrink(&mut datascript, case, found)?;
                report.mismatches.push(Mismatch { number, case, difference });
            }
        }
    }
}
