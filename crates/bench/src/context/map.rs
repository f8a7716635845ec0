//! A repository map ranked by references, as aider makes one: files are ranked by PageRank over the identifiers that they
//! share, definitions by their part of their file's rank, and each is shown by its signature.
//!
//! As there, identifiers have no namespace. An edge from a file that has an identifier to one that defines it weighs the
//! square root of how often it is there; ten times that where the statement asked for has it, ten times that for long
//! names of several words, a tenth for names that begin with `_` or are defined in more than five files, and fifty
//! times that where the file that has it is the one that is worked on, which is also where the walk starts. What nothing
//! refers to has a tenth of an edge from its own file.

use super::cases::Case;
use code::context::names;
use code::model::Attr;
use db::EntityId;
use std::collections::{BTreeMap, BTreeSet};

/// The definitions and identifiers of a project's files.
pub(super) struct Map {
    /// The nodes that define an identifier, by identifier.
    defined: BTreeMap<String, Vec<u32>>,
    /// How often a file has an identifier that something defines.
    had: BTreeMap<String, BTreeMap<usize, f64>>,
    /// The number of the file of each node.
    file: Vec<usize>,
    files: usize,
}

impl Map {
    pub(super) fn of(case: &Case) -> Map {
        let db = &case.db;
        let nodes = 0..case.network.len() as u32;
        let entity = |node: u32| case.network.statement(node);
        let mut numbers: BTreeMap<EntityId, usize> = BTreeMap::new();
        let mut file = Vec::new();
        let mut defined: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut own_name = Vec::new();
        for node in nodes.clone() {
            let next = numbers.len();
            file.push(*numbers.entry(case.network.file(node)).or_insert(next));
            let text = |attr: Attr| db.get(entity(node), attr.name());
            let kind = text(Attr::StatementType).map(|kind| kind.to_string()).unwrap_or_default();
            let name = text(Attr::StatementName).and_then(|name| name.as_str().map(str::to_owned));
            let name = name.filter(|name| !name.starts_with('(') && kind != ":ns");
            own_name.push(name.clone().unwrap_or_default());
            if let Some(name) = name {
                defined.entry(name).or_default().push(node);
            }
        }
        let mut had: BTreeMap<String, BTreeMap<usize, f64>> = BTreeMap::new();
        for node in nodes {
            let source = db.get(entity(node), Attr::StatementSource.name());
            let source = source.as_ref().and_then(|s| s.as_str()).unwrap_or_default();
            for name in identifiers(source).filter(|name| *name != own_name[node as usize]) {
                if defined.contains_key(name) {
                    *had.entry(name.to_owned())
                        .or_default()
                        .entry(file[node as usize])
                        .or_default() += 1.0;
                }
            }
        }
        Map { defined, had, files: numbers.len(), file }
    }

    /// All definitions, those of the best rank first.
    pub(super) fn ranked(&self, case: &Case, seed: u32) -> Vec<u32> {
        let here = self.file[seed as usize];
        let source = case.db.get(case.network.statement(seed), Attr::StatementSource.name());
        let source = source.as_ref().and_then(|s| s.as_str()).unwrap_or_default();
        let mentioned: BTreeSet<&str> = identifiers(source).collect();
        let mut edges: Vec<(usize, usize, f64, &str)> = Vec::new();
        for (name, files) in &self.had {
            let definers: BTreeSet<usize> =
                self.defined[name].iter().map(|node| self.file[*node as usize]).collect();
            let mut factor = 1.0;
            factor *= if mentioned.contains(name.as_str()) { 10.0 } else { 1.0 };
            factor *= if name.len() >= 8 && name.contains(['-', '_']) { 10.0 } else { 1.0 };
            factor *= if name.starts_with('_') { 0.1 } else { 1.0 };
            factor *= if definers.len() > 5 { 0.1 } else { 1.0 };
            for (from, times) in files {
                let worked_on = if *from == here { 50.0 } else { 1.0 };
                edges.extend(
                    definers
                        .iter()
                        .map(|to| (*from, *to, factor * worked_on * times.sqrt(), name.as_str())),
                );
            }
        }
        // What nothing refers to keeps a little of its own file's rank.
        for (name, nodes) in self.defined.iter().filter(|(name, _)| !self.had.contains_key(*name)) {
            let own = nodes.iter().map(|node| self.file[*node as usize]);
            edges.extend(own.map(|file| (file, file, 0.1, name.as_str())));
        }
        let ranks = self.ranks(&edges, here);
        let mut out = vec![0.0; self.files];
        edges.iter().for_each(|(from, _, weight, _)| out[*from] += weight);
        let mut scores: BTreeMap<u32, f64> = BTreeMap::new();
        for (from, to, weight, name) in &edges {
            let part = ranks[*from] * weight / out[*from];
            for node in self.defined[*name].iter().filter(|node| self.file[**node as usize] == *to)
            {
                *scores.entry(*node).or_default() += part;
            }
        }
        let mut order: Vec<(u32, f64)> =
            scores.into_iter().filter(|(node, _)| *node != seed).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        std::iter::once(seed).chain(order.into_iter().map(|(node, _)| node)).collect()
    }

    /// PageRank over files, which starts at one.
    fn ranks(&self, edges: &[(usize, usize, f64, &str)], start: usize) -> Vec<f64> {
        const DAMPING: f64 = 0.85;
        const STEPS: usize = 40;
        let mut out = vec![0.0; self.files];
        edges.iter().for_each(|(from, _, weight, _)| out[*from] += weight);
        let mut ranks = vec![0.0; self.files];
        ranks[start] = 1.0;
        for _ in 0..STEPS {
            let mut next = vec![0.0; self.files];
            let mut dangling = 0.0;
            for (file, rank) in ranks.iter().enumerate() {
                dangling += if out[file] == 0.0 { *rank } else { 0.0 };
            }
            for (from, to, weight, _) in edges {
                next[*to] += DAMPING * ranks[*from] * weight / out[*from];
            }
            next[start] += 1.0 - DAMPING + DAMPING * dangling;
            ranks = next;
        }
        ranks
    }
}

/// The symbols of a text, without their namespaces.
fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    names(text).filter(|name| !name.starts_with(':')).map(|name| match name.rsplit_once('/') {
        Some((_, last)) if !last.is_empty() => last,
        _ => name,
    })
}
