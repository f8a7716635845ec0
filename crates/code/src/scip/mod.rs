//! A SCIP index: what is defined and used where, in the format that code browsers and editors read.
//!
//! Symbols: a namespace is `app.core/`, a var in it `app.core/greet.`, a macro `app.core/when-tea!`, a protocol, record or type
//! `app.core/Article#`, a protocol's method `app.core/Article#price().`; a method that implements one of those, or a
//! multimethod, has a number behind its name, `app.core/discount(+1).`, and says what it implements. Vars of the same name in Clojure
//! and ClojureScript are one symbol. What is not part of the project is an external symbol: of the package and version of its jar
//! where that was imported (`import --dependencies`), else of an unknown one. A class of the JVM is `java.util/Date#`.
//!
//! Ranges are those of the names alone, in UTF-16 units: in `str/join`, `str` is the namespace and `join` the var. Several
//! platforms that read a file see what each of them sees, once.
//!
//! Cost: that of finding everything, and a few steps for each thing found.

mod libraries;
mod package;
mod symbols;

pub use package::{Package, package};

use crate::analysis::{
    ClassFound, DefinitionFound, Findings, ImplementationFound, Place, UsageFound,
};
use crate::project::is_in_jar;
use edn::Str;
use libraries::Libraries;
use rustc_hash::{FxHashMap, FxHashSet};
use scip::types::symbol_information::Kind;
use scip::types::{
    Document, Index, Metadata, Occurrence, PositionEncoding, Relationship, SymbolInformation,
    SymbolRole, TextEncoding, ToolInfo,
};
use std::path::Path;
use symbols::{Symbols, information, signature};

/// Makes the index of a project: its files' paths and texts, what is found in them, and where it is, as a `file:` address.
/// Files inside of archives are no documents; they say what is known of the libraries that are used.
///
/// ```
/// use code::analysis::{Rules, find};
/// use code::scip::{Package, index};
/// let files = [("a.clj".to_string(), "(ns a)\n(defn f [x] (inc x))".to_string())];
/// let found = find(&files, &Rules::default());
/// let index = index(&files, &found, &Package::default(), "file:///app");
/// let f = &index.documents[0].symbols[1];
/// assert_eq!(f.symbol, "scip-clojure . . . a/f.");
/// assert_eq!(f.signature_documentation.text, "(f [x])");
/// ```
pub fn index(
    files: &[(String, String)],
    found: &[Findings],
    package: &Package,
    root: &str,
) -> Index {
    let texts: FxHashMap<&str, &str> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let libraries = Libraries::of(files, found);
    let inside = |file: &&Findings| !file.path.starts_with('/') && !is_in_jar(&file.path);
    let found: Vec<&Findings> = found.iter().filter(inside).collect();
    let mut symbols = Symbols::of(&found, package, libraries);
    let mut described = FxHashSet::default();
    let mut index = Index { metadata: Some(metadata(root)).into(), ..Index::default() };
    for file in found {
        let Some(text) = texts.get(file.path.as_str()) else { continue };
        let mut writer = Writer {
            text,
            symbols: &mut symbols,
            described: &mut described,
            seen: FxHashSet::default(),
            document: Document {
                language: "Clojure".to_owned(),
                relative_path: file.path.clone(),
                position_encoding: PositionEncoding::UTF16CodeUnitOffsetFromLineStart.into(),
                ..Document::default()
            },
        };
        writer.file(file);
        let mut document = writer.document;
        document.occurrences.sort_by(|a, b| a.range.cmp(&b.range));
        index.documents.push(document);
    }
    index.external_symbols = symbols.external();
    index
}

/// Writes an index to a file.
pub fn write(path: &Path, index: Index) -> Result<(), Box<dyn std::error::Error>> {
    scip::write_message_to_file(path, index)
}

/// The `file:` address of a folder.
///
/// ```
/// let address = code::scip::address(std::path::Path::new("/a b/c"));
/// assert_eq!(address, "file:///a%20b/c");
/// ```
pub fn address(folder: &Path) -> String {
    let mut address = String::from("file://");
    for byte in folder.to_string_lossy().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                address.push(char::from(byte));
            }
            byte => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

fn metadata(root: &str) -> Metadata {
    let tool = ToolInfo {
        name: "defbase".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..ToolInfo::default()
    };
    Metadata {
        tool_info: Some(tool).into(),
        project_root: root.to_owned(),
        text_document_encoding: TextEncoding::UTF8.into(),
        ..Metadata::default()
    }
}

/// Where something stands and what it is.
type Seen = (u32, u32, String, bool);

/// One document in the making.
struct Writer<'a, 'f> {
    text: &'a str,
    symbols: &'a mut Symbols<'f>,
    /// The symbols that a document tells of already.
    described: &'a mut FxHashSet<String>,
    seen: FxHashSet<Seen>,
    document: Document,
}

