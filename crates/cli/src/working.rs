//! The working files beside a database, and changes that are made to both.
//!
//! A change of code is a transaction and the files that are written with it. The log is the truth, so the transaction comes
//! first; but a crash between the two would leave files that are older than the database, and the next import would take
//! them for what the user wants and undo the change. So what is to be written is noted before:
//!
//! 1. The database is opened to be changed, which keeps every other writer out.
//! 2. Every file that the change touches, and every other one of the database that is there, must be as the database has it.
//! 3. `.defbase/pending.tmp` notes each path with the hash it has and the hash it is to have. Flushed.
//! 4. The transaction. Flushed.
//! 5. The files are written, each as a whole, new ones before old ones go; then the note is removed.
//!
//! Whoever opens the database to be changed finds the note first ([`finish`]). Where the transaction is not in the database
//! the note means nothing and goes. Where it is, what was not written yet is written now: a file that still is as it was
//! noted gets its text from the database. A file that was edited meanwhile is never overwritten: that is an error, which
//! says what to do. So at every moment the change is either not there at all, or can be completed, and no import comes between.

use crate::commands::keep::now;
use crate::configuration::Configuration;
use crate::database::{Database, explained};
use crate::output::note;
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use ::code::export::{self, ExportError, Exported};
use ::code::import::{Import, change as plan_change};
use ::code::model::content_hash;
use ::code::project::{self, is_in_jar};
use ::code::refactor::Change;
use db::Db;
use edn::Value;
use std::collections::HashSet;

/// A file that a change writes: its path, the hashes of what it is and is to be; none where it is not there.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Write {
    path: String,
    before: Option<i64>,
    after: Option<i64>,
}

/// Makes a change: one transaction, then the files. `stored` are the files of the database.
pub(crate) fn make(
    place: &Place,
    database: &Database,
    stored: &[Exported],
    change: &Change,
    message: &str,
) -> Outcome<Import> {
    require_same(place, stored, change)?;
    let db = database.db();
    let import = plan_change(&db, change, now())
        .map_err(|e| Problem::new("the change cannot be made").because(&e))?;
    note_pending(place, &writes(change))?;
    let written = database.transact(&import.plan.ops, Some(message.to_owned()));
    if written.is_err() {
        // Without its transaction the note means nothing; it would be found to do so the next time too.
        let _ = std::fs::remove_file(place.pending());
    }
    written?;
    finish(place, &database.db())?;
    Ok(import)
}

/// Refuses where a working file is not as the database has it: a name in it may have been missed, and what was edited
/// would be lost.
fn require_same(place: &Place, stored: &[Exported], change: &Change) -> Outcome<()> {
    let mut differ = Vec::new();
    for file in stored.iter().filter(|file| !is_in_jar(&file.path)) {
        let touched = change.files.iter().any(|f| f.path == file.path);
        match export::there(&place.root, &file.path).map_err(unreadable)? {
            Some(bytes) if bytes == file.bytes => {}
            None if !touched => {}
            _ => differ.push(file.path.as_str()),
        }
    }
    if !differ.is_empty() {
        return Err(Problem::new(format!("not as the database has them: {}", differ.join(", ")))
            .help("`defbase import` reads the working files; then try again"));
    }
    for file in &change.files {
        let path = file.path_after();
        let is_new = file.before.is_none() || file.new_path.is_some();
        if is_new && export::there(&place.root, path).map_err(unreadable)?.is_some() {
            return Err(Problem::new(format!("{path} is there already"))
                .help("move it away, or `defbase import` it and choose another name"));
        }
    }
    Ok(())
}

/// Says which sources of the project the database does not have: nothing in them is looked at, so they may use what changes.
pub(crate) fn tell_unknown(place: &Place, stored: &[Exported]) -> Outcome<()> {
    const SHOWN: usize = 3;
    // What is wrong with the paths, the next import says.
    let Ok(listing) = project::list(&place.root, &Configuration::paths(place)?) else {
        return Ok(());
    };
    let known: HashSet<&str> = stored.iter().map(|file| file.path.as_str()).collect();
    let paths = listing.files.iter().map(|(path, _)| path.as_str());
    let unknown: Vec<&str> = paths.filter(|path| !known.contains(path)).collect();
    if !unknown.is_empty() {
        let shown = &unknown[..unknown.len().min(SHOWN)];
        let more = match unknown.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        note(&format!(
            "note: not in the database, so nothing in it was looked at: {}{more}; `defbase import` takes it in",
            shown.join(", ")
        ));
    }
    Ok(())
}

