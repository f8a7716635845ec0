//! Writing files back, byte for byte.
//!
//! Invariants
//! - Text before, text, text before, text …, tail: nothing is added and nothing left out.
//! - No file is written outside of the target: paths with `..` or a root are refused, and so is a path that leads through
//!   a symbolic link.
//! - A file is replaced as a whole or not at all; one that is the same already is not written.

use crate::facts::{DEFAULT_BEFORE, DEFAULT_TAIL};
use crate::model::{Attr, NotCode, content_hash};
use crate::project::Scope;
use crate::source::Source;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use db::{Cell, Db, EntityId, Index, Prefix};
use edn::Value;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

/// A file as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Its path as it is stored.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why files cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database holds something else.
    #[error(transparent)]
    NotCode(#[from] NotCode),
    /// A stored path that leads out of the target.
    #[error("{0:?} is no path inside of a folder; nothing was written there")]
    UnsafePath(String),
    /// A stored path that leads through a symbolic link.
    #[error("{0} is a symbolic link; remove it to export there")]
    Link(PathBuf),
    /// What was kept of an unreadable file is damaged.
    #[error("the bytes kept of {0} are damaged")]
    Damaged(String),
    /// The system refuses.
    #[error("cannot write {path}: {source}")]
    Io {
        /// What could not be written.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What an export did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportReport {
    /// Paths of files that were written, relative to the target.
    pub written: Vec<String>,
    /// How many files were the same already.
    pub unchanged: usize,
    /// Paths of files that were deleted.
    pub deleted: Vec<String>,
    /// Bytes of all files.
    pub bytes: usize,
}

/// The paths of all files of a database, ascending.
pub fn paths(db: &Db) -> Result<Vec<String>, NotCode> {
    let source = Source::new(db)?;
    Ok(files(&source).into_iter().map(|(path, _)| path).collect())
}

fn files(source: &Source<'_>) -> Vec<(String, EntityId)> {
    let prefix = Prefix { a: Some(source.ids.get(Attr::FilePath)), ..Prefix::default() };
    let mut files: Vec<(String, EntityId)> = source
        .db
        .scan(Index::Aevt, &prefix)
        .filter_map(|d| Some((source.db.dict().string(d.v)?.to_string(), d.e)))
        .collect();
    files.sort_unstable();
    files
}

/// The bytes of one file; `None` where the database has no such file.
pub fn file(db: &Db, path: &str) -> Result<Option<Vec<u8>>, ExportError> {
    let source = Source::new(db)?;
    match source.named(Attr::FilePath, path) {
        Some(e) => contents(&source, path, e).map(Some),
        None => Ok(None),
    }
}

/// Whether a database has or ever had these bytes as a file, so that nothing is lost where they are overwritten.
pub fn ever_had(db: &Db, path: &str, bytes: &[u8]) -> Result<bool, NotCode> {
    let past = db.history();
    let source = Source::new(&past)?;
    let hash = content_hash(bytes);
    let Some(cell) = db.cell(&Value::string(path)) else { return Ok(false) };
    let mut said = source.with_value(Attr::FilePath, cell).flat_map(|e| source.datoms(e));
    Ok(said.any(|d| source.attr(&d) == Some(Attr::FileHash) && d.v.as_int() == Some(hash)))
}

/// All files of a database that a condition lets through, by path.
pub fn all(db: &Db, wanted: impl Fn(&str) -> bool) -> Result<Vec<Exported>, ExportError> {
    let source = Source::new(db)?;
    let mut files = files(&source);
    files.retain(|(path, _)| wanted(path));
    files
        .into_par_iter()
        .map(|(path, e)| Ok(Exported { bytes: contents(&source, &path, e)?, path }))
        .collect()
}

fn contents(source: &Source<'_>, path: &str, file: EntityId) -> Result<Vec<u8>, ExportError> {
    if let Some(encoded) = source.text(file, Attr::FileBytes) {
        let damaged = |_| ExportError::Damaged(path.to_owned());
        return STANDARD.decode(&*encoded).map_err(damaged);
    }
    let statements = source.with_value(Attr::StatementFile, Cell::entity(file));
    let mut placed: Vec<(i64, EntityId)> = statements
        .map(|e| (source.value(e, Attr::StatementOrder).and_then(Cell::as_int).unwrap_or(0), e))
        .collect();
    placed.sort_unstable();
    let mut bytes = Vec::new();
    for (_, e) in placed {
        let before = source.text(e, Attr::StatementBefore);
        bytes.extend_from_slice(before.as_deref().unwrap_or(DEFAULT_BEFORE).as_bytes());
        bytes.extend_from_slice(
            source.text(e, Attr::StatementSource).unwrap_or_default().as_bytes(),
        );
    }
    let tail = source.text(file, Attr::FileTail);
    bytes.extend_from_slice(tail.as_deref().unwrap_or(DEFAULT_TAIL).as_bytes());
    Ok(bytes)
}

/// Writes the files of a database that a condition lets through below a folder. Where `delete_within` is given, sources
/// below the folder that it covers and that the database does not have are deleted.
pub fn export(
    db: &Db,
    target: &Path,
    wanted: impl Fn(&str) -> bool,
    delete_within: Option<&Scope>,
) -> Result<ExportReport, ExportError> {
    let files = all(db, wanted)?;
    let mut report = ExportReport::default();
    let targets: Vec<(String, PathBuf)> = files
        .iter()
        .map(|file| {
            let inside = file.path.replace("!/", "/");
            let path = safe_path(target, &inside)?;
            Ok((inside, path))
        })
        .collect::<Result<_, ExportError>>()?;
    fs::create_dir_all(target).map_err(|source| failed(target, source))?;
    for (file, (inside, path)) in files.iter().zip(&targets) {
        report.bytes += file.bytes.len();
        no_links(target, path)?;
        if fs::read(path).is_ok_and(|there| there == file.bytes) {
            report.unchanged += 1;
            continue;
        }
        replace(path, &file.bytes).map_err(|source| failed(path, source))?;
        report.written.push(inside.clone());
    }
    if let Some(scope) = delete_within {
        report.deleted = delete_others(target, scope, &targets)?;
    }
    Ok(report)
}

fn failed(path: &Path, source: io::Error) -> ExportError {
    ExportError::Io { path: path.to_owned(), source }
}

/// The place of a stored path, where it is one of plain names only.
fn safe_path(target: &Path, path: &str) -> Result<PathBuf, ExportError> {
    let refused = || ExportError::UnsafePath(path.to_owned());
    let plain = |part: &str| {
        let mut components = Path::new(part).components();
        let only_name = matches!(components.next(), Some(Component::Normal(name)) if name == part);
        only_name && components.next().is_none() && !part.contains(['\\', '\0', ':'])
    };
    if path.is_empty() || !path.split('/').all(plain) {
        return Err(refused());
    }
    Ok(path.split('/').fold(target.to_owned(), |whole, part| whole.join(part)))
}

/// Refuses a path of which a part below the target is a symbolic link.
fn no_links(target: &Path, path: &Path) -> Result<(), ExportError> {
    let below = path.ancestors().take_while(|part| *part != target);
    for part in below {
        if fs::symlink_metadata(part).is_ok_and(|m| m.file_type().is_symlink()) {
            return Err(ExportError::Link(part.to_owned()));
        }
    }
    Ok(())
}

/// Puts one file in its place below a folder, as a whole and flushed.
pub fn put(target: &Path, path: &str, bytes: &[u8]) -> Result<(), ExportError> {
    let place = safe_path(target, path)?;
    no_links(target, &place)?;
    replace(&place, bytes).map_err(|source| failed(&place, source))
}

/// Takes one file away from below a folder, and the folders that are empty without it. One that is not there is no error.
pub fn take_away(target: &Path, path: &str) -> Result<(), ExportError> {
    let place = safe_path(target, path)?;
    no_links(target, &place)?;
    match fs::remove_file(&place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&place, error)),
        _ => {}
    }
    let above = place.ancestors().skip(1).take_while(|folder| *folder != target);
    // A folder with something in it is not removed.
    let _ = above.map(fs::remove_dir).find(|removed| removed.is_err());
    Ok(())
}

