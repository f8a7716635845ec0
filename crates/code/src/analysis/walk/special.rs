//! Forms with a meaning of their own: special forms, core macros that bind, define or have effects.

use super::{UseKind, Walker};
use crate::analysis::lexicon;
use edn::syntax::Kind;

impl<'t> Walker<'t> {
    /// Takes care of a form with a meaning of its own; `false` where it is an ordinary call. `head` is its first part, where that
    /// is not noted as used yet.
    pub(super) fn special(&mut self, name: &str, head: Option<usize>, forms: &[usize]) -> bool {
        let rest = &forms[1..];
        match name {
            "quote" => {}
            "var" => rest.iter().for_each(|n| self.used(*n, UseKind::Reference)),
            "if-let" | "if-some" => {
                self.core_use(name, head);
                self.conditional_bindings(rest);
            }
            "let" | "let*" | "loop" | "loop*" | "when-let" | "when-some" | "when-first"
            | "dotimes" | "with-open" | "with-local-vars" | "doseq" | "for" => {
                self.core_use(name, head);
                self.bindings(rest);
            }
            "binding" | "with-redefs" | "with-redefs-fn" => {
                self.core_use(name, head);
                self.impure(&format!("clojure.core/{name}"));
                self.walk_all(rest);
            }
            "fn" | "fn*" | "bound-fn" => {
                self.core_use(name, head);
                self.function(rest);
            }
            "letfn" | "letfn*" => {
                self.core_use(name, head);
                self.letfn(rest);
            }
            "catch" => self.catch(rest),
            lexicon::ASYNC => self.named_first(rest),
            lexicon::TEMPLATE => self.template(rest),
            "as->" => {
                self.core_use(name, head);
                self.as_thread(rest);
            }
            "->" | "->>" | "some->" | "some->>" | "doto" => {
                self.core_use(name, head);
                self.thread(rest);
            }
            "cond->" | "cond->>" => {
                self.core_use(name, head);
                self.thread_conditionally(rest);
            }
            "areduce" => {
                self.core_use(name, head);
                self.over_array(rest, 1);
            }
            "amap" => {
                self.core_use(name, head);
                self.over_array(rest, 0);
            }
            "this-as" => {
                self.core_use(name, head);
                self.named_first(rest);
            }
            // What they say of classes and members is data.
            "gen-class" | "gen-interface" => self.core_use(name, head),
            "case" => {
                self.core_use(name, head);
                self.case(rest);
            }
            "." | ".." => {
                self.core_use(name, head);
                self.interop(name, rest);
            }
            "new" => {
                self.effects.unknown = true;
                if let Some((class, arguments)) = rest.split_first() {
                    self.used(*class, UseKind::New);
                    self.walk_all(arguments);
                }
            }
            "set!" => {
                self.impure("set!");
                self.walk_all(rest);
            }
            "ns" => self.ns(forms),
            "in-ns" if self.functions == 0 => self.in_ns(rest),
            "require" | "use" | "import" | "refer" | "alias" | "require-macros" | "use-macros"
            | "refer-clojure" => {
                self.core_use(name, head);
                self.load(name, rest);
            }
            "def" | "defonce" | "goog-define" => {
                self.core_use(name, head);
                self.def(name, forms);
            }
            "defn" | "defn-" | "defmacro" | "definline" | "deftest" | "deftest-" => {
                self.core_use(name, head);
                let kind = self.head_name(forms);
                self.defn(kind, forms, name == "defmacro");
            }
            // What clj-kondo's configuration calls a macro that defines the name after it, whatever else it takes.
            "def-catch-all" => self.defn(self.head_name(forms), forms, false),
            "defmulti" => {
                self.core_use(name, head);
                self.def(name, forms);
            }
            "defmethod" => {
                self.core_use(name, head);
                self.defmethod(forms);
            }
            "declare" => {
                self.core_use(name, head);
                for name in rest {
                    self.define(*name, "declare", |def| def.declared = true);
                }
            }
            "defprotocol" | "definterface" => {
                self.core_use(name, head);
                self.protocol(name, forms);
            }
            "defrecord" | "deftype" => {
                self.core_use(name, head);
                self.record(name, forms);
            }
            "defstruct" => {
                self.core_use(name, head);
                self.define_at(forms, name, |_| {});
            }
            "reify" | "proxy" | "extend-type" | "extend-protocol" | "specify" | "specify!" => {
                self.core_use(name, head);
                self.implementing(name, rest);
            }
            "extend" => {
                self.core_use(name, head);
                self.extend(rest);
            }
            "import-vars" => self.import_vars(rest),
            "comment" => {
                self.core_use(name, head);
                // What is inside is never evaluated; it is read all the same, by people and by what renames.
                let effects = std::mem::take(&mut self.effects);
                let outer = std::mem::replace(&mut self.in_comment, true);
                self.walk_all(rest);
                self.in_comment = outer;
                self.effects = effects;
            }
            _ => {
                if let Some(method) = name.strip_prefix('.')
                    && !method.is_empty()
                {
                    self.effects.unknown = true;
                    self.walk_all(rest);
                    return true;
                }
                return false;
            }
        }
        true
    }

    /// `require` and its kin. Quoted libraries are data; what makes one up is an expression, and says nothing here.
    fn load(&mut self, name: &str, rest: &[usize]) {
        let is_data = |n: &usize| self.reading.kind(*n) == Kind::Quote;
        let (data, made_up): (Vec<usize>, Vec<usize>) = match name {
            "require" | "use" | "require-macros" | "use-macros" => {
                rest.iter().partition(|n| is_data(n))
            }
            _ => (rest.to_vec(), Vec::new()),
        };
        let mut context = std::mem::take(self.context());
        let required = context.requires.len();
        context.clause(&self.reading, name, &data);
        if self.in_comment {
            let only_there = context.requires.split_off(required);
            context.commented.extend(only_there);
        }
        *self.context() = context;
        self.walk_all(&made_up);
    }

    fn head_name(&self, forms: &[usize]) -> &'t str {
        let head = self.reading.symbol(forms[0]).unwrap_or_default();
        head.rsplit('/').next().unwrap_or(head)
    }

    fn core_use(&mut self, name: &str, head: Option<usize>) {
        if let Some(head) = head.filter(|_| !lexicon::is_special_form(name)) {
            self.used(head, UseKind::Call);
        }
    }
}
