//! The schema of a code database: which attributes there are and what they mean.
//!
//! One entity a top-level form (a statement), one a file, one a namespace, one an edge between statements. What a database
//! of a hundred thousand statements would say a hundred thousand times is not said: a flag that is false, a text that is
//! the usual one, a definition that is all its statement has are left out.
//!
//! Edges have no composite tuple to keep them unique: a tuple would hold entity ids, which mean nothing in another clone's
//! log, and cost each edge a fourth datom. Import keeps an edge unique instead, and takes doubles away that a merge of two
//! clones brought.

use db::{AttrId, Db, Schema, SchemaError};
use edn::{Map, Value};
use std::fmt;
use std::sync::LazyLock;

/// The version of the analysis; another one means that derived facts are made anew.
pub const ANALYSER_VERSION: i64 = 4;

/// An attribute of the code schema.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[allow(missing_docs)] // Each is described in the table below, where programs can read it too.
pub enum Attr {
    StatementFqn,
    StatementSource,
    StatementNamespace,
    StatementName,
    StatementType,
    StatementDependencies,
    StatementPure,
    StatementLineCount,
    StatementCreatedAt,
    StatementModifiedAt,
    StatementFile,
    StatementOrder,
    StatementBefore,
    StatementHash,
    StatementNormalHash,
    StatementDoc,
    StatementArglists,
    StatementPrivate,
    StatementMacro,
    StatementDeprecated,
    StatementPlatforms,
    StatementUnresolved,
    StatementDefinitions,
    StatementImpureVia,
    StatementRoot,
    DefinitionFqn,
    DefinitionName,
    DefinitionType,
    DefinitionDoc,
    DefinitionArglists,
    DefinitionPrivate,
    DefinitionMacro,
    NamespaceName,
    NamespaceDescription,
    NamespaceStatements,
    DependencyFrom,
    DependencyTo,
    DependencyType,
    FilePath,
    FileHash,
    FileFactsHash,
    FileTail,
    FileProblem,
    FileBytes,
    AnalyserName,
    AnalyserVersion,
    AnalyserConfig,
}

const ONE: &str = "";
const INDEXED: &str = ":db/index true";
const IDENTITY: &str = ":db/unique :db.unique/identity";
const MANY: &str = ":db/cardinality :db.cardinality/many";
const MANY_INDEXED: &str = ":db/cardinality :db.cardinality/many :db/index true";
const REF: &str = ":db/valueType :db.type/ref";
const REFS: &str = ":db/valueType :db.type/ref :db/cardinality :db.cardinality/many";
const COMPONENTS: &str =
    ":db/valueType :db.type/ref :db/cardinality :db.cardinality/many :db/isComponent true";

