//! What of an `ns` form is used: by the names that stand in the part of the file that it holds for.
//!
//! The names are taken from the text as each platform reads it, not from what they resolve to: what stands in quoted data
//! or under a macro that nobody knows may be used all the same. So nothing is called unused that may be needed; a name that
//! only a local has is not seen to be one.

use super::ns_form::{Import, Lib, NsForm, Refer};
use super::outline::Outline;
use super::sources::Sources;
use crate::analysis::{Platform, Reading};
use edn::syntax::Kind;
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range;

/// The names that stand in a part of a file, by platform.
#[derive(Clone, Debug, Default)]
pub(super) struct Used {
    platforms: Vec<(Platform, Names)>,
}

#[derive(Clone, Debug, Default)]
struct Names {
    /// What stands before a slash in symbols and auto-resolved keywords.
    prefixes: FxHashSet<String>,
    /// Symbols, and of those with dots what stands before the first and before the last one.
    plain: FxHashSet<String>,
}

impl Used {
    /// The names that stand where an `ns` form holds.
    pub(super) fn under(outline: &Outline<'_>, ns: usize) -> Used {
        let names = |platform| (platform, Names::of(outline, outline.region(ns), platform));
        Used { platforms: outline.platforms.iter().map(names).collect() }
    }

    /// And those of another file, which enters the namespace.
    pub(super) fn and_all_of(&mut self, outline: &Outline<'_>) {
        for (platform, names) in &mut self.platforms {
            let others = Names::of(outline, 0..outline.text.len(), *platform);
            names.prefixes.extend(others.prefixes);
            names.plain.extend(others.plain);
        }
    }

    fn any(&self, lib_or_import: super::ns_form::Platforms, test: impl Fn(&Names) -> bool) -> bool {
        self.platforms
            .iter()
            .any(|(platform, names)| lib_or_import.contains(*platform) && test(names))
    }

    /// Whether anything of a library is used, or may be: it is loaded for its effects, or wholly referred to.
    pub(super) fn lib(&self, lib: &Lib) -> bool {
        lib.is_for_effect()
            || lib.all
            || self.alias(lib)
            || lib.refers.iter().any(|refer| self.refer(lib, refer))
    }

    /// Whether a library's alias is used.
    pub(super) fn alias(&self, lib: &Lib) -> bool {
        let Some(alias) = lib.alias.as_deref() else { return false };
        // Of JavaScript, a library is an object under its alias.
        let is_object = lib.is_text || !lib.ns.contains('.');
        self.any(lib.platforms, |names| {
            names.prefixes.contains(alias)
                || names.prefixes.contains(lib.ns.as_str())
                || (is_object && names.plain.contains(alias))
        })
    }

    /// Whether a var that is referred to is used.
    pub(super) fn refer(&self, lib: &Lib, refer: &Refer) -> bool {
        self.any(lib.platforms, |names| names.plain.contains(&refer.name))
    }

    /// Whether a class is used.
    pub(super) fn import(&self, import: &Import) -> bool {
        self.any(import.platforms, |names| {
            names.plain.contains(&import.class) || names.prefixes.contains(&import.class)
        })
    }
}

impl Names {
    /// The names that a platform reads in a part of a file.
    fn of(outline: &Outline<'_>, part: Range<usize>, platform: Platform) -> Names {
        let reading = outline.reading(platform);
        let (mut names, mut nodes) = (Names::default(), Vec::new());
        for root in outline.tree.roots().filter(|root| part.contains(&outline.range(*root).start)) {
            reading.expand(root, &mut nodes);
        }
        nodes.into_iter().for_each(|node| names.add(&reading, node));
        names
    }

    fn add(&mut self, reading: &Reading<'_>, node: usize) {
        let text = reading.text(node);
        match reading.kind(node) {
            Kind::Symbol => self.symbol(text),
            Kind::Keyword => {
                if let Some((alias, _)) = text.strip_prefix("::").and_then(|t| t.split_once('/')) {
                    self.prefixes.insert(alias.to_owned());
                }
            }
            kind => {
                if kind == Kind::NamespacedMap
                    && let Some(alias) = text.strip_prefix("#::")
                {
                    let end = alias.find(['{', ' ', '\n', ',']).unwrap_or(alias.len());
                    self.prefixes.insert(alias[..end].to_owned());
                }
                for form in reading.forms(node) {
                    self.add(reading, form);
                }
            }
        }
    }

    fn symbol(&mut self, text: &str) {
        match text.split_once('/') {
            Some((prefix, name)) if !prefix.is_empty() && !name.is_empty() => {
                self.prefixes.insert(prefix.to_owned());
                if let Some((object, _)) = prefix.split_once('.') {
                    self.plain.insert(object.to_owned());
                }
            }
            _ => {
                let ends = [text.find('.'), text.rfind('.')];
                for end in ends.into_iter().flatten().filter(|end| *end > 0) {
                    self.plain.insert(text[..end].to_owned());
                }
                self.plain.insert(text.to_owned());
            }
        }
    }
}

/// The files that define vars of a namespace which another file makes, by namespace: they enter it, by `in-ns`, and its `ns` form
/// holds in them too.
pub(super) fn entering(sources: &Sources) -> FxHashMap<&str, Vec<usize>> {
    let mut files: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for (file, found) in sources.all() {
        let makes = |name: &str| found.namespaces.iter().any(|ns| *ns.name == *name);
        let mut last = "";
        for def in found.definitions.iter().filter(|def| !makes(&def.ns)) {
            if *def.ns != *last {
                last = &def.ns;
                files.entry(last).or_default().push(file);
            }
        }
    }
    files
}

/// Takes away what is not used.
pub(super) fn drop_unused(form: &mut NsForm, used: &Used) {
    form.drop_libs(|lib| !used.lib(lib));
    form.drop_refers(|lib, refer| !used.refer(lib, refer));
    form.drop_imports(|import| !used.import(import));
}

/// Takes away what is not used and was used, when the form was another one and other names stood under it.
pub(super) fn drop_now_unused(form: &mut NsForm, used: &Used, before: &NsForm, was: &Used) {
    let lib_was = |lib: &Lib| before.libs().iter().any(|old| old.ns == lib.ns && was.lib(old));
    let is_old = |refer: &Refer, lib: &Lib| {
        before
            .libs()
            .iter()
            .any(|old| old.ns == lib.ns && old.refers.iter().any(|r| r.name == refer.name))
    };
    form.drop_libs(|lib| !used.lib(lib) && lib_was(lib));
    form.drop_refers(|lib, refer| {
        !used.refer(lib, refer) && was.refer(lib, refer) && is_old(refer, lib)
    });
    form.drop_imports(|import| !used.import(import) && was.import(import));
}
