//! What binds names: `let` and its kin, functions, destructuring; and forms whose parts are not all expressions.

use super::{Platform, UseKind, Walker};
use edn::syntax::Kind;

impl Walker<'_> {
    /// `[name value …] body…`
    pub(super) fn bindings(&mut self, rest: &[usize]) {
        self.bindings_up_to(rest, self.list_end());
    }

    /// `[name value] then else?`: the name means nothing in the last.
    pub(super) fn conditional_bindings(&mut self, rest: &[usize]) {
        let (bound, otherwise) = rest.split_at(rest.len().min(2));
        self.bindings_up_to(bound, bound.last().map_or(0, |last| self.end_of(*last)));
        self.walk_all(otherwise);
    }

    fn bindings_up_to(&mut self, rest: &[usize], end: u32) {
        let Some((vector, body)) = rest.split_first() else { return };
        let vector = self.reading.bare(*vector);
        if self.reading.kind(vector) != Kind::Vector {
            return self.walk_all(rest);
        }
        let pairs = self.reading.forms(vector);
        self.scoped(end, |w| {
            for pair in pairs.chunks(2) {
                match (w.reading.keyword(pair[0]), pair.get(1)) {
                    (Some("let"), Some(inner)) if w.reading.kind(*inner) == Kind::Vector => {
                        for pair in w.reading.forms(*inner).chunks(2) {
                            w.walk_all(&pair[1..]);
                            w.bind(pair[0]);
                        }
                    }
                    (Some(_), Some(value)) => w.walk(*value),
                    (_, value) => {
                        if let Some(value) = value {
                            w.walk(*value);
                        }
                        w.bind(pair[0]);
                    }
                }
            }
            w.walk_all(body);
        });
    }

    /// Makes locals of the names of a destructuring form, and walks its defaults.
    pub(super) fn bind(&mut self, pattern: usize) {
        let pattern = self.metas(pattern);
        match self.reading.kind(pattern) {
            Kind::Symbol if self.reading.text(pattern) == "&" => {}
            Kind::Symbol => self.bind_name(pattern),
            Kind::Vector => {
                let mut parts = self.reading.forms(pattern).into_iter();
                while let Some(part) = parts.next() {
                    // A schema follows, in macros that take one after each name.
                    if self.reading.keyword(part) == Some("-") {
                        parts.next().into_iter().for_each(|schema| self.walk(schema));
                    } else {
                        self.bind(part);
                    }
                }
            }
            Kind::Map => self.bind_map(pattern),
            Kind::NamespacedMap => {
                for map in self.reading.forms(pattern) {
                    self.bind_map(map);
                }
            }
            _ => {}
        }
    }

    pub(super) fn bind_map(&mut self, map: usize) {
        let forms = self.reading.forms(map);
        // A default may be called as what it is the default of, so it is walked before that is bound.
        let defaults =
            forms.chunks_exact(2).filter(|pair| self.reading.keyword(pair[0]) == Some("or"));
        let defaults: Vec<usize> = defaults.flat_map(|pair| self.reading.forms(pair[1])).collect();
        defaults.chunks_exact(2).for_each(|default| self.walk(default[1]));
        for pair in forms.chunks_exact(2) {
            let (key, value) = (pair[0], pair[1]);
            let Some(keyword) = self.reading.keyword(key) else {
                self.walk(value);
                self.bind(key);
                continue;
            };
            match keyword.rsplit('/').next() {
                Some("keys" | "strs" | "syms" | "keys!" | "strs!" | "syms!") => {
                    // After a `&` stand keys that must be there and are not bound.
                    let names = self.reading.forms(value);
                    let bound = names.iter().take_while(|name| self.reading.text(**name) != "&");
                    for name in &names[..bound.count()] {
                        self.bind_key(self.reading.bare(*name), key);
                    }
                }
                Some("as") => self.bind(value),
                _ => {}
            }
        }
        for default in defaults.chunks_exact(2) {
            self.used_local(default[0]);
        }
    }

    /// `name? [params] body` or `name? ([params] body)+`
    pub(super) fn function(&mut self, rest: &[usize]) {
        self.scoped(self.list_end(), |w| {
            let mut rest = rest;
            if let Some((name, after)) = rest.split_first() {
                let bare = w.reading.bare(*name);
                if w.reading.kind(bare) == Kind::Symbol {
                    w.bind_name(bare);
                    rest = after;
                }
            }
            w.arities(rest);
        });
    }

    pub(super) fn arities(&mut self, rest: &[usize]) {
        self.in_function(|w| w.arities_in(rest));
    }

    /// Walks what happens when something is called.
    pub(super) fn in_function(&mut self, inner: impl FnOnce(&mut Self)) {
        self.functions += 1;
        inner(self);
        self.functions -= 1;
    }

    fn arities_in(&mut self, rest: &[usize]) {
        let is_vector = |form: &usize| self.reading.kind(self.reading.bare(*form)) == Kind::Vector;
        // What stands before the parameters: a schema, a tag, attributes of a macro that is like `defn`.
        if let Some(at) = rest.iter().position(is_vector) {
            self.walk_all(&rest[..at]);
            self.arity(&rest[at..], self.list_end());
        } else {
            for form in rest {
                let parts = match self.reading.kind(*form) {
                    Kind::List => self.reading.forms(*form),
                    _ => Vec::new(),
                };
                let first = parts.first().map(|first| self.reading.bare(*first));
                if first.is_some_and(|first| self.reading.kind(first) == Kind::Vector) {
                    self.arity(&parts, self.end_of(*form));
                } else {
                    self.walk(*form);
                }
            }
        }
    }

    /// `[params] body…`
    pub(super) fn arity(&mut self, parts: &[usize], end: u32) {
        let Some((params, body)) = parts.split_first() else { return };
        self.scoped(end, |w| {
            w.bind(*params);
            w.walk_all(body);
        });
    }

    pub(super) fn letfn(&mut self, rest: &[usize]) {
        let Some((functions, body)) = rest.split_first() else { return };
        let functions = self.reading.forms(*functions);
        self.scoped(self.list_end(), |w| {
            for function in &functions {
                if let Some(name) = w.reading.forms(*function).first() {
                    w.bind(*name);
                }
            }
            for function in &functions {
                let parts = w.reading.forms(*function);
                w.in_list(*function, |w| w.arities(parts.get(1..).unwrap_or_default()));
            }
            w.walk_all(body);
        });
    }

    pub(super) fn catch(&mut self, rest: &[usize]) {
        if let [class, name, body @ ..] = rest {
            self.walk(*class);
            let end = body.last().unwrap_or(name);
            self.scoped(self.end_of(*end), |w| {
                w.bind(*name);
                w.walk_all(body);
            });
        }
    }

    /// `(as-> value name body…)`; inside of `->` and its kin the value stands before it.
    pub(super) fn as_thread(&mut self, rest: &[usize]) {
        let (value, rest) = self.threaded_value(rest);
        if let [name, body @ ..] = rest {
            self.walk_all(value);
            self.scoped(self.list_end(), |w| {
                w.bind(*name);
                w.walk_all(body);
            });
        }
    }

    /// `name body…`
    pub(super) fn named_first(&mut self, rest: &[usize]) {
        let Some((name, body)) = rest.split_first() else { return };
        self.scoped(self.list_end(), |w| {
            w.bind(*name);
            w.walk_all(body);
        });
    }

    /// `[name …] template value…`: each name stands for values in the template, and for nothing after it.
    pub(super) fn template(&mut self, rest: &[usize]) {
        let [names, template, values @ ..] = rest else { return self.walk_all(rest) };
        self.scoped(self.end_of(*template), |w| {
            w.bind(*names);
            w.walk(*template);
        });
        self.walk_all(values);
    }

    /// `array index result before… body`, with so many expressions before the body that see neither name.
    pub(super) fn over_array(&mut self, rest: &[usize], before: usize) {
        let [array, index, result, rest @ ..] = rest else { return self.walk_all(rest) };
        let (before, body) = rest.split_at(rest.len().min(before));
        self.walk(*array);
        self.walk_all(before);
        self.scoped(self.list_end(), |w| {
            w.bind(*index);
            w.bind(*result);
            w.walk_all(body);
        });
    }

    /// `(case value constant form… default?)`; constants are data, but in ClojureScript a name of a constant var means its value.
    pub(super) fn case(&mut self, rest: &[usize]) {
        let (value, clauses) = self.threaded_value(rest);
        self.walk_all(value);
        for clause in clauses.chunks(2) {
            if let [constant, form] = clause {
                self.constants(*constant);
                self.walk(*form);
            } else {
                self.walk_all(clause);
            }
        }
    }

    /// One constant, or a list of some.
    fn constants(&mut self, node: usize) {
        if self.reading.platform != Platform::Cljs {
            return;
        }
        let constants = match self.reading.kind(node) {
            Kind::List => self.reading.forms(node),
            _ => vec![node],
        };
        let names = constants.into_iter().filter(|n| self.reading.kind(*n) == Kind::Symbol);
        for name in names.collect::<Vec<_>>() {
            self.used_as(name, UseKind::Constant);
        }
    }

    /// `(. target member arguments…)`, `(. target (member arguments…))`, `(.. target member (member arguments…) …)`
    pub(super) fn interop(&mut self, name: &str, rest: &[usize]) {
        self.effects.unknown = true;
        let Some((target, rest)) = rest.split_first() else { return };
        self.walk(*target);
        let (members, arguments) = match name {
            "." => rest.split_at(rest.len().min(1)),
            _ => (rest, &[][..]),
        };
        for member in members {
            let member = self.reading.bare(*member);
            if self.reading.kind(member) == Kind::List {
                let parts = self.reading.forms(member);
                self.walk_all(parts.get(1..).unwrap_or_default());
            } else if self.reading.kind(member) != Kind::Symbol {
                self.walk(member);
            }
        }
        self.walk_all(arguments);
    }
}
