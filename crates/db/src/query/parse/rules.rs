//! Rule sets: what comes in as `%`.

use super::check::collect_vars;
use super::clauses::parse_clauses;
use super::names::{Names, Parse, fail, plain_symbol, variable};
use crate::query::QueryError;
use crate::query::ast::*;
use edn::{Symbol, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// `[[?required …] ?free …]`
pub(super) fn parse_rule_vars(names: &mut Names, forms: &[Value]) -> Parse<(Vec<Var>, Vec<Var>)> {
    let mut parse = |forms: &[Value]| -> Parse<Vec<Var>> {
        forms
            .iter()
            .map(|form| match variable(form) {
                Some(symbol) => Ok(names.var(symbol)),
                None => fail(
                    "Cannot parse rule-vars, expected [ variable+ | ([ variable+ ] variable*) ]",
                ),
            })
            .collect()
    };
    let (required, free) = match forms {
        [first, rest @ ..] if first.as_seq().is_some() => {
            (parse(first.as_seq().unwrap_or_default())?, parse(rest)?)
        }
        _ => (Vec::new(), parse(forms)?),
    };
    if required.is_empty() && free.is_empty() {
        return fail("Cannot parse rule-vars, expected [ variable+ | ([ variable+ ] variable*) ]");
    }
    let mut seen = FxHashSet::default();
    if !required.iter().chain(&free).all(|v| seen.insert(*v)) {
        return fail("Rule variables should be distinct");
    }
    Ok((required, free))
}

pub(in crate::query) struct ParsedRules {
    pub(in crate::query) rules: FxHashMap<Symbol, Rule>,
    pub(in crate::query) vars: Vec<Symbol>,
    pub(in crate::query) sources: Vec<Symbol>,
}

/// Parses a rule set; its variables and sources are numbered after the query's.
pub(in crate::query) fn parse_rules(query: &Query, rules: &Value) -> Parse<ParsedRules> {
    let read;
    let rules = match rules {
        Value::Str(text) => {
            read = edn::read(text)
                .map_err(|e| QueryError::Parse(format!("Cannot read rules: {e}")))?;
            &read
        }
        other => other,
    };
    let forms = match rules {
        Value::Set(set) => set.iter().cloned().collect(),
        _ => rules.as_seq().map(<[Value]>::to_vec).ok_or_else(|| {
            QueryError::Parse("Rules should be a collection of rule branches".to_string())
        })?,
    };
    let mut names = Names {
        vars: query.vars.clone(),
        by_name: FxHashMap::default(),
        sources: query.sources.clone(),
    };
    let mut parsed: FxHashMap<Symbol, Rule> = FxHashMap::default();
    for form in &forms {
        names.in_scope(|names| parse_rule_branch(names, form, &mut parsed))?;
    }
    Ok(ParsedRules { rules: parsed, vars: names.vars, sources: names.sources })
}

fn parse_rule_branch(
    names: &mut Names,
    form: &Value,
    rules: &mut FxHashMap<Symbol, Rule>,
) -> Parse<()> {
    let expected = || {
        QueryError::Parse(format!(
            "Cannot parse rule {form}, expected [ (rule-name rule-vars) clause+ ]"
        ))
    };
    let Some([head, body @ ..]) = form.as_seq() else { return Err(expected()) };
    let Some([name, params @ ..]) = head.as_seq() else { return Err(expected()) };
    let Some(name) = plain_symbol(name) else { return Err(expected()) };
    if body.is_empty() {
        return Err(expected());
    }
    let (required, free) = parse_rule_vars(names, params)?;
    let clauses = parse_clauses(names, body, None)?;
    let required_count = required.len();
    let params: Vec<Var> = required.into_iter().chain(free).collect();
    let mut bound = FxHashSet::default();
    collect_vars(&clauses, &mut bound);
    if let Some(unbound) = params.iter().find(|p| !bound.contains(*p)) {
        let name = &names.vars[*unbound as usize];
        return fail(format!("Reference to the unknown variable: {name} in rule {form}"));
    }
    let rule = rules
        .entry(name.clone())
        .or_insert_with(|| Rule { required: required_count, branches: Vec::new() });
    if let Some(first) = rule.branches.first()
        && (first.params.len() != params.len() || rule.required != required_count)
    {
        return fail(format!("Arity mismatch for rule '{name}': {form}"));
    }
    rule.branches.push(Arc::new(Branch { params, clauses }));
    Ok(())
}
