//! A few thousand crashes and a few dozen kills of one seed; `cargo xtask torture` has them by the million.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use torture::{kills, states};

#[test]
fn whatever_a_crash_leaves_what_was_promised_is_there() {
    let figures = states::torture(1, 3_000);
    assert!(figures.failures.is_empty(), "{}", figures.failures.join("\n"));
    assert!(figures.states >= 3_000 && figures.faults > 0);
}

#[test]
fn the_same_seed_gives_the_same_states() {
    let (one, again) = (states::one(3, 6), states::one(3, 6));
    assert_eq!(
        (one.states, one.repeated, one.moments),
        (again.states, again.repeated, again.moments)
    );
}

#[test]
fn killed_writers_leave_what_they_acknowledged() {
    let program = Path::new(env!("CARGO_BIN_EXE_defbase-torture"));
    let figures = kills::torture(program, 1, 30).unwrap_or_else(|problem| panic!("{problem}"));
    assert!(figures.kills == 30 && figures.acknowledged > 30 && figures.refused > 0, "{figures:?}");
}
