//! The ways to make a context that are measured beside each other.

use super::cases::Case;
use super::map::Map;
use crate::Failure;
use code::context::{Form, Layout, Ranking, Signals, Weights, pack, rank};
use std::collections::BTreeSet;

/// A way to make a context.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// What `defbase context` does.
    Context,
    /// The same without what changed together before: as on a database without a history.
    WithoutHistory,
    /// The same without words.
    WithoutWords,
    /// Statements that share words with the one asked for and with its name, by BM25; whole sources.
    Text,
    /// A repository map ranked by references; signatures.
    Map,
}

impl Method {
    pub(super) const ALL: [Method; 5] =
        [Method::Context, Method::WithoutHistory, Method::WithoutWords, Method::Text, Method::Map];

    pub(super) fn name(self) -> &'static str {
        match self {
            Method::Context => "context",
            Method::WithoutHistory => "context-without-history",
            Method::WithoutWords => "context-without-words",
            Method::Text => "text-search",
            Method::Map => "repository-map",
        }
    }
}

/// How many of the other statements were there, in per cent.
#[derive(Default)]
pub(super) struct Score {
    /// Over all statements of all commits.
    pub(super) micro: f64,
    /// The average over commits.
    pub(super) macro_: f64,
    /// The same of those there as whole sources.
    pub(super) micro_whole: f64,
    pub(super) macro_whole: f64,
    /// How many tokens a context had on average.
    pub(super) tokens: f64,
    pub(super) questions: usize,
}

pub(super) fn measure(
    cases: &[Case],
    method: Method,
    budget: usize,
    weights: &Weights,
) -> Result<Score, Failure> {
    let mut score = Score::default();
    let (mut others, mut found, mut whole) = (0, 0, 0);
    for case in cases {
        let map = (method == Method::Map).then(|| Map::of(case));
        let mut of_commit = (0.0, 0.0);
        for (seed, signals) in &case.asked {
            let ranking = ranking(case, method, map.as_ref(), *seed, signals, weights);
            let part = match method {
                Method::Text => 1.0,
                Method::Map => 0.0,
                _ => weights.whole,
            };
            let context =
                pack(&case.db, &case.network, signals, &ranking, budget, Layout::Text, part)?;
            assert!(context.tokens <= budget, "a context of {} tokens", context.tokens);
            let wanted: BTreeSet<u32> =
                case.changed.iter().copied().filter(|node| node != seed).collect();
            let hits = context.items.iter().filter(|item| {
                case.network.node(item.statement).is_some_and(|node| wanted.contains(&node))
            });
            let (mut any, mut complete) = (0, 0);
            for hit in hits {
                any += 1;
                complete += usize::from(hit.form == Form::Whole);
            }
            others += wanted.len();
            found += any;
            whole += complete;
            of_commit.0 += any as f64 / wanted.len() as f64;
            of_commit.1 += complete as f64 / wanted.len() as f64;
            score.tokens += context.tokens as f64;
            score.questions += 1;
        }
        score.macro_ += of_commit.0 / case.asked.len() as f64;
        score.macro_whole += of_commit.1 / case.asked.len() as f64;
    }
    let per_cent = |part: f64, all: usize| 100.0 * part / all.max(1) as f64;
    score.micro = per_cent(found as f64, others);
    score.micro_whole = per_cent(whole as f64, others);
    score.macro_ = per_cent(score.macro_, cases.len());
    score.macro_whole = per_cent(score.macro_whole, cases.len());
    score.tokens /= score.questions.max(1) as f64;
    Ok(score)
}

fn ranking(
    case: &Case,
    method: Method,
    map: Option<&Map>,
    seed: u32,
    signals: &Signals,
    weights: &Weights,
) -> Ranking {
    match method {
        Method::Context => rank(&case.network, signals, weights),
        Method::WithoutHistory => {
            let signals = Signals { changed: Vec::new(), ..signals.clone() };
            rank(&case.network, &signals, weights)
        }
        Method::WithoutWords => {
            let signals = Signals { alike: Vec::new(), ..signals.clone() };
            rank(&case.network, &signals, weights)
        }
        Method::Text => {
            let others = signals.alike.iter().map(|(node, _)| *node);
            Ranking { order: std::iter::once(seed).chain(others).collect(), ..Ranking::default() }
        }
        Method::Map => {
            let order = map.map(|map| map.ranked(case, seed)).unwrap_or_default();
            Ranking { order, ..Ranking::default() }
        }
    }
}
