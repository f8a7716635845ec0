//! Files: a log and versions beside each other.
//!
//! `data/code-db.edn` is kept as
//!
//! | file | what |
//! |---|---|
//! | `data/code-db-txlog.edn` | the log |
//! | `data/code-db-1700000000000.edn` | a version: its moment, as data |
//! | `data/code-db-before-merge.snapshot.edn.zst` | a version with a name, in another form, made small |
//!
//! A version is there whole or not at all: it is written elsewhere, flushed and renamed. Costs: adding to the log takes what is
//! added, once the log was looked through.

use crate::error::PlaceError;
use crate::form::{Form, Notation};
use crate::moment;
use crate::place::{Mark, Place, Reading, Saved, Version, checked_name, is_moment};
use crate::squeeze::Squeeze;
use async_trait::async_trait;
use db::Db;
use edn::Inst;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use store::{Collection, Reach, StoreError, Transaction, make_folder, read_since, write_whole};

/// A database in files. See the module.
pub struct FilePlace {
    folder: PathBuf,
    stem: String,
    squeeze: Squeeze,
    log: PathBuf,
    collection: Mutex<Collection>,
}

impl FilePlace {
    /// The files of a path; new versions are squeezed like this.
    pub fn at(path: &Path, squeeze: Squeeze) -> FilePlace {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.strip_suffix(".edn").unwrap_or(&name).to_owned();
        let log = folder.join(format!("{stem}-txlog.edn"));
        let collection = Mutex::new(Collection::at(&log));
        FilePlace { folder, stem, squeeze, log, collection }
    }

    /// The file of a version that is there, as the place is now.
    pub fn path_of(&self, version: &Version) -> Option<PathBuf> {
        let found = self.find(&version.name).ok()?;
        found.into_iter().find(|(other, _)| other == version).map(|(_, path)| path)
    }

    /// The file of a version.
    fn path(&self, name: &str, saved: &Saved, squeeze: Squeeze) -> PathBuf {
        // A name that ends in the name of a form would be taken for a version of that form.
        let ends_in_form = name.rsplit_once('.').is_some_and(|(_, end)| Form::named(end).is_some());
        let form = match saved.form {
            Form::Data if !ends_in_form => String::new(),
            form => format!(".{}", form.name()),
        };
        let (notation, squeezed) = (saved.notation.name(), squeeze.ending());
        self.folder.join(format!("{}-{name}{form}.{notation}{squeezed}", self.stem))
    }

    /// The versions with their files, the newest first.
    fn found(&self) -> Result<Vec<(Version, PathBuf)>, PlaceError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io("read", &self.folder, error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|e| io("read", &self.folder, e))?;
            let file_name = entry.file_name();
            let Some(told) = file_name.to_str().and_then(|name| told_by_name(&self.stem, name))
            else {
                continue;
            };
            // Somebody else may have removed it meanwhile.
            let Ok(metadata) = entry.metadata() else { continue };
            let moment = told.name.parse().ok().map(Inst);
            let version = Version {
                saved_at: moment.unwrap_or_else(|| modified(&metadata)),
                bytes: metadata.len(),
                name: told.name,
                form: told.form,
                notation: told.notation,
            };
            found.push((version, entry.path()));
        }
        found.sort_by(|(a, _), (b, _)| (b.saved_at.0, &b.name).cmp(&(a.saved_at.0, &a.name)));
        Ok(found)
    }

    fn find(&self, name: &str) -> Result<Vec<(Version, PathBuf)>, PlaceError> {
        let mut found = self.found()?;
        found.retain(|(version, _)| version.name == name);
        Ok(found)
    }
}

#[async_trait]
impl Place for FilePlace {
    fn name(&self) -> String {
        format!("file {}", self.folder.join(format!("{}.edn", self.stem)).display())
    }

    async fn append(&self, transactions: &[Transaction], _: Option<&Db>) -> Result<(), PlaceError> {
        make_folder(&self.folder)?;
        let mut collection = self.collection.lock().unwrap_or_else(PoisonError::into_inner);
        collection.add(transactions)?;
        Ok(())
    }

    async fn read(&self, after: Option<&Mark>) -> Result<Reading, PlaceError> {
        let news = read_since(&self.log, after.and_then(|mark| Reach::kept(mark.as_str())))?;
        let mark = Mark(news.reach.map_or_else(String::new, |reach| reach.to_string()));
        Ok(Reading { transactions: news.transactions, mark, is_all: news.is_all })
    }

