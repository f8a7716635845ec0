//! What each statement of a file uses, with names resolved against all vars of the project.
//!
//! A name means the same wherever it stands in a namespace of a file, so each is resolved once; a use is then a number, and a
//! statement's uses are sorted as such before anything is made of them.

use super::File;
use super::lexicon;
use super::ns::{Context, Platform};
use super::purity::Local;
use super::registered::Registered;
use super::resolve::{Meaning, Project, imported, meaning_in, qualified, starts_upper};
use super::vars::{Key, Var, Vars, inside_key, name_key};
use super::walk::{Def, Form, Pass, UseKind};
use crate::model::DependencyType;
use edn::Str;
use rustc_hash::{FxHashMap, FxHashSet};

/// What one statement uses, over all platforms that read it.
#[derive(Default, Debug)]
pub(super) struct Uses {
    /// Full names, each with how it is used, ascending.
    pub(super) dependencies: Vec<(Str, DependencyType)>,
    pub(super) unresolved: Vec<Str>,
    pub(super) local: Local,
}

/// What the statements of a file use.
#[derive(Default, Debug)]
pub(super) struct FileUses {
    pub(super) statements: Vec<Uses>,
    /// What was asked to find that out, ascending: while nobody changes an answer, it stays true.
    asked: Vec<Key>,
}

impl FileUses {
    /// Finds them.
    pub(super) fn of(vars: &Vars, registered: &Registered, file: &File) -> FileUses {
        let project = Project::of(vars);
        let mut keywords = registered.of_file(file);
        // No platform reads data, but keywords stand in it.
        let data = file.passes.is_empty().then(|| Pass::of_data(file));
        let mut names =
            Names { project: &project, file, ids: FxHashMap::default(), all: Vec::new() };
        let mut statements: Vec<Collected> = Vec::new();
        statements.resize_with(file.statements.len(), Collected::default);
        let mut asked = Vec::new();
        for (pass, at) in file.passes.iter().chain(&data).zip(0..) {
            for form in &pass.forms {
                asked.push(inside_key(&pass.contexts[form.context].name));
                if let Some(place) = file.place(form.root) {
                    let statement = &mut statements[place as usize];
                    statement.add(&mut names, (pass, at), form);
                    keywords.of(pass, form, &mut statement.named);
                }
            }
        }
        let known = names.all;
        let statements: Vec<Uses> =
            statements.into_iter().map(|collected| collected.uses(&known)).collect();
        asked.extend(project.into_asked());
        asked.extend(keywords.into_asked());
        let dependencies = statements.iter().flat_map(|uses| &uses.dependencies);
        asked.extend(dependencies.map(|(name, _)| name_key(name)));
        asked.sort_unstable();
        asked.dedup();
        FileUses { statements, asked }
    }

    /// Whether the same is said of the statements' uses, whatever follows from it for their effects.
    pub(super) fn says_the_same(&self, other: &FileUses) -> bool {
        self.statements.len() == other.statements.len()
            && self
                .statements
                .iter()
                .zip(&other.statements)
                .all(|(a, b)| a.dependencies == b.dependencies && a.unresolved == b.unresolved)
    }

    /// Whether one of these questions was asked.
    pub(super) fn asks(&self, changed: &FxHashSet<Key>) -> bool {
        match changed.len() * 16 < self.asked.len() {
            true => changed.iter().any(|key| self.asked.binary_search(key).is_ok()),
            false => self.asked.iter().any(|key| changed.contains(key)),
        }
    }
}

/// What a name comes to.
struct Known {
    full: Option<Str>,
    what: What,
    /// What in it has an effect.
    is_impure: bool,
    unknown: bool,
}

#[derive(Clone, Copy)]
enum What {
    /// A var of the project.
    Own {
        var: Var,
        is_upper: bool,
        makes_instance: bool,
    },
    Other {
        is_macro: bool,
    },
    Nothing,
    Unresolved,
}

