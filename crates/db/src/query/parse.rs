//! A query as data becomes a [`Query`], or an error that says which part is wrong.
//!
//! The grammar and the messages are DataScript's. Values nest at most [`edn::MAX_DEPTH`] deep, so recursion over
//! them is bounded.

mod check;
mod clauses;
mod names;
mod rules;

use self::clauses::{parse_binding, parse_clauses, parse_term};
use self::names::{Names, Parse, fail, is_symbol, plain_symbol, source, variable};
use super::aggregates;
use super::ast::*;
use edn::{Map, Symbol, Value};

pub(super) use rules::parse_rules;

/// The vector form as a map from section to its forms.
fn sections(query: &Value) -> Parse<Map> {
    if let Value::Map(map) = query {
        return Ok(map.clone());
    }
    let Some(items) = query.as_vector() else {
        return fail("Query should be a vector or a map");
    };
    let mut map = Map::new();
    let mut current: Option<(Value, Vec<Value>)> = None;
    for item in items {
        if matches!(item, Value::Keyword(_)) {
            if let Some((key, forms)) = current.take() {
                map.insert(key, Value::vector(forms));
            }
            current = Some((item.clone(), Vec::new()));
        } else if let Some((_, forms)) = &mut current {
            forms.push(item.clone());
        } else {
            return fail(format!("Query should start with a keyword such as :find, got {item}"));
        }
    }
    if let Some((key, forms)) = current {
        map.insert(key, Value::vector(forms));
    }
    Ok(map)
}

const SECTIONS: &[&str] = &[
    "find", "with", "in", "where", "keys", "strs", "syms", "order-by", "limit", "offset", "timeout",
];

pub(super) fn parse(query: &Value) -> Parse<Query> {
    let map = sections(query)?;
    for key in map.keys() {
        if !SECTIONS.iter().any(|s| key.is_keyword(s)) {
            return fail(format!(
                "Unknown section {key} in query, expected :find, :with, :in, :where, :keys, :strs, :syms, :order-by, :limit or :offset"
            ));
        }
    }
    let mut names = Names::default();
    names.default_source();
    let forms = |section: &str| -> Parse<Vec<Value>> {
        match map.get_keyword(section) {
            None | Some(Value::Nil) => Ok(Vec::new()),
            Some(value) => match value.as_seq() {
                Some(items) => Ok(items.to_vec()),
                None => fail(format!("Cannot parse :{section}, expected a vector, got {value}")),
            },
        }
    };
    let input_forms = forms("in")?;
    let has_inputs = map.get_keyword("in").is_some();
    let inputs = if has_inputs {
        input_forms.iter().map(|f| parse_input(&mut names, f)).collect::<Parse<Vec<_>>>()?
    } else {
        vec![Input::Source(0)]
    };
    let where_forms = forms("where")?;
    let clauses = parse_clauses(&mut names, &where_forms, None)?;
    let find = parse_find(&mut names, &forms("find")?)?;
    let with = forms("with")?
        .iter()
        .map(|v| match variable(v) {
            Some(symbol) => Ok(names.var(symbol)),
            None => fail("Cannot parse :with clause, expected [ variable+ ]"),
        })
        .collect::<Parse<Vec<_>>>()?;
    let keys = parse_keys(&map, &find)?;
    let order_by = parse_order(&mut names, &forms("order-by")?, &find)?;
    let query = Query {
        limit: parse_size(&map, "limit")?,
        offset: parse_size(&map, "offset")?.unwrap_or(0),
        find,
        with,
        inputs_text: if has_inputs { Value::vector(input_forms).to_string() } else { "[$]".into() },
        is_input_optional: !has_inputs && !clauses.iter().any(Clause::has_pattern),
        inputs,
        clauses,
        keys,
        order_by,
        vars: names.vars,
        sources: names.sources,
    };
    check::check(&query)?;
    Ok(query)
}

fn parse_size(map: &Map, section: &str) -> Parse<Option<usize>> {
    let value = match map.get_keyword(section) {
        Some(Value::Vector(v)) if v.len() == 1 => Some(&v[0]),
        other => other,
    };
    match value {
        None | Some(Value::Nil) => Ok(None),
        Some(Value::Int(n)) if *n >= 0 => Ok(Some(*n as usize)),
        Some(other) => {
            fail(format!("Cannot parse :{section}, expected a number from 0 up, got {other}"))
        }
    }
}

fn parse_order(names: &mut Names, forms: &[Value], find: &Find) -> Parse<Vec<(usize, bool)>> {
    let expected = "expected variables or aggregates of :find, each with :asc or :desc after it";
    let mut order: Vec<(usize, bool)> = Vec::new();
    for form in forms {
        match form {
            Value::Keyword(k) if matches!(k.as_str(), "asc" | "desc") => match order.last_mut() {
                Some((_, descending)) => *descending = k.as_str() == "desc",
                None => return fail(format!("Cannot parse :order-by, {expected}")),
            },
            _ => {
                let wanted = variable(form).map(|s| names.var(s));
                let column = find.elements().iter().position(|element| match element {
                    Element::Var(v) | Element::Pull { var: v, .. } => Some(*v) == wanted,
                    Element::Aggregate { text, .. } => *text == form.to_string(),
                });
                match column {
                    Some(column) => order.push((column, false)),
                    None => return fail(format!("Cannot parse :order-by {form}, {expected}")),
                }
            }
        }
    }
    Ok(order)
}

