//! The keywords that statements register, which files may join and leave.
//!
//! What uses such a keyword needs what registers it, though it names no var. A keyword that many statements register, as one by
//! which many multimethods dispatch, says nothing of any of them; neither does one that none registers.

use super::keywords::{Used, resolve};
use super::names::Name;
use super::ns::{Context, Platform, Reading};
use super::vars::{FileId, Key, StatementId, keyword_key};
use super::walk::{Form, Pass};
use super::{File, keywords};
use crate::model::DependencyType;
use edn::Str;
use rustc_hash::{FxHashMap, FxHashSet};

/// No keyword that more statements register leads to them: as many as one component has methods of `integrant`.
const FEW: usize = 4;

/// A statement that registers a keyword.
#[derive(Debug)]
struct Registration {
    statement: StatementId,
    fqn: Str,
}

/// See the module. Keywords are written without a colon.
#[derive(Debug, Default)]
pub(super) struct Registered {
    keywords: FxHashMap<Str, Vec<Registration>>,
    /// Who registered what is being changed before that.
    before: FxHashMap<Str, Vec<Str>>,
}

impl Registered {
    /// Adds what the statements of a file register.
    pub(super) fn join(&mut self, file: &File, id: FileId, names: &[Name]) {
        for (keyword, place) in registered(file) {
            self.touch(&keyword);
            let statement = (id, place);
            let all = self.keywords.entry(keyword).or_default();
            if !all.iter().any(|other| other.statement == statement) {
                all.push(Registration { statement, fqn: names[place as usize].fqn.clone() });
            }
        }
    }

    /// Takes away what the statements of a file registered.
    pub(super) fn leave(&mut self, file: &File, id: FileId) {
        for (keyword, _) in registered(file) {
            self.touch(&keyword);
            if let Some(all) = self.keywords.get_mut(&keyword) {
                all.retain(|registration| registration.statement.0 != id);
            }
        }
    }

    /// Takes note of what a statement is called.
    pub(super) fn name(&mut self, file: &File, statement: StatementId, fqn: &Str) {
        for (keyword, _) in registered(file).filter(|(_, place)| *place == statement.1) {
            self.touch(&keyword);
            let all = self.keywords.get_mut(&keyword).into_iter().flatten();
            for registration in all.filter(|other| other.statement == statement) {
                registration.fqn = fqn.clone();
            }
        }
    }

    fn touch(&mut self, keyword: &Str) {
        if !self.before.contains_key(keyword) {
            let before = self.by(keyword);
            self.before.insert(keyword.clone(), before);
        }
    }

    /// The statements that register a keyword, by name.
    fn by(&self, keyword: &str) -> Vec<Str> {
        let all = self.keywords.get(keyword).into_iter().flatten();
        let mut names: Vec<Str> = all.map(|registration| registration.fqn.clone()).collect();
        names.sort_unstable();
        names
    }

    /// What changed since this was asked last: the questions whose answers are others now.
    pub(super) fn changed(&mut self) -> FxHashSet<Key> {
        let before = std::mem::take(&mut self.before);
        let differ = before.iter().filter(|(keyword, before)| self.by(keyword) != **before);
        let changed = differ.map(|(keyword, _)| keyword_key(keyword)).collect();
        self.keywords.retain(|_, all| !all.is_empty());
        changed
    }

    /// The statements that a keyword leads to.
    fn leads_to(&self, keyword: &str) -> Vec<Str> {
        let by = self.by(keyword);
        if by.len() > FEW { Vec::new() } else { by }
    }

    /// What a file asks about the keywords in it.
    pub(super) fn of_file<'a>(&'a self, file: &'a File) -> KeywordUses<'a> {
        KeywordUses { registered: self, file, written: FxHashMap::default(), asked: Vec::new() }
    }
}

/// The keywords of a file. Each is looked up once as it is written in a namespace.
pub(super) struct KeywordUses<'a> {
    registered: &'a Registered,
    file: &'a File,
    written: FxHashMap<(Platform, usize, &'a str), Vec<Str>>,
    asked: Vec<Key>,
}

impl<'a> KeywordUses<'a> {
    /// The statements that register what a statement uses, added to what it depends on.
    pub(super) fn of(&mut self, pass: &Pass, form: &Form, out: &mut Vec<(Str, DependencyType)>) {
        let File { text, tree, .. } = self.file;
        let reading = Reading { text, tree, platform: pass.platform };
        let context = &pass.contexts[form.context];
        keywords::used(&reading, context, form, &mut |used| match used {
            Used::Written(text) => {
                let key = (pass.platform, form.context, text);
                if !self.written.contains_key(&key) {
                    let found = full(context, text).map(|keyword| self.leads_to(&keyword));
                    self.written.insert(key, found.unwrap_or_default());
                }
                add(out, &self.written[&key]);
            }
            Used::Made { ns, name } => add(out, &self.leads_to(&format!("{ns}/{name}"))),
        });
    }

    fn leads_to(&mut self, keyword: &str) -> Vec<Str> {
        self.asked.push(keyword_key(keyword));
        self.registered.leads_to(keyword)
    }

    /// Everything that was asked.
    pub(super) fn into_asked(self) -> Vec<Key> {
        self.asked
    }
}

fn add(out: &mut Vec<(Str, DependencyType)>, statements: &[Str]) {
    out.extend(statements.iter().map(|fqn| (fqn.clone(), DependencyType::Keyword)));
}

/// The keywords that the statements of a file register, each with the place of its statement.
fn registered(file: &File) -> impl Iterator<Item = (Str, u32)> + '_ {
    file.passes.iter().flat_map(move |pass| {
        let reading = Reading { text: &file.text, tree: &file.tree, platform: pass.platform };
        pass.forms.iter().flat_map(move |form| {
            let context = &pass.contexts[form.context];
            let place = file.place(form.root);
            let text = |node: &u32| file.tree.text(*node as usize, reading.text);
            let nodes = form.registers.iter();
            nodes.filter_map(move |node| Some((full(context, text(node))?, place?)))
        })
    })
}

/// A keyword as it is read, without its colon; none where its alias is not known.
fn full(context: &Context, text: &str) -> Option<Str> {
    let resolved = resolve(Some(context), text, None);
    Some(format!("{}/{}", resolved.ns?, resolved.name).into())
}
