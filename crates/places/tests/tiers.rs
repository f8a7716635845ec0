//! Tiers that fail, hang, are slow, lose everything, and come back.

#![allow(clippy::unwrap_used)]

use async_trait::async_trait;
use db::Db;
use edn::{Map, Value};
use places::{
    Config, FilePlace, Form, Mark, MemoryPlace, Notation, Place, PlaceError, Reading, Saved,
    Squeeze, Tier, TierState, Tiers, Version, freshest, save_to_all,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Connection, Transaction, TxInfo};

const WELL: u8 = 0;
const FAILS: u8 = 1;
const HANGS: u8 = 2;

/// A place that fails or hangs when it is told to.
struct Moody {
    mood: AtomicU8,
    place: Mutex<Arc<MemoryPlace>>,
}

/// What is opened: the place is the same each time.
struct Handle(Arc<Moody>);

impl Moody {
    fn new() -> Arc<Moody> {
        Arc::new(Moody { mood: AtomicU8::new(WELL), place: Mutex::default() })
    }

    fn is(&self, mood: u8) {
        self.mood.store(mood, Ordering::SeqCst);
    }

    fn count(&self) -> usize {
        let place = self.place.lock().unwrap().clone();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { place.read(None).await.unwrap().transactions.len() })
    }

    async fn place(&self) -> Result<Arc<MemoryPlace>, PlaceError> {
        match self.mood.load(Ordering::SeqCst) {
            FAILS => Err(PlaceError::Unreachable {
                place: "moody".to_owned(),
                problem: "not today".to_owned(),
            }),
            HANGS => std::future::pending().await,
            _ => Ok(self.place.lock().unwrap().clone()),
        }
    }
}

#[async_trait]
impl Place for Handle {
    fn name(&self) -> String {
        "moody".to_owned()
    }
    async fn append(&self, new: &[Transaction], db: Option<&Db>) -> Result<(), PlaceError> {
        self.0.place().await?.append(new, db).await
    }
    async fn read(&self, after: Option<&Mark>) -> Result<Reading, PlaceError> {
        self.0.place().await?.read(after).await
    }
    async fn save(&self, name: Option<&str>, saved: &Saved) -> Result<Version, PlaceError> {
        self.0.place().await?.save(name, saved).await
    }
    async fn versions(&self) -> Result<Vec<Version>, PlaceError> {
        self.0.place().await?.versions().await
    }
    async fn load(&self, name: &str) -> Result<Option<Saved>, PlaceError> {
        self.0.place().await?.load(name).await
    }
    async fn forget(&self, name: &str) -> Result<bool, PlaceError> {
        self.0.place().await?.forget(name).await
    }
}

/// A database whose changes go to tiers.
struct Project {
    folder: tempfile::TempDir,
    connection: Connection,
    moods: Vec<Arc<Moody>>,
}

impl Project {
    fn new(names: usize) -> Project {
        let folder = tempfile::tempdir().unwrap();
        let info = TxInfo::default();
        let connection = Connection::create(&log(folder.path()), &Map::new(), &info).unwrap();
        Project { folder, connection, moods: (0..names).map(|_| Moody::new()).collect() }
    }

    /// The file is the primary tier, the others are moody.
    fn tiers(&self) -> Vec<Tier> {
        let config = "{:primary {:type :file :path \"copy/code-db.edn\"} :a {:type :memory} :b {:type :memory}}";
        let config = edn::read(config).unwrap();
        let config = Config::read(config.as_map().unwrap(), &[], |_| None).unwrap();
        let mut tiers = Tier::of(&config, self.folder.path());
        tiers.truncate(1 + self.moods.len());
        for (tier, moody) in tiers[1..].iter_mut().zip(&self.moods) {
            let moody = moody.clone();
            *tier = Tier::new(tier.config.clone(), move || Ok(Arc::new(Handle(moody.clone()))));
        }
        tiers
    }

    fn start(&self, kept: Option<&Value>) -> Tiers {
        Tiers::start(self.tiers(), &log(self.folder.path()), kept)
    }

