//! A place in memory: for tests, and to try things.

use crate::error::PlaceError;
use crate::place::{Mark, Place, Reading, Saved, Version, checked_name};
use async_trait::async_trait;
use db::Db;
use edn::Uuid;
use rustc_hash::FxHashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::Transaction;

/// A database kept as long as the program runs.
pub struct MemoryPlace {
    /// What marks of this one begin with.
    identity: u64,
    kept: Mutex<Kept>,
}

impl Default for MemoryPlace {
    fn default() -> MemoryPlace {
        MemoryPlace { identity: RandomState::new().hash_one(()), kept: Mutex::default() }
    }
}

#[derive(Default)]
struct Kept {
    log: Vec<Transaction>,
    ids: FxHashSet<Uuid>,
    versions: Vec<(Version, Saved)>,
}

impl MemoryPlace {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Each change is one assignment at the end, so a panic leaves what was there.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryPlace {
    fn place_of(&self, mark: &Mark) -> Option<usize> {
        let (identity, length) = mark.0.split_once(' ')?;
        (identity.parse() == Ok(self.identity)).then(|| length.parse().ok())?
    }
}

#[async_trait]
impl Place for MemoryPlace {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    async fn append(&self, transactions: &[Transaction], _: Option<&Db>) -> Result<(), PlaceError> {
        let mut kept = self.kept();
        for transaction in transactions {
            if kept.ids.insert(transaction.id()) {
                kept.log.push(transaction.clone());
            }
        }
        Ok(())
    }

    async fn read(&self, after: Option<&Mark>) -> Result<Reading, PlaceError> {
        let kept = self.kept();
        let from = after.and_then(|mark| self.place_of(mark));
        let news = from.and_then(|from| kept.log.get(from..));
        Ok(Reading {
            transactions: news.unwrap_or(&kept.log).to_vec(),
            mark: Mark(format!("{} {}", self.identity, kept.log.len())),
            is_all: news.is_none(),
        })
    }

    async fn save(&self, name: Option<&str>, saved: &Saved) -> Result<Version, PlaceError> {
        let mut kept = self.kept();
        let now = crate::moment::now();
        let name = match name {
            Some(name) => checked_name(name)?.to_owned(),
            None => {
                let is_free = |name: &str| kept.versions.iter().all(|(v, _)| v.name != name);
                crate::moment::free_name(now, is_free)
            }
        };
        let version = Version {
            name,
            saved_at: now,
            form: saved.form,
            notation: saved.notation,
            bytes: saved.text.len() as u64,
        };
        kept.versions.retain(|(v, _)| v.name != version.name);
        kept.versions.push((version.clone(), saved.clone()));
        Ok(version)
    }

    async fn versions(&self) -> Result<Vec<Version>, PlaceError> {
        Ok(self.kept().versions.iter().rev().map(|(version, _)| version.clone()).collect())
    }

    async fn load(&self, name: &str) -> Result<Option<Saved>, PlaceError> {
        let kept = self.kept();
        Ok(kept.versions.iter().find(|(v, _)| v.name == name).map(|(_, saved)| saved.clone()))
    }

    async fn forget(&self, name: &str) -> Result<bool, PlaceError> {
        let mut kept = self.kept();
        let before = kept.versions.len();
        kept.versions.retain(|(v, _)| v.name != name);
        Ok(kept.versions.len() < before)
    }
}
