//! What of a running program goes through the database as it is: shared, told apart by identity, and found again when it
//! comes back inside of a value.

use edn::{CallError, Object, Opaque, Value};
use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Weak};

/// What a handle holds.
pub(crate) trait Held: Send + Sync + 'static {
    /// What it is, for messages.
    const KIND: &'static str;

    fn print(&self) -> String {
        format!("#object[{}]", Self::KIND)
    }

    fn call(&self, _args: &[Value]) -> Result<Value, CallError> {
        Err(CallError(format!("{} is not a function", Self::KIND)))
    }
}

/// A shared thing. Two are equal when they are the same one.
pub(crate) struct Handle<T>(Arc<Shared<T>>);

pub(crate) struct Shared<T> {
    /// So that whoever meets the thing inside of a value can share it.
    this: Weak<Shared<T>>,
    held: T,
}

impl<T: Held> Handle<T> {
    pub(crate) fn new(held: T) -> Handle<T> {
        Handle(Arc::new_cyclic(|this| Shared { this: this.clone(), held }))
    }

    pub(crate) fn to_value(&self) -> Value {
        Value::Opaque(Opaque(self.0.clone()))
    }

    /// The handle that went into a value.
    pub(crate) fn of(object: &Opaque) -> Option<Handle<T>> {
        object.0.as_any().downcast_ref::<Shared<T>>()?.this.upgrade().map(Handle)
    }
}

impl<T: Held> Object for Shared<T> {
    fn kind(&self) -> &str {
        T::KIND
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn print(&self) -> String {
        self.held.print()
    }

    fn call(&self, args: &[Value]) -> Result<Value, CallError> {
        self.held.call(args)
    }
}

impl<T> Deref for Handle<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.held
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Handle(self.0.clone())
    }
}

impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: Held> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::KIND)
    }
}
