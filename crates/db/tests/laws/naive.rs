//! Queries answered in the slowest and plainest way: every clause is tried on every fact of its source for every row,
//! rules are tables that are worked out again and again until nothing new comes.
//!
//! It reads well-formed queries only, and knows the few functions that the laws use.

use db::{Db, Index};
use edn::Value;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// A row: what each variable is.
type Row = BTreeMap<String, Value>;
type Rows = BTreeSet<Row>;
type Facts = Vec<Vec<Value>>;
/// What is known of each rule, for each source it is given.
type Tables = BTreeMap<(String, String), BTreeSet<Vec<Value>>>;

pub(crate) struct Naive {
    sources: BTreeMap<String, Facts>,
    rules: Vec<Value>,
    /// Rules that are worked out to the end.
    done: RefCell<Tables>,
}

/// All datoms of a database, as `[e a v tx added]`.
pub(crate) fn facts(db: &Db) -> Facts {
    let fact = |d: db::Datom| {
        vec![
            Value::from(d.e),
            db.attr_name(d.a).clone(),
            db.value(d.v),
            Value::from(d.tx),
            Value::from(d.added),
        ]
    };
    db.datoms(Index::Eavt, &[]).unwrap().map(fact).collect()
}

/// A section of a query in vector form.
pub(crate) fn section<'q>(query: &'q Value, name: &str) -> &'q [Value] {
    let items = query.as_vector().unwrap();
    let Some(at) = items.iter().position(|item| item.is_keyword(name)) else { return &[] };
    let rest = &items[at + 1..];
    let end = rest.iter().position(|item| item.as_keyword().is_some()).unwrap_or(rest.len());
    &rest[..end]
}

fn name(form: &Value) -> &str {
    form.as_symbol().map_or("", |s| s.as_str())
}

fn is_var(form: &Value) -> bool {
    name(form).starts_with('?')
}

fn is_source(form: &Value) -> bool {
    name(form).starts_with('$')
}

fn head(clause: &Value) -> &str {
    clause.as_seq().and_then(<[Value]>::first).map_or("", name)
}

/// The clause without the source before it, and that source.
fn split_source<'c>(clause: &'c Value, default: &str) -> (String, &'c [Value]) {
    let items = clause.as_seq().unwrap();
    match is_source(&items[0]) {
        true => (name(&items[0]).to_string(), &items[1..]),
        false => (default.to_string(), items),
    }
}

fn vars_of(form: &Value, vars: &mut BTreeSet<String>) {
    if is_var(form) {
        vars.insert(name(form).to_string());
    }
    for item in form.as_seq().unwrap_or_default() {
        vars_of(item, vars);
    }
}

/// The variables that a clause shares with those around it.
fn shared(clause: &Value) -> BTreeSet<String> {
    let mut vars = BTreeSet::new();
    let (_, items) = split_source(clause, "$");
    match name(&items[0]) {
        "not-join" | "or-join" => vars_of(&items[1], &mut vars),
        "not" | "or" | "and" => items[1..].iter().for_each(|c| vars.extend(shared(c))),
        _ => vars_of(clause, &mut vars),
    }
    vars
}

fn only(row: &Row, vars: &BTreeSet<String>) -> Row {
    row.iter().filter(|(v, _)| vars.contains(*v)).map(|(v, x)| (v.clone(), x.clone())).collect()
}

/// The row with one thing more, where that does not gainsay it.
fn with(row: &Row, term: &Value, value: &Value) -> Option<Row> {
    if name(term) == "_" {
        return Some(row.clone());
    }
    if !is_var(term) {
        return (term == value).then(|| row.clone());
    }
    match row.get(name(term)) {
        Some(known) => (known == value).then(|| row.clone()),
        None => {
            let mut row = row.clone();
            row.insert(name(term).to_string(), value.clone());
            Some(row)
        }
    }
}

