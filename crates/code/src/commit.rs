//! What a transaction says of itself: who made it, when, what for, and which commit of git it was.
//!
//! A transaction that a commit was made into has the commit's facts beside its own. Its instant is the moment at which the
//! commit came to the branch that was imported, so that `as-of` finds what that branch was then; the commit's own times
//! may be earlier.

use db::{Cell, Db, EntityId, Index, Prefix};
use edn::{Inst, Map, Value};

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

/// Each attribute, its properties, what it says.
const TABLE: [(&str, &str, &str); 5] = [
    (SHA, "{:db/index true}", "The name of the commit that the transaction was made of."),
    (EMAIL, "{}", "The mail address of its author."),
    (AUTHORED_AT, "{}", "When its author wrote it."),
    (COMMITTER, "{}", "Who put it into the repository, where that was not its author."),
    (COMMITTED_AT, "{}", "When it was put there, where that was not when it was written."),
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
    let column = db.attr(&Value::keyword(SHA)).map(|a| {
        let prefix = Prefix { a: Some(a), ..Prefix::default() };
        db.scan(Index::Aevt, &prefix)
    });
    let text = |v: Cell| db.dict().string(v).map(|text| text.to_string());
    column.into_iter().flatten().filter_map(move |d| Some((d.e, text(d.v)?)))
}
