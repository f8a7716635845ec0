//! A call, with the body of the function in its place; and how code is written where it did not stand.

use super::Inlining;
use crate::analysis::{Place, UsageFound};
use crate::refactor::edit::{Edit, Edits};
use crate::refactor::layout::shifted;
use crate::refactor::naming::{Wish, around};
use crate::refactor::reason::{Reason, Why};
use crate::refactor::work::Work;
use edn::syntax::Kind;
use std::ops::Range;

impl Inlining<'_> {
    /// A call as the body that it stands for.
    pub(super) fn called(
        &mut self,
        file: usize,
        list: usize,
        offset: usize,
        used: &UsageFound,
    ) -> Option<Edit> {
        let outline = &self.work.outlines[file];
        let arguments: Vec<usize> = outline.tree.forms(list).skip(1).collect();
        let parameters = self.body.parameters.clone()?;
        if arguments.len() != parameters.len() {
            self.refuse(file, used, "it is called with another number of arguments", "");
            return None;
        }
        let call = outline.range(list);
        let home = self.work.outlines[self.file].text;
        let mut places: Vec<(Range<usize>, String)> = Vec::new();
        let mut bound: Vec<(String, String)> = Vec::new();
        let in_order = self.is_in_order(&parameters);
        for (argument, parameter) in arguments.iter().zip(&parameters) {
            let text = self.written(file, self.work.outlines[file].range(*argument));
            match self.replaceable(file, *argument, parameter) || in_order {
                true => {
                    let uses = self.uses_of(parameter).into_iter();
                    places.extend(uses.map(|at| (at, text.clone())));
                }
                false => bound.push((home[parameter.clone()].to_owned(), text)),
            }
        }
        for (name, _) in &bound {
            let other = arguments.iter().zip(&parameters).any(|(argument, parameter)| {
                home[parameter.clone()] != **name && self.mentions(file, *argument, name)
            });
            if other {
                let message = format!("its parameter `{name}` would hide what an argument names");
                self.refuse(file, used, &message, "give the parameter another name first");
                return None;
            }
        }
        let body = self.transplanted_with(file, offset, used, self.body.value.clone(), places)?;
        let bindings: Vec<String> =
            bound.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let head = match (bound.is_empty(), self.body.forms) {
            (true, 1) => None,
            (true, _) => Some("(do".to_owned()),
            (false, _) => Some(format!("(let [{}]", bindings.join(" "))),
        };
        // The body stands one column behind the call, where the function's name stood.
        let text = match head {
            None => shifted(&body, -1),
            Some(head) if body.contains('\n') => {
                let outline = &self.work.outlines[file];
                let line = outline.text[..call.start].rfind('\n').map_or(0, |feed| feed + 1);
                let indent = outline.text[line..call.start].chars().count() + 2;
                let newline = if outline.text.contains("\r\n") { "\r\n" } else { "\n" };
                format!("{head}{newline}{}{})", " ".repeat(indent), shifted(&body, 1))
            }
            Some(head) => format!("{head} {body})"),
        };
        Some(Edit { start: call.start, end: call.end, text })
    }

    /// Whether an argument can stand wherever the parameter does: a constant, or a name that nothing in the body hides.
    fn replaceable(&self, file: usize, argument: usize, parameter: &Range<usize>) -> bool {
        let outline = &self.work.outlines[file];
        let text = outline.node_text(argument);
        let home = &self.work.outlines[self.file];
        // What is taken apart must be bound.
        let written = &home.text[parameter.clone()];
        if written.starts_with(['[', '{']) {
            return false;
        }
        match outline.tree.node(argument).kind {
            Kind::Number | Kind::Keyword | Kind::String | Kind::Char => true,
            Kind::Symbol => {
                // A use that is replaced itself is no name any more.
                let start = outline.range(argument).start;
                let replaced = self.edits.iter().any(|(f, edit)| *f == file && edit.start == start);
                let hidden = self.work.sources.found(self.file).locals.iter().any(|local| {
                    self.body.value.contains(&(local.at.start as usize)) && *local.name == *text
                });
                !replaced && !hidden && self.has_hint_of(file, &outline.range(argument), written)
            }
            _ => false,
        }
    }

    /// Whether a name is hinted as a parameter is, where that has a hint: without it, calls of Java would be found by reflection.
    fn has_hint_of(&self, file: usize, name: &Range<usize>, parameter: &str) -> bool {
        let Some((hint, _)) = parameter.rsplit_once(char::is_whitespace) else { return true };
        let (found, text) = (self.work.sources.found(file), self.work.outlines[file].text);
        let mut uses = found.local_usages.iter();
        let id = uses.find(|used| used.at.start as usize == name.start).map(|used| used.id);
        found.locals.iter().any(|local| {
            Some(local.id) == id && text[..local.at.start as usize].trim_end().ends_with(hint)
        })
    }

    /// Whether the body is a call with every parameter once, in their order, so that arguments in their places are evaluated
    /// as they were.
    fn is_in_order(&self, parameters: &[Range<usize>]) -> bool {
        let outline = &self.work.outlines[self.file];
        let node = (0..outline.tree.nodes.len())
            .find(|node| outline.range(*node) == self.body.value)
            .filter(|node| outline.tree.node(*node).kind == Kind::List);
        let Some(node) = node else { return false };
        let forms: Vec<usize> = outline.tree.forms(node).collect();
        let Some((head, rest)) = forms.split_first() else { return false };
        let is_function = self.work.sources.found(self.file).usages.iter().any(|used| {
            used.name_at.start as usize == outline.range(*head).start && self.is_function(used)
        });
        let mut parameters = parameters.iter().map(|p| &outline.text[p.clone()]);
        let takes = rest.iter().all(|form| match outline.tree.node(*form).kind {
            Kind::Symbol => parameters.next() == Some(outline.node_text(*form)),
            Kind::Number | Kind::Keyword | Kind::String | Kind::Char => true,
            _ => false,
        });
        is_function && takes && parameters.next().is_none()
    }

    /// Whether a use is of something that evaluates its arguments.
    fn is_function(&self, used: &UsageFound) -> bool {
        match used.to.as_deref() {
            Some("clojure.core" | "cljs.core") => {
                crate::analysis::core_var(&used.name, false).is_some_and(|var| !var.is_macro)
            }
            Some(to) => self.work.sources.all().any(|(_, found)| {
                found
                    .definitions
                    .iter()
                    .any(|def| *def.ns == *to && def.name == used.name && !def.is_macro)
            }),
            None => false,
        }
    }

    /// Where the body uses a parameter.
    fn uses_of(&self, parameter: &Range<usize>) -> Vec<Range<usize>> {
        let found = self.work.sources.found(self.file);
        let inside = |place: &Place| parameter.contains(&(place.start as usize));
        let ids: Vec<u32> = found.locals.iter().filter(|l| inside(&l.at)).map(|l| l.id).collect();
        let mut uses: Vec<Range<usize>> = found
            .local_usages
            .iter()
            .filter(|used| ids.contains(&used.id))
            .map(|used| used.at.start as usize..used.at.end as usize)
            .collect();
        uses.sort_by_key(|at| at.start);
        uses.dedup();
        uses
    }

    /// Whether a name stands in a form.
    fn mentions(&self, file: usize, node: usize, name: &str) -> bool {
        let outline = &self.work.outlines[file];
        let inside = node..outline.tree.node(node).next as usize;
        inside.into_iter().any(|node| {
            outline.tree.node(node).kind == Kind::Symbol && outline.node_text(node) == name
        })
    }

    /// A part of the definition as it is written where a use is.
    pub(super) fn transplanted(
        &mut self,
        file: usize,
        offset: usize,
        used: &UsageFound,
        part: Range<usize>,
    ) -> Option<String> {
        let text = self.transplanted_with(file, offset, used, part, Vec::new())?;
        Some(if self.body.is_function() { format!("(fn {text})") } else { text })
    }

    fn transplanted_with(
        &mut self,
        file: usize,
        offset: usize,
        used: &UsageFound,
        part: Range<usize>,
        places: Vec<(Range<usize>, String)>,
    ) -> Option<String> {
        let home = self.file;
        let mut edits: Vec<Edit> = Vec::new();
        let tokens = self.work.tokens(home, |at| part.contains(&at));
        for ((start, end), uses) in tokens {
            let token = &self.work.outlines[home].text[start..end];
            let mut written: Vec<String> = Vec::new();
            for (inner, platforms) in self.work.by_meaning(home, &uses) {
                let Some(to) = inner.to.as_deref() else { continue };
                let at_home = &self.work.outlines[home];
                let form = at_home.ns_at(start).map(|ns| &at_home.ns_forms[ns].form);
                let to = form.map_or_else(|| to.to_owned(), |form| form.name_of(to));
                let Some((before, behind)) = around(token, &inner.name) else { continue };
                let same = *used.from == *self.ns;
                let sources = self.work.sources;
                let shadowed = |name: &str| Work::is_local(sources, file, offset, name);
                if same && (before.contains('/') || !shadowed(token)) {
                    continue;
                }
                self.guard_private(file, used, &to, &inner.name);
                let wish = match before.strip_suffix('/') {
                    Some(prefix) if *prefix == *to => Wish::Full,
                    Some(prefix) => Wish::Alias(Some(prefix.to_owned())),
                    None => Wish::Alias(None),
                };
                let Some(naming) = self.work.naming_at(file, offset, &used.from) else {
                    self.refuse(file, used, "there is no `ns` form here", "");
                    return None;
                };
                let text = naming.var(&to, &inner.name, &wish, platforms, &shadowed);
                written.push(format!("{text}{behind}"));
            }
            written.dedup();
            match written.len() {
                0 => {}
                1 => edits.push(Edit { start, end, text: written.remove(0) }),
                _ => {
                    self.refuse(file, used, "it means other things on other platforms", "");
                    return None;
                }
            }
        }
        if *used.from != *self.ns && !self.keywords(file, offset, used, &part, &mut edits) {
            return None;
        }
        edits.extend(places.into_iter().map(|(at, text)| Edit {
            start: at.start,
            end: at.end,
            text,
        }));
        let inside = edits.into_iter().map(|edit| Edit {
            start: edit.start - part.start,
            end: edit.end - part.start,
            text: edit.text,
        });
        let outline = &self.work.outlines[home];
        let text = &outline.text[part.clone()];
        let text = Edits::of(inside.collect()).map_or_else(|_| text.to_owned(), |e| e.apply(text));
        let column = |text: &str, at: usize| {
            let line = text[..at].rfind('\n').map_or(0, |feed| feed + 1);
            text[line..at].chars().count() as isize
        };
        let there = column(self.work.outlines[file].text, offset);
        Some(shifted(&text, there - column(outline.text, part.start)))
    }

    /// A private var of the definition's namespace cannot be named elsewhere.
    fn guard_private(&mut self, file: usize, used: &UsageFound, to: &str, name: &str) {
        let private = *used.from != *to
            && self.work.sources.all().any(|(_, found)| {
                found
                    .definitions
                    .iter()
                    .any(|def| *def.ns == *to && *def.name == *name && def.private)
            });
        if private {
            let message = format!("it uses {to}/{name}, which is private");
            self.refuse(file, used, &message, "make that public first");
        }
    }

    /// Writes keywords that are resolved where they stand; refuses what else would be read otherwise in another namespace.
    fn keywords(
        &mut self,
        file: usize,
        offset: usize,
        used: &UsageFound,
        part: &Range<usize>,
        edits: &mut Vec<Edit>,
    ) -> bool {
        let home = self.file;
        for node in 0..self.work.outlines[home].tree.nodes.len() {
            let outline = &self.work.outlines[home];
            let at = outline.range(node);
            if !part.contains(&at.start) {
                continue;
            }
            let text = outline.node_text(node);
            let form = outline.ns_at(at.start).map(|ns| outline.ns_forms[ns].form.clone());
            let Some(form) = form else { continue };
            match outline.tree.node(node).kind {
                Kind::Keyword if text.starts_with("::") => {
                    let (ns, name) = match text[2..].split_once('/') {
                        Some((alias, name)) => {
                            let lib =
                                form.libs().iter().find(|l| l.alias.as_deref() == Some(alias));
                            let Some(lib) = lib else { continue };
                            (lib.ns.clone(), name)
                        }
                        None => (form.name().to_owned(), &text[2..]),
                    };
                    let Some(naming) = self.work.naming_at(file, offset, &used.from) else {
                        continue;
                    };
                    edits.push(Edit {
                        start: at.start,
                        end: at.end,
                        text: naming.keyword(&ns, name),
                    });
                }
                Kind::NamespacedMap | Kind::SyntaxQuote => {
                    let at = self.work.sources.at(file, &used.name_at);
                    let message = format!(
                        "`{}` would be read otherwise here",
                        text.lines().next().unwrap_or_default()
                    );
                    self.work.draft.refuse(Reason::new(Why::Changed, message).at(at));
                    return false;
                }
                Kind::Symbol => {
                    let class = text.split('/').next().unwrap_or(text).trim_end_matches('.');
                    if let Some(import) = form.imports().iter().find(|import| import.class == class)
                    {
                        let platforms = import.platforms;
                        let (package, class) = (import.package.clone(), import.class.clone());
                        let Some(naming) = self.work.naming_at(file, offset, &used.from) else {
                            continue;
                        };
                        let written = naming.class(&package, &class, platforms);
                        if written != class && !edits.iter().any(|edit| edit.start == at.start) {
                            edits.push(Edit {
                                start: at.start,
                                end: at.start + class.len(),
                                text: written,
                            });
                        }
                    }
                }
                _ => {}
            }
        }
        true
    }
}
