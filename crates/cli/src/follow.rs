//! Waiting for files to change.
//!
//! What the system tells of changes is taken as a hint that something happened, and where: what is so is found by looking. So
//! nothing depends on which events an editor's way of saving makes, on their order, or on all of them arriving.
//!
//! Folders are followed one by one, so that what is ignored (`node_modules`, `target`) costs nothing.

use crate::output::note;
use crate::problem::{Outcome, Problem};
use code::project::is_walked;
use notify::event::{AccessKind, AccessMode, ModifyKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long it has to be quiet before changes are looked at: an editor writes, renames and removes in one go.
const QUIET: Duration = Duration::from_millis(5);

/// How long a source that went away is waited for: many editors put another file in its place.
const COMES_AGAIN: Duration = Duration::from_millis(50);

/// How long changes are collected at most where it does not get quiet, or where a source that is written is not closed.
const PATIENCE: Duration = Duration::from_millis(250);

/// Whether the system tells when somebody who wrote a file closes it.
const TELLS_OF_CLOSING: bool = cfg!(any(target_os = "linux", target_os = "android"));

enum Signal {
    Happened(Event),
    /// Something went wrong with these; what was lost is found by looking.
    Lost(Vec<PathBuf>),
    Stop,
}

/// What is told of changes.
#[derive(Default, Debug)]
pub(crate) struct Touched {
    pub(crate) paths: BTreeSet<PathBuf>,
    /// Whether more may have happened.
    pub(crate) is_all: bool,
}

impl Touched {
    /// Nothing is known: everything may have changed.
    pub(crate) fn all() -> Touched {
        Touched { paths: BTreeSet::new(), is_all: true }
    }

    /// Both of these.
    pub(crate) fn join(&mut self, more: Touched) {
        self.paths.extend(more.paths);
        self.is_all |= more.is_all;
    }
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
            let signal = match event {
                Ok(event) if !is_change(&event.kind) => return,
                Ok(event) => Signal::Happened(event),
                Err(error) => Signal::Lost(error.paths),
            };
            drop(send.send(signal));
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

    /// Waits for changes, and until it is quiet again; no longer than `limit` for the first, where that is given. `None` where it
    /// is time to stop.
    pub(crate) fn next(&mut self, limit: Option<Duration>) -> Option<Touched> {
        let mut gathered = Gathered::default();
        let first = match limit {
            None => self.signals.recv().ok()?,
            Some(limit) => match self.signals.recv_timeout(limit) {
                Ok(signal) => signal,
                Err(RecvTimeoutError::Timeout) => return Some(Touched::default()),
                Err(RecvTimeoutError::Disconnected) => return None,
            },
        };
        gathered.add(first)?;
        let start = Instant::now();
        while let Some(left) = PATIENCE.checked_sub(start.elapsed()) {
            match self.signals.recv_timeout(gathered.quiet().min(left)) {
                Ok(signal) => gathered.add(signal)?,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        let touched = gathered.touched;
        // A folder that went away takes its watch with it: where it comes again it is a new one.
        for folder in self.folders.intersection(&touched.paths) {
            let _ = self.watcher.unwatch(folder);
        }
        self.folders.retain(|folder| !touched.paths.contains(folder));
        Some(touched)
    }
}

/// What was told since it was quiet last.
#[derive(Default)]
struct Gathered {
    touched: Touched,
    /// Sources that somebody has not closed yet.
    being_written: BTreeSet<PathBuf>,
    /// Sources that went away and did not come again.
    gone: BTreeSet<PathBuf>,
}

impl Gathered {
    /// How long it has to be quiet now.
    fn quiet(&self) -> Duration {
        match (self.being_written.is_empty(), self.gone.is_empty()) {
            (false, _) => PATIENCE,
            (true, false) => COMES_AGAIN,
            (true, true) => QUIET,
        }
    }

    /// `None` where it is time to stop.
    fn add(&mut self, signal: Signal) -> Option<()> {
        match signal {
            Signal::Happened(event) => {
                self.touched.is_all |= event.need_rescan();
                for path in event.paths.iter().filter(|path| is_source(path)) {
                    self.happened(event.kind, path);
                }
                self.touched.paths.extend(event.paths);
            }
            Signal::Lost(paths) => {
                self.touched.is_all = true;
                self.touched.paths.extend(paths);
            }
            Signal::Stop => return None,
        }
        Some(())
    }

    fn happened(&mut self, kind: EventKind, source: &Path) {
        match kind {
            // Both names of what was moved, each of which was told already.
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => {}
            EventKind::Modify(ModifyKind::Data(_)) if TELLS_OF_CLOSING => {
                self.being_written.insert(source.to_owned());
            }
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
                self.being_written.remove(source);
                self.gone.insert(source.to_owned());
            }
            _ => {
                self.being_written.remove(source);
                self.gone.remove(source);
            }
        }
    }
}

/// Whether a file is one that a walk would read.
fn is_source(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(is_walked)
}

/// Whether something may be different now. Reading a file tells of itself, too.
fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{CreateKind, DataChange, RemoveKind};

    #[test]
    fn it_is_waited_for_what_editors_do_in_steps() {
        let mut gathered = Gathered::default();
        let mut happens = |kind: EventKind, path: &str| {
            gathered.add(Signal::Happened(Event::new(kind).add_path(path.into()))).unwrap();
            gathered.quiet()
        };
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let closed = EventKind::Access(AccessKind::Close(AccessMode::Write));
        let moved = EventKind::Modify(ModifyKind::Name(RenameMode::From));
        let (made, removed) =
            (EventKind::Create(CreateKind::File), EventKind::Remove(RemoveKind::File));
        // As Vim saves: a try, the file out of the way, a new one, the old one gone.
        assert_eq!(happens(made, "src/4913"), QUIET);
        assert_eq!(happens(removed, "src/4913"), QUIET);
        assert_eq!(happens(moved, "src/a.clj"), COMES_AGAIN);
        assert_eq!(happens(made, "src/a.clj~"), COMES_AGAIN);
        assert_eq!(happens(made, "src/a.clj"), QUIET);
        let open = if TELLS_OF_CLOSING { PATIENCE } else { QUIET };
        assert_eq!(happens(written, "src/a.clj"), open);
        assert_eq!(happens(removed, "src/a.clj~"), open);
        assert_eq!(happens(closed, "src/a.clj"), QUIET);
        assert_eq!(gathered.touched.paths.len(), 3);
    }
}
