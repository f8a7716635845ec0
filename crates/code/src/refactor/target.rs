//! What is to be renamed, as it is typed.

use super::draft::Change;
use super::mentions::Texts;
use super::reason::{Reason, Refused, Why};
use super::sources::Sources;
use super::{alias, inline, inline_local, keyword, local, name, namespace, var};
use crate::analysis::Place;

/// Something with a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// A var.
    Var {
        /// Its namespace.
        ns: String,
        /// Its name.
        name: String,
    },
    /// A namespace.
    Namespace(String),
    /// An alias of a namespace in another one.
    Alias {
        /// The namespace in which it holds.
        ns: String,
        /// The alias.
        alias: String,
    },
    /// A keyword with a namespace.
    Keyword {
        /// Its namespace.
        ns: String,
        /// Its name.
        name: String,
    },
    /// A local.
    Local {
        /// The number of its file.
        file: usize,
        /// A byte of a place where it is bound or used.
        at: u32,
    },
}

/// Gives something another name.
///
/// ```
/// use code::{analysis::Rules, refactor::{Sources, Target, rename}};
/// let files = vec![
///     ("a.clj".to_string(), "(ns a)\n(defn f [x] x)".to_string()),
///     ("b.clj".to_string(), "(ns b (:require [a :as x :refer [f]]))\n[(f 1) (x/f 2) #'a/f]".to_string()),
/// ];
/// let sources = Sources::read(files, &Rules::default());
/// let renamed = |what: &str, new: &str| {
///     let change = rename(&sources, &Target::of(&sources, what).unwrap(), new);
///     change.map(|change| change.files.into_iter().filter_map(|file| file.after).collect::<Vec<_>>())
/// };
/// assert_eq!(
///     renamed("a/f", "same").unwrap(),
///     ["(ns a)\n(defn same [x] x)", "(ns b (:require [a :as x :refer [same]]))\n[(same 1) (x/same 2) #'a/same]"]
/// );
/// assert_eq!(renamed("a.clj:2:10", "y").unwrap(), ["(ns a)\n(defn f [y] y)"]);
/// assert!(renamed("a/f", "if").is_err());
/// ```
pub fn rename(sources: &Sources, target: &Target, new: &str) -> Result<Change, Refused> {
    rename_with(sources, target, new, Texts::Stay)
}

/// The same, with what is to become of the name in comments and strings.
pub fn rename_with(
    sources: &Sources,
    target: &Target,
    new: &str,
    texts: Texts,
) -> Result<Change, Refused> {
    match target {
        Target::Var { ns, name } => var::rename(sources, ns, name, new, texts),
        Target::Namespace(name) => namespace::rename(sources, name, new, texts),
        Target::Alias { ns, alias } => alias::rename(sources, ns, alias, new),
        Target::Keyword { ns, name } => keyword::rename(sources, ns, name, new, texts),
        Target::Local { file, at } => local::rename(sources, *file, *at, new),
    }
}

/// Writes the value of a local, or of a var, where it is used, and takes away what binds or defines it.
pub fn inline_target(sources: &Sources, target: &Target) -> Result<Change, Refused> {
    match target {
        Target::Var { ns, name } => inline(sources, &format!("{ns}/{name}")),
        Target::Local { file, at } => inline_local(sources, *file, *at),
        Target::Namespace(name) => Err(without_value(name)),
        Target::Alias { alias, .. } => Err(without_value(alias)),
        Target::Keyword { name, .. } => Err(without_value(name)),
    }
}

fn without_value(name: &str) -> Refused {
    Reason::new(Why::Unsupported, format!("`{name}` is no var and no local: it has no value"))
        .help("write the full name of a var, or a place: `app.core/limit`, `src/app/core.clj:12:7`")
        .into()
}

impl Target {
    /// What a text names: `ns/name` a var, `ns` a namespace, `:ns/name` a keyword, `path:row:col` what stands there.
    pub fn of(sources: &Sources, text: &str) -> Result<Target, Reason> {
        if let Some((path, row, col)) = place(text) {
            let file = sources.index(path).ok_or_else(|| {
                Reason::new(Why::Unknown, format!("there is no file {path}"))
                    .help("write its path as the database has it: `src/app/core.clj:12:7`")
            })?;
            return Target::at(sources, file, row, col);
        }
        if let Some(keyword) = text.strip_prefix(':') {
            return match name::split(keyword) {
                Some((ns, name)) if !ns.starts_with(':') => {
                    Ok(Target::Keyword { ns: ns.to_string(), name: name.to_string() })
                }
                _ => Err(Reason::new(
                    Why::Unsupported,
                    format!("{text} has no namespace of its own"),
                )
                .help("a keyword is renamed by its full name: `:app.order/id`")),
            };
        }
        Ok(match name::split(text) {
            Some((ns, name)) => Target::Var { ns: ns.to_string(), name: name.to_string() },
            None => Target::Namespace(text.to_string()),
        })
    }

