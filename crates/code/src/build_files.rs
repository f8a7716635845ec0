//! What a project's build files say of where its sources are: `deps.edn`, `project.clj`, `bb.edn`, `shadow-cljs.edn`.
//!
//! Build files are programs in part (`project.clj` may compute, tags of shadow-cljs read the environment), so they are not
//! evaluated and not read as data but looked through: the strings after `:paths`, `:source-paths` and their kin count wherever
//! these stand, in an alias or a profile too. What is computed is not seen.
//!
//! A folder that has a build file with sources stands for itself and for what it names by `:local/root`, or by lein-sub's
//! `:sub`. One that has none is taken for a monorepo: every build file below it counts.
//!
//! Invariants
//! - Only folders that are there, inside of the base, are given, each once, none inside of another.

use crate::project::SKIPPED_FOLDERS;
use edn::syntax::{Kind, Tree, parse};
use ignore::WalkBuilder;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path};

/// The names of build files.
pub const BUILD_FILES: [&str; 4] = ["deps.edn", "project.clj", "bb.edn", "shadow-cljs.edn"];

/// The keywords that say where sources are.
const PATHS: [&str; 6] = [
    ":paths",
    ":extra-paths",
    ":replace-paths",
    ":source-paths",
    ":test-paths",
    ":extra-source-paths",
];

/// How deep below the base build files are looked for.
const MAX_DEPTH: usize = 6;

/// Where a project's sources are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourcePaths {
    /// Folders, relative to the base, in the order of their names.
    pub folders: Vec<String>,
    /// The build files that name them, relative to the base.
    pub build_files: Vec<String>,
}

/// Looks for build files and what they say. It reads no sources, only the names of folders; costs a walk over the folders
/// of a monorepo, a few file reads otherwise.
pub fn source_paths(base: &Path) -> SourcePaths {
    let mut search = Search::at(base);
    search.project("");
    if search.folders.is_empty() {
        for folder in folders_with_build_files(base) {
            search.project(&folder);
        }
    }
    let folders = outermost(&search.folders);
    let build_files = match folders.is_empty() {
        true => Vec::new(),
        false => search.build_files.into_iter().collect(),
    };
    SourcePaths { folders, build_files }
}

struct Search<'a> {
    base: &'a Path,
    /// The folders of projects that were looked at.
    seen: BTreeSet<String>,
    folders: BTreeSet<String>,
    build_files: BTreeSet<String>,
}

impl<'a> Search<'a> {
    fn at(base: &'a Path) -> Search<'a> {
        Search {
            base,
            seen: BTreeSet::new(),
            folders: BTreeSet::new(),
            build_files: BTreeSet::new(),
        }
    }

    /// Looks at the build files of a folder and of what they name.
    fn project(&mut self, folder: &str) {
        if !self.seen.insert(folder.to_owned()) {
            return;
        }
        let mut has_build_file = false;
        for name in BUILD_FILES {
            let file = join(folder, name);
            let Some((file, text)) =
                file.and_then(|f| Some((f.clone(), fs::read_to_string(self.base.join(f)).ok()?)))
            else {
                continue;
            };
            has_build_file = true;
            let said = Said::of(name, &text);
            self.build_files.insert(file);
            for path in said.paths {
                self.folder(folder, &path);
            }
            for root in said.local_roots {
                if let Some(root) = join(folder, &root)
                    && self.base.join(&root).is_dir()
                {
                    self.project(&root);
                }
            }
        }
        if !has_build_file && !folder.is_empty() {
            self.folder(folder, "src");
        }
    }

    fn folder(&mut self, project: &str, path: &str) {
        if let Some(path) = join(project, path)
            && self.base.join(&path).is_dir()
        {
            self.folders.insert(path);
        }
    }
}

/// The folders below the base, as git would walk them, that have a build file.
fn folders_with_build_files(base: &Path) -> Vec<String> {
    let walk = WalkBuilder::new(base)
        .require_git(false)
        .max_depth(Some(MAX_DEPTH))
        .filter_entry(|entry| {
            let skipped = entry.file_name().to_str().is_some_and(|n| SKIPPED_FOLDERS.contains(&n));
            entry.depth() == 0 || !skipped
        })
        .build();
    let mut folders = BTreeSet::new();
    for entry in walk.flatten() {
        let is_build_file = entry.file_name().to_str().is_some_and(|n| BUILD_FILES.contains(&n));
        let folder = entry.path().parent().and_then(|f| f.strip_prefix(base).ok());
        if is_build_file && let Some(folder) = folder.and_then(Path::to_str) {
            folders.insert(folder.replace('\\', "/"));
        }
    }
    folders.into_iter().collect()
}

/// What one build file says.
struct Said {
    paths: Vec<String>,
    local_roots: Vec<String>,
}

impl Said {
    fn of(name: &str, text: &str) -> Said {
        let tree = parse(text);
        let look = Look::of(text, &tree);
        let says = |key: &str| look.values(key).next().is_some();
        let mut paths: Vec<String> =
            PATHS.iter().flat_map(|key| look.values(key)).flat_map(|v| look.strings(v)).collect();
        let missing: &[(&str, &str)] = match name {
            "deps.edn" => &[(":paths", "src")],
            "project.clj" => &[(":source-paths", "src"), (":test-paths", "test")],
            _ => &[],
        };
        let usual =
            missing.iter().filter(|(key, _)| !says(key)).map(|(_, usual)| usual.to_string());
        paths.extend(usual);
        let roots = look.values(":local/root").filter_map(|root| look.string(root));
        let local_roots = roots.chain(look.values(":sub").flat_map(|v| look.strings(v))).collect();
        Said { paths, local_roots }
    }
}

/// A build file's text, to look things up in.
pub(crate) struct Look<'t> {
    text: &'t str,
    tree: &'t Tree,
}

