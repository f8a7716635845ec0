//! Finding and reading the sources of a project.
//!
//! A root is a folder, a source file or a jar. Folders are walked as git would (`.gitignore`, `.ignore`, hidden files skipped,
//! symbolic links not followed); what is named outright is read whatever it is ignored by. Jars inside folders are left
//! alone: they are what a build made, or somebody else's code.
//!
//! Invariants
//! - A source's path is relative to the base, with `/` between its parts and never a `..`, so it means the same on every
//!   machine. An entry of a jar is `name.jar!/path/in/jar`.
//! - Sources stand in the order of their paths, each path once.
//! - What cannot be read is a [`Problem`], never silently left out.

use crate::kondo_config::{self, KondoConfig};
use ignore::WalkBuilder;
use rayon::prelude::*;
use std::fmt;
use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use zip::ZipArchive;

/// The endings of files that are read.
pub const EXTENSIONS: [&str; 6] = ["clj", "cljs", "cljc", "cljd", "bb", "edn"];

/// Folders that are never walked.
pub const SKIPPED_FOLDERS: [&str; 5] = [".git", ".defbase", "target", "node_modules", ".cpcache"];

/// The largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// One file, as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path, relative to the base.
    pub path: String,
    /// All of its bytes.
    pub bytes: Vec<u8>,
}

/// Something wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file's path, relative to the base.
    pub path: String,
    /// Line and column from 1, of a problem inside the text.
    pub position: Option<(usize, usize)>,
    /// What is wrong, what was expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.path, self.message),
            None => write!(f, "{}: {}", self.path, self.message),
        }
    }
}

/// What a root stands for: the paths that an import of it may add, change or delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// One file.
    File(String),
    /// All paths that begin so; ends in `/`.
    Under(String),
}

impl Scope {
    /// Whether a path belongs to the root.
    pub fn covers(&self, path: &str) -> bool {
        match self {
            Scope::All => !is_in_jar(path),
            Scope::File(file) => path == file,
            Scope::Under(folder) => {
                path.starts_with(folder.as_str()) && (folder.ends_with("!/") || !is_in_jar(path))
            }
        }
    }
}

/// Whether a path is that of an entry of a jar: somebody else's code, which is only read.
pub fn is_in_jar(path: &str) -> bool {
    path.contains("!/")
}

/// The sources of a project.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The files, by path.
    pub sources: Vec<Source>,
    /// What the roots stand for.
    pub scopes: Vec<Scope>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Whether a folder could not be walked, so that a file that was not found may still be there.
    pub incomplete: bool,
    /// The text of clj-kondo's configuration in the base: what the project's own macros define.
    pub config: Option<String>,
}

/// Where clj-kondo keeps its configuration.
pub const KONDO_CONFIG: &str = ".clj-kondo/config.edn";

/// Why a project cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A root that is not there or cannot be opened.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The root.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A root that is a file of another kind.
    #[error(
        "{0} is no Clojure source: expected a folder, a .jar, or a file that ends in .clj, .cljs, .cljc, .cljd, .bb or .edn"
    )]
    NotSource(PathBuf),
    /// A jar that is none.
    #[error("{path} is no readable jar: {reason}")]
    Jar {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A root whose name is not UTF-8.
    #[error("the name {0:?} is not UTF-8; rename it to import it")]
    Name(PathBuf),
}

/// What stands under the roots of a project, not read yet.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The files by path, each with where it is.
    pub files: Vec<(String, PathBuf)>,
    /// The folders that were walked.
    pub folders: Vec<PathBuf>,
    /// The jars among the roots, each with the path that it is stored under.
    pub jars: Vec<(String, PathBuf)>,
    /// What the roots stand for.
    pub scopes: Vec<Scope>,
    /// What could not be walked.
    pub problems: Vec<Problem>,
    /// Whether a folder could not be walked, so that a file that was not found may still be there.
    pub incomplete: bool,
    /// The text of clj-kondo's configuration in the base.
    pub config: Option<String>,
}

