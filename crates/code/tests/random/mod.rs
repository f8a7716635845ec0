//! Random things of a project to be renamed, moved, extracted, inlined, deleted, and what must hold afterwards.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod attempts;
pub mod jars;
pub mod laws;

use code::refactor::{Change, Sources, Target};
use std::collections::BTreeMap;

/// A small generator of numbers, the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// The kinds of things that can be renamed.
pub const KINDS: [&str; 5] = ["vars", "namespaces", "aliases", "keywords", "locals"];

/// Everything that can be renamed, by kind.
pub fn candidates(sources: &Sources) -> [Vec<Target>; 5] {
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
        let locals = found.locals.iter().filter(|local| &*local.name != "_");
        all[4].extend(locals.map(|local| Target::Local { file, at: local.at.start }));
    }
    all
}

/// A new name that nothing has.
pub fn new_name(target: &Target, n: usize) -> String {
    match target {
        Target::Namespace(name) => format!("{name}.renamed{n}"),
        _ => format!("renamed-{n}"),
    }
}

/// What a thing is called.
pub fn name_of(sources: &Sources, target: &Target) -> String {
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

/// A thing after a change that gave it a name.
pub fn afterwards(target: &Target, new: &str, change: &Change, after: &Sources) -> Target {
    match target {
        Target::Var { ns, .. } => Target::Var { ns: ns.clone(), name: new.to_string() },
        Target::Namespace(_) => Target::Namespace(new.to_string()),
        Target::Alias { ns, .. } => Target::Alias { ns: ns.clone(), alias: new.to_string() },
        Target::Keyword { ns, .. } => Target::Keyword { ns: ns.clone(), name: new.to_string() },
        Target::Local { .. } => {
            let file = after.index(&change.files[0].path).unwrap();
            let bound = after.found(file).locals.iter().find(|local| &*local.name == new);
            Target::Local { file, at: bound.unwrap().at.start }
        }
    }
}

/// The files after a change.
pub fn applied(files: &[(String, String)], change: &Change) -> Vec<(String, String)> {
    let mut after: BTreeMap<String, String> = files.iter().cloned().collect();
    for file in &change.files {
        after.remove(&file.path);
    }
    for file in &change.files {
        after.extend(file.after.clone().map(|text| (file.path_after().to_string(), text)));
    }
    after.into_iter().collect()
}
