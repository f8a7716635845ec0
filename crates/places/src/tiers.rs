//! Several places for one database.
//!
//! The log beside the database is the truth. A thread of its own gives every tier what it lacks of it: when it is told of changes,
//! and again by itself where that failed. Each tier is a task there, so one that fails, hangs or is slow is nothing to the others
//! and nothing to those who read and write the database. The primary one is waited for ([`Tiers::changed`]).
//!
//! ```text
//!   transact ─► log, flushed ─► changed ─► primary ─► acknowledged
//!                                  └─────► backup, sync, …   in the background, each as fast as it can
//! ```
//!
//! Invariants
//! - Nothing is lost by a tier that fails: the log has it, and the tier catches up.
//! - A tier that failed is left alone for a while, twice as long each time, five minutes at most; who asks by name
//!   ([`Tiers::catch_up`]) is not made to wait.
//! - What is kept of all this between programs ([`Tiers::to_value`]) can be forgotten: then the places are compared whole, once.

mod follow;

#[cfg(feature = "bucket")]
use crate::bucket::BucketPlace;
use crate::config::{Config, Kept, TierConfig};
use crate::error::PlaceError;
use crate::file::FilePlace;
use crate::form::{Form, Notation};
#[cfg(feature = "http")]
use crate::http::HttpPlace;
use crate::memory::MemoryPlace;
use crate::place::{Place, Saved, Version};
#[cfg(feature = "postgres")]
use crate::postgres::PostgresPlace;
#[cfg(feature = "sqlite")]
use crate::{sqlite::SqlitePlace, squeeze::Squeeze};
use db::Db;
use edn::{Inst, Value};
use follow::{Follower, Live};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One of the places that keep a database.
#[derive(Clone)]
pub struct Tier {
    /// What was configured.
    pub config: TierConfig,
    open: Opening,
}

/// How a tier's place is reached: files and servers that are not there yet may be there the next time.
type Opening = Arc<dyn Fn() -> Result<Arc<dyn Place>, PlaceError> + Send + Sync>;

/// How long a server is waited for.
const LIMIT: Duration = Duration::from_secs(30);

/// How a tier stands.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TierState {
    /// Its name.
    pub name: String,
    /// Its place, as far as that could be reached.
    pub place: Option<String>,
    /// How many transactions of the log it was not given yet.
    pub behind: usize,
    /// When it last had all of the log.
    pub reached_at: Option<Inst>,
    /// How often it failed since.
    pub failures: u32,
    /// Why it failed the last time.
    pub problem: Option<String>,
    /// When it is tried again.
    pub next_try: Option<Inst>,
}

/// The tiers of a database, with the thread that looks after them. It ends with this; what was not done then is done by the next.
pub struct Tiers {
    tiers: Vec<Tier>,
    log: PathBuf,
    follower: Follower,
}

impl Tier {
    /// A tier whose place is opened like this.
    pub fn new(
        config: TierConfig,
        open: impl Fn() -> Result<Arc<dyn Place>, PlaceError> + Send + Sync + 'static,
    ) -> Tier {
        Tier { config, open: Arc::new(open) }
    }

    /// The tiers of a configuration; relative paths begin at `root`.
    pub fn of(config: &Config, root: &Path) -> Vec<Tier> {
        let tier = |tier: &TierConfig| {
            let (kept, root) = (tier.kept.clone(), root.to_owned());
            Tier::new(tier.clone(), move || kept.open(&root))
        };
        config.tiers.iter().map(tier).collect()
    }

    /// The place.
    pub fn open(&self) -> Result<Arc<dyn Place>, PlaceError> {
        (self.open)()
    }
}