fn with_all(row: &Row, terms: &[Value], values: &[Value]) -> Option<Row> {
    if values.len() < terms.len() {
        return None;
    }
    terms.iter().zip(values).try_fold(row.clone(), |row, (term, value)| with(&row, term, value))
}

/// Every way to take a value apart.
fn bind(row: &Row, binding: &Value, value: &Value) -> Vec<Row> {
    let Some(parts) = binding.as_seq() else {
        return with(row, binding, value).into_iter().collect();
    };
    let items = value.as_seq().unwrap();
    let each = |inner: &Value| items.iter().flat_map(|item| bind(row, inner, item)).collect();
    match parts {
        [inner, dots] if name(dots) == "..." => each(inner),
        [tuple] if tuple.as_seq().is_some() => each(tuple),
        parts => parts.iter().zip(items).fold(vec![row.clone()], |rows, (part, item)| {
            rows.iter().flat_map(|row| bind(row, part, item)).collect()
        }),
    }
}

fn int(value: &Value) -> i64 {
    value.as_int().unwrap()
}

impl Naive {
    pub(crate) fn new() -> Naive {
        Naive { sources: BTreeMap::new(), rules: Vec::new(), done: RefCell::default() }
    }

    /// The rows over all variables, for inputs that go with `:in`.
    pub(crate) fn rows(&mut self, query: &Value, inputs: &[(Value, Given)]) -> Vec<Row> {
        let mut rows = vec![Row::new()];
        for (binding, given) in inputs {
            match given {
                Given::Facts(facts) => {
                    self.sources.insert(name(binding).to_string(), facts.clone());
                }
                Given::Value(rules) if name(binding) == "%" => {
                    self.rules = rules.as_seq().unwrap().to_vec();
                }
                Given::Value(value) => {
                    rows = rows.iter().flat_map(|row| bind(row, binding, value)).collect();
                }
            }
        }
        let rows = rows.into_iter().collect();
        self.all(section(query, "where"), rows, "$", None).into_iter().collect()
    }

    /// The rows that all clauses let through. `tables` is what is known of rules while they are worked out.
    fn all(&self, clauses: &[Value], rows: Rows, source: &str, tables: Option<&Tables>) -> Rows {
        let mut waiting: Vec<&Value> = clauses.iter().collect();
        let mut rows = rows;
        while !waiting.is_empty() && !rows.is_empty() {
            let known: BTreeSet<String> = rows.iter().flat_map(|row| row.keys().cloned()).collect();
            let ready = |clause: &&Value| match clause.as_seq().unwrap() {
                [call, ..] if matches!(call, Value::List(_)) => shared(call).is_subset(&known),
                _ => head(clause) != "not" && head(clause) != "not-join",
            };
            let next = waiting.iter().position(ready).unwrap_or(0);
            let clause = waiting.remove(next);
            rows = rows.iter().flat_map(|row| self.one(clause, row, source, tables)).collect();
        }
        rows
    }

    fn one(&self, clause: &Value, row: &Row, source: &str, tables: Option<&Tables>) -> Vec<Row> {
        let items = clause.as_seq().unwrap();
        if let Value::List(call) = &items[0] {
            let value = self.call(call, row, source);
            return match items.get(1) {
                None => value.is_truthy().then(|| row.clone()).into_iter().collect(),
                Some(_) if value.is_nil() => Vec::new(),
                Some(binding) => bind(row, binding, &value),
            };
        }
        let (own, terms) = split_source(clause, source);
        let known = Rows::from([only(row, &shared(clause))]);
        match name(&terms[0]) {
            "not" => self.none(&terms[1..], known, row, &own),
            "not-join" => self.none(&terms[2..], known, row, &own),
            "and" => {
                self.all(&terms[1..], Rows::from([row.clone()]), &own, tables).into_iter().collect()
            }
            special @ ("or" | "or-join") => {
                let vars = shared(clause);
                let branches = &terms[if special == "or" { 1 } else { 2 }..];
                let found = branches.iter().flat_map(|branch| {
                    self.all(std::slice::from_ref(branch), known.clone(), &own, tables)
                });
                let join = |found: Row| {
                    let mut joined = row.clone();
                    joined.extend(only(&found, &vars));
                    joined
                };
                found.map(join).collect()
            }
            rule if matches!(clause, Value::List(_)) => {
                let table = match tables.and_then(|t| t.get(&(rule.to_string(), own.clone()))) {
                    Some(table) => table.clone(),
                    None => self.table(rule, &own),
                };
                table.iter().filter_map(|answer| with_all(row, &terms[1..], answer)).collect()
            }
            _ => {
                let facts = &self.sources[&own];
                facts.iter().filter_map(|fact| with_all(row, terms, fact)).collect()
            }
        }
    }

