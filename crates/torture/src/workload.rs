//! What programs do to a disk in a run: transactions, batches, snapshots, merges, kills and errors, drawn by dice.
//!
//! A run does what users' programs do, one after the other, on one disk, and notes what each was promised (`ledger`). Any call may
//! be made to fail on the way; then the next program goes on with what it finds, which must do at once.

use crate::dice::Dice;
use crate::disk::{Disk, Event, Fault, Image};
use crate::ledger::{Known, Ledger};
use db::{EntityRef, Op, OpValue};
use edn::{Map, Uuid, Value};
use std::path::{Path, PathBuf};
use store::{
    Collection, Connection, StoreError, Transaction, TxInfo, encode_snapshot, restore_on,
    transactions, write_whole_on,
};

/// What was done, and what was promised.
pub struct Done {
    /// Everything that was done to the disk.
    pub events: Vec<Event>,
    /// What was promised.
    pub ledger: Ledger,
    /// What was written.
    pub known: Known,
    /// How many faults were met.
    pub faults: usize,
}

const SCHEMA: &str = "{:name {:db/unique :db.unique/identity} :friend {:db/valueType :db.type/ref}
                       :tag {:db/cardinality :db.cardinality/many}}";

const FAULTS: [Fault; 6] = [
    Fault::ShortWrite,
    Fault::Interrupted,
    Fault::Full,
    Fault::WriteFails,
    Fault::FlushFails,
    Fault::Killed,
];

/// In so many of a hundred steps something goes wrong.
const FAULTY: usize = 25;

/// Runs so many steps. An error says what was not as promised while no machine crashed.
pub fn run(mut dice: Dice, steps: usize) -> Result<Done, String> {
    let disk = Disk::of(&Image::new(), dice.clone());
    dice.bits();
    let mut run = Run {
        files: disk.shared(),
        disk,
        dice,
        ledger: Ledger::default(),
        log: PathBuf::from("d/log.edn"),
        connection: None,
        entities: 0,
        logs: 0,
        faults: 0,
    };
    let is_sound = run.dice.percent(50);
    run.step(Step::Create, !is_sound)?;
    for _ in 0..steps {
        let step = Step::draw(&mut run.dice);
        let is_faulty = run.dice.percent(FAULTY);
        run.step(step, is_faulty).map_err(|problem| format!("{step:?}: {problem}"))?;
    }
    run.connection = None;
    let events = run.disk.events();
    let known = known_of(&events);
    Ok(Done { events, ledger: run.ledger, known, faults: run.faults })
}

/// All transactions that were ever written.
pub fn known_of(events: &[Event]) -> Known {
    let (mut known, mut files): (Known, Vec<Vec<u8>>) = Default::default();
    for event in events {
        match event {
            Event::Written(file, _, bytes) => {
                files.resize_with(files.len().max(file + 1), Vec::new);
                files[*file].extend_from_slice(bytes);
            }
            Event::Cut(file, length) => {
                if let Some(bytes) = files.get_mut(*file) {
                    known.harvest(bytes);
                    bytes.truncate(*length);
                }
            }
            _ => {}
        }
    }
    files.iter().for_each(|bytes| known.harvest(bytes));
    known
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Create,
    Transact,
    TransactMuch,
    Batch,
    /// A batch that nobody finishes.
    Abandon,
    ChangeSchema,
    Reopen,
    /// The log is let go of and taken again by the same program.
    Release,
    Snapshot,
    Restore,
    /// Transactions of the log are gathered in another one.
    Gather,
    /// What another clone did comes to the log.
    Merge,
    /// Another program puts the log there anew, without a flush, as git does.
    Replace,
}

impl Step {
    fn draw(dice: &mut Dice) -> Step {
        match dice.below(100) {
            0..34 => Step::Transact,
            34..42 => Step::TransactMuch,
            42..58 => Step::Batch,
            58..61 => Step::Abandon,
            61..64 => Step::ChangeSchema,
            64..71 => Step::Reopen,
            71..76 => Step::Release,
            76..82 => Step::Snapshot,
            82..85 => Step::Restore,
            85..91 => Step::Gather,
            91..97 => Step::Merge,
            _ => Step::Replace,
        }
    }
}

struct Run {
    disk: Disk,
    files: std::sync::Arc<dyn store::Files>,
    dice: Dice,
    ledger: Ledger,
    log: PathBuf,
    connection: Option<Connection>,
    entities: usize,
    logs: usize,
    faults: usize,
}