fn unreadable(error: ExportError) -> Problem {
    Problem::new("a working file cannot be read").because(&error)
}

/// What a change writes: what comes before what goes.
fn writes(change: &Change) -> Vec<Write> {
    let hash = |text: &Option<String>| text.as_ref().map(|text| content_hash(text.as_bytes()));
    let (mut writes, mut gone) = (Vec::new(), Vec::new());
    for file in &change.files {
        let (path, before, after) =
            (file.path_after().to_owned(), hash(&file.before), hash(&file.after));
        if file.new_path.is_some() {
            gone.push(Write { path: file.path.clone(), before, after: None });
            writes.push(Write { path, before: None, after });
        } else if after.is_none() {
            gone.push(Write { path, before, after });
        } else {
            writes.push(Write { path, before, after });
        }
    }
    writes.extend(gone);
    writes
}

fn note_pending(place: &Place, writes: &[Write]) -> Outcome<()> {
    let hash = |hash: Option<i64>| hash.map_or(Value::Nil, Value::Int);
    let rows = writes.iter().map(|write| {
        Value::vector(vec![
            Value::string(write.path.as_str()),
            hash(write.before),
            hash(write.after),
        ])
    });
    let text = format!("{}\n", Value::vector(rows.collect()));
    store::write_whole(&place.pending(), text.as_bytes()).map_err(|e| explained(&e))
}

/// What was noted; `None` where nothing is pending.
fn pending(place: &Place) -> Outcome<Option<Vec<Write>>> {
    let path = place.pending();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Problem::new(format!("cannot read {}", path.display())).because(&e)),
    };
    let row = |row: &Value| match row.as_seq()? {
        [path, before, after] => Some(Write {
            path: path.as_str()?.to_owned(),
            before: before.as_int(),
            after: after.as_int(),
        }),
        _ => None,
    };
    let form = edn::read(&text).ok();
    let rows = form.as_ref().and_then(Value::as_seq);
    let writes: Option<Vec<Write>> = rows.and_then(|rows| rows.iter().map(row).collect());
    writes.map(Some).ok_or_else(|| {
        Problem::new(format!("{} does not read", path.display())).help(
            "it notes files that a change had to write: compare them with `defbase export DIR`, then delete it",
        )
    })
}

/// Completes a change whose files were not all written. See the module.
pub(crate) fn finish(place: &Place, db: &Db) -> Outcome<()> {
    let Some(writes) = pending(place)? else { return Ok(()) };
    let hash = |bytes: Option<&Vec<u8>>| bytes.map(|bytes| content_hash(bytes));
    let failed = |e: ExportError| Problem::new("the working files cannot be written").because(&e);
    let mut stored = Vec::with_capacity(writes.len());
    for write in &writes {
        stored.push(export::file(db, &write.path).map_err(failed)?);
    }
    let is_made =
        writes.iter().zip(&stored).all(|(write, bytes)| hash(bytes.as_ref()) == write.after);
    let mut edited = Vec::new();
    for (write, bytes) in writes.iter().zip(&stored).filter(|_| is_made) {
        let there = export::there(&place.root, &write.path).map_err(failed)?;
        let there = hash(there.as_ref());
        if there == write.after {
            continue;
        }
        match bytes {
            _ if there != write.before => edited.push(write.path.as_str()),
            Some(bytes) => export::put(&place.root, &write.path, bytes).map_err(failed)?,
            None => export::take_away(&place.root, &write.path).map_err(failed)?,
        }
    }
    if !edited.is_empty() {
        return Err(Problem::new(format!(
            "edited while a change of it was still to be written: {}",
            edited.join(", ")
        ))
        .help(format!(
            "`defbase export DIR` writes what the database has: bring the two together, delete {}, and `defbase import`",
            place.pending().display()
        )));
    }
    if !is_made && !writes.is_empty() {
        note("note: a change was interrupted before it was made; nothing of it remains");
    }
    std::fs::remove_file(place.pending())
        .map_err(|e| crate::place::cannot_write(&place.pending(), &e))
}