    /// The row, where nothing satisfies the clauses. Rules are known to the end before they are negated.
    fn none(&self, clauses: &[Value], known: Rows, row: &Row, source: &str) -> Vec<Row> {
        let found = self.all(clauses, known, source, None);
        found.is_empty().then(|| row.clone()).into_iter().collect()
    }

    /// The whole of a rule: all rules are worked out with what was known before, until it is what was known before.
    fn table(&self, rule: &str, source: &str) -> BTreeSet<Vec<Value>> {
        let key = (rule.to_string(), source.to_string());
        if let Some(table) = self.done.borrow().get(&key) {
            return table.clone();
        }
        let mut tables = Tables::new();
        for wanted in self.reached(rule) {
            tables.insert((wanted, source.to_string()), BTreeSet::new());
        }
        loop {
            let before = tables.clone();
            for ((rule, source), table) in &mut tables {
                for branch in self.branches(rule) {
                    let params: Vec<Value> = branch[0].as_seq().unwrap()[1..]
                        .iter()
                        .flat_map(|p| p.as_seq().map_or_else(|| vec![p.clone()], <[_]>::to_vec))
                        .collect();
                    let found =
                        self.all(&branch[1..], Rows::from([Row::new()]), source, Some(&before));
                    table.extend(
                        found
                            .iter()
                            .map(|row| params.iter().map(|p| row[name(p)].clone()).collect()),
                    );
                }
            }
            if tables == before {
                self.done.borrow_mut().extend(tables);
                return self.done.borrow()[&key].clone();
            }
        }
    }

    fn branches<'a>(&'a self, rule: &'a str) -> impl Iterator<Item = &'a [Value]> {
        self.rules.iter().filter_map(|b| b.as_seq()).filter(move |b| head(&b[0]) == rule)
    }

    /// The rules that a rule calls, directly or not, other than under a negation; itself among them.
    fn reached(&self, rule: &str) -> BTreeSet<String> {
        fn calls(form: &Value, called: &mut BTreeSet<String>) {
            let Some(items) = form.as_seq().filter(|_| !head(form).starts_with("not")) else {
                return;
            };
            called.insert(head(form).to_string());
            items.iter().for_each(|item| calls(item, called));
        }
        let mut reached = BTreeSet::from([rule.to_string()]);
        loop {
            let mut called = BTreeSet::new();
            for rule in &reached {
                self.branches(rule).flat_map(|b| &b[1..]).for_each(|c| calls(c, &mut called));
            }
            called.retain(|name| self.branches(name).next().is_some() && !reached.contains(name));
            if called.is_empty() {
                return reached;
            }
            reached.extend(called);
        }
    }