/// Every attribute in the order of [`Attr`]: its name, its properties, what it says.
#[rustfmt::skip]
const TABLE: [(Attr, &str, &str, &str); 47] = [
    (Attr::StatementFqn, "statement/fqn", IDENTITY, "Fully qualified name of a top-level form, unique: `ns/name`, the namespace's name for `ns`, `ns/multi[dispatch]` for a method, `ns/(head target)` for a form that defines nothing."),
    (Attr::StatementSource, "statement/source", ONE, "The form's text, byte for byte."),
    (Attr::StatementNamespace, "statement/namespace", INDEXED, "Name of the namespace the form is in."),
    (Attr::StatementName, "statement/name", INDEXED, "The name without its namespace."),
    (Attr::StatementType, "statement/type", ONE, "What defines it, as a keyword: `:defn`, `:def`, `:defprotocol`, `:ns` …"),
    (Attr::StatementDependencies, "statement/dependencies", MANY_INDEXED, "Fully qualified names of the vars and namespaces that the form uses, in this database or not, and of the statements that register the keywords in it."),
    (Attr::StatementPure, "statement/pure?", ONE, "Whether evaluating or calling it has no effect; absent where that is unknown."),
    (Attr::StatementLineCount, "statement/line-count", ONE, "How many lines its text has."),
    (Attr::StatementCreatedAt, "statement/created-at", ONE, "When it was first imported."),
    (Attr::StatementModifiedAt, "statement/modified-at", ONE, "When its text or name last changed."),
    (Attr::StatementFile, "statement/file", REF, "The file it stands in."),
    (Attr::StatementOrder, "statement/order", ONE, "Its place among the statements of its file: a number with room below and above, so that an insertion leaves the others as they are."),
    (Attr::StatementBefore, "statement/before", ONE, "The text between the form before it and itself: white space, comments, discarded forms. Absent where that is one blank line."),
    (Attr::StatementHash, "statement/hash", ONE, "60 bits of the BLAKE3 hash of its text."),
    (Attr::StatementNormalHash, "statement/normal-hash", ONE, "The same hash of its tokens: white space and comments do not change it."),
    (Attr::StatementDoc, "statement/doc", ONE, "Its docstring."),
    (Attr::StatementArglists, "statement/arglists", ONE, "Its argument vectors as text: `([x] [x y])`."),
    (Attr::StatementPrivate, "statement/private?", ONE, "True where it is private, else absent."),
    (Attr::StatementMacro, "statement/macro?", ONE, "True where it defines a macro, else absent."),
    (Attr::StatementDeprecated, "statement/deprecated?", ONE, "True where it is marked as deprecated, else absent."),
    (Attr::StatementPlatforms, "statement/platforms", MANY, "The platforms that read it: `:clj`, `:cljs` …"),
    (Attr::StatementUnresolved, "statement/unresolved", MANY_INDEXED, "Names in it that could not be resolved."),
    (Attr::StatementDefinitions, "statement/definitions", COMPONENTS, "The vars it defines, where that is more or other than one var with the statement's own name."),
    (Attr::StatementImpureVia, "statement/impure-via", ONE, "What makes it impure: the name it uses that has effects."),
    (Attr::StatementRoot, "statement/root?", ONE, "True where it is used from outside without being named: a test, `-main`, what is exported; else absent."),
    (Attr::DefinitionFqn, "definition/fqn", INDEXED, "Fully qualified name of a var that a statement defines; of the same var on two platforms there are two definitions."),
    (Attr::DefinitionName, "definition/name", INDEXED, "Its name without the namespace."),
    (Attr::DefinitionType, "definition/type", ONE, "What it is, as a keyword."),
    (Attr::DefinitionDoc, "definition/doc", ONE, "Its docstring."),
    (Attr::DefinitionArglists, "definition/arglists", ONE, "Its argument vectors as text."),
    (Attr::DefinitionPrivate, "definition/private?", ONE, "True where it is private, else absent."),
    (Attr::DefinitionMacro, "definition/macro?", ONE, "True where it is a macro, else absent."),
    (Attr::NamespaceName, "namespace/name", IDENTITY, "A namespace's name."),
    (Attr::NamespaceDescription, "namespace/description", ONE, "Its docstring."),
    (Attr::NamespaceStatements, "namespace/statements", REFS, "The statements in it."),
    (Attr::DependencyFrom, "dependency/from", REF, "The statement that uses another."),
    (Attr::DependencyTo, "dependency/to", REF, "The statement that is used."),
    (Attr::DependencyType, "dependency/type", ONE, "How, as a keyword: `:function-call`, `:var-reference`, `:macro-use`, `:protocol-impl` …; `docs/dependencies.md` has all."),
    (Attr::FilePath, "file/path", IDENTITY, "A file's path relative to the project, `/` between its parts; `name.jar!/path` inside a jar."),
    (Attr::FileHash, "file/hash", ONE, "60 bits of the BLAKE3 hash of its bytes."),
    (Attr::FileFactsHash, "file/facts-hash", ONE, "60 bits of the BLAKE3 hash of all that is derived from it, so that a file of which nothing changed is known as such."),
    (Attr::FileTail, "file/tail", ONE, "The text after its last statement. Absent where that is one line feed."),
    (Attr::FileProblem, "file/problem", ONE, "What in it does not read first: line, column, what was expected."),
    (Attr::FileBytes, "file/bytes", ONE, "All its bytes in Base64, where they are no UTF-8."),
    (Attr::AnalyserName, "analyser/name", IDENTITY, "What made the derived facts."),
    (Attr::AnalyserVersion, "analyser/version", ONE, "Its version."),
    (Attr::AnalyserConfig, "analyser/config", ONE, "The text of the project's `.clj-kondo/config.edn`, which says what its macros define."),
];

