//! What every place must do, whatever it keeps things in.
//!
//! `open` opens the same place each time it is called, as programs that know nothing of each other do.

use edn::{Map, Uuid, Value};
use places::{Form, Mark, Notation, Place, PlaceError, Saved};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::{Connection, Transaction, TxInfo, transactions};

pub(crate) type Open<'a> = &'a dyn Fn() -> Arc<dyn Place>;

/// Every test on a fresh place of one kind.
pub(crate) async fn all(fresh: impl Fn() -> Box<dyn Fn() -> Arc<dyn Place>>) {
    nothing_is_there_at_first(&*fresh()).await;
    transactions_stay_and_come_once(&*fresh()).await;
    a_mark_shows_what_is_new(&*fresh()).await;
    a_mark_of_another_log_shows_everything(&*fresh(), &*fresh()).await;
    writers_side_by_side_lose_nothing(&*fresh()).await;
    versions_come_back_as_they_were(&*fresh()).await;
    versions_without_names_make_room(&*fresh()).await;
    names_are_checked(&*fresh()).await;
}

/// Transactions of a log of our own, each with some text.
pub(crate) fn some(count: usize) -> Vec<Transaction> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.edn");
    let connection = Connection::create(&path, &Map::new(), &TxInfo::default()).unwrap();
    for n in 1..count {
        let source = format!("(def x{n} \"λ {}\")", "é\\n".repeat(n % 7));
        let fact = Map::from_iter([(Value::keyword("source"), Value::string(source))]);
        connection.transact(&Value::vector(vec![Value::Map(fact)]), &TxInfo::default()).unwrap();
    }
    transactions(&std::fs::read(&path).unwrap(), &path).unwrap()
}

fn texts(transactions: &[Transaction]) -> BTreeSet<String> {
    transactions.iter().map(|t| t.text().to_owned()).collect()
}

fn saved(text: &str) -> Saved {
    Saved { form: Form::Data, notation: Notation::Edn, text: text.as_bytes().to_vec() }
}

async fn nothing_is_there_at_first(open: Open<'_>) {
    let place = open();
    assert!(place.read(None).await.unwrap().transactions.is_empty());
    assert!(place.versions().await.unwrap().is_empty());
    assert!(place.load("none").await.unwrap().is_none());
    assert!(!place.forget("none").await.unwrap());
    assert!(!place.name().is_empty());
}

async fn transactions_stay_and_come_once(open: Open<'_>) {
    let all = some(20);
    // Later ones first, doubled, and by two programs.
    open().append(&all[10..], None).await.unwrap();
    open().append(&all[5..15], None).await.unwrap();
    open().append(&all, None).await.unwrap();
    open().append(&[], None).await.unwrap();
    let read = open().read(None).await.unwrap().transactions;
    assert_eq!(read.len(), all.len());
    assert_eq!(texts(&read), texts(&all));
    let ids: BTreeSet<Uuid> = read.iter().map(Transaction::id).collect();
    assert_eq!(ids.len(), all.len());
    let of = |id: Uuid| all.iter().find(|t| t.id() == id).unwrap().parents().to_vec();
    assert!(read.iter().all(|t| t.parents() == of(t.id())));
}

async fn a_mark_shows_what_is_new(open: Open<'_>) {
    let all = some(9);
    let (reader, writer) = (open(), open());
    let start = reader.read(None).await.unwrap().mark;
    writer.append(&all[4..], None).await.unwrap();
    let first = reader.read(Some(&start)).await.unwrap();
    assert_eq!(texts(&first.transactions), texts(&all[4..]));
    // What came later may be older: marks go by arrival.
    writer.append(&all[..4], None).await.unwrap();
    let second = reader.read(Some(&first.mark)).await.unwrap();
    assert_eq!(texts(&second.transactions), texts(&all[..4]));
    let third = open().read(Some(&second.mark)).await.unwrap();
    assert!(third.transactions.is_empty());
    // Whoever knows the mark is told news alone, and is told so.
    assert!(!second.is_all && !third.is_all);
    assert!(open().read(None).await.unwrap().is_all);
    // A mark outlives its program; one of another log shows everything.
    let kept = Mark::kept(second.mark.as_str());
    assert!(open().read(Some(&kept)).await.unwrap().transactions.is_empty());
    for foreign in ["", "x", "17 x", "99999999999999999999"] {
        let read = open().read(Some(&Mark::kept(foreign))).await.unwrap();
        assert!(read.is_all && read.transactions.len() == all.len(), "{foreign:?}");
    }
}

