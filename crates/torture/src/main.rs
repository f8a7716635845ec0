//! `torture [--states N] [--kills N] [--seed N] [--run N]`: see `docs/reliability.md`.

use std::fmt::Display;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use torture::{kills, states};

const USAGE: &str = "\
usage: torture [--states N] [--kills N] [--seed N] [--run N]

  --states N   so many states that a crash may leave (5000)
  --kills N    so many writers are killed (30)
  --seed N     which ones: the same seed gives the same states, and the same lives of writers as far as the machine lets (1)
  --run N      only the states of one run";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match &arguments[..] {
        [what, log, cache, seed] if what == "writer" => write(log, cache, seed),
        _ => Options::read(&arguments).and_then(|options| run(&options)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("torture: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// A writer that is to be killed.
fn write(log: &str, cache: &str, seed: &str) -> Result<(), String> {
    let seed = seed.parse().map_err(|_| format!("{seed} is no seed"))?;
    kills::write(Path::new(log), Path::new(cache), seed).map_err(|error| error.to_string())
}

struct Options {
    states: u64,
    kills: u64,
    seed: u64,
    run: Option<u64>,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Options, String> {
        let mut options = Options { states: 5_000, kills: 30, seed: 1, run: None };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let number = arguments.next().and_then(|number| number.replace('_', "").parse().ok());
            let number = number.ok_or_else(|| format!("{argument} needs a number\n\n{USAGE}"))?;
            match argument.as_str() {
                "--states" => options.states = number,
                "--kills" => options.kills = number,
                "--seed" => options.seed = number,
                "--run" => options.run = Some(number),
                other => return Err(format!("unexpected argument `{other}`\n\n{USAGE}")),
            }
        }
        Ok(options)
    }
}

fn run(options: &Options) -> Result<(), String> {
    let start = Instant::now();
    let crashed = match options.run {
        Some(run) => states::one(options.seed, run),
        None => states::torture(options.seed, options.states),
    };
    let seconds = start.elapsed().as_secs_f64();
    crashed.failures.iter().for_each(|failure| say(failure));
    figure("seed", options.seed);
    figure("runs", crashed.runs);
    figure("faults met", crashed.faults);
    figure("moments", crashed.moments);
    figure("states", crashed.states);
    figure("states drawn again", crashed.repeated);
    figure("states a second", (crashed.states as f64 / seconds).round());
    figure("states that fell short", crashed.failures.len());
    if !crashed.failures.is_empty() {
        return Err("a promise was not kept".to_owned());
    }
    if options.run.is_some() {
        return Ok(());
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let killed = kills::torture(&program, options.seed, options.kills)?;
    figure("kills", killed.kills);
    figure("transactions acknowledged before", killed.acknowledged);
    figure("torn ends", killed.torn);
    figure("second writers refused", killed.refused);
    Ok(())
}

fn figure(name: &str, value: impl Display) {
    say(&format!("{name}: {value}"));
}

/// A reader that went away is no reason to fail.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
