//! What stands in `:where` and in the bodies of rules: clauses, their terms and their bindings.

use super::names::{Names, Parse, fail, is_symbol, plain_symbol, source, variable};
use super::rules::parse_rule_vars;
use crate::query::QueryError;
use crate::query::ast::*;
use crate::query::builtins::builtin;
use edn::{Symbol, Value};

pub(super) fn parse_binding(names: &mut Names, form: &Value) -> Parse<Binding> {
    if is_symbol(form, "_") {
        return Ok(Binding::Ignore);
    }
    if let Some(symbol) = variable(form) {
        return Ok(Binding::Var(names.var(symbol)));
    }
    let text = || form.to_string().into();
    match form.as_seq() {
        Some([]) => fail("Tuple binding cannot be empty"),
        Some([inner, dots]) if is_symbol(dots, "...") => {
            Ok(Binding::Collection(Box::new(parse_binding(names, inner)?), text()))
        }
        Some([tuple]) if tuple.as_seq().is_some() => {
            Ok(Binding::Collection(Box::new(parse_binding(names, tuple)?), text()))
        }
        Some(parts) => {
            let parts: Parse<Vec<_>> = parts.iter().map(|p| parse_binding(names, p)).collect();
            Ok(Binding::Tuple(parts?, text()))
        }
        None => fail(format!(
            "Cannot parse binding {form}, expected (bind-scalar | bind-tuple | bind-coll | bind-rel)"
        )),
    }
}

pub(super) fn parse_term(names: &mut Names, form: &Value) -> Term {
    if is_symbol(form, "_") {
        Term::Ignore
    } else if let Some(symbol) = variable(form) {
        Term::Var(names.var(symbol))
    } else if let Some(symbol) = source(form) {
        Term::Source(names.source(symbol))
    } else {
        Term::Constant(form.clone())
    }
}

pub(super) fn parse_clauses(
    names: &mut Names,
    forms: &[Value],
    default: Option<SourceId>,
) -> Parse<Vec<Clause>> {
    forms.iter().map(|form| parse_clause(names, form, default)).collect()
}

pub(super) fn parse_clause(
    names: &mut Names,
    form: &Value,
    default: Option<SourceId>,
) -> Parse<Clause> {
    let Some(items) = form.as_seq().filter(|items| !items.is_empty()) else {
        return fail(format!(
            "Cannot parse clause {form}, expected (data-pattern | pred-expr | fn-expr | rule-expr | not-clause | not-join-clause | or-clause | or-join-clause)"
        ));
    };
    let (own_source, items) = match source(&items[0]) {
        Some(symbol) => (Some(names.source(symbol)), &items[1..]),
        None => (None, items),
    };
    let used = own_source.or(default);
    let Some(head) = items.first() else {
        return fail(format!("Cannot parse clause {form}, expected something after the source"));
    };
    if let Some(symbol) = plain_symbol(head)
        && (matches!(form, Value::List(_)) || special_clause(symbol))
    {
        return parse_expression(names, symbol, items, form, used);
    }
    if let Some(call) = head.as_seq().filter(|_| matches!(head, Value::List(_)))
        && own_source.is_none()
    {
        return parse_call_clause(names, call, items, form, used);
    }
    let terms: Vec<Term> = items.iter().map(|item| parse_term(names, item)).collect();
    if terms.len() > 5 {
        return fail(format!(
            "Cannot parse pattern {form}, expected at most 5 parts: [e a v tx added]"
        ));
    }
    let source = used.unwrap_or_else(|| names.default_source());
    Ok(Clause::Pattern { source, terms })
}

pub(super) fn special_clause(symbol: &Symbol) -> bool {
    matches!(symbol.as_str(), "not" | "not-join" | "or" | "or-join" | "and")
}