    fn transact(&self, tiers: &Tiers) -> Result<(), TierState> {
        let fact = edn::read("[{:name \"Ivan\"}]").unwrap();
        self.connection.transact(&fact, &TxInfo::default()).unwrap();
        tiers.changed(self.connection.db())
    }

    fn copied(&self) -> usize {
        let copy = std::fs::read(self.folder.path().join("copy/code-db-txlog.edn")).unwrap();
        store::inspect(&copy).whole()
    }
}

fn log(folder: &Path) -> PathBuf {
    folder.join("code-db-txlog.edn")
}

const SOON: Duration = Duration::from_secs(20);

fn behind(states: &[TierState]) -> Vec<usize> {
    states.iter().map(|state| state.behind).collect()
}

#[test]
fn the_primary_has_what_was_acknowledged_and_the_others_follow() {
    let project = Project::new(2);
    let tiers = project.start(None);
    for n in 0..10 {
        project.transact(&tiers).unwrap();
        assert_eq!(project.copied(), n + 2);
    }
    let states = tiers.settle(SOON);
    assert_eq!(behind(&states), [0, 0, 0]);
    assert!(states.iter().all(|state| state.reached_at.is_some() && state.problem.is_none()));
    assert_eq!(project.moods[0].count(), 11);
    assert_eq!(project.moods[1].count(), 11);
}

#[test]
fn one_that_fails_is_nothing_to_the_others_and_catches_up_by_itself() {
    let project = Project::new(2);
    let tiers = project.start(None);
    tiers.settle(SOON);
    project.moods[0].is(FAILS);
    project.transact(&tiers).unwrap();
    project.transact(&tiers).unwrap();
    let states = tiers.settle(SOON);
    assert_eq!(behind(&states), [0, 2, 0]);
    assert_eq!(states[1].problem.as_deref(), Some("moody cannot be reached: not today"));
    assert!(states[1].failures >= 1 && states[1].next_try.is_some());
    project.moods[0].is(WELL);
    // The first pause is a second.
    while tiers.states()[1].failures > 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(behind(&tiers.states()), [0, 0, 0]);
    assert_eq!(project.moods[0].count(), 3);
}

#[test]
fn one_that_hangs_keeps_nobody_waiting() {
    let project = Project::new(2);
    project.moods[1].is(HANGS);
    let tiers = project.start(None);
    project.transact(&tiers).unwrap();
    let states = tiers.settle(Duration::from_millis(200));
    assert_eq!((states[0].behind, states[2].behind), (0, 2));
    while project.moods[0].count() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Nor is it waited for in the end.
    drop(tiers);
}

#[test]
fn the_primary_that_fails_is_told_at_once() {
    let project = Project::new(0);
    std::fs::write(project.folder.path().join("copy"), "a file where a folder is needed").unwrap();
    let tiers = project.start(None);
    let state = project.transact(&tiers).unwrap_err();
    assert!(state.problem.unwrap().contains("copy"));
    // The transaction is in the log all the same, and gets there when that is possible.
    std::fs::remove_file(project.folder.path().join("copy")).unwrap();
    assert_eq!(behind(&tiers.catch_up(None, SOON)), [0]);
    assert_eq!(project.copied(), 2);
}

#[test]
fn programs_go_on_where_the_last_one_ended() {
    let project = Project::new(1);
    let tiers = project.start(None);
    project.transact(&tiers).unwrap();
    tiers.settle(SOON);
    project.moods[0].is(FAILS);
    project.transact(&tiers).unwrap();
    tiers.settle(SOON);
    let kept = edn::read(&tiers.to_value().to_string()).unwrap();
    drop(tiers);

    // Left alone for a while, whoever asks.
    let tiers = project.start(Some(&kept));
    let state = tiers.settle(SOON).swap_remove(1);
    assert_eq!((state.behind, state.failures), (1, 1));
    assert_eq!(state.place.as_deref(), Some("moody"));
    project.moods[0].is(WELL);
    assert_eq!(behind(&tiers.catch_up(None, SOON)), [0, 0]);
    assert_eq!(project.moods[0].count(), 3);
}