/// As when a place was thrown away and begun anew.
async fn a_mark_of_another_log_shows_everything(open: Open<'_>, other: Open<'_>) {
    let all = some(9);
    open().append(&all[..5], None).await.unwrap();
    let mark = open().read(None).await.unwrap().mark;
    other().append(&all, None).await.unwrap();
    let read = other().read(Some(&mark)).await.unwrap();
    assert!(read.is_all);
    assert_eq!(read.transactions.len(), all.len());
}

async fn writers_side_by_side_lose_nothing(open: Open<'_>) {
    let all = some(40);
    let tasks: Vec<_> = (0..4)
        .map(|n| {
            let (place, mine) = (open(), all[n * 8..n * 8 + 16].to_vec());
            tokio::spawn(async move {
                for part in mine.chunks(3) {
                    // Another writer may be at it: that passes.
                    while let Err(error) = place.append(part, None).await {
                        assert!(error.is_passing(), "{error}");
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let read = open().read(None).await.unwrap().transactions;
    assert_eq!(read.len(), all.len());
    assert_eq!(texts(&read), texts(&all));
}

async fn versions_come_back_as_they_were(open: Open<'_>) {
    let large = "(λ \"\u{0}\\\") ".repeat(100_000);
    let forms = [
        (Form::Snapshot, Notation::Edn, "{:defbase/snapshot 1}\n"),
        (Form::Data, Notation::Transit, "[\"^ \",\"~:schema\",[\"^ \"]]"),
        (Form::Entities, Notation::Json, ""),
        (Form::Serializable, Notation::Json, "{\"count\":0}"),
        (Form::Transactions, Notation::Edn, large.as_str()),
    ];
    for (form, notation, text) in forms {
        let saved = Saved { form, notation, text: text.as_bytes().to_vec() };
        let named = open().save(Some(form.name()), &saved).await.unwrap();
        let unnamed = open().save(None, &saved).await.unwrap();
        for version in [named, unnamed] {
            assert_eq!(open().load(&version.name).await.unwrap(), Some(saved.clone()));
            assert!(open().versions().await.unwrap().contains(&version), "{version:?}");
        }
    }
    open().save(Some("data"), &saved("{:again 1}")).await.unwrap();
    assert_eq!(open().load("data").await.unwrap(), Some(saved("{:again 1}")));
    let versions = open().versions().await.unwrap();
    assert_eq!(versions.iter().filter(|v| v.name == "data").count(), 1);
    assert_eq!(versions.len(), 2 * forms.len());
    assert!(open().forget("data").await.unwrap());
    assert!(open().load("data").await.unwrap().is_none());
}

async fn versions_without_names_make_room(open: Open<'_>) {
    open().save(Some("kept"), &saved("kept")).await.unwrap();
    let mut names = Vec::new();
    for n in 0..6 {
        names.push(open().save(None, &saved(&n.to_string())).await.unwrap().name);
    }
    names.reverse();
    let moments = |versions: Vec<places::Version>| -> Vec<String> {
        versions.into_iter().filter(|v| v.is_moment()).map(|v| v.name).collect()
    };
    assert_eq!(moments(open().versions().await.unwrap()), names);
    assert_eq!(open().keep_newest(2).await.unwrap(), names[2..]);
    assert_eq!(moments(open().versions().await.unwrap()), names[..2]);
    assert_eq!(open().load("kept").await.unwrap(), Some(saved("kept")));
    assert!(open().keep_newest(2).await.unwrap().is_empty());
}

async fn names_are_checked(open: Open<'_>) {
    let long = "x".repeat(201);
    for name in ["", "../x", "a/b", ".hidden", "a b", "'; drop table x; --", "é", "17", &long] {
        let refused = open().save(Some(name), &saved("x")).await;
        assert!(matches!(refused, Err(PlaceError::Name(_))), "{name:?}: {refused:?}");
    }
    assert!(open().versions().await.unwrap().is_empty());
}
