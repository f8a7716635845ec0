//! What keeping a database costs: durable transactions beside what the disk itself can do, and the ways back from what was kept.
//!
//! The disk's own rate is that of appends of the same bytes, each flushed, by one thread, in rounds that alternate with those of
//! the database: disks are busy now and then.

use crate::Failure;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use store::{Connection, Replica, TxInfo};

pub(crate) struct Options {
    datoms: Vec<usize>,
    rounds: usize,
}

impl Options {
    pub(crate) fn read(arguments: &[String]) -> Result<Options, Failure> {
        let mut options = Options { datoms: vec![10_000, 1_000_000], rounds: 5 };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { return Err(crate::USAGE.into()) };
            match name.as_str() {
                "--datoms" => options.datoms = vec![value.parse()?],
                "--rounds" => options.rounds = value.parse()?,
                _ => return Err(crate::USAGE.into()),
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(".")?;
    transactions(folder.path(), options.rounds)?;
    for datoms in &options.datoms {
        ways_back(folder.path(), *datoms)?;
    }
    Ok(())
}

const ROUND: Duration = Duration::from_millis(600);

/// How many things a second are done within a round.
fn rate(mut one: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < ROUND {
        one()?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn form(n: usize) -> Result<edn::Value, Failure> {
    Ok(edn::read(&format!("[{{:person/name \"Ivan {n}\" :person/age {}}}]", n % 90))?)
}

fn transactions(folder: &Path, rounds: usize) -> Result<(), Failure> {
    let log = folder.join("rate-txlog.edn");
    let connection = Connection::create(&log, &edn::Map::new(), &TxInfo::default())?;
    let before = std::fs::metadata(&log)?.len();
    connection.transact(&form(0)?, &TxInfo::default())?;
    let bytes = vec![b'x'; (std::fs::metadata(&log)?.len() - before) as usize];
    let mut file = OpenOptions::new().append(true).create(true).open(folder.join("rate-raw"))?;
    let (mut disk, mut one, mut many) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        disk.push(rate(|| Ok(file.write_all(&bytes).and_then(|()| file.sync_data())?))?);
        let mut n = round << 20;
        one.push(rate(|| {
            n += 1;
            connection.transact(&form(n)?, &TxInfo::default())?;
            Ok(())
        })?);
        many.push(side_by_side(&connection, round)?);
    }
    let (disk, one, many) = (median(disk), median(one), median(many));
    println!("durable/bytes-a-transaction: {}", bytes.len());
    println!("durable/disk: {disk:.0} flushed appends a second");
    println!("durable/1-writer: {one:.0} transactions a second, {:.2} of the disk", one / disk);
    println!("durable/64-writers: {many:.0} transactions a second, {:.1} times one", many / one);
    Ok(())
}

/// Transactions a second of 64 threads on one connection.
fn side_by_side(connection: &Connection, round: usize) -> Result<f64, Failure> {
    const WRITERS: usize = 64;
    let start = Instant::now();
    let write = |writer: usize| {
        let mut done = 0;
        while start.elapsed() < ROUND {
            let form = form((round * WRITERS + writer) << 20 | done).ok()?;
            connection.transact(&form, &TxInfo::default()).ok()?;
            done += 1;
        }
        Some(done)
    };
    let count: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS)
            .map(|w| {
                scope.spawn({
                    let write = &write;
                    move || write(w)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().ok().flatten()).sum::<Option<usize>>()
    })
    .ok_or("a writer failed")?;
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

/// Sizes and times of a log, its snapshot and its cache.
fn ways_back(folder: &Path, datoms: usize) -> Result<(), Failure> {
    const AT_A_TIME: usize = 100;
    let name = format!("durable*{datoms}");
    let log = folder.join(format!("{datoms}-txlog.edn"));
    let connection = Connection::create(&log, &edn::Map::new(), &TxInfo::default())?;
    let mut batch = connection.batch();
    let mut n = 0;
    while batch.db().len() < datoms {
        let ops: Vec<db::Op> =
            (0..AT_A_TIME as u32).flat_map(|e| person(e, n + e as usize)).collect();
        batch.transact_ops(&ops, &TxInfo::default())?;
        n += AT_A_TIME;
    }
    batch.finish()?;
    let state = connection.state();
    println!("{name}/datoms: {}", state.db.len());
    println!("{name}/log-bytes: {}", std::fs::metadata(&log)?.len());
    drop(connection);

    let snapshot = folder.join(format!("{datoms}.edn"));
    let start = Instant::now();
    store::write_snapshot(&state, &snapshot)?;
    shown(&name, "snapshot-written", start);
    println!("{name}/snapshot-bytes: {}", std::fs::metadata(&snapshot)?.len());
    drop(state);
    let start = Instant::now();
    std::hint::black_box(store::read_snapshot(&snapshot)?);
    shown(&name, "snapshot-read", start);

    let start = Instant::now();
    std::hint::black_box(Replica::open(&log)?.db());
    shown(&name, "log-replayed", start);

    let cache = folder.join(format!("{datoms}-cache"));
    let start = Instant::now();
    drop(Connection::open_cached(&log, &cache)?);
    shown(&name, "log-replayed-and-cached", start);
    let start = Instant::now();
    let opened = store::open_cached(&log, &cache)?;
    let found = opened.db.get(7, &edn::Value::keyword("person/name"));
    shown(&name, "first-answer-from-the-cache", start);
    if found.is_none() {
        return Err("nobody is there".into());
    }
    // The tail: one transaction behind what the cache has.
    let connection = Connection::open_cached(&log, &cache)?;
    connection.transact(&form(n)?, &TxInfo::default())?;
    drop(connection);
    let start = Instant::now();
    let opened = store::open_cached(&log, &cache)?;
    std::hint::black_box(opened.db.max_tx());
    shown(&name, "cache-and-the-tail-of-the-log", start);
    Ok(())
}

/// Five facts about somebody.
fn person(e: u32, n: usize) -> Vec<db::Op> {
    let facts = [
        ("person/name", edn::Value::string(format!("Ivan {n}"))),
        ("person/email", edn::Value::string(format!("ivan{n}@example.com"))),
        ("person/age", edn::Value::Int((n % 90) as i64)),
        ("person/salary", edn::Value::Int((n * 7919 % 100_000) as i64)),
        ("person/city", edn::Value::keyword(["lisboa", "praha", "wien"][n % 3])),
    ];
    let op = |(a, v): (&str, edn::Value)| db::Op {
        e: db::EntityRef::New(e),
        a: edn::Value::keyword(a),
        v: db::OpValue::Value(v),
        added: true,
    };
    facts.into_iter().map(op).collect()
}

fn shown(name: &str, what: &str, start: Instant) {
    println!("{name}/{what}: {:.2} ms", start.elapsed().as_secs_f64() * 1e3);
}
