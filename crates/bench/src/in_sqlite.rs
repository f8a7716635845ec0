//! A code database kept in SQLite: what a transaction costs there beside the disk's own flush, what it all takes, and how long it is
//! until the first answer.

use crate::{Failure, made_up};
use code::{import, model, project};
use db::Db;
use edn::Inst;
use places::{Place, SqlitePlace, Squeeze};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Connection, Transaction, TxInfo, transactions};
use tokio::runtime::Runtime;

const ROUND: Duration = Duration::from_secs(2);

/// Writers side by side.
const WRITERS: usize = 64;

/// Made-up projects of so many namespaces each: of ten thousand and of a million datoms where nothing is said.
pub(crate) fn measure_each(arguments: &[String]) -> Result<(), Failure> {
    let given =
        arguments.iter().map(|n| Ok(n.parse()?)).collect::<Result<Vec<usize>, Failure>>()?;
    let sizes = if given.is_empty() { vec![20, 1150] } else { given };
    sizes.into_iter().try_for_each(measure)
}

fn measure(namespaces: usize) -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(".")?;
    let at = |name: &str| folder.path().join(name);
    made_up::write(&at("project"), namespaces)?;
    let connection = Connection::create(&at("log"), &model::schema_map()?, &TxInfo::default())?;
    let project = project::read(&at("project"), &[PathBuf::from(".")])?;
    let planned = import::import(&connection.db(), project, Inst(0))?;
    connection.transact_ops(&planned.plan.ops, &TxInfo::default())?;
    let db = connection.db();
    let datoms = db.len();
    println!("{datoms}/statements: {}", planned.report.statements);
    println!("{datoms}/log-megabytes: {:.1}", megabytes(&at("log"))?);
    println!("{datoms}/data-edn-megabytes: {:.1}", db.to_data().to_string().len() as f64 / 1e6);

    let (runtime, path) = (Runtime::new()?, at("code-db.sqlite"));
    let place = Arc::new(SqlitePlace::at(&path, Squeeze::None));
    let log = Log { path: at("log"), read: 0 }.rest()?;
    let start = Instant::now();
    runtime.block_on(place.append(&log, Some(&db)))?;
    println!("{datoms}/fill-ms: {:.0}", ms(start));
    sizes(datoms, &path)?;
    first_answer(datoms, &runtime, &path)?;
    a_transaction(datoms, &runtime, &connection, &at("log"), &path)?;
    side_by_side(datoms, &runtime, connection, &place, &at("log"))?;
    println!("{datoms}/disk-flushes-a-second: {:.0}", flushes(&at("flushed"))?);
    Ok(())
}

/// A log that is read on.
struct Log {
    path: PathBuf,
    read: usize,
}

