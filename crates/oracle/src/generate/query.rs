//! Random queries with their inputs.
//!
//! Variables have a kind, told by their first letter after `?`, so that functions mostly get what they can take. Clauses mostly
//! share variables with earlier ones, so that answers stay small.

use super::{Attribute, Type, World, entity, id, pull, step, value};
use crate::case::{Kind, Step};
use crate::rng::Rng;

/// What a variable holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Holds {
    Of(Type),
    AttributeName,
    Tx,
    Any,
}

#[derive(Clone, Debug)]
struct Var {
    name: String,
    holds: Holds,
}

/// A query in the making.
struct Draft<'a> {
    world: &'a World,
    vars: Vec<Var>,
    clauses: Vec<String>,
    /// What `:in` names after `$`, and the inputs for it.
    inputs: Vec<(String, String)>,
    made: usize,
    /// Whether entities that may not be there are named: inside of a clause it depends on the order of clauses
    /// whether it comes to light.
    lookups: bool,
}

pub(super) fn query(rng: &mut Rng, world: &World) -> Step {
    let mut draft = Draft {
        world,
        vars: Vec::new(),
        clauses: Vec::new(),
        inputs: Vec::new(),
        made: 0,
        lookups: true,
    };
    if rng.percent(25) {
        draft.input(rng);
    }
    if rng.percent(15) {
        draft.relation_source(rng);
    }
    draft.pattern(rng);
    let rules = rng.percent(18);
    for _ in 0..rng.below(4) {
        draft.clause(rng, rules);
    }
    if rules {
        draft.rules(rng);
    }
    // Whether a later clause binds what a `not` names is a matter of order in DataScript.
    if rng.percent(8) && !draft.clauses.iter().any(|clause| clause.starts_with("(not")) {
        let at = draft.clauses.len() - 1;
        let to = rng.below(at + 1);
        draft.clauses.swap(at, to);
    }
    draft.finish(rng)
}

fn literal(rng: &mut Rng, holds: Holds) -> String {
    match holds {
        Holds::Of(of) => value(rng, of),
        Holds::AttributeName => rng.pick(&[":name", ":age", ":friend"]).into(),
        Holds::Tx => rng.pick(&["536870913", "536870914"]).into(),
        Holds::Any => {
            let of = [Type::Int, Type::Str, Type::Kw][rng.below(3)];
            value(rng, of)
        }
    }
}

