//! The configuration: which places a database is kept in, when what is made of it, and how much of that is kept.
//!
//! It is a map. Each entry whose value has a `:type` is a tier, by whatever name; the first of them is `:primary` where there is
//! one. These are its own keys:
//!
//! | key | what |
//! |---|---|
//! | `:primary` `:backup` `:sync` … | tiers: `{:type :file :path "data/code-db.edn" :backup-count 10}` |
//! | `:backup-schedule` | [`Schedule`]: `{:on-change :append-tx-log :hourly :create-snapshot :daily :compress-old-logs}` |
//! | `:retention` | [`Retention`]: `{:snapshots 10 :days 30}` |
//! | `:tx-log` `:snapshots` | where the log and the snapshots are, in the database's folder |
//! | `:strategy` | `:tx-log-primary`, which is how it works |
//! | `:sync-interval` | in milliseconds, how often tiers are looked at for what others wrote |
//! | `:immediate` `:offline-storage` | a browser's storages: `:localstorage`, `:indexeddb`; nothing here uses them |
//!
//! The program that reads it may have keys besides; any other is an error. In strings `${NAME}` stands for a variable of the environment, so that
//! passwords need not be written down; whatever may be one is never shown.

mod tier;

use crate::schedule::{Retention, Schedule};
use edn::{Map, Value};
use std::path::PathBuf;
use std::time::Duration;

pub use tier::{Kept, Secret, TierConfig};

/// What a configuration says. See the module.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The tiers, the primary one first, the others by name.
    pub tiers: Vec<TierConfig>,
    /// When what is made.
    pub schedule: Schedule,
    /// How much of it is kept.
    pub retention: Retention,
    /// Where the log is, where it says so.
    pub tx_log: Option<PathBuf>,
    /// Where snapshots are, where it says so.
    pub snapshots: Option<PathBuf>,
    /// How often tiers are looked at for what others wrote.
    pub sync_interval: Option<Duration>,
    /// What a browser keeps it in: at once, and for larger databases.
    pub browser: [Option<String>; 2],
}

/// Why a configuration is not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}: {problem}", Value::vector(path.clone()))]
pub struct ConfigError {
    /// The keys that lead to what is wrong.
    pub path: Vec<Value>,
    /// What was found and what was expected.
    pub problem: String,
}

impl ConfigError {
    pub(crate) fn new(problem: impl Into<String>) -> ConfigError {
        ConfigError { path: Vec::new(), problem: problem.into() }
    }

    /// The same, below a key.
    pub(crate) fn below(mut self, key: &Value) -> ConfigError {
        self.path.insert(0, key.clone());
        self
    }
}

impl Config {
    /// Reads a configuration. `others` are the keys that the program has besides; `variable` gives what the environment says.
    ///
    /// ```
    /// let map = edn::read(
    ///     "{:primary {:type :file :path \"data/code-db.edn\" :backup-count 10}
    ///       :backup {:type :sqlite :path \"data/code-db.sqlite\"}
    ///       :sync {:type :postgres :url \"postgresql://localhost/codebase\"}}",
    /// )
    /// .unwrap();
    /// let config = places::Config::read(map.as_map().unwrap(), &[], |_| None).unwrap();
    /// let names: Vec<&str> = config.tiers.iter().map(|tier| tier.name.as_str()).collect();
    /// assert_eq!(names, ["primary", "backup", "sync"]);
    /// assert_eq!(config.tiers[0].keep, 10);
    /// ```
    pub fn read(
        map: &Map,
        others: &[&str],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        for (key, value) in map.iter() {
            if others.iter().any(|other| key.is_keyword(other)) {
                continue;
            }
            config.entry(key, value, &variable).map_err(|error| error.below(key))?;
        }
        config.tiers.sort_by_key(|tier| (!tier.is_primary(), tier.name.clone()));
        Ok(config)
    }

    fn entry(
        &mut self,
        key: &Value,
        value: &Value,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(), ConfigError> {
        let unknown = || ConfigError::new("is not known here, and no tier, which has a :type");
        let name = key.as_keyword().ok_or_else(unknown)?;
        match name.as_str() {
            "backup-schedule" => self.schedule = Schedule::read(value)?,
            "retention" => self.retention = Retention::read(value)?,
            "tx-log" => self.tx_log = Some(path(value)?),
            "snapshots" => self.snapshots = Some(path(value)?),
            "strategy" if value.is_keyword("tx-log-primary") => {}
            "strategy" => return Err(expected(":tx-log-primary", value)),
            "sync-interval" => {
                let millis = value.as_int().and_then(|n| u64::try_from(n).ok());
                let millis = millis.filter(|millis| *millis > 0);
                self.sync_interval = Some(Duration::from_millis(
                    millis.ok_or_else(|| expected("milliseconds, such as 30000", value))?,
                ));
            }
            "immediate" => self.browser[0] = Some(storage(value)?),
            "offline-storage" => self.browser[1] = Some(storage(value)?),
            tier => {
                let map = match (value.as_map(), tier) {
                    (Some(map), "primary" | "backup" | "sync") => map,
                    (Some(map), _) if map.get_keyword("type").is_some() => map,
                    (_, "primary" | "backup" | "sync") => {
                        let like = "a map such as {:type :file :path \"data/code-db.edn\"}";
                        return Err(expected(like, value));
                    }
                    _ => return Err(unknown()),
                };
                self.tiers.push(TierConfig::read(tier, map, variable)?);
            }
        }
        Ok(())
    }
}

fn path(value: &Value) -> Result<PathBuf, ConfigError> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(PathBuf::from).ok_or_else(|| expected("a path", value))
}

fn storage(value: &Value) -> Result<String, ConfigError> {
    let known = ["localstorage", "indexeddb"].into_iter().find(|name| value.is_keyword(name));
    known.map(str::to_owned).ok_or_else(|| expected(":localstorage or :indexeddb", value))
}

pub(crate) fn expected(what: &str, found: &Value) -> ConfigError {
    ConfigError::new(format!("expected {what}, found {found}"))
}

#[cfg(test)]
mod tests;
