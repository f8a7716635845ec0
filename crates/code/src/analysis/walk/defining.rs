//! What defines vars, and what enters namespaces.

use super::{Context, Def, Kind, UseKind, Walker, has_flag, map_entry, meta_entry};

impl<'t> Walker<'t> {
    pub(super) fn ns(&mut self, forms: &[usize]) {
        let mut context = Context::of_ns(&self.reading, forms);
        let name = forms.get(1).map(|name| self.reading.span(self.reading.bare(*name)));
        context.at = name.map(|name| (name, self.reading.span(self.list)));
        self.contexts.push(context);
    }

    /// `(in-ns 'name)`; which namespace an expression makes up is not known.
    pub(super) fn in_ns(&mut self, rest: &[usize]) {
        let is_name = |node: &&usize| self.reading.kind(**node) == Kind::Quote;
        let name = rest.first().filter(is_name).and_then(|n| self.reading.symbol(*n));
        if let Some(name) = name {
            let own = self.contexts.iter().rev().find(|context| context.name == name);
            let other = || self.entered.context(self.reading.platform, name);
            let context = own.map_or_else(other, Context::entered);
            self.contexts.push(context);
        } else {
            self.walk_all(rest);
        }
    }

    /// Notes a definition and lets `complete` say more of it.
    pub(super) fn define(&mut self, name_node: usize, kind: &str, complete: impl FnOnce(&mut Def)) {
        let bare = self.reading.bare(name_node);
        if self.reading.kind(bare) != Kind::Symbol || self.quoted > 0 {
            return;
        }
        self.metas(name_node);
        let text = self.reading.text(bare);
        let name = text.rsplit('/').next().filter(|n| !n.is_empty()).unwrap_or(text);
        let from = text[..text.len() - name.len()].trim_end_matches('/');
        if !from.is_empty() && from != self.contexts[self.contexts.len() - 1].name {
            self.used(bare, UseKind::Reference);
        }
        let reading = &self.reading;
        let mut def = Def {
            name: name.to_string(),
            kind: kind.to_string(),
            doc: meta_entry(reading, name_node, "doc")
                .and_then(|d| reading.string(d))
                .map(String::from),
            arglists: None,
            private: has_flag(reading, name_node, "private"),
            is_macro: has_flag(reading, name_node, "macro"),
            deprecated: has_flag(reading, name_node, "deprecated"),
            root: has_flag(reading, name_node, "export")
                || has_flag(reading, name_node, "dev/after-load")
                || has_flag(reading, name_node, "test")
                || name == "-main",
            declared: false,
            dynamic: has_flag(reading, name_node, "dynamic"),
            constant: has_flag(reading, name_node, "const"),
            in_comment: self.in_comment,
            at: self.reading.span(bare),
            list: self.list as u32,
        };
        complete(&mut def);
        self.defs.push(def);
    }

    /// Walks what a definition that may just have been noted is made of.
    pub(super) fn inside(&mut self, defs_before: usize, walk: impl FnOnce(&mut Self)) {
        let outer = self.within;
        if self.defs.len() > defs_before {
            self.within = defs_before as u32 + 1;
        }
        walk(self);
        self.within = outer;
    }

    pub(super) fn define_at(
        &mut self,
        forms: &[usize],
        kind: &str,
        complete: impl FnOnce(&mut Def),
    ) {
        let before = self.defs.len();
        if let Some(name) = forms.get(1) {
            self.define(*name, kind, complete);
        }
        self.inside(before, |w| w.walk_all(forms.get(2..).unwrap_or_default()));
    }

    /// `(def name doc? value?)`
    pub(super) fn def(&mut self, kind: &str, forms: &[usize]) {
        let doc = match forms {
            [_, _, doc, _, ..] => self.reading.string(*doc).map(String::from),
            _ => None,
        };
        let unbound = kind == "def" && forms.len() == 2;
        self.define_at(forms, kind, |def| {
            def.doc = def.doc.take().or(doc);
            def.declared = unbound;
        });
    }

    /// `(defn name doc? attributes? params body)` and what is like it.
    pub(super) fn defn(&mut self, kind: &str, forms: &[usize], is_macro: bool) {
        let Some(name) = forms.get(1) else { return };
        let mut rest = forms.get(2..).unwrap_or_default();
        let mut doc = None;
        if let Some((first, after)) = rest.split_first()
            && let Some(text) = self.reading.string(*first)
            && !after.is_empty()
        {
            doc = Some(text.to_string());
            rest = after;
        }
        let mut attributes = None;
        if let Some((first, after)) = rest.split_first()
            && self.reading.kind(*first) == Kind::Map
            && !after.is_empty()
        {
            attributes = Some(*first);
            rest = after;
        }
        let arglists = self.arglists(rest);
        let flag = |w: &Self, flag: &str| {
            attributes
                .and_then(|map| map_entry(&w.reading, map, flag))
                .is_some_and(|v| !matches!(w.reading.text(v), "false" | "nil"))
        };
        let (private, deprecated) = (flag(self, "private"), flag(self, "deprecated"));
        let attribute_doc = attributes
            .and_then(|map| map_entry(&self.reading, map, "doc"))
            .and_then(|d| self.reading.string(d))
            .map(String::from);
        let registers_itself = attributes.is_some_and(|map| {
            let keys = self.reading.forms(map).into_iter().step_by(2);
            let mut keys = keys.filter_map(|key| self.reading.keyword(key));
            keys.any(|key| key.ends_with("/register"))
        });
        let is_test = kind.starts_with("deftest") || kind == "defspec";
        let hidden = kind.ends_with('-') && kind != "deftest-";
        let before = self.defs.len();
        self.define(*name, kind, |def| {
            def.doc = doc.or(attribute_doc).or(def.doc.take());
            def.arglists = arglists;
            def.private |= private || hidden;
            def.deprecated |= deprecated;
            def.is_macro |= is_macro;
            def.root |= is_test || registers_itself;
        });
        self.inside(before, |w| {
            if let Some(map) = attributes {
                w.walk(map);
            }
            w.scoped(w.list_end(), |w| {
                if is_macro {
                    ["&env", "&form"].into_iter().for_each(|name| w.bind_hidden(name));
                }
                if kind.starts_with("deftest") {
                    w.in_function(|w| w.walk_all(rest));
                } else {
                    w.arities(rest);
                }
            });
        });
    }

