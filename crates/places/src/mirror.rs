//! A code database as rows of tables, for programs that speak SQL: what they are, and what a transaction changes of them.
//!
//! | table | a row is |
//! |---|---|
//! | `statements` | an entity with `:statement/fqn` |
//! | `dependencies` | an entity with `:dependency/from` and `:dependency/to`, both of them rows of `statements` |
//! | `namespaces` | an entity with `:namespace/name` |
//!
//! This module knows no SQL: [`TABLES`] has the columns with what they hold, [`whole`] every row of a database, [`since`] what changed
//! after a transaction. Whoever keeps tables takes out the rows of [`TableChange::gone`] and puts in [`TableChange::rows`], table by
//! table: first all that goes, the last table first, then all that comes, the first table first. So names can change places, and what
//! a row refers to is always there.
//!
//! Invariants
//! - A row's number is its entity's id. Rows changed by `since` from what `whole` gave for a database as it was are what `whole` gives
//!   for it as it is, provided that the one is the other's past, under the same schema, and history is kept.
//! - Numbers, names of statements and names of namespaces are unique, and only attributes that are unique give such names: where a merge left two entities with one name, the one with the
//!   lower id is shown.
//! - What an attribute says in a kind that its column does not have is shown as null, or in text as it prints.
//!
//! Costs: `whole` looks at every such entity. `since` looks at what changed, at the statements of a file that was renamed, and at the
//! dependencies of statements that came, went or were renamed.
//!
//! ```
//! use db::{Db, Schema};
//! use places::mirror::{Field, TABLES, since, whole};
//! let schema = edn::read("{:statement/fqn {:db/unique :db.unique/identity}}").unwrap();
//! let tx = |text: &str| edn::read(text).unwrap();
//! let db = Db::empty_with_history(Schema::new(&schema).unwrap())
//!     .db_with(&tx(r#"[{:statement/fqn "app/a"} {:statement/fqn "app/b" :statement/type :defn}]"#))
//!     .unwrap();
//! let [statements, ..] = whole(&db).unwrap();
//! assert_eq!(statements.rows.len(), 2);
//!
//! let after = db.db_with(&tx(r#"[[:db/retractEntity [:statement/fqn "app/a"]]]"#)).unwrap();
//! let [statements, ..] = since(&after, db.max_tx()).unwrap();
//! assert_eq!((statements.gone, statements.rows.len()), (vec![1], 0));
//! assert_eq!(TABLES[0].columns[0].name, "fqn");
//! ```

use db::{AttrId, Cell, Datom, Db, DbError, EntityId, Index, Prefix, TX0};
use edn::{Inst, Value};
use std::collections::BTreeSet;

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// Whole numbers.
    Integer,
    /// True or false.
    Boolean,
    /// Moments.
    Instant,
    /// The `id` of a statement.
    Statement,
}

/// A column and where its values come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name in SQL.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether there is no row without it.
    pub is_needed: bool,
    attribute: &'static str,
    from: Source,
}

/// How a value is got from an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    /// It is the attribute's.
    Itself,
    /// It is true where the attribute is, and false where that is absent.
    Flag,
    /// The attribute's values in order, with a space between two.
    Several,
    /// The path of the file that the attribute refers to.
    File,
}

impl Column {
    /// Whether no two rows have the same: names.
    pub const fn is_unique(&self) -> bool {
        self.is_needed && matches!(self.kind, Kind::Text)
    }
}

/// A table, whose first column, before those listed here, is `id`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Table {
    /// Its name in SQL.
    pub name: &'static str,
    /// Its columns behind `id`.
    pub columns: &'static [Column],
}

/// What stands in a row under a column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Field {
    /// Nothing.
    Null,
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A moment.
    Instant(Inst),
}

/// A row: its number, and a field for each of the table's columns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The `id`.
    pub id: EntityId,
    /// The fields in the order of [`Table::columns`].
    pub fields: Vec<Field>,
}

/// What changes of a table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TableChange {
    /// Rows that go, ascending; those that come in another form are among them. Some may never have been there.
    pub gone: Vec<EntityId>,
    /// Rows that come, ascending.
    pub rows: Vec<Row>,
}

const fn column(
    name: &'static str,
    kind: Kind,
    is_needed: bool,
    attribute: &'static str,
    from: Source,
) -> Column {
    Column { name, kind, is_needed, attribute, from }
}

