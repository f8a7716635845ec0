//! `oracle datascript [--cases N] [--seed N]`: random cases against DataScript itself.

use oracle::{Options, Report, run};
use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "\
usage: oracle datascript [--cases N] [--seed N] [--first N] [--jobs N] [--show N]

  --cases N    how many cases (1000000)
  --seed N     which cases: the same seed gives the same ones (1)
  --first N    the number of the first case (0)
  --jobs N     how many DataScripts run at once (one a core)
  --show N     after so many differences it ends, with each made small (10)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match options(&arguments).and_then(|o| run(o).map_err(|e| e.to_string())) {
        Ok(report) => {
            say(&shown(&report));
            if report.mismatches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn options(arguments: &[String]) -> Result<Options, String> {
    let mut rest = match arguments.split_first() {
        Some((what, rest)) if what == "datascript" => rest.iter(),
        _ => return Err(USAGE.into()),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut options = Options { seed: 1, first: 0, cases: 1_000_000, jobs: cores, enough: 10 };
    while let Some(name) = rest.next() {
        let number = rest.next().and_then(|n| n.replace('_', "").parse::<u64>().ok());
        let number = number.ok_or_else(|| format!("{name} needs a number\n\n{USAGE}"))?;
        match name.as_str() {
            "--cases" => options.cases = number,
            "--seed" => options.seed = number,
            "--first" => options.first = number,
            "--jobs" => options.jobs = number as usize,
            "--show" => options.enough = number as usize,
            _ => return Err(format!("unexpected argument `{name}`\n\n{USAGE}")),
        }
    }
    Ok(options)
}

fn shown(report: &Report) -> String {
    let mut out = String::new();
    for mismatch in &report.mismatches {
        out.push_str(&format!("{mismatch}\n\n"));
    }
    out.push_str(&format!("cases: {}\n", report.cases));
    for (verdict, steps) in &report.steps {
        out.push_str(&format!("steps, {}: {steps}\n", verdict.describe()));
    }
    out.push_str(&format!("differences: {}", report.mismatches.len()));
    out
}

/// A reader that went away is no reason to fail.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
