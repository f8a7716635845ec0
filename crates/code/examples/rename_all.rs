//! Renames random things of a project and says what becomes of it: `rename_all FOLDER [COUNT] [SEED]`.
//!
//! Vars, namespaces, aliases, keywords and locals in turn. Every accepted change is made and renamed back, which must give the
//! files as they were.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/random/mod.rs"]
mod random;

use code::analysis::Rules;
use code::project;
use code::refactor::{Sources, Why, rename};
use random::{KINDS, Random, afterwards, applied, candidates, name_of, new_name};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap();
    let count: usize = arguments.next().map_or(100, |n| n.parse().unwrap());
    let mut random = Random(arguments.next().map_or(1, |n| n.parse().unwrap()));
    let project = project::read(Path::new(&folder), &[".".into()]).unwrap();
    let mut rules = Rules::default();
    if let Some(config) = &project.config {
        rules.add_kondo_config(config).unwrap();
    }
    let text = |file: project::Source| Some((file.path, String::from_utf8(file.bytes).ok()?));
    let files = project.sources.into_iter().filter_map(text).collect();
    let sources = Sources::read(files, &rules);
    let all = candidates(&sources);
    let mut tally: BTreeMap<(usize, Option<Why>), usize> = BTreeMap::new();
    let mut took = Duration::ZERO;
    for n in 0..count {
        let kind = n % KINDS.len();
        if all[kind].is_empty() {
            continue;
        }
        let target = &all[kind][random.below(all[kind].len())];
        let (old, new) = (name_of(&sources, target), new_name(target, n));
        let start = Instant::now();
        let outcome = rename(&sources, target, &new);
        took += start.elapsed();
        let why = outcome.as_ref().err().map(|refused| refused.reasons[0].why);
        *tally.entry((kind, why)).or_default() += 1;
        let change = match outcome {
            Ok(change) => change,
            Err(refused) => {
                println!("refused: {target:?} {old}: {}", refused.reasons[0]);
                continue;
            }
        };
        let after = Sources::read(applied(sources.files(), &change), &rules);
        match rename(&after, &afterwards(target, &new, &change, &after), &old) {
            Ok(back) if applied(after.files(), &back) == sources.files() => {}
            Ok(_) => println!("NOT THE SAME: {target:?}"),
            Err(refused) => println!("NOT BACK: {target:?} {}", refused.reasons[0]),
        }
    }
    println!("{} files, {} ms a rename", sources.len(), took.as_millis() / count as u128);
    for ((kind, why), n) in tally {
        let outcome = why.map_or_else(|| "renamed".to_string(), |why| format!("refused, {why:?}"));
        println!("{n:6} {} {outcome}", KINDS[kind]);
    }
}