pub(super) fn parse_expression(
    names: &mut Names,
    head: &Symbol,
    items: &[Value],
    form: &Value,
    source: Option<SourceId>,
) -> Parse<Clause> {
    let text = form.to_string();
    match head.as_str() {
        "not" => {
            let clauses = parse_clauses(names, &items[1..], source)?;
            if clauses.is_empty() {
                return fail("Cannot parse 'not' clause, expected [ src-var? 'not' clause+ ]");
            }
            let clause = Clause::Not { join: None, clauses, text };
            check_joins(&clause)?;
            Ok(clause)
        }
        "not-join" => {
            let (required, join, rest) = parse_join(names, items, "not-join")?;
            let join = required.into_iter().chain(join).collect();
            let clauses = parse_clauses(names, rest, source)?;
            Ok(Clause::Not { join: Some(join), clauses, text })
        }
        "or" => {
            let branches = parse_branches(names, &items[1..], source)?;
            if branches.is_empty() {
                return fail("Cannot parse 'or' clause, expected [ src-var? 'or' clause+ ]");
            }
            let clause = Clause::Or { required: Vec::new(), join: None, branches, text };
            check_joins(&clause)?;
            Ok(clause)
        }
        "or-join" => {
            let (required, join, rest) = parse_join(names, items, "or-join")?;
            let branches = parse_branches(names, rest, source)?;
            Ok(Clause::Or { required, join: Some(join), branches, text })
        }
        "and" => {
            let branch = parse_clauses(names, &items[1..], source)?;
            Ok(Clause::Or { required: Vec::new(), join: None, branches: vec![branch], text })
        }
        _ => {
            let args: Vec<Term> = items[1..].iter().map(|item| parse_term(names, item)).collect();
            if args.is_empty() {
                return fail(format!("rule-expr requires at least one argument, got {form}"));
            }
            let source = source.unwrap_or_else(|| names.default_source());
            Ok(Clause::Rule { source, name: head.clone(), args, text })
        }
    }
}

/// What stands alone says nothing about anything else.
fn check_joins(clause: &Clause) -> Parse<()> {
    match clause.vars().is_empty() {
        true => fail("Join variables should not be empty"),
        false => Ok(()),
    }
}

pub(super) type Join<'a> = (Vec<Var>, Vec<Var>, &'a [Value]);

pub(super) fn parse_join<'a>(names: &mut Names, items: &'a [Value], name: &str) -> Parse<Join<'a>> {
    let expected = || {
        QueryError::Parse(format!(
            "Cannot parse '{name}' clause, expected [ src-var? '{name}' [variable+] clause+ ]"
        ))
    };
    let [_, vars, rest @ ..] = items else { return Err(expected()) };
    let vars = vars.as_seq().ok_or_else(expected)?;
    let (required, free) = parse_rule_vars(names, vars)?;
    if rest.is_empty() {
        return Err(expected());
    }
    Ok((required, free, rest))
}

pub(super) fn parse_branches(
    names: &mut Names,
    forms: &[Value],
    source: Option<SourceId>,
) -> Parse<Vec<Vec<Clause>>> {
    forms
        .iter()
        .map(|form| match form.as_seq() {
            Some([head, rest @ ..]) if is_symbol(head, "and") => parse_clauses(names, rest, source),
            _ => Ok(vec![parse_clause(names, form, source)?]),
        })
        .collect()
}

pub(super) fn parse_call_clause(
    names: &mut Names,
    call: &[Value],
    items: &[Value],
    form: &Value,
    _source: Option<SourceId>,
) -> Parse<Clause> {
    let Some(head) = call.first() else {
        return fail(format!("Cannot parse clause {form}, expected a function call"));
    };
    let text = form.to_string();
    let what = if items.len() == 1 { "predicate" } else { "function" };
    let callee = match head {
        _ if variable(head).is_some() => variable(head).map(|s| Callee::Input(names.var(s))),
        Value::Symbol(symbol) => match symbol.as_str() {
            "fulltext" => Some(Callee::Fulltext),
            "get-else" => Some(Callee::GetElse),
            "get-some" => Some(Callee::GetSome),
            "missing?" => Some(Callee::Missing),
            "ground" => Some(Callee::Ground),
            name if names.by_name.contains_key(name) => Some(Callee::Input(names.var(symbol))),
            _ => builtin(symbol).map(Callee::Builtin),
        },
        _ => None,
    };
    let Some(callee) = callee else {
        return fail(format!("Unknown {what} '{head} in {form}"));
    };
    let args: Vec<Term> = call[1..].iter().map(|arg| parse_term(names, arg)).collect();
    let call = Call { callee, args, text };
    match items {
        [_] => Ok(Clause::Predicate(call)),
        [_, binding] => Ok(Clause::Function { call, binding: parse_binding(names, binding)? }),
        _ => fail(format!("Cannot parse clause {form}, expected [(f args)] or [(f args) binding]")),
    }
}
