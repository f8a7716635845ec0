//! The places that keep the database besides: `tiers`, `backup`, `versions`, `prune`, `sync`.

use super::{Found, ToRead, instant, number, text};
use crate::args::{Persist, Printing};
use crate::configuration::Configuration;
use crate::database::{Database, explained};
use crate::keeping::{self, Keeping};
use crate::output::{Rows, note, say};
use crate::place::Place;
use crate::problem::{Outcome, Problem, did_you_mean, similar};
use edn::{Map, Value};
use places::{Mark, Place as _, PlaceError, Reading, Tier, TierState, Version};
use std::time::Duration;
use store::Collection;

/// Does what was typed.
pub(crate) fn run(command: Persist, db: ToRead<'_>) -> Outcome<Found> {
    match command {
        Persist::Tiers { now, printing } => tiers(now, printing, db),
        Persist::Backup { name, printing } => backup(name.as_deref(), printing),
        Persist::Versions { tier, printing } => versions(tier.as_deref(), printing),
        Persist::Prune { dry_run, printing } => prune(dry_run, printing),
        Persist::Sync { tiers, printing } => sync(&tiers, printing, db),
    }
}

/// How long a command that asks for the tiers waits for them.
const PATIENCE: Duration = Duration::from_secs(600);

/// `defbase tiers`
fn tiers(now: bool, printing: Printing, db: ToRead<'_>) -> Outcome<Found> {
    let keeping = Keeping::required(&Place::existing()?)?;
    let states = match now {
        true => keeping.catch_up(&db()?, PATIENCE),
        false => keeping.states(),
    };
    keeping.keep()?;
    let mut rows = Rows::new(&["tier", "place", "behind", "complete", "next try", "problem"]);
    for state in &states {
        rows.push(vec![
            Value::string(state.name.as_str()),
            text(state.place.as_deref()),
            number(state.behind),
            instant(state.reached_at),
            instant(state.next_try),
            text(state.problem.as_deref()),
        ]);
    }
    rows.print(printing.format)?;
    Ok(Found::from(states.iter().all(|state| state.behind == 0 && state.problem.is_none())))
}

/// `defbase backup`
fn backup(name: Option<&str>, printing: Printing) -> Outcome<Found> {
    let keeping = Keeping::required(&Place::existing()?)?;
    let outcomes = keeping.save_to_all(name)?;
    let mut rows = Rows::new(&["tier", "version", "form", "bytes", "problem"]);
    let mut is_well = true;
    for (tier, outcome) in outcomes {
        let tier = Value::string(tier);
        match outcome {
            Ok(version) => rows.push(vec![
                tier,
                Value::string(version.name.as_str()),
                Value::string(form(&version)),
                number(version.bytes as usize),
                Value::Nil,
            ]),
            Err(error) => {
                is_well = false;
                let problem = Value::string(error.to_string());
                rows.push(vec![tier, Value::Nil, Value::Nil, Value::Nil, problem]);
            }
        }
    }
    rows.print(printing.format)?;
    Ok(Found::from(is_well))
}

fn form(version: &Version) -> String {
    format!("{} {}", version.form.name(), version.notation.name())
}

/// `defbase versions`
fn versions(tier: Option<&str>, printing: Printing) -> Outcome<Found> {
    let place = Place::existing()?;
    let config = Configuration::of(&place)?.keeping;
    let mut tiers = Tier::of(&config, &place.root);
    if let Some(name) = tier {
        tiers = chosen(tiers, &[name.to_owned()])?;
    }
    let runtime = keeping::runtime()?;
    let mut rows = Rows::new(&["tier", "version", "saved", "form", "bytes"]);
    let mut found = Vec::new();
    if tier.is_none() {
        let snapshots = keeping::snapshots(&place, &config);
        found.push(("snapshots".to_owned(), runtime.block_on(snapshots.versions())));
    }
    for tier in &tiers {
        let versions = runtime.block_on(async { tier.open()?.versions().await });
        found.push((tier.config.name.clone(), versions));
    }
    let mut is_well = true;
    for (name, versions) in found {
        match versions {
            Ok(versions) => {
                for version in versions {
                    rows.push(vec![
                        Value::string(name.as_str()),
                        Value::string(version.name.as_str()),
                        Value::Inst(version.saved_at),
                        Value::string(form(&version)),
                        number(version.bytes as usize),
                    ]);
                }
            }
            Err(error) => {
                is_well = false;
                note(&format!("{name}: {error}"));
            }
        }
    }
    if rows.is_empty() && is_well {
        note("there is none yet; `defbase snapshot` and `defbase backup` make them");
    }
    rows.print(printing.format)?;
    Ok(Found::from(is_well && !rows.is_empty()))
}

