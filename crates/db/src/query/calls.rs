//! Predicates and functions in clauses.

use super::QueryError;
use super::ast::*;
use super::bounds::check_value;
use super::relation::Relation;
use super::sift::{Test, rows_where};
use super::solve::{Answer, Run, Source, State};
use crate::cell::Cell;
use crate::db::Db;
use crate::fulltext::TextHit;
use crate::tx::DbObject;
use edn::{Opaque, Value};
use std::sync::Arc;

/// How many rows are worked off between looks at the clock.
const CHECK_EVERY: usize = 4096;

/// Where an argument comes from.
enum Arg {
    Column(usize),
    Constant(Value),
    Source(SourceId),
}

impl Run<'_> {
    fn args(&self, terms: &[Term], relation: &Relation) -> Vec<Arg> {
        terms
            .iter()
            .map(|term| match term {
                Term::Var(v) => {
                    relation.column_of(*v).map_or(Arg::Constant(Value::Nil), Arg::Column)
                }
                Term::Constant(value) => Arg::Constant(value.clone()),
                Term::Ignore => Arg::Constant(Value::symbol("_")),
                Term::Source(id) => Arg::Source(*id),
            })
            .collect()
    }

    fn arg_value(&self, arg: &Arg, relation: &Relation, row: usize) -> Value {
        match arg {
            Arg::Column(at) => self.space.value(relation.columns[*at][row]),
            Arg::Constant(value) => value.clone(),
            Arg::Source(id) => match self.source(*id) {
                Source::Db(db) => Value::Opaque(Opaque(Arc::new(DbObject(db.clone())))),
                Source::Tuples(tuples) => Value::list(tuples.clone()),
                Source::Absent => Value::Nil,
            },
        }
    }

    fn call_vars(call: &Call) -> Vec<Var> {
        let mut vars = Vec::new();
        call.for_each_var(|v| {
            if !vars.contains(&v) {
                vars.push(v);
            }
        });
        vars
    }

    pub(super) fn predicate(&mut self, call: &Call, state: &mut State) -> Answer<()> {
        let fixed = self.fixed(call, state);
        let call = fixed.as_ref().unwrap_or(call);
        let vars = Self::call_vars(call);
        let mut relation = self.together_of(state, &vars)?;
        if let Some(rows) = self.integer_comparison(call, &relation, state) {
            state.relations.push(relation.gather(&rows));
            return Ok(());
        }
        let args = self.args(&call.args, &relation);
        let mut keep = Vec::with_capacity(relation.len);
        let mut values = Vec::with_capacity(args.len());
        for row in 0..relation.len {
            if row % CHECK_EVERY == 0 {
                self.budget.check(row)?;
            }
            values.clear();
            values.extend(args.iter().map(|arg| self.arg_value(arg, &relation, row)));
            keep.push(self.invoke(call, &relation, row, &values)?.is_truthy());
        }
        relation.retain(|row| keep[row]);
        state.relations.push(relation);
        Ok(())
    }

    /// The call with the variables that are known to be one thing replaced by it; `None` where there are none.
    fn fixed(&self, call: &Call, state: &State) -> Option<Call> {
        let only = |term: &Term| match term {
            Term::Var(v) => state.only(*v),
            _ => None,
        };
        call.args.iter().find_map(only)?;
        let fixed = |term: &Term| match only(term) {
            Some(cell) => Term::Constant(self.space.value(cell)),
            None => term.clone(),
        };
        Some(Call { args: call.args.iter().map(fixed).collect(), ..call.clone() })
    }

    fn together_of(&self, state: &mut State, vars: &[Var]) -> Answer<Relation> {
        let (own, apart): (Vec<Relation>, Vec<Relation>) = std::mem::take(&mut state.relations)
            .into_iter()
            .partition(|r| r.vars.iter().any(|v| vars.contains(v)));
        state.relations = apart;
        let mut result = Relation::unit();
        for relation in own {
            result = result
                .join(&relation, self.budget.rows())
                .ok_or(QueryError::TooManyRows(self.budget.rows()))?;
        }
        Ok(result)
    }

    /// What a comparison of a variable with something that is known to be one integer asks of it.
    pub(super) fn test_of(&self, call: &Call, var: Var, state: &State) -> Option<Test> {
        let Callee::Builtin(builtin) = &call.callee else { return None };
        let integer = |term: &Term| match term {
            Term::Constant(value @ Value::Int(_)) => Cell::inline(value),
            Term::Var(v) => state.only(*v).filter(|cell| cell.as_int().is_some()),
            _ => None,
        };
        match call.args.as_slice() {
            [Term::Var(v), n] if *v == var => Test::comparison(builtin.name(), integer(n)?),
            [n, Term::Var(v)] if *v == var => {
                Test::comparison(Test::mirrored(builtin.name()), integer(n)?)
            }
            _ => None,
        }
    }

    /// The rows for which a comparison of integers holds: those of a column with those of another, or with a constant. They
    /// are compared as cells.
    fn integer_comparison(
        &self,
        call: &Call,
        relation: &Relation,
        state: &State,
    ) -> Option<Vec<u32>> {
        let ints = |v: &Var| relation.column(*v).filter(|column| Cell::are_ints(column));
        let tested = |v: &Var| Some((ints(v)?, self.test_of(call, *v, state)?));
        let found = call.args.iter().find_map(|term| match term {
            Term::Var(v) => tested(v),
            _ => None,
        });
        if let Some((column, test)) = found {
            return Some(rows_where(column, |_, cell| test.passes(*cell)));
        }
        let Callee::Builtin(builtin) = &call.callee else { return None };
        let [Term::Var(a), Term::Var(b)] = call.args.as_slice() else { return None };
        let (a, b) = (ints(a)?, ints(b)?);
        let compared = |holds: fn(&i64, &i64) -> bool| {
            rows_where(a, |at, a| holds(&a.in_order(), &b[at].in_order()))
        };
        Some(match builtin.name() {
            "<" => compared(i64::lt),
            "<=" => compared(i64::le),
            ">" => compared(i64::gt),
            ">=" => compared(i64::ge),
            "=" => compared(i64::eq),
            "!=" | "not=" => compared(i64::ne),
            _ => return None,
        })
    }

    pub(super) fn function(
        &mut self,
        call: &Call,
        binding: &Binding,
        state: &State,
    ) -> Answer<Relation> {
        let arg_vars = Self::call_vars(call);
        let input = self.projected(state, &arg_vars)?;
        let bound = binding.vars();
        let new: Vec<Var> = bound.iter().copied().filter(|v| !arg_vars.contains(v)).collect();
        let mut output = Relation::empty(arg_vars.iter().chain(&new).copied().collect());
        let args = self.args(&call.args, &input);
        let mut values = Vec::with_capacity(args.len());
        for row in 0..input.len {
            if row % CHECK_EVERY == 0 {
                self.budget.check(output.len)?;
            }
            values.clear();
            values.extend(args.iter().map(|arg| self.arg_value(arg, &input, row)));
            let result = self.invoke(call, &input, row, &values)?;
            if result.is_nil() {
                continue;
            }
            check_value(&result)
                .map_err(|e| QueryError::Function { message: e.0, clause: call.text.clone() })?;
            self.bind(binding, &result, &bound, &mut |cells| {
                let agrees = bound.iter().zip(cells).all(|(var, cell)| {
                    input.column(*var).is_none_or(|column| column[row] == *cell)
                });
                if !agrees {
                    return;
                }
                for (at, var) in output.vars.iter().enumerate() {
                    let cell = match input.column(*var) {
                        Some(column) => column[row],
                        None => bound
                            .iter()
                            .position(|b| b == var)
                            .map_or_else(|| self.space.cell(&Value::Nil), |at| cells[at]),
                    };
                    output.columns[at].push(cell);
                }
                output.len += 1;
            })?;
            if output.len > self.budget.rows() {
                return Err(QueryError::TooManyRows(self.budget.rows()));
            }
        }
        Ok(output.distinct())
    }

    fn invoke(
        &self,
        call: &Call,
        relation: &Relation,
        row: usize,
        args: &[Value],
    ) -> Answer<Value> {
        let failed = |message: String| QueryError::Function { message, clause: call.text.clone() };
        match &call.callee {
            Callee::Builtin(builtin) => builtin.call(args).map_err(|e| failed(e.0)),
            Callee::Input(var) => {
                let function = relation.column(*var).map(|c| self.space.value(c[row]));
                match function {
                    Some(Value::Opaque(object)) => object.0.call(args).map_err(|e| failed(e.0)),
                    Some(Value::Symbol(symbol)) => match super::builtin(&symbol) {
                        Some(builtin) => builtin.call(args).map_err(|e| failed(e.0)),
                        None => Err(failed(format!("Unknown function '{symbol}"))),
                    },
                    other => {
                        Err(failed(format!("{} is not a function", other.unwrap_or(Value::Nil))))
                    }
                }
            }
            Callee::Ground => match args {
                [value] => Ok(value.clone()),
                _ => Err(failed("ground: expected one argument".to_string())),
            },
            Callee::Fulltext => match args {
                [db, attribute, Value::Str(search)] => {
                    let hits = database(db).map(|db| db.fulltext(attribute, search));
                    let hits =
                        hits.ok_or_else(|| failed(format!("expected a database, got {db}")))?;
                    let tuple = |hit: TextHit| {
                        Value::vector(vec![
                            Value::from(hit.entity),
                            hit.text,
                            Value::from(hit.tx),
                            Value::Double(hit.score),
                        ])
                    };
                    Ok(Value::list(hits?.into_iter().map(tuple).collect()))
                }
                _ => Err(failed("fulltext: expected (fulltext $ :attr \"words\")".to_string())),
            },
            Callee::GetElse => match args {
                [db, e, attribute, default] => {
                    if default.is_nil() {
                        return Err(failed(
                            "get-else: nil default value is not supported".to_string(),
                        ));
                    }
                    Ok(self.attribute_value(db, e, attribute)?.unwrap_or_else(|| default.clone()))
                }
                _ => Err(failed("get-else: expected (get-else $ ?e :attr default)".to_string())),
            },
            Callee::GetSome => match args {
                [db, e, attributes @ ..] => {
                    for attribute in attributes {
                        if let Some(value) = self.attribute_value(db, e, attribute)? {
                            return Ok(Value::vector(vec![attribute.clone(), value]));
                        }
                    }
                    Ok(Value::Nil)
                }
                _ => Err(failed("get-some: expected (get-some $ ?e :attr+)".to_string())),
            },
            Callee::Missing => match args {
                [db, e, attribute] => {
                    Ok(Value::Bool(self.attribute_value(db, e, attribute)?.is_none()))
                }
                _ => Err(failed("missing?: expected (missing? $ ?e :attr)".to_string())),
            },
        }
    }

    fn attribute_value(&self, db: &Value, e: &Value, attribute: &Value) -> Answer<Option<Value>> {
        let Some(db) = database(db) else {
            return Err(QueryError::Input(format!("expected a database, got {db}")));
        };
        let Some(e) = db.entid(e)? else { return Ok(None) };
        Ok(db.get(e, attribute))
    }
}

fn database(value: &Value) -> Option<&Db> {
    match value {
        Value::Opaque(object) => object.0.as_any().downcast_ref::<DbObject>().map(|o| &o.0),
        _ => None,
    }
}
