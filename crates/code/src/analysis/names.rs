//! A name for every statement: fully qualified, unique in the project, stable under edits elsewhere.
//!
//! What defines a var has the var's name, an `ns` form its namespace's, a method `ns/multi[dispatch]`, another form
//! `ns/(head target)`, a form of a data file its path. Where several would have the same name they are numbered, `#2`
//! on; of a var that is defined for two platforms the Clojure one has the plain name, the other one ends in `@cljs`.
//!
//! Names that differ only in such endings can get into each other's way, and no others can: they are a group, and a file that
//! joins or leaves has the groups of its own names settled again.

use super::ns::Platform;
use super::vars::{FileId, StatementId};
use super::walk::Form;
use super::{File, precedence};
use edn::Str;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::hash::Hasher;

/// What a statement is called.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    /// The name that it would have if it were alone.
    wanted: Str,
    /// The name that it has.
    pub(super) fqn: Str,
    pub(super) kind: String,
}

impl Name {
    fn new(namespace: Option<&str>, name: String, fqn: &str, kind: &str) -> Name {
        let (wanted, kind): (Str, _) = (fqn.into(), kind.to_string());
        Name { namespace: namespace.map(String::from), name, fqn: wanted.clone(), wanted, kind }
    }
}

/// The names of a file's statements, each as if it were alone.
pub(super) fn of_file(file: &File) -> Vec<Name> {
    let mut names: Vec<Option<Name>> = vec![None; file.statements.len()];
    for pass in &file.passes {
        for form in &pass.forms {
            if let Some(place) = file.place(form.root) {
                names[place as usize]
                    .get_or_insert_with(|| of_form(form, &pass.contexts[form.context].name));
            }
        }
    }
    names.into_iter().map(|name| name.unwrap_or_else(|| of_data(&file.path))).collect()
}

fn of_form(form: &Form, namespace: &str) -> Name {
    let head = form.head.rsplit('/').next().filter(|h| !h.is_empty()).unwrap_or(&form.head);
    let named = |name: String, kind: &str| {
        let fqn = format!("{namespace}/{name}");
        Name::new(Some(namespace), name, &fqn, kind)
    };
    if form.head == "ns" {
        return Name::new(Some(namespace), namespace.to_string(), namespace, "ns");
    }
    if let Some((multi, dispatch)) = &form.method {
        return named(format!("{multi}[{dispatch}]"), "defmethod");
    }
    if form.head != "declare"
        && let Some(def) = form.vars().next()
    {
        return named(def.name.clone(), if head.is_empty() { &def.kind } else { head });
    }
    let head = if form.head.is_empty() { "form" } else { &form.head };
    let name = match &form.target {
        Some(target) => format!("({head} {target})"),
        None => format!("({head})"),
    };
    named(name, if form.head.is_empty() { "form" } else { head })
}

/// The name of a form of a data file, and of one that no platform reads.
fn of_data(path: &str) -> Name {
    Name::new(None, path.to_string(), path, "data")
}

/// See the module.
#[derive(Default, Debug)]
pub(super) struct Names {
    groups: FxHashMap<u64, Vec<StatementId>>,
    unsettled: FxHashSet<u64>,
}

/// A statement's name as it would be if it were alone: `a/f` of `a/f@cljs#2`.
pub(crate) fn shared_name(fqn: &str) -> &str {
    let mut root = fqn;
    loop {
        let plain = root.strip_suffix("@cljs").or_else(|| {
            let (plain, number) = root.rsplit_once('#')?;
            let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            is_number.then_some(plain)
        });
        match plain {
            Some(plain) => root = plain,
            None => return root,
        }
    }
}

/// The group of a name, as a hash. Two groups with the same are settled together, which changes nothing.
fn group(wanted: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(shared_name(wanted).as_bytes());
    hasher.finish()
}

/// Files that ClojureScript alone reads come after all others.
fn is_cljs_only(file: &File) -> bool {
    !file.passes.is_empty() && file.passes.iter().all(|p| p.platform == Platform::Cljs)
}

impl Names {
    /// Adds the statements of a file.
    pub(super) fn join(&mut self, id: FileId, names: &[Name]) {
        for (name, place) in names.iter().zip(0..) {
            let group = group(&name.wanted);
            self.groups.entry(group).or_default().push((id, place));
            self.unsettled.insert(group);
        }
    }

    /// Takes the statements of a file away.
    pub(super) fn leave(&mut self, id: FileId, names: &[Name]) {
        for name in names {
            let group = group(&name.wanted);
            if let Some(statements) = self.groups.get_mut(&group) {
                statements.retain(|(file, _)| *file != id);
            }
            self.unsettled.insert(group);
        }
    }

    /// The names of all statements whose groups changed: first come, first served, the project's own before libraries',
    /// those for Clojure before those for ClojureScript alone, in the order of the files' paths.
    pub(super) fn settle<'f>(
        &mut self,
        file: impl Fn(FileId) -> Option<(&'f File, &'f [Name])>,
    ) -> Vec<(StatementId, Str)> {
        let mut settled = Vec::new();
        for group in std::mem::take(&mut self.unsettled) {
            let Some(statements) = self.groups.get_mut(&group) else { continue };
            if statements.is_empty() {
                self.groups.remove(&group);
                continue;
            }
            if let [(id, place)] = statements[..] {
                let wanted = file(id).map(|(_, names)| names[place as usize].wanted.clone());
                settled.extend(wanted.map(|wanted| ((id, place), wanted)));
                continue;
            }
            statements.sort_by_key(|(id, place)| {
                file(*id).map(|(file, _)| {
                    let (of_library, path) = precedence(&file.path);
                    (of_library, is_cljs_only(file), path, *place)
                })
            });
            let mut taken: FxHashMap<Str, u32> = FxHashMap::default();
            for (id, place) in statements {
                let Some((file, names)) = file(*id) else { continue };
                let mut fqn = names[*place as usize].wanted.clone();
                if taken.contains_key(&fqn) {
                    let suffix = if is_cljs_only(file) { "@cljs" } else { "" };
                    let marked = format!("{fqn}{suffix}");
                    fqn = match suffix.is_empty() || taken.contains_key(marked.as_str()) {
                        true => numbered(&mut taken, &marked),
                        false => marked.into(),
                    };
                }
                taken.insert(fqn.clone(), 1);
                settled.push(((*id, *place), fqn));
            }
        }
        settled
    }
}

fn numbered(taken: &mut FxHashMap<Str, u32>, name: &str) -> Str {
    let mut count = taken.get(name).copied().unwrap_or(1);
    loop {
        count += 1;
        let candidate = format!("{name}#{count}");
        if !taken.contains_key(candidate.as_str()) {
            taken.insert(name.into(), count);
            return candidate.into();
        }
    }
}
