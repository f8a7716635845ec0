//! Whether two outcomes are the same.
//!
//! What JavaScript forces apart, and nothing else, is evened out:
//! - It has one kind of number, so `2.0` is `2` there and `1/2` is `0.5`; characters are strings of one.
//! - Operations of a transaction pass through the JavaScript API as lists, so messages show `(:db/add …)`.
//! - Messages that show a map without an id number it; DataScript's numbers count on from one transaction to the next.
//! - Pull results come with keywords as strings.
//! - Errors of the host (`Broke`) have the host's wording; the other side must fail, too.
//! - Fractions are compared to twelve digits: what aggregates add up stands in the order of hashes.
//!
//! Results without an order of their own are compared as multisets, and where a query asks for any one row, that row must
//! be one of all rows, which must be the same.

use crate::case::{Kind, Outcome, Step};
use crate::exchange;
use edn::Value;
use std::collections::HashSet;

/// How two outcomes stand to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Verdict {
    /// Both gave the same.
    Gave,
    /// Both refused with the same message.
    Refused,
    /// This database refused, and DataScript ran into an error of JavaScript, or JavaScript reckons with anything.
    Broke,
    /// DataScript needs the clauses in an order that binds variables before their use; this database finds one.
    Reordered,
    /// Clauses are worked off in another order, and one refused a clause that the other had no rows left for, or
    /// refused another one of several at fault.
    Unreached,
    /// When DataScript starts a transaction over it forgets that ids of tempids are taken, and gives them to other
    /// entities: two become one, or a tempid of which nothing is said goes unnoticed.
    Restarted,
    /// This database answered, and JavaScript has no type for `nil` to compare by.
    Tripped,
    /// `get-else` and `get-some` of an entity that is not there find anyone's value in DataScript.
    Nobody,
    /// DataScript did not come to an end.
    Endless,
    /// None of these.
    Different,
}

impl Verdict {
    /// What a list of figures calls it.
    pub fn describe(self) -> &'static str {
        match self {
            Verdict::Gave => "same result",
            Verdict::Refused => "same message",
            Verdict::Broke => "refused here, an error of JavaScript or none there",
            Verdict::Reordered => "answered here, clauses in an order that is refused there",
            Verdict::Unreached => "refused at a clause that the other did not come to",
            Verdict::Restarted => "a tempid taken for another there",
            Verdict::Tripped => "answered here, JavaScript tripped over nil",
            Verdict::Nobody => "an entity that is not there has somebody's value there",
            Verdict::Endless => "without an end there",
            Verdict::Different => "different",
        }
    }
}

const ONLY_AS_VALUE: &str = "Tempids used only as value in transaction: (";

const UNNAMED_TWICE: &str = "Conflicting upsert: #datascript/AutoTempid";

/// A tempid, by its sign.
const TWO_ENTITIES: &str = "Conflicting upsert: -";

const OF_NIL: &str = "Cannot read properties of null";