impl<'t> Look<'t> {
    pub(crate) fn of(text: &'t str, tree: &'t Tree) -> Look<'t> {
        Look { text, tree }
    }

    /// What stands after a keyword of a map.
    pub(crate) fn value_in(&self, map: usize, key: &str) -> Option<usize> {
        let forms: Vec<usize> = self.tree.forms(map).collect();
        let pair = forms.chunks_exact(2).find(|pair| self.is_keyword(pair[0], key))?;
        Some(pair[1])
    }

    pub(crate) fn symbol(&self, node: usize) -> Option<&'t str> {
        let is_symbol = self.tree.node(node).kind == Kind::Symbol;
        is_symbol.then(|| self.tree.text(node, self.text))
    }

    /// What stands after a keyword, wherever it stands.
    fn values(&self, key: &str) -> impl Iterator<Item = usize> {
        let nodes = 0..self.tree.nodes.len();
        nodes.filter(move |i| self.is_keyword(*i, key)).filter_map(|i| {
            let next = self.tree.node(i).next as usize;
            (next < self.tree.nodes.len()).then_some(next)
        })
    }

    fn is_keyword(&self, node: usize, key: &str) -> bool {
        self.tree.node(node).kind == Kind::Keyword && self.tree.text(node, self.text) == key
    }

    pub(crate) fn string(&self, node: usize) -> Option<String> {
        let text = self.tree.text(node, self.text);
        let is_string = self.tree.node(node).kind == Kind::String;
        is_string.then(|| text.trim_matches('"').to_owned())
    }

    /// The strings in a vector; a keyword in it stands for the vector that an alias of this name is.
    fn strings(&self, vector: usize) -> Vec<String> {
        if self.tree.node(vector).kind != Kind::Vector {
            return Vec::new();
        }
        let mut strings = Vec::new();
        for item in self.tree.forms(vector) {
            match self.tree.node(item).kind {
                Kind::Keyword => {
                    let alias = self.tree.text(item, self.text);
                    let vectors = self.values(alias);
                    let is_vector = |v: &usize| self.tree.node(*v).kind == Kind::Vector;
                    let items = vectors.filter(is_vector).flat_map(|v| self.tree.forms(v));
                    strings.extend(items.filter_map(|item| self.string(item)));
                }
                _ => strings.extend(self.string(item)),
            }
        }
        strings
    }
}

/// A path below a folder, both relative to the base; `None` where it leads out of that, or is the base itself.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// Folders without those that stand inside of another one.
fn outermost(folders: &BTreeSet<String>) -> Vec<String> {
    let inside = |folder: &str| {
        let above = folder.match_indices('/').map(|(at, _)| &folder[..at]);
        above.into_iter().any(|above| folders.contains(above))
    };
    folders.iter().filter(|folder| !inside(folder)).cloned().collect()
}