const SNAPSHOT: &str = "d/snapshot.edn";
const GATHERED: &str = "d/gathered.edn";

impl Run {
    /// Does a step, with something going wrong on the way or not; afterwards the log is open.
    fn step(&mut self, step: Step, is_faulty: bool) -> Result<(), String> {
        if is_faulty {
            let after = self.dice.below(8);
            self.disk.fail(after, FAULTS[self.dice.below(FAULTS.len())]);
        }
        let done = self.perform(step);
        self.disk.forget_fault();
        match done {
            Ok(()) if !self.disk.is_dead() => Ok(()),
            Err(error) if !is_faulty => Err(error.to_string()),
            _ => {
                self.faults += 1;
                self.go_on()
            }
        }
    }

    /// Another program opens what is there.
    fn go_on(&mut self) -> Result<(), String> {
        self.connection = None;
        self.disk.revive();
        match self.disk.read(&self.log) {
            None => self.create(),
            Some(_) => self.open(),
        }
        .map_err(|error| format!("the next program: {error}"))?;
        self.all_is_there()
    }

    /// What was promised is there as long as the machine runs.
    fn all_is_there(&self) -> Result<(), String> {
        let ids = self.ids(&self.log).map_err(|error| error.to_string())?;
        let expected = self.ledger.at(self.disk.moment());
        let promised = expected.logs.iter().filter(|(path, _)| *path == self.log);
        match promised.flat_map(|(_, ids)| ids).find(|id| !ids.contains(id)) {
            Some(lost) => Err(format!("transaction {lost} is lost without a crash")),
            None => Ok(()),
        }
    }

    fn ids(&self, log: &Path) -> Result<Vec<Uuid>, StoreError> {
        let bytes = self.disk.read(log).unwrap_or_default();
        Ok(transactions(&bytes, log)?.iter().map(Transaction::id).collect())
    }

    /// Everything in the log is on the disk.
    fn acknowledged(&mut self) -> Result<(), StoreError> {
        let ids = self.ids(&self.log)?;
        self.ledger.promise(&self.log, ids, self.disk.moment());
        Ok(())
    }

    fn create(&mut self) -> Result<(), StoreError> {
        let made = Connection::create_on(self.files.clone(), &self.log, &schema(SCHEMA), &info())?;
        self.connection = Some(made);
        self.acknowledged()
    }

    fn open(&mut self) -> Result<(), StoreError> {
        let before = self.disk.read(&self.log).unwrap_or_default();
        let connection = Connection::open_on(self.files.clone(), &self.log)?;
        if let Some(aside) = connection.set_aside() {
            let sound = self.disk.read(&self.log).unwrap_or_default().len();
            self.ledger.attempt(aside, 0, before[sound..].to_vec());
            self.ledger.done(aside, self.disk.moment());
        }
        self.connection = Some(connection);
        self.acknowledged()
    }

    fn connection(&mut self) -> Result<&Connection, StoreError> {
        if self.connection.is_none() {
            self.open()?;
        }
        self.connection.as_ref().ok_or_else(|| StoreError::Poisoned("not open".to_owned()))
    }

    fn perform(&mut self, step: Step) -> Result<(), StoreError> {
        match step {
            Step::Create => return self.create(),
            Step::Transact | Step::TransactMuch => {
                let length = if matches!(step, Step::Transact) { 40 } else { 3000 };
                let ops = self.facts(length);
                self.connection()?.transact_ops(&ops, &info())?;
            }
            Step::Batch | Step::Abandon => {
                let several = (0..2 + self.dice.below(4)).map(|_| self.facts(900));
                let several: Vec<Vec<Op>> = several.collect();
                let mut batch = self.connection()?.batch();
                for ops in &several {
                    batch.transact_ops(ops, &info())?;
                }
                if matches!(step, Step::Abandon) {
                    return Ok(());
                }
                batch.finish()?;
            }
            Step::ChangeSchema => {
                let text = format!("{{:extra{} {{:db/index true}}}}", self.dice.below(4));
                self.connection()?.change_schema(&schema(&text), &info())?;
            }
            Step::Reopen => {
                self.connection = None;
                return self.open();
            }
            Step::Release => {
                self.connection()?;
                if let Some(connection) = self.connection.take() {
                    self.connection = Some(connection.release()?.connect()?);
                }
            }
            Step::Snapshot => return self.snapshot(),
            Step::Restore => return self.restore(),
            Step::Gather => return self.gather(),
            Step::Merge => return self.merge(),
            Step::Replace => return self.replace(),
        }
        self.acknowledged()
    }

