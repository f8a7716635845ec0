//! Why a transaction is refused.

use crate::datom::EntityId;
use crate::db::DbError;

/// Why a transaction is refused. The messages are DataScript's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TxError {
    /// The transaction data is no collection.
    #[error("Bad transaction data {0}, expected sequential collection")]
    NotSequential(String),
    /// A form that is neither map nor vector.
    #[error("Bad entity type at {0}, expected map or vector")]
    BadForm(String),
    /// A vector that starts with no known operation.
    #[error(
        "Unknown operation at {0}, expected :db/add, :db/retract, :db.fn/call, :db.fn/retractAttribute, :db.fn/retractEntity or an ident corresponding to an installed transaction function (e.g. {{:db/ident <keyword> :db/fn <Ifn>}}, usage of :db/ident requires {{:db/unique :db.unique/identity}} in schema)"
    )]
    UnknownOperation(String),
    /// An operation with a wrong number of arguments.
    #[error("Bad arguments at {form}, expected {expected}")]
    Arguments {
        /// The form.
        form: String,
        /// Its right shape.
        expected: &'static str,
    },
    /// An attribute that is neither keyword nor string.
    #[error("Bad entity attribute {attribute} at {form}, expected keyword or string")]
    BadAttribute {
        /// What stands for the attribute.
        attribute: String,
        /// Where.
        form: String,
    },
    /// A value that is nil.
    #[error("Cannot store nil as a value at {0}")]
    NilValue(String),
    /// `:db/id` of a kind that names nothing.
    #[error("Expected number, string or lookup ref for :db/id, got {0}")]
    BadId(String),
    /// A reverse attribute that is not a reference.
    #[error(
        "Bad attribute {attribute}: reverse attribute name requires {{:db/valueType :db.type/ref}} in schema"
    )]
    ReverseNotRef {
        /// The attribute as written.
        attribute: String,
    },
    /// Another entity has this value of a unique attribute.
    #[error("Cannot add {datom} because of unique constraint: ({existing})")]
    Unique {
        /// What was to be added.
        datom: String,
        /// What has the value.
        existing: String,
    },
    /// A tempid that unique values make name two entities.
    #[error("Conflicting upsert: {tempid} resolves both to {first} and {second}")]
    ConflictingUpsert {
        /// The tempid.
        tempid: String,
        /// The entity found last.
        first: EntityId,
        /// The entity found before.
        second: EntityId,
    },
    /// A map whose unique value names another entity than its `:db/id`.
    #[error("Conflicting upsert: {said} resolves to {entity}, but entity already has :db/id {id}")]
    UpsertOfAnother {
        /// The attribute and its value.
        said: String,
        /// The entity that has it.
        entity: EntityId,
        /// What the map says.
        id: String,
    },
    /// A unique value of another entity than the one its tempid was found to name.
    #[error("Conflicting upsert: {entity} resolves to {upserted} via {form}")]
    LateUpsert {
        /// The entity.
        entity: EntityId,
        /// The entity that has the value.
        upserted: EntityId,
        /// What was to be added.
        form: String,
    },
    /// Several unique attributes of one map that name different entities.
    #[error(
        "Conflicting upserts: {first} resolves to {first_entity}, but {second} resolves to {second_entity}"
    )]
    ConflictingUpserts {
        /// One attribute and value.
        first: String,
        /// What it names.
        first_entity: u32,
        /// Another attribute and value.
        second: String,
        /// What that names.
        second_entity: u32,
    },
    /// Compare and set found something else.
    #[error(":db.fn/cas failed on datom [{entity} {attribute} {found}], expected {expected}")]
    Cas {
        /// The entity.
        entity: u32,
        /// The attribute.
        attribute: String,
        /// What is there.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A tempid where only something known can stand.
    #[error("Can't use tempid in '{form}'. Tempids are allowed in :db/add only")]
    TempidNotAllowed {
        /// The form.
        form: String,
    },
    /// Tempids that no form says anything about.
    #[error("Tempids used only as value in transaction: ({0})")]
    OnlyAsValue(String),
    /// A composite tuple written by hand.
    #[error("Can’t modify tuple attrs directly: {0}")]
    TupleAttribute(String),
    /// No more entity ids.
    #[error("Highest supported entity id is 2147483647, got {0}")]
    IdOutOfRange(i64),
    /// An operation that no entity goes by.
    #[error("Can’t find entity for transaction fn {0}")]
    UnknownFunction(String),
    /// An operation that an entity without a function goes by.
    #[error("Entity {0} expected to have :db/fn attribute with fn? value")]
    NotAFunction(String),
    /// A transaction function that failed.
    #[error("Transaction function {function} failed: {message}")]
    Function {
        /// The function.
        function: String,
        /// What it said.
        message: String,
    },
    /// Transaction functions that go on and on.
    #[error("Transaction of more than {0} forms: a transaction function that calls itself?")]
    TooLong(usize),
    /// A view cannot be written to.
    #[error("Filtered DB cannot be modified")]
    ReadOnlyView,
    /// An entity could not be identified.
    #[error(transparent)]
    Db(#[from] DbError),
}
