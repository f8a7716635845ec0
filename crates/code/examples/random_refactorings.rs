//! Moves and deletes what chance picks in the projects below some folders, one thing at a time, and counts what comes of it.
//!
//!     cargo run --release -p defbase-code --example random_refactorings COUNT SEED FOLDER…
//!
//! What is moved is moved back, and everything must say again what it said. Reasons of refusals are counted by kind; with
//! SHOW=kind the first ones are printed.

#![allow(clippy::print_stdout)]

use code::analysis::{Rules, analyze};
use code::facts::FileFacts;
use code::project;
use code::refactor::{Change, Refused, Sources, Uses, clean_ns, delete, move_statements};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A small generator: what it gives depends on its seed alone.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n.max(1)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let count: usize = args.next().ok_or("how many?")?.parse()?;
    let mut random = Random(args.next().ok_or("which seed?")?.parse::<u64>()? * 2 + 1);
    for folder in args {
        let rules = Rules::default();
        let project = project::read(Path::new(&folder), &[PathBuf::from(".")])?;
        let files: Vec<(String, String)> = project
            .sources
            .into_iter()
            .filter_map(|file| Some((file.path, String::from_utf8(file.bytes).ok()?)))
            .collect();
        let sources = Sources::read(files, &rules);
        println!("{folder}: {} files", sources.len());
        moves(&sources, &rules, count, &mut random);
        deletes(&sources, count, &mut random);
        cleans(&sources, &rules);
    }
    Ok(())
}

fn names(sources: &Sources) -> (Vec<String>, Vec<String>) {
    let (mut vars, mut namespaces) = (BTreeSet::new(), BTreeSet::new());
    for (_, found) in sources.all() {
        vars.extend(found.definitions.iter().map(|def| format!("{}/{}", def.ns, def.name)));
        namespaces.extend(found.namespaces.iter().map(|ns| ns.name.to_string()));
    }
    (vars.into_iter().collect(), namespaces.into_iter().collect())
}

/// The files after a change.
fn applied(sources: &Sources, change: &Change) -> Vec<(String, String)> {
    let mut files: BTreeMap<String, String> = sources.files().iter().cloned().collect();
    for file in &change.files {
        files.remove(&file.path);
        if let Some(after) = &file.after {
            files.insert(file.path_after().to_owned(), after.clone());
        }
    }
    files.into_iter().collect()
}

/// What every statement says, `ns` forms left out.
fn said(facts: &[FileFacts]) -> BTreeSet<String> {
    let statements = facts.iter().flat_map(|file| &file.statements);
    let code = statements.filter(|s| s.kind.as_str() != "ns" && s.kind.as_str() != "declare");
    code.map(|s| {
        let uses: Vec<String> =
            s.dependencies.iter().map(|(n, how)| format!("{n} {how}")).collect();
        format!("{} {:?} {uses:?} {:?}", s.fqn, s.pure, s.unresolved)
    })
    .collect()
}

#[derive(Default)]
struct Tally {
    counts: BTreeMap<String, usize>,
}

impl Tally {
    fn refused(&mut self, what: &str, refused: &Refused) {
        let reason = &refused.reasons[0];
        // Names are left out, so that the same reason is counted once.
        let words = reason.message.split_whitespace().filter(|word| {
            !word.contains(['/', '.', '`', ':'])
                && word.chars().all(|c| c.is_ascii_lowercase() || ",;ClojureScript".contains(c))
        });
        let kind = words.collect::<Vec<_>>().join(" ");
        *self.counts.entry(format!("refused: {kind}")).or_default() += 1;
        if std::env::var("SHOW").is_ok_and(|show| kind.contains(&show)) {
            println!("  {what}: {reason}");
        }
    }

    fn add(&mut self, what: &str) {
        *self.counts.entry(what.to_owned()).or_default() += 1;
    }

    fn print(self, start: Instant) {
        for (what, count) in self.counts {
            println!("  {count:5} {what}");
        }
        println!("  {:?}", start.elapsed());
    }
}

fn moves(sources: &Sources, rules: &Rules, count: usize, random: &mut Random) {
    let (vars, namespaces) = names(sources);
    let before = said(&analyze(sources.files(), rules));
    let mut tally = Tally::default();
    let start = Instant::now();
    for _ in 0..count {
        let var = &vars[random.below(vars.len())];
        let (home, name) = var.split_once('/').unwrap_or((var, ""));
        let to = match random.below(4) {
            0 => format!("{home}-new"),
            _ => namespaces[random.below(namespaces.len())].clone(),
        };
        match move_statements(sources, &[var], &to) {
            Err(refused) => tally.refused(&format!("move {var} {to}"), &refused),
            Ok(change) => {
                let there = Sources::read(applied(sources, &change), rules);
                match move_statements(&there, &[&format!("{to}/{name}")], home) {
                    Err(refused) => {
                        tally.refused(&format!("BACK move {to}/{name} {home}"), &refused)
                    }
                    Ok(back) => {
                        let after = said(&analyze(&applied(&there, &back), rules));
                        if after == before {
                            tally.add("moved there and back");
                        } else {
                            tally.add("DIFFERENT after there and back");
                            println!("  {var} {to}");
                            after
                                .symmetric_difference(&before)
                                .take(4)
                                .for_each(|line| println!("    {line}"));
                        }
                    }
                }
            }
        }
    }
    tally.print(start);
}

fn deletes(sources: &Sources, count: usize, random: &mut Random) {
    let (vars, _) = names(sources);
    let mut tally = Tally::default();
    let start = Instant::now();
    for _ in 0..count {
        let var = &vars[random.below(vars.len())];
        for uses in [Uses::Refuse, Uses::Cascade, Uses::Ignore] {
            match delete(sources, &[var], uses) {
                Ok(_) => tally.add(&format!("deleted, {uses:?}")),
                Err(refused) => tally.refused(&format!("delete {uses:?} {var}"), &refused),
            }
        }
    }
    tally.print(start);
}

fn cleans(sources: &Sources, rules: &Rules) {
    let mut tally = Tally::default();
    let start = Instant::now();
    match clean_ns(sources, &[], true) {
        Err(refused) => {
            refused.reasons.iter().take(9).for_each(|reason| println!("  clean-ns: {reason}"));
        }
        Ok(change) => {
            println!("  clean-ns changes {} files", change.files.len());
            let clean = Sources::read(applied(sources, &change), rules);
            match clean_ns(&clean, &[], true) {
                Ok(again) if again.files.is_empty() => tally.add("clean once is clean"),
                Ok(again) => {
                    again.files.iter().for_each(|file| println!("  NOT CLEAN {}", file.path));
                }
                Err(refused) => tally.refused("clean-ns", &refused),
            }
        }
    }
    tally.print(start);
}
