//! Random pull patterns.

use super::transaction::reverse;
use super::{Type, World, value};
use crate::rng::Rng;

/// A pattern, nesting at most so deep.
pub(super) fn pattern(rng: &mut Rng, world: &World, depth: usize) -> String {
    let mut specs: Vec<String> = Vec::new();
    let mut named: Vec<String> = Vec::new();
    for _ in 0..1 + rng.below(4) {
        let spec = spec(rng, world, depth);
        // Of what names an attribute again DataScript leaves out one or the other.
        let name = attribute(&spec);
        if !named.contains(&name) {
            named.push(name);
            specs.push(spec);
        }
    }
    format!("[{}]", specs.join(" "))
}

/// The first attribute that a spec names.
fn attribute(spec: &str) -> String {
    let from = spec.find(':').unwrap_or(0);
    let name = &spec[from..];
    name[..name.find([' ', ']', ')', '}']).unwrap_or(name.len())].to_string()
}

fn spec(rng: &mut Rng, world: &World, depth: usize) -> String {
    match rng.below(100) {
        0..12 => "*".into(),
        12..20 => ":db/id".into(),
        20..45 => name(rng, world),
        45..60 => with_options(rng, world),
        60..97 => map(rng, world, depth),
        _ => wrong(rng),
    }
}

fn name(rng: &mut Rng, world: &World) -> String {
    let a = world.any(rng);
    match a.of == Type::Ref && rng.percent(40) {
        true => reverse(a.name),
        false => a.name.into(),
    }
}

fn reference(rng: &mut Rng, world: &World) -> String {
    match world.one(rng, |a| a.of == Type::Ref) {
        Some(a) if rng.percent(35) => reverse(a.name),
        Some(a) => a.name.into(),
        None => ":friend".into(),
    }
}

fn with_options(rng: &mut Rng, world: &World) -> String {
    let a = world.any(rng);
    let name = name(rng, world);
    let limit = rng.pick(&["1", "2", "10", "nil"]);
    match rng.below(7) {
        0 => format!("(limit {name} {limit})"),
        1 => format!("(default {name} {})", value(rng, a.of)),
        2 => format!("[{name} :as {}]", rng.pick(&[":other", "\"text\"", "5", ":name"])),
        3 => format!("[{name} :limit {limit}]"),
        4 => format!("[{name} :default {}]", rng.pick(&["0", "\"none\"", ":none", "[]", "false"])),
        5 => format!("(limit [{name} :as :few] {limit})"),
        _ => format!("({name} :as :other :default 1 :limit {limit})"),
    }
}

fn map(rng: &mut Rng, world: &World, depth: usize) -> String {
    if depth == 0 {
        return name(rng, world);
    }
    let key = match rng.below(10) {
        0 => format!("[{} :as :kin]", reference(rng, world)),
        1 => format!("(limit {} 1)", reference(rng, world)),
        2 => format!("[{} :limit 1 :as :kin]", reference(rng, world)),
        3 => format!("[{} :default :none]", reference(rng, world)),
        _ => reference(rng, world),
    };
    let under = match rng.below(10) {
        0 | 1 => "...".into(),
        2 | 3 => (1 + rng.below(3)).to_string(),
        _ => pattern(rng, world, depth - 1),
    };
    format!("{{{key} {under}}}")
}

fn wrong(rng: &mut Rng) -> String {
    rng.pick(&[
        "5",
        "nil",
        "{:friend nil}",
        "{:friend 0}",
        "{:friend -1}",
        "(limit :name 0)",
        "(limit :name -1)",
        "(limit :name)",
        "(default :name)",
        "[:name :as]",
        "[:name :unknown 1]",
        "[]",
        "{}",
        "{5 [:name]}",
        "(:name)",
        "{:friend :name}",
        "[[:name]]",
        ":_age",
        "{:name [:db/id]}",
        "{:_age [:name]}",
    ])
    .into()
}
