//! `export --watch`: the files of a folder kept as the database has them, while other programs change it.
//!
//! Invariants
//! - A file is overwritten or deleted only where the database has, or once had, the bytes that stand in it: they can be had
//!   again. One that was edited stays, and is told as a conflict until it is as the database has it.
//! - Files that the database does not know are left alone.

use super::Found;
use super::watch::{LATER, Told, conflict, stored};
use crate::database::Shared;
use crate::follow::Follower;
use crate::output::{note, say};
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use ::code::export::{self, ExportError};
use db::Db;
use std::collections::BTreeSet;
use std::path::Path;

/// `defbase export --watch`
pub(crate) fn mirror(to: &Path) -> Outcome<Found> {
    let place = Place::existing()?;
    let folder = place.log().parent().map(Path::to_owned).unwrap_or_default();
    let mut follower = Follower::start()?;
    follower.follow(&[folder]);
    std::fs::create_dir_all(to).map_err(|e| crate::place::cannot_write(to, &e))?;
    let mut mirror = Mirror { to, shown: None, held: BTreeSet::new() };
    let mut shared = Shared::of(&place)?;
    let mut told = Told::default();
    loop {
        let limit = match shared.catch_up() {
            Ok(is_new) => {
                told.going_on()?;
                if is_new {
                    mirror.show(shared.db())?;
                }
                None
            }
            Err(problem) if mirror.shown.is_none() => return Err(problem),
            Err(problem) => {
                told.trouble(&problem);
                Some(LATER)
            }
        };
        if follower.next(limit).is_none() {
            say("stopped")?;
            return Ok(Found::Yes);
        }
    }
}

/// What becomes of a file.
enum Turn {
    Stays,
    Written,
    Deleted,
    Conflict,
}

struct Mirror<'a> {
    to: &'a Path,
    /// The database that the files were made like last.
    shown: Option<Db>,
    /// Files that were edited here while the database changed them.
    held: BTreeSet<String>,
}

impl Mirror<'_> {
    /// Makes the files like a database.
    fn show(&mut self, db: Db) -> Outcome<()> {
        let mut paths: BTreeSet<String> = export::paths(&db)?.into_iter().collect();
        if let Some(shown) = &self.shown {
            paths.extend(export::paths(shown)?);
        }
        paths.retain(|path| !path.contains("!/"));
        for path in &paths {
            self.show_file(&db, path)?;
        }
        if self.shown.replace(db).is_none() {
            say(&format!("watching the database; {} files in {}", paths.len(), self.to.display()))?;
        }
        Ok(())
    }

    fn show_file(&mut self, db: &Db, path: &str) -> Outcome<()> {
        let is = stored(db, path)?;
        let was = match &self.shown {
            Some(shown) => Some(stored(shown, path)?),
            None => None,
        };
        if was.as_ref() == Some(&is) && !self.held.contains(path) {
            return Ok(());
        }
        let there = export::there(self.to, path).map_err(|e| failed(&e))?;
        match turn(db, path, was.as_ref(), is.as_deref(), there.as_deref())? {
            Turn::Stays => {
                if self.held.remove(path) {
                    say(&format!("settled    {path}"))?;
                }
            }
            Turn::Written => {
                export::put(self.to, path, is.as_deref().unwrap_or_default())
                    .map_err(|e| failed(&e))?;
                self.held.remove(path);
                say(&format!("wrote      {path}"))?;
            }
            Turn::Deleted => {
                export::take_away(self.to, path).map_err(|e| failed(&e))?;
                self.held.remove(path);
                say(&format!("deleted    {path}"))?;
            }
            Turn::Conflict => {
                if self.held.insert(path.to_owned()) {
                    note(&conflict(path, self.to));
                }
            }
        }
        Ok(())
    }
}

/// What becomes of a file of which the database has something else than before. `was` is what it had, where that is known.
fn turn(
    db: &Db,
    path: &str,
    was: Option<&Option<Vec<u8>>>,
    is: Option<&[u8]>,
    there: Option<&[u8]>,
) -> Outcome<Turn> {
    let Some(there) = there else {
        let was_there = matches!(was, Some(Some(_)));
        return Ok(match is {
            None => Turn::Stays,
            Some(_) if was_there => Turn::Conflict,
            Some(_) => Turn::Written,
        });
    };
    if is == Some(there) {
        return Ok(Turn::Stays);
    }
    let can_be_had_again = export::ever_had(db, path, there)?;
    Ok(match (can_be_had_again, is) {
        (false, _) => Turn::Conflict,
        (true, Some(_)) => Turn::Written,
        (true, None) => Turn::Deleted,
    })
}

fn failed(error: &ExportError) -> Problem {
    Problem::new("the files cannot be kept").because(error)
}
