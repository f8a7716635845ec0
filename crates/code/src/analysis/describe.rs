//! The facts of a file, put together: its statements with their texts, what defines them, what they use, whether they are pure.

use super::File;
use super::names::Name;
use super::purity::Purity;
use super::uses::Uses;
use super::walk::{Def, Form, Pass};
use crate::facts::{DefinitionFacts, FileFacts, StatementFacts};
use crate::model::content_hash;
use edn::syntax::Kind;
use edn::{Keyword, Str};

/// Everything that is known of a file.
pub(super) fn of_file(file: &File, names: &[Name], uses: &[Uses], purity: &[Purity]) -> FileFacts {
    let forms = forms_of(file);
    let mut statements = Vec::with_capacity(names.len());
    for (i, (own, name)) in uses.iter().zip(names).enumerate() {
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
        let dependencies = own.dependencies.iter();
        facts.dependencies =
            dependencies.map(|(name, kind)| (name.clone(), Keyword::parse(kind.name()))).collect();
        facts.unresolved = own.unresolved.clone();
        if own.local.applies {
            match &purity[i] {
                Purity::Pure => facts.pure = Some(true),
                Purity::Impure(via) => {
                    facts.pure = Some(false);
                    facts.impure_via = Some(via.clone());
                }
                Purity::Unknown => {}
            }
        }
        statements.push(facts);
    }
    FileFacts {
        path: file.path.to_string(),
        hash: content_hash(file.text.as_bytes()),
        statements,
        tail: file.text[file.tail.clone()].to_string(),
        problem: file.problem(),
        opaque: None,
    }
}

/// For each statement the forms that platforms read it as.
fn forms_of(file: &File) -> Vec<Vec<(&Pass, &Form)>> {
    let mut forms = vec![Vec::new(); file.statements.len()];
    for pass in &file.passes {
        for form in &pass.forms {
            if let Some(place) = file.place(form.root) {
                forms[place as usize].push((pass, form));
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

/// A hash of a statement's tokens and brackets, without white space, comments and discarded forms; of all of it, where it is broken.
fn normal_hash(file: &File, root: usize) -> i64 {
    let nodes = &file.tree.nodes;
    if file.tree.broken.contains(&root) {
        return content_hash(&file.text.as_bytes()[nodes[root].range()]);
    }
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
