//! What a transaction says of itself: who made it, when, what for, and which commit of git it was.
//!
//! A transaction that a commit was made into has the commit's facts beside its own. Its instant is the moment at which the
//! commit came to the branch that was imported, so that `as-of` finds what that branch was then; the commit's own times
//! may be earlier.

use db::{Cell, Db, EntityId, Index, Prefix};
use edn::{Inst, Map, Value};
use std::fmt;

/// The commit's name, in hexadecimal.
pub const SHA: &str = "git/sha";
/// The mail address of its author.
pub const EMAIL: &str = "git/email";
/// When its author wrote it.
pub const AUTHORED_AT: &str = "git/authored-at";
/// Who put it into the repository, where that was not its author.
pub const COMMITTER: &str = "git/committer";
/// When it was put there, where that was not when it was written.
pub const COMMITTED_AT: &str = "git/committed-at";
/// Lines that came with a merge and that another commit wrote; [`Credit`] reads it.
pub const CREDITS: &str = "git/credits";

/// Each attribute, its properties, what it says.
const TABLE: [(&str, &str, &str); 6] = [
    (SHA, "{:db/index true}", "The name of the commit that the transaction was made of."),
    (EMAIL, "{}", "The mail address of its author."),
    (AUTHORED_AT, "{}", "When its author wrote it."),
    (COMMITTER, "{}", "Who put it into the repository, where that was not its author."),
    (COMMITTED_AT, "{}", "When it was put there, where that was not when it was written."),
    (
        CREDITS,
        "{:db/cardinality :db.cardinality/many}",
        "Lines that came with a merge and that another commit wrote: `COMMIT FIRST-LAST PATH`.",
    ),
];

/// The schema of what is said of commits, each attribute with its `:db/doc`.
pub(crate) fn schema_map() -> Result<Map, edn::ReadError> {
    let mut schema = Map::new();
    for (name, properties, doc) in TABLE {
        let mut attribute = match edn::read(properties)? {
            Value::Map(map) => map,
            _ => Map::new(),
        };
        attribute.insert(Value::keyword("db/doc"), Value::string(doc));
        schema.insert(Value::keyword(name), Value::Map(attribute));
    }
    Ok(schema)
}

/// When, by whom and what for something was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The transaction.
    pub tx: EntityId,
    /// Its time, where it says one; of a commit, when its author wrote it.
    pub at: Option<Inst>,
    /// Its author, where it says one.
    pub author: Option<String>,
    /// The author's mail address, of a commit.
    pub email: Option<String>,
    /// What it was for, where it says so.
    pub message: Option<String>,
    /// The name of the commit it was made of.
    pub sha: Option<String>,
}

impl Origin {
    /// What a transaction says of itself.
    pub fn of(db: &Db, tx: EntityId) -> Origin {
        let get = |name: &str| db.get(tx, &Value::keyword(name));
        let text =
            |name: &str| get(name).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
        let instant = |name: &str| match get(name) {
            Some(Value::Inst(at)) => Some(at),
            _ => None,
        };
        Origin {
            tx,
            at: instant(AUTHORED_AT).or_else(|| instant("db/txInstant")),
            author: text("tx/author"),
            email: text(EMAIL),
            message: text("tx/message"),
            sha: text(SHA),
        }
    }

    /// The first line of what it was for.
    pub fn subject(&self) -> Option<&str> {
        self.message.as_deref().map(|message| message.lines().next().unwrap_or(""))
    }
}

/// Lines of a file after a merge that another commit wrote.
///
/// ```
/// use code::commit::Credit;
/// let credit = Credit { sha: "4f2a91c".into(), first: 3, last: 5, path: "src/app/core.clj".into() };
/// assert_eq!(credit.to_string(), "4f2a91c 3-5 src/app/core.clj");
/// assert_eq!(Credit::read("4f2a91c 3-5 src/app/core.clj"), Some(credit));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The commit that wrote them.
    pub sha: String,
    /// The first of them in the file as it is after the merge, from 1.
    pub first: usize,
    /// The last of them.
    pub last: usize,
    /// The file's path.
    pub path: String,
}

impl Credit {
    /// Reads what is stored.
    pub fn read(text: &str) -> Option<Credit> {
        let (sha, rest) = text.split_once(' ')?;
        let (lines, path) = rest.split_once(' ')?;
        let (first, last) = lines.split_once('-')?;
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        Some(Credit { sha: sha.to_owned(), first, last, path: path.to_owned() })
    }
}

impl fmt::Display for Credit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}-{} {}", self.sha, self.first, self.last, self.path)
    }
}

/// Why the beginning of a commit's name means no transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShaError {
    /// No commit begins so.
    #[error("no commit in this database begins with {0}")]
    Unknown(String),
    /// Several do.
    #[error("{0} begins several commits in this database; give more of it")]
    Ambiguous(String),
}

/// How much of a commit's name must be given at least.
pub const SHORTEST_SHA: usize = 4;

/// Whether a text can be the beginning of a commit's name.
pub fn is_sha(text: &str) -> bool {
    text.len() >= SHORTEST_SHA
        && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The transaction of a commit, by the beginning of its name.
pub fn with_sha(db: &Db, start: &str) -> Result<EntityId, ShaError> {
    let mut found = shas(db).filter(|(_, sha)| sha.starts_with(start));
    match (found.next(), found.next()) {
        (Some((tx, _)), None) => Ok(tx),
        (None, _) => Err(ShaError::Unknown(start.to_owned())),
        (Some(_), Some(_)) => Err(ShaError::Ambiguous(start.to_owned())),
    }
}

/// The commits that a database was made of, and their transactions, in the order of those.
pub fn shas(db: &Db) -> impl Iterator<Item = (EntityId, String)> + '_ {
    texts(db, SHA)
}

/// The lines that came with merges and that other commits wrote, by the merge's transaction.
pub(crate) fn credits(db: &Db) -> impl Iterator<Item = (EntityId, Credit)> + '_ {
    texts(db, CREDITS).filter_map(|(tx, text)| Some((tx, Credit::read(&text)?)))
}

fn texts<'a>(db: &'a Db, name: &str) -> impl Iterator<Item = (EntityId, String)> + use<'a> {
    let column = db.attr(&Value::keyword(name)).map(|a| {
        let prefix = Prefix { a: Some(a), ..Prefix::default() };
        db.scan(Index::Aevt, &prefix)
    });
    let text = |v: Cell| db.dict().string(v).map(|text| text.to_string());
    column.into_iter().flatten().filter_map(move |d| Some((d.e, text(d.v)?)))
}
