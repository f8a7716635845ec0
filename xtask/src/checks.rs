//! `test`, `ci`, `fuzz`, `oracle`, `conformance`, `torture` and `bench`.

use crate::servers::Servers;
use crate::setup;
use crate::shell::{Failure, cargo, has, root, run_and_read, say};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How much of what can be left out is left out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thoroughness {
    /// What is not installed and slow tests are skipped, and it is said.
    Usual,
    /// Nothing is.
    Full,
}

/// Sets up, then runs every check. The cheap ones come first; the first that fails ends it.
pub(crate) fn run(how: Thoroughness) -> Result<(), Failure> {
    setup::run()?;
    crate::shell::run(cargo().args(["fmt", "--all", "--check"]))?;
    crate::shell::run(cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]))?;
    let licences = licences(how)?;
    let servers = Servers::start(how)?;
    let mut tests = cargo();
    tests.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    servers.tell(&mut tests);
    if how == Thoroughness::Full {
        tests.args(["--run-ignored", "all"]).env("CI", "1");
    }
    let (text, outcome) = run_and_read(&mut tests);
    drop(servers);
    let ran = nextest_figures(&text);
    let (doc_text, doc_outcome) = match outcome {
        Ok(()) => run_and_read(cargo().args(["test", "--quiet", "--workspace", "--doc"])),
        Err(_) => (String::new(), Ok(())),
    };
    let doc_tests = sum_of(&doc_text, " passed");
    say("");
    say(&format!("licences: {licences}"));
    say(&format!("tests passed: {}", ran.passed));
    say(&format!("tests failed: {}", ran.failed));
    say(&format!("tests skipped: {}", ran.skipped));
    say(&format!("doc tests passed: {doc_tests}"));
    outcome.and(doc_outcome)?;
    match ran.passed {
        0 => Err(Failure::new("no test ran: that is not a success")),
        _ => Ok(()),
    }
}

fn licences(how: Thoroughness) -> Result<&'static str, Failure> {
    if !has("cargo", &["deny", "--version"]) {
        if how == Thoroughness::Usual {
            say("\ncargo-deny is not installed: licences and sources are not checked");
            return Ok("not checked");
        }
        crate::shell::run(cargo().args(["install", "--locked", "cargo-deny"]))?;
    }
    // Offline, it reads the manifests of every platform's crates, which a build alone does not fetch.
    crate::shell::run(cargo().args(["fetch", "--locked", "--quiet"]))?;
    crate::shell::run(cargo().args(["deny", "--offline", "check", "licenses", "bans", "sources"]))?;
    Ok("ok")
}

#[derive(Default, PartialEq, Eq, Debug)]
struct Figures {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// What nextest's closing line says: `Summary [ 0.9s] 12 tests run: 11 passed, 1 failed, 2 skipped`.
fn nextest_figures(text: &str) -> Figures {
    let Some(line) = text.lines().rfind(|l| l.trim_start().starts_with("Summary [")) else {
        return Figures::default();
    };
    let figure = |word: &str| sum_of(line, word);
    Figures {
        passed: figure(" passed"),
        failed: figure(" failed") + figure(" timed out"),
        skipped: figure(" skipped"),
    }
}

/// The sum of all numbers that stand before a word.
fn sum_of(text: &str, word: &str) -> u64 {
    text.match_indices(word)
        .filter_map(|(at, _)| {
            let before = &text[..at];
            let digits = before.len() - before.trim_end_matches(|c: char| c.is_ascii_digit()).len();
            before[at - digits..].parse::<u64>().ok()
        })
        .sum()
}

/// `fuzz [TARGET] [--runs N]`
pub(crate) fn fuzz(arguments: &[String]) -> Result<(), Failure> {
    let (mut target, mut runs) = (None, 1_000_000u64);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--runs" {
            let number = arguments.next().and_then(|n| n.replace('_', "").parse().ok());
            runs = number.ok_or_else(|| Failure::new("--runs needs a number: --runs 1000000"))?;
        } else if argument.starts_with('-') || target.is_some() {
            return Err(Failure::new(format!("unexpected argument `{argument}`")));
        } else {
            target = Some(argument.clone());
        }
    }
    if !root().join("fuzz/Cargo.toml").exists() {
        return Err(Failure::new("there is no folder `fuzz` with targets"));
    }
    if !has("cargo", &["fuzz", "--version"]) {
        install("cargo-fuzz")?;
    }
    if !has("rustup", &["run", "nightly", "rustc", "--version"]) {
        return Err(Failure::new(
            "fuzzing needs a nightly tool chain: rustup toolchain install nightly",
        ));
    }
    let known = fuzz_targets()?;
    let chosen = match target {
        None => known,
        Some(target) if known.contains(&target) => vec![target],
        Some(target) => {
            let known = known.join(", ");
            return Err(Failure::new(format!("there is no target `{target}`; there are {known}")));
        }
    };
    for target in &chosen {
        let corpus = plant_seeds(target)?;
        let runs = format!("-runs={runs}");
        // There is no unsafe code to watch, and without a sanitizer many more inputs are tried.
        crate::shell::run(
            nightly().args(["fuzz", "run", "--sanitizer=none", target]).arg(corpus).args([
                "--",
                &runs,
                "-max_len=4096",
                "-timeout=20",
                "-rss_limit_mb=4096",
            ]),
        )?;
    }
    say("");
    say(&format!("fuzz targets: {}", chosen.len()));
    say(&format!("runs each: {runs}"));
    Ok(())
}

