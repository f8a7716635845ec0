//! Makes a case that shows a difference smaller while it shows the same kind of difference.

use crate::case::{Case, Outcome};
use crate::compare::{Verdict, compare};
use crate::ours;
use crate::theirs::{DataScript, OracleError};
use edn::Value;

/// The first difference of a case: the step's number, and both outcomes.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    /// Which step.
    pub step: usize,
    /// What this database made of it.
    pub ours: Outcome,
    /// What DataScript made of it.
    pub theirs: Outcome,
}

impl Difference {
    /// Finds it, where there is one. After a step that only one side took the two databases are no longer the same.
    pub fn first(case: &Case, ours: &[Outcome], theirs: &[Outcome]) -> Option<Difference> {
        let steps = case.steps.iter().zip(ours).zip(theirs).enumerate();
        for (step, ((asked, ours), theirs)) in steps {
            match compare(asked, ours, theirs) {
                Verdict::Restarted => return None,
                Verdict::Different => {
                    return Some(Difference { step, ours: ours.clone(), theirs: theirs.clone() });
                }
                _ => {}
            }
        }
        None
    }

    /// Differences of one kind have the same kinds of outcomes and messages that begin alike.
    fn is_like(&self, other: &Difference) -> bool {
        alike(&self.ours, &other.ours) && alike(&self.theirs, &other.theirs)
    }
}

fn alike(a: &Outcome, b: &Outcome) -> bool {
    let beginning = |message: &str| message.split(' ').take(2).collect::<Vec<_>>().join(" ");
    match (a, b) {
        (Outcome::Gave(_), Outcome::Gave(_)) => true,
        (Outcome::Refused(a), Outcome::Refused(b)) | (Outcome::Broke(a), Outcome::Broke(b)) => {
            beginning(a) == beginning(b)
        }
        _ => false,
    }
}

/// The smallest case found by taking parts away, one at a time, and its difference.
pub fn shrink(
    datascript: &mut DataScript,
    mut case: Case,
    mut found: Difference,
) -> Result<(Case, Difference), OracleError> {
    // What could not be taken away is not tried again before all the rest was.
    let (mut at, mut tried) = (0, 0);
    loop {
        case.steps.truncate(found.step + 1);
        let candidates = smaller_cases(&case);
        if tried >= candidates.len() {
            return Ok((case, found));
        }
        at %= candidates.len();
        let group = &candidates[at..candidates.len().min(at + 24)];
        let ours: Vec<Vec<Outcome>> = group.iter().map(ours::answers).collect();
        let theirs = datascript.answers(group, &ours)?;
        let answers = ours.into_iter().zip(theirs);
        let like = |(candidate, (ours, theirs)): (&Case, (Vec<Outcome>, Vec<Outcome>))| {
            let difference = Difference::first(candidate, &ours, &theirs)?;
            difference.is_like(&found).then(|| (candidate.clone(), difference))
        };
        let smaller =
            group.iter().zip(answers).map(like).enumerate().find_map(|(i, r)| Some((i, r?)));
        match smaller {
            Some((i, smaller)) => {
                (case, found) = smaller;
                at += i;
                tried = 0;
            }
            None => {
                at += group.len();
                tried += group.len();
            }
        }
    }
}

fn smaller_cases(case: &Case) -> Vec<Case> {
    let mut out = Vec::new();
    for i in 0..case.steps.len().saturating_sub(1) {
        let mut fewer = case.clone();
        fewer.steps.remove(i);
        out.push(fewer);
    }
    for (i, step) in case.steps.iter().enumerate() {
        for (j, form) in step.forms.iter().enumerate() {
            out.extend(smaller(form).into_iter().map(|form| {
                let mut less = case.clone();
                less.steps[i].forms[j] = form;
                less
            }));
        }
    }
    out.extend(smaller(&case.schema).into_iter().map(|schema| Case { schema, ..case.clone() }));
    out
}

/// A value with one part less, or with a part that has: the large parts first.
fn smaller(value: &Value) -> Vec<Value> {
    match value {
        Value::List(items) => smaller_items(items).into_iter().map(Value::list).collect(),
        Value::Vector(items) => smaller_items(items).into_iter().map(Value::vector).collect(),
        Value::Set(items) => {
            let items: Vec<Value> = items.iter().cloned().collect();
            smaller_items(&items).into_iter().map(Value::set).collect()
        }
        Value::Map(map) => {
            let entries: Vec<(Value, Value)> =
                map.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
            let mut out: Vec<Value> =
                (0..entries.len()).map(|i| Value::map(without(&entries, i))).collect();
            for (i, (key, value)) in entries.iter().enumerate() {
                out.extend(smaller(value).into_iter().map(|value| {
                    let mut entries = entries.clone();
                    entries[i] = (key.clone(), value);
                    Value::map(entries)
                }));
            }
            out
        }
        _ => Vec::new(),
    }
}

fn smaller_items(items: &[Value]) -> Vec<Vec<Value>> {
    let mut out: Vec<Vec<Value>> = (0..items.len()).map(|i| without(items, i)).collect();
    for (i, item) in items.iter().enumerate() {
        let parts = item.as_seq().unwrap_or_default().iter().filter(|p| p.as_seq().is_some());
        out.extend(smaller(item).into_iter().chain(parts.cloned()).map(|item| {
            let mut items = items.to_vec();
            items[i] = item;
            items
        }));
    }
    out
}

fn without<T: Clone>(items: &[T], i: usize) -> Vec<T> {
    [&items[..i], &items[i + 1..]].concat()
}
