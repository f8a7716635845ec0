//! What the libraries of a project define, as far as their jars were imported: which package a namespace is of, and what its vars are.

use super::package::{Package, of_jar};
use crate::analysis::{DefinitionFound, Findings};
use crate::libraries::{Coordinate, coordinates};
use crate::project::is_in_jar;
use rustc_hash::FxHashMap;

/// See the module.
#[derive(Default)]
pub(super) struct Libraries<'f> {
    /// What is not of any library that is known: a project without a name must not seem to have it.
    unknown: Package,
    packages: FxHashMap<&'f str, Package>,
    definitions: FxHashMap<(&'f str, &'f str), &'f DefinitionFound>,
}

impl<'f> Libraries<'f> {
    pub(super) fn of(files: &[(String, String)], found: &'f [Findings]) -> Libraries<'f> {
        let mut libraries = Libraries::default();
        if !found.iter().any(|file| is_in_jar(&file.path)) {
            return libraries;
        }
        let is_build_file =
            |path: &str| path.ends_with("deps.edn") || path.ends_with("project.clj");
        let build_files = files.iter().filter(|(path, _)| is_build_file(path));
        let named: Vec<Coordinate> = build_files.flat_map(|(_, text)| coordinates(text)).collect();
        for file in found {
            let Some((jar, _)) = file.path.split_once("!/") else { continue };
            for ns in &file.namespaces {
                libraries.packages.entry(&*ns.name).or_insert_with(|| of_jar(jar, &named));
            }
            for definition in file.definitions.iter().filter(|def| !def.in_comment) {
                let key = (&*definition.ns, &*definition.name);
                let known = libraries.definitions.entry(key).or_insert(definition);
                if &*known.kind == "declare" {
                    *known = definition;
                }
            }
        }
        libraries
    }

    /// The package that a namespace is of.
    pub(super) fn package(&self, ns: &str) -> &Package {
        self.packages.get(ns).unwrap_or(&self.unknown)
    }

    /// What a library defines under a name.
    pub(super) fn definition(&self, ns: &str, name: &str) -> Option<&'f DefinitionFound> {
        self.definitions.get(&(ns, name)).copied()
    }
}
