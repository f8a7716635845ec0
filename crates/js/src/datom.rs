//! Datoms as JavaScript has them: objects with `e`, `a`, `v` and `tx`.

use crate::convert::{Names, from_edn, to_edn};
use crate::error::Error;
use crate::value::JsValue;
use db::{Db, EntityId, datom_from_reader};
use edn::{Symbol, Tagged, Value};
use std::fmt;
use std::sync::Arc;

/// A datom. It keeps its attribute and value as the database has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Datom {
    /// The entity.
    pub e: EntityId,
    /// The transaction.
    pub tx: EntityId,
    /// Whether it was asserted; retracted otherwise.
    pub added: bool,
    a: Value,
    v: Value,
}

impl Datom {
    /// A datom of its properties.
    ///
    /// ```
    /// use js::{Datom, JsValue};
    /// let datom = Datom::new(&1.into(), &"name".into(), &"Ivan".into(), &(-536870913.0).into()).unwrap();
    /// assert_eq!((datom.tx, datom.added), (536870913, false));
    /// assert_eq!(datom.signed_tx(), -536870913.0);
    /// ```
    pub fn new(e: &JsValue, a: &JsValue, v: &JsValue, tx: &JsValue) -> Result<Datom, Error> {
        let (tx, added) = match tx {
            JsValue::Number(tx) => (&JsValue::Number(tx.abs()), *tx >= 0.0),
            other => (other, true),
        };
        let parts = [to_edn(e)?, to_edn(a)?, to_edn(v)?, to_edn(tx)?, Value::Bool(added)];
        let (e, a, v, tx, added) = datom_from_reader(&Value::vector(parts.to_vec()))?;
        Ok(Datom { e, a, v, tx, added })
    }

    pub(crate) fn of(db: &Db, datom: &db::Datom) -> Datom {
        let (a, v) = (db.attr_name(datom.a).clone(), db.value(datom.v));
        Datom { e: datom.e, a, v, tx: datom.tx, added: datom.added }
    }

    /// The attribute.
    pub fn a(&self) -> JsValue {
        from_edn(&self.a, Names::Kept)
    }

    /// The value.
    pub fn v(&self) -> JsValue {
        from_edn(&self.v, Names::Kept)
    }

    /// The property `tx`: negative where the datom retracts, which is all that shows that it does.
    pub fn signed_tx(&self) -> f64 {
        if self.added { f64::from(self.tx) } else { -f64::from(self.tx) }
    }

    /// As a form of a transaction.
    pub(crate) fn to_value(&self) -> Value {
        let Datom { e, tx, added, .. } = *self;
        let parts = vec![e.into(), self.a.clone(), self.v.clone(), tx.into(), added.into()];
        let tag = Symbol::parse("datascript/Datom");
        Value::Tagged(Arc::new(Tagged { tag, value: Value::vector(parts) }))
    }
}

/// As DataScript prints it.
impl fmt::Display for Datom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_value())
    }
}
