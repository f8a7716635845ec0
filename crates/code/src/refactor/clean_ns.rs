//! Cleans `ns` forms: what is not used goes, what is said twice is said once, what is there stands in order.
//!
//! # What changes
//!
//! - Libraries go of which nothing is used: no alias, no name that is referred to, on none of the platforms that read them.
//!   Of a library of which something is used, the names that are not used go.
//! - Classes that are not used are no longer imported.
//! - Of two libspecs of a library that the same platforms read the second goes, where the first one can say it all.
//! - Libraries and classes are sorted by name within their groups. A comment, a blank line, a reader conditional end a group;
//!   so what somebody put in an order of their own with comments stays in it.
//!
//! # What stays
//!
//! - Libraries without an alias and without names: they are loaded for what that does.
//! - Libraries that are referred to as a whole (`:refer :all`, `:use`), since what they bring may not be known.
//! - Every other character. A form that is clean is not touched.
//!
//! # What is refused
//!
//! - A namespace that no file of the project makes.
//! - What would give any name in the file another meaning: everything is found again in the new texts.

use super::draft::{Change, Draft};
use super::meaning::Altered;
use super::ns_form::{Clause, Lib, NsForm, Require};
use super::outline::Outline;
use super::reason::{Reason, Refused, Why};
use super::renaming::Renaming;
use super::sources::Sources;
use super::unused::{Used, drop_unused, entering};
use rustc_hash::FxHashSet;

/// Cleans the `ns` forms of some namespaces; of all where none is named.
///
/// ```
/// use code::{analysis::Rules, refactor::{Sources, clean_ns}};
/// let text = "(ns a (:require [c :as c] [b] [d :refer [x y]]))\n(c/f x)";
/// let sources = Sources::read(vec![("a.clj".into(), text.into())], &Rules::default());
/// let change = clean_ns(&sources, &[], true).unwrap();
/// assert_eq!(change.files[0].after.as_deref(), Some("(ns a (:require [b] [c :as c] [d :refer [x]]))\n(c/f x)"));
/// ```
pub fn clean_ns(sources: &Sources, namespaces: &[&str], sort: bool) -> Result<Change, Refused> {
    let mut draft = Draft::new(sources);
    let mut made: FxHashSet<&str> = FxHashSet::default();
    let entering = entering(sources);
    for (file, found) in sources.all() {
        let wanted = |name: &str| namespaces.is_empty() || namespaces.contains(&name);
        if !found.namespaces.iter().any(|ns| wanted(&ns.name)) || !sources.is_editable(file) {
            continue;
        }
        made.extend(found.namespaces.iter().map(|ns| &*ns.name));
        let outline = Outline::of(sources.path(file), sources.text(file));
        for (i, ns) in outline.ns_forms.iter().enumerate() {
            if wanted(ns.form.name()) {
                let mut form = ns.form.clone();
                let mut used = Used::under(&outline, i);
                for other in entering.get(form.name()).into_iter().flatten() {
                    used.and_all_of(&Outline::of(sources.path(*other), sources.text(*other)));
                }
                clean(&mut form, &used, sort);
                draft.replace(file, ns.at.clone(), form.text());
            }
        }
    }
    for name in namespaces.iter().filter(|name| !made.contains(*name)) {
        draft.refuse(
            Reason::new(Why::Unknown, format!("no file makes the namespace {name}"))
                .help("`defbase stats` lists the namespaces"),
        );
    }
    draft.finish_apart(&Renaming::default(), &Altered::nothing())
}

fn clean(form: &mut NsForm, used: &Used, sort: bool) {
    drop_unused(form, used);
    merge(form);
    if sort {
        form.sort();
    }
}

/// Says of a library once what two libspecs say.
fn merge(form: &mut NsForm) {
    while let Some((ns, wanted)) = double(form.libs()) {
        let mut seen = 0;
        let of_ns = |lib: &Lib| lib.ns == ns && lib.platforms == wanted.platforms;
        let second: Vec<bool> = form
            .libs()
            .iter()
            .map(|lib| {
                seen += usize::from(of_ns(lib) && joins(lib, &wanted));
                of_ns(lib) && joins(lib, &wanted) && seen == 2
            })
            .collect();
        form.drop_libs_at(&second);
        form.require(&wanted);
    }
}

fn joins(lib: &Lib, wanted: &Require) -> bool {
    is_plain(lib) && (lib.alias.is_none() || lib.alias == wanted.alias)
}

/// A libspec that says nothing but an alias and names, each as it is.
fn is_plain(lib: &Lib) -> bool {
    lib.clause == Clause::Require && lib.is_simple && !lib.alias_only && !lib.all
}

/// The first library that two libspecs name which one can name, and all that they say.
fn double(libs: &[Lib]) -> Option<(String, Require)> {
    for (i, lib) in libs.iter().enumerate() {
        for other in &libs[i + 1..] {
            let same = lib.ns == other.ns
                && lib.platforms == other.platforms
                && is_plain(lib)
                && is_plain(other)
                && (lib.alias == other.alias || lib.alias.is_none() || other.alias.is_none());
            if same {
                let mut wanted = Require::like(lib);
                wanted.alias = lib.alias.clone().or(other.alias.clone());
                let names = other.refers.iter().map(|refer| refer.name.clone());
                wanted.refers.extend(names);
                return Some((lib.ns.clone(), wanted));
            }
        }
    }
    None
}
