//! Random databases and random queries, made from a tape of choices: a shorter tape with smaller numbers makes a simpler query, so
//! that what fails shrinks.
//!
//! Every variable's name says what kind of value it stands for, so that functions get what they can work with.

use crate::naive::{Given, facts};
use db::{Db, Input, MemoryStorage, Schema, TX0, restore_within};
use edn::Value;
use std::sync::Arc;

const SCHEMA: &str = "{:friend {:db/valueType :db.type/ref :db/cardinality :db.cardinality/many} :boss {:db/valueType :db.type/ref} \
     :tag {:db/cardinality :db.cardinality/many} :name {:db/index true} :mail {:db/unique :db.unique/identity}}";

pub(crate) struct Tape {
    choices: Vec<u32>,
    at: usize,
}

impl Tape {
    pub(crate) fn new(choices: Vec<u32>) -> Tape {
        Tape { choices, at: 0 }
    }

    /// A number below `n`; zero when the tape has run out.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let choice = self.choices.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        choice as usize % n
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == one_in - 1
    }
}

/// A query in vector form, and what it is given.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) find: Find,
    pub(crate) elements: Vec<String>,
    pub(crate) with: Vec<String>,
    pub(crate) inputs: Vec<(String, Given)>,
    pub(crate) clauses: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Find {
    Relation,
    Collection,
    Tuple,
    Scalar,
}

impl Case {
    /// The query with its clauses in this order.
    pub(crate) fn text(&self, clauses: &[String]) -> String {
        let elements = self.elements.join(" ");
        let find = match self.find {
            Find::Relation => elements,
            Find::Collection => format!("[{elements} ...]"),
            Find::Tuple => format!("[{elements}]"),
            Find::Scalar => format!("{elements} ."),
        };
        let bindings: Vec<&str> = self.inputs.iter().map(|(b, _)| b.as_str()).collect();
        let with = if self.with.is_empty() {
            String::new()
        } else {
            format!(" :with {}", self.with.join(" "))
        };
        format!("[:find {find}{with} :in {} :where {}]", bindings.join(" "), clauses.join(" "))
    }
}

/// A database of a few people, with its past; some of them are read from a storage, and hold nothing of what they read.
pub(crate) fn database(tape: &mut Tape) -> Db {
    let mut db = Db::empty_with_history(Schema::new(&edn::read(SCHEMA).unwrap()).unwrap());
    for _ in 0..2 + tape.below(4) {
        let mut forms = Vec::new();
        for _ in 0..3 + tape.below(14) {
            let operation = if tape.chance(5) { ":db/retract" } else { ":db/add" };
            let e = 1 + tape.below(6);
            let value = match tape.below(7) {
                0 => format!(":age {}", 1 + tape.below(6)),
                1 => format!(":name {}", tape.pick(&NAMES)),
                2 | 3 => format!(":friend {}", 1 + tape.below(6)),
                4 => format!(":boss {}", 1 + tape.below(6)),
                5 => format!(":tag {}", tape.pick(&TAGS)),
                _ => format!(":mail \"m{e}\""),
            };
            forms.push(format!("[{operation} {e} {value}]"));
        }
        db = db.db_with(&edn::read(&format!("[{}]", forms.join(" "))).unwrap()).unwrap();
    }
    if tape.chance(3) { stored(&db) } else { db }
}

fn stored(db: &Db) -> Db {
    let storage = Arc::new(MemoryStorage::default());
    db.store(storage.clone()).unwrap();
    restore_within(storage, 0).unwrap().unwrap()
}

