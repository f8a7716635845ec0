//! Figures of places that are reached over a network, with the servers that `cargo xtask servers` starts:
//!
//! ```text
//! cargo xtask servers cargo run --release -p defbase-places --example network_figures
//! ```

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use edn::{Map, Value};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use places::{BucketPlace, Place, PostgresPlace};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Connection, Transaction, TxInfo};

const LIMIT: Duration = Duration::from_secs(300);
const APPENDS: usize = 512;

type Open = Box<dyn Fn() -> Arc<dyn Place>>;

#[tokio::main]
async fn main() {
    let postgres = std::env::var(servers::POSTGRES).ok().map(|url| -> (&str, Open) {
        let open = move || -> Arc<dyn Place> {
            let url = format!("{url}&currentSchema=f{}", edn::Uuid::new_v4().simple());
            Arc::new(PostgresPlace::at(&url, None, LIMIT).unwrap())
        };
        ("postgres", Box::new(open))
    });
    let memory: (&str, Open) = (
        "bucket in memory",
        Box::new(|| Arc::new(BucketPlace::of(Arc::new(InMemory::new()), "", LIMIT))),
    );
    let small = transactions(APPENDS, 4);
    let sizes = [(10_000, transactions(25, 400)), (1_000_000, transactions(2_500, 400))];
    for (name, open) in postgres.into_iter().chain([memory]) {
        println!("{name}: {:.0} appends a second, one writer", appends(open(), &small, 1).await);
        println!("{name}: {:.0} appends a second, 64 writers", appends(open(), &small, 64).await);
        for (datoms, all) in &sizes {
            let place = open();
            let (append, ()) = timed(async { place.append(all, None).await.unwrap() }).await;
            let (read, reading) = timed(async { place.read(None).await.unwrap() }).await;
            assert_eq!(reading.transactions.len(), all.len());
            println!("{name}: {datoms} datoms: written in {append:.3?}, read in {read:.3?}");
        }
    }
    for (datoms, all) in &sizes {
        let text: usize = all.iter().map(|t| t.text().len()).sum();
        println!(
            "bucket: {datoms} datoms: log {text} bytes, {}",
            bucket_bytes(all, all.len()).await
        );
    }
    println!("bucket: {APPENDS} appends one by one: {}", bucket_bytes(&small, 1).await);
}

/// Transactions of so many facts each.
fn transactions(count: usize, facts: usize) -> Vec<Transaction> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.edn");
    let connection = Connection::create(&path, &Map::new(), &TxInfo::default()).unwrap();
    for n in 1..count {
        let entities = (0..facts / 4).map(|i| {
            let fqn = format!("app.part{n}/f{i}");
            Value::Map(Map::from_iter([
                (Value::keyword("statement/fqn"), Value::string(fqn)),
                (
                    Value::keyword("statement/source"),
                    Value::string(format!("(defn f{i} [x] (+ x {n}))")),
                ),
                (Value::keyword("statement/line-count"), Value::Int(1)),
                (Value::keyword("statement/pure?"), Value::Bool(i % 2 == 0)),
            ]))
        });
        let entities = Value::vector(entities.collect::<Vec<_>>());
        connection.transact(&entities, &TxInfo::default()).unwrap();
    }
    store::transactions(&std::fs::read(&path).unwrap(), &path).unwrap()
}

async fn appends(place: Arc<dyn Place>, all: &[Transaction], writers: usize) -> f64 {
    place.append(&all[..1], None).await.unwrap();
    let begun = Instant::now();
    let tasks: Vec<_> = all[1..]
        .chunks(all.len().div_ceil(writers))
        .map(|mine| {
            let (place, mine) = (place.clone(), mine.to_vec());
            tokio::spawn(async move {
                for transaction in &mine {
                    place.append(std::slice::from_ref(transaction), None).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    (all.len() - 1) as f64 / begun.elapsed().as_secs_f64()
}

async fn timed<T>(work: impl Future<Output = T>) -> (Duration, T) {
    let begun = Instant::now();
    let done = work.await;
    (begun.elapsed(), done)
}

async fn bucket_bytes(all: &[Transaction], at_a_time: usize) -> String {
    use futures_util::TryStreamExt;
    let store = Arc::new(InMemory::new());
    let place = BucketPlace::of(store.clone(), "", LIMIT);
    for part in all.chunks(at_a_time) {
        place.append(part, None).await.unwrap();
    }
    let objects: Vec<_> = ObjectStore::list(&*store, None).try_collect().await.unwrap();
    let bytes: u64 = objects.iter().map(|object| object.size).sum();
    format!("{bytes} bytes in {} objects", objects.len())
}
