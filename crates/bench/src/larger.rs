//! A database larger than memory: made fact by fact in a file, opened afresh and asked, each in a process of its own that may not
//! have more than so much memory.
//!
//! The people are those of `data`, one after the other as they are made, with an e-mail address each: as many different texts as
//! there are people. What is asked is counted while the people are made, and answers must agree.

use crate::Failure;
use crate::data::{self, Atom};
use crate::random::JavaRandom;
use db::{Db, Index, Loader, Pack, Query, Schema, TX0, restore_within};
use edn::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

const SCHEMA: &str = "{:alias {:db/cardinality :db.cardinality/many} :email {:db/unique :db.unique/identity} \
    :age {:db/index true} :salary {:db/index true}}";

/// How many entities are pulled.
const PULLED: usize = 1000;

const AGE: i64 = 42;
const SALARY: i64 = 50_000;
const SALARIES: i64 = 100;

pub(crate) struct Options {
    datoms: usize,
    /// In bytes.
    memory: usize,
    folder: Option<PathBuf>,
    step: Option<String>,
}

impl Options {
    pub(crate) fn read(arguments: &[String]) -> Result<Options, Failure> {
        let mut options = Options { datoms: 1_000_000, memory: 2 << 30, folder: None, step: None };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { return Err(crate::USAGE.into()) };
            match name.as_str() {
                "--datoms" => options.datoms = value.parse()?,
                "--memory" => options.memory = value.parse::<usize>()? << 20,
                "--folder" => options.folder = Some(PathBuf::from(value)),
                "--step" => options.step = Some(value.clone()),
                _ => return Err(crate::USAGE.into()),
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    match (options.step.as_deref(), &options.folder) {
        (None, _) => both(options),
        (Some("load"), Some(folder)) => load(options, folder),
        (Some("ask"), Some(folder)) => ask(options, folder),
        _ => Err(crate::USAGE.into()),
    }
}

/// Makes a database and asks it, each in a process that is refused more memory, where the system does that; what it had is checked
/// as well.
fn both(options: &Options) -> Result<(), Failure> {
    let folder = match &options.folder {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    for step in ["load", "ask"] {
        let limit = format!("ulimit -v {} && exec \"$@\"", options.memory >> 10);
        let status = Command::new("sh")
            .args(["-c", &limit, "sh"])
            .arg(std::env::current_exe()?)
            .args(["larger", "--step", step, "--datoms", &options.datoms.to_string()])
            .args(["--memory", &(options.memory >> 20).to_string()])
            .args([Path::new("--folder"), folder.path()])
            .status()?;
        if !status.success() {
            return Err(format!("{step} failed").into());
        }
    }
    Ok(())
}

fn say(what: &str, figure: impl std::fmt::Display) {
    println!("larger/{what}: {figure}");
}

fn check_memory(options: &Options, step: &str) -> Result<(), Failure> {
    let (_, highest) = crate::memory();
    say(&format!("{step}-memory-at-its-highest-MiB"), format!("{highest:.0}"));
    match highest * 1024.0 * 1024.0 > options.memory as f64 {
        true => Err("that is more than was allowed".into()),
        false => Ok(()),
    }
}

/// What is asked, counted while the people are made: facts; people of an age, with a salary, with one of several salaries.
#[derive(Default, PartialEq, Debug)]
struct Counts([usize; 4]);

impl Counts {
    fn add(&mut self, attribute: &str, atom: &Atom) {
        let Atom::Int(n) = *atom else { return };
        self.0[1] += usize::from(attribute == "age" && n == AGE);
        self.0[2] += usize::from(attribute == "salary" && n == SALARY);
        let is_between = (SALARY..SALARY + SALARIES).contains(&n);
        self.0[3] += usize::from(attribute == "salary" && is_between);
    }
}

fn email(id: u32) -> Value {
    // Not in the order of the ids.
    Value::string(format!("{:08x}@example.org", id.wrapping_mul(0x9e37_79b1)))
}

fn load(options: &Options, folder: &Path) -> Result<(), Failure> {
    let counts = timed("load", || make(options, folder))?;
    let bytes: u64 = fs::read_dir(folder.join("database"))?
        .map(|file| Ok(file?.metadata()?.len()))
        .sum::<Result<u64, std::io::Error>>()?;
    say("file-MiB", bytes >> 20);
    fs::remove_dir_all(folder.join("scratch"))?;
    fs::write(folder.join("counts"), counts.0.map(|n| n.to_string()).join(" "))?;
    check_memory(options, "load")
}

fn make(options: &Options, folder: &Path) -> Result<Counts, Failure> {
    let schema = Schema::new(&edn::read(SCHEMA)?)?;
    let storage = Arc::new(Pack::open(&folder.join("database"))?);
    let scratch = Arc::new(Pack::open_unflushed(&folder.join("scratch"))?);
    let budget = options.memory / 4;
    let mut loader = Loader::new(&Db::empty(schema), storage, scratch, budget)?;
    let attributes = data::person_attributes();
    let names: Vec<Value> = attributes.iter().map(|a| Value::keyword(a.name)).collect();
    let (email_name, mut random) = (Value::keyword("email"), JavaRandom::new(42));
    let mut counts = Counts::default();
    for id in 1.. {
        if counts.0[0] >= options.datoms {
            break;
        }
        let person = data::person(&mut random, id);
        counts.0[0] += person.facts.len() + 1;
        for (a, atom) in person.facts {
            counts.add(attributes[a].name, &atom);
            loader.add(id, names[a].clone(), crate::ours::value(&atom), TX0 + 1)?;
        }
        loader.add(id, email_name.clone(), email(id), TX0 + 1)?;
    }
    let db = loader.finish()?;
    say("datoms", db.len());
    say("entities", db.max_eid());
    Ok(counts)
}

/// Says how long something took, in milliseconds, and for how much of that it had a core: on a machine with other work the rest is
/// waiting.
fn timed<T>(what: &str, ask: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let (start, had) = (Instant::now(), on_cores());
    let answer = ask()?;
    let (took, had) = (start.elapsed().as_secs_f64() * 1e3, on_cores() - had);
    say(&format!("{what}-ms"), format!("{took:.2}, on a core {had:.0}"));
    Ok(answer)
}

/// For how many milliseconds the threads that there are have had a core, where the system tells.
fn on_cores() -> f64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let had = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    had.sum::<f64>() / 1e6
}

fn ask(options: &Options, folder: &Path) -> Result<(), Failure> {
    let query = |db: &Db, text: &str| -> Result<usize, Failure> {
        Ok(Query::parse(&edn::read(text)?)?.run(&[db.into()])?.len())
    };
    let email_of = |id: u32| Value::vector(vec![Value::keyword("email"), email(id)]);
    let db = timed("first-answer", || {
        let storage = Arc::new(Pack::read_only(&folder.join("database"))?);
        let db = restore_within(storage, options.memory / 2)?.ok_or("no database")?;
        let found = db.entid(&email_of(7))?;
        if found == Some(7) { Ok(db) } else { Err(format!("found {found:?}").into()) }
    })?;
    let highest = db.max_eid() as usize;
    let mut random = JavaRandom::new(7);
    let with_salary =
        timed("by-value", || query(&db, &format!("[:find ?e :where [?e :salary {SALARY}]]")))?;
    let everything = edn::read("[*]")?;
    timed(&format!("pull-{PULLED}-entities"), || {
        (0..PULLED).try_for_each(|_| {
            let id = 1 + random.below(highest) as u32;
            let pulled = db::pull(&db, &everything, &Value::from(id))?;
            let is_right = pulled.as_map().and_then(|m| m.get(&Value::keyword("email")).cloned());
            if is_right == Some(email(id)) { Ok(()) } else { Err(format!("{pulled}").into()) }
        })
    })?;
    timed(&format!("look-up-{PULLED}-by-unique-value"), || {
        (0..PULLED).try_for_each(|_| {
            let id = 1 + random.below(highest) as u32;
            let found = db.entid(&email_of(id))?;
            if found == Some(id) { Ok(()) } else { Err(format!("found {found:?}").into()) }
        })
    })?;
    let between = timed("range", || {
        let (low, high) = (Value::from(SALARY), Value::from(SALARY + SALARIES - 1));
        Ok(db.index_range(&Value::keyword("salary"), &low, &high)?.count())
    })?;
    let of_age = timed("join-of-1-percent", || {
        let text = "[:find ?e ?n ?s :where [?e :age 42] [?e :name ?n] [?e :salary ?s]]";
        query(&db, text)
    })?;
    let facts =
        timed("scan-everything", || Ok(db.datoms(Index::Eavt, &[])?.filter(|d| d.added).count()))?;
    db.check_storage()?;
    say("kept-MiB", db.kept_bytes() >> 20);
    let counts = fs::read_to_string(folder.join("counts"))?;
    let answers = [facts, of_age, with_salary, between].map(|n| n.to_string()).join(" ");
    if answers != counts {
        return Err(format!("answers are {answers}, not {counts}").into());
    }
    check_memory(options, "ask")
}