impl Log {
    fn rest(&mut self) -> Result<Vec<Transaction>, Failure> {
        let bytes = std::fs::read(&self.path)?;
        let rest = transactions(&bytes[self.read..], &self.path)?;
        self.read = bytes.len();
        Ok(rest)
    }
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

fn megabytes(path: &Path) -> Result<f64, Failure> {
    Ok(std::fs::metadata(path)?.len() as f64 / 1e6)
}

fn sizes(datoms: usize, path: &Path) -> Result<(), Failure> {
    let sql = rusqlite::Connection::open(path)?;
    sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    println!("{datoms}/sqlite-megabytes: {:.1}", megabytes(path)?);
    let question = "SELECT coalesce(sum(pgsize), 0) / 1e6 FROM dbstat WHERE name GLOB ?1";
    for (part, names) in [
        ("log", "*defbase_log*"),
        ("nodes", "defbase_nodes"),
        ("words", "statements_text*"),
        ("statements", "statements"),
        ("dependencies", "dependencies"),
    ] {
        let size: f64 = sql.query_row(question, [names], |row| row.get(0))?;
        println!("{datoms}/sqlite-{part}-megabytes: {size:.1}");
    }
    Ok(())
}

/// From nothing: the file opened, the database in it, and the text of one statement; the first time and the best of the others.
fn first_answer(datoms: usize, runtime: &Runtime, path: &Path) -> Result<(), Failure> {
    let named = edn::read("[:statement/fqn \"made.ns7.part7/step-7\"]")?;
    let ask = || -> Result<f64, Failure> {
        let start = Instant::now();
        let place = SqlitePlace::at(path, Squeeze::None);
        let db = runtime.block_on(place.open_database())?.ok_or("no database")?;
        let statement = db.entid(&named)?.ok_or("no such statement")?;
        let source = db.get(statement, &edn::Value::keyword("statement/source"));
        let took = ms(start);
        assert!(source.is_some());
        Ok(took)
    };
    println!("{datoms}/first-answer-ms: {:.2}", ask()?);
    let mut again = (0..20).map(|_| ask()).collect::<Result<Vec<f64>, _>>()?;
    again.sort_by(f64::total_cmp);
    println!("{datoms}/first-answer-again-ms: {:.2} (median of 20)", again[10]);
    Ok(())
}

/// One writer, one statement at a time: the log alone, all of it, and all of it by programs that begin anew.
fn a_transaction(
    datoms: usize,
    runtime: &Runtime,
    connection: &Connection,
    log: &Path,
    path: &Path,
) -> Result<(), Failure> {
    let mut log = Log { path: log.to_owned(), read: std::fs::metadata(log)?.len() as usize };
    let mut n = 0;
    let mut rate = |what: &str, with_database: bool, anew: bool| -> Result<(), Failure> {
        let mut place = SqlitePlace::at(path, Squeeze::None);
        let (start, mut taken, mut count) = (Instant::now(), Duration::ZERO, 0u32);
        while start.elapsed() < ROUND {
            n += 1;
            change(connection, n)?;
            let (news, db) = (log.rest()?, connection.db());
            let before = Instant::now();
            if anew {
                place = SqlitePlace::at(path, Squeeze::None);
            }
            runtime.block_on(place.append(&news, with_database.then_some(&db)))?;
            taken += before.elapsed();
            count += 1;
        }
        let each = taken.as_secs_f64() * 1e3 / f64::from(count);
        println!("{datoms}/{what}-ms: {each:.2} ({:.0} a second)", 1e3 / each);
        Ok(())
    };
    rate("transaction", true, false)?;
    rate("transaction-anew", true, true)?;
    rate("transaction-log-alone", false, false)
}

fn change(connection: &Connection, n: usize) -> Result<Db, Failure> {
    let tx = edn::read(&format!(
        "[{{:statement/fqn \"made.ns{}.part{}/step-{}\" :statement/source \"(def changed {n})\"}}]",
        n % 16,
        n % 16,
        n % 20
    ))?;
    Ok(connection.transact(&tx, &TxInfo::default())?.db_after)
}

/// Many writers at a time, each with transactions that were made before.
fn side_by_side(
    datoms: usize,
    runtime: &Runtime,
    connection: Connection,
    place: &Arc<SqlitePlace>,
    log: &Path,
) -> Result<(), Failure> {
    let mut log = Log { path: log.to_owned(), read: std::fs::metadata(log)?.len() as usize };
    for n in 0..WRITERS * 20 {
        change(&connection, n)?;
    }
    let news = log.rest()?;
    let database = connection.db();
    let start = Instant::now();
    runtime.block_on(async {
        let writers: Vec<_> = news
            .chunks(news.len() / WRITERS)
            .map(|mine| {
                let (place, mine, db) = (place.clone(), mine.to_vec(), database.clone());
                tokio::spawn(async move {
                    for one in mine.chunks(1) {
                        place.append(one, Some(&db)).await?;
                    }
                    Ok::<(), places::PlaceError>(())
                })
            })
            .collect();
        for writer in writers {
            writer.await??;
        }
        Ok::<(), Failure>(())
    })?;
    let rate = news.len() as f64 / start.elapsed().as_secs_f64();
    println!("{datoms}/transactions-a-second-of-{WRITERS}-writers: {rate:.0}");
    Ok(())
}

/// What the disk does by itself: a page appended and flushed.
fn flushes(path: &Path) -> Result<f64, Failure> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < ROUND {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}