const NAMES: [&str; 4] = ["\"a\"", "\"b\"", "\"ab\"", "\"c\""];
const TAGS: [&str; 9] = [
    "1",
    "2",
    ":age",
    "\"a\"",
    "[1 2]",
    "(1 2)",
    "1.0",
    "#{:x}",
    "340282366920938463463374607431768211456N",
];
/// Variables by kind: numbers (entities among them), strings, anything, attributes, truth.
const INTS: [&str; 5] = ["?x", "?y", "?z", "?i", "?j"];
const STRINGS: [&str; 2] = ["?s", "?s2"];
const ANY: [&str; 2] = ["?v", "?v2"];
const ATTRIBUTES: [&str; 2] = ["?a", "?a2"];
const INT_ATTRIBUTES: [&str; 3] = [":age", ":friend", ":boss"];
const STRING_ATTRIBUTES: [&str; 3] = [":name", ":name", ":mail"];

fn int(tape: &mut Tape) -> String {
    tape.below(7).to_string()
}

/// Rules of every shape: alone, recursive on either side or both, mutually, negating, with an argument that must be bound.
fn rules(tape: &mut Tape) -> String {
    let step = tape.pick(&[":friend", ":boss", ":age"]);
    let (fewer, more) = (int(tape), tape.pick(&["[?p :name]", "[?p :tag _]", "[?q :boss ?p]"]));
    let again = tape.pick(&[
        format!("[?p {step} ?t] (reach ?t ?q)"),
        format!("(reach ?p ?t) [?t {step} ?q]"),
        "(reach ?p ?t) (reach ?t ?q)".to_string(),
        format!("(reach ?t ?q) [?p {step} ?t]"),
        "(near ?p ?t) (or (reach ?t ?q) (near ?q ?t))".to_string(),
        "(reach ?q ?p)".to_string(),
    ]);
    format!(
        "[[(young ?p) [?p :age ?n] [(< ?n {fewer})]] [(young ?p) {more}] \
          [(near ?p ?q) [?p {step} ?q]] [(near ?p ?q) [?q :boss ?p]] \
          [(reach ?p ?q) [?p {step} ?q]] [(reach ?p ?q) {again}] \
          [(even ?p ?q) (near ?p ?t) (odd ?t ?q)] [(odd ?p ?q) (near ?p ?q)] [(odd ?p ?q) (even ?p ?t) (near ?t ?q)] \
          [(loop ?p ?q) (reach ?p ?q) (reach ?q ?p)] \
          [(free ?p ?q) (near ?p ?q) (not (young ?q))] \
          [(free ?p ?q) (near ?p ?t) (not (young ?t)) (free ?t ?q)] \
          [(apart ?p ?q) [?p :age] [?q :age] (not (reach ?p ?q))] \
          [(from [?p] ?q) (near ?p ?q)] [(from [?p] ?q) (from ?p ?t) (near ?t ?q)]]"
    )
}

const BINARY: [&str; 9] =
    ["near", "reach", "reach", "reach", "even", "odd", "loop", "free", "apart"];

/// What is known while clauses are made.
struct Maker<'t> {
    tape: &'t mut Tape,
    bound: Vec<String>,
    sources: Vec<&'static str>,
}

