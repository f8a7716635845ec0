//! Cozo: Datalog over relations, in memory.
//!
//! An attribute is a relation of an entity and a value, with an index by value, which a query names to use it: Cozo reads
//! whole rows, and relations with a column for each attribute are slower on these rows. It runs the atoms of a rule in the
//! order written, so each query is written in its best order. What changes over time has a `Validity` in its key.

use crate::clock::{Measured, Pace, median};
use crate::plan::{Dataset, Row};
use crate::{Engine, Failure};
use cozo::{DataValue, DbInstance, NamedRows, ScriptMutability};
use std::collections::BTreeMap;

/// Rows and their queries; what is not here it does not have.
const QUERIES: &[(&str, &str)] = &[
    ("q1", "?[e] := *name:by_value{value: 'Ivan', id: e}"),
    ("q2", "?[e, a] := *name:by_value{value: 'Ivan', id: e}, *age{id: e, value: a}"),
    ("q2-switched", "?[e, a] := *name:by_value{value: 'Ivan', id: e}, *age{id: e, value: a}"),
    (
        "q3",
        "?[e, a] := *name:by_value{value: 'Ivan', id: e}, *sex{id: e, value: 'male'}, *age{id: e, value: a}",
    ),
    (
        "q4",
        "?[e, l, a] := *name:by_value{value: 'Ivan', id: e}, *sex{id: e, value: 'male'}, *last_name{id: e, value: l}, *age{id: e, value: a}",
    ),
    (
        "q4-worst-order",
        "?[e, l, a] := *name:by_value{value: 'Ivan', id: e}, *sex{id: e, value: 'male'}, *last_name{id: e, value: l}, *age{id: e, value: a}",
    ),
    (
        "q5-shortcircuit",
        "?[e, n, l, a, s, al] := n = 'Anastasia', a = 35, *name:by_value{value: n, id: e}, *age{id: e, value: a}, *last_name{id: e, value: l}, *sex{id: e, value: s}, *alias{id: e, value: al}",
    ),
    ("qpred1", "?[e, s] := *salary:by_value{value: s, id: e}, s > 50000"),
    ("qpred2", "?[e, s] := *salary:by_value{value: s, id: e}, s > $min"),
    (
        "plan-six-clauses",
        "?[e, m] := n = 'Ivan', *name:by_value{value: n, id: e}, *follows{id: e, value: f}, *name{id: f, value: m}, m == n, e != f",
    ),
    (
        "q5",
        "wanted[a] := *name:by_value{value: 'Ivan', id: e}, *age{id: e, value: a}\n?[e, l, a] := wanted[a], *age:by_value{value: a, id: e}, *last_name{id: e, value: l}",
    ),
    ("group-count", "?[n, count(e)] := *name{id: e, value: n}"),
    ("group-average", "?[s, mean(m)] := *sex{id: e, value: s}, *salary{id: e, value: m}"),
    (
        "not",
        "?[e, a] := *name:by_value{value: 'Ivan', id: e}, *age{id: e, value: a}, not *sex{id: e, value: 'male'}",
    ),
    (
        "or-join",
        "found[e] := *name:by_value{value: 'Ivan', id: e}\nfound[e] := *age:by_value{value: 30, id: e}\n?[e, s] := found[e], *salary{id: e, value: s}",
    ),
    (
        "not-join",
        "seven[e] := *title:by_value{value: 'department 7', id: d}, *department:by_value{value: d, id: e}\n?[e, a] := *name:by_value{value: 'Ivan', id: e}, *age{id: e, value: a}, not seven[e]",
    ),
    (
        "value-join",
        "?[e, o] := *name:by_value{value: 'Ivan', id: e}, *last_name{id: e, value: 'Petrov'}, *salary{id: e, value: s}, *salary:by_value{value: s, id: o}, *sex{id: o, value: 'female'}",
    ),
    (
        "five-clauses",
        "?[e, l, a, s] := *name:by_value{value: 'Ivan', id: e}, *sex{id: e, value: 'male'}, *last_name{id: e, value: l}, *age{id: e, value: a}, *salary{id: e, value: s}",
    ),
    (
        "one-department",
        "?[e, n] := *title:by_value{value: 'department 7', id: d}, *department:by_value{value: d, id: e}, *name{id: e, value: n}",
    ),
    (
        "three-hops",
        "?[e, t] := *name:by_value{value: 'Ivan', id: e}, *department{id: e, value: d}, *division{id: d, value: v}, *title{id: v, value: t}",
    ),
    ("average", "salary[s] := *salary{value: s}\n?[mean(s)] := salary[s]"),
    (
        "average-above",
        "?[x, mean(s)] := *salary:by_value{value: s, id: e}, s > 50000, *sex{id: e, value: x}",
    ),
    (
        "average-least-most",
        "?[x, mean(s), min(s), max(s)] := *sex{id: e, value: x}, *salary{id: e, value: s}",
    ),
    ("as-of-q1", "?[e] := *name:by_value{value: 'Ivan', id: e}"),
    ("as-of-q2", "?[e, a] := *name:by_value{value: 'Ivan', id: e}, *age{id: e, value: a @ 1}"),
    (
        "as-of-q3",
        "?[e, a] := *name:by_value{value: 'Ivan', id: e}, *sex{id: e, value: 'male'}, *age{id: e, value: a @ 1}",
    ),
    ("since-ages", "?[e, a] := *age{id: e, at, value: a}, to_int(at) > 1"),
    ("history-names", "?[e] := *name{id: e}"),
    ("history-join", "?[e, n, a] := *name{id: e, value: n}, *age{id: e, at, value: a}"),
    (
        "star-skewed",
        "?[e, z] := *kind:by_value{value: 'rare', id: e}, *state{id: e, value: 'open'}, *region{id: e, value: 2}, *size{id: e, value: z}",
    ),
    (
        "triangle",
        "?[a, b, c] := *edge{id: a, value: b}, *edge{id: b, value: c}, *edge{id: a, value: c}",
    ),
    (
        "code-dependencies",
        "?[d, s] := *statement_fqn:by_value{value: 'app.part300/f15000', id: e}, *statement_dependencies{id: e, value: d}, *statement_fqn:by_value{value: d, id: x}, *statement_source{id: x, value: s}",
    ),
    (
        "code-all-edges",
        "?[from, to] := *statement_fqn{id: e, value: from}, *statement_dependencies{id: e, value: to}",
    ),
    (
        "code-namespaces",
        "?[ns, count(e), count(p)] := *statement_pure_:by_value{value: true, id: p}, *statement_namespace{id: p, value: ns}, *statement_namespace:by_value{value: ns, id: e}",
    ),
    (
        "code-dependents",
        "found[s] := *statement_uses:by_value{value: 10, id: s}\nfound[s] := found[t], *statement_uses:by_value{value: t, id: s}\n?[s] := found[s]",
    ),
    (
        "genealogy-advisors",
        "?[n] := *person_name:by_value{value: 'Person 249995', id: p}, *dissertation_cid:by_value{value: p, id: pd}, *person_advised:by_value{value: pd, id: x}, *dissertation_cid:by_value{value: x, id: xd}, *person_advised:by_value{value: xd, id: y}, *person_name{id: y, value: n}",
    ),
    (
        "genealogy-university",
        "?[n] := *person_advised{id: x, value: d}, *dissertation_cid:by_value{value: x, id: xd}, *dissertation_univ{id: xd, value: u}, *dissertation_univ{id: d, value: v}, u == v, *dissertation_cid{id: d, value: y}, *person_name{id: y, value: n}",
    ),
    (
        "genealogy-areas",
        "?[n] := *person_advised{id: x, value: d}, *dissertation_cid:by_value{value: x, id: xd}, *dissertation_area{id: xd, value: a}, *dissertation_area{id: d, value: b}, a != b, *dissertation_cid{id: d, value: y}, *person_name{id: y, value: n}",
    ),
    (
        "genealogy-ancestors",
        "found[x] := *person_name:by_value{value: 'Person 249995', id: p}, *dissertation_cid:by_value{value: p, id: d}, *person_advised:by_value{value: d, id: x}\nfound[x] := found[z], *dissertation_cid:by_value{value: z, id: d}, *person_advised:by_value{value: d, id: x}\n?[n] := found[x], *person_name{id: x, value: n}",
    ),
];

