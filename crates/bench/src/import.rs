//! A project goes in, questions are answered, the log is opened again.

use crate::{Failure, best, memory};
use code::workspace::{Edit, Workspace};
use code::{import, model, project};
use db::{Db, Query};
use edn::Inst;
use std::path::Path;
use std::time::Instant;
use store::{Connection, TxInfo};

/// The seed's questions and some of those a team asks daily.
const QUERIES: &[(&str, &str)] = &[
    (
        "deps-of-one",
        "[:find ?d ?s :in $ ?f :where [?e :statement/fqn ?f] [?e :statement/dependencies ?d] [?x :statement/fqn ?d] [?x :statement/source ?s]]",
    ),
    (
        "all-edges",
        "[:find ?from ?to :where [?e :statement/fqn ?from] [?e :statement/dependencies ?to]]",
    ),
    (
        "namespace-statistics",
        "[:find ?ns (count ?e) (avg ?n) :where [?e :statement/namespace ?ns] [?e :statement/line-count ?n]]",
    ),
    (
        "users-of-one",
        "[:find ?u :in $ ?f :where [?e :statement/fqn ?f] [?d :dependency/to ?e] [?d :dependency/from ?s] [?s :statement/fqn ?u]]",
    ),
    (
        "pure-functions",
        "[:find ?f :where [?e :statement/pure? true] [?e :statement/type :defn] [?e :statement/fqn ?f]]",
    ),
];

pub(crate) fn measure(name: &str, folder: &Path) -> Result<(), Failure> {
    let scratch = tempfile::tempdir()?;
    let log = scratch.path().join("code-db-txlog.edn");
    let roots = [folder.to_owned()];
    let (read_ms, project) = best(3, || Ok(project::read(folder, &roots)?))?;
    let empty = model::empty_db()?;
    let (plan_ms, planned) = best(3, || Ok(import::import(&empty, project.clone(), Inst(0))?))?;
    let report = &planned.report;
    let (lines, bytes) = (report.lines as f64, report.bytes as f64);
    println!("{name}/files: {}", report.files);
    println!("{name}/lines: {}", report.lines);
    println!("{name}/statements: {}", report.statements);
    println!("{name}/operations: {}", planned.plan.ops.len());
    println!("{name}/read-files-ms: {read_ms:.1}");
    for (phase, took) in &report.timings {
        println!("{name}/{}-ms: {:.1}", phase.replace(' ', "-"), took.as_secs_f64() * 1e3);
    }
    let (index_ms, _) =
        best(3, || Ok(empty.with_ops(&planned.plan.ops, edn::Value::Nil)?.db_after.len()))?;
    println!("{name}/index-ms: {index_ms:.1}");
    let connection = Connection::create(&log, &model::schema_map()?, &TxInfo::default())?;
    let start = Instant::now();
    connection.transact_ops(&planned.plan.ops, &TxInfo::default())?;
    let log_ms = start.elapsed().as_secs_f64() * 1e3;
    println!("{name}/index-and-log-ms: {log_ms:.1}");
    let total = read_ms + plan_ms + log_ms;
    println!("{name}/import-total-ms: {total:.1}");
    println!("{name}/lines-per-second: {:.0}", lines / total * 1e3);
    println!("{name}/megabytes-per-second: {:.1}", bytes / total / 1e3);
    println!("{name}/log-megabytes: {:.1}", std::fs::metadata(&log)?.len() as f64 / 1e6);
    println!("{name}/datoms: {}", connection.db().len());
    queries(name, &connection.db())?;
    again(name, folder, &connection)?;
    resident(name, folder, &connection)?;
    drop(connection);
    let (open_ms, opened) = best(3, || Ok(Connection::open(&log)?.db()))?;
    println!("{name}/open-log-ms: {open_ms:.1}");
    drop(opened);
    let (now, peak) = memory();
    println!("{name}/memory-megabytes: {now:.0}");
    println!("{name}/memory-peak-megabytes: {peak:.0}");
    Ok(())
}

fn queries(name: &str, db: &Db) -> Result<(), Failure> {
    let most_used = "[:find ?f (count ?d) :where [?d :dependency/to ?e] [?e :statement/fqn ?f]]";
    let counted = Query::parse(&edn::read(most_used)?)?.run(&[db.into()])?;
    let used = counted.rows().max_by(|a, b| a[1].cmp(&b[1])).map(|row| row[0].clone());
    for (question, text) in QUERIES {
        let query = edn::read(text)?;
        let mut inputs = vec![db.into()];
        if text.contains(":in $ ?f") {
            inputs.extend(used.clone().map(db::Input::from));
        }
        let (ms, rows) = best(5, || Ok(Query::parse(&query)?.run(&inputs)?.len()))?;
        println!("{name}/q-{question}-ms: {ms:.3} ({rows} rows)");
    }
    Ok(())
}

/// Importing again: nothing changed, and one file changed.
fn again(name: &str, folder: &Path, connection: &Connection) -> Result<(), Failure> {
    let roots = [folder.to_owned()];
    let db = connection.db();
    let mut project = project::read(folder, &roots)?;
    let (ms, planned) = best(3, || Ok(import::import(&db, project.clone(), Inst(1))?))?;
    println!("{name}/import-unchanged-ms: {ms:.1} ({} operations)", planned.plan.ops.len());
    let sources = project.sources.iter_mut();
    if let Some(file) = sources.filter(|f| f.path.ends_with(".clj")).last() {
        file.bytes.extend_from_slice(b"\n(def added-by-the-benchmark 1)\n");
    }
    let (ms, planned) = best(3, || Ok(import::import(&db, project.clone(), Inst(1))?))?;
    println!("{name}/import-one-changed-ms: {ms:.1} ({} operations)", planned.plan.ops.len());
    Ok(())
}

/// What a process costs that keeps the project in memory: making it, and one file after the other with a new definition and a
/// new name for it, each logged in a transaction of its own.
fn resident(name: &str, folder: &Path, connection: &Connection) -> Result<(), Failure> {
    let start = Instant::now();
    let mut workspace = Workspace::of(&connection.db(), None)?;
    println!("{name}/workspace-ms: {:.1}", start.elapsed().as_secs_f64() * 1e3);
    let project = project::read(folder, &[folder.to_owned()])?;
    let is_code = |path: &str| path.ends_with(".clj") || path.ends_with(".cljs");
    let files: Vec<_> = project.sources.into_iter().filter(|f| is_code(&f.path)).collect();
    let step = (files.len() / EDITS).max(1);
    let (mut planning, mut logged) = (Vec::new(), Vec::new());
    for file in files.iter().step_by(step) {
        for addition in ["\n(defn added-here [x] (inc x))\n", "\n(defn added-there [x] (dec x))\n"]
        {
            let bytes = [&file.bytes[..], addition.as_bytes()].concat();
            let edit = Edit { path: file.path.clone(), bytes: Some(bytes) };
            let start = Instant::now();
            let plan = workspace.plan(&connection.db(), vec![edit], Inst(2))?;
            planning.push(start.elapsed().as_secs_f64() * 1e3);
            connection.transact_ops(&plan.ops, &TxInfo::default())?;
            logged.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    for (what, mut times) in [("edit-planned", planning), ("edit-planned-and-logged", logged)] {
        times.sort_by(f64::total_cmp);
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{name}/{what}-ms: {median:.2} (median of {}, longest {longest:.2})", times.len());
    }
    Ok(())
}

/// How many files are edited, about.
const EDITS: usize = 40;
