//! What a database says, without its entities' numbers and without when it was said, so that two can be compared.

use db::{Db, EntityId, Index, Prefix, TX0};
use edn::Value;
use std::collections::BTreeSet;

/// What names an entity by itself.
const NAMES: [&str; 4] = ["statement/fqn", "file/path", "namespace/name", "analyser/name"];

/// What names one by another entity or by several things: an edge, a definition inside a statement.
const PARTS: [&str; 5] =
    ["dependency/from", "dependency/to", "dependency/type", "definition/fqn", "definition/type"];

/// When something was said, and places with room between them, which depend on what was there before.
const OF_HISTORY: [&str; 3] = ["statement/created-at", "statement/modified-at", "statement/order"];

/// Each fact as a line: the entity by its names, the attribute, the value.
pub(super) fn of(db: &Db) -> BTreeSet<String> {
    let names = Names { db };
    let all = db.scan(Index::Eavt, &Prefix::default());
    all.filter(|datom| datom.e < TX0)
        .filter_map(|datom| {
            let attribute = db.schema().get(datom.a);
            let name = attribute.name();
            if OF_HISTORY.iter().any(|own| name.is_keyword(own)) {
                return None;
            }
            let value = match datom.v.as_entity().filter(|_| attribute.is_ref()) {
                Some(entity) => names.of(entity),
                None => db.value(datom.v).to_string(),
            };
            Some(format!("{} {name} {value}", names.of(datom.e)))
        })
        .collect()
}

/// The names of a database's entities.
struct Names<'a> {
    db: &'a Db,
}

impl Names<'_> {
    fn of(&self, entity: EntityId) -> String {
        let get = |name: &str| self.db.get(entity, &Value::keyword(name));
        if let Some(name) = NAMES.iter().find_map(|name| get(name)) {
            return name.to_string();
        }
        let part = |name: &str| match get(name)? {
            Value::Int(other) if name == "dependency/from" || name == "dependency/to" => {
                Some(u32::try_from(other).map_or_else(|e| e.to_string(), |other| self.of(other)))
            }
            value => Some(value.to_string()),
        };
        format!("({})", PARTS.iter().filter_map(|name| part(name)).collect::<Vec<_>>().join(" "))
    }
}
