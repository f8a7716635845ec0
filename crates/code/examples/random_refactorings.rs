//! Moves, extracts, inlines, deletes and cleans what chance picks in the projects below some folders, one thing at a time, and
//! counts what comes of it.
//!
//!     cargo run --release -p defbase-code --example random_refactorings COUNT SEED FOLDER…
//!
//! After each change the whole project is analysed again, and must say beside the old analysis what the refactoring promises;
//! what is moved is moved back, what is extracted inlined, what is cleaned cleaned again. Reasons of refusals are counted by
//! kind; with SHOW=kind those are printed, with OUT=folder each change is written there, files before and after.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/random/mod.rs"]
mod random;

use code::analysis::Rules;
use code::project;
use code::refactor::{Change, Refused, Sources, clean_ns, inline, move_statements};
use random::attempts::{Attempt, Pool, REFACTORINGS};
use random::{Random, applied, laws};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

fn main() {
    let mut args = std::env::args().skip(1);
    let count: usize = args.next().expect("how many?").parse().unwrap();
    let mut random = Random(args.next().expect("which seed?").parse::<u64>().unwrap() * 2 + 1);
    for folder in args {
        let project = project::read(Path::new(&folder), &[".".into()]).unwrap();
        let mut rules = Rules::default();
        if let Some(config) = &project.config {
            rules.add_kondo_config(config).unwrap();
        }
        let text = |file: project::Source| Some((file.path, String::from_utf8(file.bytes).ok()?));
        let files = project.sources.into_iter().filter_map(text).collect();
        let sources = Sources::read(files, &rules);
        println!("{folder}: {} files", sources.len());
        let pool = Pool::of(&sources);
        for kind in REFACTORINGS {
            if std::env::var("ONLY").is_ok_and(|only| !kind.contains(&only)) {
                continue;
            }
            let mut tally = Tally::default();
            for n in 0..count {
                let start = Instant::now();
                let attempt = pool.attempt(kind, &sources, &mut random);
                tally.took += start.elapsed();
                tally.take(&sources, &attempt, n);
            }
            tally.print(kind, count);
        }
    }
}

/// What came of the attempts of one kind.
#[derive(Default)]
struct Tally {
    counts: BTreeMap<String, usize>,
    took: Duration,
}

impl Tally {
    fn take(&mut self, sources: &Sources, attempt: &Attempt, n: usize) {
        let Attempt { command, made, outcome } = attempt;
        let change = match outcome {
            Ok(change) if change.files.is_empty() => return self.add("nothing to change"),
            Ok(change) => change,
            Err(refused) => return self.refused(command, refused),
        };
        let after = applied(sources.files(), change);
        if let Ok(out) = std::env::var("OUT") {
            write(
                &Path::new(&out).join(format!("{n}-{}", command.replace(['/', ' ', ':'], "_"))),
                change,
            );
        }
        if let Some(law) = laws::broken(command, made.as_deref(), change, sources, &after) {
            self.add("BROKEN");
            return println!("  BROKEN {command}: {law}");
        }
        self.add("made");
        self.back(sources, attempt, after);
    }

    /// The way back, where there is one.
    fn back(&mut self, sources: &Sources, attempt: &Attempt, after: Vec<(String, String)>) {
        let command = &attempt.command;
        let there = Sources::read(after, sources.rules());
        let words: Vec<&str> = command.split(' ').collect();
        let back = match (&words[..], &attempt.made) {
            (["extract", ..], Some(made)) => inline(&there, made),
            (["move", var, to], _) => {
                let (home, name) = var.split_once('/').unwrap();
                move_statements(&there, &[&format!("{to}/{name}")], home)
            }
            (["clean-ns", ns], _) => clean_ns(&there, &[ns], true),
            _ => return,
        };
        match back {
            Err(refused) => {
                self.refused(&format!("BACK FROM {command}"), &refused);
                self.add("no way back");
            }
            Ok(back) => {
                let again = applied(there.files(), &back);
                let said = |files: &[(String, String)]| laws::said(files, sources.rules());
                match said(&again) == said(sources.files()) {
                    true if words[0] == "clean-ns" && !back.files.is_empty() => {
                        println!("  NOT CLEAN {command}");
                    }
                    true if again == sources.files() => self.add("  and back, to the byte"),
                    true => self.add("  and back"),
                    false => println!("  NOT BACK {command}"),
                }
            }
        }
    }

    fn refused(&mut self, what: &str, refused: &Refused) {
        let reason = &refused.reasons[0];
        // Names are left out, so that the same reason is counted once.
        let words = reason.message.split_whitespace().filter(|word| {
            !word.contains(['/', '.', '`', ':'])
                && word.chars().all(|c| c.is_ascii_lowercase() || ",;ClojureScript".contains(c))
        });
        let kind = words.collect::<Vec<_>>().join(" ");
        if std::env::var("SHOW").is_ok_and(|show| kind.contains(&show)) {
            println!("  {what}: {reason}");
        }
        self.add(&format!("refused: {kind}"));
    }

    fn add(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    fn print(self, kind: &str, count: usize) {
        println!("{kind}: {count}, {} ms each", self.took.as_millis() / count.max(1) as u128);
        for (what, count) in self.counts {
            println!("  {count:5} {what}");
        }
    }
}

/// Writes what a change is about into a folder, as it was and as it is.
fn write(folder: &Path, change: &Change) {
    for file in &change.files {
        let texts =
            [("before", &file.path[..], &file.before), ("after", file.path_after(), &file.after)];
        for (side, path, text) in texts {
            let path = folder.join(side).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            if let Some(text) = text {
                std::fs::write(path, text).unwrap();
            }
        }
    }
}
