//! A project goes in, questions are answered, the log is opened again.

use crate::{Failure, best, memory};
use code::workspace::{Edit, Workspace};
use code::{import, model, project};
use db::{Db, Query};
use edn::Inst;
use std::path::Path;
use std::time::Instant;
use store::{Connection, TxInfo, open_cached};

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
    cached(name, &log, &scratch.path().join("cache"))?;
    let (now, peak) = memory();
    println!("{name}/memory-megabytes: {now:.0}");
    println!("{name}/memory-peak-megabytes: {peak:.0}");
    Ok(())
}

/// Opening the log with a cache beside it: to read, to write, and after something was written.
fn cached(name: &str, log: &Path, cache: &Path) -> Result<(), Failure> {
    drop(open_cached(log, cache)?);
    let (read_ms, _) = best(5, || Ok(open_cached(log, cache)?.db.len()))?;
    println!("{name}/open-cached-to-read-ms: {read_ms:.2}");
    let (write_ms, _) = best(5, || Ok(Connection::open_cached(log, cache)?.db().max_tx()))?;
    println!("{name}/open-cached-to-write-ms: {write_ms:.2}");
    let note = edn::read("[{:note \"by the benchmark\"}]")?;
    let written = || {
        let connection = Connection::open_cached(log, cache)?;
        Ok(connection.transact(&note, &TxInfo::default())?.tx)
    };
    // Each but the first meets a log that grew since it was looked at.
    let (written_ms, _) = best(5, written)?;
    println!("{name}/open-cached-and-write-ms: {written_ms:.2}");
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

/// What a process costs that keeps the project in memory: making it, one file after the other with a new definition and a new name
/// for it, and another name for the function that most use, each logged in a transaction of its own.
fn resident(name: &str, folder: &Path, connection: &Connection) -> Result<(), Failure> {
    let project = project::read(folder, &[folder.to_owned()])?;
    let start = Instant::now();
    let mut workspace = Workspace::of(&connection.db(), project.config.as_deref())?;
    println!("{name}/workspace-ms: {:.1}", start.elapsed().as_secs_f64() * 1e3);
    let most_used = most_used(&connection.db(), &project)?;
    let is_code = |path: &str| path.ends_with(".clj") || path.ends_with(".cljs");
    let files: Vec<_> = project.sources.into_iter().filter(|f| is_code(&f.path)).collect();
    let step = (files.len() / EDITS).max(1);
    let (mut planning, mut logged) = (Vec::new(), Vec::new());
    let mut edit = |path: &str, bytes: Vec<u8>| {
        let edit = Edit { path: path.to_owned(), bytes: Some(bytes) };
        let start = Instant::now();
        let plan = workspace.plan(&connection.db(), vec![edit], Inst(2))?;
        let planned = start.elapsed().as_secs_f64() * 1e3;
        connection.transact_ops(&plan.ops, &TxInfo::default())?;
        Ok::<_, Failure>((planned, start.elapsed().as_secs_f64() * 1e3))
    };
    for file in files.iter().step_by(step) {
        for addition in ["\n(defn added-here [x] (inc x))\n", "\n(defn added-there [x] (dec x))\n"]
        {
            let bytes = [&file.bytes[..], addition.as_bytes()].concat();
            let (planned, whole) = edit(&file.path, bytes)?;
            planning.push(planned);
            logged.push(whole);
        }
    }
    if let Some((fqn, path, texts)) = most_used {
        let times = texts.map(|text| edit(&path, text.into_bytes()));
        for (what, time) in ["renamed", "renamed-back"].into_iter().zip(times) {
            let (planned, whole) = time?;
            println!("{name}/most-used-{what}-ms: {planned:.1}, logged {whole:.1} ({fqn})");
        }
    }
    for (what, mut times) in [("edit-planned", planning), ("edit-planned-and-logged", logged)] {
        times.sort_by(f64::total_cmp);
        let (median, longest) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{name}/{what}-ms: {median:.2} (median of {}, longest {longest:.2})", times.len());
    }
    Ok(())
}

/// The function that most statements use, its file, and the file's text with another name where it is defined, and as it is.
fn most_used(
    db: &Db,
    project: &project::Project,
) -> Result<Option<(String, String, [String; 2])>, Failure> {
    let used = "[:find ?f ?n ?p (count ?d) :where [?d :dependency/to ?e] [?e :statement/fqn ?f]
                 [?e :statement/type :defn] [?e :statement/name ?n]
                 [?e :statement/file ?file] [?file :file/path ?p]]";
    let counted = Query::parse(&edn::read(used)?)?.run(&[db.into()])?;
    let mut rows: Vec<_> = counted.rows().collect();
    rows.sort_by(|a, b| b[3].cmp(&a[3]));
    for row in rows {
        let [Some(fqn), Some(name), Some(path)] = [0, 1, 2].map(|i| row[i].as_str()) else {
            continue;
        };
        let Some(file) = project.sources.iter().find(|file| file.path == path) else { continue };
        let text = String::from_utf8_lossy(&file.bytes).into_owned();
        let definition = format!("(defn {name}\n");
        if text.contains(&definition) {
            let renamed = text.replacen(&definition, &format!("(defn {name}-renamed\n"), 1);
            return Ok(Some((fqn.to_owned(), path.to_owned(), [renamed, text])));
        }
    }
    Ok(None)
}

/// How many files are edited, about.
const EDITS: usize = 40;