impl Maker<'_> {
    fn bind(&mut self, var: &str) {
        if !self.bound.iter().any(|b| b == var) {
            self.bound.push(var.to_string());
        }
    }

    fn new_var(&mut self, kind: &[&str]) -> String {
        let var = self.tape.pick(kind);
        self.bind(var);
        var.to_string()
    }

    /// A variable of a kind that is bound, else a constant.
    fn arg(&mut self, kind: &[&str], constant: String) -> String {
        let known: Vec<String> =
            self.bound.iter().filter(|b| kind.contains(&b.as_str())).cloned().collect();
        if known.is_empty() || self.tape.chance(6) { constant } else { self.tape.pick(&known) }
    }

    fn int(&mut self) -> String {
        let constant = (1 + self.tape.below(6)).to_string();
        self.arg(&INTS, constant)
    }

    fn string(&mut self) -> String {
        let constant = self.tape.pick(&NAMES).to_string();
        self.arg(&STRINGS, constant)
    }

    fn int_term(&mut self) -> String {
        match self.tape.below(8) {
            6 if self.tape.chance(2) => int(self.tape),
            7 => "_".to_string(),
            _ => self.new_var(&INTS),
        }
    }

    fn source(&mut self) -> String {
        let source = self.tape.pick(&self.sources);
        if source == "$" { String::new() } else { format!("{source} ") }
    }

    fn pattern(&mut self) -> String {
        let source = self.source();
        let mut e = self.int_term();
        let rest = match self.tape.below(10) {
            0..=2 => format!("{} {}", self.tape.pick(&INT_ATTRIBUTES), self.int_term()),
            3 | 4 => {
                let value = match self.tape.below(6) {
                    0 => self.tape.pick(&NAMES).to_string(),
                    _ => self.new_var(&STRINGS),
                };
                format!("{} {value}", self.tape.pick(&STRING_ATTRIBUTES))
            }
            5 => {
                let value = match self.tape.below(4) {
                    0 => self.tape.pick(&TAGS).to_string(),
                    _ => self.new_var(&ANY),
                };
                format!(":tag {value}")
            }
            6 => format!("{} {}", self.new_var(&ATTRIBUTES), self.new_var(&ANY)),
            7 => format!("{} _ {}", self.tape.pick(&INT_ATTRIBUTES), self.new_var(&INTS)),
            8 if source != "$3 " => {
                let added = self.tape.pick(&["true", "?b", "?b", "false"]);
                if added == "?b" {
                    self.bind(added);
                }
                format!("{} {} _ {added}", self.tape.pick(&INT_ATTRIBUTES), self.int_term())
            }
            _ => {
                if e == "_" {
                    e = self.new_var(&INTS);
                }
                self.tape.pick(&[":age", ":name", ":tag", ":boss", ":mail"]).to_string()
            }
        };
        format!("[{source}{e} {rest}]")
    }

    fn predicate(&mut self) -> String {
        match self.tape.below(6) {
            0 => format!("[(< {} {})]", self.int(), self.int()),
            1 => format!("[(>= {} {} {})]", self.int(), self.int(), self.int()),
            2 => format!("[(even? {})]", self.int()),
            3 => {
                let any = [&INTS[..], &STRINGS, &ANY, &ATTRIBUTES].concat();
                format!("[(not= {} {})]", self.arg(&any, "1".into()), self.arg(&any, ":age".into()))
            }
            4 => format!(
                "[(missing? $ {} {})]",
                self.int(),
                self.tape.pick(&[":name", ":age", ":tag"])
            ),
            _ => format!("[(= {} {})]", self.int(), self.int()),
        }
    }

    fn function(&mut self) -> String {
        match self.tape.below(8) {
            0 => format!("[(+ {} {}) {}]", self.int(), self.int(), self.new_var(&INTS)),
            1 => format!("[(str {} {}) {}]", self.string(), self.string(), self.new_var(&STRINGS)),
            2 => format!("[(range {} 5) [{} ...]]", self.int(), self.new_var(&INTS)),
            3 => {
                let made = [self.int(), self.string(), self.int()].join(" ");
                format!("[(vector {made}) [{} {} _]]", self.new_var(&INTS), self.new_var(&STRINGS))
            }
            4 => format!(
                "[(ground [[1 \"a\"] [2 \"b\"] [2 \"a\"]]) [[{} {}]]]",
                self.new_var(&INTS),
                self.new_var(&STRINGS)
            ),
            5 => format!("[(get-else $ {} :boss 3) {}]", self.int(), self.new_var(&INTS)),
            6 => format!(
                "[(get-some $ {} :name :age) [{} {}]]",
                self.int(),
                self.new_var(&ATTRIBUTES),
                self.new_var(&ANY)
            ),
            _ => format!("[(count {}) {}]", self.string(), self.new_var(&INTS)),
        }
    }

    fn rule(&mut self) -> String {
        let source = self.source();
        match self.tape.below(4) {
            0 => format!("({source}young {})", self.new_var(&INTS)),
            1 => {
                let first = self.int();
                format!("({source}from {first} {})", self.new_var(&INTS))
            }
            _ => format!(
                "({source}{} {} {})",
                self.tape.pick(&BINARY),
                self.int_term(),
                self.int_term()
            ),
        }
    }

    /// A clause that binds just these variables of numbers.
    fn about(&mut self, vars: &[String], local: bool) -> String {
        let attribute = self.tape.pick(&INT_ATTRIBUTES);
        let source = self.source();
        match vars {
            [only] if local => {
                format!("(and [{source}{only} {attribute} ?l] [(< ?l {})])", int(self.tape))
            }
            [only] => match self.tape.below(4) {
                0 => format!("[{source}_ {attribute} {only}]"),
                1 => format!("({source}young {only})"),
                2 => format!("(and [{source}{only} :name \"a\"] [(even? {only})])"),
                _ => format!("[{source}{only} {attribute} {}]", int(self.tape)),
            },
            [first, second, ..] if local => {
                format!("(and [{source}{first} {attribute} ?l] [{source}?l :boss {second}])")
            }
            [first, second, ..] => match self.tape.below(4) {
                0 => format!("({source}{} {second} {first})", self.tape.pick(&BINARY)),
                1 => format!("(and [{source}{first} {attribute} _] [{source}{second} :friend])"),
                2 => format!(
                    "(and [{source}{first} {attribute} {second}] (not [{second} :boss {first}]))"
                ),
                _ => format!("[{source}{first} {attribute} {second}]"),
            },
            [] => "[_ :age]".to_string(),
        }
    }

    fn some_ints(&mut self, bound: bool) -> Vec<String> {
        let mut vars = Vec::new();
        for _ in 0..1 + self.tape.below(2) {
            let var = if bound { self.int() } else { self.tape.pick(&INTS).to_string() };
            if var.starts_with('?') && !vars.contains(&var) {
                vars.push(var);
            }
        }
        vars
    }

    fn or(&mut self) -> String {
        let vars = self.some_ints(false);
        let local = self.tape.chance(2);
        let branches: Vec<String> =
            (0..1 + self.tape.below(3)).map(|_| self.about(&vars, local)).collect();
        let source = if self.tape.chance(8) { "$2 " } else { "" };
        let (branches, joined) = (branches.join(" "), vars.join(" "));
        let required = vars.len() == 2 && self.bound.contains(&vars[0]) && self.tape.chance(3);
        vars.iter().for_each(|v| self.bind(v));
        match (local, required) {
            (false, _) => format!("({source}or {branches})"),
            (true, false) => format!("({source}or-join [{joined}] {branches})"),
            (true, true) => format!("({source}or-join [[{}] {}] {branches})", vars[0], vars[1]),
        }
    }

    fn not(&mut self) -> String {
        let vars = self.some_ints(true);
        if vars.is_empty() {
            return self.predicate();
        }
        let local = self.tape.chance(2);
        let inner = self.about(&vars, local);
        let inner = inner.strip_prefix("(and ").map_or(inner.as_str(), |i| &i[..i.len() - 1]);
        match local {
            true => format!("(not-join [{}] {inner})", vars.join(" ")),
            false if self.tape.chance(5) => format!("(not (not {inner}))"),
            false => format!("(not {inner})"),
        }
    }

    /// Bindings of no variable in common, each with a value that fits.
    fn inputs(&mut self) -> Vec<(String, String)> {
        let mut inputs = Vec::new();
        for n in 0..self.tape.below(3) {
            let (i, s, v) = (INTS[self.tape.below(2) + 2 * n], STRINGS[n], ANY[n]);
            let (binding, value, vars) = match self.tape.below(5) {
                0 => (i.to_string(), "2", vec![i]),
                1 => (format!("[{i} ...]"), "[1 2 3 3]", vec![i]),
                2 => (format!("[[{i} {s}]]"), "[[1 \"a\"] [2 \"ab\"]]", vec![i, s]),
                3 => (format!("[{s} _ {v}]"), "[\"a\" 1 [1 2]]", vec![s, v]),
                _ => (format!("[[_ [{i} ...]]]"), "[[1 [1 2]] [0 [3]]]", vec![i]),
            };
            vars.into_iter().for_each(|var| self.bind(var));
            inputs.push((binding, value.to_string()));
        }
        inputs
    }

    fn find(&mut self) -> (Find, Vec<String>, Vec<String>) {
        let find = self.tape.pick(&[
            Find::Relation,
            Find::Relation,
            Find::Collection,
            Find::Tuple,
            Find::Scalar,
        ]);
        let one = matches!(find, Find::Collection | Find::Scalar);
        let mut elements = Vec::new();
        for _ in 0..if one { 1 } else { 1 + self.tape.below(3) } {
            let var = self.tape.pick(&self.bound);
            elements.push(match self.tape.below(9) {
                0 => format!("(count {var})"),
                1 => format!("(count-distinct {var})"),
                2 => format!("(distinct {var})"),
                3 if INTS.contains(&var.as_str()) => format!("(sum {var})"),
                4 if INTS.contains(&var.as_str()) => format!("(min {var})"),
                5 if STRINGS.contains(&var.as_str()) => format!("(max {var})"),
                6 if INTS.contains(&var.as_str()) => {
                    format!("({} 2 {var})", self.tape.pick(&["min", "max"]))
                }
                _ => var,
            });
        }
        let asked =
            |var: &String| elements.iter().any(|e| e.split([' ', ')']).any(|part| part == var));
        let others: Vec<String> = self.bound.iter().filter(|var| !asked(var)).cloned().collect();
        let with = match others.is_empty() || !self.tape.chance(2) {
            true => Vec::new(),
            false => vec![self.tape.pick(&others)],
        };
        (find, elements, with)
    }
}

