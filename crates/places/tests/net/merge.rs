//! Clones that exchange their logs through different places come to the same bytes, whatever the order.

use crate::{bucket, fresh};
use edn::{Map, Value};
use places::{FilePlace, Place, PostgresPlace, Squeeze};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use servers::{BUCKETS, POSTGRES, address};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::{Collection, Connection, TxInfo, encode_snapshot};

const LIMIT: Duration = Duration::from_secs(30);
const CLONES: usize = 3;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// A clone says something of its own about one of a few things.
    Say { clone: usize, name: u8, value: u8 },
    /// A clone exchanges its log with a place.
    Exchange { clone: usize, place: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..CLONES, 0..4u8, 0..9u8).prop_map(|(clone, name, value)| Step::Say { clone, name, value }),
        1 => (0..CLONES, 0..3usize).prop_map(|(clone, place)| Step::Exchange { clone, place }),
    ]
}

fn say(log: &Path, name: u8, value: u8) {
    let connection = Connection::open(log).unwrap();
    let text = format!("[{{:name \"n{name}\" :value {value}}}]");
    connection.transact(&edn::read(&text).unwrap(), &TxInfo::default()).unwrap();
}

/// Gives a place what it lacks of a log, and the log what it lacks of the place.
async fn exchange(log: &Path, place: &dyn Place) {
    let ours = store::transactions(&std::fs::read(log).unwrap(), log).unwrap();
    place.append(&ours, None).await.unwrap();
    let theirs = place.read(None).await.unwrap().transactions;
    Collection::at(log).add(&theirs).unwrap();
}

fn snapshot(log: &Path) -> String {
    encode_snapshot(&store::load(&std::fs::read(log).unwrap(), log).unwrap())
}

async fn run(steps: &[Step], places: &[Box<dyn Place>; 3], order: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let logs: Vec<PathBuf> =
        (0..CLONES).map(|n| folder.path().join(format!("clone-{n}.edn"))).collect();
    let schema = edn::read("{:name {:db/unique :db.unique/identity}}").unwrap();
    let schema: Map = match schema {
        Value::Map(map) => map,
        other => panic!("{other}"),
    };
    drop(Connection::create(&logs[0], &schema, &TxInfo::default()).unwrap());
    for other in &logs[1..] {
        std::fs::copy(&logs[0], other).unwrap();
    }
    for step in steps {
        match step {
            Step::Say { clone, name, value } => say(&logs[*clone], *name, *value),
            Step::Exchange { clone, place } => exchange(&logs[*clone], &*places[*place]).await,
        }
    }
    // In the end each hears of each, in an order that is drawn, too.
    for _ in 0..2 {
        for (n, log) in logs.iter().enumerate() {
            for at in 0..3 {
                exchange(log, &*places[order[(n + at) % 3]]).await;
            }
        }
    }
    let first = snapshot(&logs[0]);
    for log in &logs[1..] {
        assert!(snapshot(log) == first, "clones differ");
    }
}

#[test]
fn clones_that_exchange_through_a_file_postgres_and_a_bucket_converge() {
    let (Some(url), Some(endpoint)) = (address(POSTGRES), address(BUCKETS)) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config { cases: 6, max_shrink_iters: 20, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let steps = (prop::collection::vec(step(), 10..30), Just(vec![0, 1, 2]).prop_shuffle());
    let outcome = runner.run(&steps, |(steps, order)| {
        let folder = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let url = format!("{url}&currentSchema={}", fresh("merge"));
            let places: [Box<dyn Place>; 3] = [
                Box::new(FilePlace::at(&folder.path().join("shared.edn"), Squeeze::None)),
                Box::new(PostgresPlace::at(&url, None, LIMIT).unwrap()),
                Box::new((bucket::s3(&endpoint).await)()),
            ];
            run(&steps, &places, &order).await;
        });
        Ok(())
    });
    outcome.unwrap();
}
