//! `revert`: undoing a transaction, or bringing statements back.

use crate::commands::refactor::{self, stored};
use crate::commands::{Found, ToRead, moment, transaction};
use crate::database::Database;
use crate::output::say;
use crate::place::Place;
use crate::problem::{Outcome, Problem};
use crate::working;
use ::code::commit::Origin;
use ::code::refactor::{Change, Refused};
use ::code::revert::{self, RevertError};
use db::Db;
use edn::Value;

/// `defbase revert`
pub(super) fn revert(
    db: ToRead<'_>,
    what: &[String],
    to: Option<&str>,
    dry_run: bool,
) -> Outcome<Found> {
    if dry_run {
        return match planned(&db()?, what, to)? {
            Ok((change, _)) => refactor::show(&change),
            Err(refused) => refactor::tell(&refused),
        };
    }
    let place = Place::existing()?;
    let database = Database::open(&place)?;
    let db = database.db();
    let (change, message) = match planned(&db, what, to)? {
        Ok(planned) => planned,
        Err(refused) => return refactor::tell(&refused),
    };
    if change.files.is_empty() {
        say("everything is as it was then already")?;
        return Ok(Found::Yes);
    }
    working::make(&place, &database, &stored(&db)?, &change, &message)?;
    refactor::summarise(&change)?;
    Ok(Found::Yes)
}

/// What is to be done and what it is for, or why it is not to be done.
fn planned(
    db: &Db,
    what: &[String],
    to: Option<&str>,
) -> Outcome<Result<(Change, String), Refused>> {
    let (undone, message) = match (to, what) {
        (Some(when), names) => {
            let subject = if names.is_empty() { "everything".to_owned() } else { names.join(", ") };
            let message = format!("bring back {subject} as of {when}");
            (revert::to(db, transaction(db, when)?, names), message)
        }
        (None, [tx]) => {
            let Value::Int(number) = moment(db, tx)? else {
                return Err(Problem::new(format!("`{tx}` is no transaction")).help(
                    "`defbase log` numbers them; `defbase revert --to WHEN` goes back to a moment",
                ));
            };
            let tx = u32::try_from(number).unwrap_or_default();
            (revert::transaction(db, tx), reverting(&Origin::of(db, tx)))
        }
        (None, _) => {
            return Err(Problem::new("one transaction is undone at a time")
                .help("`defbase revert --to WHEN FQN…` brings back statements"));
        }
    };
    match undone {
        Ok(change) => Ok(Ok((change, message))),
        Err(RevertError::Refused(refused)) => Ok(Err(refused)),
        Err(RevertError::NotCode(error)) => Err(error.into()),
        Err(error @ RevertError::Stored(_)) => {
            Err(Problem::new("the sources cannot be read").because(&error))
        }
    }
}

fn reverting(origin: &Origin) -> String {
    let subject = origin.subject().map(|subject| format!(": {subject}")).unwrap_or_default();
    let commit = origin.sha.as_deref().map(|sha| format!(" (commit {sha})")).unwrap_or_default();
    format!("revert transaction {}{commit}{subject}", origin.tx)
}
