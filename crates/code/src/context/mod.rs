//! What one needs to read to understand or change some code, within a number of tokens.
//!
//! Somebody, often a language model, is to work on a statement, or has a question in plain words. What should be read fits
//! into a budget or is of no use. So the statements of the project are *ranked* by how much they are needed, and *packed*
//! until the budget is full: whole sources first, then, for what is less needed, signatures (name, arguments, first line of
//! the docstring).
//!
//! ```text
//! asked ──▶ starts ──walk over the network──▶ ranking ──pack──▶ texts by namespace, each with its reason
//! ```
//!
//! - **Starts** ([`Asked`]): the statements asked for; those of the same words (`words`, BM25 over parts of identifiers);
//!   those that changed in the same transactions, where the database has a history (`changes`). Of a question in words only
//!   the second.
//! - **Walk** (`rank`): personalised PageRank from the starts over the [`Network`]: what a statement uses and what uses it,
//!   by the type of the edge; its neighbours in the file; its namespace. What everybody uses is held back, a test counts as a
//!   user.
//! - **Packing** ([`pack()`]): from the top of the ranking, never over the budget. Statements are grouped by namespace, each
//!   group under the part of its `ns` form that the shown sources need.
//!
//! Invariants
//! - The text of a [`Context`] has [`Context::tokens`] tokens, and never more than the budget.
//! - The same database and question give the same text, byte by byte.
//! - Every statement says why it is there: its strongest tie to what was asked for, else to what is shown.
//!
//! Costs are those of the parts: all texts are read once for their words, some columns for the network; the walk costs what is
//! near.
//! `docs/context.md` has the measurement: of the statements that a commit of a real project changed, how many stand in the
//! context of one of them.

mod changes;
mod network;
mod pack;
mod rank;
mod reason;
mod requires;
mod signature;
mod tokens;
mod weights;
mod words;

pub use changes::{Together, changed_with};
pub use network::Network;
pub use pack::{Context, Form, Item, Layout, pack};
pub use reason::Reason;
pub use signature::signature;
pub use tokens::count_tokens;
pub use weights::Weights;
pub use words::{Words, names, search};

use crate::model::{Attr, NotCode};
use crate::source::Source;
use db::{Db, EntityId};
use rank::Starts;

/// What a context is for.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// Statements that somebody works on.
    Statements(&'a [EntityId]),
    /// A question in plain words.
    Question(&'a str),
}

/// Why there is no context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The database holds something else.
    #[error(transparent)]
    NotCode(#[from] NotCode),
    /// A question without a word that could be looked for.
    #[error("the question has no word that could be looked for")]
    NoWords,
    /// No statement has a word of the question.
    #[error("no statement has a word of the question")]
    NothingFound,
}

/// What speaks for statements before a walk begins.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    /// The statements asked for; of a question, none.
    pub seeds: Vec<u32>,
    /// What shares words with what was asked, best first, and how well it matches.
    pub alike: Vec<(u32, f64)>,
    /// What changed with the seeds, strongest first.
    pub changed: Vec<Together>,
}

/// Statements by how much they are needed.
#[derive(Clone, Debug, Default)]
pub struct Ranking {
    /// All that is needed, the most needed first, seeds before everything.
    pub order: Vec<u32>,
    /// The score of each node of the network.
    pub scores: Vec<f64>,
    /// How many of the matches the walk started from.
    pub alike: usize,
}

/// Of a question, so many of the best matches are started from.
const MATCHES: usize = 12;

