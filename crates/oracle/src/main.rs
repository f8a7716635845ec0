//! `oracle datascript [--cases N] [--seed N]`: random cases against DataScript itself; `oracle kondo ANALYSIS FOLDER…`: the analysis
//! of Clojure against clj-kondo's; `oracle git REPO…`: a history in the database against git's; `oracle conformance js PATH`: DataScript's own tests against this database.

use oracle::javascript::{Conformance, Engine, conformance};
use oracle::kondo::{self, Agreement};
use oracle::past;
use oracle::{Options, Report, run};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: oracle datascript [--cases N] [--seed N] [--first N] [--jobs N] [--show N]
       oracle kondo [--show N] ANALYSIS FOLDER…
       oracle git [--commits N] [--files N] [--show N] REPO…
       oracle conformance js PATH [--baseline]

datascript: random cases, answered by DataScript too

  --cases N    how many cases (1000000)
  --seed N     which cases: the same seed gives the same ones (1)
  --first N    the number of the first case (0)
  --jobs N     how many DataScripts run at once (one a core)
  --show N     after so many differences it ends, with each made small (10)

kondo: what clj-kondo found, an EDN file or a folder of JSON lines, beside what is found here in the folders its file names are relative to
  --show N     the kinds of differences, with so many of each (0: none)
  It fails when less than 99.9 % of the var definitions or 99.5 % of the var usages are found.

git: the history of repositories in the database, beside what git says
  --commits N  at how many commits, spread over the main line, all files are compared (20)
  --files N    of how many files, spread over all, `blame` is compared with git's line by line (all)
  --show N     of each kind of difference so many lines (0)
  It fails where facts or files differ. The program `defbase` must stand beside this one.

conformance: the JavaScript tests of a DataScript checkout (its folder, or the tests.js in it), unmodified
  --baseline   against npm's DataScript instead";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|what| what == "kondo") {
        return match kondo_options(&arguments[1..]) {
            Ok((show, analysis, folders)) => beside_kondo(show, &analysis, &folders),
            Err(message) => failed(&message),
        };
    }
    if arguments.first().is_some_and(|what| what == "git") {
        return match git_options(&arguments[1..]) {
            Ok((options, show, repositories)) => beside_git(&options, show, &repositories),
            Err(message) => failed(&message),
        };
    }
    if arguments.first().is_some_and(|what| what == "conformance") {
        return match conforms(&arguments[1..]) {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(message) => failed(&message),
        };
    }
    match options(&arguments).and_then(|o| run(o).map_err(|e| e.to_string())) {
        Ok(report) => {
            say(&shown(&report));
            if report.mismatches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(message) => failed(&message),
    }
}

fn failed(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}

/// Runs DataScript's own tests and says how they came out.
fn conforms(arguments: &[String]) -> Result<bool, String> {
    let (engine, path) = match arguments {
        [what, path] if what == "js" => (Engine::Ours, path),
        [what, path, flag] if what == "js" && flag == "--baseline" => (Engine::DataScript, path),
        _ => return Err(USAGE.into()),
    };
    let came = conformance(engine, Path::new(path)).map_err(|e| e.to_string())?;
    let Conformance { tests, assertions, passed, failed } = came;
    say(&format!("tests: {tests}\nassertions: {assertions}\npassed: {passed}\nfailed: {failed}"));
    match tests {
        0 => Err("no test ran: that is not a success".into()),
        _ => Ok(failed == 0),
    }
}

fn kondo_options(arguments: &[String]) -> Result<(usize, PathBuf, Vec<PathBuf>), String> {
    let (show, paths) = match arguments {
        [flag, show, paths @ ..] if flag == "--show" => {
            (show.parse().map_err(|_| format!("--show needs a number\n\n{USAGE}"))?, paths)
        }
        paths => (0, paths),
    };
    match paths {
        [analysis, folders @ ..] if !folders.is_empty() => {
            Ok((show, PathBuf::from(analysis), folders.iter().map(PathBuf::from).collect()))
        }
        _ => Err(USAGE.into()),
    }
}

