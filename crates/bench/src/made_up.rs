//! A made-up project: namespaces that require earlier ones and call their functions.

use crate::Failure;
use std::fmt::Write;
use std::path::Path;

/// Functions of each namespace.
const FUNCTIONS: usize = 20;

/// A linear congruential generator: the same project each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % n.max(1)
    }
}

pub(crate) fn write(folder: &Path, namespaces: usize) -> Result<(), Failure> {
    let mut dice = Dice(42);
    for i in 0..namespaces {
        let path = folder.join(format!("src/made/ns{}/part{i}.clj", i % 16));
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, namespace(i, &mut dice)?)?;
    }
    Ok(())
}

fn name(i: usize) -> String {
    format!("made.ns{}.part{i}", i % 16)
}

fn namespace(i: usize, dice: &mut Dice) -> Result<String, Failure> {
    let required: Vec<usize> = (0..i.min(5)).map(|_| dice.below(i)).collect();
    let mut text = format!("(ns {}\n  \"Part {i} of a made-up project.\"\n  (:require", name(i));
    for (n, other) in required.iter().enumerate() {
        write!(text, "\n   [{} :as r{n}]", name(*other))?;
    }
    text.push_str("\n   [clojure.string :as str]))\n");
    for f in 0..FUNCTIONS {
        write!(
            text,
            "\n(defn step-{f}\n  \"Takes what came and adds to it, step {f}.\"\n  [{{:keys [items total] :as state}} limit]\n  \
             (let [grown (map inc items)\n        sum (reduce + total grown)]\n    (cond\n      \
             (> sum limit) (assoc state :total limit)\n      (str/blank? (:name state)) state\n"
        )?;
        if f > 0 {
            writeln!(text, "      (even? sum) (step-{} state limit)", dice.below(f))?;
        }
        if !required.is_empty() {
            let (r, g) = (dice.below(required.len()), dice.below(FUNCTIONS));
            writeln!(text, "      (odd? limit) (r{r}/step-{g} state (dec limit))")?;
        }
        text.push_str("      :else (-> state\n                (update :items conj sum)\n                (assoc :total sum)))))\n");
    }
    Ok(text)
}
