//! What a version says, and how it is written and read.
//!
//! | form | what it says | what it does not say |
//! |---|---|---|
//! | snapshot | everything: births and conflicts too, so the log can be made anew | – |
//! | data | schema, facts with their transactions, history, ids given out | who was born where, conflicts |
//! | entities | what is true now, entity by entity | schema, transactions and their order, history, ids of entities that nothing is said of |
//! | transactions | what each transaction asserted and retracted | schema, ids of entities that nothing was said of |
//! | serializable | schema, facts with their transactions, ids given out | history |
//!
//! What a form does not say of the schema, whoever reads it can give. Read with the schema it had, a database comes back equal in every form
//! and notation. What comes from elsewhere is read as well: DataScript's printed `#datascript/DB`, transaction data in place of
//! transactions (one vector a line, as programs append them, or all in one), maps without ids in place of entities, and JSON of
//! libraries that make strings of keywords, as far as the schema tells what they were.
//!
//! Costs: writing goes through the datoms once and makes the text; reading makes the whole of it a value, then the database. Both grow with
//! the database in proportion, but for entities with components, which stand with each entity that has them, as pull gives them.

mod data;
mod entities;
mod error;
mod foreign;
mod serializable;
mod snapshot;
mod transactions;

pub use error::FormError;
pub use notation::Notation;

use crate::place::Saved;
use db::{Db, Schema};
use notation::Writer;
use store::Replayed;

/// What a version says of a database. The first is whole; the others are for programs that expect them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Form {
    /// Everything, births and conflicts included: the log can be made anew from it.
    Snapshot,
    /// Schema, datoms and history as one map, as `db->data` gives it.
    Data,
    /// Every entity with all its attributes, as `[:find (pull ?e [*]) :where [?e]]` gives them.
    Entities,
    /// All transactions with their datoms, as `tx-range` gives them.
    Transactions,
    /// What DataScript's `serializable` gives.
    Serializable,
}

const FORMS: [(Form, &str); 5] = [
    (Form::Snapshot, "snapshot"),
    (Form::Data, "data"),
    (Form::Entities, "entities"),
    (Form::Transactions, "transactions"),
    (Form::Serializable, "serializable"),
];

impl Form {
    /// Its name.
    ///
    /// ```
    /// assert_eq!(places::Form::named("data").unwrap().name(), "data");
    /// ```
    pub fn name(self) -> &'static str {
        FORMS.iter().find(|(form, _)| *form == self).map_or("", |(_, name)| name)
    }

    /// The form of a name.
    pub fn named(name: &str) -> Option<Form> {
        FORMS.iter().find(|(_, n)| *n == name).map(|(form, _)| *form)
    }
}

impl Saved {
    /// A database in a form. A snapshot says what only a log knows: see [`Saved::of_log`].
    ///
    /// ```
    /// use db::{Db, Schema};
    /// use places::{Form, Notation, Saved};
    /// let db = Db::empty(Schema::default()).db_with(&edn::read("[{:name \"Ivan\"}]").unwrap())?;
    /// let saved = Saved::of(&db, Form::Entities, Notation::Json)?;
    /// assert_eq!(saved.text, br#"[[{":name":"Ivan",":db/id":1}]]"#);
    /// assert!(saved.database(&Schema::default())? == db);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(db: &Db, form: Form, notation: Notation) -> Result<Saved, FormError> {
        let text = match form {
            Form::Snapshot => return Err(FormError::NeedsLog),
            Form::Serializable => serializable::write(db, notation)?,
            _ => {
                let mut writer = Writer::new(notation.into());
                match form {
                    Form::Entities => entities::write(db, &mut writer)?,
                    Form::Transactions => transactions::write(db, &mut writer)?,
                    _ => data::write(db, &mut writer)?,
                }
                writer.finish()
            }
        };
        Ok(Saved { form, notation, text: text.into_bytes() })
    }

    /// A database with what is known of how it came to be, in a form.
    pub fn of_log(state: &Replayed, form: Form, notation: Notation) -> Result<Saved, FormError> {
        match form {
            Form::Snapshot => {
                let text = snapshot::write(state, notation)?.into_bytes();
                Ok(Saved { form, notation, text })
            }
            _ => Saved::of(&state.db, form, notation),
        }
    }

    /// The database. The schema says what attributes mean that the version itself says nothing of.
    pub fn database(&self, schema: &Schema) -> Result<Db, FormError> {
        match self.form {
            Form::Snapshot => Ok(self.replayed()?.db),
            Form::Data => data::read(self, schema),
            Form::Entities => entities::read(self, schema),
            Form::Transactions => transactions::read(self, schema),
            Form::Serializable => serializable::read(self),
        }
    }

    /// The database of a snapshot, with what is known of how it came to be.
    pub fn replayed(&self) -> Result<Replayed, FormError> {
        match self.form {
            Form::Snapshot => snapshot::read(self),
            _ => Err(FormError::NeedsLog),
        }
    }
}
