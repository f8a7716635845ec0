//! When what is made of a database, and how much of it is kept.
//!
//! A [`Schedule`] is a map of moments and actions, as in the plan
//! `{:on-change :append-tx-log :hourly :create-snapshot :daily :compress-old-logs}`. Besides there are `:weekly`,
//! `[:every 100 :transactions]` and `[:every 15 :minutes]`; an action may be a vector of several.
//!
//! What is due is a function of what was done, the time and how many transactions there are: nothing here looks at a clock, and
//! a program that runs for moments only does what came due since the last one. A clock that jumps back starts anew from there.

use crate::config::{ConfigError, expected};
use crate::error::PlaceError;
use crate::place::{Place, Version};
use edn::{Inst, Value};
use std::collections::BTreeMap;

/// What is done by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// Transactions go to the log, and from there to the tiers. This happens on each change whatever is said.
    AppendTxLog,
    /// A snapshot is made, and a version in each tier; old ones make room.
    CreateSnapshot,
    /// Old transactions go from the log to an archive.
    CompressOldLogs,
}

/// When something is done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum When {
    /// With each transaction.
    OnChange,
    /// After so many transactions.
    Transactions(u64),
    /// After so many milliseconds, where anything changed.
    Millis(i64),
}

/// What is done when.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Schedule {
    entries: BTreeMap<When, Vec<Action>>,
}

/// What was done, and when: at which time, after how many transactions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Done {
    times: BTreeMap<When, (Inst, u64)>,
}

/// Lets go of what a place need not keep; says what that is. Where it is only asked (`is_dry`), all stays.
pub async fn prune(
    place: &dyn Place,
    retention: &Retention,
    now: Inst,
    is_dry: bool,
) -> Result<Vec<Version>, PlaceError> {
    let outdated = retention.outdated(&place.versions().await?, now);
    for version in outdated.iter().filter(|_| !is_dry) {
        place.forget(&version.name).await?;
    }
    Ok(outdated)
}

/// How much is kept of what nobody named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// So many snapshots.
    pub snapshots: usize,
    /// For so many days; the newest one stays however old it is.
    pub days: Option<u32>,
    /// Transactions that are older than so many days are old: they may go to an archive.
    pub log_days: u32,
}

impl Default for Retention {
    fn default() -> Retention {
        Retention { snapshots: 10, days: None, log_days: 30 }
    }
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Schedule {
    /// Reads a schedule.
    ///
    /// ```
    /// use places::{Action, Done, Schedule};
    /// let plan = edn::read("{:on-change :append-tx-log [:every 100 :transactions] :create-snapshot}").unwrap();
    /// let (schedule, done) = (Schedule::read(&plan).unwrap(), Done::default());
    /// assert_eq!(schedule.due(&done, edn::Inst(0), 99), []);
    /// assert_eq!(schedule.due(&done, edn::Inst(0), 100), [Action::CreateSnapshot]);
    /// ```
    pub fn read(value: &Value) -> Result<Schedule, ConfigError> {
        let map = value.as_map().ok_or_else(|| expected("a map of moments and actions", value))?;
        let mut schedule = Schedule::default();
        for (key, value) in map.iter() {
            let when = when(key).map_err(|error| error.below(key))?;
            let several = value.as_vector().unwrap_or(std::slice::from_ref(value));
            for value in several {
                let action = action(value).map_err(|error| error.below(key))?;
                schedule.entries.entry(when).or_default().push(action);
            }
        }
        Ok(schedule)
    }

    /// Whether anything is to be done by itself.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What is to be done now, each action once. `transactions` is how many the database has.
    pub fn due(&self, done: &Done, now: Inst, transactions: u64) -> Vec<Action> {
        let due = self.entries.iter().filter(|(when, _)| done.is_due(**when, now, transactions));
        let mut actions: Vec<Action> = due
            .flat_map(|(_, actions)| actions)
            .copied()
            .filter(|a| *a != Action::AppendTxLog)
            .collect();
        actions.sort();
        actions.dedup();
        actions
    }

    /// When something comes due by the time alone, where nothing does now.
    pub fn next(&self, done: &Done, now: Inst) -> Option<Inst> {
        let next = self.entries.keys().filter_map(|when| match when {
            When::Millis(millis) => {
                Some(done.times.get(when).map_or(now.0, |(at, _)| at.0.min(now.0)) + millis)
            }
            _ => None,
        });
        next.min().map(Inst)
    }

    /// Notes that all was done that was due.
    pub fn did(&self, done: &mut Done, now: Inst, transactions: u64) {
        for when in self.entries.keys() {
            let noted = done.times.get(when);
            let is_back = noted.is_some_and(|(at, _)| *at > now);
            if is_back || done.is_due(*when, now, transactions) {
                done.times.insert(*when, (now, transactions));
            } else if noted.is_none() {
                done.times.insert(*when, (now, 0));
            }
        }
        done.times.retain(|when, _| self.entries.contains_key(when));
    }
}

impl Done {
    /// What is noted nowhere yet counts transactions from an empty database on, and time from now on.
    fn is_due(&self, when: When, now: Inst, transactions: u64) -> bool {
        let last = self.times.get(&when);
        let (at, before) = last.copied().unwrap_or((now, 0));
        let is_changed = transactions != before;
        match when {
            When::OnChange => is_changed,
            When::Transactions(count) => transactions.abs_diff(before) >= count,
            When::Millis(millis) => is_changed && now.0.saturating_sub(at.0) >= millis,
        }
    }

