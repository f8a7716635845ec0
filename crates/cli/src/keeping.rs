//! Where a project's database is kept besides, and what is done by itself: the tiers and the schedule of the configuration.
//!
//! Whatever a command did to the log goes to the tiers when it is done ([`after`]). Programs that stay hold a [`Keeping`] and tell
//! it of each change. How the tiers stand outlives a program in `.defbase/cache/tiers.edn`.

use crate::configuration::Configuration;
use crate::database::{self, Shared, explained};
use crate::output::note;
use crate::place::{Place, cannot_write};
use crate::problem::{Outcome, Problem};
use db::{Db, TX0};
use edn::Value;
use places::{
    Action, Done, FilePlace, Form, Notation, Place as _, PlaceError, Retention, Saved, Squeeze,
    Tier, TierState, Tiers, Version, save_to_all,
};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// How something went in each place, by its name.
pub(crate) type OfEach<T> = Vec<(String, Result<T, PlaceError>)>;

/// The tiers and the schedule at work.
pub(crate) struct Keeping {
    place: Place,
    pub(crate) config: places::Config,
    tiers: Tiers,
    done: Done,
}

/// Programs that stay look no more often than this for what came due, in milliseconds.
const SHORTEST: u64 = 1_000;

/// How long a command that is done waits for tiers other than the primary.
const PATIENCE: Duration = Duration::from_secs(3);

impl Keeping {
    /// What a project's configuration asks for; none where it asks for nothing.
    pub(crate) fn of(place: &Place) -> Outcome<Option<Keeping>> {
        let config = Configuration::of(place)?.keeping;
        if config.tiers.is_empty() && config.schedule.is_empty() {
            return Ok(None);
        }
        let kept = std::fs::read_to_string(place.tiers()).ok();
        let kept = kept.and_then(|text| edn::read(&text).ok());
        let part = |name| kept.as_ref()?.as_map()?.get_keyword(name);
        let done = part("done").map(Done::of_value).unwrap_or_default();
        let tiers = Tiers::start(Tier::of(&config, &place.root), &place.log(), part("tiers"));
        Ok(Some(Keeping { place: place.clone(), config, tiers, done }))
    }

    /// The same of a project that must have tiers.
    pub(crate) fn required(place: &Place) -> Outcome<Keeping> {
        let keeping = Keeping::of(place)?.filter(|keeping| !keeping.config.tiers.is_empty());
        keeping.ok_or_else(|| {
            Problem::new("the database is kept in no tier yet").help(format!(
                "name one in {}, as in {{:backup {{:type :sqlite :path \"code-db.sqlite\"}}}}; `defbase help tiers` has more",
                place.configuration().display()
            ))
        })
    }

    /// Tells the tiers of a change. The primary has it when this returns, else that is told; what came due is done.
    pub(crate) fn changed(&mut self, db: &Db) -> Outcome<()> {
        if let Err(state) = self.tiers.changed(db.clone()) {
            note(&format!("note: {}", told(&state)));
        }
        self.do_due(db)
    }

    /// Does what came due.
    pub(crate) fn do_due(&mut self, db: &Db) -> Outcome<()> {
        let (now, transactions) = (crate::commands::keep::now(), u64::from(db.max_tx() - TX0));
        for action in self.config.schedule.due(&self.done, now, transactions) {
            match action {
                Action::CreateSnapshot => {
                    snapshot(&self.place, &self.config, None)?;
                    tell_failures(self.save_to_all(None)?);
                    tell_failures(prune(&self.place, &self.config, false)?);
                }
                Action::CompressOldLogs => {
                    note("note: old logs are not compressed yet: the log stays as it is");
                }
                Action::AppendTxLog => {}
            }
        }
        self.config.schedule.did(&mut self.done, now, transactions);
        Ok(())
    }

    /// Saves a version in each tier; says how that went.
    pub(crate) fn save_to_all(&self, name: Option<&str>) -> Outcome<OfEach<Version>> {
        let tiers = Tier::of(&self.config, &self.place.root);
        if tiers.is_empty() {
            return Ok(Vec::new());
        }
        let state = state(&self.place)?;
        runtime()?.block_on(async {
            Ok(save_to_all(&tiers, name, |form, notation| {
                Ok(Saved::of_log(&state, form, notation)?)
            })
            .await)
        })
    }

    /// How the tiers stand.
    pub(crate) fn states(&self) -> Vec<TierState> {
        self.tiers.states()
    }

    /// Tries every tier now, and says how they stand then.
    pub(crate) fn catch_up(&self, db: &Db, within: Duration) -> Vec<TierState> {
        self.tiers.catch_up(Some(db.clone()), within)
    }

    /// Keeps how the tiers stand for the next program.
    pub(crate) fn keep(&self) -> Outcome<()> {
        let parts = [("tiers", self.tiers.to_value()), ("done", self.done.to_value())];
        let parts = parts.map(|(name, value)| (Value::keyword(name), value));
        let path = self.place.tiers();
        std::fs::create_dir_all(self.place.cache()).map_err(|e| cannot_write(&path, &e))?;
        let text = format!("{}\n", Value::map(parts.to_vec()));
        store::write_whole(&path, text.as_bytes()).map_err(|e| explained(&e))
    }

    /// Ends a command: waits a little for the tiers, and says which lag behind.
    fn finish(self) -> Outcome<()> {
        for state in self.tiers.settle(PATIENCE) {
            // Of the primary that was said already.
            if state.name != "primary" && (state.behind > 0 || state.problem.is_some()) {
                note(&format!("note: {}", told(&state)));
            }
        }
        self.keep()
    }
}

