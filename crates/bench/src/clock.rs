//! How time is taken: the same for every engine.

use crate::Failure;
use std::time::{Duration, Instant};

/// How long to run something.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Runs that do not count go on for so long.
    pub(crate) warm_up: Duration,
    /// Runs that count go on for so long.
    pub(crate) measure: Duration,
    /// So many runs count, unless one takes longer than five seconds.
    pub(crate) least: usize,
}

/// A time, and how much came out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) ms: f64,
    pub(crate) count: usize,
}

/// What takes longer is run once.
const LONG: Duration = Duration::from_secs(5);

/// The median of the times of single runs.
pub(crate) fn median(
    pace: Pace,
    mut run: impl FnMut() -> Result<usize, Failure>,
) -> Result<Measured, Failure> {
    let start = Instant::now();
    let count = run()?;
    let first = start.elapsed();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    if first > LONG {
        return Ok(Measured { ms: ms(first), count });
    }
    while start.elapsed() < pace.warm_up {
        run()?;
    }
    let (start, mut times) = (Instant::now(), Vec::new());
    while start.elapsed() < pace.measure || times.len() < pace.least {
        let before = Instant::now();
        std::hint::black_box(run()?);
        times.push(before.elapsed());
    }
    times.sort();
    Ok(Measured { ms: ms(times[times.len() / 2]), count })
}
