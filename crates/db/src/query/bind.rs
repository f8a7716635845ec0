//! Values taken apart into variables: inputs, and what functions give.

use super::QueryError;
use super::ast::*;
use super::relation::Relation;
use super::solve::{Answer, Run};
use crate::cell::Cell;
use edn::Value;

impl Run<'_> {
    pub(super) fn bind_input(&self, binding: &Binding, value: &Value) -> Answer<Relation> {
        let vars = binding.vars();
        let mut columns = vec![Vec::new(); vars.len()];
        self.bind(binding, value, &vars, &mut |row| {
            for (column, cell) in columns.iter_mut().zip(row) {
                column.push(*cell);
            }
        })?;
        let len = columns.first().map_or(1, Vec::len);
        Ok(Relation::of(vars, columns, len).distinct())
    }

    /// Takes a value apart; calls `each` with the cells of `vars` for each way to do so.
    pub(super) fn bind(
        &self,
        binding: &Binding,
        value: &Value,
        vars: &[Var],
        each: &mut dyn FnMut(&[Cell]),
    ) -> Answer<()> {
        let mut row = vec![None; vars.len()];
        self.bind_parts(&[(binding, value.clone())], vars, &mut row, each)
    }

    fn bind_parts(
        &self,
        parts: &[(&Binding, Value)],
        vars: &[Var],
        row: &mut Vec<Option<Cell>>,
        each: &mut dyn FnMut(&[Cell]),
    ) -> Answer<()> {
        let Some(((binding, value), rest)) = parts.split_first() else {
            let cells: Vec<Cell> = row.iter().flatten().copied().collect();
            if cells.len() == vars.len() {
                each(&cells);
            }
            return Ok(());
        };
        match binding {
            Binding::Ignore => self.bind_parts(rest, vars, row, each),
            Binding::Var(var) => {
                self.note_name(value);
                let cell = self.space.cell(value);
                let at = vars.iter().position(|v| v == var).unwrap_or_default();
                match row[at] {
                    Some(bound) if bound != cell => Ok(()),
                    bound => {
                        row[at] = Some(cell);
                        self.bind_parts(rest, vars, row, each)?;
                        row[at] = bound;
                        Ok(())
                    }
                }
            }
            Binding::Collection(inner, text) => {
                let items = bound_items(value, "collection", text)?;
                for item in items {
                    let mut parts = vec![(&**inner, item)];
                    parts.extend_from_slice(rest);
                    self.bind_parts(&parts, vars, row, each)?;
                }
                Ok(())
            }
            Binding::Tuple(bindings, text) => {
                let items = bound_items(value, "tuple", text)?;
                if items.len() < bindings.len() {
                    let (value, binding) = (value.to_string(), text.to_string());
                    return Err(QueryError::TooShort { value, binding });
                }
                let mut parts: Vec<(&Binding, Value)> = bindings.iter().zip(items).collect();
                parts.extend_from_slice(rest);
                self.bind_parts(&parts, vars, row, each)
            }
        }
    }
}

/// The items of a value that a binding takes apart: a string is one value, not its characters.
fn bound_items(value: &Value, kind: &'static str, binding: &str) -> Answer<Vec<Value>> {
    let items = Some(value).filter(|value| !matches!(value, Value::Str(_)));
    items.and_then(|value| super::builtins::sequence(value).ok()).ok_or_else(|| {
        QueryError::Binding { value: value.to_string(), kind, binding: binding.to_string() }
    })
}
