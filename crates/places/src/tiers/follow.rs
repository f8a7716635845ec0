//! The thread that looks after tiers.

use super::{Tier, TierState};
use crate::deliver::{Progress, deliver};
use crate::error::PlaceError;
use crate::moment::now;
use crate::place::Place;
use db::Db;
use edn::{Inst, Map, Value};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// A tier at work.
pub(super) struct Live {
    state: TierState,
    progress: Progress,
    /// The last change that it was tried for.
    tried: u64,
}

/// What the tasks are told.
#[derive(Clone, Default)]
struct News {
    /// How many changes there were, the start among them.
    number: u64,
    database: Option<Db>,
    /// Whether those that are left alone for a while are tried, too.
    is_urgent: bool,
}

struct Shared {
    log: PathBuf,
    live: Mutex<Vec<Live>>,
    tried: Condvar,
}

/// See the module.
pub(super) struct Follower {
    shared: Arc<Shared>,
    news: watch::Sender<News>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

const FIRST_PAUSE: i64 = 1_000;
const LONGEST_PAUSE: i64 = 300_000;

impl Live {
    /// A tier as it was kept; another place under its name begins anew.
    pub(super) fn of(tier: &Tier, kept: Option<&Value>) -> Live {
        let mut state = TierState { name: tier.config.name.clone(), ..TierState::default() };
        let mut progress = Progress::default();
        let entry = kept.and_then(Value::as_map);
        let entry = entry.and_then(|map| map.get(&Value::string(tier.config.name.as_str())));
        if let Some(entry) = entry.and_then(Value::as_map)
            && let Some(kept) = entry.get_keyword("progress").and_then(Progress::of_value)
        {
            let time = |key| match entry.get_keyword(key) {
                Some(Value::Inst(time)) => Some(*time),
                _ => None,
            };
            let text = |key| entry.get_keyword(key).and_then(Value::as_str).map(str::to_owned);
            let failures = entry.get_keyword("failures").and_then(Value::as_int);
            state.place = text("place");
            state.problem = text("problem");
            state.reached_at = time("reached-at");
            state.next_try = time("next-try");
            state.failures = failures.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
            progress = kept;
        }
        Live { state, progress, tried: 0 }
    }

    fn to_value(&self) -> Value {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Nil, Value::string);
        let time = |time: Option<Inst>| time.map_or(Value::Nil, Value::Inst);
        let state = &self.state;
        let entries = [
            ("place", text(&state.place)),
            ("progress", self.progress.to_value()),
            ("reached-at", time(state.reached_at)),
            ("failures", Value::Int(i64::from(state.failures))),
            ("problem", text(&state.problem)),
            ("next-try", time(state.next_try)),
        ];
        Value::map(entries.into_iter().map(|(k, v)| (Value::keyword(k), v)).collect())
    }

    /// Notes how a try went.
    fn note(&mut self, number: u64, place: Option<String>, tried: Result<Progress, PlaceError>) {
        let now = now();
        self.tried = number;
        let state = &mut self.state;
        state.place = place.or(state.place.take());
        match tried {
            Ok(progress) => {
                self.progress = progress;
                state.reached_at = Some(now);
                (state.failures, state.problem, state.next_try) = (0, None, None);
            }
            Err(error) => {
                let pause = FIRST_PAUSE.checked_shl(state.failures).unwrap_or(LONGEST_PAUSE);
                state.failures = state.failures.saturating_add(1);
                state.problem = Some(error.to_string());
                state.next_try = Some(Inst(now.0 + pause.clamp(FIRST_PAUSE, LONGEST_PAUSE)));
            }
        }
    }

    /// How long it is left alone. A clock that jumped back does not make that longer.
    fn pause(&self) -> Option<Duration> {
        let next = self.state.next_try?.0;
        let left = (next - now().0).min(LONGEST_PAUSE);
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_millis)
    }
}