fn parse_keys(map: &Map, find: &Find) -> Parse<Option<(KeyKind, Vec<Symbol>)>> {
    let kinds =
        [("keys", KeyKind::Keywords), ("strs", KeyKind::Strings), ("syms", KeyKind::Symbols)];
    let mut given =
        kinds.iter().filter_map(|(name, kind)| Some((name, kind, map.get_keyword(name)?)));
    let Some((name, kind, forms)) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return fail("Only one of :keys/:syms/:strs must be present");
    }
    let symbols: Option<Vec<Symbol>> =
        forms.as_seq().and_then(|f| f.iter().map(|s| s.as_symbol().cloned()).collect());
    let Some(symbols) = symbols.filter(|s| !s.is_empty()) else {
        return fail(format!("Cannot parse :{name} clause, expected [ symbol+ ]"));
    };
    match find {
        Find::Collection(_) => fail(format!(":{name} does not work with collection :find")),
        Find::Scalar(_) => fail(format!(":{name} does not work with single-scalar :find")),
        _ if find.elements().len() != symbols.len() => {
            fail(format!("Count of :{name} must match count of :find"))
        }
        _ => Ok(Some((*kind, symbols))),
    }
}

fn parse_find(names: &mut Names, forms: &[Value]) -> Parse<Find> {
    let expected =
        "Cannot parse :find, expected: (find-rel | find-coll | find-tuple | find-scalar)";
    match forms {
        [] => fail(expected),
        [element, dot] if is_symbol(dot, ".") => Ok(Find::Scalar(parse_element(names, element)?)),
        [single] => match single.as_vector() {
            Some([element, dots]) if is_symbol(dots, "...") => {
                Ok(Find::Collection(parse_element(names, element)?))
            }
            Some([]) => fail(expected),
            Some(elements) => Ok(Find::Tuple(parse_elements(names, elements)?)),
            None => Ok(Find::Relation(parse_elements(names, forms)?)),
        },
        _ => Ok(Find::Relation(parse_elements(names, forms)?)),
    }
}

fn parse_elements(names: &mut Names, forms: &[Value]) -> Parse<Vec<Element>> {
    forms.iter().map(|form| parse_element(names, form)).collect()
}

fn parse_element(names: &mut Names, form: &Value) -> Parse<Element> {
    if let Some(symbol) = variable(form) {
        return Ok(Element::Var(names.var(symbol)));
    }
    let items = form.as_seq().unwrap_or_default();
    match items {
        [head, rest @ ..] if is_symbol(head, "pull") => parse_pull(names, rest, form),
        [head, f, args @ ..] if is_symbol(head, "aggregate") => match variable(f) {
            Some(f) => {
                let function = Aggregator::Input(names.var(f));
                Ok(Element::Aggregate {
                    function,
                    args: parse_aggregate_args(names, args, form)?,
                    text: form.to_string(),
                })
            }
            None => {
                fail("Cannot parse custom aggregate call, expect ['aggregate' variable fn-arg+]")
            }
        },
        [head, args @ ..] if plain_symbol(head).is_some() && !args.is_empty() => {
            let name = plain_symbol(head).map_or("", Symbol::as_str);
            match aggregates::aggregate(name) {
                Some(aggregate) => Ok(Element::Aggregate {
                    function: Aggregator::Builtin(aggregate),
                    args: parse_aggregate_args(names, args, form)?,
                    text: form.to_string(),
                }),
                None => fail(format!("Unknown aggregate {name} in {form}")),
            }
        }
        _ => fail(format!(
            "Cannot parse find element {form}, expected a variable, (pull ?e pattern), or (aggregate-name ?x)"
        )),
    }
}

fn parse_aggregate_args(names: &mut Names, args: &[Value], form: &Value) -> Parse<Vec<Term>> {
    let terms: Vec<Term> = args.iter().map(|a| parse_term(names, a)).collect();
    match terms.last() {
        Some(Term::Var(_)) => Ok(terms),
        _ => fail(format!("Cannot parse aggregate {form}, its last argument should be a variable")),
    }
}

fn parse_pull(names: &mut Names, args: &[Value], form: &Value) -> Parse<Element> {
    let (source_id, args) = match args {
        [first, rest @ ..] if source(first).is_some() => {
            (source(first).map_or(0, |s| names.source(s)), rest)
        }
        _ => (names.default_source(), args),
    };
    let [var, pattern] = args else {
        return fail(format!(
            "Cannot parse pull expression {form}, expect ['pull' src-var? var (constant | variable | plain-symbol)]"
        ));
    };
    let Some(var) = variable(var) else {
        return fail(format!(
            "Cannot parse pull expression {form}, expected a variable, got {var}"
        ));
    };
    let var = names.var(var);
    let pattern = match pattern.as_symbol() {
        Some(symbol) if symbol.as_str() != "*" => PullPattern::Input(names.var(symbol)),
        _ => PullPattern::Constant(pattern.clone()),
    };
    Ok(Element::Pull { source: source_id, var, pattern })
}

fn parse_input(names: &mut Names, form: &Value) -> Parse<Input> {
    if let Some(symbol) = source(form) {
        return Ok(Input::Source(names.source(symbol)));
    }
    if is_symbol(form, "%") {
        return Ok(Input::Rules);
    }
    if let Some(symbol) = plain_symbol(form) {
        return Ok(Input::Binding(Binding::Var(names.var(symbol))));
    }
    Ok(Input::Binding(parse_binding(names, form)?))
}
