//! `torture [--states N] [--seed N] [--run N]`: see `docs/reliability.md`.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;
use torture::states::{self, Figures};

const USAGE: &str = "\
usage: torture [--states N] [--seed N] [--run N]

  --states N   so many states that a crash may leave (5000)
  --seed N     which ones: the same seed gives the same ones (1)
  --run N      only those of one run";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let options = match Options::read(&arguments) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("torture: {problem}\n\n{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let start = Instant::now();
    let figures = match options.run {
        Some(run) => states::one(options.seed, run),
        None => states::torture(options.seed, options.states, &|_| {}),
    };
    let seconds = start.elapsed().as_secs_f64();
    report(&options, &figures, seconds);
    if figures.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Options {
    states: u64,
    seed: u64,
    run: Option<u64>,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Options, String> {
        let mut options = Options { states: 5_000, seed: 1, run: None };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let number = arguments.next().and_then(|number| number.replace('_', "").parse().ok());
            let number = number.ok_or_else(|| format!("{argument} needs a number"))?;
            match argument.as_str() {
                "--states" => options.states = number,
                "--seed" => options.seed = number,
                "--run" => options.run = Some(number),
                other => return Err(format!("unexpected argument `{other}`")),
            }
        }
        Ok(options)
    }
}

fn report(options: &Options, figures: &Figures, seconds: f64) {
    for failure in &figures.failures {
        say(failure);
    }
    say(&format!("seed: {}", options.seed));
    say(&format!("runs: {}", figures.runs));
    say(&format!("faults met: {}", figures.faults));
    say(&format!("moments: {}", figures.moments));
    say(&format!("states: {}", figures.states));
    say(&format!("states drawn again: {}", figures.repeated));
    say(&format!("states a second: {:.0}", figures.states as f64 / seconds));
    say(&format!("failures: {}", figures.failures.len()));
}

/// A reader that went away is no reason to fail.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
