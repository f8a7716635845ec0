//! Waiting for files to change.
//!
//! What the system tells of changes is taken as a hint that something happened, and where: what is so is found by looking. So
//! nothing depends on which events an editor's way of saving makes, on their order, or on all of them arriving.
//!
//! Folders are followed one by one, so that what is ignored (`node_modules`, `target`) costs nothing.

use crate::output::note;
use crate::problem::{Outcome, Problem};
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long it has to be quiet before changes are looked at: an editor writes, renames and removes in one go.
const QUIET: Duration = Duration::from_millis(5);

/// How long changes are collected at most where it does not get quiet.
const PATIENCE: Duration = Duration::from_millis(250);

enum Signal {
    Touched(Vec<PathBuf>),
    Stop,
}

/// Follows folders until it is told to stop.
pub(crate) struct Follower {
    watcher: RecommendedWatcher,
    signals: Receiver<Signal>,
    folders: BTreeSet<PathBuf>,
}

impl Follower {
    /// Begins to listen, to Ctrl-C too. Once for a process.
    pub(crate) fn start() -> Outcome<Follower> {
        let (send, signals) = channel();
        let stop = send.clone();
        let cannot =
            |what: &str, e: &dyn std::error::Error| Problem::new(format!("cannot {what}: {e}"));
        // A receiver that is gone has stopped already.
        ctrlc::set_handler(move || drop(stop.send(Signal::Stop)))
            .map_err(|e| cannot("listen to Ctrl-C", &e))?;
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let touched = match event {
                Ok(event) if !is_change(&event.kind) => return,
                Ok(event) => event.paths,
                // What was lost is found by looking.
                Err(error) => error.paths,
            };
            drop(send.send(Signal::Touched(touched)));
        });
        let watcher = watcher.map_err(|e| cannot("follow changes of files", &e))?;
        Ok(Follower { watcher, signals, folders: BTreeSet::new() })
    }

    /// Follows these folders and no others. Says whether there are new ones, in which something may have changed before.
    pub(crate) fn follow(&mut self, folders: &[PathBuf]) -> bool {
        let wanted: BTreeSet<PathBuf> = folders.iter().cloned().collect();
        for gone in self.folders.difference(&wanted) {
            // A folder that is no more is not followed any more either.
            let _ = self.watcher.unwatch(gone);
        }
        self.folders.retain(|folder| wanted.contains(folder));
        let mut are_new = false;
        for new in wanted {
            if self.folders.contains(&new) {
                continue;
            }
            match self.watcher.watch(&new, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.folders.insert(new);
                    are_new = true;
                }
                Err(_) if !new.exists() => {}
                Err(error) => note(&format!("cannot follow {}: {error}", new.display())),
            }
        }
        are_new
    }

    /// Waits for changes, and until it is quiet again: the paths that were touched. `None` where it is time to stop.
    pub(crate) fn next(&mut self) -> Option<BTreeSet<PathBuf>> {
        let mut touched = BTreeSet::new();
        let mut add = |signal| match signal {
            Signal::Touched(paths) => {
                touched.extend(paths);
                true
            }
            Signal::Stop => false,
        };
        if !add(self.signals.recv().ok()?) {
            return None;
        }
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match self.signals.recv_timeout(QUIET) {
                Ok(signal) => {
                    if !add(signal) {
                        return None;
                    }
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        // A folder that went away takes its watch with it: where it comes again it is a new one.
        for folder in self.folders.intersection(&touched) {
            let _ = self.watcher.unwatch(folder);
        }
        self.folders.retain(|folder| !touched.contains(folder));
        Some(touched)
    }
}

/// Whether something may be different now. Reading a file tells of itself, too.
fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}
