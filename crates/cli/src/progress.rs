//! A sign of life during long work: on standard error, on a terminal only, and only when it takes a while.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_millis(300);
const TICK: Duration = Duration::from_millis(80);

/// Shows what is being done until it is dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Dropped with it: then the thread that waits for the time to show up ends.
    _alive: Sender<()>,
}

impl Progress {
    /// Begins something.
    pub(crate) fn start(what: &str) -> Progress {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        let (alive, ended) = channel::<()>();
        if std::io::stderr().is_terminal() {
            let late = bar.clone();
            std::thread::spawn(move || {
                if ended
                    .recv_timeout(PATIENCE)
                    .is_err_and(|e| e == std::sync::mpsc::RecvTimeoutError::Timeout)
                {
                    late.set_draw_target(ProgressDrawTarget::stderr());
                    late.enable_steady_tick(TICK);
                }
            });
        }
        Progress { bar, _alive: alive }
    }

    /// Begins so many things.
    pub(crate) fn counting(what: &str, total: usize) -> Progress {
        let progress = Progress::start(what);
        progress.bar.set_length(total as u64);
        let bar = "{spinner} {msg} {wide_bar} {human_pos} of {human_len} ({elapsed}, {eta} left)";
        if let Ok(style) = ProgressStyle::with_template(bar) {
            progress.bar.set_style(style);
        }
        progress
    }

    /// One of them is done.
    pub(crate) fn advance(&self) {
        self.bar.inc(1);
    }

    /// Goes on to the next thing.
    pub(crate) fn now(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