    fn call(&self, call: &[Value], row: &Row, source: &str) -> Value {
        let args: Vec<Value> = call[1..]
            .iter()
            .map(|arg| if is_var(arg) { row[name(arg)].clone() } else { arg.clone() })
            .collect();
        let value_of = |attribute: &Value| {
            let of = name(&args[0]);
            let facts = &self.sources[if of == "$" { source } else { of }];
            let fact = facts.iter().find(|fact| fact[0] == args[1] && fact[1] == *attribute);
            fact.map(|fact| fact[2].clone())
        };
        match name(&call[0]) {
            "=" => Value::from(args.windows(2).all(|w| w[0] == w[1])),
            "not=" => Value::from(args.windows(2).any(|w| w[0] != w[1])),
            "<" => Value::from(args.windows(2).all(|w| int(&w[0]) < int(&w[1]))),
            ">=" => Value::from(args.windows(2).all(|w| int(&w[0]) >= int(&w[1]))),
            "even?" => Value::from(int(&args[0]) % 2 == 0),
            "+" => Value::from(args.iter().map(int).sum::<i64>()),
            "count" => Value::from(args[0].as_str().unwrap().chars().count() as i64),
            "str" => Value::from(args.iter().map(|a| a.as_str().unwrap()).collect::<String>()),
            "range" => Value::list((int(&args[0])..int(&args[1])).map(Value::from).collect()),
            "vector" => Value::vector(args),
            "ground" => args[0].clone(),
            "get-else" => value_of(&args[2]).unwrap_or_else(|| args[3].clone()),
            "missing?" => Value::from(value_of(&args[2]).is_none()),
            "get-some" => {
                let found = args[2..].iter().find_map(|a| Some(vec![a.clone(), value_of(a)?]));
                found.map_or(Value::Nil, Value::vector)
            }
            unknown => panic!("no function {unknown}"),
        }
    }
}

/// What a query is given.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    Facts(Facts),
    Value(Value),
}

/// The answer: its rows, which may be equal, in any order.
pub(crate) fn answer(find: &[Value], with: &[Value], rows: &[Row]) -> Vec<Vec<Value>> {
    let mut wanted = BTreeSet::new();
    find.iter().chain(with).for_each(|form| vars_of(form, &mut wanted));
    let rows: Rows = rows.iter().map(|row| only(row, &wanted)).collect();
    let aggregated = |element: &Value| matches!(element, Value::List(_));
    if !find.iter().any(aggregated) {
        return rows
            .iter()
            .map(|row| find.iter().map(|v| row[name(v)].clone()).collect())
            .collect();
    }
    let mut groups: BTreeMap<Vec<Value>, Vec<Row>> = BTreeMap::new();
    for row in rows {
        let keys = find.iter().filter(|e| !aggregated(e)).map(|v| row[name(v)].clone()).collect();
        groups.entry(keys).or_default().push(row);
    }
    let element = |element: &Value, rows: &[Row]| match element.as_seq() {
        None => rows[0][name(element)].clone(),
        Some(items) => aggregate(items, rows),
    };
    groups.values().map(|rows| find.iter().map(|e| element(e, rows)).collect()).collect()
}

fn aggregate(items: &[Value], rows: &[Row]) -> Value {
    let over = name(&items[items.len() - 1]);
    let mut values: Vec<Value> = rows.iter().map(|row| row[over].clone()).collect();
    values.sort();
    let distinct: BTreeSet<Value> = values.iter().cloned().collect();
    let some = |n: &Value| (int(n) as usize).min(values.len());
    match (name(&items[0]), &items[1..items.len() - 1]) {
        ("count", _) => Value::from(values.len() as i64),
        ("count-distinct", _) => Value::from(distinct.len() as i64),
        ("distinct", _) => Value::set(distinct.into_iter().collect()),
        ("sum", _) => Value::from(values.iter().map(int).sum::<i64>()),
        ("min", []) => values[0].clone(),
        ("max", []) => values[values.len() - 1].clone(),
        ("min", [n]) => Value::vector(values[..some(n)].to_vec()),
        ("max", [n]) => Value::vector(values[values.len() - some(n)..].to_vec()),
        (unknown, _) => panic!("no aggregate {unknown}"),
    }
}
