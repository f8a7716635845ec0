//! Names of one query: numbers for its variables and sources.

use crate::query::QueryError;
use crate::query::ast::{SourceId, Var};
use edn::{Symbol, Value};
use rustc_hash::FxHashMap;

pub(super) type Parse<T> = Result<T, QueryError>;

pub(super) fn fail<T>(message: impl Into<String>) -> Parse<T> {
    Err(QueryError::Parse(message.into()))
}

/// Numbers for the names of one query.
#[derive(Default)]
pub(super) struct Names {
    pub(super) vars: Vec<Symbol>,
    pub(super) by_name: FxHashMap<String, Var>,
    pub(super) sources: Vec<Symbol>,
}

impl Names {
    pub(super) fn var(&mut self, symbol: &Symbol) -> Var {
        if let Some(var) = self.by_name.get(symbol.as_str()) {
            return *var;
        }
        let var = self.vars.len() as Var;
        self.vars.push(symbol.clone());
        self.by_name.insert(symbol.as_str().to_string(), var);
        var
    }

    pub(super) fn source(&mut self, symbol: &Symbol) -> SourceId {
        match self.sources.iter().position(|s| s == symbol) {
            Some(at) => at,
            None => {
                self.sources.push(symbol.clone());
                self.sources.len() - 1
            }
        }
    }

    pub(super) fn default_source(&mut self) -> SourceId {
        self.source(&Symbol::parse("$"))
    }

    /// Variables of a rule's branch mean nothing outside of it.
    pub(super) fn in_scope<T>(&mut self, inner: impl FnOnce(&mut Names) -> Parse<T>) -> Parse<T> {
        let outer = std::mem::take(&mut self.by_name);
        let result = inner(self);
        self.by_name = outer;
        result
    }
}

pub(super) fn variable(value: &Value) -> Option<&Symbol> {
    value.as_symbol().filter(|s| s.as_str().starts_with('?'))
}

pub(super) fn source(value: &Value) -> Option<&Symbol> {
    value.as_symbol().filter(|s| s.as_str().starts_with('$'))
}

pub(super) fn is_symbol(value: &Value, name: &str) -> bool {
    value.as_symbol().is_some_and(|s| s.as_str() == name)
}

/// A symbol that is a plain name: no variable, source, rules or placeholder.
pub(super) fn plain_symbol(value: &Value) -> Option<&Symbol> {
    value
        .as_symbol()
        .filter(|s| !s.as_str().starts_with(['?', '$']) && !matches!(s.as_str(), "%" | "_" | "."))
}