static NAMES: LazyLock<Vec<Value>> =
    LazyLock::new(|| TABLE.iter().map(|(_, name, ..)| Value::keyword(name)).collect());

impl Attr {
    /// All attributes.
    pub fn all() -> impl Iterator<Item = Attr> {
        TABLE.iter().map(|(attr, ..)| *attr)
    }

    /// Its keyword.
    pub fn name(self) -> &'static Value {
        &NAMES[self as usize]
    }

    /// What it says.
    pub fn doc(self) -> &'static str {
        TABLE[self as usize].3
    }

    /// Its number in a database, where that has seen it.
    pub fn id(self, db: &Db) -> Option<AttrId> {
        db.attr(self.name())
    }
}

/// How a statement uses another one.
///
/// ```
/// use code::model::DependencyType;
/// assert_eq!(DependencyType::named("function-call"), Some(DependencyType::FunctionCall));
/// assert!(DependencyType::Instantiation.doc().contains("record"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[allow(missing_docs)] // Each is described in the table below, where programs can read it too.
pub enum DependencyType {
    FunctionCall,
    Import,
    Instantiation,
    Keyword,
    MacroUse,
    MultimethodImpl,
    NamespaceRequire,
    ProtocolImpl,
    TypeHint,
    VarReference,
}

/// Every type of dependency in the order of [`DependencyType`]: its name, what it says.
#[rustfmt::skip]
const DEPENDENCY_TYPES: [(DependencyType, &str, &str); 10] = [
    (DependencyType::FunctionCall, "function-call", "It stands first in a form, and is no macro."),
    (DependencyType::Import, "import", "An `ns` form imports the class that a record or type is."),
    (DependencyType::Instantiation, "instantiation", "An instance of a record or type is made: `(R. 1)`, `(new R 1)`, `->R`, `map->R`."),
    (DependencyType::Keyword, "keyword", "It registers a qualified keyword that is used: a spec, an event, a subscription, a method."),
    (DependencyType::MacroUse, "macro-use", "It is a macro."),
    (DependencyType::MultimethodImpl, "multimethod-impl", "A method of it is defined."),
    (DependencyType::NamespaceRequire, "namespace-require", "An `ns` form loads it."),
    (DependencyType::ProtocolImpl, "protocol-impl", "It is a protocol, and implemented."),
    (DependencyType::TypeHint, "type-hint", "A type hint names it."),
    (DependencyType::VarReference, "var-reference", "It is named, but not called: handed on, read, quoted as `#'var`."),
];

impl DependencyType {
    /// All types.
    pub fn all() -> impl Iterator<Item = DependencyType> {
        DEPENDENCY_TYPES.iter().map(|(kind, ..)| *kind)
    }

    /// Its name: that of the keyword in `:dependency/type`.
    pub fn name(self) -> &'static str {
        DEPENDENCY_TYPES[self as usize].1
    }

    /// What it says.
    pub fn doc(self) -> &'static str {
        DEPENDENCY_TYPES[self as usize].2
    }

    /// The type with a name.
    pub fn named(name: &str) -> Option<DependencyType> {
        DependencyType::all().find(|kind| kind.name() == name)
    }
}

/// A set of dependency types.
///
/// ```
/// use code::model::{DependencyType, Types};
/// let types = Types::from_iter([DependencyType::MacroUse, DependencyType::FunctionCall]);
/// assert_eq!(types.to_string(), "function-call macro-use");
/// assert!(types.meets(DependencyType::MacroUse.into()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Types(u16);

impl Types {
    /// All types but some.
    pub fn all_but(left_out: &[DependencyType]) -> Types {
        DependencyType::all().filter(|kind| !left_out.contains(kind)).collect()
    }

    /// Whether two sets have a type in common.
    pub fn meets(self, other: Types) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all its types are among others.
    pub fn is_within(self, others: Types) -> bool {
        self.0 & !others.0 == 0
    }

    /// Adds those of another set.
    pub fn add(&mut self, other: Types) {
        self.0 |= other.0;
    }

    /// Its types in the order of their names.
    pub fn iter(self) -> impl Iterator<Item = DependencyType> {
        DependencyType::all().filter(move |kind| self.meets((*kind).into()))
    }
}