/// Puts the inputs of `fuzz/seeds/TARGET.txt`, which stand there after lines of `;;;;`, into the target's corpus.
fn plant_seeds(target: &str) -> Result<PathBuf, Failure> {
    let seeds = root().join("fuzz/seeds").join(format!("{target}.txt"));
    let corpus = root().join("fuzz/corpus").join(target);
    let failed = |what: &Path, e: std::io::Error| Failure::new(format!("{}: {e}", what.display()));
    let text = std::fs::read_to_string(&seeds).map_err(|e| failed(&seeds, e))?;
    std::fs::create_dir_all(&corpus).map_err(|e| failed(&corpus, e))?;
    for (i, seed) in text.split(";;;;\n").filter(|seed| !seed.is_empty()).enumerate() {
        let file = corpus.join(format!("seed-{i}"));
        std::fs::write(&file, seed).map_err(|e| failed(&file, e))?;
    }
    Ok(corpus)
}

fn install(tool: &str) -> Result<(), Failure> {
    say(&format!("{tool} is missing: building it"));
    crate::shell::run(cargo().args(["install", "--locked", tool]))
}

/// Cargo of the nightly tool chain, whichever runs this program.
fn nightly() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).current_dir(root()).env_remove("RUSTUP_TOOLCHAIN");
    command.env_remove("CARGO");
    command
}

fn fuzz_targets() -> Result<Vec<String>, Failure> {
    let output = nightly().args(["fuzz", "list"]).output();
    let output = output.map_err(|e| Failure::new(format!("`cargo fuzz list` failed: {e}")))?;
    let names: Vec<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    match names.is_empty() {
        true => Err(Failure::new("`cargo fuzz list` shows no target")),
        false => Ok(names),
    }
}

/// `oracle ORACLE [ARGUMENT…]`: the arguments are the oracle's own.
pub(crate) fn oracle(arguments: &[String]) -> Result<(), Failure> {
    if arguments.first().is_some_and(|oracle| oracle == "git") {
        // It is compared as users have it.
        crate::shell::run(cargo().args(["build", "--release", "--quiet", "--package", "defbase"]))?;
    }
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--package", "defbase-oracle", "--"]);
    crate::shell::run(command.args(arguments))
}

/// `conformance WHAT PATH…`: the tests of others, which the oracle runs.
pub(crate) fn conformance(arguments: &[String]) -> Result<(), Failure> {
    let mut all = vec!["conformance".to_string()];
    all.extend_from_slice(arguments);
    oracle(&all)
}

/// `torture [ARGUMENT…]`: the arguments are the torture's own.
pub(crate) fn torture(arguments: &[String]) -> Result<(), Failure> {
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--package", "defbase-torture", "--"]);
    crate::shell::run(command.args(arguments))
}

/// `bench [ARGUMENT…]`: the arguments are the benchmark's own.
pub(crate) fn bench(arguments: &[String]) -> Result<(), Failure> {
    if arguments.first().is_some_and(|part| part == "watch") {
        let mut program = cargo();
        crate::shell::run(program.args(["build", "--release", "--quiet", "--package", "defbase"]))?;
    }
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--package", "defbase-bench", "--"]);
    crate::shell::run(command.args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_lines_of_test_runners_are_read() {
        let text = "     Summary [   0.010s] 14 tests run: 11 passed (1 slow), 2 failed, 1 timed out, 5 skipped\n";
        assert_eq!(nextest_figures(text), Figures { passed: 11, failed: 3, skipped: 5 });
        assert_eq!(nextest_figures("error: could not compile"), Figures::default());
        let doc = "test result: ok. 3 passed; 0 failed\ntest result: ok. 4 passed; 0 failed\n";
        assert_eq!(sum_of(doc, " passed"), 7);
    }
}