/// Gathers what speaks for statements.
pub fn signals(db: &Db, network: &Network, asked: Asked<'_>) -> Result<Signals, ContextError> {
    match asked {
        Asked::Question(question) => {
            let words = Words::of_question(question);
            if words.is_empty() {
                return Err(ContextError::NoWords);
            }
            let alike = search(db, network, &words)?;
            match alike.is_empty() {
                true => Err(ContextError::NothingFound),
                false => Ok(Signals { alike, ..Signals::default() }),
            }
        }
        Asked::Statements(statements) => {
            let nodes = statements.iter().filter_map(|statement| network.node(*statement));
            let seeds: Vec<u32> = nodes.collect();
            let mut alike = search(db, network, &words_of(db, network, &seeds)?)?;
            alike.retain(|(node, _)| !seeds.contains(node));
            let changed = changed_with(db, network, &seeds)?;
            Ok(Signals { seeds, alike, changed })
        }
    }
}

/// Ranks statements by what speaks for them and for what stands near them.
pub fn rank(network: &Network, signals: &Signals, weights: &Weights) -> Ranking {
    let mut starts = Starts::new();
    let (limit, part) = match signals.seeds.is_empty() {
        true => (MATCHES, 1.0),
        false => (weights.alike, weights.words),
    };
    let alike = &signals.alike[..signals.alike.len().min(limit)];
    // The better matches get more than their share.
    let all: f64 = alike.iter().map(|(_, score)| score * score).sum();
    starts.extend(alike.iter().map(|(node, score)| (*node, part * score * score / all)));
    let all: f64 = signals.changed.iter().map(|other| other.strength).sum();
    let changed = signals.changed.iter();
    starts.extend(changed.map(|other| (other.node, weights.history * other.strength / all)));
    let rest = 1.0 - starts.iter().map(|(_, part)| part).sum::<f64>();
    let each = rest / signals.seeds.len().max(1) as f64;
    starts.extend(signals.seeds.iter().map(|seed| (*seed, each)));
    let scores = rank::walk(network, weights, &starts);
    let mut order = signals.seeds.clone();
    let others = rank::ranked(network, &scores);
    order.extend(others.into_iter().filter(|node| !signals.seeds.contains(node)));
    Ranking { order, scores, alike: alike.len() }
}

/// The words of some statements' names and sources.
fn words_of(db: &Db, network: &Network, nodes: &[u32]) -> Result<Words, NotCode> {
    let source = Source::new(db)?;
    let mut words = Words::default();
    for node in nodes {
        for attr in [Attr::StatementFqn, Attr::StatementSource] {
            let text = source.text(network.statement(*node), attr);
            words.add(&Words::of_source(&text.unwrap_or_default()));
        }
    }
    Ok(words)
}

/// The context of what was asked, within a number of tokens: [`signals`], [`rank()`], [`pack()`].
///
/// ```
/// use code::context::{Asked, Layout, Network, Weights, context};
/// # use code::{import, model, project, show};
/// # let folder = tempfile::tempdir().unwrap();
/// # std::fs::write(folder.path().join("a.clj"), "(ns a)\n\n(defn f [x] (inc x))\n\n(defn g [] (f 1))\n").unwrap();
/// # let project = project::read(folder.path(), &[".".into()]).unwrap();
/// # let import = import::import(&model::empty_db().unwrap(), project, edn::Inst(0)).unwrap();
/// # let db = model::empty_db().unwrap().with_ops(&import.plan.ops, edn::Value::Nil).unwrap().db_after;
/// let network = Network::of(&db).unwrap();
/// let g = show::find(&db, "a/g").unwrap();
/// let asked = Asked::Statements(&[g]);
/// let context = context(&db, &network, asked, 1000, Layout::Text, &Weights::default()).unwrap();
/// assert_eq!(context.items[1].fqn, "a/f");
/// assert_eq!(context.items[1].reason.to_string(), "called by g");
/// assert!(context.tokens <= 1000);
/// ```
pub fn context(
    db: &Db,
    network: &Network,
    asked: Asked<'_>,
    budget: usize,
    layout: Layout,
    weights: &Weights,
) -> Result<Context, ContextError> {
    let signals = signals(db, network, asked)?;
    let ranking = rank(network, &signals, weights);
    Ok(pack(db, network, &signals, &ranking, budget, layout, weights.whole)?)
}