#[rustfmt::skip]
const STATEMENT_COLUMNS: [Column; 18] = [
    column("fqn", Kind::Text, true, FQN, Source::Itself),
    column("source", Kind::Text, false, "statement/source", Source::Itself),
    column("namespace", Kind::Text, false, "statement/namespace", Source::Itself),
    column("name", Kind::Text, false, "statement/name", Source::Itself),
    column("type", Kind::Text, false, "statement/type", Source::Itself),
    column("pure", Kind::Boolean, false, "statement/pure?", Source::Itself),
    column("line_count", Kind::Integer, false, "statement/line-count", Source::Itself),
    column("created_at", Kind::Instant, false, "statement/created-at", Source::Itself),
    column("modified_at", Kind::Instant, false, "statement/modified-at", Source::Itself),
    column("doc", Kind::Text, false, "statement/doc", Source::Itself),
    column("arglists", Kind::Text, false, "statement/arglists", Source::Itself),
    column("file", Kind::Text, false, FILE, Source::File),
    column("position", Kind::Integer, false, "statement/order", Source::Itself),
    column("private", Kind::Boolean, false, "statement/private?", Source::Flag),
    column("macro", Kind::Boolean, false, "statement/macro?", Source::Flag),
    column("deprecated", Kind::Boolean, false, "statement/deprecated?", Source::Flag),
    column("platforms", Kind::Text, false, "statement/platforms", Source::Several),
    column("impure_via", Kind::Text, false, "statement/impure-via", Source::Itself),
];

#[rustfmt::skip]
const DEPENDENCY_COLUMNS: [Column; 3] = [
    column("from_statement_id", Kind::Statement, true, DEPENDENCY_FROM, Source::Itself),
    column("to_statement_id", Kind::Statement, true, DEPENDENCY_TO, Source::Itself),
    column("dependency_type", Kind::Text, false, "dependency/type", Source::Itself),
];

#[rustfmt::skip]
const NAMESPACE_COLUMNS: [Column; 2] = [
    column("name", Kind::Text, true, NAMESPACE, Source::Itself),
    column("description", Kind::Text, false, "namespace/description", Source::Itself),
];

/// The tables, each behind those that its rows refer to.
pub const TABLES: [Table; 3] = [
    Table { name: "statements", columns: &STATEMENT_COLUMNS },
    Table { name: "dependencies", columns: &DEPENDENCY_COLUMNS },
    Table { name: "namespaces", columns: &NAMESPACE_COLUMNS },
];

/// What changes of each of [`TABLES`].
pub type Change = [TableChange; 3];

const FQN: &str = "statement/fqn";
const FILE: &str = "statement/file";
const FILE_PATH: &str = "file/path";
const DEPENDENCY_FROM: &str = "dependency/from";
const DEPENDENCY_TO: &str = "dependency/to";
const NAMESPACE: &str = "namespace/name";

/// Every row of a database.
pub fn whole(db: &Db) -> Result<Change, DbError> {
    let reading = Reading::of(db);
    let change = std::array::from_fn(|table| {
        let entities = reading.having(reading.attributes[table][0]);
        let rows = entities.into_iter().filter_map(|e| reading.row(table, e)).collect();
        TableChange { gone: Vec::new(), rows }
    });
    db.check_storage()?;
    Ok(change)
}

/// What changed after a transaction. See the module for what must hold.
pub fn since(db: &Db, tx: EntityId) -> Result<Change, DbError> {
    let reading = Reading::of(db);
    let mut touched = Touched { reading: &reading, entities: Default::default() };
    for (_, events) in db.tx_range(Some(tx.saturating_add(1)), None) {
        events.iter().for_each(|event| touched.take(event));
    }
    let entities = touched.entities;
    let change = std::array::from_fn(|table| TableChange {
        gone: entities[table].iter().copied().collect(),
        rows: entities[table].iter().filter_map(|e| reading.row(table, *e)).collect(),
    });
    db.check_storage()?;
    Ok(change)
}

/// A database with the numbers of the attributes that columns come from.
struct Reading<'d> {
    db: &'d Db,
    attributes: [Vec<Option<AttrId>>; 3],
    file_path: Option<AttrId>,
    file: Option<AttrId>,
}