/// Finds the sources under the roots. Relative roots are taken from `base`.
pub fn list(base: &Path, roots: &[PathBuf]) -> Result<Listing, ProjectError> {
    let base = fs::canonicalize(base).map_err(|source| io(base, source))?;
    let mut listing = Listing::default();
    let KondoConfig { text, problems } = kondo_config::read(&base);
    listing.config = text;
    listing.problems.extend(problems);
    for root in roots {
        let location = fs::canonicalize(base.join(root)).map_err(|source| io(root, source))?;
        let name = stored_name(&base, &location)?;
        if location.is_dir() {
            walk(&location, &name, &mut listing);
            listing.scopes.push(match name.as_str() {
                "" => Scope::All,
                name => Scope::Under(format!("{name}/")),
            });
        } else if is_source(&location) {
            listing.scopes.push(Scope::File(name.clone()));
            listing.files.push((name, location));
        } else if location.extension().is_some_and(|e| e == "jar") {
            listing.scopes.push(Scope::Under(format!("{name}!/")));
            listing.jars.push((name, location));
        } else {
            return Err(ProjectError::NotSource(root.clone()));
        }
    }
    leave_out_databases(&mut listing.files);
    listing.files.sort_unstable();
    let problems = &mut listing.problems;
    listing.files.dedup_by(|later, first| {
        if later.0 == first.0 && later.1 != first.1 {
            problems.push(taken(&later.0));
        }
        later.0 == first.0
    });
    Ok(listing)
}

/// Reads the sources under the roots, several at a time. Relative roots are taken from `base`.
pub fn read(base: &Path, roots: &[PathBuf]) -> Result<Project, ProjectError> {
    let Listing { files, jars, scopes, problems, incomplete, config, .. } = list(base, roots)?;
    let mut project = Project { sources: Vec::new(), scopes, problems, incomplete, config };
    for (name, location) in jars {
        let (sources, problems) = read_jar(&location, &name)?;
        project.sources.extend(sources);
        project.problems.extend(problems);
    }
    let read: Vec<Result<Source, Problem>> =
        files.into_par_iter().map(|(path, location)| read_file(path, &location)).collect();
    for outcome in read {
        match outcome {
            Ok(source) => project.sources.push(source),
            Err(problem) => project.problems.push(problem),
        }
    }
    project.sources.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let problems = &mut project.problems;
    project.sources.dedup_by(|later, first| {
        if later.path == first.path && later.bytes != first.bytes {
            problems.push(taken(&later.path));
        }
        later.path == first.path
    });
    project.problems.sort_unstable();
    Ok(project)
}

fn io(path: &Path, source: std::io::Error) -> ProjectError {
    ProjectError::Io { path: path.to_owned(), source }
}

/// Whether a walk would read the file at a path, relative to where it began, were it not ignored.
///
/// ```
/// use code::project::is_walked;
/// assert!(is_walked("src/app/core.clj") && is_walked("deps.edn"));
/// assert!(!is_walked("README.md") && !is_walked(".hidden/a.clj") && !is_walked("target/a.clj"));
/// ```
pub fn is_walked(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_passed = |part: &str| part.starts_with('.') || SKIPPED_FOLDERS.contains(&part);
    is_source(Path::new(name))
        && !name.starts_with('.')
        && !name.ends_with(LOG_ENDING)
        && !folders.split('/').any(is_passed)
}

/// What the names of logs end in; beside `code-db-txlog.edn` all `code-db-….edn` are versions of that database.
const LOG_ENDING: &str = "-txlog.edn";

/// Leaves out files that databases are kept in: they are no part of the project that they are about.
fn leave_out_databases(files: &mut Vec<(String, PathBuf)>) {
    let logs = files.iter().filter_map(|(path, _)| path.strip_suffix(LOG_ENDING));
    let databases: Vec<String> = logs.map(|stem| format!("{stem}-")).collect();
    files.retain(|(path, _)| !databases.iter().any(|begin| path.starts_with(begin)));
}

fn is_source(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| EXTENSIONS.contains(&e))
}

/// The path under which a root is stored: relative to the base, or where it lies elsewhere, its own name.
fn stored_name(base: &Path, location: &Path) -> Result<String, ProjectError> {
    let relative = match location.strip_prefix(base) {
        Ok(inside) => inside,
        Err(_) => location.file_name().map(Path::new).unwrap_or(Path::new("root")),
    };
    joined(relative).ok_or_else(|| ProjectError::Name(location.to_owned()))
}

/// A relative path with `/` between its parts, where all of them are plain names in UTF-8.
fn joined(relative: &Path) -> Option<String> {
    let mut path = String::new();
    for part in relative.components() {
        let Component::Normal(name) = part else { return None };
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(name.to_str()?);
    }
    Some(path)
}