    /// What is called so inside of a definition, a local, or inside of a namespace, an alias.
    pub fn within(sources: &Sources, whole: &str, name: &str) -> Result<Target, Reason> {
        let Some((ns, var)) = name::split(whole) else {
            return Ok(Target::Alias { ns: whole.to_string(), alias: name.to_string() });
        };
        let mut bound = Vec::new();
        for (file, found) in sources.all() {
            let mut around = found.definitions.iter().filter(|d| &*d.ns == ns && &*d.name == var);
            let Some(def) = around.next() else { continue };
            let inside = |at: &Place| def.at.start <= at.start && at.end <= def.at.end;
            let locals = found.locals.iter().filter(|l| &*l.name == name && inside(&l.at));
            bound.extend(locals.map(|local| (file, local.at)));
        }
        bound.sort_unstable();
        bound.dedup();
        match bound[..] {
            [(file, at)] => Ok(Target::Local { file, at: at.start }),
            [] => Err(Reason::new(Why::Unknown, format!("no local {name} is bound in {whole}"))
                .help("write the place where it is bound or used: `src/app/core.clj:12:7`")),
            _ => {
                let places: Vec<String> =
                    bound.iter().map(|(file, at)| sources.at(*file, at).to_string()).collect();
                let message = format!("{name} is bound {} times in {whole}", bound.len());
                Err(Reason::new(Why::Unknown, message)
                    .help(format!("say which one:\n{}", places.join("\n"))))
            }
        }
    }

    /// What stands at a row and column of a file.
    fn at(sources: &Sources, file: usize, row: u32, col: u32) -> Result<Target, Reason> {
        let found = sources.found(file);
        let here =
            |at: &Place| (at.row, at.col) <= (row, col) && (row, col) < (at.end_row, at.end_col);
        let var = |ns: &str, name: &str| Target::Var { ns: ns.to_string(), name: name.to_string() };
        let locals =
            found.locals.iter().map(|l| &l.at).chain(found.local_usages.iter().map(|u| &u.at));
        if let Some(at) = locals.into_iter().find(|at| here(at)) {
            return Ok(Target::Local { file, at: at.start });
        }
        if let Some(keyword) = found.keywords.iter().find(|k| here(&k.at)) {
            return match &keyword.ns {
                Some(ns) => {
                    Ok(Target::Keyword { ns: ns.to_string(), name: keyword.name.to_string() })
                }
                None => Err(Reason::new(
                    Why::Unsupported,
                    format!(":{} has no namespace", keyword.name),
                )
                .at(sources.at(file, &keyword.at))
                .help("it means something else in every map that has it: change it by hand")),
            };
        }
        if let Some(used) = found.usages.iter().find(|used| here(&used.name_at))
            && let Some(to) = &used.to
        {
            return Ok(var(to, &used.name));
        }
        if let Some(alias) = found.aliases.iter().find(|alias| here(&alias.at)) {
            return Ok(Target::Alias {
                ns: alias.from.to_string(),
                alias: alias.alias.to_string(),
            });
        }
        let plain = |name: &str| !name.starts_with("->") && !name.starts_with("map->");
        let definitions = found.definitions.iter().filter(|def| here(&def.name_at));
        if let Some(def) = definitions.max_by_key(|def| plain(&def.name)) {
            return Ok(var(&def.ns, &def.name));
        }
        let loads = found.loads.iter().map(|load| (&load.name_at, &load.to));
        let mut namespaces = loads.chain(found.namespaces.iter().map(|ns| (&ns.name_at, &ns.name)));
        if let Some((_, name)) = namespaces.find(|(at, _)| here(at)) {
            return Ok(Target::Namespace(name.to_string()));
        }
        Err(Reason::new(
            Why::Unknown,
            format!("nothing that has a name stands at {}:{row}:{col}", sources.path(file)),
        )
        .help("rows and columns count from 1"))
    }
}

/// A path with a row and a column behind it.
fn place(text: &str) -> Option<(&str, u32, u32)> {
    let (rest, col) = text.rsplit_once(':')?;
    let (path, row) = rest.rsplit_once(':')?;
    Some((path, row.parse().ok()?, col.parse().ok()?))
}