/// Messages that name other entities: ids that are given out twice are fewer.
fn without_digits(message: &str) -> String {
    message.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Compares what this database and DataScript made of a step.
pub fn compare(step: &Step, ours: &Outcome, theirs: &Outcome) -> Verdict {
    match (ours, theirs) {
        (Outcome::Gave(a), Outcome::Gave(b)) if same(step, a, b) => Verdict::Gave,
        (Outcome::Refused(a), Outcome::Refused(b)) if same_message(step, a, b) => Verdict::Refused,
        (Outcome::Refused(a), Outcome::Refused(b))
            if is_query(step) && (only_if_reached(step, a) || only_if_reached(step, b)) =>
        {
            Verdict::Unreached
        }
        (Outcome::Refused(_), Outcome::Broke(_)) => Verdict::Broke,
        (Outcome::Refused(ours), Outcome::Gave(_)) if reckons(step, ours) => Verdict::Broke,
        (Outcome::Gave(given), Outcome::Refused(message)) if needs_order(step, message) => {
            match is_nothing(given) {
                true => Verdict::Unreached,
                false => Verdict::Reordered,
            }
        }
        (Outcome::Gave(given), Outcome::Refused(message))
        | (Outcome::Refused(message), Outcome::Gave(given))
            if only_if_reached(step, message) && (is_nothing(given) || negates(step)) =>
        {
            Verdict::Unreached
        }
        (Outcome::Refused(a), Outcome::Refused(b))
            if [a, b].iter().all(|m| m.starts_with(ONLY_AS_VALUE)) =>
        {
            Verdict::Restarted
        }
        (Outcome::Refused(ours), _) if only_as_values(step, ours) => Verdict::Restarted,
        // Nobody but DataScript can name a map without an id twice.
        (_, Outcome::Refused(theirs)) if theirs.starts_with(UNNAMED_TWICE) => Verdict::Restarted,
        (Outcome::Refused(_), Outcome::Refused(theirs)) if theirs.starts_with(TWO_ENTITIES) => {
            Verdict::Restarted
        }
        (Outcome::Refused(a), Outcome::Refused(b))
            if step.kind == Kind::Transact && without_digits(a) == without_digits(b) =>
        {
            Verdict::Restarted
        }
        (Outcome::Gave(a), Outcome::Gave(b)) if has_tempids(a) && entities(b) < entities(a) => {
            Verdict::Restarted
        }
        (Outcome::Gave(_), Outcome::Broke(theirs))
            if is_query(step) && theirs.starts_with(OF_NIL) =>
        {
            Verdict::Tripped
        }
        (Outcome::Gave(_), Outcome::Gave(_)) if asks_of_nobody(step) => Verdict::Nobody,
        (_, Outcome::Endless) => Verdict::Endless,
        _ => Verdict::Different,
    }
}

fn is_query(step: &Step) -> bool {
    matches!(step.kind, Kind::Query | Kind::QueryOne)
}

/// In JavaScript `[] + 0` is a text.
fn reckons(step: &Step, message: &str) -> bool {
    is_query(step) && message.starts_with("expected a number, got ")
}

fn needs_order(step: &Step, message: &str) -> bool {
    const ORDERED: [&str; 2] = ["Insufficient bindings: ", "All clauses in 'or' must use same set"];
    is_query(step) && ORDERED.iter().any(|beginning| message.starts_with(beginning))
}

/// Refusals that come up while a query runs, when there is something left to run it on.
fn only_if_reached(step: &Step, message: &str) -> bool {
    const REACHED: [&str; 4] = [
        "Nothing found for entity id",
        "Lookup ref ",
        "Expected number or lookup ref for entity id",
        "Unknown rule ",
    ];
    let is_reached = REACHED.iter().any(|beginning| message.starts_with(beginning));
    needs_order(step, message) || is_query(step) && is_reached
}

/// Under a negation there may be nothing left to run a clause on, and rows all the same.
fn negates(step: &Step) -> bool {
    step.forms.iter().any(|form| form.to_string().contains("(not"))
}

/// Whether a query asks for an attribute of an entity that its inputs may name by ident or lookup ref.
fn asks_of_nobody(step: &Step) -> bool {
    let Some((query, inputs)) = step.forms.split_first() else { return false };
    let query = query.to_string();
    let asks = query.contains("(get-else") || query.contains("(get-some");
    let is_name = |input: &Value| matches!(input, Value::Keyword(_)) || input.as_seq().is_some();
    is_query(step) && asks && inputs.iter().any(is_name)
}

/// No rows: nothing at all, or a row of aggregates over nothing, or none of one and none of all.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::Set(rows) => rows.is_empty(),
        Value::Map(row) => row.values().all(Value::is_nil),
        _ => value.as_seq().is_some_and(|rows| rows.iter().all(is_nothing)),
    }
}

/// Whether a transaction was refused for tempids of which it says nothing, and truly says nothing.
fn only_as_values(step: &Step, message: &str) -> bool {
    let Some(tempids) = message.strip_prefix(ONLY_AS_VALUE) else { return false };
    let form = step.forms.iter().map(Value::to_string).collect::<String>();
    let is_subject = |tempid: &str| {
        let tempid = tempid.trim_end_matches(')');
        let reverse = [":_", "/_"].iter().flat_map(|mark| form.split(mark).skip(1));
        let mut under_reverse = reverse.filter_map(|rest| rest.split_once(' '));
        let several = |value: &str| {
            value.starts_with(['[', '(']) && !value.starts_with("[]") && !value.starts_with("()")
        };
        under_reverse.any(|(_, value)| value.starts_with(tempid) || several(value))
            || [":db/id", ":db/add"].iter().any(|op| form.contains(&format!("{op} {tempid}")))
    };
    // An empty map has an id that nothing is said of.
    let unnamed = tempids.contains('#') && !form.contains("{}");
    step.kind == Kind::Transact && !unnamed && !tempids.split(' ').any(is_subject)
}

fn same_message(step: &Step, ours: &str, theirs: &str) -> bool {
    let js = |text: &str| without_numbers(&text.replace('(', "[").replace(')', "]"));
    match step.kind {
        Kind::Transact => js(ours) == js(theirs),
        _ => sorted_sets(ours) == sorted_sets(theirs),
    }
}

/// Sets print in the order of hashes here, and as they were made there while they are small.
fn sorted_sets(text: &str) -> String {
    let mut parts = text.split("#{");
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (set, rest) = part.split_once('}').unwrap_or((part, ""));
        let mut items: Vec<&str> = set.split(' ').collect();
        items.sort_unstable();
        out.push_str(&format!("#{{{}}}{rest}", items.join(" ")));
    }
    out
}

/// DataScript counts maps without an id for as long as it runs.
fn without_numbers(text: &str) -> String {
    const NAME: &str = "#datascript/AutoTempid [";
    let mut parts = text.split(NAME);
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        out.push_str(NAME);
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}

