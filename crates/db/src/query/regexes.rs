//! Java's regular expressions, as far as two engines carry: `regex` where it can, in linear time, else
//! `fancy-regex` (look-around, back-references) with a limit on backtracking.

use super::bounds::check_text;
use edn::{CallError, Value};
use std::cell::RefCell;
use std::rc::Rc;

pub(super) enum Compiled {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
}

type Result<T, E = CallError> = std::result::Result<T, E>;

/// How many compiled expressions a thread keeps.
const KEPT: usize = 64;

thread_local! {
    static CACHE: RefCell<Vec<(String, Rc<Compiled>)>> = const { RefCell::new(Vec::new()) };
}

/// The compiled form of an expression; the last ones used are kept.
pub(super) fn compile(pattern: &str) -> Result<Rc<Compiled>> {
    CACHE.with_borrow_mut(|cache| {
        if let Some((_, compiled)) = cache.iter().find(|(p, _)| p == pattern) {
            return Ok(compiled.clone());
        }
        let compiled = Rc::new(build(pattern)?);
        if cache.len() == KEPT {
            cache.remove(0);
        }
        cache.push((pattern.to_string(), compiled.clone()));
        Ok(compiled)
    })
}

fn build(pattern: &str) -> Result<Compiled> {
    if let Ok(linear) = regex::Regex::new(pattern) {
        return Ok(Compiled::Linear(linear));
    }
    if let Some(foreign) = foreign_to_java(pattern) {
        return Err(CallError(format!("bad regex {pattern:?}: Java has no {foreign}")));
    }
    if unrolled(pattern) > MAX_UNROLLED {
        return Err(CallError(format!("bad regex {pattern:?}: it repeats too often")));
    }
    match fancy_regex::RegexBuilder::new(pattern).backtrack_limit(1_000_000).build() {
        Ok(backtracking) => Ok(Compiled::Backtracking(backtracking)),
        Err(error) => Err(CallError(format!("bad regex {pattern:?}: {error}"))),
    }
}

/// `fancy-regex` writes counted repetitions out, one inside the other: the product of the counts is how often, at most.
const MAX_UNROLLED: u64 = 100_000;

/// The product of all counts of repetitions, `{n}` and `{n,m}`.
fn unrolled(pattern: &str) -> u64 {
    let counts =
        pattern.split('{').skip(1).filter_map(|after| after.split_once('}')).map(|(counts, _)| {
            let numbers = counts.split(',').filter(|n| !n.is_empty());
            numbers.map(|n| n.trim().parse::<u64>()).try_fold(1, |most, n| n.map(|n| n.max(most)))
        });
    // What is no number is no repetition, unless it is too long a number to be one.
    let factor = |count: Result<u64, std::num::ParseIntError>| match count {
        Ok(n) => n,
        Err(e) if *e.kind() == std::num::IntErrorKind::PosOverflow => u64::MAX,
        Err(_) => 1,
    };
    counts.map(factor).fold(1, u64::saturating_mul)
}

/// What `fancy-regex` would take and Java does not: calls of groups, which can recurse without end, conditions and the like.
fn foreign_to_java(pattern: &str) -> Option<String> {
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                if let Some(c @ ('g' | 'K')) = chars.next() {
                    return Some(format!("\\{c}"));
                }
            }
            '(' if chars.next_if_eq(&'?').is_some() => match chars.peek() {
                Some(
                    ':' | '=' | '!' | '>' | '<' | '-' | 'i' | 'd' | 'm' | 's' | 'u' | 'x' | 'U',
                ) => {}
                other => {
                    return Some(format!("(?{}", other.map_or(String::new(), char::to_string)));
                }
            },
            _ => {}
        }
    }
    None
}

fn failed(error: fancy_regex::Error) -> CallError {
    CallError(format!("regex: {error}"))
}

/// One match: its start and end, and the text of its groups, the whole match first.
struct Found {
    start: usize,
    end: usize,
    groups: Vec<Option<String>>,
}

impl Found {
    fn value(&self) -> Value {
        let text = |g: &Option<String>| g.as_deref().map_or(Value::Nil, Value::from);
        match self.groups.as_slice() {
            [whole] => text(whole),
            groups => Value::vector(groups.iter().map(text).collect()),
        }
    }
}

impl Compiled {
    fn at(&self, s: &str, from: usize) -> Result<Option<Found>> {
        Ok(match self {
            Compiled::Linear(regex) => regex.captures_at(s, from).and_then(|c| {
                let whole = c.get(0)?;
                let groups = c.iter().map(|g| g.map(|g| g.as_str().to_string())).collect();
                Some(Found { start: whole.start(), end: whole.end(), groups })
            }),
            Compiled::Backtracking(regex) => {
                regex.captures_from_pos(s, from).map_err(failed)?.and_then(|c| {
                    let whole = c.get(0)?;
                    let groups = c.iter().map(|g| g.map(|g| g.as_str().to_string())).collect();
                    Some(Found { start: whole.start(), end: whole.end(), groups })
                })
            }
        })
    }

    /// `re-find`, or `re-matches` where the whole string must match.
    pub(super) fn find(&self, s: &str, whole: bool) -> Result<Value> {
        if whole {
            let source = match self {
                Compiled::Linear(regex) => regex.as_str(),
                Compiled::Backtracking(regex) => regex.as_str(),
            };
            let anchored = compile(&format!("\\A(?:{source})\\z"))?;
            return Ok(anchored.at(s, 0)?.map_or(Value::Nil, |f| f.value()));
        }
        Ok(self.at(s, 0)?.map_or(Value::Nil, |f| f.value()))
    }

    fn all(&self, s: &str) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        let mut from = 0;
        while from <= s.len() {
            let Some(next) = self.at(s, from)? else { break };
            from = if next.end > next.start {
                next.end
            } else {
                next.end + s[next.end..].chars().next().map_or(1, char::len_utf8)
            };
            found.push(next);
        }
        Ok(found)
    }

    pub(super) fn find_all(&self, s: &str) -> Result<Vec<Value>> {
        Ok(self.all(s)?.iter().map(Found::value).collect())
    }

    pub(super) fn split<'s>(&self, s: &'s str) -> Result<Vec<&'s str>> {
        let (mut parts, mut from) = (Vec::new(), 0);
        for found in self.all(s)? {
            if found.end == 0 {
                continue;
            }
            parts.push(&s[from..found.start]);
            from = found.end;
        }
        parts.push(&s[from..]);
        Ok(parts)
    }

    /// Replaces matches; `$1` in the replacement is the first group, `\\` takes the next character as it is.
    pub(super) fn replace(&self, s: &str, by: &str, first: bool) -> Result<String> {
        let (mut out, mut from) = (String::new(), 0);
        for found in self.all(s)?.into_iter().take(if first { 1 } else { usize::MAX }) {
            out.push_str(&s[from..found.start]);
            let mut chars = by.chars().peekable();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => out.extend(chars.next()),
                    '$' => match chars.peek().and_then(|c| c.to_digit(10)) {
                        Some(group) => {
                            chars.next();
                            let text = found.groups.get(group as usize);
                            let Some(text) = text else {
                                return Err(CallError(format!("No group {group}")));
                            };
                            out.push_str(text.as_deref().unwrap_or(""));
                        }
                        None => return Err(CallError("Illegal group reference".to_string())),
                    },
                    c => out.push(c),
                }
            }
            from = found.end;
            check_text(out.len())?;
        }
        out.push_str(&s[from..]);
        Ok(out)
    }
}
