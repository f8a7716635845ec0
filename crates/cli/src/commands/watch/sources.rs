//! Where a watched project's sources are: what `.defbase/defbase.edn` names, and what the build files say.
//!
//! The configuration is the truth. It was made of the build files, and as long as it is as it was made, it follows them: where
//! `deps.edn` names another folder, so does the configuration then. One that somebody wrote stays as it is.

use super::files::Stamp;
use crate::configuration::Configuration;
use crate::output::{note, say};
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use ::code::build_files::{BUILD_FILES, SourcePaths};
use ::code::project::{self, Listing, ProjectError, Scope};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// See the module.
pub(super) struct Sources {
    roots: Vec<PathBuf>,
    /// What the roots stand for, and what roots stood for that are no more: what was read under them goes.
    scopes: Vec<Scope>,
    named: SourcePaths,
    /// The configuration and the build files as they were read.
    read: BTreeMap<PathBuf, Option<Stamp>>,
}

impl Sources {
    pub(super) fn of(place: &Place) -> Outcome<Sources> {
        let (roots, named) = (Configuration::paths(place)?, place.sources());
        // The first look reads them again, with stamps from before.
        Ok(Sources { roots, scopes: Vec::new(), named, read: BTreeMap::new() })
    }

    pub(super) fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The roots that are not there.
    pub(super) fn missing(&self) -> impl Iterator<Item = &PathBuf> {
        self.roots.iter().filter(|root| !root.exists())
    }

    /// The configuration and build files, whether they are there or not.
    pub(super) fn read(&self) -> impl Iterator<Item = &PathBuf> {
        self.read.keys()
    }

    /// Takes up what the configuration and the build files say now; says whether that was to be done. Where the configuration does
    /// not read, what it said before holds.
    pub(super) fn refresh(&mut self, place: &Place) -> Outcome<bool> {
        let before = stamps(place, &self.named);
        if before == self.read {
            return Ok(false);
        }
        let named = place.sources();
        if named != self.named {
            let follows = place.follow_sources(&self.named, &named)?;
            let folders = named.folders.join(", ");
            match follows {
                true => say(&format!("sources    {folders} (in .defbase/defbase.edn, too)"))?,
                false => note(&format!(
                    "note: the build files name {folders}; what is read stands in .defbase/defbase.edn"
                )),
            }
            self.named = named;
        }
        // What is written while it is read has another stamp then, and is read again.
        self.read = stamps(place, &self.named);
        for (file, stamp) in &mut self.read {
            if let Some(before) = before.get(file) {
                stamp.clone_from(before);
            }
        }
        self.roots = Configuration::paths(place)?;
        Ok(true)
    }

    /// The files that are there.
    pub(super) fn list(&mut self, place: &Place) -> Outcome<Listing> {
        let there: Vec<PathBuf> = self.roots.iter().filter(|root| root.exists()).cloned().collect();
        let listing = project::list(&place.root, &there).map_err(|e| unreadable(&e))?;
        for scope in &listing.scopes {
            if !self.scopes.contains(scope) {
                self.scopes.push(scope.clone());
            }
        }
        Ok(listing)
    }
}

fn stamps(place: &Place, named: &SourcePaths) -> BTreeMap<PathBuf, Option<Stamp>> {
    let here = BUILD_FILES.iter().map(|name| place.root.join(name));
    let below = named.build_files.iter().map(|file| place.root.join(file));
    let files = here.chain(below).chain([place.configuration()]);
    files.map(|file| (file.clone(), Stamp::of(&file))).collect()
}

fn unreadable(error: &ProjectError) -> Problem {
    crate::commands::keep::unreadable_project(error)
}
