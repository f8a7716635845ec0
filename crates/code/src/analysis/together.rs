//! All files together: what each statement uses, what it is called, whether it is pure; the facts of every file.

use super::File;
use super::lexicon;
use super::names::{self, Name};
use super::ns::Context;
use super::purity::{self, Local, Purity};
use super::resolve::{
    Meaning, Project, Var, imported, meaning_in, places, qualified, starts_upper,
};
use super::walk::{Def, Form, Pass, UseKind};
use crate::facts::{DefinitionFacts, FileFacts, StatementFacts};
use crate::model::{DependencyType, content_hash};
use edn::syntax::Kind;
use edn::{Keyword, Str};
use rayon::prelude::*;

/// What one statement uses, over all platforms that read it.
#[derive(Default)]
struct Uses {
    dependencies: Vec<(Str, DependencyType)>,
    unresolved: Vec<Str>,
    local: Local,
}

impl Uses {
    fn add(
        &mut self,
        project: &Project<'_>,
        names: &[&Name],
        pass: &Pass,
        form: &Form,
        text: &str,
    ) {
        let context = &pass.contexts[form.context];
        for used in &form.uses {
            let symbol = &text[used.start as usize..used.end as usize];
            let meaning = meaning_in(project, pass, form, used.kind, symbol);
            self.add_one(names, used.kind, symbol, meaning);
        }
        for (ns, name) in &form.exports {
            let meaning = qualified(project, context, pass.platform, ns, name);
            self.add_one(names, UseKind::Reference, name, meaning);
        }
        if self.local.impure.is_none() {
            self.local.impure = form.effects.impure.clone();
        }
        self.local.unknown |= form.effects.unknown;
    }

    fn impure(&mut self, what: String) {
        self.local.impure.get_or_insert(what);
    }

    fn add_one(&mut self, names: &[&Name], used: UseKind, symbol: &str, meaning: Meaning) {
        if used == UseKind::TypeHint {
            if let Meaning::Own { ns, name, var } = meaning
                && starts_upper(&name)
            {
                let full = full_name(names, &ns, &name, var);
                self.dependencies.push((full, DependencyType::TypeHint));
            }
            return;
        }
        match meaning {
            Meaning::Own { ns, name, var } => {
                let kind = match var.is_type && makes_instance(used, symbol) {
                    true => DependencyType::Instantiation,
                    false => kind_of(used, var.is_macro, var.is_protocol),
                };
                self.dependencies.push((full_name(names, &ns, &name, var), kind));
                // Implementing a protocol calls nothing.
                if used != UseKind::ProtocolImpl {
                    self.local.uses.push(var.statement);
                }
                if name.ends_with('!') || var.dynamic {
                    self.impure(format!("{ns}/{name}"));
                }
            }
            Meaning::Core { ns, name, is_macro } => {
                let full: Str = format!("{ns}/{name}").into();
                if lexicon::is_impure_core(&name) || is_dynamic(&name) {
                    self.impure(full.to_string());
                }
                self.dependencies.push((full, kind_of(used, is_macro, false)));
            }
            Meaning::Foreign { ns, name } => {
                let full: Str = format!("{ns}/{name}").into();
                if name.ends_with('!') || is_dynamic(&name) {
                    self.impure(full.to_string());
                } else if !lexicon::is_pure_namespace(&ns) {
                    self.local.unknown = true;
                }
                let is_macro = lexicon::library_var(&ns, &name).is_some_and(|var| var.is_macro);
                self.dependencies.push((full, kind_of(used, is_macro, false)));
            }
            Meaning::Host => {
                let pure = symbol.starts_with("Math/") || symbol.starts_with("js/Math.");
                self.local.unknown |= !pure;
            }
            Meaning::Nothing | Meaning::Commented => {}
            Meaning::Unresolved if matches!(used, UseKind::Quoted | UseKind::QuotedCall) => {}
            Meaning::Unresolved => {
                self.local.unknown = true;
                self.unresolved.push(symbol.into());
            }
        }
    }
}

/// The name of a var of the project: that of its statement, where the statement is of ClojureScript's var of the name.
fn full_name(names: &[&Name], ns: &str, name: &str, var: Var) -> Str {
    let full = format!("{ns}/{name}");
    let statement = &names[var.statement as usize].fqn;
    match statement.strip_suffix("@cljs") {
        Some(plain) if plain == full => statement.as_str().into(),
        _ => full.into(),
    }
}

fn is_dynamic(name: &str) -> bool {
    name.len() > 2 && name.starts_with('*') && name.ends_with('*')
}

