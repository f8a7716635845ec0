//! The data that are asked about: made from fixed seeds, the same for every engine.
//!
//! - `people`: DataScript's own benchmark; 20,000 of them, name, last name, full name, aliases, sex, age, salary.
//! - `staff`: people without aliases in departments, departments in divisions (the extended suite of Datahike).
//! - `past`: the same, and a second transaction says another age of a tenth of the people.
//! - `wide-D-W`, `long-D-W`: trees and chains of `:follows`, as DataScript makes them.
//! - `code`: statements with dependencies, by name as the seed has them and by reference.
//! - `graph`: references at random, some triangles among them.
//! - `skew`: entities of which nearly all are of one kind.
//! - `genealogy`: people, their dissertations, who advised whom; 250,000 people.

use crate::random::JavaRandom;

/// A value of a fact.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Atom {
    Int(i64),
    Text(String),
    Word(&'static str),
    Flag(bool),
    Ref(u32),
}

/// An attribute with what its schema says.
#[derive(Clone, Copy, Default)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) many: bool,
    pub(crate) reference: bool,
    pub(crate) identity: bool,
    pub(crate) index: bool,
}

/// An entity: its id, and its facts by the places of their attributes.
pub(crate) struct Entity {
    pub(crate) id: u32,
    pub(crate) facts: Vec<(usize, Atom)>,
}

pub(crate) struct Dataset {
    pub(crate) name: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) entities: Vec<Entity>,
    /// What a second transaction says of values that are there: entity, attribute, new value.
    pub(crate) changes: Vec<(u32, usize, Atom)>,
}

impl Dataset {
    pub(crate) fn facts(&self) -> impl Iterator<Item = (u32, usize, &Atom)> {
        self.entities.iter().flat_map(|e| e.facts.iter().map(move |(a, v)| (e.id, *a, v)))
    }

    pub(crate) fn len(&self) -> usize {
        self.entities.iter().map(|e| e.facts.len()).sum()
    }
}

/// The data set of a name, `times` times its usual size; `None` for an unknown name.
pub(crate) fn dataset(name: &str, times: usize) -> Option<Dataset> {
    let parts: Vec<&str> = name.split('-').collect();
    let number = |i: usize| parts.get(i).and_then(|p| p.parse::<usize>().ok());
    let (attributes, entities) = match (parts[0], number(1), number(2)) {
        ("people", ..) => people(20_000 * times),
        ("staff" | "past", ..) => staff(20_000 * times),
        ("wide", Some(depth), Some(width)) => wide(depth, width, times),
        ("long", Some(depth), Some(width)) => long(depth, width * times),
        ("code", ..) => code(20_000 * times),
        ("graph", ..) => graph(10_000 * times),
        ("skew", ..) => skew(50_000 * times),
        ("genealogy", ..) => genealogy(250_000 * times),
        _ => return None,
    };
    let changes = if parts[0] == "past" { older(&entities) } else { Vec::new() };
    let name = if times == 1 { name.to_string() } else { format!("{name}*{times}") };
    Some(Dataset { name, attributes, entities, changes })
}

type Made = (Vec<Attribute>, Vec<Entity>);

const ONE: Attribute =
    Attribute { name: "", many: false, reference: false, identity: false, index: false };

fn one(name: &'static str) -> Attribute {
    Attribute { name, ..ONE }
}

fn reference(name: &'static str) -> Attribute {
    Attribute { name, reference: true, ..ONE }
}

fn references(name: &'static str) -> Attribute {
    Attribute { name, reference: true, many: true, ..ONE }
}

fn text(value: &str) -> Atom {
    Atom::Text(value.to_string())
}

const NAMES: [&str; 8] = ["Ivan", "Petr", "Sergei", "Oleg", "Yuri", "Dmitry", "Fedor", "Denis"];
const LAST: [&str; 6] = ["Ivanov", "Petrov", "Sidorov", "Kovalev", "Kuznetsov", "Voronoi"];
const ALIASES: [&str; 11] = [
    "A. C. Q. W.",
    "A. J. Finn",
    "A.A. Fair",
    "Aapeli",
    "Aaron Wolfe",
    "Abigail Van Buren",
    "Jeanne Phillips",
    "Abram Tertz",
    "Abu Nuwas",
    "Acton Bell",
    "Adunis",
];

pub(crate) fn person_attributes() -> Vec<Attribute> {
    let mut attributes: Vec<Attribute> =
        ["name", "last-name", "full-name", "alias", "sex", "age", "salary"].map(one).to_vec();
    attributes[3].many = true;
    attributes.push(Attribute { identity: true, ..one("id") });
    attributes.push(references("follows"));
    attributes
}

const ID: usize = 7;
const FOLLOWS: usize = 8;