    /// As EDN, to be kept.
    pub fn to_value(&self) -> Value {
        let entry = |(when, (at, count)): (&When, &(Inst, u64))| {
            let count = Value::Int(i64::try_from(*count).unwrap_or(i64::MAX));
            (when.to_value(), Value::vector(vec![Value::Inst(*at), count]))
        };
        Value::map(self.times.iter().map(entry).collect())
    }

    /// What was kept; what does not read was not done.
    pub fn of_value(value: &Value) -> Done {
        let entry = |(key, value): (&Value, &Value)| {
            let [Value::Inst(at), count] = value.as_seq()? else { return None };
            Some((when(key).ok()?, (*at, u64::try_from(count.as_int()?).ok()?)))
        };
        let times = value.as_map().map(|map| map.iter().filter_map(entry).collect());
        Done { times: times.unwrap_or_default() }
    }
}

impl When {
    fn to_value(self) -> Value {
        let every = |count: i64, unit: &str| {
            Value::vector(vec![Value::keyword("every"), Value::Int(count), Value::keyword(unit)])
        };
        match self {
            When::OnChange => Value::keyword("on-change"),
            When::Transactions(count) => {
                every(i64::try_from(count).unwrap_or(i64::MAX), "transactions")
            }
            When::Millis(millis) => every(millis, "milliseconds"),
        }
    }
}

fn when(key: &Value) -> Result<When, ConfigError> {
    const KNOWN: &str =
        ":on-change, :hourly, :daily, :weekly, [:every 100 :transactions] or [:every 15 :minutes]";
    if let Some([every, Value::Int(count), unit]) = key.as_vector()
        && every.is_keyword("every")
        && *count > 0
    {
        if unit.is_keyword("transactions") {
            return Ok(When::Transactions(count.unsigned_abs()));
        }
        const UNITS: [(&str, i64); 5] = [
            ("milliseconds", 1),
            ("seconds", 1_000),
            ("minutes", MINUTE),
            ("hours", HOUR),
            ("days", DAY),
        ];
        let unit = UNITS.iter().find(|(name, _)| unit.is_keyword(name));
        if let Some(millis) = unit.and_then(|(_, millis)| count.checked_mul(*millis)) {
            return Ok(When::Millis(millis));
        }
    }
    match key.as_keyword().map(|name| name.as_str()) {
        Some("on-change") => Ok(When::OnChange),
        Some("hourly") => Ok(When::Millis(HOUR)),
        Some("daily") => Ok(When::Millis(DAY)),
        Some("weekly") => Ok(When::Millis(7 * DAY)),
        _ => Err(ConfigError::new(format!("expected {KNOWN}"))),
    }
}

fn action(value: &Value) -> Result<Action, ConfigError> {
    match value.as_keyword().map(|name| name.as_str()) {
        Some("append-tx-log") => Ok(Action::AppendTxLog),
        Some("create-snapshot") => Ok(Action::CreateSnapshot),
        Some("compress-old-logs") => Ok(Action::CompressOldLogs),
        _ => Err(expected(":append-tx-log, :create-snapshot or :compress-old-logs", value)),
    }
}

impl Retention {
    /// Reads how much is kept.
    pub fn read(value: &Value) -> Result<Retention, ConfigError> {
        let map = value.as_map().ok_or_else(|| expected("a map such as {:snapshots 10}", value))?;
        let mut retention = Retention::default();
        for (key, value) in map.iter() {
            retention.entry(key, value).map_err(|error| error.below(key))?;
        }
        Ok(retention)
    }

