//! What this machine does: `cargo xtask bench [import | datalog] …`.
//!
//! `import` takes projects in by phase, asks them questions and opens them again; `datalog` has the rows of DataScript's own
//! benchmark and more, beside other engines, as a table of ratios and a picture; `context` says how good contexts are; `watch` runs the
//! program. Figures are for comparing within one run on
//! one machine.
#![allow(clippy::print_stdout)]

mod chart;
mod clock;
mod context;
mod data;
mod dictionary;
mod durable;
mod floor;
mod forms;
mod import;
mod in_sqlite;
mod larger;
mod made_up;
mod ours;
mod peers;
mod plan;
mod random;
mod rows;
mod side_by_side;
mod sqlite;
mod table;
mod watch;

use std::path::{Path, PathBuf};

/// The one that the program uses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Failure = Box<dyn std::error::Error>;

const USAGE: &str = "\
usage: bench [COMMAND]

  import [FOLDER…]       import by phase, queries, memory; of a made-up project where there is no folder
  watch [FOLDER…]        the program itself, from a file saved until its transaction is on disk
  forms [FOLDER…]        databases written and read in every form and notation; of made-up projects where there is no folder
  dictionary FOLDER…     how small databases of a few files and of many get, with the dictionary of Clojure code and without
    --train FILE         make a dictionary of Debian's Clojure packages instead
  memory                 bytes a datom, all indexes and values together, of two sizes
  sqlite [NAMESPACES…]   a made-up project kept in SQLite: transactions, sizes, the first answer (20 and 1150)
  durable                transactions a second beside the disk's own, and the ways back from what was kept
    --datoms N           of so many (10,000 and 1,000,000)
    --rounds N           so many rounds (5)
  larger                 a database larger than memory: made in a file, opened and asked within a limit
    --datoms N           so many (1,000,000)
    --memory MIB         the limit (2048)
    --folder FOLDER      where the file goes, for as long as it is needed
  context REPOSITORY…    how many of the statements that a commit changed stand in the context of one of them
    --commits N          the last N commits of each repository (600)
    --from N             asked about from the Nth of them on (100)
    --tune               choose the weights instead, over all of the repositories
  datalog [ROW…]         the rows (all, or those whose names begin so) by this engine, the floor and SQLite
    --quick              less exactly
    --once               this engine alone, twice each: for profilers
    --explain            how this engine answers, instead
    --growth             ten times the data, too
    --peers              DataScript in Node and Datalevin, too (`cargo xtask setup peers`)
    --rust-peers         Cozo and mentatdb, too; builds them, which takes minutes
    --datascript CP      DataScript on the JVM, too: a class path with it and what it needs
    --java PATH          the Java for it, instead of the one that Datalevin runs on
    --svg FILE           draw a picture

Without a command: both.";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("all", &[][..]),
    };
    match command {
        "import" => each(rest, &[100, 1000], import::measure),
        "watch" => each(rest, &[1000], watch::measure),
        "dictionary" => dictionary::run(rest),
        "forms" => each(rest, &[18, 1800], forms::measure),
        "memory" => bytes_a_datom(),
        "sqlite" => in_sqlite::measure_each(rest),
        "durable" => durable::run(&durable::Options::read(rest)?),
        "larger" => larger::run(&larger::Options::read(rest)?),
        "context" => context::run(&context::Options::read(rest)?),
        "datalog" => side_by_side::run(&options(rest)?),
        "all" => {
            each(&[], &[100, 1000], import::measure)?;
            side_by_side::run(&options(&[])?)
        }
        _ => Err(USAGE.into()),
    }
}

fn options(arguments: &[String]) -> Result<side_by_side::Options, Failure> {
    let mut options = side_by_side::Options {
        rows: Vec::new(),
        quick: false,
        once: false,
        explain: false,
        growth: false,
        peers: false,
        rust_peers: false,
        datascript: None,
        java: None,
        svg: None,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut path = || rest.next().map(PathBuf::from).ok_or(format!("{argument} needs a path"));
        match argument.as_str() {
            "--quick" => options.quick = true,
            "--once" => options.once = true,
            "--explain" => options.explain = true,
            "--growth" => options.growth = true,
            "--peers" => options.peers = true,
            "--rust-peers" => options.rust_peers = true,
            "--java" => options.java = Some(path()?),
            "--datascript" => options.datascript = Some(path()?.display().to_string()),
            "--svg" => options.svg = Some(path()?),
            unknown if unknown.starts_with('-') => return Err(USAGE.into()),
            row => options.rows.push(row.to_string()),
        }
    }
    Ok(options)
}

/// What the process grows by while people are taken in; what is only needed meanwhile is given back first.
fn bytes_a_datom() -> Result<(), Failure> {
    for times in [1, 10] {
        let data = data::dataset("people", times).ok_or("no people")?;
        let (before, _) = memory();
        let db = ours::loaded(&data)?;
        std::thread::sleep(std::time::Duration::from_millis(200));
        let (after, _) = memory();
        let bytes = (after - before) * 1024.0 * 1024.0 / db.len() as f64;
        println!("people*{times}/datoms: {}", db.len());
        println!("people*{times}/bytes-a-datom: {bytes:.1}");
    }
    Ok(())
}

/// Measures something of each of these folders, or of made-up projects with so many namespaces where there is none.
fn each(
    folders: &[String],
    made_up: &[usize],
    measure: impl Fn(&str, &Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for namespaces in made_up.iter().filter(|_| folders.is_empty()) {
        let folder = tempfile::tempdir()?;
        made_up::write(folder.path(), *namespaces)?;
        measure(&format!("made-up-{namespaces}"), folder.path())?;
    }
    for folder in folders.iter().map(Path::new) {
        let name =
            folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        measure(&name, folder)?;
    }
    Ok(())
}

/// The shortest of several runs, in milliseconds, and what the last one gave.
fn best<T>(runs: usize, mut run: impl FnMut() -> Result<T, Failure>) -> Result<(f64, T), Failure> {
    let mut shortest = f64::INFINITY;
    let mut last = None;
    for _ in 0..runs.max(1) {
        let start = std::time::Instant::now();
        let result = run()?;
        shortest = shortest.min(start.elapsed().as_secs_f64() * 1e3);
        last = Some(result);
    }
    last.map(|last| (shortest, last)).ok_or_else(|| "nothing was run".into())
}

/// The process's memory now and at its highest, in megabytes, where the system tells.
fn memory() -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|l| l.starts_with(name));
        let kilobytes = line.and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok());
        kilobytes.unwrap_or(0.0) / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}
