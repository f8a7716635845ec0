//! How good a context is: over the history of real projects, given one changed statement of a commit, how many of the other
//! statements of that commit stand in the context of it, made of what was known before the commit.
//!
//! Rules
//! - The first-parent history is walked, the last `--commits` of it; each commit is imported as one transaction, so that a
//!   context knows the history up to its commit and nothing of it. Merges are imported and not asked about.
//! - What counts are statements that were there before and that the commit changed (not only in white space or comments),
//!   renamed with a change, or deleted. `ns` forms do not count.
//! - Asked about are commits that have 2 to 20 of them, from the `--from`th commit of the window on, so that there is some
//!   history; at most five statements a commit, evenly spread.
//! - The statement asked for is no hit. A hit is `in` a context as source or signature, or there `whole`.
//! - Every method has the same budget, the same tokens, and shows the statement asked for.

mod cases;
mod commits;
mod map;
mod methods;
mod tune;

use crate::Failure;
use cases::Case;
use code::context::Weights;
use methods::{Method, Score};
use std::path::PathBuf;
use std::time::Instant;

const BUDGETS: [usize; 3] = [2_000, 8_000, 32_000];

pub(crate) struct Options {
    repositories: Vec<PathBuf>,
    commits: usize,
    from: usize,
    tune: bool,
}

impl Options {
    pub(crate) fn read(arguments: &[String]) -> Result<Options, Failure> {
        let mut options =
            Options { repositories: Vec::new(), commits: 600, from: 100, tune: false };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut number = || -> Result<usize, Failure> {
                Ok(rest.next().ok_or(format!("{argument} needs a number"))?.parse()?)
            };
            match argument.as_str() {
                "--commits" => options.commits = number()?,
                "--from" => options.from = number()?,
                "--tune" => options.tune = true,
                unknown if unknown.starts_with('-') => return Err(crate::USAGE.into()),
                folder => options.repositories.push(PathBuf::from(folder)),
            }
        }
        match options.repositories.is_empty() {
            true => Err("name the folders of git repositories".into()),
            false => Ok(options),
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut all = Vec::new();
    for folder in &options.repositories {
        let start = Instant::now();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let cases = cases::of(folder, options.commits, options.from)?;
        let asked: usize = cases.iter().map(|case| case.asked.len()).sum();
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}/commits-asked-about: {}", cases.len());
        println!("{name}/statements-asked-for: {asked}");
        println!("{name}/history-seconds: {seconds:.1}");
        match options.tune {
            true => all.extend(cases),
            false => report(&name, &cases)?,
        }
    }
    match options.tune {
        true => tune::run(&all),
        false => Ok(()),
    }
}

fn report(name: &str, cases: &[Case]) -> Result<(), Failure> {
    let weights = Weights::default();
    for method in Method::ALL {
        for budget in BUDGETS {
            let start = Instant::now();
            let score = methods::measure(cases, method, budget, &weights)?;
            let each = start.elapsed().as_secs_f64() * 1e3 / score.questions.max(1) as f64;
            let Score { micro, macro_, micro_whole, macro_whole, tokens, .. } = score;
            println!(
                "{name}/{}/{budget}: micro {micro:.1} macro {macro_:.1} whole-micro {micro_whole:.1} whole-macro \
                 {macro_whole:.1} tokens {tokens:.0} ms {each:.1}",
                method.name()
            );
        }
    }
    Ok(())
}
