//! The one face of all places.

use crate::error::PlaceError;
use crate::form::{Form, Notation};
use async_trait::async_trait;
use db::Db;
use edn::Inst;
use store::Transaction;

/// How far a log was read. It means something to the place that gave it alone, and nothing once that was begun anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark(pub(crate) String);

impl Mark {
    /// As text, to be kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What was kept. A text that is no mark is one of a log that is another one since.
    pub fn kept(text: &str) -> Mark {
        Mark(text.to_owned())
    }
}

/// Transactions of a log, in the order in which they came to be there, and how far they go.
#[derive(Debug)]
pub struct Reading {
    /// The transactions.
    pub transactions: Vec<Transaction>,
    /// Behind the last of them.
    pub mark: Mark,
    /// Whether this is the whole log: no mark was given, or the log is another one since it was.
    pub is_all: bool,
}

/// A database as it is kept: what a version consists of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Saved {
    /// What it says.
    pub form: Form,
    /// In which notation.
    pub notation: Notation,
    /// The text itself, not compressed.
    pub text: Vec<u8>,
}

/// A version that a place has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    /// Its name: what it was saved under, or the moment in milliseconds.
    pub name: String,
    /// When it was saved.
    pub saved_at: Inst,
    /// What it says.
    pub form: Form,
    /// In which notation.
    pub notation: Notation,
    /// How much room it takes there, in bytes.
    pub bytes: u64,
}

impl Version {
    /// Whether its name is the moment; such versions make room for newer ones, those that somebody named stay.
    pub fn is_moment(&self) -> bool {
        is_moment(&self.name)
    }
}

/// Something that keeps a database. See the crate for what always holds.
///
/// Calls may be made by many tasks and programs at a time. What a call that failed was to add may be there in part, whole
/// transactions of it from the first on; making the call again completes it.
#[async_trait]
pub trait Place: Send + Sync {
    /// What it is called in messages: `sqlite data/code-db.sqlite`. Passwords are left out.
    fn name(&self) -> String;

    /// Adds transactions to the log; those that are there already are passed over. They are durable when this returns.
    ///
    /// `database` is what they and all others of the caller lead to, where the caller has it. Places that show the database
    /// to programs which read no logs (tables for SQL, stored indexes) bring that up to it in one change with the log.
    async fn append(
        &self,
        transactions: &[Transaction],
        database: Option<&Db>,
    ) -> Result<(), PlaceError>;

    /// What came to the log behind a mark; everything where there is none, or where the log is another one since.
    async fn read(&self, after: Option<&Mark>) -> Result<Reading, PlaceError>;

    /// Keeps a version. One that has the name already is replaced; without a name it gets the moment for one.
    async fn save(&self, name: Option<&str>, saved: &Saved) -> Result<Version, PlaceError>;

    /// The versions, the newest first.
    async fn versions(&self) -> Result<Vec<Version>, PlaceError>;

    /// A version as it was saved; `None` where there is none of that name.
    async fn load(&self, name: &str) -> Result<Option<Saved>, PlaceError>;

    /// Forgets a version; says whether it was there.
    async fn forget(&self, name: &str) -> Result<bool, PlaceError>;

    /// Forgets all but the newest of those versions that nobody named; gives the names of those that went.
    async fn keep_newest(&self, count: usize) -> Result<Vec<String>, PlaceError> {
        let mut gone = Vec::new();
        let moments = self.versions().await?.into_iter().filter(Version::is_moment);
        for version in moments.skip(count) {
            if self.forget(&version.name).await? {
                gone.push(version.name);
            }
        }
        Ok(gone)
    }
}

/// A name that every place can use for a version: no folder, no hidden file, nothing that has to be escaped, and no moment.
pub(crate) fn checked_name(name: &str) -> Result<&str, PlaceError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    match begins_well && name.len() <= 200 && name.chars().all(is_plain) && !is_moment(name) {
        true => Ok(name),
        false => Err(PlaceError::Name(name.to_owned())),
    }
}

pub(crate) fn is_moment(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit())
}
