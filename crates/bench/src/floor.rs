//! What the hardware can do: each query written by hand in Rust, over columns made for it, with the same rows as its result.
//!
//! Attributes are columns: values by entity where there is one each, and (value, entity) pairs in order. Values are numbers of
//! a dictionary, as in any engine that interns; a result is a vector of rows of 32-bit numbers, distinct. As EDN, each row is
//! made a vector of values and all of them a set, which is what an answer is in Clojure.

mod past;

use crate::Failure;
use crate::clock::{Measured, Pace, median};
use crate::data::{Atom, Dataset};
use crate::ours::value;
use edn::Value;
use past::Past;
use std::collections::HashMap;
use std::ops::Range;

/// An answer.
type Rows = Vec<[u32; 4]>;

/// Nothing is said of an entity.
const NONE: u32 = u32::MAX;

#[derive(Default)]
struct Column {
    /// The first value of each entity.
    of: Vec<u32>,
    /// In order.
    by_value: Vec<(u32, u32)>,
    /// In order.
    by_entity: Vec<(u32, u32)>,
}

fn range(pairs: &[(u32, u32)], of: u32) -> Range<usize> {
    let start = pairs.partition_point(|(key, _)| *key < of);
    start..start + pairs[start..].partition_point(|(key, _)| *key == of)
}

fn seconds(pairs: &[(u32, u32)], of: u32) -> impl Iterator<Item = u32> + '_ {
    pairs[range(pairs, of)].iter().map(|(_, other)| *other)
}

type Query = fn(&Floor) -> Rows;

/// A row's query, and what its columns are: `n` a number or an entity, `w` a word.
fn written(row: &str) -> Option<(Query, &'static str)> {
    let query: (Query, _) = match row {
        _ if row.starts_with("rules-") => (Floor::closure, "nn"),
        "q1" | "as-of-q1" => (Floor::q1, "n"),
        "q2" | "q2-switched" => (Floor::q2, "nn"),
        "q3" => (Floor::q3, "nn"),
        "q4" | "q4-worst-order" => (Floor::q4, "nwn"),
        "q5" => (Floor::q5, "nwn"),
        "qpred1" | "qpred2" => (Floor::above, "nn"),
        "group-count" => (Floor::group_count, "wn"),
        "group-average" => (Floor::group_average, "wn"),
        "not" => (Floor::not, "nn"),
        "or-join" => (Floor::or_join, "nn"),
        "not-join" => (Floor::not_join, "nn"),
        "value-join" => (Floor::value_join, "nn"),
        "five-clauses" => (Floor::five_clauses, "nwnn"),
        "one-department" => (Floor::one_department, "nw"),
        "three-hops" => (Floor::three_hops, "nw"),
        "average" => (Floor::average, "n"),
        "average-above" => (Floor::average_above, "wn"),
        "average-least-most" => (Floor::average_least_most, "wnnn"),
        "as-of-q2" => (Floor::ages_then, "nn"),
        "as-of-q3" => (Floor::ages_of_men_then, "nn"),
        "since-ages" => (Floor::ages_since, "nn"),
        "history-names" => (Floor::names_ever, "n"),
        "history-ages" => (Floor::ages_ever, "nnn"),
        "history-join" => (Floor::names_with_ages_ever, "nwn"),
        "history-retracted" => (Floor::ages_taken_back, "nn"),
        "history-changes" => (Floor::ages_changed, "nnn"),
        "star-skewed" => (Floor::star, "nn"),
        "triangle" => (Floor::triangles, "nnn"),
        "code-dependencies" => (Floor::dependencies, "ww"),
        "code-all-edges" => (Floor::all_edges, "ww"),
        "code-namespaces" => (Floor::namespaces, "wnn"),
        "code-dependents" => (Floor::dependents, "n"),
        "genealogy-advisors" => (Floor::grand_advisors, "w"),
        "genealogy-university" => (Floor::same_university, "w"),
        "genealogy-areas" => (Floor::other_areas, "w"),
        "genealogy-ancestors" => (Floor::ancestors, "w"),
        _ => return None,
    };
    Some(query)
}

