//! What everything is called in an index.

use super::libraries::Libraries;
use super::package::Package;
use crate::analysis::{DefinitionFound, Findings, ImplementationFound};
use rustc_hash::{FxHashMap, FxHashSet};
use scip::symbol::format_symbol;
use scip::types::descriptor::Suffix;
use scip::types::symbol_information::Kind;
use scip::types::{self, Descriptor, Signature, SymbolInformation};
use std::collections::BTreeMap;

/// The indexer's name, which every symbol begins with.
const SCHEME: &str = "scip-clojure";

/// The symbols of a project, and what else it names.
pub(super) struct Symbols<'f> {
    package: Package,
    libraries: Libraries<'f>,
    namespaces: FxHashSet<String>,
    /// The vars of the project, by namespace and name.
    vars: FxHashMap<(String, String), Var>,
    /// How many methods have a name already.
    methods: FxHashMap<String, usize>,
    external: BTreeMap<String, SymbolInformation>,
}

/// A var of the project.
#[derive(Clone, Debug)]
struct Var {
    suffix: Suffix,
    protocol: Option<String>,
    /// Whether it is only declared, wherever it is.
    declared: bool,
}

impl Var {
    fn of(definition: &DefinitionFound) -> Var {
        Var {
            suffix: suffix(definition),
            protocol: definition.protocol.as_deref().map(str::to_owned),
            declared: is_declaration(definition),
        }
    }

    /// What names it below its namespace.
    fn descriptors(&self, ns: &str, name: &str) -> Vec<Descriptor> {
        let mut descriptors = vec![descriptor(ns, Suffix::Namespace, "")];
        let protocol = self.protocol.as_deref();
        descriptors.extend(protocol.map(|protocol| descriptor(protocol, Suffix::Type, "")));
        descriptors.push(descriptor(name, self.suffix, ""));
        descriptors
    }
}

impl<'f> Symbols<'f> {
    pub(super) fn of(
        found: &[&Findings],
        package: &Package,
        libraries: Libraries<'f>,
    ) -> Symbols<'f> {
        let mut vars: FxHashMap<(String, String), Var> = FxHashMap::default();
        for definition in found.iter().flat_map(|file| &file.definitions) {
            let key = (definition.ns.to_string(), definition.name.to_string());
            let var = Var::of(definition);
            match vars.get(&key) {
                Some(known) if !known.declared || var.declared => {}
                _ => {
                    vars.insert(key, var);
                }
            }
        }
        let namespaces = found.iter().flat_map(|file| &file.namespaces);
        Symbols {
            package: package.clone(),
            libraries,
            namespaces: namespaces.map(|ns| ns.name.to_string()).collect(),
            vars,
            methods: FxHashMap::default(),
            external: BTreeMap::new(),
        }
    }

    /// Whether a definition only declares what is defined elsewhere.
    pub(super) fn is_declared_only(&self, definition: &DefinitionFound) -> bool {
        let key = (definition.ns.to_string(), definition.name.to_string());
        is_declaration(definition) && self.vars.get(&key).is_some_and(|var| !var.declared)
    }

    pub(super) fn namespace(&mut self, ns: &str) -> String {
        let descriptors = vec![descriptor(ns, Suffix::Namespace, "")];
        match self.namespaces.contains(ns) {
            true => self.own(descriptors),
            false => self.foreign(ns, descriptors, ns, Kind::Namespace),
        }
    }

    pub(super) fn var(&mut self, ns: &str, name: &str) -> String {
        if let Some(var) = self.vars.get(&(ns.to_owned(), name.to_owned())) {
            return self.own(var.descriptors(ns, name));
        }
        let Some(definition) = self.libraries.definition(ns, name) else {
            let unknown = [(ns, Suffix::Namespace), (name, Suffix::Term)];
            let descriptors = unknown.map(|(name, suffix)| descriptor(name, suffix, ""));
            return self.foreign(ns, descriptors.into(), name, Kind::UnspecifiedKind);
        };
        let symbol = symbol(self.libraries.package(ns), Var::of(definition).descriptors(ns, name));
        if !self.external.contains_key(&symbol) {
            let (doc, signature) = (definition.doc.as_deref(), signature(definition));
            let told = information(&symbol, name, kind(definition), doc, signature);
            self.external.insert(symbol.clone(), told);
        }
        symbol
    }

    /// A class of the JVM; one that a record or type of the project is made into is that.
    pub(super) fn class(&mut self, package: &str, name: &str) -> String {
        let ns = package.replace('_', "-");
        if self.vars.contains_key(&(ns.clone(), name.to_owned())) {
            return self.var(&ns, name);
        }
        let mut descriptors = foreign_namespace(package);
        descriptors.push(descriptor(name, Suffix::Type, ""));
        self.foreign(package, descriptors, name, Kind::Class)
    }

    /// The protocol or interface that is implemented.
    pub(super) fn protocol(&mut self, found: &ImplementationFound) -> String {
        let ns = found.protocol_ns.as_deref().unwrap_or_default();
        if self.vars.contains_key(&(ns.to_owned(), found.protocol.to_string())) {
            return self.var(ns, &found.protocol);
        }
        let mut descriptors = foreign_namespace(ns);
        descriptors.push(descriptor(&found.protocol, Suffix::Type, ""));
        self.foreign(ns, descriptors, &found.protocol, Kind::Interface)
    }

    /// The method of a protocol or interface that is implemented.
    pub(super) fn protocol_method(&mut self, found: &ImplementationFound) -> String {
        let ns = found.protocol_ns.as_deref().unwrap_or_default();
        if self.vars.contains_key(&(ns.to_owned(), found.method.to_string())) {
            return self.var(ns, &found.method);
        }
        let mut descriptors = foreign_namespace(ns);
        descriptors.push(descriptor(&found.protocol, Suffix::Type, ""));
        descriptors.push(descriptor(&found.method, Suffix::Method, ""));
        self.foreign(ns, descriptors, &found.method, Kind::Method)
    }

    /// Another method that implements something in a namespace.
    pub(super) fn method(&mut self, ns: &str, of: Option<&str>, name: &str) -> String {
        let mut descriptors = vec![descriptor(ns, Suffix::Namespace, "")];
        descriptors.extend(of.map(|of| descriptor(of, Suffix::Type, "")));
        let key = format!("{ns}/{}/{name}", of.unwrap_or_default());
        let count = self.methods.entry(key).or_insert(0);
        *count += 1;
        descriptors.push(descriptor(name, Suffix::Method, &format!("+{count}")));
        self.own(descriptors)
    }

    /// Everything that is named and not part of the project.
    pub(super) fn external(self) -> Vec<SymbolInformation> {
        self.external.into_values().collect()
    }

    fn own(&self, descriptors: Vec<Descriptor>) -> String {
        symbol(&self.package, descriptors)
    }

    fn foreign(
        &mut self,
        ns: &str,
        descriptors: Vec<Descriptor>,
        name: &str,
        kind: Kind,
    ) -> String {
        let symbol = symbol(self.libraries.package(ns), descriptors);
        if !self.external.contains_key(&symbol) {
            self.external.insert(symbol.clone(), information(&symbol, name, kind, None, None));
        }
        symbol
    }
}

