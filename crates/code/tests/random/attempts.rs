//! Random refactorings that move code: what is moved, extracted, inlined, deleted or cleaned.

use super::Random;
use code::refactor::{
    Change, Refused, Sources, Spot, Uses, clean_ns, delete, extract, inline, inline_local,
    move_statements,
};
use edn::syntax::{Kind, parse};
use std::collections::BTreeSet;

/// The refactorings, as the command line calls them, but for `inline-local`, which is `inline` of a place.
pub const REFACTORINGS: [&str; 7] =
    ["move", "extract", "inline", "inline-local", "delete", "delete --cascade", "clean-ns"];

/// What chance picks from.
pub struct Pool {
    /// Full names of vars.
    pub vars: Vec<String>,
    pub namespaces: Vec<String>,
    /// Statements that define something: a file and where in it.
    definitions: Vec<(usize, std::ops::Range<usize>)>,
    /// Where locals are bound: a file and where in it.
    locals: Vec<(usize, u32)>,
}

/// A refactoring that was tried.
pub struct Attempt {
    /// How it would be typed.
    pub command: String,
    /// The new var, of an extraction.
    pub made: Option<String>,
    pub outcome: Result<Change, Refused>,
}

impl Pool {
    pub fn of(sources: &Sources) -> Pool {
        let (mut vars, mut namespaces) = (BTreeSet::new(), BTreeSet::new());
        let (mut definitions, mut locals) = (Vec::new(), Vec::new());
        for (file, found) in sources.all() {
            for def in found.definitions.iter().filter(|def| *def.kind != *"declare") {
                vars.insert(format!("{}/{}", def.ns, def.name));
                definitions.push((file, def.at.start as usize..def.at.end as usize));
            }
            locals.extend(found.locals.iter().map(|local| (file, local.at.start)));
            namespaces.extend(found.namespaces.iter().map(|ns| ns.name.to_string()));
        }
        let vars = vars.into_iter().collect();
        Pool { vars, namespaces: namespaces.into_iter().collect(), definitions, locals }
    }

    /// Tries a refactoring of a kind.
    pub fn attempt(&self, kind: &str, sources: &Sources, random: &mut Random) -> Attempt {
        match kind {
            "extract" => return self.extraction(sources, random),
            "inline-local" => return self.inlining(sources, random),
            _ => {}
        }
        let var = &self.vars[random.below(self.vars.len())];
        let home = var.split_once('/').map_or(&**var, |(home, _)| home);
        let (target, outcome) = match kind {
            "move" => {
                // A quarter of the targets are not there yet.
                let to = match random.below(4) {
                    0 => format!("{home}-new"),
                    _ => self.namespaces[random.below(self.namespaces.len())].clone(),
                };
                (format!("{var} {to}"), move_statements(sources, &[var], &to))
            }
            "inline" => (var.clone(), inline(sources, var)),
            "delete" => (var.clone(), delete(sources, &[var], Uses::Refuse)),
            "delete --cascade" => (var.clone(), delete(sources, &[var], Uses::Cascade)),
            _ => (home.to_owned(), clean_ns(sources, &[home], true)),
        };
        Attempt { command: format!("{kind} {target}"), made: None, outcome }
    }

    /// Puts the value of a random local in its place.
    fn inlining(&self, sources: &Sources, random: &mut Random) -> Attempt {
        let (file, at) = self.locals[random.below(self.locals.len())];
        let path = sources.path(file);
        Attempt {
            command: format!("inline-local {path}:{at}"),
            made: None,
            outcome: inline_local(sources, file, at),
        }
    }

    /// Makes a function of a random expression inside of a definition.
    fn extraction(&self, sources: &Sources, random: &mut Random) -> Attempt {
        let new = format!("made-by-chance-{}", random.below(1000));
        loop {
            let (file, at) = &self.definitions[random.below(self.definitions.len())];
            let text = &sources.text(*file)[at.clone()];
            let tree = parse(text);
            let brackets = [Kind::List, Kind::Vector, Kind::Map, Kind::Set];
            let inside = 1..tree.nodes.len();
            let all: Vec<usize> =
                inside.filter(|n| brackets.contains(&tree.node(*n).kind)).collect();
            if all.is_empty() {
                continue;
            }
            let range = tree.node(all[random.below(all.len())]).range();
            let [from, to] = [range.start, range.end].map(|end| {
                let before = &sources.text(*file)[..at.start + end];
                let line = before.rfind('\n').map_or(0, |feed| feed + 1);
                let row = before.matches('\n').count() as u32 + 1;
                (row, before[line..].encode_utf16().count() as u32 + 1)
            });
            let path = sources.path(*file);
            let outcome = extract(sources, &Spot::At { path, from, to }, &new);
            let of_file = sources.found(*file).definitions.iter();
            let ns =
                of_file.clone().find(|def| def.at.start as usize == at.start).map(|def| &def.ns);
            return Attempt {
                command: format!("extract {path}:{}:{}-{}:{} {new}", from.0, from.1, to.0, to.1),
                made: ns.map(|ns| format!("{ns}/{new}")),
                outcome,
            };
        }
    }
}