/// The names of a file, each resolved once.
struct Names<'a> {
    project: &'a Project<'a>,
    file: &'a File,
    ids: FxHashMap<(u32, usize, bool, &'a str), u32>,
    all: Vec<Known>,
}

impl<'a> Names<'a> {
    fn used(
        &mut self,
        (pass, at): (&'a Pass, u32),
        form: &Form,
        kind: UseKind,
        symbol: &'a str,
    ) -> u32 {
        let quoted = matches!(kind, UseKind::Quoted | UseKind::QuotedCall);
        let context = form.context as u32 * PASSES + at;
        // What a comment defines is known in its statement.
        let in_comment = form.defs.iter().any(|def| def.in_comment);
        let scope = if in_comment { form.root } else { usize::MAX };
        let next = self.all.len() as u32;
        let id = *self.ids.entry((context, scope, quoted, symbol)).or_insert(next);
        if id == next {
            let meaning = meaning_in(self.project, pass, form, kind, symbol);
            self.all.push(known(meaning, symbol));
        }
        id
    }

    fn exported(&mut self, context: &Context, platform: Platform, ns: &str, name: &str) -> u32 {
        let meaning = qualified(self.project, context, platform, ns, name);
        self.all.push(known(meaning, name));
        self.all.len() as u32 - 1
    }
}

/// No file is read by more platforms.
const PASSES: u32 = 4;

fn known(meaning: Meaning, symbol: &str) -> Known {
    let of = |full: String, what, is_impure, unknown| Known {
        full: Some(full.into()),
        what,
        is_impure,
        unknown,
    };
    match meaning {
        Meaning::Own { ns, name, var } => {
            let mark = if var.seen.marked { "@cljs" } else { "" };
            let what = What::Own {
                var,
                is_upper: starts_upper(&name),
                makes_instance: var.seen.is_type && makes_instance(symbol),
            };
            let is_impure = name.ends_with('!') || var.seen.dynamic;
            of(format!("{ns}/{name}{mark}"), what, is_impure, false)
        }
        Meaning::Core { ns, name, is_macro } => {
            let is_impure = lexicon::is_impure_core(&name) || is_dynamic(&name);
            of(format!("{ns}/{name}"), What::Other { is_macro }, is_impure, false)
        }
        Meaning::Foreign { ns, name } => {
            let is_macro = lexicon::library_var(&ns, &name).is_some_and(|var| var.is_macro);
            let is_impure = name.ends_with('!') || is_dynamic(&name);
            let unknown = !is_impure && !lexicon::is_pure_namespace(&ns);
            of(format!("{ns}/{name}"), What::Other { is_macro }, is_impure, unknown)
        }
        Meaning::Host => {
            let pure = symbol.starts_with("Math/") || symbol.starts_with("js/Math.");
            Known { full: None, what: What::Nothing, is_impure: false, unknown: !pure }
        }
        Meaning::Nothing | Meaning::Commented => {
            Known { full: None, what: What::Nothing, is_impure: false, unknown: false }
        }
        Meaning::Unresolved => of(symbol.to_string(), What::Unresolved, false, true),
    }
}

/// What one statement uses, as numbers of names.
#[derive(Default)]
struct Collected {
    uses: Vec<(u32, UseKind)>,
    /// What its `ns` form loads and imports, and what registers its keywords.
    named: Vec<(Str, DependencyType)>,
    /// What has an effect, where that is known before names are.
    impure: Option<Str>,
    unknown: bool,
    applies: bool,
}

impl Collected {
    fn add<'a>(&mut self, names: &mut Names<'a>, pass: (&'a Pass, u32), form: &'a Form) {
        let text = names.file.text.as_str();
        let context = &pass.0.contexts[form.context];
        for used in &form.uses {
            let symbol = &text[used.start as usize..used.end as usize];
            let id = names.used(pass, form, used.kind, symbol);
            self.one(id, used.kind, &names.all[id as usize]);
        }
        for (ns, name) in &form.exports {
            let id = names.exported(context, pass.0.platform, ns, name);
            self.one(id, UseKind::Reference, &names.all[id as usize]);
        }
        if self.impure.is_none() {
            self.impure = form.effects.impure.as_deref().map(Str::from);
        }
        self.unknown |= form.effects.unknown;
        self.applies |= form.vars().any(has_purity);
        if form.head == "ns" {
            let others = context.requires.iter().filter(|required| **required != context.name);
            let required = others.map(|ns| (ns.as_str().into(), DependencyType::NamespaceRequire));
            self.named.extend(required);
            self.named.extend(imports(names.project, context, pass.0.platform));
        }
    }