fn walk(root: &Path, name: &str, listing: &mut Listing) {
    let walker = WalkBuilder::new(root)
        .require_git(false)
        .follow_links(false)
        .filter_entry(|entry| {
            entry.depth() == 0
                || !entry.file_type().is_some_and(|t| t.is_dir())
                || !entry.file_name().to_str().is_some_and(|n| SKIPPED_FOLDERS.contains(&n))
        })
        .build();
    for entry in walker {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                listing.problems.push(problem(name, error.to_string()));
                listing.incomplete = true;
                continue;
            }
        };
        if entry.file_type().is_some_and(|t| t.is_dir()) {
            listing.folders.push(entry.into_path());
            continue;
        }
        if !entry.file_type().is_some_and(|t| t.is_file()) || !is_source(entry.path()) {
            continue;
        }
        let relative = entry.path().strip_prefix(root).ok().and_then(joined);
        match relative {
            Some(relative) if name.is_empty() => listing.files.push((relative, entry.into_path())),
            Some(relative) => listing.files.push((format!("{name}/{relative}"), entry.into_path())),
            None => listing.problems.push(problem(
                &entry.path().to_string_lossy(),
                "its name is not UTF-8; rename it to import it".to_owned(),
            )),
        }
    }
}

fn problem(path: &str, message: String) -> Problem {
    Problem { path: path.to_owned(), position: None, message }
}

fn taken(path: &str) -> Problem {
    problem(path, "another file has the same path; only the first is imported".to_owned())
}

fn too_large(path: &str) -> Problem {
    problem(path, format!("larger than {} MiB, not imported", MAX_FILE_BYTES >> 20))
}

/// Reads a file, unless it is larger than [`MAX_FILE_BYTES`].
pub fn read_file(path: String, location: &Path) -> Result<Source, Problem> {
    let failed = |error: std::io::Error| problem(&path, error.to_string());
    let file = File::open(location).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let bytes = read_limited(file, size).map_err(failed)?;
    match bytes {
        Some(bytes) => Ok(Source { path, bytes }),
        None => Err(too_large(&path)),
    }
}

/// All bytes, or `None` where they are more than the limit, whatever size was announced.
fn read_limited(from: impl Read, announced: u64) -> std::io::Result<Option<Vec<u8>>> {
    if announced > MAX_FILE_BYTES {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(announced as usize);
    from.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_FILE_BYTES).then_some(bytes))
}

