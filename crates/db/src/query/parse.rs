//! A query as data becomes a [`Query`], or an error that says which part is wrong.
//!
//! The grammar and the messages are DataScript's. Values nest at most [`edn::MAX_DEPTH`] deep, so recursion over
//! them is bounded.

use super::QueryError;
use super::aggregates;
use super::ast::*;
use super::builtins::builtin;
use edn::{Map, Symbol, Value};
use rustc_hash::{FxHashMap, FxHashSet};

type Parse<T> = Result<T, QueryError>;

fn fail<T>(message: impl Into<String>) -> Parse<T> {
    Err(QueryError::Parse(message.into()))
}

/// Numbers for the names of one query.
#[derive(Default)]
pub(super) struct Names {
    vars: Vec<Symbol>,
    by_name: FxHashMap<String, Var>,
    sources: Vec<Symbol>,
}

impl Names {
    fn var(&mut self, symbol: &Symbol) -> Var {
        if let Some(var) = self.by_name.get(symbol.as_str()) {
            return *var;
        }
        let var = self.vars.len() as Var;
        self.vars.push(symbol.clone());
        self.by_name.insert(symbol.as_str().to_string(), var);
        var
    }

    fn source(&mut self, symbol: &Symbol) -> SourceId {
        match self.sources.iter().position(|s| s == symbol) {
            Some(at) => at,
            None => {
                self.sources.push(symbol.clone());
                self.sources.len() - 1
            }
        }
    }

    fn default_source(&mut self) -> SourceId {
        self.source(&Symbol::parse("$"))
    }

    /// Variables of a rule's branch mean nothing outside of it.
    fn in_scope<T>(&mut self, inner: impl FnOnce(&mut Names) -> Parse<T>) -> Parse<T> {
        let outer = std::mem::take(&mut self.by_name);
        let result = inner(self);
        self.by_name = outer;
        result
    }
}

fn variable(value: &Value) -> Option<&Symbol> {
    value.as_symbol().filter(|s| s.as_str().starts_with('?'))
}

fn source(value: &Value) -> Option<&Symbol> {
    value.as_symbol().filter(|s| s.as_str().starts_with('$'))
}

fn is_symbol(value: &Value, name: &str) -> bool {
    value.as_symbol().is_some_and(|s| s.as_str() == name)
}

/// A symbol that is a plain name: no variable, source, rules or placeholder.
fn plain_symbol(value: &Value) -> Option<&Symbol> {
    value
        .as_symbol()
        .filter(|s| !s.as_str().starts_with(['?', '$']) && !matches!(s.as_str(), "%" | "_" | "."))
}

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
    let inputs = if map.get_keyword("in").is_some() {
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
        inputs,
        clauses,
        keys,
        order_by,
        vars: names.vars,
        sources: names.sources,
    };
    check(&query)?;
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

// ---- :find ----

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

// ---- :in ----

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

fn parse_binding(names: &mut Names, form: &Value) -> Parse<Binding> {
    if is_symbol(form, "_") {
        return Ok(Binding::Ignore);
    }
    if let Some(symbol) = variable(form) {
        return Ok(Binding::Var(names.var(symbol)));
    }
    match form.as_seq() {
        Some([]) => fail("Tuple binding cannot be empty"),
        Some([inner, dots]) if is_symbol(dots, "...") => {
            Ok(Binding::Collection(Box::new(parse_binding(names, inner)?)))
        }
        Some([tuple]) if tuple.as_seq().is_some() => {
            Ok(Binding::Collection(Box::new(parse_binding(names, tuple)?)))
        }
        Some(parts) => {
            let parts: Parse<Vec<_>> = parts.iter().map(|p| parse_binding(names, p)).collect();
            Ok(Binding::Tuple(parts?))
        }
        None => fail(format!(
            "Cannot parse binding {form}, expected (bind-scalar | bind-tuple | bind-coll | bind-rel)"
        )),
    }
}

// ---- :where ----

