//! What refactorings make of small projects: a case a file in `refactorings/`.
//!
//!     # what it shows
//!     $ move a/f b
//!     --- a.clj
//!     …the file before
//!     ===
//!     --- a.clj
//!     …the file after; files that stay are not shown again
//!     warning: …
//!     refused: …
//!
//! `UPDATE_CASES=1` writes what comes out into the cases, to be read as any other change.
#![allow(clippy::unwrap_used)]

use code::analysis::Rules;
use code::refactor::{
    Change, Refused, Sources, Spot, Uses, clean_ns, delete, extract, inline, move_statements,
};
use std::fmt::Write;
use std::fs;
use std::path::Path;

fn run(sources: &Sources, command: &str) -> Result<Change, Refused> {
    let words: Vec<&str> = command.split_whitespace().collect();
    match &words[..] {
        ["move", names @ .., to] => move_statements(sources, names, to),
        ["delete", "--cascade", names @ ..] => delete(sources, names, Uses::Cascade),
        ["delete", "--force", names @ ..] => delete(sources, names, Uses::Ignore),
        ["delete", names @ ..] => delete(sources, names, Uses::Refuse),
        ["extract", statement, new, text @ ..] => {
            let text = text.join(" ");
            extract(sources, &Spot::In { statement, text: &text }, new)
        }
        ["inline", var] => inline(sources, var),
        ["clean-ns", names @ ..] => {
            let sort = !names.contains(&"--no-sort");
            let names: Vec<&str> = names.iter().copied().filter(|n| !n.starts_with('-')).collect();
            clean_ns(sources, &names, sort)
        }
        _ => panic!("unknown command: {command}"),
    }
}

/// The files of a part of a case.
fn files(part: &str) -> Vec<(String, String)> {
    let sections = part.split("--- ").skip(1);
    let file = |section: &str| {
        let (path, text) = section.split_once('\n').unwrap();
        (path.to_owned(), text.to_owned())
    };
    sections.map(file).collect()
}

fn told(outcome: Result<Change, Refused>) -> String {
    let mut out = String::new();
    match outcome {
        Ok(change) => {
            for file in change.files {
                let after = file.after.unwrap_or_else(|| "deleted\n".to_owned());
                assert!(after.ends_with('\n'), "{after}");
                write!(out, "--- {}\n{after}", file.path).unwrap();
            }
            for warning in change.warnings {
                writeln!(out, "warning: {warning}").unwrap();
            }
        }
        Err(refused) => {
            for reason in refused.reasons {
                writeln!(out, "refused: {reason}").unwrap();
                if let Some(help) = reason.help {
                    writeln!(out, "   help: {help}").unwrap();
                }
            }
        }
    }
    out
}

#[test]
fn small_projects() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refactorings");
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let mut failed = 0;
    for path in &paths {
        let case = fs::read_to_string(path).unwrap();
        let (given, expected) = case.split_once("\n===\n").unwrap_or((case.trim_end(), ""));
        let command = given.lines().find_map(|line| line.strip_prefix("$ ")).unwrap();
        let sources = Sources::read(files(&format!("{given}\n")), &Rules::default());
        let got = told(run(&sources, command));
        if got != expected {
            failed += 1;
            if std::env::var_os("UPDATE_CASES").is_some() {
                fs::write(path, format!("{given}\n===\n{got}")).unwrap();
            }
            eprintln!("{}\n{got}", path.display());
        }
    }
    assert_eq!(failed, 0, "of {} cases; see above", paths.len());
}
