//! What is known of files and their statements before it is compared with a database: plain data.

use crate::model::{Attr, content_hash};
use crate::project::Problem;
use edn::{Keyword, Str, Value};

/// One file.
#[derive(Clone, Debug, Default)]
pub struct FileFacts {
    /// Its path, relative to the project.
    pub path: String,
    /// The hash of its bytes.
    pub hash: i64,
    /// Its statements, in order.
    pub statements: Vec<StatementFacts>,
    /// The text after the last statement; of a file of which much is broken, all that was not read.
    pub tail: String,
    /// What is broken in it first.
    pub problem: Option<Problem>,
    /// All its bytes, where they are no UTF-8; it has no statements and no tail then.
    pub opaque: Option<Vec<u8>>,
}

/// One statement. `before` and `source` of all statements of a file and its tail, one after the other, are the file.
#[derive(Clone, Debug)]
pub struct StatementFacts {
    /// Fully qualified name.
    pub fqn: Str,
    /// The namespace it is in; none in a data file.
    pub namespace: Option<Str>,
    /// The name without the namespace.
    pub name: Str,
    /// What defines it: `defn`, `ns` …
    pub kind: Keyword,
    /// The text before it.
    pub before: Str,
    /// Its text.
    pub source: Str,
    /// The hash of its tokens.
    pub normal_hash: i64,
    /// Docstring.
    pub doc: Option<Str>,
    /// Argument vectors as text.
    pub arglists: Option<Str>,
    /// Whether it is private.
    pub private: bool,
    /// Whether it defines a macro.
    pub is_macro: bool,
    /// Whether it is marked as deprecated.
    pub deprecated: bool,
    /// Whether it is used from outside without being named: a test, `-main`, what is exported.
    pub root: bool,
    /// The platforms that read it.
    pub platforms: Vec<Keyword>,
    /// Whether it is pure; none where that is unknown.
    pub pure: Option<bool>,
    /// The name that makes it impure.
    pub impure_via: Option<Str>,
    /// What it uses, and how.
    pub dependencies: Vec<(Str, Keyword)>,
    /// Names that could not be resolved.
    pub unresolved: Vec<Str>,
    /// The vars it defines, where that is more or other than one var with its own name.
    pub definitions: Vec<DefinitionFacts>,
}

/// One var of several that a statement defines.
#[derive(Clone, Debug)]
pub struct DefinitionFacts {
    /// Fully qualified name.
    pub fqn: Str,
    /// The name without the namespace.
    pub name: Str,
    /// What it is.
    pub kind: Keyword,
    /// Docstring.
    pub doc: Option<Str>,
    /// Argument vectors as text.
    pub arglists: Option<Str>,
    /// Whether it is private.
    pub private: bool,
    /// Whether it is a macro.
    pub is_macro: bool,
}

impl FileFacts {
    /// A hash of all that is known of its statements besides their text.
    pub(crate) fn facts_hash(&self) -> i64 {
        let mut bytes = Vec::with_capacity(self.statements.len() * 256);
        for statement in &self.statements {
            statement.write(&mut bytes);
        }
        content_hash(&bytes)
    }
}

/// Writes a text so that no two lists of texts are written alike.
fn write(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn write_all<'a>(out: &mut Vec<u8>, texts: impl ExactSizeIterator<Item = &'a str>) {
    out.extend_from_slice(&(texts.len() as u64).to_le_bytes());
    texts.for_each(|text| write(out, text));
}

fn write_optional(out: &mut Vec<u8>, text: Option<&Str>) {
    write_all(out, text.map(|text| &**text).into_iter());
}

impl StatementFacts {
    /// Writes all that is known besides the text.
    fn write(&self, out: &mut Vec<u8>) {
        write(out, &self.fqn);
        write_optional(out, self.namespace.as_ref());
        write(out, &self.name);
        write(out, self.kind.as_str());
        out.extend_from_slice(&self.normal_hash.to_le_bytes());
        write_optional(out, self.doc.as_ref());
        write_optional(out, self.arglists.as_ref());
        let flags = [self.private, self.is_macro, self.deprecated, self.root];
        out.extend(flags.map(u8::from));
        write_all(out, self.platforms.iter().map(Keyword::as_str));
        out.push(self.pure.map_or(2, u8::from));
        write_optional(out, self.impure_via.as_ref());
        write_all(out, self.dependencies.iter().map(|(name, _)| &**name));
        write_all(out, self.dependencies.iter().map(|(_, how)| how.as_str()));
        write_all(out, self.unresolved.iter().map(|name| &**name));
        out.extend_from_slice(&(self.definitions.len() as u64).to_le_bytes());
        for definition in &self.definitions {
            write(out, &definition.fqn);
            write(out, &definition.name);
            write(out, definition.kind.as_str());
            write_optional(out, definition.doc.as_ref());
            write_optional(out, definition.arglists.as_ref());
            out.extend([definition.private, definition.is_macro].map(u8::from));
        }
    }

