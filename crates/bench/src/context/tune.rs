//! Choosing the weights: one after the other is moved up and down, and what is better is kept, until nothing is.

use super::cases::Case;
use super::methods::{Method, measure};
use crate::Failure;
use code::context::Weights;

type Part = fn(&mut Weights) -> &mut f64;

const PARTS: [(&str, Part, f64); 10] = [
    ("damping", |w| &mut w.damping, 0.95),
    ("uses", |w| &mut w.uses, f64::MAX),
    ("used-by", |w| &mut w.used_by, f64::MAX),
    ("near", |w| &mut w.near, f64::MAX),
    ("namespace", |w| &mut w.namespace, f64::MAX),
    ("test", |w| &mut w.test, f64::MAX),
    ("popularity", |w| &mut w.popularity, 1.0),
    ("words", |w| &mut w.words, 0.6),
    ("history", |w| &mut w.history, 0.35),
    ("whole", |w| &mut w.whole, 0.95),
];

pub(super) fn run(cases: &[Case]) -> Result<(), Failure> {
    let mut best = Weights::default();
    let mut best_value = value(cases, &best)?;
    println!("start: {best_value:.2}");
    loop {
        let before = best_value;
        for (name, part, most) in PARTS {
            for factor in [1.4, 1.0 / 1.4] {
                let mut weights = best.clone();
                let moved = (*part(&mut weights) * factor).min(most);
                *part(&mut weights) = moved;
                let value = value(cases, &weights)?;
                println!("{name} {moved:.3}: {value:.2}");
                if value > best_value {
                    (best, best_value) = (weights, value);
                }
            }
        }
        println!("best: {best_value:.2} {best:?}");
        if best_value < before + 0.05 {
            return Ok(());
        }
    }
}

/// What is made better: the macro average at 2,000 and 8,000 tokens; a signature is worth half a source.
fn value(cases: &[Case], weights: &Weights) -> Result<f64, Failure> {
    let mut value = 0.0;
    for budget in [2_000, 8_000] {
        let score = measure(cases, Method::Context, budget, weights)?;
        value += (score.macro_ + score.macro_whole) / 4.0;
    }
    Ok(value)
}
