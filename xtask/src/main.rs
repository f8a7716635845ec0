//! The project's own commands: `cargo xtask setup | test | ci | servers | soak | fuzz | oracle | conformance | torture | bench`.
//!
//! Each says what it runs, exits non-zero when it falls short, and ends with its figures, one `name: value` a line.

mod checks;
mod servers;
mod setup;
mod shell;
mod soak;

use shell::Failure;
use std::process::ExitCode;

const USAGE: &str = "\
The project's own commands

usage: cargo xtask COMMAND

  setup                       install what the tests need and is missing; does nothing where all is there
  setup peers                 install the engines that `bench datalog --peers` measures
  test                        set up, then format, lints, licences, every test and doc test
  ci                          the same with nothing skipped
  servers COMMAND…            run a command while a PostgreSQL and an S3 server of its own run for tests
  soak [--minutes N] [--cases N] [--seed N]
                              the property tests, many cases each, under seeds that nobody tried
  fuzz [TARGET] [--runs N]    fuzz one target or all of them (nightly tool chain and cargo-fuzz)
  oracle datascript [--cases N] [--seed N]
                              random cases against DataScript itself
  oracle kondo [--show N] ANALYSIS FOLDER…
                              what clj-kondo found beside what is found here
  oracle git [--commits N] [--files N] [--show N] REPO…
                              the history of repositories in the database beside what git says of it
  conformance js PATH [--baseline]
                              the JavaScript tests of a DataScript checkout, unmodified, against this database, or against npm's DataScript
  torture [--states N] [--kills N] [--seed N] [--run N]
                              crashes of a simulated disk and killed writers, and what must be there afterwards (`docs/reliability.md`)
  bench [ARGUMENT…]           print the figures of this machine (`bench help` has its parts)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match command {
        "setup" if rest == ["peers"] => setup::peers(),
        "setup" => none_left(rest).and_then(|()| setup::run()),
        "test" => none_left(rest).and_then(|()| checks::run(checks::Thoroughness::Usual)),
        "ci" => none_left(rest).and_then(|()| checks::run(checks::Thoroughness::Full)),
        "servers" => setup::run().and_then(|()| servers::with(rest)),
        "soak" => soak::soak(rest),
        "fuzz" => checks::fuzz(rest),
        "oracle" => setup::run().and_then(|()| checks::oracle(rest)),
        "conformance" => setup::run().and_then(|()| checks::conformance(rest)),
        "torture" => checks::torture(rest),
        "bench" => checks::bench(rest),
        "help" | "-h" | "--help" => {
            shell::say(USAGE);
            return ExitCode::SUCCESS;
        }
        other => Err(Failure::new(format!("there is no command `{other}`\n\n{USAGE}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask {command}: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn none_left(rest: &[String]) -> Result<(), Failure> {
    match rest.first() {
        None => Ok(()),
        Some(extra) => Err(Failure::new(format!("unexpected argument `{extra}`\n\n{USAGE}"))),
    }
}