    fn one(&mut self, id: u32, kind: UseKind, known: &Known) {
        let is_constant = matches!(known.what, What::Own { var, .. } if var.seen.constant);
        if kind == UseKind::Constant && !is_constant {
            return;
        }
        self.uses.push((id, kind));
        let quoted = matches!(kind, UseKind::Quoted | UseKind::QuotedCall);
        let says_nothing =
            kind == UseKind::TypeHint || quoted && matches!(known.what, What::Unresolved);
        if says_nothing {
            return;
        }
        if known.is_impure && self.impure.is_none() {
            self.impure = known.full.as_deref().map(plain).map(Str::from);
        }
        self.unknown |= known.unknown;
    }

    fn uses(mut self, known: &[Known]) -> Uses {
        self.uses.sort_unstable();
        self.uses.dedup();
        let mut uses = Uses::default();
        for (id, kind) in self.uses {
            uses.add(&known[id as usize], kind);
        }
        uses.dependencies.extend(self.named);
        uses.dependencies.sort_unstable();
        uses.dependencies.dedup();
        uses.unresolved.sort_unstable();
        uses.unresolved.dedup();
        uses.local.uses.sort_unstable();
        uses.local.uses.dedup();
        uses.local.impure = self.impure;
        uses.local.unknown = self.unknown;
        uses.local.applies = self.applies;
        uses
    }
}

impl Uses {
    fn add(&mut self, known: &Known, used: UseKind) {
        let Some(full) = &known.full else { return };
        match known.what {
            What::Own { is_upper, .. } if used == UseKind::TypeHint => {
                if is_upper {
                    self.dependencies.push((full.clone(), DependencyType::TypeHint));
                }
            }
            _ if used == UseKind::TypeHint => {}
            What::Own { var, makes_instance, .. } => {
                let is_made = makes_instance || var.seen.is_type && used == UseKind::New;
                let kind = match is_made {
                    true => DependencyType::Instantiation,
                    false => kind_of(used, var.seen.is_macro, var.seen.is_protocol),
                };
                self.dependencies.push((full.clone(), kind));
                // Implementing a protocol calls nothing.
                if used != UseKind::ProtocolImpl {
                    self.local.uses.push(var.id);
                }
            }
            What::Other { is_macro } => {
                self.dependencies.push((full.clone(), kind_of(used, is_macro, false)));
            }
            What::Unresolved if matches!(used, UseKind::Quoted | UseKind::QuotedCall) => {}
            What::Unresolved => self.unresolved.push(full.clone()),
            What::Nothing => {}
        }
    }
}

/// The records and types of the project that a namespace imports as classes.
fn imports<'a>(
    project: &'a Project<'_>,
    context: &'a Context,
    platform: Platform,
) -> impl Iterator<Item = (Str, DependencyType)> + 'a {
    context.imports.keys().filter_map(move |class| {
        let meaning = imported(project, context, platform, class)?;
        Some((known(meaning, class).full?, DependencyType::Import))
    })
}

/// Whether a name of a record or type makes an instance of it by itself: `R.`, `->R`, `map->R`.
fn makes_instance(symbol: &str) -> bool {
    let name = symbol.rsplit('/').next().unwrap_or(symbol);
    name.ends_with('.') || name.starts_with("->") || name.starts_with("map->")
}

/// A var's name without the mark of its statement's.
fn plain(full: &str) -> &str {
    full.strip_suffix("@cljs").unwrap_or(full)
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
