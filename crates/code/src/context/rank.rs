//! Which statements are needed most, seen from some: personalised PageRank.
//!
//! Somebody reads code: from a statement to what it uses, to what uses it, to what stands beside it, to anything in its
//! namespace; after a while to the start again. How often each statement is looked at is its score. The starts are the
//! statements asked for, those of the same words, and those that changed with them.
//!
//! The walk is summed, not drawn by chance: the same question gives the same answer. What comes by less than one time in
//! a million is left out, so that a walk costs what is near, not the whole project.

use super::network::{NONE, Network, Role};
use super::weights::Weights;

/// Where the walk starts: nodes, each with the part of the starts that is there.
pub(super) type Starts = Vec<(u32, f64)>;

/// After so many steps little moves any more.
const STEPS: usize = 12;

/// Less than that is not followed.
const LEAST: f64 = 1e-6;

/// How far neighbours in a file are seen.
const REACH: u32 = 3;

/// How often each node is looked at.
pub(super) fn walk(network: &Network, weights: &Weights, starts: &[(u32, f64)]) -> Vec<f64> {
    let walker = Walker::new(network, weights);
    let mut start = vec![0.0; network.len()];
    for (node, part) in starts {
        start[*node as usize] += part;
    }
    let mut scores = start.clone();
    for _ in 0..STEPS {
        let mut next: Vec<f64> = start.iter().map(|s| s * (1.0 - weights.damping)).collect();
        walker.step(&scores, &mut next);
        scores = next;
    }
    scores
}

struct Walker<'a> {
    network: &'a Network,
    weights: &'a Weights,
    types: Vec<f64>,
}

impl<'a> Walker<'a> {
    fn new(network: &'a Network, weights: &'a Weights) -> Walker<'a> {
        Walker { network, weights, types: network.type_weights(weights) }
    }

    /// Moves what stands at each node on.
    fn step(&self, scores: &[f64], next: &mut [f64]) {
        let mut in_groups = vec![0.0; self.network.members.len()];
        let mut row: Vec<(u32, f64)> = Vec::new();
        for (node, score) in (0..).zip(scores) {
            if *score < LEAST {
                continue;
            }
            row.clear();
            let grouped = self.row(node, &mut row);
            let mass = score * self.weights.damping;
            for (to, part) in &row {
                next[*to as usize] += mass * part;
            }
            if grouped > 0.0 {
                in_groups[self.network.group[node as usize] as usize] += mass * grouped;
            }
        }
        for (members, mass) in self.network.members.iter().zip(in_groups) {
            if mass > 0.0 {
                let each = mass / members.len() as f64;
                members.iter().for_each(|member| next[*member as usize] += each);
            }
        }
    }

    /// Where a step from a node leads, and with which part to its namespace. A way that is not there gives its part to
    /// the others.
    fn row(&self, node: u32, row: &mut Vec<(u32, f64)>) -> f64 {
        let Weights { uses, used_by, near, namespace, .. } = *self.weights;
        let network = self.network;
        let grouped = network.group[node as usize] != NONE;
        let mut all = if grouped { namespace } else { 0.0 };
        let mut ways = [(0, 0, 0.0); 3];
        for (way, part) in [uses, used_by, near].into_iter().enumerate() {
            let from = row.len();
            match way {
                0 => {
                    row.extend(network.uses.of(node).iter().map(|edge| (edge.0, self.used(*edge))))
                }
                1 => row
                    .extend(network.used_by.of(node).iter().map(|edge| (edge.0, self.user(*edge)))),
                _ => {
                    row.extend(network.near(node, REACH).map(|(n, far)| (n, 1.0 / f64::from(far))))
                }
            }
            ways[way] = (from, row.len(), part);
            if row.len() > from {
                all += part;
            }
        }
        if all <= 0.0 {
            return 0.0;
        }
        for (from, to, part) in ways {
            let sum: f64 = row[from..to].iter().map(|(_, weight)| weight).sum();
            row[from..to].iter_mut().for_each(|(_, weight)| *weight *= part / (all * sum));
        }
        if grouped { namespace / all } else { 0.0 }
    }

    fn used(&self, (to, kind): (u32, u8)) -> f64 {
        let users = self.network.used_by.of(to).len().max(1) as f64;
        self.types[kind as usize] / users.powf(self.weights.popularity)
    }

    fn user(&self, (from, kind): (u32, u8)) -> f64 {
        let factor = if self.network.role(from) == Role::Test { self.weights.test } else { 1.0 };
        self.types[kind as usize] * factor
    }
}

/// All nodes that were looked at, the most needed first; `ns` forms, which go with the statements that need them, and
/// declarations left out.
pub(super) fn ranked(network: &Network, scores: &[f64]) -> Vec<u32> {
    let mut nodes: Vec<u32> = (0..network.len() as u32)
        .filter(|node| scores[*node as usize] > 0.0)
        .filter(|node| matches!(network.role(*node), Role::Test | Role::Other))
        .collect();
    nodes.sort_unstable_by(|a, b| {
        scores[*b as usize].total_cmp(&scores[*a as usize]).then_with(|| a.cmp(b))
    });
    nodes
}