impl Draft<'_> {
    fn fresh(&mut self, holds: Holds) -> String {
        let letter = match holds {
            Holds::Of(Type::Ref) => 'e',
            Holds::Of(Type::Int) => 'i',
            Holds::Of(Type::Str) => 's',
            Holds::Of(Type::Kw) => 'k',
            Holds::Of(Type::Bool) => 'b',
            Holds::Of(Type::Half) => 'h',
            Holds::Of(Type::Tuple) => 't',
            Holds::AttributeName => 'a',
            Holds::Tx => 'x',
            Holds::Any => 'v',
        };
        self.made += 1;
        format!("?{letter}{}", self.made)
    }

    fn bind(&mut self, holds: Holds) -> String {
        let name = self.fresh(holds);
        self.vars.push(Var { name: name.clone(), holds });
        name
    }

    fn bound(&self, rng: &mut Rng, holds: Holds) -> Option<String> {
        let fitting: Vec<&Var> = self.vars.iter().filter(|v| v.holds == holds).collect();
        (!fitting.is_empty()).then(|| fitting[rng.below(fitting.len())].name.clone())
    }

    /// A bound variable where there is one, else a literal.
    fn given(&self, rng: &mut Rng, holds: Holds) -> String {
        match self.bound(rng, holds) {
            Some(var) if rng.percent(75) => var,
            _ => literal(rng, holds),
        }
    }

    fn entity_place(&mut self, rng: &mut Rng) -> String {
        match (self.bound(rng, Holds::Of(Type::Ref)), rng.below(100)) {
            (Some(var), 0..75) => var,
            (None, 0..80) | (_, 75..82) => self.bind(Holds::Of(Type::Ref)),
            (_, 80..90) => id(rng),
            (_, 90..97) if self.lookups => self.world.lookup(rng),
            _ => "_".into(),
        }
    }

    fn value_place(&mut self, rng: &mut Rng, a: &Attribute, entity: &str) -> String {
        let holds = Holds::Of(a.of);
        // DataScript does not see that a variable stands twice in a pattern.
        let bound = self.bound(rng, holds).filter(|var| var != entity);
        match (bound, rng.below(100)) {
            (Some(var), 0..35) => var,
            (_, 0..70) => self.bind(holds),
            (_, 70..90) if a.of == Type::Ref => match rng.below(3) {
                0 if self.lookups => self.world.lookup(rng),
                _ => id(rng),
            },
            (_, 70..90) => value(rng, a.of),
            _ => "_".into(),
        }
    }

    fn pattern(&mut self, rng: &mut Rng) {
        let text = self.pattern_text(rng);
        self.clauses.push(text);
    }

    fn pattern_text(&mut self, rng: &mut Rng) -> String {
        let world = self.world;
        let e = self.entity_place(rng);
        if rng.percent(6) {
            let a = match self.bound(rng, Holds::AttributeName) {
                Some(a) if rng.percent(50) => a,
                _ => self.bind(Holds::AttributeName),
            };
            return match rng.below(3) {
                0 => format!("[{e} {a}]"),
                _ => {
                    let v = self.bind(Holds::Any);
                    format!("[{e} {a} {v}]")
                }
            };
        }
        let a = world.any(rng);
        let name = a.name;
        match rng.below(100) {
            0..4 => format!("[{e}]"),
            4..12 => format!("[{e} {name}]"),
            12..18 => {
                let v = self.value_place(rng, a, &e);
                let tx = match self.bound(rng, Holds::Tx) {
                    Some(tx) if rng.percent(50) => tx,
                    _ => self.bind(Holds::Tx),
                };
                format!("[{e} {name} {v} {tx}]")
            }
            18..20 => format!("[$ {e} {name} _]"),
            _ => {
                let v = self.value_place(rng, a, &e);
                format!("[{e} {name} {v}]")
            }
        }
    }

    fn clause(&mut self, rng: &mut Rng, rules: bool) {
        let text = match rng.below(100) {
            0..38 => self.pattern_text(rng),
            38..53 => self.predicate(rng),
            53..73 => self.function(rng),
            73..82 => self.not(rng),
            82..90 => self.or(rng),
            _ if rules => self.rule_call(rng),
            _ => self.predicate(rng),
        };
        self.clauses.push(text);
    }

    fn predicate(&mut self, rng: &mut Rng) -> String {
        let int = |draft: &Self, rng: &mut Rng| draft.given(rng, Holds::Of(Type::Int));
        let string = |draft: &Self, rng: &mut Rng| draft.given(rng, Holds::Of(Type::Str));
        match rng.below(12) {
            0 | 1 => {
                let op = rng.pick(&["<", ">", "<=", ">=", "=", "not=", "!=", "=="]);
                format!("[({op} {} {})]", int(self, rng), int(self, rng))
            }
            2 => {
                let op = rng.pick(&[
                    "<",
                    ">=",
                    "=",
                    "not=",
                    "clojure.string/starts-with?",
                    "clojure.string/ends-with?",
                    "clojure.string/includes?",
                ]);
                format!("[({op} {} {})]", string(self, rng), string(self, rng))
            }
            3 => format!(
                "[({} {})]",
                rng.pick(&["even?", "odd?", "zero?", "pos?", "neg?"]),
                int(self, rng)
            ),
            4 => {
                let e = self.given(rng, Holds::Of(Type::Ref));
                // DataScript misses references to entities of which nothing is said.
                let a = self.world.one(rng, |a| a.of != Type::Ref);
                format!("[(missing? $ {e} {})]", a.map_or(":name", |a| a.name))
            }
            5 => {
                let (a, b) = (self.any_var(rng), self.any_var(rng));
                format!("[({} {a} {b})]", rng.pick(&["=", "not=", "-differ?"]))
            }
            6 => format!(
                "[({} {})]",
                rng.pick(&["empty?", "clojure.string/blank?", "not-empty", "some?"]),
                string(self, rng)
            ),
            7 => format!(
                "[({} {})]",
                rng.pick(&["true?", "false?", "nil?", "some?", "not", "identity"]),
                self.any_var(rng)
            ),
            8 => format!("[(< {} {} {})]", int(self, rng), int(self, rng), int(self, rng)),
            9 => format!("[(contains? #{{1 \"u\" :a 3}} {})]", self.any_var(rng)),
            10 => format!(
                "[({} {} {})]",
                rng.pick(&["and", "or"]),
                self.any_var(rng),
                self.any_var(rng)
            ),
            _ => format!(
                "[({} {} {})]",
                rng.pick(&["<", ">", "="]),
                self.given(rng, Holds::Of(Type::Half)),
                self.given(rng, Holds::Of(Type::Half))
            ),
        }
    }

    fn any_var(&mut self, rng: &mut Rng) -> String {
        match self.vars.len() {
            0 => literal(rng, Holds::Any),
            n => self.vars[rng.below(n)].name.clone(),
        }
    }

    /// What a function's result is bound to: mostly a new variable.
    fn result(&mut self, rng: &mut Rng, holds: Holds) -> String {
        match self.bound(rng, holds) {
            Some(var) if rng.percent(12) => var,
            _ if rng.percent(3) => "_".into(),
            _ => self.bind(holds),
        }
    }

    fn function(&mut self, rng: &mut Rng) -> String {
        let (int, string) = (Holds::Of(Type::Int), Holds::Of(Type::Str));
        match rng.below(16) {
            0 | 1 => {
                let op = rng.pick(&["+", "-", "*", "max", "min"]);
                let call = format!("({op} {} {})", self.given(rng, int), self.given(rng, int));
                format!("[{call} {}]", self.result(rng, int))
            }
            2 => {
                let call = format!(
                    "({} {} {})",
                    rng.pick(&["quot", "rem", "mod", "/"]),
                    self.given(rng, int),
                    rng.pick(&["2", "3", "-2"])
                );
                let holds = if call.starts_with("(/") { Holds::Of(Type::Half) } else { int };
                format!("[{call} {}]", self.result(rng, holds))
            }
            3 => {
                let call = format!(
                    "({} {})",
                    rng.pick(&["inc", "dec", "-", "identity"]),
                    self.given(rng, int)
                );
                format!("[{call} {}]", self.result(rng, int))
            }
            4 => {
                let call = format!(
                    "({} {} {})",
                    rng.pick(&["str", "pr-str", "print-str"]),
                    self.any_var(rng),
                    self.given(rng, string)
                );
                format!("[{call} {}]", self.result(rng, string))
            }
            5 => {
                let call = format!("(count {})", self.given(rng, string));
                format!("[{call} {}]", self.result(rng, int))
            }
            6 => {
                let items = [literal(rng, int), literal(rng, int), literal(rng, int)].join(" ");
                let call = format!("({} [{items}])", rng.pick(&["ground", "identity", "set"]));
                format!("[{call} [{} ...]]", self.result(rng, int))
            }
            7 => {
                let call = format!(
                    "(ground [[1 \"u\"] [2 \"v\"] [{} {}]])",
                    literal(rng, int),
                    literal(rng, string)
                );
                let (a, b) = (self.result(rng, int), self.result(rng, string));
                format!("[{call} [[{a} {b}]]]")
            }
            8 => {
                let call = format!(
                    "({} {} {})",
                    rng.pick(&["tuple", "vector", "list", "hash-map"]),
                    self.any_var(rng),
                    self.any_var(rng)
                );
                format!("[{call} {}]", self.result(rng, Holds::Any))
            }
            9 => {
                let a = self.world.any(rng);
                let e = self.given(rng, Holds::Of(Type::Ref));
                let call = format!("(get-else $ {e} {} {})", a.name, value(rng, a.of));
                let holds = if a.many { Holds::Any } else { Holds::Of(a.of) };
                format!("[{call} {}]", self.result(rng, holds))
            }
            10 => {
                let e = self.given(rng, Holds::Of(Type::Ref));
                let call = format!(
                    "(get-some $ {e} {} {})",
                    self.world.any(rng).name,
                    self.world.any(rng).name
                );
                let a = self.result(rng, Holds::AttributeName);
                format!("[{call} [{a} {}]]", self.result(rng, Holds::Any))
            }
            11 => match self.bound(rng, Holds::Of(Type::Tuple)) {
                Some(t) => {
                    let (a, b) = (self.result(rng, int), self.result(rng, string));
                    format!("[(untuple {t}) [{a} {b}]]")
                }
                None => {
                    let call =
                        format!("(vector {} {})", self.given(rng, int), self.given(rng, string));
                    let (a, b) = (self.result(rng, int), self.result(rng, string));
                    format!("[{call} [{a} {b}]]")
                }
            },
            12 => {
                let k = self.given(rng, Holds::Of(Type::Kw));
                format!("[({} {k}) {}]", rng.pick(&["name", "namespace"]), self.result(rng, string))
            }
            13 => {
                let s = self.given(rng, string);
                let call = match rng.below(3) {
                    0 => "(keyword \"k/a\")".into(),
                    1 => format!("(subs {s} 0)"),
                    _ => format!("(re-seq ?re {s})"),
                };
                format!("[{call} {}]", self.result(rng, Holds::Any))
            }
            14 => format!("[(range {}) [{} ...]]", literal(rng, int), self.result(rng, int)),
            _ => {
                let (k, v) = (self.any_var(rng), self.any_var(rng));
                format!(
                    "[(get {{1 :one \"u\" :you :a [1]}} {k} {v}) {}]",
                    self.result(rng, Holds::Any)
                )
            }
        }
    }

    /// A draft that knows what this one knows, for clauses whose new variables stay inside.
    fn inner(&self) -> Draft<'_> {
        Draft {
            world: self.world,
            vars: self.vars.clone(),
            clauses: Vec::new(),
            inputs: Vec::new(),
            made: self.made + 20,
            lookups: false,
        }
    }

    fn inner_clauses(&mut self, rng: &mut Rng) -> String {
        let made = self.made;
        let mut inner = self.inner();
        inner.pattern(rng);
        for _ in 0..rng.below(3) {
            match rng.below(4) {
                0 => {
                    let text = inner.predicate(rng);
                    inner.clauses.push(text);
                }
                1 => {
                    let text = inner.function(rng);
                    inner.clauses.push(text);
                }
                _ => inner.pattern(rng),
            }
        }
        let text = inner.clauses.join(" ");
        self.made = made + 40;
        text
    }

    fn not(&mut self, rng: &mut Rng) -> String {
        let clauses = self.inner_clauses(rng);
        let joined: Vec<String> = (0..1 + rng.below(2)).map(|_| self.any_var(rng)).collect();
        match rng.below(5) {
            0 if joined[0].starts_with('?') => {
                let distinct = if joined.len() == 2 && joined[0] == joined[1] {
                    &joined[..1]
                } else {
                    &joined
                };
                format!("(not-join [{}] {clauses})", distinct.join(" "))
            }
            1 => format!("(not (or {clauses}))"),
            2 => format!("(not (not {clauses}))"),
            _ => format!("(not {clauses})"),
        }
    }

    /// Branches with the same variables: patterns over the same entity and a value of the same kind.
    fn or(&mut self, rng: &mut Rng) -> String {
        let world = self.world;
        let e = match self.bound(rng, Holds::Of(Type::Ref)) {
            Some(e) if rng.percent(80) => e,
            _ => self.bind(Holds::Of(Type::Ref)),
        };
        let of = world.any(rng).of;
        let fresh = rng.percent(50);
        let v = match fresh {
            true => self.bind(Holds::Of(of)),
            false => self.given(rng, Holds::Of(of)),
        };
        let v = if v == e { id(rng) } else { v };
        let mut branches = Vec::new();
        for _ in 0..1 + rng.below(3) {
            let a = world.one(rng, |a| a.of == of).map_or(":name", |a| a.name);
            let pattern = format!("[{e} {a} {v}]");
            branches.push(match rng.below(5) {
                0 => format!("(and {pattern} [{e} {} _])", world.any(rng).name),
                1 => format!("(and [{e} {} _] (not [{e} {}]) {pattern})", a, world.any(rng).name),
                2 if fresh => format!("(and [{e} _ _] [(identity {}) {v}])", value(rng, of)),
                _ => pattern,
            });
        }
        let branches = branches.join(" ");
        match rng.below(5) {
            0 | 1 if !fresh => {
                let vars = if v.starts_with('?') { format!("{e} {v}") } else { e.clone() };
                format!("(or-join [{vars}] {branches} [{e} :age ?inside])")
            }
            2 => {
                let vars = if v.starts_with('?') { format!("{e} {v}") } else { e };
                format!("(or-join [{vars}] {branches})")
            }
            _ => format!("(or {branches})"),
        }
    }

    /// An argument of a rule: nothing bound, mostly, that another argument is.
    fn rule_place(&mut self, rng: &mut Rng, other: &str) -> String {
        let entity = Holds::Of(Type::Ref);
        // DataScript does not see that a variable stands twice in a call either, and takes `_` for a value.
        let bound = self.bound(rng, entity).filter(|var| var != other);
        match (bound, rng.below(10)) {
            (Some(var), 0..6) => var,
            (_, 6) => id(rng),
            _ => self.bind(entity),
        }
    }

    fn rule_call(&mut self, rng: &mut Rng) -> String {
        let first = self.rule_place(rng, "");
        match rng.below(16) {
            0..10 => {
                let rule = rng.pick(&["reach", "back", "kin", "even-far"]);
                format!("({rule} {first} {})", self.rule_place(rng, &first))
            }
            10 | 11 => format!("(called {first} {})", self.result(rng, Holds::Of(Type::Str))),
            12 => format!("(old {first})"),
            13 if rng.percent(20) => "(nosuch ?z)".into(),
            _ => format!("(aged {first} {})", self.result(rng, Holds::Of(Type::Int))),
        }
    }

    fn rules(&mut self, rng: &mut Rng) {
        let refs = |rng: &mut Rng| {
            self.world.one(rng, |a| a.of == Type::Ref).map_or(":friend", |a| a.name)
        };
        let (p, q, r) = (refs(rng), refs(rng), refs(rng));
        // DataScript does not end, or not soon, where a rule calls itself first or twice.
        let reach = match rng.below(2) {
            0 => format!("[(reach ?a ?b) [?a {p} ?b]] [(reach ?a ?b) [?a {p} ?t] (reach ?t ?b)]"),
            _ => format!(
                "[(reach ?a ?b) (or [?a {p} ?b] [?b {q} ?a])] [(reach ?a ?b) [?a {r} ?t] (reach ?t ?b)]"
            ),
        };
        let extra = self.inner_clauses_over(rng, "?e");
        let rules = format!(
            "[{reach} [(back ?a ?b) (reach ?b ?a)] [(kin ?x ?y) [?x {r} ?z] [?y {r} ?z] [(not= ?x ?y)]] \
             [(called ?e ?n) [?e :name ?n]] [(called ?e ?n) [?e {q} ?o] [?o :name ?n]] [(old ?e) {extra}] \
             [(even-far ?a ?b) [?a {p} ?t] (odd-far ?t ?b)] [(even-far ?a ?b) [?a {r} ?t] [?t {r} ?b]] \
             [(odd-far ?a ?b) [?a {p} ?b]] [(odd-far ?a ?b) [?a {p} ?t] (even-far ?t ?b)] \
             [(aged ?e ?n) [?e :age ?n]]]"
        );
        self.inputs.push(("%".into(), rules));
    }

    fn inner_clauses_over(&self, rng: &mut Rng, e: &str) -> String {
        let a = self.world.any(rng);
        match rng.below(4) {
            0 => format!("[{e} :age ?n] [(< 1 ?n)]"),
            1 => format!("[{e} {} _] (not [{e} :name])", a.name),
            2 => format!("(or [{e} {} {}] [{e} :name \"v\"])", a.name, value(rng, a.of)),
            _ => format!("[{e} {} _]", a.name),
        }
    }

    fn input(&mut self, rng: &mut Rng) {
        let world = self.world;
        let a = world.any(rng);
        let holds = Holds::Of(a.of);
        let given = |rng: &mut Rng| match a.of {
            Type::Ref => entity(rng, world),
            of => value(rng, of),
        };
        let input = match rng.below(7) {
            0 | 1 => (self.bind(holds), given(rng)),
            2 | 3 => {
                let items: Vec<String> = (0..rng.below(4)).map(|_| given(rng)).collect();
                (format!("[{} ...]", self.bind(holds)), format!("[{}]", items.join(" ")))
            }
            4 => {
                let pair = format!("[{} {}]", given(rng), value(rng, Type::Int));
                (format!("[{} {}]", self.bind(holds), self.bind(Holds::Of(Type::Int))), pair)
            }
            5 => {
                let rows: Vec<String> = (0..rng.below(4))
                    .map(|_| format!("[{} {}]", given(rng), value(rng, Type::Int)))
                    .collect();
                (
                    format!("[[{} {}]]", self.bind(holds), self.bind(Holds::Of(Type::Int))),
                    format!("[{}]", rows.join(" ")),
                )
            }
            _ => {
                let entries: Vec<String> = [":a", ":b", ":k/a"]
                    .iter()
                    .map(|k| format!("{k} {}", value(rng, Type::Int)))
                    .collect();
                (
                    format!(
                        "[[{} {}]]",
                        self.bind(Holds::Of(Type::Kw)),
                        self.bind(Holds::Of(Type::Int))
                    ),
                    format!("{{{}}}", entries.join(" ")),
                )
            }
        };
        self.inputs.push(input);
    }

    /// A collection of tuples as a source of its own.
    fn relation_source(&mut self, rng: &mut Rng) {
        let rows: Vec<String> = (0..1 + rng.below(4))
            .map(|_| format!("[{} {} {}]", id(rng), value(rng, Type::Str), value(rng, Type::Int)))
            .collect();
        self.inputs.push(("$2".into(), format!("[{}]", rows.join(" "))));
        let e = self.entity_place(rng);
        let s = match rng.below(3) {
            0 => value(rng, Type::Str),
            1 => "_".into(),
            _ => self.bind(Holds::Of(Type::Str)),
        };
        let e = if e.starts_with('[') { "_".to_string() } else { e };
        let i = self.bind(Holds::Of(Type::Int));
        self.clauses.push(format!("[$2 {e} {s} {i}]"));
    }

    /// Regexes cannot be written in EDN: they come through a variable.
    fn bind_regex(&mut self) {
        if self.clauses.iter().any(|c| c.contains("?re ")) {
            self.clauses.insert(0, "[(re-pattern \"[uv]\") ?re]".into());
        }
    }

    fn finish(mut self, rng: &mut Rng) -> Step {
        self.bind_regex();
        let mut elements = Vec::new();
        let aggregated = rng.percent(25);
        let wanted = 1 + rng.below(3);
        for _ in 0..wanted {
            let element = self.element(rng, aggregated);
            if !elements.contains(&element) {
                elements.push(element);
            }
        }
        if rng.percent(2) {
            elements.push("?nosuch".into());
        }
        let plain = elements.join(" ");
        let found =
            |name: &str| elements.iter().any(|e| e.split([' ', ')']).any(|part| part == name));
        let others: Vec<&Var> = self.vars.iter().filter(|v| !found(&v.name)).collect();
        let with = match others.len() {
            n if n > 0 && rng.percent(if aggregated { 35 } else { 4 }) => {
                format!(" :with {}", others[rng.below(n)].name)
            }
            _ if rng.percent(1) && !self.vars.is_empty() => format!(" :with {}", self.vars[0].name),
            _ => String::new(),
        };
        let names = ["one", "two", "three", "four"][..elements.len()].join(" ");
        let keys = match rng.percent(8) {
            true => format!(" {} {names}", rng.pick(&[":keys", ":strs", ":syms"])),
            false => String::new(),
        };
        let (inputs, values): (Vec<String>, Vec<String>) = self.inputs.into_iter().unzip();
        let within = match inputs.is_empty() {
            true => String::new(),
            false => format!(" :in $ {}", inputs.join(" ")),
        };
        let rest = format!("{with}{within} :where {}]", self.clauses.join(" "));
        let asked = |kind: Kind, query: String| step(kind, &[vec![query], values.clone()].concat());
        match rng.below(12) {
            0 => asked(Kind::QueryOne, format!("[:find {} .{rest}", elements[0])),
            1 => asked(Kind::QueryOne, format!("[:find [{plain}]{keys}{rest}")),
            2 => asked(Kind::Query, format!("[:find [{} ...]{rest}", elements[0])),
            _ => asked(Kind::Query, format!("[:find {plain}{keys}{rest}")),
        }
    }

    fn element(&mut self, rng: &mut Rng, aggregated: bool) -> String {
        if self.vars.is_empty() {
            return "?none".into();
        }
        let var = self.vars[rng.below(self.vars.len())].clone();
        let number = matches!(var.holds, Holds::Of(Type::Int | Type::Ref) | Holds::Tx);
        match rng.below(100) {
            0..60 if aggregated => {
                let name = &var.name;
                match rng.below(9) {
                    0 => format!("(count {name})"),
                    1 => format!("(count-distinct {name})"),
                    2 => format!("(distinct {name})"),
                    3 if var.holds != Holds::Any => format!("(min {name})"),
                    4 if var.holds != Holds::Any => format!("(max {name})"),
                    5 if var.holds != Holds::Any => {
                        format!("({} {} {name})", rng.pick(&["min", "max"]), 1 + rng.below(3))
                    }
                    6 if number => format!("({} {name})", rng.pick(&["avg", "median"])),
                    7 if number => format!("({} {name})", rng.pick(&["variance", "stddev"])),
                    _ if number => format!("(sum {name})"),
                    _ => format!("(count {name})"),
                }
            }
            60..68 => match self.bound(rng, Holds::Of(Type::Ref)) {
                Some(e) => format!("(pull {e} {})", pull::pattern(rng, self.world, 1)),
                None => var.name,
            },
            _ => var.name,
        }
    }
}