/// A data set in columns.
pub(crate) struct Floor {
    columns: Vec<Column>,
    places: HashMap<&'static str, usize>,
    words: HashMap<String, u32>,
    /// Words by their numbers.
    values: Vec<Value>,
    past: Past,
    size: usize,
}

impl Floor {
    pub(crate) fn new(data: &Dataset) -> Floor {
        let size = data.entities.iter().map(|e| e.id as usize + 1).max().unwrap_or(1);
        let places: HashMap<_, _> =
            data.attributes.iter().enumerate().map(|(i, a)| (a.name, i)).collect();
        let column = || Column { of: vec![NONE; size], ..Column::default() };
        let mut columns: Vec<Column> = data.attributes.iter().map(|_| column()).collect();
        let (mut words, mut values) = (HashMap::<String, u32>::new(), Vec::new());
        for (e, a, v) in data.facts() {
            let mut number = |word: &str| {
                *words.entry(word.to_string()).or_insert_with(|| {
                    values.push(value(v));
                    values.len() as u32 - 1
                })
            };
            let v = match v {
                Atom::Int(n) => *n as u32,
                Atom::Ref(e) => *e,
                Atom::Flag(flag) => u32::from(*flag),
                Atom::Word(name) => number(name),
                Atom::Text(text) => number(text),
            };
            let column = &mut columns[a];
            if column.of[e as usize] == NONE {
                column.of[e as usize] = v;
            }
            column.by_value.push((v, e));
            column.by_entity.push((e, v));
        }
        for column in &mut columns {
            column.by_value.sort_unstable();
            column.by_entity.sort_unstable();
        }
        Floor { columns, places, words, values, past: Past::new(data, size), size }
    }

    fn column(&self, name: &str) -> &Column {
        &self.columns[self.places[name]]
    }

    fn word(&self, word: &str) -> u32 {
        self.words.get(word).copied().unwrap_or(NONE)
    }

