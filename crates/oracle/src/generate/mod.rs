//! Random cases: a schema, transactions, after each some questions, and in the end the database written down.
//!
//! Values come from small domains, so that things meet: the same names, the same ids, upserts that conflict. Each
//! attribute has values of one kind, since JavaScript and the JVM do not order kinds alike. Left out is what the two
//! hosts do differently by nature: whole doubles, characters, numbers past 2^53, division by zero, overflow.

mod pull;
mod query;
mod transaction;

use crate::case::{Case, Kind, Step};
use crate::rng::Rng;
use edn::Value;

/// The kind of an attribute's values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Type {
    Str,
    Int,
    Kw,
    Bool,
    Half,
    Ref,
    Tuple,
}

#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) of: Type,
    pub(crate) many: bool,
    pub(crate) unique: bool,
    pub(crate) indexed: bool,
    spec: String,
}

/// A random schema: what attributes there are, and what is said of them.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) attributes: Vec<Attribute>,
}

const ATTRIBUTES: [(&str, Type); 15] = [
    (":name", Type::Str),
    (":email", Type::Str),
    (":aka", Type::Str),
    (":age", Type::Int),
    (":nums", Type::Int),
    (":tag", Type::Kw),
    (":on", Type::Bool),
    (":weight", Type::Half),
    (":friend", Type::Ref),
    (":boss", Type::Ref),
    (":part", Type::Ref),
    (":x/y", Type::Int),
    (":x/ref", Type::Ref),
    (":db/ident", Type::Kw),
    (":age+name", Type::Tuple),
];

impl World {
    fn random(rng: &mut Rng) -> World {
        let mut attributes: Vec<Attribute> = Vec::new();
        for (name, of) in ATTRIBUTES {
            let wanted = match name {
                ":name" | ":age" | ":friend" => 100,
                ":db/ident" | ":age+name" => 25,
                _ => 55,
            };
            if rng.percent(wanted) {
                attributes.push(Attribute::random(rng, name, of));
            }
        }
        let tuple = attributes.iter().any(|a| a.of == Type::Tuple);
        if tuple {
            for a in attributes.iter_mut().filter(|a| [":age", ":name"].contains(&a.name)) {
                if a.many {
                    *a = Attribute {
                        many: false,
                        spec: String::new(),
                        unique: false,
                        indexed: false,
                        ..a.clone()
                    };
                }
            }
        }
        World { attributes }
    }

    pub(crate) fn schema(&self) -> String {
        let specs = self.attributes.iter().filter(|a| !a.spec.is_empty());
        let specs: Vec<String> = specs.map(|a| format!("{} {{{}}}", a.name, a.spec)).collect();
        format!("{{{}}}", specs.join(" "))
    }

    pub(crate) fn any(&self, rng: &mut Rng) -> &Attribute {
        &self.attributes[rng.below(self.attributes.len())]
    }

    /// An attribute that is one of these, where there is one.
    pub(crate) fn one(&self, rng: &mut Rng, is: impl Fn(&Attribute) -> bool) -> Option<&Attribute> {
        let fitting: Vec<&Attribute> = self.attributes.iter().filter(|a| is(a)).collect();
        (!fitting.is_empty()).then(|| fitting[rng.below(fitting.len())])
    }

    /// A lookup ref, mostly one that can be looked up.
    pub(crate) fn lookup(&self, rng: &mut Rng) -> String {
        match self.one(rng, |a| a.unique && a.of != Type::Ref) {
            Some(a) => format!("[{} {}]", a.name, value(rng, a.of)),
            None if rng.percent(10) => "[:name \"u\"]".into(),
            None => id(rng),
        }
    }
}

impl Attribute {
    fn random(rng: &mut Rng, name: &'static str, of: Type) -> Attribute {
        let mut spec = Vec::new();
        let tuple = of == Type::Tuple;
        let many = !tuple
            && name != ":db/ident"
            && rng.percent(if name == ":aka" || name == ":nums" { 90 } else { 25 });
        if many {
            spec.push(":db/cardinality :db.cardinality/many");
        }
        match of {
            Type::Ref => spec.push(":db/valueType :db.type/ref"),
            Type::Tuple => spec.push(":db/tupleAttrs [:age :name]"),
            _ => {}
        }
        if name == ":part" {
            spec.push(":db/isComponent true");
        }
        let unique = match name {
            ":db/ident" => true,
            ":name" => rng.percent(70),
            ":email" | ":tag" | ":age+name" => rng.percent(50),
            ":aka" => rng.percent(15),
            _ => false,
        };
        if unique {
            spec.push(match name == ":db/ident" || rng.percent(65) {
                true => ":db/unique :db.unique/identity",
                false => ":db/unique :db.unique/value",
            });
        }
        let index = rng.percent(25);
        if index {
            spec.push(":db/index true");
        }
        let indexed = index || unique || of == Type::Ref || tuple;
        Attribute { name, of, many, unique, indexed, spec: spec.join(" ") }
    }
}

