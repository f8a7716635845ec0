//! Whatever several people write, in whatever order it comes to the file: what it shows is the database of the log.

use super::{assert_shows, code_log, edn_of, place};
use places::Place;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use store::{Connection, StoreError, TxInfo, load};

const PEOPLE: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Write {
        who: usize,
        forms: Vec<String>,
    },
    /// A union merge of one log into another.
    Merge {
        from: usize,
        to: usize,
    },
    /// All of a log goes to the place, by a program that knows the file or one that begins anew.
    Append {
        who: usize,
        with_database: bool,
        anew: bool,
    },
    /// Some transactions of a log alone, children perhaps before their parents.
    AppendSome {
        who: usize,
        every: usize,
        back: bool,
    },
}

fn form() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..5u8, 0..4u8, any::<bool>(), 0..3u8).prop_map(|(name, n, pure, file)| format!(
            "{{:statement/fqn \"s/{name}\" :statement/source \"(def {n})\" :statement/doc \"word{n} of {name}\" \
             :statement/pure? {pure} :statement/created-at #inst \"2026-01-02T03:04:05.{n}06Z\" :statement/file {{:file/path \"f{file}\"}}}}"
        )),
        4 => (0..5u8, 0..5u8, 0..3u8).prop_map(|(from, to, kind)| format!(
            "{{:dependency/from {{:statement/fqn \"s/{from}\"}} :dependency/to {{:statement/fqn \"s/{to}\"}} :dependency/type :t{kind}}}"
        )),
        1 => (0..3u8).prop_map(|n| format!("{{:namespace/name \"n{n}\" :namespace/description \"d\"}}")),
        2 => (1..20u8, 0..5u8).prop_map(|(e, name)| format!("{{:db/id {e} :statement/fqn \"s/{name}\"}}")),
        2 => (1..20u8, 5..9u8).prop_map(|(e, name)| format!("{{:db/id {e} :statement/fqn \"s/{name}\"}}")),
        1 => (1..20u8, 0..5u8).prop_map(|(e, path)| format!("{{:db/id {e} :file/path \"f{path}\"}}")),
        3 => (1..20u8).prop_map(|e| format!("[:db/retractEntity {e}]")),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..PEOPLE;
    prop_oneof![
        5 => (who.clone(), prop::collection::vec(form(), 1..5)).prop_map(|(who, forms)| Step::Write { who, forms }),
        2 => (who.clone(), who.clone()).prop_map(|(from, to)| Step::Merge { from, to }),
        5 => (who.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(who, with_database, anew)| Step::Append { who, with_database: with_database || anew, anew }),
        1 => (who, 1..3usize, any::<bool>()).prop_map(|(who, every, back)| Step::AppendSome { who, every, back }),
    ]
}

struct Person {
    log: PathBuf,
    connection: Option<Connection>,
}

impl Person {
    fn connection(&mut self) -> &Connection {
        self.connection.get_or_insert_with(|| Connection::open(&self.log).unwrap())
    }

    fn take(&mut self, other: &[u8]) {
        self.connection = None;
        let mut both = std::fs::read(&self.log).unwrap();
        both.extend_from_slice(other);
        std::fs::write(&self.log, both).unwrap();
    }
}

async fn run(steps: &[Step], folder: &Path) {
    let path = folder.join("code-db.sqlite");
    let mut people: Vec<Person> = Vec::new();
    for n in 0..PEOPLE {
        let log = folder.join(format!("log{n}"));
        match people.first() {
            None => drop(code_log(&log)),
            Some(first) => drop(std::fs::copy(&first.log, &log).unwrap()),
        }
        people.push(Person { log, connection: None });
    }
    let mut known = place(&path);
    for step in steps {
        match step {
            Step::Write { who, forms } => {
                // What does not fit leaves the others.
                let tx = edn_of(&format!("[{}]", forms.join(" ")));
                let _ = people[*who].connection().transact(&tx, &TxInfo::default());
            }
            Step::Merge { from, to } => {
                let theirs = std::fs::read(&people[*from].log).unwrap();
                people[*to].take(&theirs);
            }
            Step::Append { who, with_database, anew } => {
                let all = super::log_of(&people[*who].log);
                let database = with_database.then(|| people[*who].connection().db());
                if *anew {
                    known = place(&path);
                }
                known.append(&all, database.as_ref()).await.unwrap();
                if *with_database {
                    check(&known, &path).await;
                }
            }
            Step::AppendSome { who, every, back } => {
                let mut some: Vec<_> =
                    super::log_of(&people[*who].log).into_iter().step_by(*every).collect();
                if *back {
                    some.reverse();
                    some.truncate(1);
                }
                known.append(&some, None).await.unwrap();
            }
        }
    }
}

async fn check(place: &places::SqlitePlace, path: &Path) {
    let all = place.read(None).await.unwrap().transactions;
    let text: String = all.iter().map(|transaction| transaction.text()).collect();
    match load(text.as_bytes(), path) {
        Ok(replayed) => assert_shows(path, &replayed.db).await,
        Err(StoreError::MissingParents(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn what_is_shown_is_the_database_of_the_log(steps in prop::collection::vec(step(), 4..24)) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(&steps, folder.path()));
    }
}
