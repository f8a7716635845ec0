//! The host's own: functions, which the database calls, and foreign things, which it only keeps.
//!
//! A function is called with JavaScript's data and gives JavaScript's data. What it throws ends the call of the API that it was
//! called from, which then throws the very same ([`crate::Error::Thrown`]).

use crate::calls::{self, Ended};
use crate::convert::{Names, from_edn, to_edn};
use crate::entities::entities;
use crate::error::Error;
use crate::handle::{Handle, Held};
use crate::value::JsValue;
use edn::{CallError, Object, Opaque, Str, Value};
use std::any::Any;
use std::sync::Arc;

type Body = dyn Fn(&JsValue, &[JsValue]) -> Result<JsValue, JsValue> + Send + Sync;

/// A function of the host's. A host makes one for each function that it meets and knows it again by its number.
///
/// ```
/// use js::{Function, JsValue, call};
/// let adult = Function::new(1, |_this, args| match args {
///     [JsValue::Number(age)] => Ok((*age > 18.0).into()),
///     _ => Err("not an age".into()),
/// });
/// let query = "[:find [?a ...] :in [?a ...] ?adult :where [(?adult ?a)]]";
/// let ages = JsValue::Array(vec![15.into(), 37.into()]);
/// let found = call("q", &[query.into(), ages, adult.into()]).unwrap();
/// assert_eq!(found, JsValue::Array(vec![37.into()]));
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Function(Handle<Callable>);

pub(crate) struct Callable {
    number: u64,
    body: Box<Body>,
}

impl Function {
    /// A function by the host's number of it. It is called with `this` and the arguments; an `Err` is what it threw.
    pub fn new(
        number: u64,
        body: impl Fn(&JsValue, &[JsValue]) -> Result<JsValue, JsValue> + Send + Sync + 'static,
    ) -> Function {
        Function(Handle::new(Callable { number, body: Box::new(body) }))
    }

    /// The host's number of it.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// Calls it, unless something was thrown in this call of the API before.
    pub(crate) fn call(&self, this: &JsValue, args: &[JsValue]) -> Result<JsValue, Ended> {
        self.0.run(this, args)
    }

    pub(crate) fn to_value(&self) -> Value {
        self.0.to_value()
    }

    pub(crate) fn of(object: &Opaque) -> Option<Function> {
        Handle::of(object).map(Function)
    }

    /// As a transaction function: what it gives is transaction data.
    pub(crate) fn for_transactions(&self) -> Value {
        Value::Opaque(Opaque(Arc::new(TransactionFunction(self.clone()))))
    }
}

impl Callable {
    fn run(&self, this: &JsValue, args: &[JsValue]) -> Result<JsValue, Ended> {
        calls::unless_thrown(|| (self.body)(this, args))
    }

    fn run_on(&self, args: &[Value]) -> Result<JsValue, CallError> {
        let args: Vec<JsValue> = args.iter().map(|arg| from_edn(arg, Names::Kept)).collect();
        self.run(&JsValue::Undefined, &args).map_err(|Ended| CallError("it threw".into()))
    }
}

fn failed(error: Error) -> CallError {
    CallError(error.to_string())
}

impl Held for Callable {
    const KIND: &'static str = "function";

    fn call(&self, args: &[Value]) -> Result<Value, CallError> {
        to_edn(&self.run_on(args)?).map_err(failed)
    }
}

struct TransactionFunction(Function);

impl Object for TransactionFunction {
    fn kind(&self) -> &str {
        Callable::KIND
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn call(&self, args: &[Value]) -> Result<Value, CallError> {
        entities(&self.0.0.run_on(args)?).map_err(failed)
    }
}

/// Something of the host's that JavaScript's data has no form for: an instance of a class, a symbol, a `Map`. A host makes one
/// for each that it meets and knows it again by its number.
#[derive(Clone, PartialEq, Debug)]
pub struct Foreign(Handle<Kept>);

pub(crate) struct Kept {
    number: u64,
    printed: Str,
}

impl Foreign {
    /// A thing by the host's number of it, and how it prints.
    pub fn new(number: u64, printed: &str) -> Foreign {
        Foreign(Handle::new(Kept { number, printed: printed.into() }))
    }

    /// The host's number of it.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// How it prints.
    pub fn printed(&self) -> &str {
        &self.0.printed
    }

    pub(crate) fn to_value(&self) -> Value {
        self.0.to_value()
    }

    pub(crate) fn of(object: &Opaque) -> Option<Foreign> {
        Handle::of(object).map(Foreign)
    }
}

impl Held for Kept {
    const KIND: &'static str = "object";

    fn print(&self) -> String {
        self.printed.to_string()
    }
}