/// A value of a kind; of a reference, an id.
pub(crate) fn value(rng: &mut Rng, of: Type) -> String {
    match of {
        Type::Str => {
            rng.pick(&["\"u\"", "\"u\"", "\"v\"", "\"w\"", "\"uv\"", "\"\"", "\"ü\""]).into()
        }
        Type::Int => rng.pick(&["1", "2", "3", "4", "0", "-1", "10"]).into(),
        Type::Kw => rng.pick(&[":a", ":b", ":k/a", ":k/b"]).into(),
        Type::Bool => rng.pick(&["true", "false"]).into(),
        Type::Half => rng.pick(&["0.5", "1.5", "-2.5", "0.25"]).into(),
        Type::Ref => id(rng),
        Type::Tuple => {
            let (age, name) = (value(rng, Type::Int), value(rng, Type::Str));
            match rng.below(4) {
                0 => format!("[nil {name}]"),
                1 => format!("[{age} nil]"),
                _ => format!("[{age} {name}]"),
            }
        }
    }
}

/// The id of an entity that there may be.
pub(crate) fn id(rng: &mut Rng) -> String {
    (1 + rng.below(6)).to_string()
}

/// One case in so many ends with each side reading what the other one writes.
const EXCHANGE_EVERY: u64 = 4;

/// A case, the same for the same numbers.
pub fn case(seed: u64, number: u64) -> Case {
    let mut rng = Rng::new(seed, number);
    let rng = &mut rng;
    let world = World::random(rng);
    let mut steps = Vec::new();
    for _ in 0..1 + rng.below(4) {
        steps.push(step(Kind::Transact, &[transaction::transaction(rng, &world)]));
        for _ in 0..rng.below(4) {
            steps.push(question(rng, &world));
        }
    }
    // What each side writes and reads is as dear as all else of a case.
    if number.is_multiple_of(EXCHANGE_EVERY) {
        steps.push(step(Kind::Exchange, &[]));
    }
    Case { schema: read(&world.schema()), steps }
}

fn question(rng: &mut Rng, world: &World) -> Step {
    match rng.below(100) {
        0..65 => query::query(rng, world),
        65..80 => step(Kind::Pull, &[pull::pattern(rng, world, 2), entity(rng, world)]),
        80..84 => {
            let ids = [entity(rng, world), entity(rng, world), id(rng)].join(" ");
            step(Kind::PullMany, &[pull::pattern(rng, world, 2), format!("[{ids}]")])
        }
        84..92 => scan(rng, world, Kind::Datoms),
        92..96 => scan(rng, world, Kind::SeekDatoms),
        _ => {
            let (name, of) = indexed(rng, world);
            let bound = |rng: &mut Rng| if rng.percent(15) { "nil".into() } else { value(rng, of) };
            step(Kind::IndexRange, &[name.to_string(), bound(rng), bound(rng)])
        }
    }
}

fn scan(rng: &mut Rng, world: &World, kind: Kind) -> Step {
    let mut forms = match rng.below(3) {
        0 => {
            let a = world.any(rng);
            vec![":eavt".into(), entity(rng, world), a.name.to_string(), value(rng, a.of)]
        }
        1 => {
            let a = world.any(rng);
            vec![":aevt".into(), a.name.to_string(), entity(rng, world), value(rng, a.of)]
        }
        _ => {
            let (name, of) = indexed(rng, world);
            vec![":avet".into(), name.to_string(), value(rng, of), entity(rng, world)]
        }
    };
    forms.truncate(1 + rng.below(4));
    step(kind, &forms)
}

fn indexed(rng: &mut Rng, world: &World) -> (&'static str, Type) {
    match world.one(rng, |a| a.indexed) {
        Some(a) if !rng.percent(5) => (a.name, a.of),
        _ => {
            let a = world.any(rng);
            (a.name, a.of)
        }
    }
}

/// An entity as an API takes it.
pub(crate) fn entity(rng: &mut Rng, world: &World) -> String {
    match rng.below(20) {
        0..14 => id(rng),
        14..18 => world.lookup(rng),
        18 => rng.pick(&[":a", ":k/b"]).into(),
        _ => "100".into(),
    }
}

fn step(kind: Kind, texts: &[String]) -> Step {
    Step { kind, forms: texts.iter().map(|text| read(text)).collect() }
}

/// What is made here reads; a text that does not shows itself as a mismatch.
fn read(text: &str) -> Value {
    edn::read(text).unwrap_or_else(|error| Value::from(format!("{error} in {text}")))
}