/// The tiers and the schedule in a program that stays. What goes wrong with them is noted; it is no reason to stop.
pub(crate) struct Standing {
    place: Place,
    keeping: Option<Keeping>,
    /// The configuration that they follow.
    configuration: Option<(u64, SystemTime)>,
    /// The database that they were told of.
    told: Option<Db>,
}

impl Standing {
    /// Nothing was told yet.
    pub(crate) fn of(place: &Place) -> Standing {
        Standing { place: place.clone(), keeping: None, configuration: None, told: None }
    }

    /// Tells of the database as it is, where it is another one than before, and does what came due.
    pub(crate) fn tend(&mut self, db: &Db) {
        if let Err(problem) = self.follow(db) {
            note(&problem.plain());
        }
    }

    fn follow(&mut self, db: &Db) -> Outcome<()> {
        let metadata = std::fs::metadata(self.place.configuration()).ok();
        let configuration = metadata.and_then(|m| Some((m.len(), m.modified().ok()?)));
        if self.configuration != configuration {
            self.configuration = configuration;
            self.told = None;
            // One that does not read leaves everything as it was.
            self.keeping = Keeping::of(&self.place)?;
        }
        let Some(keeping) = &mut self.keeping else { return Ok(()) };
        if self.told.as_ref().is_some_and(|told| told.is_same(db)) {
            return keeping.do_due(db);
        }
        self.told = Some(db.clone());
        keeping.changed(db)?;
        keeping.keep()
    }

    /// How long until something comes due by itself.
    pub(crate) fn next(&self) -> Option<Duration> {
        let keeping = self.keeping.as_ref()?;
        let now = crate::commands::keep::now();
        let next = keeping.config.schedule.next(&keeping.done, now)?;
        Some(Duration::from_millis(u64::try_from(next.0 - now.0).unwrap_or(0).max(SHORTEST)))
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        // What is not noted is done again.
        if let Some(keeping) = &self.keeping {
            let _ = keeping.keep();
        }
    }
}

/// A project's log as it is: another one shows that a command changed it.
#[derive(PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) place: Place,
    length: u64,
    modified: Option<SystemTime>,
}

/// The log of the project here, where there is one.
pub(crate) fn stamp() -> Option<Stamp> {
    let place = Place::find().ok()??;
    let metadata = std::fs::metadata(place.log()).ok()?;
    Some(Stamp { place, length: metadata.len(), modified: metadata.modified().ok() })
}

/// Brings to the tiers what a command did.
pub(crate) fn after(place: &Place) -> Outcome<()> {
    let Some(mut keeping) = Keeping::of(place)? else { return Ok(()) };
    keeping.changed(&database::read(place)?)?;
    keeping.finish()
}

/// Says which places failed, and why.
fn tell_failures<T>(outcomes: OfEach<T>) {
    for (name, outcome) in outcomes {
        if let Err(error) = outcome {
            note(&format!("note: {name}: {error}"));
        }
    }
}

/// How a tier that lags behind stands.
fn told(state: &TierState) -> String {
    let behind = match state.behind {
        1 => "one transaction behind".to_owned(),
        n => format!("{n} transactions behind"),
    };
    match &state.problem {
        Some(problem) => format!("{} is {behind}: {problem}", state.name),
        None => format!("{} is {behind}; `defbase tiers --now` brings it up", state.name),
    }
}

/// The database and how it came to be.
pub(crate) fn state(place: &Place) -> Outcome<store::Replayed> {
    let mut shared = Shared::of(place)?;
    shared.catch_up()?;
    Ok(shared.state().clone())
}

/// Where snapshots of a project are kept.
pub(crate) fn snapshots(place: &Place, config: &places::Config) -> FilePlace {
    let folder = config.snapshots.as_ref().map(|folder| place.folder().join(folder));
    let folder = folder.unwrap_or_else(|| place.snapshots());
    FilePlace::at(&folder.join("code-db.edn"), Squeeze::Zstd)
}

/// Makes a snapshot among the project's own.
pub(crate) fn snapshot(
    place: &Place,
    config: &places::Config,
    name: Option<&str>,
) -> Outcome<(Version, PathBuf)> {
    let snapshots = snapshots(place, config);
    let failed = |error: PlaceError| Problem::new("the snapshot cannot be written").because(&error);
    let made = Saved::of_log(&state(place)?, Form::Snapshot, Notation::Edn);
    let made = made.map_err(PlaceError::from).map_err(failed)?;
    let version = runtime()?.block_on(snapshots.save(name, &made)).map_err(failed)?;
    let path = snapshots.path_of(&version).unwrap_or_else(|| place.snapshots());
    Ok((version, path))
}

/// Lets go of snapshots and versions that the configuration does not keep; says of each place which, or why not.
pub(crate) fn prune(
    place: &Place,
    config: &places::Config,
    is_dry: bool,
) -> Outcome<OfEach<Vec<Version>>> {
    let (now, runtime) = (crate::commands::keep::now(), runtime()?);
    let snapshots = snapshots(place, config);
    let gone = runtime.block_on(places::prune(&snapshots, &config.retention, now, is_dry));
    let mut all = vec![("snapshots".to_owned(), gone)];
    for tier in Tier::of(config, &place.root) {
        let retention = Retention { snapshots: tier.config.keep, ..config.retention };
        let gone = runtime
            .block_on(async { places::prune(&*tier.open()?, &retention, now, is_dry).await });
        all.push((tier.config.name, gone));
    }
    Ok(all)
}

/// What runs the calls of places.
pub(crate) fn runtime() -> Outcome<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Problem::new("the program cannot wait for its places").because(&e))
}