fn kind_of(kind: UseKind, is_macro: bool, is_protocol: bool) -> DependencyType {
    match kind {
        UseKind::ProtocolImpl => DependencyType::ProtocolImpl,
        UseKind::MultimethodImpl => DependencyType::MultimethodImpl,
        _ if is_macro => DependencyType::MacroUse,
        UseKind::Call | UseKind::QuotedCall if !is_protocol => DependencyType::FunctionCall,
        _ => DependencyType::VarReference,
    }
}

/// Whether a use of a record or type makes an instance of it: `R.`, `(new R …)`, `->R`, `map->R`.
fn makes_instance(used: UseKind, symbol: &str) -> bool {
    let name = symbol.rsplit('/').next().unwrap_or(symbol);
    used == UseKind::New
        || name.ends_with('.')
        || name.starts_with("->")
        || name.starts_with("map->")
}

/// Puts together what all files say.
pub(super) fn facts(files: &[File<'_>]) -> Vec<FileFacts> {
    let project = Project::of(files);
    let mut names: Vec<Vec<Name>> = files.par_iter().map(names_of).collect();
    names::unique(files, &mut names);
    let flat: Vec<&Name> = names.iter().flatten().collect();
    let uses: Vec<Vec<Uses>> =
        files.par_iter().map(|file| uses_of(&project, &flat, file)).collect();
    let locals: Vec<Local> = uses.iter().flatten().map(|u| u.local.clone()).collect();
    let purity = purity::infer(&locals, |i| flat[i as usize].fqn.as_str());
    files
        .par_iter()
        .zip(names.par_iter())
        .zip(uses.into_par_iter())
        .enumerate()
        .map(|(i, ((file, names), uses))| {
            let start = project.starts[i] as usize;
            let purity = &purity[start..start + names.len()];
            file_facts(file, names, uses, purity)
        })
        .collect()
}

fn names_of(file: &File<'_>) -> Vec<Name> {
    let places = places(file);
    let mut names: Vec<Option<Name>> = vec![None; file.statements.len()];
    for pass in &file.passes {
        for form in &pass.forms {
            let Some(place) = places.get(&form.root) else { continue };
            names[*place as usize]
                .get_or_insert_with(|| names::of_form(form, &pass.contexts[form.context].name));
        }
    }
    names.into_iter().map(|n| n.unwrap_or_else(|| names::of_data(file.path))).collect()
}

fn uses_of(project: &Project<'_>, names: &[&Name], file: &File<'_>) -> Vec<Uses> {
    let places = places(file);
    let mut uses: Vec<Uses> = (0..file.statements.len()).map(|_| Uses::default()).collect();
    for pass in &file.passes {
        for form in &pass.forms {
            let Some(place) = places.get(&form.root) else { continue };
            let own = &mut uses[*place as usize];
            own.add(project, names, pass, form, file.text);
            own.local.applies |= form.vars().any(has_purity);
            if form.head == "ns" {
                let context = &pass.contexts[form.context];
                let required = context.requires.iter().filter(|r| **r != context.name);
                own.dependencies.extend(
                    required.map(|r| (Str::from(r.as_str()), DependencyType::NamespaceRequire)),
                );
                own.dependencies.extend(imports(project, names, pass, context));
            }
        }
    }
    for own in &mut uses {
        own.dependencies.sort_unstable();
        own.dependencies.dedup();
        own.unresolved.sort_unstable();
        own.unresolved.dedup();
        own.local.uses.sort_unstable();
        own.local.uses.dedup();
    }
    uses
}

/// The records and types of the project that a namespace imports as classes.
fn imports<'a>(
    project: &'a Project<'_>,
    names: &'a [&Name],
    pass: &'a Pass,
    context: &'a Context,
) -> impl Iterator<Item = (Str, DependencyType)> + 'a {
    context.imports.keys().filter_map(|class| {
        let Meaning::Own { ns, name, var } = imported(project, context, pass.platform, class)?
        else {
            return None;
        };
        Some((full_name(names, &ns, &name, var), DependencyType::Import))
    })
}

/// Functions and values have purity; protocols, multimethods and declarations leave it to others.
fn has_purity(def: &Def) -> bool {
    !def.declared
        && !matches!(
            def.kind.as_str(),
            "defprotocol"
                | "definterface"
                | "protocol-method"
                | "defmulti"
                | "import-vars"
                | "deftest"
        )
}