/// What is told of a symbol.
pub(super) fn information(
    symbol: &str,
    name: &str,
    kind: Kind,
    doc: Option<&str>,
    signature: Option<String>,
) -> SymbolInformation {
    let signature = signature.map(|text| Signature {
        language: "Clojure".to_owned(),
        text,
        ..Signature::default()
    });
    SymbolInformation {
        symbol: symbol.to_owned(),
        display_name: name.to_owned(),
        kind: kind.into(),
        documentation: doc.map(str::to_owned).into_iter().collect(),
        signature_documentation: signature.into(),
        ..SymbolInformation::default()
    }
}

/// How a var is called.
pub(super) fn signature(definition: &DefinitionFound) -> Option<String> {
    let name = &definition.name;
    let calls = definition.arglists.iter().map(|arguments| format!("({name} {arguments})"));
    let calls: Vec<String> = calls.collect();
    (!calls.is_empty()).then(|| calls.join("\n"))
}

fn symbol(package: &Package, descriptors: Vec<Descriptor>) -> String {
    let package = types::Package {
        manager: package.manager.clone(),
        name: package.name.clone(),
        version: package.version.clone(),
        ..types::Package::default()
    };
    format_symbol(types::Symbol {
        scheme: SCHEME.to_owned(),
        package: Some(package).into(),
        descriptors,
        ..types::Symbol::default()
    })
}

fn foreign_namespace(ns: &str) -> Vec<Descriptor> {
    match ns {
        "" => Vec::new(),
        ns => vec![descriptor(ns, Suffix::Namespace, "")],
    }
}

fn descriptor(name: &str, suffix: Suffix, disambiguator: &str) -> Descriptor {
    Descriptor {
        name: name.to_owned(),
        disambiguator: disambiguator.to_owned(),
        suffix: suffix.into(),
        ..Descriptor::default()
    }
}

fn is_declaration(definition: &DefinitionFound) -> bool {
    &*definition.kind == "declare" || definition.in_comment
}

fn is_constructor(definition: &DefinitionFound) -> bool {
    definition.name.starts_with("->") || definition.name.starts_with("map->")
}

fn suffix(definition: &DefinitionFound) -> Suffix {
    match &*definition.kind {
        _ if definition.is_macro => Suffix::Macro,
        "defprotocol" | "definterface" => Suffix::Type,
        "defrecord" | "deftype" if !is_constructor(definition) => Suffix::Type,
        _ if definition.protocol.is_some() => Suffix::Method,
        _ => Suffix::Term,
    }
}

/// What a definition is.
pub(super) fn kind(definition: &DefinitionFound) -> Kind {
    match &*definition.kind {
        _ if definition.is_macro => Kind::Macro,
        "defprotocol" => Kind::Protocol,
        "definterface" => Kind::Interface,
        "defrecord" if !is_constructor(definition) => Kind::Struct,
        "deftype" if !is_constructor(definition) => Kind::Class,
        _ if definition.protocol.is_some() => Kind::ProtocolMethod,
        "defmulti" => Kind::Function,
        _ if !definition.arglists.is_empty() || !definition.fixed_arities.is_empty() => {
            Kind::Function
        }
        _ => Kind::Variable,
    }
}