#[test]
fn a_place_that_lost_everything_gets_it_again() {
    let project = Project::new(1);
    let tiers = project.start(None);
    for _ in 0..5 {
        project.transact(&tiers).unwrap();
    }
    tiers.settle(SOON);
    *project.moods[0].place.lock().unwrap() = Arc::default();
    std::fs::remove_dir_all(project.folder.path().join("copy")).unwrap();
    project.transact(&tiers).unwrap();
    assert_eq!(behind(&tiers.settle(SOON)), [0, 0]);
    assert_eq!((project.moods[0].count(), project.copied()), (7, 7));
}

#[test]
fn saving_to_all_says_of_each_how_it_went() {
    let project = Project::new(2);
    project.moods[1].is(FAILS);
    let tiers = project.tiers();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut made = Vec::new();
    let outcomes = runtime.block_on(save_to_all(&tiers, Some("release"), |form, notation| {
        made.push(form);
        Ok(Saved { form, notation, text: format!("{{:{} 1}}", form.name()).into_bytes() })
    }));
    let shown: Vec<String> = outcomes
        .iter()
        .map(|(tier, outcome)| match outcome {
            Ok(version) => format!("{tier}: {} {}", version.name, version.form.name()),
            Err(error) => format!("{tier}: {error}"),
        })
        .collect();
    let expected =
        ["primary: release data", "a: release snapshot", "b: moody cannot be reached: not today"];
    assert_eq!(shown, expected);
    assert_eq!(made, [Form::Data, Form::Snapshot]);
    let file = FilePlace::at(&project.folder.path().join("copy/code-db.edn"), Squeeze::None);
    let saved = runtime.block_on(file.load("release")).unwrap().unwrap();
    assert_eq!((saved.notation, saved.text.as_slice()), (Notation::Edn, b"{:data 1}".as_slice()));
}

#[test]
fn a_database_is_restored_from_the_freshest_that_verifies() {
    let project = Project::new(2);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let offered = |project: &Project| {
        let found = runtime.block_on(freshest(&project.tiers()));
        let taken = found.taken.map(|(at, all, state)| {
            assert_eq!(state.db.max_tx() as usize, db::TX0 as usize + all.len());
            (found.candidates[at].tier.clone(), all.len())
        });
        let problems: Vec<Option<String>> =
            found.candidates.into_iter().map(|candidate| candidate.problem).collect();
        (taken, problems)
    };
    let nothing = || Some("it has nothing".to_owned());
    assert_eq!(offered(&project), (None, vec![nothing(), nothing(), nothing()]));

    let tiers = project.start(None);
    project.transact(&tiers).unwrap();
    tiers.settle(SOON);
    project.moods[1].is(FAILS);
    project.transact(&tiers).unwrap();
    tiers.settle(SOON);
    project.moods[0].is(FAILS);
    drop(tiers);
    // The copy has three, `a` has three and cannot be reached, `b` has two.
    project.moods[1].is(WELL);
    let unreachable = || Some("moody cannot be reached: not today".to_owned());
    let expected = (Some(("primary".to_owned(), 3)), vec![None, unreachable(), None]);
    assert_eq!(offered(&project), expected);

    // The copy is damaged.
    let copy = project.folder.path().join("copy/code-db-txlog.edn");
    let damaged = std::fs::read_to_string(&copy).unwrap().replacen("Ivan", "Oleg", 1);
    std::fs::write(&copy, damaged).unwrap();
    let (taken, problems) = offered(&project);
    assert_eq!(taken, Some(("b".to_owned(), 2)));
    assert!(problems[0].as_ref().unwrap().contains("code-db-txlog.edn"), "{problems:?}");

    // What lacks its beginning leads to nothing, however fresh it is.
    let text = std::fs::read(log(project.folder.path())).unwrap();
    let transactions = store::transactions(&text, &copy).unwrap();
    *project.moods[0].place.lock().unwrap() = Arc::default();
    project.moods[0].is(WELL);
    let a = project.moods[0].place.lock().unwrap().clone();
    runtime.block_on(a.append(&transactions[1..], None)).unwrap();
    let (taken, problems) = offered(&project);
    assert_eq!(taken, Some(("b".to_owned(), 2)));
    assert!(problems[1].as_ref().unwrap().contains("lacks transactions"), "{problems:?}");
}
