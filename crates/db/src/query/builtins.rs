//! The functions a query can call by name: those of DataScript, as Clojure defines them.

use super::arithmetic::{self, Operator, Result, fail, is_number, to_f64};
use super::texts::{escape, index_of, join, regex_all, regex_find, replace, split, subs, texts};
use edn::{Keyword, Map, Set, Symbol, Value};
use std::cmp::Ordering;

/// A function that a query can call by name.
#[derive(Clone, Copy)]
pub struct Builtin {
    name: &'static str,
    function: fn(&[Value]) -> Result,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Builtin {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Calls it.
    pub fn call(&self, args: &[Value]) -> Result {
        (self.function)(args)
    }
}

/// The function that a symbol names: `count`, `clojure.core/count`, `clojure.string/blank?`.
pub fn builtin(symbol: &Symbol) -> Option<Builtin> {
    let name = symbol.as_str();
    let name = name.strip_prefix("clojure.core/").unwrap_or(name);
    let found = TABLE.binary_search_by(|(n, _)| (*n).cmp(name)).ok()?;
    let (name, function) = TABLE[found];
    Some(Builtin { name, function })
}

type Row = (&'static str, fn(&[Value]) -> Result);

/// Sorted by name.
static TABLE: &[Row] = &[
    ("!=", |a| truth(!all_equal(a))),
    ("*", |a| fold(Operator::Multiply, Value::Int(1), a)),
    ("+", |a| fold(Operator::Add, Value::Int(0), a)),
    ("-", |a| reduce(Operator::Subtract, Value::Int(0), a)),
    ("-differ?", differ),
    ("/", |a| reduce(Operator::Divide, Value::Int(1), a)),
    ("<", |a| ordered(a, Ordering::is_lt)),
    ("<=", |a| ordered(a, Ordering::is_le)),
    ("=", |a| truth(all_equal(a))),
    ("==", numerically_equal),
    (">", |a| ordered(a, Ordering::is_gt)),
    (">=", |a| ordered(a, Ordering::is_ge)),
    ("and", |a| {
        Ok(a.iter().find(|v| !v.is_truthy()).or(a.last()).cloned().unwrap_or(Value::Bool(true)))
    }),
    ("array-map", hash_map),
    ("clojure.string/blank?", |a| match one(a)? {
        Value::Nil => truth(true),
        v => truth(text(v)?.chars().all(char::is_whitespace)),
    }),
    ("clojure.string/capitalize", |a| {
        let mut chars = text(one(a)?)?.chars();
        let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
        Ok(Value::string(first + &chars.as_str().to_lowercase()))
    }),
    ("clojure.string/ends-with?", |a| texts(a, |s, t| s.ends_with(t))),
    ("clojure.string/escape", escape),
    ("clojure.string/includes?", |a| texts(a, |s, t| s.contains(t))),
    ("clojure.string/index-of", |a| index_of(a, |s, t| s.find(t))),
    ("clojure.string/join", join),
    ("clojure.string/last-index-of", |a| index_of(a, |s, t| s.rfind(t))),
    ("clojure.string/lower-case", |a| Ok(Value::string(text(one(a)?)?.to_lowercase()))),
    ("clojure.string/replace", |a| replace(a, false)),
    ("clojure.string/replace-first", |a| replace(a, true)),
    ("clojure.string/reverse", |a| {
        Ok(Value::string(text(one(a)?)?.chars().rev().collect::<String>()))
    }),
    ("clojure.string/split", split),
    ("clojure.string/split-lines", |a| {
        Ok(Value::vector(text(one(a)?)?.lines().map(Value::from).collect()))
    }),
    ("clojure.string/starts-with?", |a| texts(a, |s, t| s.starts_with(t))),
    ("clojure.string/trim", |a| Ok(Value::from(text(one(a)?)?.trim()))),
    ("clojure.string/trim-newline", |a| {
        Ok(Value::from(text(one(a)?)?.trim_end_matches(['\n', '\r'])))
    }),
    ("clojure.string/triml", |a| Ok(Value::from(text(one(a)?)?.trim_start()))),
    ("clojure.string/trimr", |a| Ok(Value::from(text(one(a)?)?.trim_end()))),
    ("clojure.string/upper-case", |a| Ok(Value::string(text(one(a)?)?.to_uppercase()))),
    ("compare", |a| {
        let [x, y] = a else { return arity("compare") };
        Ok(Value::Int(super::aggregates::clojure_compare(x, y)? as i64))
    }),
    ("complement", |a| truth(!one(a)?.is_truthy())),
    ("contains?", contains),
    ("count", |a| Ok(Value::Int(count(one(a)?)? as i64))),
    ("dec", |a| arithmetic::apply(Operator::Subtract, one(a)?, &Value::Int(1))),
    ("distinct?", |a| {
        let distinct: Set = a.iter().cloned().collect();
        truth(distinct.len() == a.len())
    }),
    ("empty?", |a| truth(count(one(a)?)? == 0)),
    ("even?", |a| Ok(Value::Bool(int(one(a)?)? % 2 == 0))),
    ("every?", |a| match a {
        [f, items] => {
            for item in sequence(items)? {
                if !call(f, &[item])?.is_truthy() {
                    return truth(false);
                }
            }
            truth(true)
        }
        _ => arity("every?"),
    }),
    ("false?", |a| truth(*one(a)? == Value::Bool(false))),
    ("first", |a| Ok(sequence(one(a)?)?.into_iter().next().unwrap_or(Value::Nil))),
    ("get", |a| match a {
        [m, k] => Ok(get(m, k).unwrap_or(Value::Nil)),
        [m, k, default] => Ok(get(m, k).unwrap_or_else(|| default.clone())),
        _ => arity("get"),
    }),
    ("get-in", |a| match a {
        [m, path] => get_in(m, path, Value::Nil),
        [m, path, default] => get_in(m, path, default.clone()),
        _ => arity("get-in"),
    }),
    ("hash-map", hash_map),
    ("identical?", |a| truth(all_equal(a))),
    ("identity", |a| Ok(one(a)?.clone())),
    ("inc", |a| arithmetic::apply(Operator::Add, one(a)?, &Value::Int(1))),
    ("keyword", |a| match a {
        [Value::Keyword(k)] => Ok(Value::Keyword(k.clone())),
        [Value::Str(s)] => Ok(Value::keyword(s)),
        [Value::Symbol(s)] => Ok(Value::keyword(s.as_str())),
        [Value::Str(ns), Value::Str(name)] => Ok(Value::Keyword(Keyword::new(Some(ns), name))),
        [Value::Nil, Value::Str(name)] => Ok(Value::Keyword(Keyword::new(None, name))),
        _ => fail("keyword: expected a string, or a namespace and a name"),
    }),
    ("last", |a| Ok(sequence(one(a)?)?.pop().unwrap_or(Value::Nil))),
    ("list", |a| Ok(Value::list(a.to_vec()))),
    ("max", |a| extreme(a, Ordering::is_gt)),
    ("meta", |a| Ok(one(a)?.meta().map_or(Value::Nil, |m| Value::Map(m.clone())))),
    ("min", |a| extreme(a, Ordering::is_lt)),
    ("mod", |a| match a {
        [x, y] => arithmetic::integer_division("mod", x, y),
        _ => arity("mod"),
    }),
    ("name", |a| match one(a)? {
        Value::Keyword(k) => Ok(Value::from(k.name())),
        Value::Symbol(s) => Ok(Value::from(s.name())),
        Value::Str(s) => Ok(Value::Str(s.clone())),
        other => fail(format!("name: expected a keyword, symbol or string, got {other}")),
    }),
    ("namespace", |a| {
        let ns = match one(a)? {
            Value::Keyword(k) => k.namespace(),
            Value::Symbol(s) => s.namespace(),
            other => return fail(format!("namespace: expected a keyword or symbol, got {other}")),
        };
        Ok(ns.map_or(Value::Nil, Value::from))
    }),
    ("neg?", |a| Ok(Value::Bool(arithmetic::is_negative(number(one(a)?)?)))),
    ("nil?", |a| truth(one(a)?.is_nil())),
    ("not", |a| truth(!one(a)?.is_truthy())),
    ("not-any?", |a| match a {
        [f, items] => {
            for item in sequence(items)? {
                if call(f, &[item])?.is_truthy() {
                    return truth(false);
                }
            }
            truth(true)
        }
        _ => arity("not-any?"),
    }),
    ("not-empty", |a| Ok(if count(one(a)?)? == 0 { Value::Nil } else { a[0].clone() })),
    ("not=", |a| truth(!all_equal(a))),
    ("nth", |a| match a {
        [items, n] => match usize::try_from(int(n)?).ok().and_then(|n| nth(items, n)) {
            Some(v) => Ok(v),
            None => fail("nth: index out of bounds"),
        },
        [items, n, default] => {
            let n = usize::try_from(int(n)?).ok();
            Ok(n.and_then(|n| nth(items, n)).unwrap_or_else(|| default.clone()))
        }
        _ => arity("nth"),
    }),
    ("odd?", |a| Ok(Value::Bool(int(one(a)?)? % 2 != 0))),
    ("or", |a| Ok(a.iter().find(|v| v.is_truthy()).or(a.last()).cloned().unwrap_or(Value::Nil))),
    ("pos?", |a| {
        let n = number(one(a)?)?;
        Ok(Value::Bool(n.compare_numbers(&Value::Int(0)).is_some_and(|o| o.is_gt())))
    }),
    ("pr-str", |a| Ok(Value::string(printed(a)))),
    ("print-str", |a| Ok(Value::string(bare(a)))),
    ("println-str", |a| Ok(Value::string(bare(a) + "\n"))),
    ("prn-str", |a| Ok(Value::string(printed(a) + "\n"))),
    ("quot", |a| match a {
        [x, y] => arithmetic::integer_division("quot", x, y),
        _ => arity("quot"),
    }),
    ("rand", |a| {
        let unit = crate::random::unit();
        match a {
            [] => Ok(Value::Double(unit)),
            [n] => Ok(Value::Double(unit * to_f64(n).unwrap_or(1.0))),
            _ => arity("rand"),
        }
    }),
    ("rand-int", |a| {
        let n = int(one(a)?)?;
        Ok(Value::Int((crate::random::unit() * n as f64) as i64))
    }),
    ("range", range),
    ("re-find", |a| regex_find(a, false)),
    ("re-matches", |a| regex_find(a, true)),
    ("re-pattern", |a| match one(a)? {
        Value::Regex(r) => Ok(Value::Regex(r.clone())),
        v => {
            let pattern = text(v)?;
            super::regexes::compile(pattern)?;
            Ok(Value::Regex(edn::Regex(pattern.into())))
        }
    }),
    ("re-seq", regex_all),
    ("rem", |a| match a {
        [x, y] => arithmetic::integer_division("rem", x, y),
        _ => arity("rem"),
    }),
    ("rest", |a| Ok(Value::list(sequence(one(a)?)?.into_iter().skip(1).collect()))),
    ("reverse", |a| Ok(Value::list(sequence(one(a)?)?.into_iter().rev().collect()))),
    ("second", |a| Ok(sequence(one(a)?)?.into_iter().nth(1).unwrap_or(Value::Nil))),
    ("set", |a| Ok(Value::set(sequence(one(a)?)?))),
    ("some", |a| match a {
        [f, items] => {
            for item in sequence(items)? {
                let found = call(f, &[item])?;
                if found.is_truthy() {
                    return Ok(found);
                }
            }
            Ok(Value::Nil)
        }
        _ => arity("some"),
    }),
    ("some?", |a| truth(!one(a)?.is_nil())),
    ("str", |a| Ok(Value::string(plain(a)))),
    ("subs", subs),
    ("symbol", |a| match a {
        [Value::Symbol(s)] => Ok(Value::Symbol(s.clone())),
        [Value::Str(s)] => Ok(Value::symbol(s)),
        [Value::Keyword(k)] => Ok(Value::symbol(k.as_str())),
        [Value::Str(ns), Value::Str(name)] => Ok(Value::Symbol(Symbol::new(Some(ns), name))),
        _ => fail("symbol: expected a string, or a namespace and a name"),
    }),
    ("true?", |a| truth(*one(a)? == Value::Bool(true))),
    ("tuple", |a| Ok(Value::vector(a.to_vec()))),
    ("type", |a| Ok(Value::keyword(type_name(one(a)?)))),
    ("untuple", |a| Ok(one(a)?.clone())),
    ("vec", |a| Ok(Value::vector(sequence(one(a)?)?))),
    ("vector", |a| Ok(Value::vector(a.to_vec()))),
    ("zero?", |a| Ok(Value::Bool(arithmetic::is_zero(number(one(a)?)?)))),
];

pub(super) fn truth(b: bool) -> Result {
    Ok(Value::Bool(b))
}

pub(super) fn arity(name: &str) -> Result {
    fail(format!("wrong number of arguments passed to {name}"))
}

fn one(args: &[Value]) -> std::result::Result<&Value, edn::CallError> {
    match args {
        [value] => Ok(value),
        _ => fail(format!("expected one argument, got {}", args.len())),
    }
}

pub(super) fn text(value: &Value) -> std::result::Result<&str, edn::CallError> {
    value.as_str().ok_or_else(|| edn::CallError(format!("expected a string, got {value}")))
}

pub(super) fn int(value: &Value) -> std::result::Result<i64, edn::CallError> {
    value.as_int().ok_or_else(|| edn::CallError(format!("expected an integer, got {value}")))
}

fn number(value: &Value) -> std::result::Result<&Value, edn::CallError> {
    if is_number(value) { Ok(value) } else { fail(format!("expected a number, got {value}")) }
}

fn all_equal(args: &[Value]) -> bool {
    args.windows(2).all(|pair| pair[0].clojure_eq(&pair[1]))
}

fn numerically_equal(args: &[Value]) -> Result {
    // One alone is not looked at, as in Clojure.
    for value in args.iter().filter(|_| args.len() > 1) {
        number(value)?;
    }
    let nan = |v: &Value| matches!(v, Value::Double(d) if d.is_nan());
    truth(
        args.windows(2)
            .all(|p| !nan(&p[0]) && p[0].compare_numbers(&p[1]).is_some_and(Ordering::is_eq)),
    )
}

/// Numbers by value, other things by the total order: DataScript compares anything comparable.
fn ordered(args: &[Value], holds: fn(Ordering) -> bool) -> Result {
    truth(args.windows(2).all(|p| {
        let nan = |v: &Value| matches!(v, Value::Double(d) if d.is_nan());
        !nan(&p[0])
            && !nan(&p[1])
            && holds(p[0].compare_numbers(&p[1]).unwrap_or_else(|| p[0].cmp(&p[1])))
    }))
}

/// Clojure's `max` and `min`: of what is equal the last, and what is no number wins over any number.
fn extreme(args: &[Value], better: fn(Ordering) -> bool) -> Result {
    let Some((first, rest)) = args.split_first() else {
        return fail("expected at least one argument");
    };
    let nan = |v: &Value| matches!(v, Value::Double(d) if d.is_nan());
    rest.iter().try_fold(first.clone(), |best, value| {
        number(&best)?;
        number(value)?;
        let stays = nan(&best) || !nan(value) && best.compare_numbers(value).is_some_and(better);
        Ok(if stays { best } else { value.clone() })
    })
}

fn fold(operator: Operator, start: Value, args: &[Value]) -> Result {
    args.iter().try_fold(start, |sum, v| arithmetic::apply(operator, &sum, v))
}

fn reduce(operator: Operator, start: Value, args: &[Value]) -> Result {
    match args {
        [] => fail("expected at least one argument"),
        [only] => arithmetic::apply(operator, &start, only),
        [first, rest @ ..] => {
            rest.iter().try_fold(first.clone(), |sum, v| arithmetic::apply(operator, &sum, v))
        }
    }
}

fn differ(args: &[Value]) -> Result {
    let half = args.len() / 2;
    truth(args[..half] != args[half..])
}

fn call(function: &Value, args: &[Value]) -> Result {
    match function {
        Value::Opaque(object) => object.0.call(args),
        Value::Symbol(s) => match builtin(s) {
            Some(builtin) => builtin.call(args),
            None => fail(format!("unknown function {s}")),
        },
        Value::Keyword(_) => Ok(args.first().and_then(|m| get(m, function)).unwrap_or(Value::Nil)),
        Value::Set(set) => {
            Ok(args.first().filter(|v| set.contains(v)).cloned().unwrap_or(Value::Nil))
        }
        other => fail(format!("{other} is not a function")),
    }
}

pub(super) fn sequence(value: &Value) -> std::result::Result<Vec<Value>, edn::CallError> {
    Ok(match value {
        Value::Nil => Vec::new(),
        Value::List(l) => l.to_vec(),
        Value::Vector(v) => v.to_vec(),
        Value::Set(s) => s.iter().cloned().collect(),
        Value::Map(m) => m.iter().map(|(k, v)| Value::vector(vec![k.clone(), v.clone()])).collect(),
        Value::Str(s) => s.chars().map(Value::Char).collect(),
        other => return fail(format!("expected a collection, got {other}")),
    })
}

fn count(value: &Value) -> std::result::Result<usize, edn::CallError> {
    Ok(match value {
        Value::Nil => 0,
        Value::List(l) => l.len(),
        Value::Vector(v) => v.len(),
        Value::Set(s) => s.len(),
        Value::Map(m) => m.len(),
        Value::Str(s) => s.encode_utf16().count(),
        other => return fail(format!("count not supported on {other}")),
    })
}

fn nth(value: &Value, n: usize) -> Option<Value> {
    match value {
        Value::Str(s) => s.chars().nth(n).map(Value::Char),
        _ => value.as_seq()?.get(n).cloned(),
    }
}

pub(super) fn get(value: &Value, key: &Value) -> Option<Value> {
    match value {
        Value::Map(m) => m.get(key).cloned(),
        Value::Set(s) => s.contains(key).then(|| key.clone()),
        Value::Vector(v) => v.get(usize::try_from(key.as_int()?).ok()?).cloned(),
        Value::Str(_) => nth(value, usize::try_from(key.as_int()?).ok()?),
        _ => None,
    }
}

fn get_in(value: &Value, path: &Value, default: Value) -> Result {
    let mut current = value.clone();
    for key in sequence(path)? {
        match get(&current, &key) {
            Some(next) => current = next,
            None => return Ok(default),
        }
    }
    Ok(current)
}

fn contains(args: &[Value]) -> Result {
    let [collection, key] = args else { return arity("contains?") };
    truth(match collection {
        Value::Nil => false,
        Value::Map(m) => m.contains_key(key),
        Value::Set(s) => s.contains(key),
        Value::Vector(v) => {
            key.as_int().and_then(|n| usize::try_from(n).ok()).is_some_and(|n| n < v.len())
        }
        other => return fail(format!("contains? not supported on {other}")),
    })
}

fn hash_map(args: &[Value]) -> Result {
    if !args.len().is_multiple_of(2) {
        return fail("expected an even number of arguments");
    }
    let entries = args.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
    Ok(Value::Map(entries.collect::<Map>()))
}

/// `str` of values: strings and characters as they are, nil as nothing, the rest as it prints.
pub(super) fn plain(args: &[Value]) -> String {
    let mut out = String::new();
    for value in args {
        match value {
            Value::Str(s) => out.push_str(s),
            Value::Char(c) => out.push(*c),
            Value::Nil => {}
            Value::BigInt(n) => out.push_str(&n.to_string()),
            Value::BigDec(_) => out.push_str(edn::print(value).trim_end_matches('M')),
            Value::Uuid(u) => out.push_str(&u.to_string()),
            Value::Regex(r) => out.push_str(&r.0),
            _ => edn::print_to(&mut out, value),
        }
    }
    out
}

/// `print-str`: strings and characters as they are, at any depth.
fn bare(args: &[Value]) -> String {
    let options = edn::PrintOptions { bare: true, ..edn::PrintOptions::default() };
    let mut out = String::new();
    for (i, value) in args.iter().enumerate() {
        if i > 0 {
            out.push(' ');
        }
        edn::print_with(&mut out, value, options);
    }
    out
}

fn printed(args: &[Value]) -> String {
    args.iter().map(edn::print).collect::<Vec<_>>().join(" ")
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Bool(_) => "boolean",
        Value::Int(_) => "long",
        Value::BigInt(_) => "bigint",
        Value::Ratio(_) => "ratio",
        Value::Double(_) => "double",
        Value::BigDec(_) => "bigdec",
        Value::Char(_) => "char",
        Value::Str(_) => "string",
        Value::Symbol(_) => "symbol",
        Value::Keyword(_) => "keyword",
        Value::List(_) => "list",
        Value::Vector(_) => "vector",
        Value::Map(_) => "map",
        Value::Set(_) => "set",
        Value::Inst(_) => "inst",
        Value::Uuid(_) => "uuid",
        Value::Regex(_) => "regex",
        Value::Tagged(_) => "tagged",
        Value::Opaque(_) => "object",
    }
}

/// How many numbers `range` gives at most: a query has no lazy sequences.
const MAX_RANGE: i64 = 10_000_000;

fn range(args: &[Value]) -> Result {
    let (start, end, step) = match args {
        [end] => (0, int(end)?, 1),
        [start, end] => (int(start)?, int(end)?, 1),
        [start, end, step] => (int(start)?, int(end)?, int(step)?),
        _ => return arity("range"),
    };
    let length = match step {
        0 => return fail("range: the step is zero"),
        _ => end.saturating_sub(start).checked_div(step).unwrap_or(i64::MAX),
    };
    if length > MAX_RANGE {
        return fail(format!("range of more than {MAX_RANGE} numbers"));
    }
    let mut items = Vec::new();
    let mut n = start;
    while if step > 0 { n < end } else { n > end } {
        items.push(Value::Int(n));
        let Some(next) = n.checked_add(step) else { break };
        n = next;
    }
    Ok(Value::list(items))
}

#[cfg(test)]
mod tests;
