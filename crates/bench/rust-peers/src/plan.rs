//! What the benchmark wrote down for its peers: rows, how long to run them, data.

use crate::Failure;
use crate::clock::Pace;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What is to be measured, by its name; how an engine does it is the engine's own.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) dataset: String,
    pub(crate) task: String,
}

/// An attribute, and what its schema and its values say.
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// `long`, `string`, `keyword`, `boolean` or `ref`.
    pub(crate) kind: String,
    pub(crate) many: bool,
    pub(crate) unique: bool,
}

/// Entity, attribute by its place, value.
pub(crate) type Fact = (i64, usize, Value);

pub(crate) struct Dataset {
    pub(crate) name: String,
    pub(crate) attributes: Vec<Attribute>,
    /// By entity.
    pub(crate) facts: Vec<Fact>,
    /// What a second transaction says.
    pub(crate) changes: Vec<Fact>,
}

pub(crate) struct Plan {
    pub(crate) rows: Vec<Row>,
    pub(crate) pace: Pace,
    datasets: Value,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

impl Plan {
    pub(crate) fn read(folder: &Path) -> Result<Plan, Failure> {
        let plan: Value = serde_json::from_slice(&std::fs::read(folder.join("plan.json"))?)?;
        let ms = |key: &str| Duration::from_millis(plan[key].as_u64().unwrap_or_default());
        let least = plan["least-runs"].as_u64().unwrap_or(1) as usize;
        let pace = Pace { warm_up: ms("warmup-ms"), measure: ms("measure-ms"), least };
        let row = |row: &Value| {
            let said = |key: &str| text(&row[key]);
            Row { name: said("name"), dataset: said("dataset"), task: said("task") }
        };
        let rows = plan["rows"].as_array().map(|rows| rows.iter().map(row).collect());
        Ok(Plan { rows: rows.unwrap_or_default(), pace, datasets: plan["datasets"].clone() })
    }

    pub(crate) fn dataset(&self, folder: &Path, name: &str) -> Result<Dataset, Failure> {
        let said = &self.datasets[name];
        let types: BTreeMap<&String, &Value> =
            said["types"].as_object().into_iter().flatten().collect();
        let attributes: Vec<Attribute> = types
            .into_iter()
            .map(|(name, kind)| {
                let schema = &said["schema"][name];
                Attribute {
                    name: name.clone(),
                    kind: text(kind),
                    many: schema[":db/cardinality"] == ":db.cardinality/many",
                    unique: schema[":db/unique"].is_string(),
                }
            })
            .collect();
        let fact = |said: Value| {
            let attribute = said[1].as_str().unwrap_or_default();
            let place = attributes.iter().position(|a| a.name == attribute);
            Ok((
                said[0].as_i64().ok_or("no entity")?,
                place.ok_or("no attribute")?,
                said[2].clone(),
            ))
        };
        let lines = std::fs::read_to_string(folder.join(text(&said["facts"])))?;
        let facts: Result<Vec<Fact>, Failure> =
            lines.lines().map(|line| fact(serde_json::from_str(line)?)).collect();
        let changes = said["changes"].as_array().into_iter().flatten();
        let changes: Result<Vec<Fact>, Failure> = changes.map(|said| fact(said.clone())).collect();
        Ok(Dataset { name: name.into(), facts: facts?, changes: changes?, attributes })
    }
}
