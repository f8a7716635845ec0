//! This engine's times, and what its data look like to it.

use crate::Failure;
use crate::clock::{Measured, Pace, median};
use crate::data::{Atom, Attribute, Dataset};
use crate::rows::{Batch, Row, Task, View};
use db::{Db, Entity, EntityValue, Index, Input, Query, Schema, TX0};
use edn::Value;

/// Every how many entities one is shuffled to its place when all are retracted; prime to their number.
const STRIDE: usize = 7919;

pub(crate) fn keyword(name: &str) -> Value {
    Value::keyword(name)
}

pub(crate) fn value(atom: &Atom) -> Value {
    match atom {
        Atom::Int(n) => Value::Int(*n),
        Atom::Text(text) => Value::from(text.as_str()),
        Atom::Word(name) => Value::keyword(name),
        Atom::Flag(flag) => Value::Bool(*flag),
        Atom::Ref(e) => Value::from(*e),
    }
}

/// `{:alias {:db/cardinality :db.cardinality/many} …}`
pub(crate) fn schema_map(attributes: &[Attribute]) -> Value {
    let properties = |a: &Attribute| {
        let said = [
            (a.many, "db/cardinality", "db.cardinality/many"),
            (a.reference, "db/valueType", "db.type/ref"),
            (a.identity, "db/unique", "db.unique/identity"),
        ];
        let mut said: Vec<(Value, Value)> = said
            .iter()
            .filter(|(is, ..)| *is)
            .map(|(_, key, value)| (keyword(key), keyword(value)))
            .collect();
        if a.index {
            said.push((keyword("db/index"), Value::Bool(true)));
        }
        said
    };
    let said = attributes.iter().map(|a| (keyword(a.name), properties(a)));
    Value::map(said.filter(|(_, p)| !p.is_empty()).map(|(a, p)| (a, Value::map(p))).collect())
}

type Fact = (u32, Value, Value, u32);

fn facts(data: &Dataset) -> impl Iterator<Item = Fact> {
    let names: Vec<Value> = data.attributes.iter().map(|a| keyword(a.name)).collect();
    data.facts().map(move |(e, a, v)| (e, names[a].clone(), value(v), TX0 + 1))
}

/// A database of a data set.
pub(crate) fn loaded(data: &Dataset) -> Result<Db, Failure> {
    Ok(Db::init(Schema::new(&schema_map(&data.attributes))?, facts(data))?)
}

/// Entities as maps with a tempid each; where it may be several, an attribute has a vector.
fn maps(data: &Dataset) -> Vec<Value> {
    let map = |e: &crate::data::Entity| {
        let mut entries = vec![(keyword("db/id"), Value::from(e.id.to_string()))];
        for (a, attribute) in data.attributes.iter().enumerate() {
            let values = || e.facts.iter().filter(|(b, _)| *b == a).map(|(_, v)| value(v));
            let said = match attribute.many {
                true => Some(Value::vector(values().collect())).filter(|v| v.as_seq() != Some(&[])),
                false => values().next(),
            };
            entries.extend(said.map(|v| (keyword(attribute.name), v)));
        }
        Value::map(entries)
    };
    data.entities.iter().map(map).collect()
}

/// The data in one transaction, the changes in another.
fn changed(empty: Db, data: &Dataset) -> Result<Db, Failure> {
    let said = |(e, a, v): &(u32, usize, Atom)| {
        let name = keyword(data.attributes[*a].name);
        Value::vector(vec![keyword("db/add"), Value::from(*e), name, value(v)])
    };
    let db = empty.db_with(&Value::vector(maps(data)))?;
    Ok(db.db_with(&Value::vector(data.changes.iter().map(said).collect()))?)
}

/// A data set as this engine has it.
pub(crate) struct Ours {
    pub(crate) db: Db,
    schema: Schema,
    facts: Vec<Fact>,
}

impl Ours {
    pub(crate) fn new(data: &Dataset) -> Result<Ours, Failure> {
        let schema = Schema::new(&schema_map(&data.attributes))?;
        let facts: Vec<Fact> = facts(data).collect();
        let db = match data.changes.is_empty() {
            true => Db::init(schema.clone(), facts.iter().cloned())?,
            false => changed(Db::empty_with_history(schema.clone()), data)?,
        };
        Ok(Ours { db, schema, facts })
    }