impl Kept {
    /// The place that is meant; relative paths begin at `root`.
    pub fn open(&self, root: &Path) -> Result<Arc<dyn Place>, PlaceError> {
        Ok(match self {
            Kept::Memory => Arc::new(MemoryPlace::default()),
            Kept::File { path, squeeze } => Arc::new(FilePlace::at(&root.join(path), *squeeze)),
            #[cfg(feature = "bucket")]
            Kept::Bucket { url, options } => {
                let options: Vec<(String, String)> =
                    options.iter().map(|(name, text)| (name.clone(), text.0.clone())).collect();
                Arc::new(BucketPlace::at(url, &options, LIMIT)?)
            }
            #[cfg(feature = "http")]
            Kept::Http { url, token } => {
                let token = token.as_ref().map(|token| token.0.as_str());
                Arc::new(HttpPlace::at(&url.0, token, LIMIT)?)
            }
            #[cfg(feature = "postgres")]
            Kept::Postgres { url, table } => {
                Arc::new(PostgresPlace::at(&url.0, table.as_deref(), LIMIT)?)
            }
            #[cfg(feature = "sqlite")]
            Kept::Sqlite { path } => Arc::new(SqlitePlace::at(&root.join(path), Squeeze::None)),
            Kept::Unset { variable } => {
                return Err(PlaceError::Unreachable {
                    place: format!("${{{variable}}}"),
                    problem: "the environment does not have it".to_owned(),
                });
            }
            // None is left where everything was built in.
            #[allow(unreachable_patterns)]
            other => {
                return Err(PlaceError::Refused {
                    place: format!("{other:?}"),
                    problem: "this program was built without it".to_owned(),
                });
            }
        })
    }
}

impl Tiers {
    /// Looks after tiers of a log from now on. `kept` is what was kept of the last time.
    pub fn start(tiers: Vec<Tier>, log: &Path, kept: Option<&Value>) -> Tiers {
        let live = tiers.iter().map(|tier| Live::of(tier, kept)).collect();
        let follower = Follower::start(tiers.clone(), log.to_owned(), live);
        Tiers { tiers, log: log.to_owned(), follower }
    }

    /// Tells that the log has news and what database it leads to. Returns when the primary tier has it, with why not where it
    /// failed: the log has it all the same, and the tier catches up.
    pub fn changed(&self, database: Db) -> Result<(), TierState> {
        let number = self.follower.tell(Some(database), false);
        let Some(primary) = self.tiers.iter().position(|tier| tier.config.is_primary()) else {
            return Ok(());
        };
        self.follower.wait(number, |at| at == primary, None);
        match self.follower.states().swap_remove(primary) {
            state if state.problem.is_some() => Err(state),
            _ => Ok(()),
        }
    }

    /// Waits until each tier was tried since the last change, or for so long; says how they stand.
    pub fn settle(&self, within: Duration) -> Vec<TierState> {
        let number = self.follower.told();
        self.follower.wait(number, |_| true, Some(Instant::now() + within));
        self.states()
    }

    /// Tries each tier now, also those that are left alone for a while.
    pub fn catch_up(&self, database: Option<Db>, within: Duration) -> Vec<TierState> {
        self.follower.tell(database, true);
        self.settle(within)
    }

    /// How the tiers stand. Those that were not tried yet are compared with what was kept.
    pub fn states(&self) -> Vec<TierState> {
        let mut states = self.follower.states();
        for (state, progress) in states.iter_mut().zip(self.follower.progress()) {
            if let Ok(behind) = progress.behind(&self.log) {
                state.behind = behind;
            }
        }
        states
    }

    /// What is worth keeping for the next program.
    pub fn to_value(&self) -> Value {
        self.follower.to_value()
    }
}

/// Saves a version in each tier and lets old ones go; says of each how that went. `make` is asked once for each form.
pub async fn save_to_all(
    tiers: &[Tier],
    name: Option<&str>,
    mut make: impl FnMut(Form, Notation) -> Result<Saved, PlaceError>,
) -> Vec<(String, Result<Version, PlaceError>)> {
    let mut made: Vec<Arc<Saved>> = Vec::new();
    let mut tasks = Vec::new();
    for tier in tiers {
        let (form, notation) = (tier.config.form, tier.config.notation);
        let known = made.iter().find(|s| (s.form, s.notation) == (form, notation)).cloned();
        let saved = match known {
            Some(saved) => Ok(saved),
            None => make(form, notation).map(Arc::new),
        };
        made.extend(saved.iter().cloned());
        let (tier, name) = (tier.clone(), name.map(str::to_owned));
        tasks.push(tokio::spawn(async move {
            let (saved, place) = (saved?, tier.open()?);
            let version = crate::deliver::patiently(&*place, place.save(name.as_deref(), &saved));
            let version = version.await?;
            place.keep_newest(tier.config.keep).await?;
            Ok(version)
        }));
    }
    let mut outcomes = Vec::new();
    for (tier, task) in tiers.iter().zip(tasks) {
        let outcome = task.await.unwrap_or_else(|error| {
            Err(PlaceError::Unreachable {
                place: tier.config.name.clone(),
                problem: error.to_string(),
            })
        });
        outcomes.push((tier.config.name.clone(), outcome));
    }
    outcomes
}
