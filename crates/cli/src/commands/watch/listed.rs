//! The list of a watched project's sources, gone through again only where that can have changed.
//!
//! Walking the folders of a large project takes longer than taking up a change. Where all that was touched is the text of files
//! that are on the list, or nothing that a walk would look at, only the touched files are looked at.

use crate::follow::Touched;
use ::code::project::{EXTENSIONS, Listing};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What decides which files are ignored.
const IGNORE_FILES: [&str; 2] = [".gitignore", ".ignore"];

/// A list as it was gone through last.
#[derive(Default)]
pub(super) struct Listed {
    listing: Listing,
    /// The files by where they are.
    places: BTreeMap<PathBuf, String>,
    folders: BTreeSet<PathBuf>,
}

impl Listed {
    pub(super) fn of(listing: Listing) -> Listed {
        let places = listing.files.iter().map(|(path, at)| (at.clone(), path.clone())).collect();
        let folders = listing.folders.iter().cloned().collect();
        Listed { listing, places, folders }
    }

    pub(super) fn listing(&self) -> &Listing {
        &self.listing
    }

    /// The files of the list that were touched or are asked for besides, as a list that is not all; `None` where the list may be
    /// another one now.
    pub(super) fn touched(
        &self,
        touched: &Touched,
        besides: impl Fn(&str) -> bool,
    ) -> Option<Listing> {
        if touched.is_all || touched.paths.iter().any(|path| self.may_change(path)) {
            return None;
        }
        let files = self.listing.files.iter();
        let files = files.filter(|(path, at)| touched.paths.contains(at) || besides(path));
        Some(Listing {
            files: files.cloned().collect(),
            incomplete: true,
            config: self.listing.config.clone(),
            problems: self.listing.problems.clone(),
            ..Listing::default()
        })
    }

    /// Whether what happened at a path can have changed the list.
    fn may_change(&self, path: &Path) -> bool {
        if self.places.contains_key(path) {
            return !path.is_file();
        }
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let is_source = extension.is_some_and(|e| EXTENSIONS.contains(&e));
        let is_hidden = name.starts_with('.');
        IGNORE_FILES.contains(&name)
            || (is_source && !is_hidden)
            || self.folders.contains(path)
            || path.is_dir()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_walk_would_see_makes_a_new_list() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["a.clj", "new.clj", "a.clj~", ".a.clj.swp", "notes.txt", ".gitignore"] {
            std::fs::write(at(path), "").unwrap();
        }
        std::fs::create_dir(at("folder")).unwrap();
        let files = ["a.clj", "b.clj"].map(|path| (path.to_owned(), at(path))).to_vec();
        let folders = vec![folder.path().to_owned(), at("gone")];
        let listed = Listed::of(Listing { files, folders, ..Listing::default() });
        let touched = |path: &str| {
            let paths = [at(path)].into_iter().collect();
            listed.touched(&Touched { paths, is_all: false }, |_| false)
        };
        let names = |listing: Listing| listing.files.into_iter().map(|f| f.0).collect::<Vec<_>>();
        assert_eq!(touched("a.clj").map(names), Some(vec!["a.clj".to_owned()]));
        for other in ["a.clj~", ".a.clj.swp", "notes.txt", "4913"] {
            assert_eq!(touched(other).map(names), Some(Vec::new()), "{other}");
        }
        // One that is gone, one that is new, folders, what is ignored.
        for change in ["b.clj", "new.clj", "folder", "gone", ".gitignore"] {
            assert!(touched(change).is_none(), "{change}");
        }
        assert!(listed.touched(&Touched::all(), |_| false).is_none());
    }
}