impl Writer<'_, '_> {
    fn file(&mut self, found: &Findings) {
        for ns in &found.namespaces {
            let symbol = self.symbols.namespace(&ns.name);
            self.occurrence(&symbol, &ns.name_at, SymbolRole::Definition as i32, Some(&ns.at));
            self.describe(&symbol, &ns.name, Kind::Namespace, None, Vec::new(), None);
        }
        for load in &found.loads {
            let symbol = self.symbols.namespace(&load.to);
            self.occurrence(&symbol, &load.name_at, SymbolRole::Import as i32, None);
        }
        for definition in &found.definitions {
            self.definition(definition, found);
        }
        for usage in &found.usages {
            self.usage(usage);
        }
        for class in &found.classes {
            self.class(class);
        }
        for implementation in &found.implementations {
            self.implementation(implementation);
        }
        self.locals(found);
    }

    /// Notes that a symbol stands somewhere, once.
    fn occurrence(&mut self, symbol: &str, at: &Place, roles: i32, around: Option<&Place>) {
        let defines = roles & SymbolRole::Definition as i32 != 0;
        if !self.seen.insert((at.start, at.end, symbol.to_owned(), defines)) {
            return;
        }
        self.document.occurrences.push(Occurrence {
            range: range(at),
            symbol: symbol.to_owned(),
            symbol_roles: roles,
            enclosing_range: around.map(range).unwrap_or_default(),
            ..Occurrence::default()
        });
    }

    /// Tells of a symbol, where no document does yet.
    fn describe(
        &mut self,
        symbol: &str,
        name: &str,
        kind: Kind,
        doc: Option<&str>,
        relationships: Vec<Relationship>,
        signature: Option<String>,
    ) {
        if !self.described.insert(symbol.to_owned()) {
            return;
        }
        let told = information(symbol, name, kind, doc, signature);
        self.document.symbols.push(SymbolInformation { relationships, ..told });
    }

    fn definition(&mut self, definition: &DefinitionFound, found: &Findings) {
        let symbol = self.symbols.var(&definition.ns, &definition.name);
        let written =
            &self.text[definition.name_at.start as usize..definition.name_at.end as usize];
        let mut roles = match self.symbols.is_declared_only(definition) {
            true => SymbolRole::ForwardDefinition as i32,
            false => SymbolRole::Definition as i32,
        };
        for (holds, role) in [
            (!written.ends_with(&*definition.name), SymbolRole::Generated),
            (is_test(&definition.kind), SymbolRole::Test),
        ] {
            roles |= if holds { role as i32 } else { 0 };
        }
        let at = self.name_within(&definition.name_at, &definition.name);
        self.occurrence(&symbol, &at, roles, Some(&definition.at));
        if roles & SymbolRole::Definition as i32 == 0 {
            return;
        }
        let implemented =
            implemented_by(definition, found).map(|i| self.symbols.protocol(i)).collect::<Vec<_>>();
        let kind = symbols::kind(definition);
        let signature = signature(definition);
        let doc = definition.doc.as_deref();
        let relationships = implemented.iter().map(|symbol| implements(symbol)).collect();
        self.describe(&symbol, &definition.name, kind, doc, relationships, signature);
    }

    fn usage(&mut self, usage: &UsageFound) {
        let Some(ns) = &usage.to else { return };
        let symbol = self.symbols.var(ns, &usage.name);
        let role = match usage.refer {
            true => SymbolRole::Import,
            false => self.access(&usage.name_at),
        };
        let mut at = usage.name_at;
        if let Some(alias) = &usage.alias
            && self.text[at.start as usize..at.end as usize].starts_with(&format!("{alias}/"))
        {
            let of_alias = part(&at, 0, alias);
            let namespace = self.symbols.namespace(ns);
            self.occurrence(&namespace, &of_alias, SymbolRole::ReadAccess as i32, None);
            let skipped = &self.text[at.start as usize..of_alias.end as usize + 1];
            at.col += units(skipped);
            at.start = of_alias.end + 1;
        }
        let at = self.name_within(&at, &usage.name);
        self.occurrence(&symbol, &at, role as i32, None);
        if let Some(dispatch) = &usage.dispatch {
            let method = self.symbols.method(&usage.from, None, &usage.name);
            self.occurrence(&method, &at, SymbolRole::Definition as i32, Some(&usage.at));
            let name = format!("{} {dispatch}", usage.name);
            let relationships = vec![implements(&symbol)];
            self.describe(&method, &name, Kind::Method, None, relationships, None);
        }
    }

    fn implementation(&mut self, found: &ImplementationFound) {
        // Two platforms see the same method, which is one.
        let seen = (found.name_at.start, found.name_at.end, String::new(), true);
        if !self.seen.insert(seen) {
            return;
        }
        let implemented = self.symbols.protocol_method(found);
        let own = self.symbols.method(&found.from, Some(&found.protocol), &found.method);
        self.occurrence(&own, &found.name_at, SymbolRole::Definition as i32, Some(&found.at));
        let relationships = vec![implements(&implemented)];
        self.describe(&own, &found.method, Kind::Method, None, relationships, None);
    }