    /// The parameter vectors as text.
    pub(super) fn arglists(&self, rest: &[usize]) -> Option<String> {
        let vectors: Vec<&str> = rest
            .iter()
            .map(|n| self.reading.bare(*n))
            .filter_map(|n| match self.reading.kind(n) {
                Kind::Vector => Some(n),
                Kind::List => {
                    let first = self.reading.bare(*self.reading.forms(n).first()?);
                    (self.reading.kind(first) == Kind::Vector).then_some(first)
                }
                _ => None,
            })
            .map(|n| self.reading.text(n))
            .collect();
        let single = rest.iter().any(|n| self.reading.kind(self.reading.bare(*n)) == Kind::Vector);
        let vectors = if single { &vectors[..vectors.len().min(1)] } else { &vectors[..] };
        if vectors.is_empty() {
            return None;
        }
        let joined = vectors.join(" ");
        let collapsed: Vec<&str> = joined.split_whitespace().collect();
        Some(format!("({})", collapsed.join(" ")))
    }

    pub(super) fn defmethod(&mut self, forms: &[usize]) {
        let [_, multi, dispatch, rest @ ..] = forms else { return };
        if let Some(name) = self.reading.symbol(*multi) {
            let value: Vec<&str> = self.reading.text(*dispatch).split_whitespace().collect();
            if self.depth == 1 {
                self.method = Some((name.to_string(), value.join(" ")));
            }
        }
        self.used(*multi, UseKind::MultimethodImpl);
        self.registered(*dispatch);
        self.walk(*dispatch);
        self.function(rest);
    }

    pub(super) fn protocol(&mut self, kind: &str, forms: &[usize]) {
        let Some(name) = forms.get(1) else { return };
        let rest = forms.get(2..).unwrap_or_default();
        let doc = rest.first().and_then(|d| self.reading.string(*d)).map(String::from);
        self.define(*name, kind, |def| def.doc = def.doc.take().or(doc));
        let defs = self.defs.len();
        let is_interface = kind == "definterface";
        let method = if is_interface { "interface-method" } else { "protocol-method" };
        for part in rest {
            if self.reading.kind(*part) == Kind::List {
                self.protocol_method(method, *part);
            }
        }
        if is_interface {
            self.members.extend(self.defs.drain(defs..));
        }
    }

    /// `(name [parameters]… doc?)`
    fn protocol_method(&mut self, kind: &str, method: usize) {
        let parts = self.reading.forms(method);
        let Some((name, parts)) = parts.split_first() else { return };
        let doc = parts.last().and_then(|d| self.reading.string(*d)).map(String::from);
        let vectors: Vec<&str> = parts
            .iter()
            .filter(|n| self.reading.kind(**n) == Kind::Vector)
            .map(|n| self.reading.text(*n))
            .collect();
        let arglists = format!("({})", vectors.join(" "));
        self.in_list(method, |w| {
            w.define(*name, kind, |def| {
                def.doc = def.doc.take().or(doc);
                def.arglists = Some(arglists);
            });
        });
    }

    pub(super) fn record(&mut self, kind: &str, forms: &[usize]) {
        let [_, name_node, fields, rest @ ..] = forms else { return };
        let before = self.defs.len();
        self.define(*name_node, kind, |_| {});
        let Some(plain) = self.reading.symbol(*name_node).map(String::from) else { return };
        let fields_text: Vec<&str> = self.reading.text(*fields).split_whitespace().collect();
        let arglists = format!("({})", fields_text.join(" "));
        let mut generated = vec![(format!("->{plain}"), arglists)];
        if kind == "defrecord" {
            generated.push((format!("map->{plain}"), "([m])".to_string()));
        }
        for (name, arglists) in generated {
            if self.quoted == 0 {
                self.defs.push(Def {
                    name,
                    kind: kind.to_string(),
                    doc: None,
                    arglists: Some(arglists),
                    private: false,
                    is_macro: false,
                    deprecated: false,
                    root: false,
                    declared: false,
                    dynamic: false,
                    constant: false,
                    in_comment: self.in_comment,
                    at: self.reading.span(self.reading.bare(*name_node)),
                    list: self.list as u32,
                });
            }
        }
        self.inside(before, |w| {
            w.scoped(w.list_end(), |w| {
                w.bind(*fields);
                w.methods(rest);
            });
        });
    }

    /// `(import-vars [lib name …] lib/name)`
    pub(super) fn import_vars(&mut self, rest: &[usize]) {
        for form in rest {
            match self.reading.kind(*form) {
                Kind::Vector | Kind::List => {
                    let names = self.reading.forms(*form);
                    let Some((ns, names)) = names.split_first() else { continue };
                    let ns = self.reading.symbol(*ns).unwrap_or_default();
                    for name in names {
                        self.define(*name, "import-vars", |_| {});
                        if let Some(name) = self.reading.symbol(*name) {
                            self.exports.push((ns.to_string(), name.to_string()));
                        }
                    }
                }
                Kind::Symbol if self.reading.text(*form).contains('/') => {
                    self.define(*form, "import-vars", |_| {});
                }
                _ => self.walk(*form),
            }
        }
    }
}