fn same(step: &Step, ours: &Value, theirs: &Value) -> bool {
    match step.kind {
        Kind::Query => same_answer(&evened(ours), &evened(theirs)),
        Kind::QueryOne => same_one(&evened(ours), &evened(theirs)),
        Kind::Transact => same_report(step, &evened(ours), &evened(theirs)),
        Kind::Exchange => exchange::agree(ours, theirs),
        Kind::Pull | Kind::PullMany => keywords_as_strings(&evened(ours)) == evened(theirs),
        _ => evened(ours) == evened(theirs),
    }
}

fn same_report(step: &Step, ours: &Value, theirs: &Value) -> bool {
    match retracts_entities(step) {
        true => unordered(ours) == unordered(theirs),
        false => ours == theirs,
    }
}

/// Whether a transaction named tempids: there is always an entry for the transaction itself.
fn has_tempids(report: &Value) -> bool {
    let tempids = report.as_map().and_then(|report| report.get_keyword("tempids"));
    tempids.and_then(Value::as_map).is_some_and(|tempids| tempids.len() > 1)
}

/// How many entities a report's changes are of.
fn entities(report: &Value) -> usize {
    let changes =
        report.as_map().and_then(|map| map.get_keyword("tx-data")).and_then(Value::as_seq);
    let entity = |change: &Value| change.as_seq().and_then(|parts| parts.first()).cloned();
    changes.into_iter().flatten().filter_map(entity).collect::<HashSet<_>>().len()
}

/// A report with its changes as a set: DataScript goes through reference attributes in the order of their hashes when
/// it retracts an entity, and retracts twice what refers to itself.
fn unordered(report: &Value) -> Value {
    let changes = Value::keyword("tx-data");
    let Some(map) = report.as_map() else { return report.clone() };
    let mut map = map.clone();
    if let Some(datoms) = map.get(&changes).and_then(Value::as_seq) {
        let datoms = Value::set(datoms.to_vec());
        map.insert(changes, datoms);
    }
    Value::Map(map)
}

fn retracts_entities(step: &Step) -> bool {
    step.forms.iter().any(|form| form.to_string().contains("retract"))
}

fn same_answer(ours: &Value, theirs: &Value) -> bool {
    match (ours.as_seq(), theirs.as_seq()) {
        (Some(a), Some(b)) => sorted(a) == sorted(b),
        _ => ours == theirs,
    }
}

fn sorted(items: &[Value]) -> Vec<Value> {
    let mut items = items.to_vec();
    items.sort();
    items
}

/// Outcomes are `[one all]`.
fn same_one(ours: &Value, theirs: &Value) -> bool {
    let (Some([one, all]), Some([other, all_others])) = (ours.as_seq(), theirs.as_seq()) else {
        return false;
    };
    let rows: Vec<&Value> = match all {
        Value::Set(rows) => rows.iter().collect(),
        rows => rows.as_seq().unwrap_or_default().iter().collect(),
    };
    let is_one = |one: &Value| match one {
        one if rows.is_empty() => is_nothing(one),
        one => {
            rows.iter().any(|row| *row == one || row.as_seq().is_some_and(|r| r == [one.clone()]))
        }
    };
    same_answer(all, all_others) && is_one(one) && is_one(other)
}

/// As JavaScript has it.
fn evened(value: &Value) -> Value {
    walk(value, &|leaf| match leaf {
        Value::Double(d) if d.fract() == 0.0 && d.abs() < 9e15 => Value::Int(*d as i64),
        Value::Double(d) if d.is_finite() => Value::Double(rounded(*d)),
        Value::Int(n) if n.unsigned_abs() > 1 << 53 => Value::Double(rounded(*n as f64)),
        Value::Ratio(r) => {
            let (n, d) = (r.numerator().to_string(), r.denominator().to_string());
            match (n.parse::<f64>(), d.parse::<f64>()) {
                (Ok(n), Ok(d)) => Value::Double(rounded(n / d)),
                _ => leaf.clone(),
            }
        }
        Value::BigInt(n) => n.to_string().parse().map_or_else(|_| leaf.clone(), Value::Int),
        Value::Char(c) => Value::from(c.to_string()),
        other => other.clone(),
    })
}

/// To twelve digits: sums of fractions depend on the order of rows, which is that of hashes.
fn rounded(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}

fn keywords_as_strings(value: &Value) -> Value {
    walk(value, &|leaf| match leaf {
        Value::Keyword(_) => Value::from(leaf.to_string()),
        other => other.clone(),
    })
}

fn walk(value: &Value, leaf: &impl Fn(&Value) -> Value) -> Value {
    let all = |items: &[Value]| items.iter().map(|i| walk(i, leaf)).collect();
    match value {
        Value::List(items) => Value::list(all(items)),
        Value::Vector(items) => Value::vector(all(items)),
        Value::Set(items) => Value::set(items.iter().map(|i| walk(i, leaf)).collect()),
        Value::Map(map) => {
            Value::map(map.iter().map(|(k, v)| (walk(k, leaf), walk(v, leaf))).collect())
        }
        other => leaf(other),
    }
}
