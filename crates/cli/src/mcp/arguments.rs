//! From a type to the JSON schema that assistants are shown, and from JSON to that type.
//!
//! Every token of a schema is paid in every conversation, so what says nothing is taken away: titles, formats, that
//! what may be left out may also be null.

use crate::problem::{Outcome, Problem};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// The schema of a type.
pub(super) fn schema<T: JsonSchema>() -> Object {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    shorten(&mut schema);
    match schema {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

fn shorten(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    for key in ["$schema", "title", "format", "default", "description"] {
        // The description of a whole object is that of its tool.
        if key != "description" || object.contains_key("properties") {
            object.remove(key);
        }
    }
    if object.get("minimum").is_some_and(|least| least.as_f64() == Some(0.0)) {
        object.remove("minimum");
    }
    if let Some(Value::Array(types)) = object.get("type")
        && let Some(first) = types.first().cloned()
    {
        object.insert("type".to_owned(), first);
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.values_mut().for_each(shorten);
    }
    if let Some(items) = object.get_mut("items") {
        shorten(items);
    }
}

/// Reads arguments.
pub(super) fn read<T: DeserializeOwned>(arguments: Object) -> Outcome<T> {
    serde_json::from_value(Value::Object(arguments))
        .map_err(|e| Problem::new(format!("the arguments are not as the tool's schema says: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(serde::Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Some {
        /// Names.
        names: Vec<String>,
        /// At most so many.
        limit: Option<usize>,
    }

    #[test]
    fn schemas_say_what_is_needed_and_no_more() {
        assert_eq!(
            Value::Object(schema::<Some>()),
            json!({
                "type": "object",
                "properties": {
                    "names": {"type": "array", "items": {"type": "string"}, "description": "Names."},
                    "limit": {"type": "integer", "description": "At most so many."},
                },
                "required": ["names"],
                "additionalProperties": false,
            })
        );
    }

    #[test]
    fn wrong_arguments_are_explained() {
        let wrong = |text: &str| {
            let Ok(Value::Object(object)) = serde_json::from_str(text) else { panic!("{text}") };
            read::<Some>(object).map(|some| (some.names, some.limit)).unwrap_err().to_string()
        };
        assert!(wrong("{}").contains("missing field `names`"));
        assert!(
            wrong(r#"{"names": [], "limt": 1}"#)
                .contains("unknown field `limt`, expected `names` or `limit`")
        );
        assert!(wrong(r#"{"names": [], "limit": -1}"#).contains("invalid value"));
    }
}