pub(crate) fn person(random: &mut JavaRandom, id: u32) -> Entity {
    let (name, last) = (random.one_of(&NAMES), random.one_of(&LAST));
    let mut facts = vec![(0, text(name)), (1, text(last)), (2, text(&format!("{name} {last}")))];
    let mut aliases = Vec::new();
    for _ in 0..random.below(10) {
        let alias = random.one_of(&ALIASES);
        if !aliases.contains(&alias) {
            aliases.push(alias);
        }
    }
    facts.extend(aliases.into_iter().map(|alias| (3, text(alias))));
    facts.push((4, Atom::Word(random.one_of(&["male", "female"]))));
    facts.push((5, Atom::Int(random.below(100) as i64)));
    facts.push((6, Atom::Int(random.below(100_000) as i64)));
    Entity { id, facts }
}

fn people(count: usize) -> Made {
    let mut random = JavaRandom::new(42);
    (person_attributes(), (1..=count as u32).map(|id| person(&mut random, id)).collect())
}

/// Where the age of the staff stands.
const AGE: usize = 3;

fn staff(count: usize) -> Made {
    const DEPARTMENTS: u32 = 100;
    const DIVISIONS: u32 = 10;
    let mut random = JavaRandom::new(43);
    let mut attributes: Vec<Attribute> =
        ["name", "last-name", "sex", "age", "salary"].map(one).to_vec();
    attributes.extend([
        reference("department"),
        one("title"),
        reference("division"),
        one("budget"),
    ]);
    for name in ["salary", "title"] {
        attributes.iter_mut().filter(|a| a.name == name).for_each(|a| a.index = true);
    }
    let department_at = count as u32 + 1;
    let division_at = department_at + DEPARTMENTS;
    let mut entities: Vec<Entity> = (1..=count as u32)
        .map(|id| {
            let facts = vec![
                (0, text(random.one_of(&NAMES))),
                (1, text(random.one_of(&LAST))),
                (2, Atom::Word(random.one_of(&["male", "female"]))),
                (3, Atom::Int(random.below(100) as i64)),
                (4, Atom::Int(random.below(100_000) as i64)),
                (5, Atom::Ref(department_at + random.below(DEPARTMENTS as usize) as u32)),
            ];
            Entity { id, facts }
        })
        .collect();
    entities.extend((0..DEPARTMENTS).map(|i| Entity {
        id: department_at + i,
        facts: vec![
            (6, Atom::Text(format!("department {i}"))),
            (7, Atom::Ref(division_at + i % DIVISIONS)),
        ],
    }));
    entities.extend((0..DIVISIONS).map(|i| Entity {
        id: division_at + i,
        facts: vec![(6, Atom::Text(format!("division {i}"))), (8, Atom::Int(i64::from(i) * 1000))],
    }));
    (attributes, entities)
}

/// Every tenth of the staff gets an age that nobody had.
fn older(staff: &[Entity]) -> Vec<(u32, usize, Atom)> {
    let age = |e: &Entity| match e.facts.get(AGE) {
        Some((AGE, Atom::Int(age))) => Some((e.id, AGE, Atom::Int(age + 100))),
        _ => None,
    };
    staff.iter().step_by(10).filter_map(age).collect()
}

/// The tree is `times` as wide at its root as elsewhere.
fn wide(depth: usize, width: usize, times: usize) -> Made {
    let mut random = JavaRandom::new(44);
    let mut entities: Vec<Entity> = Vec::new();
    let mut seen = std::collections::BTreeMap::new();
    let mut level = vec![1u32];
    for at in 0..=depth {
        let mut next = Vec::new();
        let width = if at == 0 { width * times } else { width } as u32;
        for &id in &level {
            let place = *seen.entry(id).or_insert_with(|| {
                entities.push(person(&mut random, id));
                entities.len() - 1
            });
            if at < depth {
                let children = id * width..id * width + width;
                let facts = &mut entities[place].facts;
                if !facts.iter().any(|(a, _)| *a == ID) {
                    facts.push((ID, Atom::Int(i64::from(id))));
                }
                facts.extend(children.clone().map(|child| (FOLLOWS, Atom::Ref(child))));
                next.extend(children);
            }
        }
        level = next;
    }
    entities.sort_by_key(|e| e.id);
    (person_attributes(), entities)
}

fn long(depth: usize, width: usize) -> Made {
    let mut entities = Vec::new();
    for chain in 0..width {
        let start = (chain * (depth + 1)) as u32 + 1;
        for id in start..=start + depth as u32 {
            let mut facts = vec![(0, text("Ivan"))];
            if id < start + depth as u32 {
                facts.push((FOLLOWS, Atom::Ref(id + 1)));
            }
            entities.push(Entity { id, facts });
        }
    }
    (person_attributes(), entities)
}