    fn locals(&mut self, found: &Findings) {
        // What two platforms bind at the same place is one local.
        let mut number_at: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        let mut numbers: FxHashMap<u32, u32> = FxHashMap::default();
        for local in &found.locals {
            let number = *number_at.entry((local.at.start, local.at.end)).or_insert(local.id);
            numbers.insert(local.id, number);
            let symbol = format!("local {number}");
            let at = self.name_within(&local.at, &local.name);
            self.occurrence(&symbol, &at, SymbolRole::Definition as i32, None);
            if number == local.id {
                self.document.symbols.push(SymbolInformation {
                    symbol,
                    display_name: local.name.to_string(),
                    kind: Kind::Variable.into(),
                    ..SymbolInformation::default()
                });
            }
        }
        for usage in &found.local_usages {
            if let Some(number) = numbers.get(&usage.id) {
                let at = self.name_within(&usage.at, &usage.name);
                let symbol = format!("local {number}");
                self.occurrence(&symbol, &at, self.access(&usage.at) as i32, None);
            }
        }
    }

    fn class(&mut self, class: &ClassFound) {
        let (package, name) = class.class.rsplit_once('.').unwrap_or(("", &class.class));
        let symbol = self.symbols.class(package, name);
        let role = if class.import { SymbolRole::Import } else { SymbolRole::ReadAccess };
        let written = &self.text[class.name_at.start as usize..class.name_at.end as usize];
        let of_class = written.split('/').next().unwrap_or(written);
        let Some(from) = of_class.rfind(name) else { return };
        let at = part(&class.name_at, units(&of_class[..from]), name).moved(from as u32);
        self.occurrence(&symbol, &at, role as i32, None);
    }

    /// Whether what stands somewhere is changed there: what `set!` sets, what `alter-var-root` changes. All else is read.
    fn access(&self, at: &Place) -> SymbolRole {
        let before = self.text[..at.start as usize].trim_end_matches("#'").trim_end();
        match ["(set!", "(alter-var-root"].iter().any(|head| before.ends_with(head)) {
            true => SymbolRole::WriteAccess,
            false => SymbolRole::ReadAccess,
        }
    }

    /// The place of a name in what stands somewhere: without what is written before or after it, as in `Tea.` or `:a/b`.
    fn name_within(&self, at: &Place, name: &str) -> Place {
        let written = &self.text[at.start as usize..at.end as usize];
        match written.rfind(name) {
            Some(from) if !written.contains('\n') && written.len() > name.len() => {
                part(at, units(&written[..from]), name).moved(from as u32)
            }
            _ => *at,
        }
    }
}

impl Place {
    /// The same place, with its bytes further on.
    fn moved(mut self, bytes: u32) -> Place {
        self.start += bytes;
        self.end += bytes;
        self
    }
}

/// The part of a place that a name takes up, from some units on.
fn part(at: &Place, from: u32, name: &str) -> Place {
    let col = at.col + from;
    Place {
        row: at.row,
        col,
        end_row: at.row,
        end_col: col + units(name),
        start: at.start,
        end: at.start + name.len() as u32,
    }
}

fn units(text: &str) -> u32 {
    text.encode_utf16().count() as u32
}

/// A place as SCIP has it: counted from zero, the row once where it is one.
fn range(at: &Place) -> Vec<i32> {
    let [row, col, end_row, end_col] =
        [at.row, at.col, at.end_row, at.end_col].map(|n| n as i32 - 1);
    if row == end_row { vec![row, col, end_col] } else { vec![row, col, end_row, end_col] }
}

fn implements(symbol: &str) -> Relationship {
    Relationship {
        symbol: symbol.to_owned(),
        is_implementation: true,
        is_reference: true,
        ..Relationship::default()
    }
}

/// The methods that a record or type implements where it is defined, one for each protocol.
fn implemented_by<'f>(
    definition: &DefinitionFound,
    found: &'f Findings,
) -> impl Iterator<Item = &'f ImplementationFound> {
    let is_type = matches!(&*definition.kind, "defrecord" | "deftype");
    let (around, lang) = (definition.at, definition.lang);
    let mut known: FxHashSet<(Option<&Str>, &Str)> = FxHashSet::default();
    let inside = move |i: &&ImplementationFound| {
        is_type && i.lang == lang && around.start <= i.at.start && i.at.end <= around.end
    };
    let implementations = found.implementations.iter().filter(inside);
    implementations.filter(move |i| known.insert((i.protocol_ns.as_ref(), &i.protocol)))
}

fn is_test(kind: &str) -> bool {
    crate::impact::is_test_kind(kind)
}
