//! The numbers that a ranking is made of.

use crate::model::DependencyType;

/// What a ranking goes by. The default is set by hand; `docs/context.md` has how good it is, and what choosing the numbers on
/// the histories of projects would gain.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// How often the walk goes on instead of starting again.
    pub damping: f64,
    /// The part of a step that goes to what a statement uses.
    pub uses: f64,
    /// To what uses it.
    pub used_by: f64,
    /// To its neighbours in the file.
    pub near: f64,
    /// To anything in its namespace.
    pub namespace: f64,
    /// How much an edge from a test weighs, beside one from other code.
    pub test: f64,
    /// How much less what everybody uses weighs: its weight is divided by the number of its users to this power.
    pub popularity: f64,
    /// The part of the starts that is at statements of the same words.
    pub words: f64,
    /// The part of the starts that is at statements that changed in the same transactions.
    pub history: f64,
    /// How many statements of the same words are started from.
    pub alike: usize,
    /// The part of a budget for whole sources; signatures have the rest.
    pub whole: f64,
}

impl Default for Weights {
    fn default() -> Weights {
        Weights {
            damping: 0.6,
            uses: 0.3,
            used_by: 0.3,
            near: 0.25,
            namespace: 0.15,
            test: 1.0,
            popularity: 0.5,
            words: 0.4,
            history: 0.3,
            alike: 50,
            whole: 0.7,
        }
    }
}

impl Weights {
    /// What an edge of a type weighs beside a call.
    pub(super) fn of_type(&self, kind: Option<DependencyType>) -> f64 {
        match kind {
            Some(DependencyType::ProtocolImpl | DependencyType::MultimethodImpl) => 1.5,
            Some(DependencyType::FunctionCall | DependencyType::Instantiation) => 1.0,
            Some(DependencyType::VarReference) => 0.9,
            Some(DependencyType::MacroUse) => 0.6,
            _ => 0.5,
        }
    }
}