/// Says how far the two agree, and of each kind of difference how many there are and `show` of them.
fn beside_kondo(show: usize, analysis: &Path, folders: &[PathBuf]) -> ExitCode {
    let agreements = match kondo::compare(analysis, folders) {
        Ok(agreements) => agreements,
        Err(error) => return failed(&error.to_string()),
    };
    let mut out = String::new();
    for Agreement { name, missed, extra, .. } in &agreements {
        let signed = [("only clj-kondo", missed), ("only here", extra)];
        for (whose, differences) in signed.into_iter().filter(|_| show > 0) {
            for (kind, findings) in kondo::by_kind(differences) {
                out.push_str(&format!("{name}, {whose}, {kind}: {}\n", findings.len()));
                for finding in findings.iter().take(show) {
                    out.push_str(&format!("    {finding}\n"));
                }
            }
        }
    }
    for agreement in &agreements {
        out.push_str(&figures(agreement));
    }
    say(&out);
    match agreements.iter().all(Agreement::reached) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// The line that says how far the two agree in a bucket.
fn figures(agreement: &Agreement) -> String {
    let Agreement { name, goal, both, missed, made_up, no_such_var, extra } = agreement;
    let short = match goal {
        Some(goal) if !agreement.reached() => format!(", short of {goal} %"),
        _ => String::new(),
    };
    let unfounded = match made_up + no_such_var {
        0 => String::new(),
        _ => format!(
            " ({made_up} made up by hooks, {no_such_var} of vars that are not there: recall {:.2} % without)",
            agreement.recall_of_founded()
        ),
    };
    format!(
        "{name}: recall {:.2} %, precision {:.2} %, {both} agreed, {} only clj-kondo{unfounded}, {} only here{short}\n",
        agreement.recall(),
        agreement.precision(),
        missed.len(),
        extra.len(),
    )
}

fn git_options(arguments: &[String]) -> Result<(past::Options, usize, Vec<PathBuf>), String> {
    let mut options = past::Options { commits: 20, files: usize::MAX };
    let (mut show, mut repositories) = (0, Vec::new());
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let number = match argument.as_str() {
            "--commits" => &mut options.commits,
            "--files" => &mut options.files,
            "--show" => &mut show,
            _ => {
                repositories.push(PathBuf::from(argument));
                continue;
            }
        };
        let given = rest.next().and_then(|n| n.parse().ok());
        *number = given.ok_or_else(|| format!("{argument} needs a number\n\n{USAGE}"))?;
    }
    match repositories.is_empty() {
        true => Err(USAGE.into()),
        false => Ok((options, show, repositories)),
    }
}

/// Says how far the histories of repositories are the same here and in git.
fn beside_git(options: &past::Options, show: usize, repositories: &[PathBuf]) -> ExitCode {
    let program = match std::env::current_exe() {
        Ok(own) => own.with_file_name(format!("defbase{}", std::env::consts::EXE_SUFFIX)),
        Err(error) => return failed(&error.to_string()),
    };
    let mut all_hold = true;
    for repository in repositories {
        match past::compare(&program, repository, options) {
            Ok(report) => {
                all_hold &= report.holds();
                say(&format!("{}: {}", repository.display(), shown_past(&report, show)));
            }
            Err(error) => return failed(&format!("{}: {error}", repository.display())),
        }
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How many breaches of a law are shown: one cause mostly makes many.
const BREACHES: usize = 20;

fn shown_past(report: &past::Report, show: usize) -> String {
    let past::Report { commits, plain, as_of, blame } = report;
    let mut out = format!("{commits} commits\n");
    for (what, law) in
        [("facts and files beside a plain import", plain), ("files as of a commit", as_of)]
    {
        let (compared, broken) = (law.compared, law.broken.len());
        out.push_str(&format!("  {what}: {compared} compared, {broken} differ\n"));
        for breach in law.broken.iter().take(BREACHES) {
            out.push_str(&format!("    {breach}\n"));
        }
    }
    let share = |lines: usize| 100.0 * lines as f64 / blame.lines.max(1) as f64;
    out.push_str(&format!("  blame: {} lines of {} files\n", blame.lines, blame.files));
    for (whose, lines) in [
        ("`git blame`", blame.plain),
        ("`git blame -M -C`", blame.moved),
        ("one of the two", blame.either()),
    ] {
        out.push_str(&format!("    as {whose}: {lines}, {:.2} %\n", share(lines)));
    }
    for (kind, lines) in &blame.differing {
        out.push_str(&format!("    {kind}: {}, {:.2} %\n", lines.len(), share(lines.len())));
        for line in lines.iter().take(show) {
            out.push_str(&format!("      {line}\n"));
        }
    }
    out
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
