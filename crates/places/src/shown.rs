//! Which transactions a place's tables show, and whether a database goes on from there.
//!
//! A place that keeps tables beside its log has to know two things of a database it is given, without comparing them transaction by
//! transaction: whether it is that of the log as it is now, and whether what the tables show is its past.
//!
//! - The *heads* of a log are transactions of it from which, going back to parents, every other one is come to. A database that has
//!   them has all of the log, since it has the parents of what it has; if it has no more transactions than the log, they are the same.
//! - A database gives its transactions their entities in the order of their ids. So if the log that the tables are of is part of it, and
//!   the last transaction of that log has the same entity as then, nothing has come in between: what is new is behind it.
//!
//! Costs: a look-up for each head, of which there is one where nobody works beside another.

use db::{Db, EntityId, TX0};
use edn::{Uuid, Value};
use std::collections::BTreeSet;
use store::Transaction;

/// What tables show: a database whose last transaction had this entity and this id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shown {
    pub(crate) tx: EntityId,
    pub(crate) last: Uuid,
}

impl Shown {
    /// What tables show that are of this database; `None` where it was not made of a log.
    pub(crate) fn of(db: &Db) -> Option<Shown> {
        match db.get(db.max_tx(), &Value::keyword("tx/id")) {
            Some(Value::Uuid(last)) => Some(Shown { tx: db.max_tx(), last }),
            _ => None,
        }
    }

    /// Whether this is the past of a database that has all transactions which the tables show.
    pub(crate) fn is_past_of(&self, db: &Db) -> bool {
        transaction(db, &self.last) == Some(self.tx)
    }
}

/// Heads of a log that gets more transactions. Some may be more than heads: a parent that comes behind its child.
pub(crate) fn heads_with<'t>(
    mut heads: BTreeSet<Uuid>,
    news: impl IntoIterator<Item = &'t Transaction>,
) -> BTreeSet<Uuid> {
    let mut news: Vec<&Transaction> = news.into_iter().collect();
    // Parents have lower ids than their children.
    news.sort_by_key(|transaction| transaction.id());
    for transaction in news {
        transaction.parents().iter().for_each(|parent| {
            heads.remove(parent);
        });
        heads.insert(transaction.id());
    }
    heads
}

/// Whether a database is that of a log with these heads and so many transactions.
pub(crate) fn is_of_log(db: &Db, heads: &BTreeSet<Uuid>, transactions: u64) -> bool {
    u64::from(db.max_tx() - TX0) == transactions && has_all_of(db, heads)
}

/// Whether a database has all transactions of a log with these heads.
pub(crate) fn has_all_of(db: &Db, heads: &BTreeSet<Uuid>) -> bool {
    heads.iter().all(|head| transaction(db, head).is_some())
}

/// The entity of a transaction.
fn transaction(db: &Db, id: &Uuid) -> Option<EntityId> {
    let attribute = db.attr(&Value::keyword("tx/id"))?;
    db.entity_with(attribute, db.cell(&Value::Uuid(*id))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use edn::Map;
    use store::{Connection, TxInfo, load, transactions};

    fn said(connection: &Connection, text: &str) {
        connection.transact(&edn::read(text).unwrap(), &TxInfo::default()).unwrap();
    }

    #[test]
    fn a_database_is_known_as_that_of_a_log_and_as_what_it_shows_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        let connection = Connection::create(&one, &Map::new(), &TxInfo::default()).unwrap();
        std::fs::copy(&one, &other).unwrap();
        said(&connection, "[{:a 1}]");
        let first = connection.db();
        let shown = Shown::of(&first).unwrap();
        said(&connection, "[{:a 2}]");
        let beside = Connection::open(&other).unwrap();
        // Ids begin with the millisecond: of two in the same one either may be the later.
        std::thread::sleep(std::time::Duration::from_millis(20));
        said(&beside, "[{:b 1}]");

        let log = std::fs::read(&one).unwrap();
        let mine = transactions(&log, &one).unwrap();
        let heads = heads_with(BTreeSet::new(), &mine);
        assert_eq!(heads.len(), 1);
        assert!(is_of_log(&connection.db(), &heads, 3));
        assert!(!is_of_log(&first, &heads, 3));
        assert!(shown.is_past_of(&connection.db()) && !shown.is_past_of(&beside.db()));

        let theirs = std::fs::read(&other).unwrap();
        let merged = load(&[log, theirs.clone()].concat(), &one).unwrap().db;
        let heads = heads_with(heads, &transactions(&theirs, &other).unwrap()[1..]);
        assert_eq!(heads.len(), 2);
        assert!(is_of_log(&merged, &heads, 4));
        assert!(!is_of_log(&connection.db(), &heads, 4));
        // Theirs is the last: mine stands before it as it did. Mine of the second time does not stand before theirs.
        assert!(shown.is_past_of(&merged));
        assert!(!Shown::of(&beside.db()).unwrap().is_past_of(&merged));
        assert_eq!(Shown::of(&Db::empty(db::Schema::default())), None);
    }

    #[test]
    fn heads_lead_to_the_whole_log_whatever_came_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let connection = Connection::create(&path, &Map::new(), &TxInfo::default()).unwrap();
        (0..5).for_each(|n| said(&connection, &format!("[{{:a {n}}}]")));
        let all = transactions(&std::fs::read(&path).unwrap(), &path).unwrap();
        let last = all[5].id();
        assert_eq!(heads_with(BTreeSet::new(), &all), BTreeSet::from([last]));
        assert_eq!(heads_with(BTreeSet::new(), all.iter().rev()), BTreeSet::from([last]));
        let later_first = heads_with(heads_with(BTreeSet::new(), &all[3..]), &all[..3]);
        assert!(later_first.contains(&last) && later_first.len() == 2);
    }
}