fn file_facts(file: &File<'_>, names: &[Name], uses: Vec<Uses>, purity: &[Purity]) -> FileFacts {
    let forms = forms_of(file);
    let mut statements = Vec::with_capacity(names.len());
    for (i, (own, name)) in uses.into_iter().zip(names).enumerate() {
        let (root, before) = &file.statements[i];
        let node = file.tree.node(*root);
        let mut facts =
            StatementFacts::new(&name.fqn, name.namespace.as_deref(), &name.name, &name.kind);
        facts.before = file.text[before.clone()].into();
        facts.source = file.text[node.range()].into();
        facts.normal_hash = normal_hash(file, *root);
        let readers = &forms[i];
        describe(&mut facts, readers);
        facts.platforms = readers.iter().map(|(p, _)| Keyword::parse(p.platform.name())).collect();
        facts.dependencies = own
            .dependencies
            .into_iter()
            .map(|(n, kind)| (n, Keyword::parse(kind.name())))
            .collect();
        facts.unresolved = own.unresolved;
        if own.local.applies {
            match &purity[i] {
                Purity::Pure => facts.pure = Some(true),
                Purity::Impure(via) => {
                    facts.pure = Some(false);
                    facts.impure_via = Some(via.as_str().into());
                }
                Purity::Unknown => {}
            }
        }
        statements.push(facts);
    }
    FileFacts {
        path: file.path.to_string(),
        hash: file.hash(),
        statements,
        tail: file.text[file.tail.clone()].to_string(),
        problem: file.problem(),
        opaque: None,
    }
}

/// For each statement the forms that platforms read it as.
fn forms_of<'f>(file: &'f File<'_>) -> Vec<Vec<(&'f Pass, &'f Form)>> {
    let places = places(file);
    let mut forms = vec![Vec::new(); file.statements.len()];
    for pass in &file.passes {
        for form in &pass.forms {
            if let Some(place) = places.get(&form.root) {
                forms[*place as usize].push((pass, form));
            }
        }
    }
    forms
}

/// What definitions say: docstring, arguments, flags, and which vars there are.
fn describe(facts: &mut StatementFacts, forms: &[(&Pass, &Form)]) {
    let mut defs: Vec<(String, &Def)> = Vec::new();
    for (pass, form) in forms {
        let ns = &pass.contexts[form.context].name;
        for def in form.vars() {
            let fqn = format!("{ns}/{}", def.name);
            if !defs.iter().any(|(known, _)| *known == fqn) {
                defs.push((fqn, def));
            }
        }
        if form.head == "ns" {
            let doc = pass.contexts[form.context].doc.as_deref();
            facts.doc = facts.doc.take().or(doc.map(Str::from));
        }
    }
    let Some((_, main)) = defs.first() else { return };
    let text = |s: &Option<String>| s.as_deref().map(Str::from);
    if !main.declared || defs.len() == 1 {
        facts.doc = text(&main.doc);
        facts.arglists = text(&main.arglists);
        facts.private = main.private;
        facts.is_macro = main.is_macro;
        facts.deprecated = main.deprecated;
        facts.root = main.root;
    }
    let plain = facts.fqn.split(['@', '#']).next().unwrap_or_default().to_string();
    let only_itself = defs.len() == 1
        && (defs[0].0 == *facts.fqn || defs[0].0 == plain && facts.fqn.ends_with("@cljs"));
    if only_itself || main.declared && &*facts.kind.to_string() == ":declare" {
        return;
    }
    facts.definitions = defs
        .iter()
        .map(|(fqn, def)| DefinitionFacts {
            fqn: fqn.as_str().into(),
            name: def.name.as_str().into(),
            kind: Keyword::parse(&def.kind),
            doc: text(&def.doc),
            arglists: text(&def.arglists),
            private: def.private,
            is_macro: def.is_macro,
        })
        .collect();
}

/// A hash of a statement's tokens and brackets, without white space, comments and discarded forms.
fn normal_hash(file: &File<'_>, root: usize) -> i64 {
    let nodes = &file.tree.nodes;
    let mut tokens = Vec::with_capacity(256);
    let end = nodes[root].next as usize;
    let mut open: Vec<u32> = Vec::new();
    let mut i = root;
    while i < end {
        let node = nodes[i];
        while open.last().is_some_and(|next| *next <= i as u32) {
            open.pop();
            tokens.push(b')');
        }
        if node.kind == Kind::Discard {
            i = node.next as usize;
            continue;
        }
        tokens.push(node.kind as u8);
        if node.next == i as u32 + 1 {
            tokens.extend_from_slice(&file.text.as_bytes()[node.range()]);
            tokens.push(b' ');
        } else {
            open.push(node.next);
        }
        i += 1;
    }
    content_hash(&tokens)
}
