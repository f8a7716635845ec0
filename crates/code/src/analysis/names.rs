//! A name for every statement: fully qualified, unique in the project, stable under edits elsewhere.
//!
//! What defines a var has the var's name, an `ns` form its namespace's, a method `ns/multi[dispatch]`, another form
//! `ns/(head target)`, a form of a data file its path. Where several would have the same name they are numbered, `#2`
//! on; of a var that is defined for two platforms the Clojure one has the plain name, the other one ends in `@cljs`.

use super::File;
use super::ns::Platform;
use super::walk::Form;
use rustc_hash::FxHashMap;

/// What a statement is called before names are made unique.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) fqn: String,
    pub(super) kind: String,
}

pub(super) fn of_form(form: &Form, namespace: &str) -> Name {
    let head = form.head.rsplit('/').next().filter(|h| !h.is_empty()).unwrap_or(&form.head);
    let named = |name: String, kind: &str| Name {
        fqn: format!("{namespace}/{name}"),
        namespace: Some(namespace.to_string()),
        name,
        kind: kind.to_string(),
    };
    if form.head == "ns" {
        return Name {
            namespace: Some(namespace.to_string()),
            name: namespace.to_string(),
            fqn: namespace.to_string(),
            kind: "ns".to_string(),
        };
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
pub(super) fn of_data(path: &str) -> Name {
    Name {
        namespace: None,
        name: path.to_string(),
        fqn: path.to_string(),
        kind: "data".to_string(),
    }
}

/// Makes names unique: files one after the other, those for Clojure before those for ClojureScript alone.
pub(super) fn unique(files: &[File<'_>], names: &mut [Vec<Name>]) {
    let mut order: Vec<usize> = (0..files.len()).collect();
    let cljs_only = |file: &File<'_>| {
        !file.passes.is_empty() && file.passes.iter().all(|p| p.platform == Platform::Cljs)
    };
    order.sort_by_key(|i| (cljs_only(&files[*i]), files[*i].path));
    let total = names.iter().map(Vec::len).sum();
    let mut taken: FxHashMap<String, u32> = FxHashMap::default();
    taken.reserve(total);
    for i in order {
        let suffix = if cljs_only(&files[i]) { "@cljs" } else { "" };
        for name in &mut names[i] {
            if taken.contains_key(&name.fqn) {
                let platform = format!("{}{suffix}", name.fqn);
                name.fqn = if suffix.is_empty() || taken.contains_key(&platform) {
                    numbered(&mut taken, &platform)
                } else {
                    platform
                };
            }
            taken.insert(name.fqn.clone(), 1);
        }
    }
}

fn numbered(taken: &mut FxHashMap<String, u32>, name: &str) -> String {
    let mut count = taken.get(name).copied().unwrap_or(1);
    loop {
        count += 1;
        let candidate = format!("{name}#{count}");
        if !taken.contains_key(&candidate) {
            taken.insert(name.to_string(), count);
            return candidate;
        }
    }
}
