//! Random transactions: every form, mostly valid.

use super::{Attribute, Type, World, id, value};
use crate::rng::Rng;

/// A vector of operations.
pub(super) fn transaction(rng: &mut Rng, world: &World) -> String {
    // DataScript takes the retraction of an identity for an upsert where a tempid stands for its entity.
    if let Some(a) = world.one(rng, |a| a.unique).filter(|_| rng.percent(8)) {
        return format!("[{}]", retraction(rng, world, a));
    }
    let ops: Vec<String> = (0..1 + rng.below(5)).map(|_| operation(rng, world)).collect();
    format!("[{}]", ops.join(" "))
}

fn operation(rng: &mut Rng, world: &World) -> String {
    match rng.below(100) {
        0..50 => map(rng, world, 2, None),
        50..96 => vector(rng, world),
        96 => "nil".into(),
        _ => wrong(rng),
    }
}

fn tempid(rng: &mut Rng) -> String {
    rng.pick(&["-1", "-2", "-3", "\"one\"", "\"two\""]).into()
}

fn entity(rng: &mut Rng, world: &World) -> String {
    match rng.below(100) {
        0..35 => id(rng),
        35..75 => tempid(rng),
        75..92 => world.lookup(rng),
        92..95 => ":db/current-tx".into(),
        95..97 => "\"datomic.tx\"".into(),
        _ => rng.pick(&[":a", ":b"]).into(),
    }
}

/// What cannot be a tempid.
fn known(rng: &mut Rng, world: &World) -> String {
    match rng.below(20) {
        0..12 => id(rng),
        12..18 => world.lookup(rng),
        18 => tempid(rng),
        _ => rng.pick(&[":a", ":b"]).into(),
    }
}

fn one_value(rng: &mut Rng, world: &World, a: &Attribute, depth: usize) -> String {
    match a.of {
        Type::Ref if depth > 0 && !a.unique && rng.percent(25) => {
            map(rng, world, depth - 1, Some(a))
        }
        Type::Ref => entity(rng, world),
        of => value(rng, of),
    }
}

/// An entity as a map, which may be nested under an attribute.
fn map(rng: &mut Rng, world: &World, depth: usize, under: Option<&Attribute>) -> String {
    let mut entries: Vec<(String, String)> = Vec::new();
    if rng.percent(55) {
        entries.push((":db/id".into(), entity(rng, world)));
    }
    for _ in 0..1 + rng.below(3) {
        let a = world.any(rng);
        // DataScript loses what a nested map says of the attribute it is nested under.
        if under.is_some_and(|u| u.name == a.name) || a.of == Type::Tuple && rng.percent(80) {
            continue;
        }
        let reversed = a.of == Type::Ref && rng.percent(20);
        let text = if a.many && rng.percent(50) || reversed && rng.percent(20) {
            let values: Vec<String> =
                (0..rng.below(3)).map(|_| one_value(rng, world, a, depth)).collect();
            match rng.percent(85) {
                true => format!("[{}]", values.join(" ")),
                false => format!("({})", values.join(" ")),
            }
        } else {
            one_value(rng, world, a, depth)
        };
        let key = if reversed { reverse(a.name) } else { a.name.to_string() };
        if entries.iter().all(|(k, _)| *k != key) {
            entries.push((key, text));
        }
    }
    let entries: Vec<String> = entries.into_iter().map(|(k, v)| format!("{k} {v}")).collect();
    format!("{{{}}}", entries.join(" "))
}

pub(super) fn reverse(name: &str) -> String {
    match name.split_once('/') {
        Some((space, name)) => format!("{space}/_{name}"),
        None => format!(":_{}", &name[1..]),
    }
}

fn vector(rng: &mut Rng, world: &World) -> String {
    let a = loop {
        let a = world.any(rng);
        if a.of != Type::Tuple || rng.percent(20) {
            break a;
        }
    };
    let name = a.name;
    if a.of == Type::Tuple {
        return format!("[:db/add {} {name} {}]", id(rng), value(rng, a.of));
    }
    match rng.below(100) {
        0..55 => format!("[:db/add {} {name} {}]", entity(rng, world), one_value(rng, world, a, 0)),
        55..80 => match world.one(rng, |a| !a.unique && a.of != Type::Tuple) {
            Some(a) => retraction(rng, world, a),
            None => "nil".into(),
        },
        80..90 => {
            let op = rng.pick(&[":db.fn/retractEntity", ":db/retractEntity"]);
            format!("[{op} {}]", known(rng, world))
        }
        _ => {
            let op = rng.pick(&[":db.fn/cas", ":db/cas"]);
            // DataScript has no way to say that nothing is there yet of these.
            let plain = !a.many && a.of != Type::Ref;
            let nil = plain && rng.percent(30);
            let old = if nil { "nil".into() } else { known_value(rng, world, a) };
            format!("[{op} {} {name} {old} {}]", known(rng, world), known_value(rng, world, a))
        }
    }
}

fn retraction(rng: &mut Rng, world: &World, a: &Attribute) -> String {
    let (e, name) = (known(rng, world), a.name);
    match rng.below(3) {
        0 => format!("[:db/retract {e} {name} {}]", known_value(rng, world, a)),
        1 => format!("[:db/retract {e} {name}]"),
        _ => format!("[:db.fn/retractAttribute {e} {name}]"),
    }
}

fn known_value(rng: &mut Rng, world: &World, a: &Attribute) -> String {
    match a.of {
        Type::Ref if rng.percent(20) => world.lookup(rng),
        of => value(rng, of),
    }
}

/// What no transaction may hold.
fn wrong(rng: &mut Rng) -> String {
    rng.pick(&[
        "[:db/add 1 :name nil]",
        "[:db/add nil :name \"u\"]",
        "[:db/add 1 5 \"u\"]",
        "[:db/unknown 1 :name \"u\"]",
        "[:db/add [:name] :age 1]",
        "[:db/add [:age 1] :age 1]",
        "[:db/add [:name nil] :age 1]",
        "{:db/id nil :name \"w\"}",
        "{:db/id true :name \"w\"}",
        "{:name nil}",
        "{:_age 1}",
        "{:db/id [:name] :age 1}",
        "{}",
        "{:db/id 3}",
        "{:db/id -7}",
        "[:db/add 1 :friend \"nobody\"]",
        "[:db/retractEntity 77]",
        "[:db/retractEntity -1]",
        "[:db/retract -1 :name \"u\"]",
        "[:db.fn/cas -1 :name nil \"u\"]",
        "[:db.fn/cas 1 :name \"u\" nil]",
        "[:db/add 2147483648 :name \"u\"]",
        "{:db/id 2147483648 :name \"u\"}",
        "[:db/add 536870912 :name \"z\"]",
        "[:db/add 1 :friend 2147483648]",
        "[:name 1 2]",
        "[:db/retractAttribute 1 :name]",
        "[:db/retractEntity [:name \"nobody\"]]",
    ])
    .to_string()
}