    async fn save(&self, name: Option<&str>, saved: &Saved) -> Result<Version, PlaceError> {
        make_folder(&self.folder)?;
        let small = self.squeeze.pack(&saved.text).map_err(|e| io("write", &self.folder, e))?;
        let now = moment::now();
        let (name, before) = match name {
            Some(name) if name == "txlog" => return Err(PlaceError::Name(name.to_owned())),
            Some(name) => (checked_name(name)?.to_owned(), self.find(name)?),
            None => {
                let there = self.found()?;
                let is_free = |name: &str| there.iter().all(|(v, _)| v.name != name);
                (moment::free_name(now, is_free), Vec::new())
            }
        };
        let path = self.path(&name, saved, self.squeeze);
        write_whole(&path, &small)?;
        for (_, other) in before.into_iter().filter(|(_, other)| *other != path) {
            remove(&other)?;
        }
        let Saved { form, notation, .. } = *saved;
        let saved_at = match name.parse() {
            Ok(moment) => Inst(moment),
            Err(_) => std::fs::metadata(&path).map_or(now, |metadata| modified(&metadata)),
        };
        Ok(Version { name, saved_at, form, notation, bytes: small.len() as u64 })
    }

    async fn versions(&self) -> Result<Vec<Version>, PlaceError> {
        Ok(self.found()?.into_iter().map(|(version, _)| version).collect())
    }

    async fn load(&self, name: &str) -> Result<Option<Saved>, PlaceError> {
        let Some((version, path)) = self.find(name)?.into_iter().next() else { return Ok(None) };
        let small = match std::fs::read(&path) {
            Ok(small) => small,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io("read", &path, error)),
        };
        let (squeeze, _) = Squeeze::of_name(&path.to_string_lossy());
        let text = squeeze.unpack(&small, &self.name(), name)?;
        Ok(Some(Saved { form: version.form, notation: version.notation, text }))
    }

    async fn forget(&self, name: &str) -> Result<bool, PlaceError> {
        let found = self.find(name)?;
        for (_, path) in &found {
            remove(path)?;
        }
        Ok(!found.is_empty())
    }
}

struct Told {
    name: String,
    form: Form,
    notation: Notation,
}

/// What the name of a version's file says; `None` for any other file.
fn told_by_name(stem: &str, file: &str) -> Option<Told> {
    let (_, file) = Squeeze::of_name(file.strip_prefix(stem)?.strip_prefix('-')?);
    let (rest, notation) = file.rsplit_once('.')?;
    let notation = Notation::named(notation)?;
    let formed = rest.rsplit_once('.').and_then(|(name, form)| Some((name, Form::named(form)?)));
    let (name, form) = formed.unwrap_or((rest, Form::Data));
    // `code-db-2024.edn` or `code-db-20240131.edn` is somebody's own, and would be the first to make room.
    let is_version = match is_moment(name) {
        true => name.len() == moment::DIGITS,
        false => name != "txlog" && checked_name(name).is_ok(),
    };
    is_version.then(|| Told { name: name.to_owned(), form, notation })
}

fn modified(metadata: &std::fs::Metadata) -> Inst {
    let modified = metadata.modified().ok();
    let since = modified.and_then(|m| m.duration_since(std::time::UNIX_EPOCH).ok());
    Inst(since.and_then(|s| i64::try_from(s.as_millis()).ok()).unwrap_or(0))
}

fn remove(path: &Path) -> Result<(), PlaceError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io("remove", path, error)),
        _ => Ok(()),
    }
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> PlaceError {
    StoreError::Io { action, path: path.to_owned(), source }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_say_what_they_hold() {
        for (file, expected) in [
            ("code-db-1700000000000.edn", Some(("1700000000000", Form::Data, Notation::Edn))),
            ("code-db-0000000000017.edn.gz", Some(("0000000000017", Form::Data, Notation::Edn))),
            ("code-db-2024.edn", None),
            ("code-db-20240131120000.edn", None),
            ("code-db-a.b.snapshot.edn.zst", Some(("a.b", Form::Snapshot, Notation::Edn))),
            ("code-db-x.snapshot.data.json", Some(("x.snapshot", Form::Data, Notation::Json))),
            ("code-db-x.entities.transit", Some(("x", Form::Entities, Notation::Transit))),
            ("code-db-txlog.edn", None),
            ("code-db-txlog.edn.lock", None),
            ("code-db-1700000000000.edn.4711.tmp", None),
            ("code-db-.edn", None),
            ("other-17.edn", None),
        ] {
            let told = told_by_name("code-db", file);
            let told = told.as_ref().map(|told| (told.name.as_str(), told.form, told.notation));
            assert_eq!(told, expected, "{file}");
        }
    }
}
