//! Renames random things of a project and says what becomes of it: `rename_all FOLDER [COUNT] [SEED]`.
//!
//! Each of vars, namespaces, keywords, aliases and locals gets its share. Every accepted change is renamed back, which must
//! give the files as they were.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use code::analysis::Rules;
use code::project;
use code::refactor::{Change, Sources, Target, Why, rename};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// A small generator of numbers, the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

fn candidates(sources: &Sources) -> [Vec<Target>; 5] {
    let mut all: [Vec<Target>; 5] = Default::default();
    for (file, found) in sources.all() {
        for def in found.definitions.iter().filter(|def| !def.in_comment) {
            all[0].push(Target::Var { ns: def.ns.to_string(), name: def.name.to_string() });
        }
        all[1].extend(found.namespaces.iter().map(|ns| Target::Namespace(ns.name.to_string())));
        for alias in &found.aliases {
            let (ns, alias) = (alias.from.to_string(), alias.alias.to_string());
            all[2].push(Target::Alias { ns, alias });
        }
        for keyword in &found.keywords {
            if let Some(ns) = &keyword.ns {
                let (ns, name) = (ns.to_string(), keyword.name.to_string());
                all[3].push(Target::Keyword { ns, name });
            }
        }
        all[4].extend(found.locals.iter().map(|local| Target::Local { file, at: local.at.start }));
    }
    all
}

/// What a target is called afterwards.
fn renamed(
    sources: &Sources,
    change: &Change,
    target: &Target,
    new: &str,
    after: &Sources,
) -> Target {
    match target {
        Target::Var { ns, .. } => Target::Var { ns: ns.clone(), name: new.to_string() },
        Target::Namespace(_) => Target::Namespace(new.to_string()),
        Target::Alias { ns, .. } => Target::Alias { ns: ns.clone(), alias: new.to_string() },
        Target::Keyword { ns, .. } => Target::Keyword { ns: ns.clone(), name: new.to_string() },
        Target::Local { file, .. } => {
            let path = &change.files[0].path;
            assert_eq!(path, sources.path(*file));
            let file = after.index(path).unwrap();
            let bound = after.found(file).locals.iter().find(|local| &*local.name == new);
            Target::Local { file, at: bound.unwrap().at.start }
        }
    }
}

fn old_name(sources: &Sources, target: &Target) -> String {
    match target {
        Target::Var { name, .. } | Target::Keyword { name, .. } => name.clone(),
        Target::Namespace(name) => name.clone(),
        Target::Alias { alias, .. } => alias.clone(),
        Target::Local { file, at } => {
            let found = sources.found(*file);
            found.locals.iter().find(|l| l.at.start == *at).unwrap().name.to_string()
        }
    }
}

fn applied(sources: &Sources, change: &Change) -> Vec<(String, String)> {
    let mut files: BTreeMap<String, String> = sources.files().iter().cloned().collect();
    for file in &change.files {
        files.remove(&file.path);
    }
    for file in &change.files {
        files.insert(file.path_after().to_string(), file.after.clone().unwrap());
    }
    files.into_iter().collect()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap();
    let count: usize = arguments.next().map_or(100, |n| n.parse().unwrap());
    let mut random = Random(arguments.next().map_or(1, |n| n.parse().unwrap()));
    let project = project::read(Path::new(&folder), &[".".into()]).unwrap();
    let mut rules = Rules::default();
    if let Some(config) = &project.config {
        let _ = rules.add_kondo_config(config);
    }
    let text = |file: project::Source| Some((file.path, String::from_utf8(file.bytes).ok()?));
    let files = project.sources.into_iter().filter_map(text).collect();
    let sources = Sources::read(files, &rules);
    let all = candidates(&sources);
    println!(
        "{} files; vars, namespaces, aliases, keywords, locals: {:?}",
        sources.len(),
        all.each_ref().map(Vec::len)
    );
    let mut tally: BTreeMap<(usize, Option<Why>), usize> = BTreeMap::new();
    let mut shown: BTreeMap<Why, usize> = BTreeMap::new();
    let (mut took, mut warned) = (Duration::ZERO, 0);
    for i in 0..count {
        let kind = i % 5;
        if all[kind].is_empty() {
            continue;
        }
        let target = &all[kind][random.below(all[kind].len())];
        let new = match target {
            Target::Namespace(name) => format!("{name}x.renamed"),
            _ => format!("renamed-{i}"),
        };
        let start = Instant::now();
        let outcome = rename(&sources, target, &new);
        took += start.elapsed();
        let change = match outcome {
            Ok(change) => change,
            Err(refused) => {
                let why = refused.reasons[0].why;
                *tally.entry((kind, Some(why))).or_default() += 1;
                let n = shown.entry(why).or_default();
                *n += 1;
                if *n <= 12 {
                    println!(
                        "{why:?} {target:?} {}: {}",
                        old_name(&sources, target),
                        refused.reasons[0]
                    );
                }
                continue;
            }
        };
        *tally.entry((kind, None)).or_default() += 1;
        warned += change.warnings.len();
        let after = Sources::read(applied(&sources, &change), &rules);
        let target_after = renamed(&sources, &change, target, &new, &after);
        match rename(&after, &target_after, &old_name(&sources, target)) {
            Ok(back) => {
                if applied(&after, &back) != sources.files() {
                    println!("NOT THE SAME {target:?}");
                }
            }
            Err(refused) => println!("NOT BACK {target:?} {}", refused.reasons[0]),
        }
    }
    println!("{tally:?}; {warned} warnings; {} ms a rename", took.as_millis() / count as u128);
}