/// The sources inside a jar.
fn read_jar(location: &Path, name: &str) -> Result<(Vec<Source>, Vec<Problem>), ProjectError> {
    let broken = |reason: String| ProjectError::Jar { path: location.to_owned(), reason };
    let bytes: Arc<[u8]> = fs::read(location).map_err(|source| io(location, source))?.into();
    let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| broken(e.to_string()))?;
    let mut problems = Vec::new();
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let Some(entry) = archive.name_for_index(index) else { continue };
        let entry = &*entry.map_err(|e| broken(e.to_string()))?;
        if entry.ends_with('/') || !is_source(Path::new(entry)) {
            continue;
        }
        match joined(Path::new(entry)) {
            Some(path) if path == entry => entries.push((index, format!("{name}!/{entry}"))),
            _ => problems.push(problem(
                &format!("{name}!/{entry}"),
                "its path leads out of the jar; not imported".to_owned(),
            )),
        }
    }
    let read: Vec<Result<Source, Problem>> = entries
        .into_par_iter()
        .map_with(archive, |archive, (index, path)| {
            let failed = |reason: String| problem(&path, reason);
            let entry = archive.by_index(index).map_err(|e| failed(e.to_string()))?;
            let size = entry.size();
            match read_limited(entry, size).map_err(|e| failed(e.to_string()))? {
                Some(bytes) => Ok(Source { path, bytes }),
                None => Err(too_large(&path)),
            }
        })
        .collect();
    let mut sources = Vec::new();
    for outcome in read {
        match outcome {
            Ok(source) => sources.push(source),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((sources, problems))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        dir
    }

    fn paths(project: &Project) -> Vec<&str> {
        project.sources.iter().map(|s| s.path.as_str()).collect()
    }

    #[test]
    fn databases_beside_the_sources_are_no_sources() {
        let dir = tree(&[
            ("data/code-db-txlog.edn", b"{}"),
            ("data/code-db-1700000000000.edn", b"{}"),
            ("data/code-db-release.entities.edn", b"{}"),
            ("data/code.edn", b"1"),
            ("other/code-db-release.edn", b"2"),
        ]);
        let project = read(dir.path(), &[dir.path().to_owned()]).unwrap();
        assert_eq!(paths(&project), ["data/code.edn", "other/code-db-release.edn"]);
        assert!(!is_walked("data/code-db-txlog.edn"));
    }

    #[test]
    fn folders_are_walked_as_git_would() {
        let dir = tree(&[
            (".gitignore", b"/out\n*.gen.clj\n"),
            ("src/b.clj", b"1"),
            ("src/a.cljs", b"2"),
            ("src/a.txt", b""),
            ("src/x.gen.clj", b""),
            ("out/a.clj", b""),
            ("target/a.clj", b""),
            ("node_modules/m/a.cljs", b""),
            (".git/a.clj", b""),
            (".hidden/a.clj", b""),
            (".clj-kondo/config.edn", b"{:lint-as {}}"),
            ("deps.edn", b"{}"),
            ("x.bb", b""),
            ("y.cljc", b"\xff"),
            ("lib/dep.jar", b"no jar"),
        ]);
        let project = read(dir.path(), &[PathBuf::from(".")]).unwrap();
        assert_eq!(paths(&project), ["deps.edn", "src/a.cljs", "src/b.clj", "x.bb", "y.cljc"]);
        assert_eq!(project.scopes, [Scope::All]);
        assert_eq!(project.problems, []);
        assert_eq!(project.config.as_deref(), Some("{:lint-as {}}"));
    }

    #[test]
    fn roots_may_overlap_and_name_what_is_ignored() {
        let dir = tree(&[(".gitignore", b"out"), ("src/a.clj", b""), ("out/a.clj", b"")]);
        let roots = ["src", "src/a.clj", "out/a.clj"].map(PathBuf::from);
        let project = read(dir.path(), &roots).unwrap();
        assert_eq!(paths(&project), ["out/a.clj", "src/a.clj"]);
        let scopes = [
            Scope::Under("src/".into()),
            Scope::File("src/a.clj".into()),
            Scope::File("out/a.clj".into()),
        ];
        assert_eq!(project.scopes, scopes);
        assert!(!scopes[0].covers("src2/a.clj"));
    }

    #[test]
    fn what_lies_elsewhere_is_stored_under_its_own_name() {
        let dir = tree(&[("base/x.clj", b""), ("other/lib/a.clj", b"")]);
        let project = read(&dir.path().join("base"), &[PathBuf::from("../other/lib")]).unwrap();
        assert_eq!(paths(&project), ["lib/a.clj"]);
    }

    #[test]
    fn two_files_with_one_path_are_told() {
        let dir = tree(&[("base/x.clj", b""), ("p/lib/a.clj", b"1"), ("q/lib/a.clj", b"2")]);
        let roots = ["../p/lib", "../q/lib"].map(PathBuf::from);
        let project = read(&dir.path().join("base"), &roots).unwrap();
        assert_eq!(paths(&project), ["lib/a.clj"]);
        assert!(project.problems[0].message.starts_with("another file has the same path"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let dir = tree(&[("src/a.clj", b"")]);
        std::os::unix::fs::symlink(dir.path(), dir.path().join("src/loop")).unwrap();
        let project = read(dir.path(), &[PathBuf::from("")]).unwrap();
        assert_eq!(paths(&project), ["src/a.clj"]);
    }

    #[test]
    fn jars_are_read_and_kept_within_their_walls() {
        let dir = tree(&[]);
        let file = File::create(dir.path().join("a.jar")).unwrap();
        let mut jar = zip::ZipWriter::new(file);
        let options = zip::write::SimpleFileOptions::default();
        for (name, text) in [("p/b.clj", "(b)"), ("../evil.clj", "(e)"), ("p/C.class", "")] {
            jar.start_file(name, options).unwrap();
            jar.write_all(text.as_bytes()).unwrap();
        }
        jar.finish().unwrap();
        let project = read(dir.path(), &[PathBuf::from("a.jar")]).unwrap();
        assert_eq!(paths(&project), ["a.jar!/p/b.clj"]);
        assert_eq!(project.sources[0].bytes, b"(b)");
        assert_eq!(
            project.problems[0].to_string(),
            "a.jar!/../evil.clj: its path leads out of the jar; not imported"
        );
        assert!(project.scopes[0].covers("a.jar!/p/b.clj"));
        assert!(!Scope::All.covers("a.jar!/p/b.clj"));
    }

    #[test]
    fn a_root_that_cannot_be_read_is_an_error_that_names_it() {
        let dir = tree(&[("a.txt", b""), ("b.jar", b"no")]);
        for (root, expected) in [
            ("gone", "cannot read gone: No such file"),
            ("a.txt", "a.txt is no Clojure source: expected a folder"),
            ("b.jar", "b.jar is no readable jar: "),
        ] {
            let error = read(dir.path(), &[PathBuf::from(root)]).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