/// `defbase prune`
fn prune(is_dry: bool, printing: Printing) -> Outcome<Found> {
    let place = Place::existing()?;
    let config = Configuration::of(&place)?.keeping;
    let mut rows = Rows::new(&["tier", "version", "saved", "bytes"]);
    let mut is_well = true;
    for (name, outcome) in keeping::prune(&place, &config, is_dry)? {
        match outcome {
            Ok(gone) => {
                for version in gone {
                    rows.push(vec![
                        Value::string(name.as_str()),
                        Value::string(version.name.as_str()),
                        Value::Inst(version.saved_at),
                        number(version.bytes as usize),
                    ]);
                }
            }
            Err(error) => {
                is_well = false;
                note(&format!("{name}: {error}"));
            }
        }
    }
    match (rows.len(), is_dry) {
        (0, _) => say("nothing is too old")?,
        (n, true) => note(&format!("{n} would go")),
        (n, false) => note(&format!("{n} are gone")),
    }
    if !rows.is_empty() {
        rows.print(printing.format)?;
    }
    Ok(Found::from(is_well))
}

/// `defbase sync`
fn sync(names: &[String], printing: Printing, db: ToRead<'_>) -> Outcome<Found> {
    let place = Place::existing()?;
    let keeping = Keeping::required(&place)?;
    let tiers = chosen(Tier::of(&keeping.config, &place.root), names)?;
    let mut marks = Marks::of(&place);
    let mut taken = Vec::new();
    let mut news = Vec::new();
    for tier in &tiers {
        let found = keeping::runtime()?.block_on(take(tier, &marks));
        taken.push(found.map(|(name, reading)| {
            news.extend(reading.transactions);
            (name, reading.mark)
        }));
    }
    let added = add(&place, &news)?;
    // Only now is what was taken safe here.
    for (name, mark) in taken.iter().flatten() {
        marks.set(name, mark);
    }
    marks.keep(&place)?;
    let states = keeping.catch_up(&db()?, PATIENCE);
    keeping.keep()?;
    let mut rows = Rows::new(&["tier", "behind", "problem"]);
    let mut is_well = true;
    for (tier, found) in tiers.iter().zip(taken) {
        let state = states.iter().find(|state| state.name == tier.config.name);
        let problem = found.err().map(|error: PlaceError| error.to_string());
        let problem = problem.or_else(|| state.and_then(|state| state.problem.clone()));
        is_well &= problem.is_none();
        let name = Value::string(tier.config.name.as_str());
        let behind = state.map_or(Value::Nil, |state: &TierState| number(state.behind));
        rows.push(vec![name, behind, text(problem.as_deref())]);
    }
    match added {
        0 => note("nothing new came"),
        1 => note("one transaction came; `defbase export .` writes the sources as they are now"),
        n => note(&format!(
            "{n} transactions came; `defbase export .` writes the sources as they are now"
        )),
    }
    if added > 0 {
        let conflicts = keeping::state(&place)?.conflicts().len();
        if conflicts > 0 {
            note(&format!("{conflicts} conflicts: `defbase conflicts` lists them"));
        }
    }
    rows.print(printing.format)?;
    Ok(Found::from(is_well))
}

/// The name of a tier's place, and what came there since it was last read.
async fn take(tier: &Tier, marks: &Marks) -> Result<(String, Reading), PlaceError> {
    let place = tier.open()?;
    let reading = place.read(marks.get(&place.name()).as_ref()).await?;
    Ok((place.name(), reading))
}

/// Adds transactions to the project's log, when nobody else writes to it.
fn add(place: &Place, transactions: &[store::Transaction]) -> Outcome<usize> {
    if transactions.is_empty() {
        return Ok(0);
    }
    // Opened to be changed, so that what was interrupted is completed, then let go of.
    Database::open(place)?.release()?;
    Collection::at(&place.log()).add(transactions).map_err(|e| explained(&e))
}

/// The tiers that were named, or all.
pub(crate) fn chosen(tiers: Vec<Tier>, names: &[String]) -> Outcome<Vec<Tier>> {
    if names.is_empty() {
        return Ok(tiers);
    }
    let mut chosen = Vec::new();
    for name in names {
        let name = name.trim_start_matches(':');
        let Some(tier) = tiers.iter().find(|tier| tier.config.name == name) else {
            let known: Vec<&str> = tiers.iter().map(|tier| tier.config.name.as_str()).collect();
            let hint = did_you_mean(&similar(name, known.iter().copied()));
            return Err(Problem::new(format!("no tier is called {name}"))
                .help(hint.unwrap_or_else(|| format!("there are {}", known.join(", ")))));
        };
        chosen.push(tier.clone());
    }
    Ok(chosen)
}

/// How far each place was read.
struct Marks(Map);

impl Marks {
    fn of(place: &Place) -> Marks {
        let kept = std::fs::read_to_string(place.marks()).ok();
        let map = kept.and_then(|text| edn::read(&text).ok()?.as_map().cloned());
        Marks(map.unwrap_or_default())
    }

    fn get(&self, place: &str) -> Option<Mark> {
        self.0.get(&Value::string(place)).and_then(Value::as_str).map(Mark::kept)
    }

    fn set(&mut self, place: &str, mark: &Mark) {
        self.0.insert(Value::string(place), Value::string(mark.as_str()));
    }

    fn keep(&self, place: &Place) -> Outcome<()> {
        let text = format!("{}\n", Value::Map(self.0.clone()));
        store::write_whole(&place.marks(), text.as_bytes()).map_err(|e| explained(&e))
    }
}
