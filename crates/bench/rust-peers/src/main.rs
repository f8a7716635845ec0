//! Measures Cozo or mentatdb: `defbase-rust-peers ENGINE FOLDER`.
//!
//! The folder has a plan and data, and a line goes out for each row; how time is taken and what is counted is the same for
//! every engine, by the same code. A row that an engine cannot say is skipped with the reason.

#[path = "../../src/clock.rs"]
mod clock;
mod cozo_engine;
mod mentat_engine;
mod plan;

use clock::{Measured, Pace};
use plan::{Dataset, Plan, Row};
use serde_json::json;
use std::io::Write;

/// The one that the benchmark itself uses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

/// An engine with a data set.
trait Engine {
    /// The time of a row and how much it gave, or why it has none.
    fn measure(&mut self, row: &Row, data: &Dataset, pace: Pace) -> Result<Measured, Failure>;
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [engine, folder] = arguments.as_slice() else {
        return Err("usage: defbase-rust-peers cozo|mentatdb FOLDER".into());
    };
    let start: fn(&Dataset) -> Result<Box<dyn Engine>, Failure> = match engine.as_str() {
        "cozo" => |data| Ok(Box::new(cozo_engine::Cozo::new(data)?)),
        "mentatdb" => |data| Ok(Box::new(mentat_engine::Mentat::new(data)?)),
        other => return Err(format!("no engine is called {other}").into()),
    };
    let plan = Plan::read(folder.as_ref())?;
    say(&json!({ "engine": engine, "runtime": "Rust" }))?;
    let mut now: Option<(Dataset, Result<Box<dyn Engine>, Failure>)> = None;
    for row in &plan.rows {
        if now.as_ref().is_none_or(|(data, _)| data.name != row.dataset) {
            // The last one goes before the next one comes.
            drop(now.take());
            let data = plan.dataset(folder.as_ref(), &row.dataset)?;
            let engine = start(&data);
            now = Some((data, engine));
        }
        let Some((data, engine)) = &mut now else { continue };
        let measured = match engine {
            Ok(engine) => engine.measure(row, data, plan.pace),
            Err(failure) => Err(failure.to_string().into()),
        };
        say(&match measured {
            Ok(Measured { ms, count }) => json!({ "row": row.name, "ms": ms, "count": count }),
            Err(why) => json!({ "row": row.name, "skipped": why.to_string() }),
        })?;
    }
    Ok(())
}

fn say(line: &serde_json::Value) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
