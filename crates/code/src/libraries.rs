//! The libraries that a project depends on, as far as their jars are on this machine.
//!
//! Two places say which: the class path that the Clojure tools keep in `.cpcache`, with everything that libraries need
//! themselves; without one, the coordinates in `deps.edn` and `project.clj`, for which jars are looked for in the Maven repository
//! and among Debian's (`/usr/share/java`, by the artifact's name, where the version stands in the file's name or not). Nothing
//! is fetched, and nothing is run.
//!
//! What is inside of a jar is somebody else's code: it is imported like any other, but refactorings refuse to change it, and an
//! export of the project leaves it out.

use crate::build_files::Look;
use edn::syntax::{Kind, parse};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

/// A library as a build file names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coordinate {
    /// `org.clojure` of `org.clojure/clojure`.
    pub group: String,
    /// `clojure` of the same.
    pub artifact: String,
    /// `1.12.0`
    pub version: String,
}

impl fmt::Display for Coordinate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.group, self.artifact, self.version)
    }
}

/// What was found of a project's libraries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Libraries {
    /// The jars that are there.
    pub jars: Vec<PathBuf>,
    /// The libraries of which none is.
    pub missing: Vec<Coordinate>,
}

/// Where jars are looked for.
#[derive(Clone, Debug)]
pub struct JarFolders {
    /// A Maven repository: `~/.m2/repository`.
    pub maven: Option<PathBuf>,
    /// A folder of jars: `/usr/share/java`.
    pub system: PathBuf,
}

impl JarFolders {
    /// Those of this machine.
    pub fn of_this_machine() -> JarFolders {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        JarFolders {
            maven: home.map(|home| home.join(".m2/repository")),
            system: PathBuf::from("/usr/share/java"),
        }
    }

    fn jar(&self, library: &Coordinate) -> Option<PathBuf> {
        let Coordinate { group, artifact, version } = library;
        let name = format!("{artifact}-{version}.jar");
        let in_maven = self.maven.as_ref().map(|maven| {
            maven.join(group.replace('.', "/")).join(artifact).join(version).join(&name)
        });
        let in_system = [name, format!("{artifact}.jar")].map(|name| self.system.join(name));
        in_maven.into_iter().chain(in_system).find(|jar| jar.is_file())
    }
}

/// Finds the libraries of a project, given its build files relative to its folder.
pub fn libraries(base: &Path, build_files: &[String], folders: &JarFolders) -> Libraries {
    let of_class_path = build_files.iter().filter_map(|file| class_path(base.join(file).parent()?));
    let jars: BTreeSet<PathBuf> = of_class_path.flatten().collect();
    if !jars.is_empty() {
        return Libraries { jars: jars.into_iter().collect(), missing: Vec::new() };
    }
    let mut named = BTreeSet::new();
    for file in build_files {
        if let Ok(text) = fs::read_to_string(base.join(file)) {
            named.extend(coordinates(&text));
        }
    }
    let mut found = Libraries::default();
    let mut jars = BTreeSet::new();
    for library in named {
        match folders.jar(&library) {
            Some(jar) => drop(jars.insert(jar)),
            None => found.missing.push(library),
        }
    }
    found.jars = jars.into_iter().collect();
    found
}

/// The jars of the newest class path that the Clojure tools keep beside a build file.
fn class_path(folder: &Path) -> Option<Vec<PathBuf>> {
    let entries = fs::read_dir(folder.join(".cpcache")).ok()?;
    let is_class_path = |path: &PathBuf| path.extension().is_some_and(|e| e == "cp");
    let paths = entries.flatten().map(|entry| entry.path()).filter(is_class_path);
    let newest = paths.max_by_key(|path| fs::metadata(path).and_then(|m| m.modified()).ok())?;
    let text = fs::read_to_string(newest).ok()?;
    let is_jar = |path: &PathBuf| path.extension().is_some_and(|e| e == "jar") && path.is_file();
    let jars = std::env::split_paths(text.trim()).map(|path| folder.join(path)).filter(is_jar);
    Some(jars.collect())
}

/// The libraries that a build file names: `group/artifact {:mvn/version "1"}`, `[group/artifact "1"]`. A name without a
/// group is its own group.
///
/// ```
/// let named = code::libraries::coordinates("{:deps {org.clojure/clojure {:mvn/version \"1.12.0\"}}}");
/// assert_eq!(named[0].to_string(), "org.clojure/clojure 1.12.0");
/// ```
pub fn coordinates(text: &str) -> Vec<Coordinate> {
    let tree = parse(text);
    let look = Look::of(text, &tree);
    let mut found = Vec::new();
    for node in 0..tree.nodes.len() {
        let library = match tree.node(node).kind {
            Kind::Vector => match tree.forms(node).take(2).collect::<Vec<_>>()[..] {
                [name, version] => look.symbol(name).zip(look.string(version)),
                _ => None,
            },
            Kind::Symbol => {
                let next = tree.node(node).next as usize;
                let is_map = next < tree.nodes.len() && tree.node(next).kind == Kind::Map;
                let version = is_map.then(|| look.value_in(next, ":mvn/version")).flatten();
                look.symbol(node).zip(version.and_then(|v| look.string(v)))
            }
            _ => None,
        };
        if let Some((name, version)) = library {
            let (group, artifact) = name.split_once('/').unwrap_or((name, name));
            found.push(Coordinate { group: group.into(), artifact: artifact.into(), version });
        }
    }
    found
}