/// What each node reaches: the step over an edge comes last, so that what is new is looked up in the stored relation.
const REACHES: &str = "reaches[x, y] := *follows{id: x, value: y}\nreaches[x, y] := reaches[x, t], *follows{id: t, value: y}\n?[x, y] := reaches[x, y]";

/// How the values of an attribute are kept.
#[derive(Clone, Copy, PartialEq)]
enum Key {
    /// `{id => value}`
    Entity,
    /// `{id, value}`
    Whole,
    /// `{id, at: Validity => value}`
    Timed,
}

struct Relation {
    key: Key,
    rows: Vec<Vec<DataValue>>,
}

type Relations = BTreeMap<String, Relation>;

fn word(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// Facts as rows of relations.
fn relations(data: &Dataset) -> Relations {
    let key = |a: usize| match data.changes.iter().any(|(_, b, _)| a == *b) {
        true => Key::Timed,
        false if data.attributes[a].many => Key::Whole,
        false => Key::Entity,
    };
    let named = |(a, attribute): (usize, &crate::plan::Attribute)| {
        (word(&attribute.name), Relation { key: key(a), rows: Vec::new() })
    };
    let mut relations: Relations = data.attributes.iter().enumerate().map(named).collect();
    let first = data.facts.iter().map(|fact| (1, fact));
    for (at, (id, a, v)) in first.chain(data.changes.iter().map(|fact| (2, fact))) {
        let Some(relation) = relations.get_mut(&word(&data.attributes[*a].name)) else { continue };
        let time = (relation.key == Key::Timed).then(|| validity(at));
        let row = std::iter::once(DataValue::from(*id)).chain(time);
        relation.rows.push(row.chain([DataValue::from(v.clone())]).collect());
    }
    relations
}

fn validity(at: i64) -> DataValue {
    DataValue::Validity(cozo::Validity::from((at, true)))
}

fn run(db: &DbInstance, script: &str, how: ScriptMutability) -> Result<NamedRows, Failure> {
    let min = BTreeMap::from([("min".to_string(), DataValue::from(50_000i64))]);
    db.run_script(script, min, how).map_err(|e| format!("{e:?}").into())
}

/// Relations without rows, and their indexes.
fn empty(relations: &Relations) -> Result<DbInstance, Failure> {
    let db = DbInstance::new("mem", "", "").map_err(|e| e.to_string())?;
    for (name, relation) in relations {
        let columns = match relation.key {
            Key::Entity => "id => value",
            Key::Whole => "id, value",
            Key::Timed => "id, at: Validity => value",
        };
        let make = |script: String| run(&db, &script, ScriptMutability::Mutable);
        make(format!(":create {name} {{{columns}}}"))?;
        if relation.key != Key::Timed {
            make(format!("::index create {name}:by_value {{value, id}}"))?;
        }
    }
    Ok(db)
}

fn loaded(relations: &Relations) -> Result<DbInstance, Failure> {
    let db = empty(relations)?;
    let named = |(name, relation): (&String, &Relation)| {
        let headers = match relation.key {
            Key::Timed => vec!["id", "at", "value"],
            _ => vec!["id", "value"],
        };
        let headers = headers.into_iter().map(String::from).collect();
        (name.clone(), NamedRows::new(headers, relation.rows.clone()))
    };
    let rows = relations.iter().map(named).collect();
    db.import_relations(rows).map_err(|e| format!("{e:?}"))?;
    Ok(db)
}

pub(crate) struct Cozo {
    db: DbInstance,
    relations: Relations,
}

impl Cozo {
    pub(crate) fn new(data: &Dataset) -> Result<Cozo, Failure> {
        let relations = relations(data);
        Ok(Cozo { db: loaded(&relations)?, relations })
    }

    /// Puts all rows, those of one batch in one transaction.
    fn add(
        &self,
        batch: impl Fn(usize, &DataValue) -> DataValue,
        pace: Pace,
    ) -> Result<Measured, Failure> {
        let mut batches: BTreeMap<DataValue, BTreeMap<&String, Vec<DataValue>>> = BTreeMap::new();
        let mut count = 0;
        for (name, relation) in &self.relations {
            for row in &relation.rows {
                let rows = batches.entry(batch(count, &row[0])).or_default();
                rows.entry(name).or_default().push(DataValue::List(row.clone()));
                count += 1;
            }
        }
        let put = |name: &String| {
            let arrow = if self.relations[name].key == Key::Whole { "," } else { " =>" };
            format!("{{ ?[id, value] <- $rows_of_{name} :put {name} {{id{arrow} value}} }}\n")
        };
        let transactions: Vec<(String, BTreeMap<String, DataValue>)> = batches
            .into_values()
            .map(|batch| {
                let script = batch.keys().map(|name| put(name)).collect();
                let rows = |(name, rows)| (format!("rows_of_{name}"), DataValue::List(rows));
                (script, batch.into_iter().map(rows).collect())
            })
            .collect();
        median(pace, || {
            let db = empty(&self.relations)?;
            for (script, rows) in &transactions {
                let put = db.run_script(script, rows.clone(), ScriptMutability::Mutable);
                put.map_err(|e| format!("{e:?}"))?;
            }
            Ok(count)
        })
    }

    fn find(&self, pace: Pace) -> Result<Measured, Failure> {
        let script = "?[v] := *full_name{id: $id, value: v}";
        median(pace, || {
            let mut found = 0;
            for id in 9000..11_000i64 {
                let id = BTreeMap::from([("id".to_string(), DataValue::from(id))]);
                let rows = self.db.run_script(script, id, ScriptMutability::Immutable);
                found += rows.map_err(|e| format!("{e:?}"))?.rows.len();
            }
            Ok(found)
        })
    }
}

impl Engine for Cozo {
    fn measure(&mut self, row: &Row, data: &Dataset, pace: Pace) -> Result<Measured, Failure> {
        match row.task.as_str() {
            "init" => median(pace, || loaded(&self.relations).map(|_| data.facts.len())),
            "add-fact" => self.add(|count, _| DataValue::from(count as i64), pace),
            "add-entity" => self.add(|_, id| id.clone(), pace),
            "add-all" => self.add(|_, _| DataValue::Null, pace),
            "find-datoms" => self.find(pace),
            "ask" | "ask-as-of" | "ask-since" | "ask-history" => {
                let query = match row.name.starts_with("rules-") {
                    true => REACHES,
                    false => {
                        let query = QUERIES.iter().find(|(name, _)| *name == row.name);
                        query.ok_or("what was taken back is not kept")?.1
                    }
                };
                let script = format!("{query}\n:timeout 60");
                median(pace, || Ok(run(&self.db, &script, ScriptMutability::Immutable)?.rows.len()))
            }
            task => Err(format!("no {task}").into()),
        }
    }
}
