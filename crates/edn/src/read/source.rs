//! What Clojure source has beyond EDN: function literals, names resolved by namespace, reader conditionals.

use super::{Read, Reader};
use crate::literal::is_name;
use crate::syntax::Kind;
use crate::{Keyword, Value};

/// The most arguments that a function can name.
const MAX_ARGUMENTS: usize = 20;

/// Which arguments a `#(…)` uses.
#[derive(Default)]
pub(super) struct Arguments {
    highest: usize,
    rest: bool,
}

impl Reader<'_> {
    /// `#(f %)` as `(fn* [p1] (f p1))`.
    pub(super) fn function(&self, node: usize) -> Read<Value> {
        if !self.options.clojure {
            return self.error(node, "`#(` is not EDN: expected an EDN form");
        }
        if self.arguments.borrow().is_some() {
            return self.error(node, "nested `#()`s are not allowed");
        }
        self.functions.set(self.functions.get() + 1);
        *self.arguments.borrow_mut() = Some(Arguments::default());
        let body = self.items(node);
        let used = self.arguments.borrow_mut().take().unwrap_or_default();
        let mut names: Vec<Value> =
            (1..=used.highest).map(|n| self.argument_name(&format!("p{n}"))).collect();
        if used.rest {
            names.extend([Value::symbol("&"), self.argument_name("rest")]);
        }
        Ok(Value::list(vec![Value::symbol("fn*"), Value::vector(names), Value::list(body?)]))
    }

    /// `%`, `%2`, `%&` inside a `#(…)`.
    pub(super) fn argument(&self, node: usize) -> Read<Value> {
        let number = match &self.text_of(node)[1..] {
            "" => Some(1),
            "&" => None,
            digits => match digits.parse() {
                Ok(n @ 1..=MAX_ARGUMENTS) => Some(n),
                _ => return self.error(node, "expected `%`, `%&` or one of `%1` to `%20`"),
            },
        };
        if let Some(used) = self.arguments.borrow_mut().as_mut() {
            used.highest = used.highest.max(number.unwrap_or(0));
            used.rest |= number.is_none();
        }
        Ok(self.argument_name(&number.map_or("rest".into(), |n| format!("p{n}"))))
    }

    fn argument_name(&self, name: &str) -> Value {
        Value::symbol(&format!("{name}__{}#", self.functions.get()))
    }

    /// `::name` and `::alias/name`, without the colons.
    pub(super) fn auto_resolved(&self, node: usize, name: &str) -> Read<Value> {
        let sound = is_name(&self.text_of(node)[1..]) && !name.starts_with(':');
        if !sound {
            let message = format!("invalid keyword `::{name}`: expected `:name`");
            return self.error(node, message);
        }
        let (namespace, name) = match name.split_once('/') {
            Some((alias, name)) => (self.aliased(node, alias)?, name),
            None => (self.own_namespace(node)?, name),
        };
        Ok(Value::Keyword(Keyword::new(Some(namespace), name)))
    }

    fn own_namespace(&self, node: usize) -> Read<&str> {
        match &self.options.namespace {
            Some(namespace) if self.options.clojure => Ok(namespace),
            _ => self.error(node, "`::` needs a namespace to resolve in: expected one colon"),
        }
    }

    fn aliased(&self, node: usize, alias: &str) -> Read<&str> {
        match self.options.aliases.get(alias) {
            Some(namespace) if self.options.clojure => Ok(namespace),
            _ => self.error(node, format!("`{alias}` is no known alias of a namespace")),
        }
    }

    pub(super) fn namespaced_map(&self, node: usize) -> Read<Value> {
        let children: Vec<usize> = self.tree.forms(node).collect();
        let [map] = children[..] else {
            return self.error(node, "expected a map after `#:namespace`");
        };
        let prefix = self.tree.node(node).start as usize..self.tree.node(map).start as usize;
        let name = self.text[prefix].trim_end_matches(|c: char| c == ',' || c.is_whitespace());
        let name = &name[2..];
        if let Some(alias) = name.strip_prefix(':') {
            let namespace = match alias {
                "" => self.own_namespace(node)?,
                _ => self.aliased(node, alias)?,
            };
            return self.map(map, Some(namespace));
        }
        if !is_name(name) || name.starts_with(['\'', '#']) || name.contains('/') {
            return self.error(node, "expected a plain namespace, as in `#:ns{:a 1}`");
        }
        self.map(map, Some(name))
    }

    pub(super) fn conditional(&self, node: usize, values: &mut Vec<Value>) -> Read<()> {
        if !self.options.clojure {
            return self.error(node, "a reader conditional is not EDN: expected an EDN form");
        }
        let Some(body) = self.tree.forms(node).next() else {
            return self.error(node, "expected a list after `#?`");
        };
        let branches: Vec<usize> = self.tree.forms(body).collect();
        if !branches.len().is_multiple_of(2) {
            return self.error(node, "a reader conditional needs an even number of forms");
        }
        for branch in branches.chunks_exact(2) {
            let feature = self.text_of(branch[0]);
            let Some(feature) = feature.strip_prefix(':') else {
                return self.error(branch[0], "a feature should be a keyword");
            };
            if feature != "default" && !self.options.features.iter().any(|f| f == feature) {
                continue;
            }
            if self.tree.node(node).kind == Kind::Conditional {
                return self.push(branch[1], values);
            }
            return match self.value(branch[1])?.as_seq() {
                Some(items) => {
                    values.extend_from_slice(items);
                    Ok(())
                }
                None => self.error(branch[1], "spliced form must be a list or a vector"),
            };
        }
        Ok(())
    }
}
