//! Measuring and printing.

use std::fs;
use std::time::{Duration, Instant};

/// Prints a figure.
#[allow(clippy::print_stdout)] // Printing figures is what this program is for.
pub(crate) fn print(name: &str, value: impl std::fmt::Display) {
    println!("{name}: {value}");
}

/// The time something takes, in the middle of several runs, and what the last of them gave.
pub(crate) fn median<T>(runs: usize, mut run: impl FnMut() -> T) -> (Duration, T) {
    let mut times = Vec::with_capacity(runs);
    loop {
        let start = Instant::now();
        let result = run();
        times.push(start.elapsed());
        if times.len() >= runs {
            times.sort_unstable();
            return (times[times.len() / 2], result);
        }
    }
}

/// A duration in milliseconds.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

/// So many things in a time, as things a second.
pub(crate) fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// The memory of this process in bytes, where the system tells: now, and at most so far.
pub(crate) fn memory() -> Option<(usize, usize)> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<usize>().ok()
    };
    Some((kilobytes("VmRSS:")? << 10, kilobytes("VmHWM:")? << 10))
}
