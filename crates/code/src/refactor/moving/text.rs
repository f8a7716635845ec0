//! What moves, as it is written in the target.

use super::Moving;
use crate::analysis::{UsageFound, is_special_form};
use crate::refactor::edit::{Edit, Edits};
use crate::refactor::naming::{Wish, around};
use crate::refactor::ns_form::{Lib, NsForm, Platforms, Require};
use crate::refactor::reason::Why;
use crate::refactor::renaming::package;
use crate::refactor::work::Work;
use edn::syntax::Kind;
use rustc_hash::FxHashSet;
use std::ops::Range;

impl Moving<'_> {
    /// The statements' texts as they are to stand in the target, in their order.
    pub(super) fn moved_texts(&mut self) -> Vec<String> {
        let file = self.home.file;
        let mut edits = Vec::new();
        let mut done = FxHashSet::default();
        let uses = self.work.tokens(file, |at| self.in_moved(file, at));
        for ((start, end), used) in uses {
            if let Some(text) = self.rewritten(start, end, &used) {
                done.insert(start);
                edits.push(Edit { start, end, text });
            }
        }
        for node in 0..self.work.outlines[file].tree.nodes.len() {
            let Range { start, end } = self.work.outlines[file].range(node);
            if done.contains(&start) || !self.in_moved(file, start) {
                continue;
            }
            if let Some(edit) = self.rewritten_node(node, start, end) {
                edits.push(edit);
            }
        }
        let ranges = self.home.ranges.clone();
        ranges.into_iter().map(|range| self.moved_text(range, &edits)).collect()
    }

    fn moved_text(&self, range: Range<usize>, edits: &[Edit]) -> String {
        let outline = &self.work.outlines[self.home.file];
        let inside = edits.iter().filter(|edit| range.contains(&edit.start)).map(|edit| Edit {
            start: edit.start - range.start,
            end: edit.end - range.start,
            text: edit.text.clone(),
        });
        let text = &outline.text[range.clone()];
        // Tokens do not overlap.
        let text = Edits::of(inside.collect()).map_or_else(|_| text.to_owned(), |e| e.apply(text));
        if self.home.platforms == self.target.platforms {
            return text;
        }
        let branch = |p: crate::analysis::Platform| format!(":{} {text}", p.name());
        let branches: Vec<String> = self.home.platforms.iter().map(branch).collect();
        // A comment at the end would hide the parenthesis.
        let close =
            if text.lines().last().is_some_and(|line| line.contains(';')) { "\n)" } else { ")" };
        format!("#?({}{close}", branches.join("\n   "))
    }

    /// A use as it is written in the target; `None` where it stays as it is.
    fn rewritten(&mut self, start: usize, end: usize, used: &[&UsageFound]) -> Option<String> {
        let token = &self.work.outlines[self.home.file].text[start..end];
        let mut written: Vec<String> = Vec::new();
        for (used, platforms) in self.work.by_meaning(self.home.file, used) {
            let text = self.one_rewritten(token, start, used, platforms);
            if !written.contains(&text) {
                written.push(text);
            }
        }
        if written.len() > 1 {
            let message = format!("`{token}` would be written as {} there", written.join(" or "));
            self.work.refuse(
                self.home.file,
                &used[0].name_at.clone(),
                Why::Unsupported,
                message,
                "what means other things on other platforms cannot be moved; write it in a reader conditional first",
            );
        }
        written.pop()
    }

    fn one_rewritten(
        &mut self,
        token: &str,
        start: usize,
        used: &UsageFound,
        platforms: Platforms,
    ) -> String {
        let (file, sources) = (self.home.file, self.work.sources);
        let Some(to) = used.to.as_deref() else { return self.unknown(token, start) };
        let name = &*used.name;
        let (to, _) = self.renaming.of_var(to, name);
        let to = self.home_ns_form().map_or_else(|| to.to_owned(), |form| form.name_of(to));
        let loaders = self.loaders(&to, platforms);
        self.refuse_private(start, &to, used);
        if self.is_object(token, &to, platforms) {
            return token.to_owned();
        }
        let shadowed = |name: &str| Work::is_local(sources, file, start, name);
        let Some((before, behind)) = around(token, name) else {
            let key = self.target_key();
            let wish = Wish::Alias(None);
            return self.work.naming(key).var(&to, name, &wish, loaders, &shadowed);
        };
        if let Some(written) = self.class_rewritten(token, &to, name, (before, behind), platforms) {
            return written;
        }
        let prefix = before.strip_suffix('/');
        if matches!(prefix, Some("clojure.core" | "cljs.core")) {
            return token.to_owned();
        }
        let home = self.home_lib(prefix, &to, platforms);
        let wish = match prefix {
            Some(prefix) if home.is_some() => Wish::Alias(Some(prefix.to_owned())),
            // What nobody requires stays as it is.
            Some(_) if to != self.home.ns && to != self.target.ns && !self.home_loads(&to) => {
                return token.to_owned();
            }
            Some(_) => Wish::Full,
            None if to == self.home.ns => Wish::Alias(None),
            None => Wish::Plain,
        };
        let key = self.target_key();
        if let Some(lib) = home.filter(|lib| lib.is_text) {
            // JavaScript's libraries are required as they were.
            let wanted = Require { refers: Vec::new(), ..Require::like(&lib) };
            self.work.naming(key).form.require(&wanted);
        }
        format!("{}{behind}", self.work.naming(key).var(&to, name, &wish, loaders, &shadowed))
    }

    /// Who of the target is to load what some platforms use: all who load it at home.
    fn loaders(&self, to: &str, platforms: Platforms) -> Platforms {
        let home = self.work.outlines[self.home.file].platforms;
        let at_home = match to == self.home.ns {
            true => Some(home),
            false => {
                let libs = self.home_form().iter().filter(|lib| lib.ns == to);
                libs.map(|lib| lib.platforms).find(|readers| platforms.within(*readers))
            }
        };
        at_home.map_or(platforms, |readers| readers.common(self.target.platforms))
    }

    /// The library that an alias stands for at home.
    fn home_lib(&self, alias: Option<&str>, to: &str, platforms: Platforms) -> Option<Lib> {
        let alias = alias?;
        self.home_form()
            .iter()
            .find(|lib| {
                lib.alias.as_deref() == Some(alias)
                    && (lib.ns == to || matches!(to, "clojure.core" | "cljs.core"))
                    && platforms.within(lib.platforms)
            })
            .cloned()
    }

    fn home_ns_form(&self) -> Option<&NsForm> {
        let outline = &self.work.outlines[self.home.file];
        let at = outline.ns_at(self.home.ranges[0].start)?;
        Some(&outline.ns_forms[at].form)
    }

    fn home_form(&self) -> &[Lib] {
        self.home_ns_form().map_or(&[], NsForm::libs)
    }

    fn home_loads(&self, ns: &str) -> bool {
        self.home_form().iter().any(|lib| lib.ns == ns && !lib.alias_only)
    }

    /// A private var can only be used where it is, but by its own name as a var.
    fn refuse_private(&mut self, start: usize, to: &str, used: &UsageFound) {
        if to != self.home.ns || self.is_var_quote(start) {
            return;
        }
        let private = self.work.sources.all().any(|(_, found)| {
            found
                .definitions
                .iter()
                .any(|def| *def.ns == *to && def.name == used.name && def.private)
        });
        if private {
            let message = format!("{to}/{} is private and used in what moves", used.name);
            let help = format!("move {to}/{} too, or make it public", used.name);
            self.work.refuse(self.home.file, &used.name_at, Why::Lost, message, &help);
        }
    }

    fn is_var_quote(&self, start: usize) -> bool {
        self.work.outlines[self.home.file].text[..start].ends_with("#'")
    }

    /// A symbol that means nothing: in a syntax quote it gets the namespace that reading gives it.
    fn unknown(&mut self, token: &str, start: usize) -> String {
        let plain = !token.contains('/')
            && !token.starts_with('.')
            && !token.ends_with(['.', '#'])
            && !token.contains('.')
            && !is_special_form(token);
        if plain && self.is_syntax_quoted(start) {
            return format!("{}/{token}", self.home.ns);
        }
        token.to_owned()
    }

    /// Whether reading gives a symbol a namespace.
    fn is_syntax_quoted(&self, offset: usize) -> bool {
        let tree = &self.work.outlines[self.home.file].tree;
        let around = tree.nodes.iter().filter(|n| n.range().contains(&offset));
        let depth = around.fold(0i32, |depth, node| match node.kind {
            Kind::SyntaxQuote => depth + 1,
            Kind::Unquote | Kind::UnquoteSplicing => depth - 1,
            _ => depth,
        });
        depth > 0
    }

    /// Whether a symbol is a library of JavaScript as an object, or a member of it; the target requires it as home does then.
    fn is_object(&mut self, token: &str, to: &str, platforms: Platforms) -> bool {
        let object = token.split('.').next().unwrap_or(token);
        let lib = self.home_form().iter().find(|lib| {
            lib.alias.as_deref() == Some(object)
                && lib.ns == to
                && platforms.within(lib.platforms)
                && !token.contains('/')
        });
        let Some(lib) = lib.cloned() else { return false };
        let wanted = Require { refers: Vec::new(), ..Require::like(&lib) };
        let key = self.target_key();
        self.work.naming(key).form.require(&wanted);
        true
    }

    /// Records and types are classes in Clojure: imported, or written with their package.
    fn class_rewritten(
        &mut self,
        token: &str,
        to: &str,
        name: &str,
        (before, behind): (&str, &str),
        platforms: Platforms,
    ) -> Option<String> {
        let key = self.target_key();
        if before.ends_with('.') {
            let moved = self.moves(Some(&self.home.ns.clone()), name) && to == self.target.ns;
            return Some(match moved {
                true => format!("{}.{name}{behind}", package(to)),
                false => token.to_owned(),
            });
        }
        let is_clojure = !platforms.contains(crate::analysis::Platform::Cljs);
        if !before.is_empty() || !is_clojure || !self.is_class(to, name) {
            return None;
        }
        if to == self.target.ns {
            return Some(token.to_owned());
        }
        let naming = self.work.naming(key);
        naming.load(to, platforms);
        let class = naming.class(&package(to), name, platforms);
        Some(format!("{class}{behind}"))
    }

    /// Whether a var's name is that of a class too.
    pub(super) fn is_class(&self, ns: &str, name: &str) -> bool {
        let mut definitions = self.work.sources.all().flat_map(|(_, found)| &found.definitions);
        definitions.any(|def| {
            let here = *def.ns == *ns || (ns == self.target.ns && *def.ns == *self.home.ns);
            let is_own = !def.name.starts_with("->") && !def.name.starts_with("map->");
            here && is_own
                && *def.name == *name
                && matches!(&*def.kind, "defrecord" | "deftype" | "definterface")
        })
    }

    /// Keywords that are resolved where they stand, and classes that are imported at home.
    fn rewritten_node(&mut self, node: usize, start: usize, end: usize) -> Option<Edit> {
        let outline = &self.work.outlines[self.home.file];
        let text = &outline.text[start..end];
        let key = self.target_key();
        match outline.tree.node(node).kind {
            Kind::Keyword => {
                let name = text.strip_prefix("::")?;
                let (ns, name) = match name.split_once('/') {
                    Some((alias, name)) => (self.home_alias(alias)?, name),
                    None => (self.home.ns.clone(), name),
                };
                let text = self.work.naming(key).keyword(&ns, name);
                Some(Edit { start, end, text })
            }
            Kind::NamespacedMap => {
                let prefix = text.strip_prefix("#::")?;
                let length = prefix.find(['{', ' ', ',', '\n']).unwrap_or(prefix.len());
                let ns = match &prefix[..length] {
                    "" => self.home.ns.clone(),
                    alias => self.home_alias(alias)?,
                };
                Some(Edit { start, end: start + 3 + length, text: format!("#:{ns}") })
            }
            Kind::Symbol => {
                let class = text.split('/').next().unwrap_or(text).trim_end_matches('.');
                let outline = &self.work.outlines[self.home.file];
                let form = &outline.ns_forms[outline.ns_at(start)?].form;
                let import = form.imports().iter().find(|import| import.class == class)?.clone();
                let platforms = Platforms::of(
                    self.home.platforms.iter().filter(|p| import.platforms.contains(*p)),
                );
                let end = start + class.len();
                let text = self.work.naming(key).class(&import.package, &import.class, platforms);
                Some(Edit { start, end, text })
            }
            _ => None,
        }
    }

    /// The namespace that an alias stands for at home.
    fn home_alias(&self, alias: &str) -> Option<String> {
        let lib = self.home_form().iter().find(|lib| lib.alias.as_deref() == Some(alias));
        lib.map(|lib| lib.ns.clone())
    }
}
