//! `soak`: the property tests under seeds that nobody tried.
//!
//! In `test` and `ci` properties draw from one fixed seed (`.cargo/config.toml`), so that what those say is about the change at
//! hand and not about luck. Here each round has a seed of its own, which is printed: the same seed gives the same cases again.

use crate::shell::{Failure, cargo, run, say};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What does not draw at random, or draws from a generator of its own.
const WITHOUT_PROPERTIES: &str =
    "not (package(defbase) or package(defbase-oracle) or package(xtask) or test(budget::))";

/// `soak [--minutes N] [--cases N] [--seed N]`
pub(crate) fn soak(arguments: &[String]) -> Result<(), Failure> {
    let (mut minutes, mut cases, mut seed) = (10, 2_000, fresh_seed());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let place = match argument.as_str() {
            "--minutes" => &mut minutes,
            "--cases" => &mut cases,
            "--seed" => &mut seed,
            other => return Err(Failure::new(format!("unexpected argument `{other}`"))),
        };
        let number = arguments.next().and_then(|number| number.replace('_', "").parse().ok());
        *place = number.ok_or_else(|| Failure::new(format!("{argument} needs a number")))?;
    }
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let mut rounds = 0;
    loop {
        say(&format!("\nround {}: --seed {seed} --cases {cases}", rounds + 1));
        let mut tests = cargo();
        tests.args(["nextest", "run", "--workspace", "--no-fail-fast", "--status-level", "fail"]);
        tests.args(["-E", WITHOUT_PROPERTIES]);
        tests.env("PROPTEST_RNG_SEED", seed.to_string()).env("PROPTEST_CASES", cases.to_string());
        run(&mut tests)?;
        rounds += 1;
        if Instant::now() >= end {
            break;
        }
        seed = seed.wrapping_add(1);
    }
    say("");
    say(&format!("rounds: {rounds}"));
    say(&format!("cases of each property: {}", rounds * cases));
    Ok(())
}

fn fresh_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos() as u64
}
