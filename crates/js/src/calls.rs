//! The calls of the API that are going on in this thread, one inside of the other where a function of the host's calls the API.
//!
//! A call remembers what was thrown inside of it, since the database stops for a failing function but knows nothing of
//! what it threw, and a filter cannot fail at all. It also remembers the databases it was given, so that a function that gets one
//! gets the very same.
//!
//! Invariants
//! - After a function threw, no other is called until the call of the API that it was called from has ended.
//! - Calls nest at most [`MAX_NESTED`] deep: what calls itself without end runs into an error, not out of stack.

use crate::database::Database;
use crate::error::Error;
use crate::value::JsValue;
use db::Db;
use std::cell::RefCell;

/// How deep calls nest: functions that the API calls and that call the API.
pub const MAX_NESTED: usize = 64;

thread_local! {
    static CALLS: RefCell<Vec<Call>> = const { RefCell::new(Vec::new()) };
}

struct Call {
    databases: Vec<Database>,
    thrown: Option<JsValue>,
}

/// The call a function was called from is to end: something was thrown in it.
#[derive(Debug)]
pub(crate) struct Ended;

impl From<Ended> for Error {
    /// Of no account: [`within`] gives what was thrown.
    fn from(_: Ended) -> Error {
        Error::Thrown(JsValue::Undefined)
    }
}

/// A call that goes on for as long as this lives.
struct Going;

impl Going {
    fn start(databases: Vec<Database>) -> Result<Going, Error> {
        CALLS.with_borrow_mut(|calls| match calls.len() {
            MAX_NESTED => Err(Error::NestedCalls),
            _ => {
                calls.push(Call { databases, thrown: None });
                Ok(Going)
            }
        })
    }

    fn thrown(&self) -> Option<JsValue> {
        CALLS.with_borrow_mut(|calls| calls.last_mut().and_then(|call| call.thrown.take()))
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        CALLS.with_borrow_mut(Vec::pop);
    }
}

/// Runs the body of a call that was given these databases.
pub(crate) fn within<T>(
    databases: Vec<Database>,
    body: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let going = Going::start(databases)?;
    let result = body();
    match going.thrown() {
        Some(thrown) => Err(Error::Thrown(thrown)),
        None => result,
    }
}

/// Runs a function of the host's and remembers what it throws.
pub(crate) fn unless_thrown(
    function: impl FnOnce() -> Result<JsValue, JsValue>,
) -> Result<JsValue, Ended> {
    let goes_on = |calls: &Vec<Call>| calls.last().is_some_and(|call| call.thrown.is_none());
    if !CALLS.with_borrow(goes_on) {
        return Err(Ended);
    }
    function().map_err(|thrown| {
        CALLS.with_borrow_mut(|calls| {
            if let Some(call) = calls.last_mut() {
                call.thrown = Some(thrown);
            }
        });
        Ended
    })
}

/// A database as JavaScript knows it.
pub(crate) fn known(db: &Db) -> Database {
    let found = CALLS.with_borrow(|calls| {
        let databases = calls.last().map_or(&[][..], |call| &call.databases);
        databases.iter().find(|known| known.db().is_same(db)).cloned()
    });
    found.unwrap_or_else(|| Database::new(db.clone()))
}