impl<'d> Reading<'d> {
    fn of(db: &'d Db) -> Reading<'d> {
        let attr = |name: &str| db.attr(&Value::keyword(name));
        let attributes = TABLES.map(|t| t.columns.iter().map(|c| attr(c.attribute)).collect());
        Reading { db, attributes, file_path: attr(FILE_PATH), file: attr(FILE) }
    }

    /// The entities that have an attribute, ascending.
    fn having(&self, attribute: Option<AttrId>) -> Vec<EntityId> {
        let Some(a) = attribute else { return Vec::new() };
        let datoms = self.db.scan(Index::Aevt, &Prefix { a: Some(a), ..Prefix::default() });
        let mut entities: Vec<EntityId> = datoms.map(|d| d.e).filter(|e| *e < TX0).collect();
        entities.dedup();
        entities
    }

    /// The entities that refer to one by an attribute, or have a name.
    fn holding(&self, attribute: Option<AttrId>, value: Cell) -> Vec<EntityId> {
        let Some(a) = attribute.filter(|a| self.db.schema().get(*a).is_indexed()) else {
            return Vec::new();
        };
        let prefix = Prefix { a: Some(a), v: Some(value), ..Prefix::default() };
        self.db.scan(Index::Avet, &prefix).map(|d| d.e).collect()
    }

    /// The row of an entity, where it has one.
    fn row(&self, table: usize, e: EntityId) -> Option<Row> {
        let columns = TABLES[table].columns.iter().zip(&self.attributes[table]);
        let facts: Vec<Datom> =
            self.db.scan(Index::Eavt, &Prefix { e: Some(e), ..Prefix::default() }).collect();
        let mut fields = Vec::with_capacity(columns.len());
        for (column, attribute) in columns {
            let values: Vec<Cell> =
                facts.iter().filter(|d| Some(d.a) == *attribute).map(|d| d.v).collect();
            let field = self.field(column, &values);
            if column.is_needed && !self.stands(column, *attribute, e, &field, &values) {
                return None;
            }
            fields.push(field);
        }
        Some(Row { id: e, fields })
    }

    /// Whether there can be a row with this under a column that it needs.
    fn stands(
        &self,
        column: &Column,
        attribute: Option<AttrId>,
        e: EntityId,
        field: &Field,
        values: &[Cell],
    ) -> bool {
        match (field, column.kind) {
            (Field::Null, _) => false,
            (Field::Integer(id), Kind::Statement) => {
                EntityId::try_from(*id).is_ok_and(|id| self.is_statement(id))
            }
            _ => self.shows(attribute, e, values),
        }
    }

    /// Whether an entity is the one that is shown under its name.
    fn shows(&self, attribute: Option<AttrId>, e: EntityId, values: &[Cell]) -> bool {
        let Some(name) = values.first() else { return false };
        self.holding(attribute, *name).first() == Some(&e)
    }

    fn is_statement(&self, e: EntityId) -> bool {
        let Some(a) = self.attributes[0][0] else { return false };
        let prefix = Prefix { e: Some(e), a: Some(a), ..Prefix::default() };
        let name = self.db.scan(Index::Eavt, &prefix).next();
        name.is_some_and(|d| self.shows(Some(a), e, &[d.v]))
    }

    fn field(&self, column: &Column, values: &[Cell]) -> Field {
        let first = values.first().map(|v| self.db.value(*v));
        match column.from {
            Source::Flag => Field::Boolean(first == Some(Value::Bool(true))),
            Source::Several => {
                let mut texts: Vec<String> =
                    values.iter().map(|v| text_of(&self.db.value(*v))).collect();
                texts.sort();
                if texts.is_empty() { Field::Null } else { Field::Text(texts.join(" ")) }
            }
            Source::File => {
                let file = first.and_then(|v| EntityId::try_from(v.as_int()?).ok());
                let path = file.and_then(|e| self.db.get(e, &Value::keyword(FILE_PATH)));
                path.map_or(Field::Null, |path| Field::Text(text_of(&path)))
            }
            Source::Itself => match (first, column.kind) {
                (Some(value), Kind::Text) => Field::Text(text_of(&value)),
                (Some(Value::Int(n)), Kind::Integer | Kind::Statement) => Field::Integer(n),
                (Some(Value::Bool(is)), Kind::Boolean) => Field::Boolean(is),
                (Some(Value::Inst(at)), Kind::Instant) => Field::Instant(at),
                _ => Field::Null,
            },
        }
    }
}

/// A string as it is, a keyword without its colon, all else as it prints.
fn text_of(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        Value::Keyword(keyword) => keyword.as_str().to_owned(),
        other => other.to_string(),
    }
}

/// The entities whose rows may be others, for each table.
struct Touched<'r, 'd> {
    reading: &'r Reading<'d>,
    entities: [BTreeSet<EntityId>; 3],
}

impl Touched<'_, '_> {
    fn take(&mut self, event: &Datom) {
        let Reading { attributes, file_path, file, .. } = self.reading;
        let (a, e) = (Some(event.a), event.e);
        for (table, columns) in attributes.iter().enumerate() {
            if columns.contains(&a) {
                self.entities[table].insert(e);
            }
        }
        if a == *file_path {
            self.entities[0].extend(self.reading.holding(*file, Cell::entity(e)));
        }
        if a == attributes[2][0] {
            self.entities[2].extend(self.reading.holding(a, event.v));
        }
        if a == attributes[0][0] {
            // Another one may be shown under the name now.
            let mut statements = self.reading.holding(a, event.v);
            statements.push(e);
            for statement in statements {
                self.entities[0].insert(statement);
                for end in &attributes[1][..2] {
                    self.entities[1].extend(self.reading.holding(*end, Cell::entity(statement)));
                }
            }
        }
    }
}