impl From<DependencyType> for Types {
    fn from(kind: DependencyType) -> Types {
        Types(1 << kind as u16)
    }
}

impl FromIterator<DependencyType> for Types {
    fn from_iter<I: IntoIterator<Item = DependencyType>>(types: I) -> Types {
        types
            .into_iter()
            .fold(Types::default(), |Types(all), kind| Types(all | Types::from(kind).0))
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.iter().map(DependencyType::name).collect();
        f.write_str(&names.join(" "))
    }
}

/// The schema as the map that a transaction log or `create-conn` takes, each attribute with its `:db/doc`.
///
/// ```
/// let schema = code::model::schema_map().unwrap();
/// let fqn = schema.get_keyword("statement/fqn").unwrap().as_map().unwrap();
/// assert!(fqn.get_keyword("db/unique").unwrap().is_keyword("db.unique/identity"));
/// ```
pub fn schema_map() -> Result<Map, edn::ReadError> {
    let mut schema = Map::new();
    for (_, name, properties, doc) in TABLE {
        let mut attribute = match edn::read(&format!("{{{properties}}}"))? {
            Value::Map(map) => map,
            _ => Map::new(),
        };
        attribute.insert(Value::keyword("db/doc"), Value::string(doc));
        schema.insert(Value::keyword(name), Value::Map(attribute));
    }
    for (name, about) in crate::commit::schema_map()?.iter() {
        schema.insert(name.clone(), about.clone());
    }
    Ok(schema)
}

/// Why the schema could not be made; only a defect of this module could be the reason.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Its text does not read.
    #[error(transparent)]
    Read(#[from] edn::ReadError),
    /// It contradicts itself.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// A database that is not one of code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code database: its schema lacks {0}")]
pub struct NotCode(String);

/// The numbers that a database has given the code schema's attributes.
#[derive(Clone, Debug)]
pub struct Ids(Vec<AttrId>);

impl Ids {
    /// Looks all of them up.
    pub fn of(db: &Db) -> Result<Ids, NotCode> {
        let id = |attr: Attr| attr.id(db).ok_or_else(|| NotCode(attr.name().to_string()));
        Ok(Ids(Attr::all().map(id).collect::<Result<_, _>>()?))
    }

    /// The number of an attribute.
    pub fn get(&self, attr: Attr) -> AttrId {
        self.0[attr as usize]
    }

    /// The attribute of a number.
    pub fn attr(&self, id: AttrId) -> Option<Attr> {
        // Attributes of a fresh database are numbered in the order of the schema.
        let at = self.0.iter().position(|own| *own == id)?;
        Attr::all().nth(at)
    }
}

/// The schema of a code database.
pub fn schema() -> Result<Schema, ModelError> {
    Ok(Schema::new(&Value::Map(schema_map()?))?)
}

/// An empty code database, which keeps its history.
pub fn empty_db() -> Result<Db, ModelError> {
    Ok(Db::empty_with_history(schema()?))
}

/// 60 bits of the BLAKE3 hash: a number that fits into a cell.
pub fn content_hash(bytes: &[u8]) -> i64 {
    let hash = blake3::hash(bytes);
    let low = hash.as_bytes()[..8].iter().rev().fold(0u64, |n, b| (n << 8) | u64::from(*b));
    (low >> 4) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_attributes() {
        for (i, attr) in Attr::all().enumerate() {
            assert_eq!(attr as usize, i);
            assert!(!attr.doc().is_empty(), "{}", attr.name());
        }
        for (i, kind) in DependencyType::all().enumerate() {
            assert_eq!(kind as usize, i);
            assert_eq!(DependencyType::named(kind.name()), Some(kind));
        }
        let schema = schema().unwrap();
        let dependencies = schema.attribute(Attr::StatementDependencies.name()).unwrap();
        assert!(dependencies.is_many() && dependencies.is_indexed() && !dependencies.is_ref());
        assert!(schema.attribute(Attr::StatementDefinitions.name()).unwrap().is_component());
    }

    #[test]
    fn hashes_are_the_same_everywhere() {
        // The first eight bytes of BLAKE3 of nothing are af 13 49 b9 f5 f9 a1 a6.
        assert_eq!(content_hash(b""), 0x0a6a_1f9f_5b94_913a);
    }
}