impl Shared {
    fn live(&self) -> MutexGuard<'_, Vec<Live>> {
        // Each change is made whole before anything in it can fail.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower {
    pub(super) fn start(tiers: Vec<Tier>, log: PathBuf, live: Vec<Live>) -> Follower {
        let shared = Arc::new(Shared { log, live: Mutex::new(live), tried: Condvar::new() });
        // That somebody looks after them now is the first news.
        let (news, listener) = watch::channel(News { number: 1, ..News::default() });
        let (end, ended) = oneshot::channel();
        let thread = (!tiers.is_empty()).then(|| {
            let shared = shared.clone();
            std::thread::spawn(move || run(tiers, &shared, &listener, ended))
        });
        Follower { shared, news, end: Some(end), thread }
    }

    /// Tells of a change; says which one it is.
    pub(super) fn tell(&self, database: Option<Db>, is_urgent: bool) -> u64 {
        self.news.send_modify(|news| {
            news.number += 1;
            news.is_urgent = is_urgent;
            news.database = database.or(news.database.take());
        });
        self.told()
    }

    /// How many changes were told.
    pub(super) fn told(&self) -> u64 {
        self.news.borrow().number
    }

    /// Waits until some tiers were tried for a change.
    pub(super) fn wait(&self, number: u64, which: impl Fn(usize) -> bool, until: Option<Instant>) {
        let mut live = self.shared.live();
        let is_open = |live: &[Live]| {
            live.iter().enumerate().any(|(at, tier)| which(at) && tier.tried < number)
        };
        while is_open(&live) {
            let left = match until {
                None => Duration::from_secs(1),
                Some(until) => until.saturating_duration_since(Instant::now()),
            };
            if left.is_zero() || self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
                return;
            }
            let waited = self.shared.tried.wait_timeout(live, left);
            live = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub(super) fn states(&self) -> Vec<TierState> {
        self.shared.live().iter().map(|live| live.state.clone()).collect()
    }

    pub(super) fn progress(&self) -> Vec<Progress> {
        self.shared.live().iter().map(|live| live.progress.clone()).collect()
    }

    pub(super) fn to_value(&self) -> Value {
        let live = self.shared.live();
        let entries = live.iter().map(|l| (Value::string(l.state.name.as_str()), l.to_value()));
        Value::Map(Map::from_iter(entries))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // Whatever is under way is given up: what was not acknowledged is sent again by the next program.
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(
    tiers: Vec<Tier>,
    shared: &Arc<Shared>,
    news: &watch::Receiver<News>,
    ended: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        for (at, tier) in tiers.into_iter().enumerate() {
            tokio::spawn(follow(at, tier, shared.clone(), news.clone()));
        }
        let _ = ended.await;
    });
    // Blocking work that hangs is not waited for.
    runtime.shutdown_background();
}

/// Keeps one tier current.
async fn follow(at: usize, tier: Tier, shared: Arc<Shared>, mut news: watch::Receiver<News>) {
    let mut place: Option<Arc<dyn Place>> = None;
    loop {
        let News { number, database, is_urgent } = news.borrow_and_update().clone();
        let (pause, mut progress) = {
            let mut live = shared.live();
            let pause = live[at].pause().filter(|_| !is_urgent);
            if pause.is_some() {
                live[at].tried = number;
                shared.tried.notify_all();
            }
            (pause, live[at].progress.clone())
        };
        if pause.is_none() {
            let tried =
                reach(&tier, &mut place, &shared.log, &mut progress, database.as_ref()).await;
            let name = place.as_ref().map(|place| place.name());
            if tried.is_err() {
                place = None;
            }
            shared.live()[at].note(number, name, tried.map(|()| progress));
            shared.tried.notify_all();
        }
        let pause = shared.live()[at].pause();
        let changed = match pause {
            Some(pause) => match tokio::time::timeout(pause, news.changed()).await {
                Ok(changed) => changed,
                Err(_) => Ok(()),
            },
            None => news.changed().await,
        };
        if changed.is_err() {
            return;
        }
    }
}

/// Gives a tier what it lacks.
async fn reach(
    tier: &Tier,
    place: &mut Option<Arc<dyn Place>>,
    log: &Path,
    progress: &mut Progress,
    database: Option<&Db>,
) -> Result<(), PlaceError> {
    let opened = match place {
        Some(place) => place.clone(),
        None => place.insert(tier.open()?).clone(),
    };
    deliver(log, &*opened, progress, database).await?;
    Ok(())
}