    /// Those of a place's versions, given the newest first, that are not kept: moments that are too many or too old. The newest
    /// moment is always kept, and what somebody named.
    pub fn outdated(&self, versions: &[Version], now: Inst) -> Vec<Version> {
        let oldest = self.days.map(|days| now.0.saturating_sub(i64::from(days) * DAY));
        let moments = versions.iter().filter(|version| version.is_moment()).enumerate().skip(1);
        let is_outdated = |at: usize, version: &Version| {
            at >= self.snapshots || oldest.is_some_and(|oldest| version.saved_at.0 < oldest)
        };
        moments.filter(|(at, v)| is_outdated(*at, v)).map(|(_, v)| v.clone()).collect()
    }

    fn entry(&mut self, key: &Value, value: &Value) -> Result<(), ConfigError> {
        let count = || {
            let count = value.as_int().and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
            count.ok_or_else(|| expected("a number from 1 on", value))
        };
        match key.as_keyword().map(|name| name.as_str()) {
            Some("snapshots") => self.snapshots = count()? as usize,
            Some("days") => self.days = Some(count()?),
            Some("log-days") => self.log_days = count()?,
            _ => {
                return Err(ConfigError::new(
                    "is not known here; there are :snapshots, :days, :log-days",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(text: &str) -> Schedule {
        Schedule::read(&edn::read(text).unwrap()).unwrap()
    }

    /// What is done at each of these times (in minutes) and counts of transactions.
    fn run(schedule: &Schedule, moments: &[(i64, u64)]) -> Vec<Vec<Action>> {
        let mut done = Done::default();
        let mut all = Vec::new();
        for (minute, transactions) in moments {
            let now = Inst(minute * MINUTE);
            all.push(schedule.due(&done, now, *transactions));
            schedule.did(&mut done, now, *transactions);
            // A program that ends and one that begins.
            done = Done::of_value(&edn::read(&done.to_value().to_string()).unwrap());
        }
        all
    }

    #[test]
    fn the_hybrid_plan_over_a_day() {
        let plan = schedule(
            "{:on-change :append-tx-log :hourly :create-snapshot :daily :compress-old-logs}",
        );
        let (snapshot, compress) = (Action::CreateSnapshot, Action::CompressOldLogs);
        let moments = [(0, 1), (30, 2), (60, 3), (119, 4), (120, 4), (500, 4), (1440, 9)];
        let done = run(&plan, &moments);
        let expected: [&[Action]; 7] =
            [&[], &[], &[snapshot], &[], &[snapshot], &[], &[snapshot, compress]];
        assert_eq!(done, expected);
        assert_eq!(plan.next(&Done::default(), Inst(0)), Some(Inst(HOUR)));
    }

    #[test]
    fn after_so_many_transactions() {
        let plan = schedule("{[:every 10 :transactions] [:create-snapshot :compress-old-logs]}");
        let counts = [(0, 9), (0, 10), (0, 19), (0, 25), (0, 34), (0, 35)];
        let done: Vec<usize> = run(&plan, &counts).iter().map(Vec::len).collect();
        assert_eq!(done, [0, 2, 0, 2, 0, 2]);
    }

    #[test]
    fn the_newest_stay_and_what_is_named() {
        let version = |name: &str, day: i64| Version {
            name: name.to_owned(),
            saved_at: Inst(day * DAY),
            form: crate::Form::Data,
            notation: crate::Notation::Edn,
            bytes: 1,
        };
        let versions = [
            version("9", 9),
            version("release", 8),
            version("7", 7),
            version("5", 5),
            version("1", 1),
        ];
        let gone = |text: &str, day: i64| -> Vec<String> {
            let retention = Retention::read(&edn::read(text).unwrap()).unwrap();
            let outdated = retention.outdated(&versions, Inst(day * DAY));
            outdated.into_iter().map(|version| version.name).collect()
        };
        assert_eq!(gone("{}", 9), [""; 0]);
        assert_eq!(gone("{:snapshots 2}", 9), ["5", "1"]);
        assert_eq!(gone("{:days 3}", 9), ["5", "1"]);
        assert_eq!(gone("{:days 3}", 900), ["7", "5", "1"]);
        assert_eq!(gone("{:snapshots 1 :days 30}", 9), ["7", "5", "1"]);
    }

    #[test]
    fn a_clock_that_jumps_back_starts_anew() {
        let plan = schedule("{:hourly :create-snapshot}");
        let moments = [(1000, 1), (1060, 2), (10, 3), (69, 4), (70, 5)];
        let done: Vec<usize> = run(&plan, &moments).iter().map(Vec::len).collect();
        assert_eq!(done, [0, 1, 0, 0, 1]);
    }
}