fn parse_term(names: &mut Names, form: &Value) -> Term {
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

fn parse_clauses(
    names: &mut Names,
    forms: &[Value],
    default: Option<SourceId>,
) -> Parse<Vec<Clause>> {
    forms.iter().map(|form| parse_clause(names, form, default)).collect()
}

fn parse_clause(names: &mut Names, form: &Value, default: Option<SourceId>) -> Parse<Clause> {
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
    if terms.iter().all(|t| *t == Term::Ignore) {
        return fail("Pattern could not be all placeholders");
    }
    let source = used.unwrap_or_else(|| names.default_source());
    Ok(Clause::Pattern { source, terms })
}

fn special_clause(symbol: &Symbol) -> bool {
    matches!(symbol.as_str(), "not" | "not-join" | "or" | "or-join" | "and")
}

fn parse_expression(
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
            Ok(Clause::Not { join: None, clauses, text })
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
            Ok(Clause::Or { required: Vec::new(), join: None, branches, text })
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

type Join<'a> = (Vec<Var>, Vec<Var>, &'a [Value]);

fn parse_join<'a>(names: &mut Names, items: &'a [Value], name: &str) -> Parse<Join<'a>> {
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

/// `[[?required …] ?free …]`
fn parse_rule_vars(names: &mut Names, forms: &[Value]) -> Parse<(Vec<Var>, Vec<Var>)> {
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

fn parse_branches(
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

fn parse_call_clause(
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

// ---- rules ----

pub(super) struct ParsedRules {
    pub(super) rules: FxHashMap<Symbol, Rule>,
    pub(super) vars: Vec<Symbol>,
    pub(super) sources: Vec<Symbol>,
}

/// Parses a rule set; its variables and sources are numbered after the query's.
pub(super) fn parse_rules(query: &Query, rules: &Value) -> Parse<ParsedRules> {
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
    rule.branches.push(Branch { params, clauses });
    Ok(())
}

// ---- checks ----

fn collect_vars(clauses: &[Clause], vars: &mut FxHashSet<Var>) {
    for clause in clauses {
        clause.for_each_var(&mut |v| {
            vars.insert(v);
        });
    }
}

fn check(query: &Query) -> Parse<()> {
    let mut known = FxHashSet::default();
    collect_vars(&query.clauses, &mut known);
    let mut sources = FxHashSet::default();
    let mut rules = false;
    for input in &query.inputs {
        match input {
            Input::Source(id) => {
                if !sources.insert(*id) {
                    return fail("Vars used in :in should be distinct");
                }
            }
            Input::Rules => rules = true,
            Input::Binding(binding) => {
                let vars = binding.vars();
                known.extend(vars);
            }
        }
    }
    let mut asked: Vec<Var> = query.with.clone();
    for element in query.find.elements() {
        match element {
            Element::Var(v) => asked.push(*v),
            Element::Pull { var, pattern, .. } => {
                asked.push(*var);
                if let PullPattern::Input(p) = pattern {
                    asked.push(*p);
                }
            }
            Element::Aggregate { function, args, .. } => {
                if let Aggregator::Input(f) = function {
                    asked.push(*f);
                }
                asked.extend(args.iter().filter_map(|a| match a {
                    Term::Var(v) => Some(*v),
                    _ => None,
                }));
            }
        }
    }
    let unknown: Vec<Value> = asked
        .iter()
        .filter(|v| !known.contains(*v))
        .map(|v| Value::Symbol(query.vars[*v as usize].clone()))
        .collect();
    if !unknown.is_empty() {
        return fail(format!("Query for unknown vars: {}", Value::vector(unknown)));
    }
    check_sources(query, &query.clauses, &sources)?;
    if !rules && uses_rules(&query.clauses) {
        return fail("Missing rules var '%' in :in");
    }
    Ok(())
}

fn check_sources(query: &Query, clauses: &[Clause], given: &FxHashSet<SourceId>) -> Parse<()> {
    let check = |id: &SourceId| {
        if given.contains(id) {
            return Ok(());
        }
        let name = Value::Symbol(query.sources[*id].clone());
        fail(format!("Where uses unknown source vars: {}", Value::vector(vec![name])))
    };
    for clause in clauses {
        match clause {
            Clause::Pattern { source, .. } => check(source)?,
            Clause::Not { clauses, .. } => check_sources(query, clauses, given)?,
            Clause::Or { branches, .. } => {
                for branch in branches {
                    check_sources(query, branch, given)?;
                }
            }
            Clause::Predicate(call) | Clause::Function { call, .. } => {
                for term in &call.args {
                    if let Term::Source(id) = term {
                        check(id)?;
                    }
                }
            }
            Clause::Rule { source, .. } => check(source)?,
        }
    }
    Ok(())
}

fn uses_rules(clauses: &[Clause]) -> bool {
    clauses.iter().any(|clause| match clause {
        Clause::Rule { .. } => true,
        Clause::Not { clauses, .. } => uses_rules(clauses),
        Clause::Or { branches, .. } => branches.iter().any(|b| uses_rules(b)),
        _ => false,
    })
}
