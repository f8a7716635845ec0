//! What a version says, and in which notation.

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

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Notation {
    /// As Clojure prints it.
    Edn,
    /// JSON.
    Json,
    /// Transit over JSON.
    Transit,
}

const FORMS: [(Form, &str); 5] = [
    (Form::Snapshot, "snapshot"),
    (Form::Data, "data"),
    (Form::Entities, "entities"),
    (Form::Transactions, "transactions"),
    (Form::Serializable, "serializable"),
];

const NOTATIONS: [(Notation, &str); 3] =
    [(Notation::Edn, "edn"), (Notation::Json, "json"), (Notation::Transit, "transit")];

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

impl Notation {
    /// Its name, which is also what a file in it ends in.
    pub fn name(self) -> &'static str {
        NOTATIONS.iter().find(|(notation, _)| *notation == self).map_or("", |(_, name)| name)
    }

    /// The notation of a name.
    pub fn named(name: &str) -> Option<Notation> {
        NOTATIONS.iter().find(|(_, n)| *n == name).map(|(notation, _)| *notation)
    }
}