/// Statements in namespaces of fifty; each uses fifteen others, mostly some of the few that all use.
fn code(count: usize) -> Made {
    const IN_NAMESPACE: usize = 50;
    const USES: usize = 15;
    let mut random = JavaRandom::new(45);
    let attributes = vec![
        Attribute { identity: true, ..one("statement/fqn") },
        Attribute { index: true, ..one("statement/namespace") },
        one("statement/source"),
        one("statement/pure?"),
        one("statement/line-count"),
        Attribute { many: true, index: true, ..one("statement/dependencies") },
        references("statement/uses"),
    ];
    let namespace = |i: usize| format!("app.part{}", i / IN_NAMESPACE);
    let name = |i: usize| format!("{}/f{i}", namespace(i));
    let entities = (0..count).map(|i| {
        let mut uses = std::collections::BTreeSet::new();
        // What is used stands before: like code without circles, the first statements are used by most.
        for _ in 0..USES.min(i) {
            let at = random.below(1 << 20) as f64 / f64::from(1 << 20);
            uses.insert((at * at * i as f64) as usize);
        }
        let mut facts = vec![
            (0, Atom::Text(name(i))),
            (1, Atom::Text(namespace(i))),
            (2, Atom::Text(format!("(defn f{i} [x] (+ x {}))", random.below(1000)))),
            (3, Atom::Flag(random.below(2) == 0)),
            (4, Atom::Int(1 + random.below(40) as i64)),
        ];
        facts.extend(uses.iter().map(|used| (5, Atom::Text(name(*used)))));
        facts.extend(uses.iter().map(|used| (6, Atom::Ref(*used as u32 + 1))));
        Entity { id: i as u32 + 1, facts }
    });
    (attributes, entities.collect())
}

/// Ten references from each node.
fn graph(nodes: usize) -> Made {
    let mut random = JavaRandom::new(46);
    let entities = (1..=nodes as u32).map(|id| {
        let to: std::collections::BTreeSet<u32> =
            (0..10).map(|_| 1 + random.below(nodes) as u32).collect();
        Entity { id, facts: to.into_iter().map(|to| (0, Atom::Ref(to))).collect() }
    });
    (vec![references("edge")], entities.collect())
}

/// One in a thousand is rare; regions and states are as common as each other.
fn skew(count: usize) -> Made {
    let mut random = JavaRandom::new(47);
    let indexed = |name| Attribute { index: name != "size", ..one(name) };
    let attributes = ["kind", "region", "state", "size"].map(indexed).to_vec();
    let entities = (1..=count as u32).map(|id| {
        let kind = if random.below(1000) == 0 { "rare" } else { "common" };
        let facts = vec![
            (0, Atom::Word(kind)),
            (1, Atom::Int(random.below(4) as i64)),
            (2, Atom::Word(random.one_of(&["open", "closed"]))),
            (3, Atom::Int(random.below(1000) as i64)),
        ];
        Entity { id, facts }
    });
    (attributes, entities.collect())
}

/// Who advised whom, as the Mathematics Genealogy has it: later people are advised by earlier ones.
fn genealogy(people: usize) -> Made {
    let mut random = JavaRandom::new(7);
    let attributes = vec![
        Attribute { identity: true, ..one("person/name") },
        references("person/advised"),
        one("dissertation/cid"),
        one("dissertation/univ"),
        one("dissertation/area"),
        one("dissertation/year"),
    ];
    let attributes = attributes
        .into_iter()
        .map(|a| match a.name {
            "dissertation/cid" => Attribute { reference: true, ..a },
            "dissertation/univ" | "dissertation/area" => Attribute { index: true, ..a },
            _ => a,
        })
        .collect();
    let first = people as u32 * 4;
    let mut advised: Vec<Vec<u32>> = vec![Vec::new(); people + 1];
    let mut dissertations = Vec::with_capacity(people);
    for i in 1..=people {
        let d = first + i as u32;
        let r = random.below(1000);
        let university = format!("univ-{}", r * r / 1000);
        let area = format!("area-{}", random.below(63));
        dissertations.push(Entity {
            id: d,
            facts: vec![
                (2, Atom::Ref(i as u32)),
                (3, Atom::Text(university)),
                (4, Atom::Text(area)),
                (5, Atom::Int(1400 + (620 * i / people) as i64)),
            ],
        });
        if i > 10 {
            let half = i / 2;
            let advisor = half + random.below(half.max(1));
            advised[advisor].push(d);
            if random.below(10) == 0 {
                let other = half + random.below(half.max(1));
                if other != advisor {
                    advised[other].push(d);
                }
            }
        }
    }
    let mut entities: Vec<Entity> = (1..=people)
        .map(|i| {
            let mut facts = vec![(0, Atom::Text(format!("Person {i}")))];
            facts.extend(advised[i].iter().map(|d| (1, Atom::Ref(*d))));
            Entity { id: i as u32, facts }
        })
        .collect();
    entities.append(&mut dissertations);
    (attributes, entities)
}
