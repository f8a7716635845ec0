//! What a durable transaction costs, by how much was there before it.
//!
//!     cargo run --release -p defbase-store --example transaction_cost -- FOLDER
//!
//! In a folder in memory flushing is free, and what is left is the work of the store.

#![allow(clippy::print_stdout)]

use edn::{Map, Value};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;
use store::{Connection, TxInfo};

const ENTITIES_AT_ONCE: usize = 1_000;
const MEASURED: usize = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    println!("entities before  transactions before  µs a transaction");
    for transactions in [2, 20, 200] {
        let path = folder.join(format!("transaction-cost-{}.edn", std::process::id()));
        let cost = measure(&path, transactions);
        std::fs::remove_file(&path)?;
        std::fs::remove_file(path.with_extension("edn.lock"))?;
        println!("{:>15}  {:>19}  {:>16.1}", transactions * ENTITIES_AT_ONCE, transactions, cost?);
    }
    Ok(())
}

fn measure(path: &Path, transactions: usize) -> Result<f64, Box<dyn Error>> {
    let schema = edn::read("{:name {:db/unique :db.unique/identity}}")?;
    let schema = schema.as_map().cloned().unwrap_or_default();
    let connection = Connection::create(path, &schema, &TxInfo::default())?;
    for t in 0..transactions {
        let forms = (0..ENTITIES_AT_ONCE).map(|i| entity(t * ENTITIES_AT_ONCE + i, 0)).collect();
        connection.transact(&Value::vector(forms), &TxInfo::default())?;
    }
    let count = transactions * ENTITIES_AT_ONCE;
    let start = Instant::now();
    for i in 0..MEASURED {
        let form = entity(i * 7919 % count, i + 1);
        connection.transact(&Value::vector(vec![form]), &TxInfo::default())?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / MEASURED as f64)
}

fn entity(i: usize, age: usize) -> Value {
    let name = Value::string(format!("entity-{i}"));
    let map: Map =
        [(Value::keyword("name"), name), (Value::keyword("age"), Value::Int(age as i64))]
            .into_iter()
            .collect();
    Value::Map(map)
}