    fn snapshot(&mut self) -> Result<(), StoreError> {
        let text = encode_snapshot(&self.connection()?.state());
        let path = Path::new(SNAPSHOT);
        self.ledger.attempt(path, self.disk.moment(), text.clone().into_bytes());
        write_whole_on(&*self.files, path, text.as_bytes())?;
        self.ledger.done(path, self.disk.moment());
        Ok(())
    }

    /// The log that a snapshot was made of is made anew elsewhere, and is the one that is used from now on.
    fn restore(&mut self) -> Result<(), StoreError> {
        if self.disk.read(Path::new(SNAPSHOT)).is_none() {
            return Ok(());
        }
        self.logs += 1;
        let path = PathBuf::from(format!("d/restored-{}.edn", self.logs));
        restore_on(&*self.files, Path::new(SNAPSHOT), &path)?;
        self.ledger.promise(&path, self.ids(&path)?, self.disk.moment());
        self.connection = None;
        self.log = path;
        self.open()
    }

    fn gather(&mut self) -> Result<(), StoreError> {
        let bytes = self.disk.read(&self.log).unwrap_or_default();
        // A batch that was abandoned may stand there.
        let all = transactions(&bytes, &self.log)?;
        let path = Path::new(GATHERED);
        Collection::on(self.files.clone(), path).add(&all)?;
        self.ledger.promise(path, self.ids(path)?, self.disk.moment());
        Ok(())
    }

    /// Another clone on another disk does something, and what it has comes here.
    fn merge(&mut self) -> Result<(), StoreError> {
        self.connection = None;
        let bytes = self.disk.read(&self.log).unwrap_or_default();
        let clone = Path::new("clone/log.edn");
        let image = Image::from([(clone.to_owned(), bytes.into())]);
        let other = Disk::of(&image, Dice::new(self.dice.bits(), 0));
        let connection = Connection::open_on(other.shared(), clone)?;
        for _ in 0..1 + self.dice.below(4) {
            let ops = self.facts(500);
            connection.transact_ops(&ops, &info())?;
        }
        let theirs = transactions(&other.read(clone).unwrap_or_default(), clone)?;
        Collection::on(self.files.clone(), &self.log).add(&theirs)?;
        self.acknowledged()?;
        self.open()
    }

    fn replace(&mut self) -> Result<(), StoreError> {
        self.connection = None;
        let bytes = self.disk.read(&self.log).unwrap_or_default();
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        lines.sort_unstable();
        // From here on it is that program which answers for what is there.
        self.ledger.give_up(&self.log, self.disk.moment());
        self.disk.replace_carelessly(&self.log, &lines.concat());
        self.open()
    }

    /// A transaction: new entities, some with names, and something said again about an old one.
    fn facts(&mut self, length: usize) -> Vec<Op> {
        let mut ops = Vec::new();
        for n in 0..1 + self.dice.below(3) as u32 {
            self.entities += 1;
            let e = EntityRef::New(n);
            let text = "x".repeat(1 + self.dice.below(length));
            ops.push(op(e, "text", OpValue::Value(Value::string(text.as_str()))));
            if self.dice.percent(60) {
                let name = format!("n{}-{}", self.entities, self.dice.below(1 << 20));
                ops.push(op(e, "name", OpValue::Value(Value::string(name.as_str()))));
            }
            if n > 0 {
                ops.push(op(e, "friend", OpValue::Entity(EntityRef::New(0))));
            }
        }
        if self.dice.percent(40) {
            let value = OpValue::Value(Value::Int(self.dice.below(100) as i64));
            ops.push(op(EntityRef::Id(1), "age", value));
        }
        ops
    }
}

fn op(e: EntityRef, attribute: &str, v: OpValue) -> Op {
    Op { e, a: Value::keyword(attribute), v, added: true }
}

/// Who does it.
pub(crate) fn info() -> TxInfo {
    TxInfo { author: Some("torture".to_owned()), ..TxInfo::default() }
}

fn schema(text: &str) -> Map {
    edn::read(text).ok().and_then(|form| form.as_map().cloned()).unwrap_or_default()
}