    /// Entities with a value.
    fn with(&self, name: &str, value: u32) -> impl Iterator<Item = u32> + '_ {
        seconds(&self.column(name).by_value, value)
    }

    /// The time of a row, where it has been written by hand; with `as_edn` its answer as Clojure's own data.
    pub(crate) fn run(
        &self,
        row: &str,
        as_edn: bool,
        pace: Pace,
    ) -> Result<Option<Measured>, Failure> {
        let Some((query, kinds)) = written(row) else { return Ok(None) };
        let measured = match as_edn {
            false => median(pace, || Ok(std::hint::black_box(query(self)).len())),
            true => median(pace, || {
                let rows = query(self);
                std::hint::black_box(self.as_set(&rows, kinds));
                Ok(rows.len())
            }),
        };
        measured.map(Some)
    }

    fn as_set(&self, rows: &[[u32; 4]], kinds: &str) -> Value {
        let value = |(kind, n): (u8, &u32)| match kind {
            b'w' => self.values[*n as usize].clone(),
            _ => Value::from(*n),
        };
        let vector = |row: &[u32; 4]| Value::Vector(kinds.bytes().zip(row).map(value).collect());
        Value::Set(rows.iter().map(vector).collect())
    }

    fn ivans(&self) -> impl Iterator<Item = u32> + '_ {
        self.with("name", self.word("Ivan"))
    }

    fn q1(&self) -> Rows {
        self.ivans().map(|e| [e, 0, 0, 0]).collect()
    }

    fn q2(&self) -> Rows {
        let age = &self.column("age").of;
        self.ivans().map(|e| [e, age[e as usize], 0, 0]).collect()
    }

    fn q3(&self) -> Rows {
        let (age, sex) = (&self.column("age").of, &self.column("sex").of);
        let male = self.word("male");
        let men = self.ivans().filter(|e| sex[*e as usize] == male);
        men.map(|e| [e, age[e as usize], 0, 0]).collect()
    }

    fn q4(&self) -> Rows {
        let (age, sex) = (&self.column("age").of, &self.column("sex").of);
        let last = &self.column("last-name").of;
        let male = self.word("male");
        let men = self.ivans().filter(|e| sex[*e as usize] == male);
        men.map(|e| [e, last[e as usize], age[e as usize], 0]).collect()
    }

    fn five_clauses(&self) -> Rows {
        let salary = &self.column("salary").of;
        let mut rows = self.q4();
        rows.iter_mut().for_each(|row| row[3] = salary[row[0] as usize]);
        rows
    }

    /// Each age once, however many Ivans have it.
    fn q5(&self) -> Rows {
        let (age, last) = (self.column("age"), &self.column("last-name").of);
        let mut wanted = [false; 1 << 7];
        self.ivans().for_each(|e| wanted[age.of[e as usize] as usize] = true);
        let some = age.by_value.iter().filter(|(v, _)| wanted[*v as usize]);
        some.map(|(v, e)| [*e, last[*e as usize], *v, 0]).collect()
    }

    fn above(&self) -> Rows {
        let salaries = &self.column("salary").by_value;
        let start = salaries.partition_point(|(v, _)| *v <= 50_000);
        salaries[start..].iter().map(|(v, e)| [*e, *v, 0, 0]).collect()
    }

    fn group_count(&self) -> Rows {
        let groups = self.column("name").by_value.chunk_by(|a, b| a.0 == b.0);
        groups.map(|group| [group[0].0, group.len() as u32, 0, 0]).collect()
    }

    /// Of each salary that somebody has.
    fn average(&self) -> Rows {
        let salaries = self.column("salary").by_value.chunk_by(|a, b| a.0 == b.0);
        let add = |(sum, count): (u64, u64), v: u32| (sum + u64::from(v), count + 1);
        let (sum, count) = salaries.map(|group| group[0].0).fold((0, 0), add);
        vec![[(sum / count.max(1)) as u32, 0, 0, 0]]
    }

    /// Salaries of each sex that are more than something: average, least, most.
    fn salaries_above(&self, than: u32) -> Rows {
        let salary = &self.column("salary").of;
        let groups = self.column("sex").by_value.chunk_by(|a, b| a.0 == b.0);
        let row = |group: &[(u32, u32)]| {
            let (mut sum, mut count, mut least, mut most) = (0u64, 0u64, u32::MAX, 0u32);
            let said = group.iter().map(|(_, e)| salary[*e as usize]);
            for n in said.filter(|n| *n > than) {
                (sum, count) = (sum + u64::from(n), count + 1);
                (least, most) = (least.min(n), most.max(n));
            }
            [group[0].0, (sum / count.max(1)) as u32, least, most]
        };
        groups.map(row).collect()
    }

    fn average_above(&self) -> Rows {
        self.salaries_above(50_000)
    }

    fn average_least_most(&self) -> Rows {
        self.salaries_above(0)
    }

    fn group_average(&self) -> Rows {
        let salary = &self.column("salary").of;
        let groups = self.column("sex").by_value.chunk_by(|a, b| a.0 == b.0);
        let row = |group: &[(u32, u32)]| {
            let sum: u64 = group.iter().map(|(_, e)| u64::from(salary[*e as usize])).sum();
            [group[0].0, (sum / group.len() as u64) as u32, 0, 0]
        };
        groups.map(row).collect()
    }

    fn not(&self) -> Rows {
        let (age, sex) = (&self.column("age").of, &self.column("sex").of);
        let male = self.word("male");
        let others = self.ivans().filter(|e| sex[*e as usize] != male);
        others.map(|e| [e, age[e as usize], 0, 0]).collect()
    }

    fn or_join(&self) -> Rows {
        let salary = &self.column("salary").of;
        let mut found: Vec<u32> = self.ivans().chain(self.with("age", 30)).collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|e| [e, salary[e as usize], 0, 0]).collect()
    }

    fn not_join(&self) -> Rows {
        let (age, department) = (&self.column("age").of, &self.column("department").of);
        let Some(seven) = self.with("title", self.word("department 7")).next() else {
            return Vec::new();
        };
        let others = self.ivans().filter(|e| department[*e as usize] != seven);
        others.map(|e| [e, age[e as usize], 0, 0]).collect()
    }

    fn value_join(&self) -> Rows {
        let (salary, sex) = (self.column("salary"), &self.column("sex").of);
        let (petrov, female) = (self.word("Petrov"), self.word("female"));
        let last = &self.column("last-name").of;
        let petrovs = self.ivans().filter(|e| last[*e as usize] == petrov);
        let others = petrovs
            .flat_map(|e| self.with("salary", salary.of[e as usize]).map(move |o| [e, o, 0, 0]));
        others.filter(|row| sex[row[1] as usize] == female).collect()
    }

    fn one_department(&self) -> Rows {
        let name = &self.column("name").of;
        let departments = self.with("title", self.word("department 7"));
        let staff = departments.flat_map(|d| self.with("department", d));
        staff.map(|e| [e, name[e as usize], 0, 0]).collect()
    }

    fn three_hops(&self) -> Rows {
        let column = |name: &str| &self.column(name).of;
        let (department, division, title) =
            (column("department"), column("division"), column("title"));
        let title_of = |e: u32| title[division[department[e as usize] as usize] as usize];
        self.ivans().map(|e| [e, title_of(e), 0, 0]).collect()
    }

    fn star(&self) -> Rows {
        let column = |name: &str| &self.column(name).of;
        let (state, region, size) = (column("state"), column("region"), column("size"));
        let open = self.word("open");
        let rare = self.with("kind", self.word("rare"));
        rare.filter(|e| state[*e as usize] == open && region[*e as usize] == 2)
            .map(|e| [e, size[e as usize], 0, 0])
            .collect()
    }

    /// Of each edge, what both ends refer to.
    fn triangles(&self) -> Rows {
        let edges = &self.column("edge").by_entity;
        let mut starts = vec![0u32; self.size + 1];
        edges.iter().for_each(|(e, _)| starts[*e as usize + 1] += 1);
        (1..starts.len()).for_each(|i| starts[i] += starts[i - 1]);
        let of = |e: u32| &edges[starts[e as usize] as usize..starts[e as usize + 1] as usize];
        let mut rows = Vec::new();
        for (a, b) in edges {
            let (mut left, mut right) = (of(*a).iter().peekable(), of(*b).iter().peekable());
            while let (Some((_, x)), Some((_, y))) = (left.peek(), right.peek()) {
                if x == y {
                    rows.push([*a, *b, *x, 0]);
                }
                let (forward, other) = (x <= y, y <= x);
                if forward {
                    left.next();
                }
                if other {
                    right.next();
                }
            }
        }
        rows
    }

    /// Everything that each node reaches.
    fn closure(&self) -> Rows {
        let edges = &self.column("follows").by_entity;
        let mut seen = vec![NONE; self.size];
        let (mut rows, mut queue) = (Vec::new(), Vec::new());
        for start in edges.chunk_by(|a, b| a.0 == b.0).map(|group| group[0].0) {
            queue.push(start);
            while let Some(at) = queue.pop() {
                for next in seconds(edges, at) {
                    if seen[next as usize] != start {
                        seen[next as usize] = start;
                        rows.push([start, next, 0, 0]);
                        queue.push(next);
                    }
                }
            }
        }
        rows
    }

    /// All that reach what is given, over edges from second to first.
    fn reaching(&self, from: u32, next: impl Fn(u32) -> Vec<u32>) -> Vec<u32> {
        let mut seen = vec![false; self.size];
        let (mut found, mut at) = (Vec::new(), 0);
        let mut pending = vec![from];
        while at < pending.len() {
            for other in next(pending[at]) {
                if !std::mem::replace(&mut seen[other as usize], true) {
                    found.push(other);
                    pending.push(other);
                }
            }
            at += 1;
        }
        found
    }

    fn dependents(&self) -> Rows {
        let uses = &self.column("statement/uses").by_value;
        let found = self.reaching(10, |e| seconds(uses, e).collect());
        found.into_iter().map(|e| [e, 0, 0, 0]).collect()
    }

    fn dependencies(&self) -> Rows {
        let source = &self.column("statement/source").of;
        let dependencies = &self.column("statement/dependencies").by_entity;
        let statements = self.with("statement/fqn", self.word("app.part300/f15000"));
        let names = statements.flat_map(|e| seconds(dependencies, e));
        let used = names.flat_map(|d| self.with("statement/fqn", d).map(move |x| (d, x)));
        used.map(|(d, x)| [d, source[x as usize], 0, 0]).collect()
    }

    fn all_edges(&self) -> Rows {
        let name = &self.column("statement/fqn").of;
        let edges = &self.column("statement/dependencies").by_entity;
        edges.iter().map(|(e, d)| [name[*e as usize], *d, 0, 0]).collect()
    }

    fn namespaces(&self) -> Rows {
        let pure = &self.column("statement/pure?").of;
        let groups = self.column("statement/namespace").by_value.chunk_by(|a, b| a.0 == b.0);
        let row = |group: &[(u32, u32)]| {
            let pure = group.iter().filter(|(_, e)| pure[*e as usize] == 1).count();
            let pairs = (group.len() * pure) as u32;
            [group[0].0, pairs, pairs, 0]
        };
        groups.map(row).filter(|row| row[1] > 0).collect()
    }

    fn advisors_of(&self, person: u32) -> Vec<u32> {
        let dissertations = self.with("dissertation/cid", person);
        dissertations.flat_map(|d| self.with("person/advised", d)).collect()
    }

    fn names_of(&self, people: impl IntoIterator<Item = u32>) -> Rows {
        let name = &self.column("person/name").of;
        let mut rows: Vec<_> = people.into_iter().map(|e| [name[e as usize], 0, 0, 0]).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    fn start(&self) -> u32 {
        self.with("person/name", self.word("Person 249995")).next().unwrap_or(NONE)
    }

    fn grand_advisors(&self) -> Rows {
        let advisors = self.advisors_of(self.start());
        self.names_of(advisors.into_iter().flat_map(|x| self.advisors_of(x)))
    }

    fn ancestors(&self) -> Rows {
        self.names_of(self.reaching(self.start(), |e| self.advisors_of(e)))
    }

    /// The advised for whom something holds of their dissertation and one of their advisor.
    fn advised(&self, attribute: &str, holds: impl Fn(u32, u32) -> bool) -> Rows {
        let said = &self.column(attribute).of;
        let author = &self.column("dissertation/cid").of;
        let mut of_person = vec![NONE; self.size];
        for (person, d) in &self.column("dissertation/cid").by_value {
            of_person[*person as usize] = *d;
        }
        let advised = self.column("person/advised").by_entity.iter();
        let found = advised.filter(|(x, d)| {
            let theirs = of_person[*x as usize];
            theirs != NONE && holds(said[theirs as usize], said[*d as usize])
        });
        self.names_of(found.map(|(_, d)| author[*d as usize]))
    }

    fn same_university(&self) -> Rows {
        self.advised("dissertation/univ", |a, b| a == b)
    }

    fn other_areas(&self) -> Rows {
        self.advised("dissertation/area", |a, b| a != b)
    }
}