/// A query, what it is given, and the same as the database takes it.
pub(crate) fn case(tape: &mut Tape, db: &Db) -> (Case, Vec<Input>) {
    let then = Value::from(TX0 + 1 + tape.below(3) as u32);
    let second = match tape.below(5) {
        0 => database(tape),
        1 => db.history(),
        2 => db.as_of(&then).unwrap(),
        3 => db.since(&then).unwrap(),
        _ => db.as_of(&then).unwrap().history(),
    };
    let tuples =
        "[[1 :friend 2] [2 :boss 3] [7 :tag (1 2)] [3 :age 1 7] [3 :name \"a\"] [1 :age 1 7] [4]]";
    let tuples = edn::read(tuples).unwrap();
    let rules = edn::read(&rules(tape)).unwrap();
    let as_facts = tuples.as_seq().unwrap().iter().map(|t| t.as_seq().unwrap().to_vec()).collect();
    let mut inputs = vec![
        ("$".to_string(), Given::Facts(facts(db))),
        ("$2".to_string(), Given::Facts(facts(&second))),
        ("$3".to_string(), Given::Facts(as_facts)),
        ("%".to_string(), Given::Value(rules.clone())),
    ];
    let mut given =
        vec![Input::from(db), Input::from(&second), Input::from(tuples), Input::from(rules)];
    let mut maker =
        Maker { tape, bound: Vec::new(), sources: vec!["$", "$", "$", "$", "$2", "$3"] };
    for (binding, value) in maker.inputs() {
        let value = edn::read(&value).unwrap();
        inputs.push((binding, Given::Value(value.clone())));
        given.push(value.into());
    }
    let mut clauses: Vec<String> = (0..1 + maker.tape.below(3)).map(|_| maker.pattern()).collect();
    for _ in 0..maker.tape.below(4) {
        let clause = match maker.tape.below(7) {
            0 => maker.predicate(),
            1 => maker.function(),
            2 | 3 => maker.rule(),
            4 => maker.or(),
            5 => maker.not(),
            _ => maker.pattern(),
        };
        clauses.push(clause);
    }
    if maker.bound.is_empty() {
        clauses.push("[?x :age]".to_string());
        maker.bind("?x");
    }
    let (find, elements, with) = maker.find();
    (Case { find, elements, with, inputs, clauses }, given)
}