    /// A statement of which nothing is known but its text and names.
    pub fn new(fqn: &str, namespace: Option<&str>, name: &str, kind: &str) -> StatementFacts {
        StatementFacts {
            fqn: fqn.into(),
            namespace: namespace.map(Str::from),
            name: name.into(),
            kind: Keyword::parse(kind),
            before: "".into(),
            source: "".into(),
            normal_hash: 0,
            doc: None,
            arglists: None,
            private: false,
            is_macro: false,
            deprecated: false,
            root: false,
            platforms: Vec::new(),
            pure: None,
            impure_via: None,
            dependencies: Vec::new(),
            unresolved: Vec::new(),
            definitions: Vec::new(),
        }
    }

    /// What is stored of it besides its name, its place, its times and its references. `hash` is that of its text, where
    /// it is known already.
    pub(crate) fn values(&self, hash: Option<i64>, out: &mut Vec<(Attr, Value)>) {
        let text = |s: &Str| Value::Str(s.clone());
        out.push((Attr::StatementSource, text(&self.source)));
        out.extend(self.namespace.as_ref().map(|n| (Attr::StatementNamespace, text(n))));
        out.push((Attr::StatementName, text(&self.name)));
        out.push((Attr::StatementType, Value::Keyword(self.kind.clone())));
        let mut dependencies: Vec<&Str> = self.dependencies.iter().map(|(name, _)| name).collect();
        dependencies.sort_unstable();
        dependencies.dedup();
        out.extend(dependencies.into_iter().map(|d| (Attr::StatementDependencies, text(d))));
        out.extend(self.pure.map(|p| (Attr::StatementPure, Value::Bool(p))));
        out.push((Attr::StatementLineCount, Value::Int(line_count(&self.source))));
        if &*self.before != DEFAULT_BEFORE {
            out.push((Attr::StatementBefore, text(&self.before)));
        }
        let hash = hash.unwrap_or_else(|| content_hash(self.source.as_bytes()));
        out.push((Attr::StatementHash, Value::Int(hash)));
        out.push((Attr::StatementNormalHash, Value::Int(self.normal_hash)));
        out.extend(self.doc.as_ref().map(|d| (Attr::StatementDoc, text(d))));
        out.extend(self.arglists.as_ref().map(|a| (Attr::StatementArglists, text(a))));
        for (holds, attr) in [
            (self.private, Attr::StatementPrivate),
            (self.is_macro, Attr::StatementMacro),
            (self.deprecated, Attr::StatementDeprecated),
            (self.root, Attr::StatementRoot),
        ] {
            out.extend(holds.then_some((attr, Value::Bool(true))));
        }
        let platforms = self.platforms.iter().cloned().map(Value::Keyword);
        out.extend(platforms.map(|p| (Attr::StatementPlatforms, p)));
        out.extend(self.impure_via.as_ref().map(|via| (Attr::StatementImpureVia, text(via))));
        out.extend(self.unresolved.iter().map(|name| (Attr::StatementUnresolved, text(name))));
    }
}

impl DefinitionFacts {
    /// What is stored of it.
    pub(crate) fn values(&self, out: &mut Vec<(Attr, Value)>) {
        let text = |s: &Str| Value::Str(s.clone());
        out.push((Attr::DefinitionFqn, text(&self.fqn)));
        out.push((Attr::DefinitionName, text(&self.name)));
        out.push((Attr::DefinitionType, Value::Keyword(self.kind.clone())));
        out.extend(self.doc.as_ref().map(|d| (Attr::DefinitionDoc, text(d))));
        out.extend(self.arglists.as_ref().map(|a| (Attr::DefinitionArglists, text(a))));
        out.extend(self.private.then_some((Attr::DefinitionPrivate, Value::Bool(true))));
        out.extend(self.is_macro.then_some((Attr::DefinitionMacro, Value::Bool(true))));
    }
}

/// The text before a statement that is not stored.
pub(crate) const DEFAULT_BEFORE: &str = "\n\n";

/// The tail of a file that is not stored.
pub(crate) const DEFAULT_TAIL: &str = "\n";

/// How many lines a text has; the last one need not end.
pub fn line_count(text: &str) -> i64 {
    text.lines().count() as i64
}