    /// The time of a row and how much it gave; with `as_edn` the answer as Clojure's own data.
    pub(crate) fn run(
        &self,
        row: &Row,
        data: &Dataset,
        as_edn: bool,
        pace: Pace,
    ) -> Result<Measured, Failure> {
        match row.task {
            Task::Ask(query, inputs) => self.ask(&self.db, query, inputs, as_edn, pace),
            Task::AskView(view, query) => {
                let before = Value::from(self.db.max_tx() - 1);
                let db = match view {
                    View::AsOf => self.db.as_of(&before)?,
                    View::Since => self.db.since(&before)?,
                    View::History => self.db.history(),
                };
                self.ask(&db, query, &[], as_edn, pace)
            }
            Task::Pull(pattern) => {
                let pattern = edn::read(pattern)?;
                let one = Value::from(1);
                median(pace, || {
                    let pulled = db::pull(&self.db, &pattern, &one)?;
                    Ok(entities_of(&pulled))
                })
            }
            Task::Entities(attributes) => {
                let attributes: Vec<Value> = attributes.iter().map(|a| keyword(a)).collect();
                let id = edn::read("[:id 1]")?;
                median(pace, || {
                    let entity = db::entity(&self.db, &id)?.ok_or("no entity 1")?;
                    Ok(entities_of(&as_map(&entity, &attributes, &keyword("follows"))))
                })
            }
            Task::Find { one } => self.find(one, pace),
            Task::Add(batch) => self.add(batch, data, pace),
            Task::Init => {
                median(
                    pace,
                    || Ok(Db::init(self.schema.clone(), self.facts.iter().cloned())?.len()),
                )
            }
            Task::Retract => {
                let count = data.entities.len();
                let ids = (0..count).map(|i| data.entities[i * STRIDE % count].id);
                let op = |e| Value::vector(vec![keyword("db.fn/retractEntity"), Value::from(e)]);
                let txs: Vec<Value> = ids.map(|e| Value::vector(vec![op(e)])).collect();
                median(pace, || {
                    let mut db = self.db.clone();
                    for tx in &txs {
                        db.transact(tx)?;
                    }
                    all_indexes(&db)
                })
            }
            Task::Freeze => median(pace, || Ok(db::serializable(&self.db)?.len().min(1))),
            Task::Thaw => {
                let text = db::serializable(&self.db)?;
                median(pace, || Ok(db::from_serializable(&text)?.len()))
            }
        }
    }

    /// How a query is answered.
    pub(crate) fn explain(&self, row: &Row) -> Result<String, Failure> {
        let Task::Ask(query, more) = row.task else { return Ok(String::new()) };
        let mut inputs = vec![Input::from(&self.db)];
        for input in more {
            inputs.push(edn::read(input)?.into());
        }
        Ok(db::explain(&edn::read(query)?, &inputs)?.to_string())
    }

    fn ask(
        &self,
        db: &Db,
        query: &str,
        more: &[&str],
        as_edn: bool,
        pace: Pace,
    ) -> Result<Measured, Failure> {
        let query = edn::read(query)?;
        let mut inputs = vec![Input::from(db)];
        for input in more {
            inputs.push(edn::read(input)?.into());
        }
        median(pace, || {
            let answer = Query::parse(&query)?.run(&inputs)?;
            let rows = answer.len();
            if as_edn {
                std::hint::black_box(answer.into_value());
            }
            Ok(rows)
        })
    }

    fn find(&self, one: bool, pace: Pace) -> Result<Measured, Failure> {
        let name = keyword("full-name");
        median(pace, || {
            let mut found = 0;
            for e in 9000..11_000i64 {
                let components = [Value::from(e), name.clone()];
                let datom = match one {
                    true => self.db.find_datom(Index::Eavt, &components)?,
                    false => self.db.datoms(Index::Eavt, &components)?.next(),
                };
                found += usize::from(datom.map(|d| self.db.value(d.v)).is_some());
            }
            Ok(found)
        })
    }

    fn add(&self, batch: Batch, data: &Dataset, pace: Pace) -> Result<Measured, Failure> {
        let op = |(e, a, v, _): &Fact| {
            Value::vector(vec![keyword("db/add"), Value::from(*e), a.clone(), v.clone()])
        };
        let alone = |form: Value| Value::vector(vec![form]);
        let txs: Vec<Value> = match batch {
            Batch::Fact => self.facts.iter().map(op).map(alone).collect(),
            Batch::Entity => maps(data).into_iter().map(alone).collect(),
            Batch::All => vec![Value::vector(maps(data))],
        };
        median(pace, || {
            let mut db = Db::empty(self.schema.clone());
            for tx in &txs {
                db.transact(tx)?;
            }
            all_indexes(&db)
        })
    }
}

/// How many datoms there are, when each index has been looked at: what has been put off until then is part of the time.
fn all_indexes(db: &Db) -> Result<usize, Failure> {
    for index in [Index::Eavt, Index::Aevt, Index::Avet] {
        std::hint::black_box(db.datoms(index, &[])?.next());
    }
    Ok(db.len())
}

fn as_map(entity: &Entity, attributes: &[Value], follows: &Value) -> Value {
    let mut map: Vec<(Value, Value)> = Vec::with_capacity(attributes.len() + 1);
    for attribute in attributes {
        let said = match entity.get(attribute) {
            Some(EntityValue::Value(value)) => value,
            Some(EntityValue::Values(values)) => Value::Set(values),
            _ => continue,
        };
        map.push((attribute.clone(), said));
    }
    let followed = entity.get(follows);
    let followed = followed.iter().flat_map(EntityValue::entities);
    let followed = followed.map(|e| as_map(e, attributes, follows)).collect();
    map.push((follows.clone(), Value::vector(followed)));
    Value::map(map)
}

/// How many maps there are in a result.
fn entities_of(value: &Value) -> usize {
    match value {
        Value::Map(map) => 1 + map.values().map(entities_of).sum::<usize>(),
        other => other.as_seq().map_or(0, |items| items.iter().map(entities_of).sum()),
    }
}