/// What stands in a file below a folder; `None` where there is none.
pub fn there(target: &Path, path: &str) -> Result<Option<Vec<u8>>, ExportError> {
    let place = safe_path(target, path)?;
    no_links(target, &place)?;
    match fs::read(&place) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&place, error)),
    }
}

/// Puts a whole file in the place of another.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| match fs::metadata(path) {
            Ok(there) => fs::set_permissions(&temporary, there.permissions()),
            Err(_) => Ok(()),
        })
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What went wrong is reported; that its leftover is gone is only tidiness.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn delete_others(
    target: &Path,
    scope: &Scope,
    kept: &[(String, PathBuf)],
) -> Result<Vec<String>, ExportError> {
    let mut deleted = Vec::new();
    let root = match scope {
        Scope::All => PathBuf::new(),
        Scope::File(path) => PathBuf::from(path),
        Scope::Under(folder) => PathBuf::from(folder.replace("!/", "/")),
    };
    if !target.join(&root).exists() {
        return Ok(deleted);
    }
    let found = crate::project::read(target, &[root])
        .map_err(|error| failed(target, io::Error::other(error.to_string())))?;
    let kept: FxHashSet<&str> = kept.iter().map(|(inside, _)| inside.as_str()).collect();
    for source in found.sources {
        if kept.contains(source.path.as_str()) {
            continue;
        }
        let path = safe_path(target, &source.path)?;
        no_links(target, &path)?;
        fs::remove_file(&path).map_err(|source| failed(&path, source))?;
        deleted.push(source.path);
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::FileFacts;
    use crate::import::{Update, plan};
    use crate::model::empty_db;

    fn db(files: &[(&str, &str)]) -> Db {
        let files: Vec<FileFacts> = files
            .iter()
            .map(|(path, tail)| FileFacts {
                path: (*path).into(),
                tail: (*tail).into(),
                ..FileFacts::default()
            })
            .collect();
        let empty = empty_db().unwrap();
        let plan =
            plan(&empty, &Update { files: &files, gone: &[], config: None, now: edn::Inst(0) })
                .unwrap();
        empty.with_ops(&plan.ops, Value::Nil).unwrap().db_after
    }

    #[test]
    fn files_are_written_once_and_others_deleted_on_demand() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        let code = db(&[("a/b.clj", "; one"), ("x.jar!/c.clj", "; two"), ("e.edn", "\n")]);
        let first = export(&code, &target, |_| true, None).unwrap();
        assert_eq!(first.written, ["a/b.clj", "e.edn", "x.jar/c.clj"]);
        assert_eq!(fs::read(target.join("x.jar/c.clj")).unwrap(), b"; two");
        fs::write(target.join("a/b.clj"), "other").unwrap();
        fs::write(target.join("a/old.clj"), "old").unwrap();
        fs::write(target.join("a/old.txt"), "old").unwrap();
        let scope = Scope::Under("a/".into());
        let second = export(&code, &target, |_| true, Some(&scope)).unwrap();
        assert_eq!(second.written, ["a/b.clj"]);
        assert_eq!(second.deleted, ["a/old.clj"]);
        assert_eq!(second.unchanged, 2);
        assert!(target.join("a/old.txt").exists());
        let names: Vec<_> =
            fs::read_dir(target.join("a")).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "nothing temporary stays: {names:?}");
    }

    #[test]
    fn nothing_is_written_outside_of_the_target() {
        for path in [
            "../evil.clj",
            "/tmp/evil.clj",
            "a/../../evil.clj",
            "a//b.clj",
            "",
            "./a.clj",
            "c:\\x.clj",
        ] {
            let dir = tempfile::tempdir().unwrap();
            let target = dir.path().join("out");
            let error = export(&db(&[("ok.clj", ""), (path, "")]), &target, |_| true, None);
            assert!(matches!(error, Err(ExportError::UnsafePath(_))), "{path}");
            assert!(!target.exists(), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        fs::create_dir_all(&target).unwrap();
        std::os::unix::fs::symlink(dir.path(), target.join("a")).unwrap();
        let error = export(&db(&[("a/b.clj", "")]), &target, |_| true, None).unwrap_err();
        assert!(matches!(error, ExportError::Link(_)));
        assert!(!dir.path().join("b.clj").exists());
    }
}
