//! The arguments of a call: those that are missing are `undefined`.

use crate::conn::Connection;
use crate::database::Database;
use crate::entity::Entity;
use crate::error::Error;
use crate::function::Function;
use crate::value::JsValue;

/// What a call gives.
pub(crate) type Answer = Result<JsValue, Error>;

#[derive(Clone, Copy)]
pub(crate) struct Args<'a> {
    pub(crate) function: &'static str,
    pub(crate) values: &'a [JsValue],
}

impl<'a> Args<'a> {
    pub(crate) fn at(&self, place: usize) -> &'a JsValue {
        self.values.get(place).unwrap_or(&JsValue::Undefined)
    }

    /// The arguments from a place on.
    pub(crate) fn from(&self, place: usize) -> &'a [JsValue] {
        self.values.get(place..).unwrap_or_default()
    }

    pub(crate) fn expected(&self, expected: &'static str, place: usize) -> Error {
        Error::Argument { function: self.function, expected, got: self.at(place).to_string() }
    }

    pub(crate) fn database(&self, place: usize) -> Result<&'a Database, Error> {
        match self.at(place) {
            JsValue::Database(database) => Ok(database),
            _ => Err(self.expected("a database", place)),
        }
    }

    pub(crate) fn connection(&self, place: usize) -> Result<&'a Connection, Error> {
        match self.at(place) {
            JsValue::Connection(connection) => Ok(connection),
            _ => Err(self.expected("a connection", place)),
        }
    }

    pub(crate) fn entity(&self, place: usize) -> Result<&'a Entity, Error> {
        match self.at(place) {
            JsValue::Entity(entity) => Ok(entity),
            _ => Err(self.expected("an entity", place)),
        }
    }

    pub(crate) fn function(&self, place: usize) -> Result<&'a Function, Error> {
        match self.at(place) {
            JsValue::Function(function) => Ok(function),
            _ => Err(self.expected("a function", place)),
        }
    }

    /// The text of a query or a pattern.
    pub(crate) fn text(&self, place: usize) -> Result<&'a str, Error> {
        match self.at(place) {
            JsValue::String(text) => Ok(text),
            other if other.is_nil() => Ok(""),
            _ => Err(self.expected("a text", place)),
        }
    }
}
