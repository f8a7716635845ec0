//! What a pass over a file leaves: its statements as one platform reads them, what each defines, uses and does.

use super::implementing::Implementation;
use super::locals::Locals;
use crate::analysis::File;
use crate::analysis::ns::{Context, Platform};
use edn::syntax::Tree;
use std::ops::Range;

/// How a name is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub(in crate::analysis) enum UseKind {
    Call,
    Reference,
    /// A class that an instance is made of.
    New,
    ProtocolImpl,
    MultimethodImpl,
    /// Inside a syntax quote: a name that means nothing is only a symbol there.
    Quoted,
    /// The same, first in a form.
    QuotedCall,
    /// A type hint: of interest only where it names a type of the project.
    TypeHint,
    /// What `case` compares with in ClojureScript: a use only where it names a var that is constant.
    Constant,
}

/// A symbol that is used, by its place in the text.
#[derive(Clone, Copy, Debug)]
pub(in crate::analysis) struct Use {
    pub(in crate::analysis) start: u32,
    pub(in crate::analysis) end: u32,
    pub(in crate::analysis) kind: UseKind,
    /// The definition of the form that it stands in: its place among them, counted from 1; 0 outside of all.
    pub(in crate::analysis) within: u32,
    /// The list that it is the head of, by its node, or the `defmethod` whose multimethod it is; [`NO_LIST`] where it is neither.
    pub(in crate::analysis) list: u32,
    /// Whether `->` or the like gives it one more argument.
    pub(in crate::analysis) threaded: bool,
}

/// No list at all.
pub(in crate::analysis) const NO_LIST: u32 = u32::MAX;

/// A var that a statement defines.
#[derive(Clone, Debug)]
pub(in crate::analysis) struct Def {
    pub(in crate::analysis) name: String,
    pub(in crate::analysis) kind: String,
    pub(in crate::analysis) doc: Option<String>,
    pub(in crate::analysis) arglists: Option<String>,
    pub(in crate::analysis) private: bool,
    pub(in crate::analysis) is_macro: bool,
    pub(in crate::analysis) deprecated: bool,
    pub(in crate::analysis) root: bool,
    /// A declaration without a value.
    pub(in crate::analysis) declared: bool,
    pub(in crate::analysis) dynamic: bool,
    /// Its value never changes, so ClojureScript may take that for it.
    pub(in crate::analysis) constant: bool,
    /// Inside a `comment`: there for who reads the text, not for who evaluates it.
    pub(in crate::analysis) in_comment: bool,
    /// Where its name stands; of a var that is made by the way, where the name it is made of does.
    pub(in crate::analysis) at: Range<u32>,
    /// The form that defines it, by its node.
    pub(in crate::analysis) list: u32,
}

/// Evidence about effects.
#[derive(Clone, Debug, Default)]
pub(in crate::analysis) struct Effects {
    /// What certainly has an effect.
    pub(in crate::analysis) impure: Option<String>,
    /// Something of which nothing is known: interop, a class.
    pub(in crate::analysis) unknown: bool,
}

/// One top-level form as one platform reads it.
#[derive(Clone, Debug, Default)]
pub(in crate::analysis) struct Form {
    /// Its node in the tree.
    pub(in crate::analysis) root: usize,
    /// Its namespace, by its place among the file's contexts.
    pub(in crate::analysis) context: usize,
    /// The name that stands first in it.
    pub(in crate::analysis) head: String,
    /// What it is said to be about: its second part, where that is short.
    pub(in crate::analysis) target: Option<String>,
    /// The multimethod and dispatch value of a `defmethod`.
    pub(in crate::analysis) method: Option<(String, String)>,
    pub(in crate::analysis) defs: Vec<Def>,
    /// The methods of interfaces, which are no vars.
    pub(in crate::analysis) members: Vec<Def>,
    pub(in crate::analysis) uses: Vec<Use>,
    /// The keywords that it registers, by their nodes.
    pub(in crate::analysis) registers: Vec<u32>,
    /// Vars that are made public under the same name here: namespace and name.
    pub(in crate::analysis) exports: Vec<(String, String)>,
    pub(in crate::analysis) effects: Effects,
}

/// What one platform reads in a file.
#[derive(Clone, Debug)]
pub(in crate::analysis) struct Pass {
    pub(in crate::analysis) platform: Platform,
    pub(in crate::analysis) contexts: Vec<Context>,
    pub(in crate::analysis) forms: Vec<Form>,
    /// What it binds, where that was wanted.
    pub(in crate::analysis) locals: Locals,
    /// The methods of protocols in it, where that was wanted.
    pub(in crate::analysis) implementations: Vec<Implementation>,
}

impl Pass {
    /// A file of data, as a text in which nothing is defined or used.
    pub(in crate::analysis) fn of_data(file: &File) -> Pass {
        let roots = file.statements.iter().map(|(root, _)| *root);
        Pass {
            platform: Platform::Clj,
            contexts: vec![Context::default()],
            forms: roots.map(|root| Form { root, ..Form::default() }).collect(),
            locals: Locals::default(),
            implementations: Vec::new(),
        }
    }
}

impl Form {
    /// The vars that are there once it has been evaluated.
    pub(in crate::analysis) fn vars(&self) -> impl Iterator<Item = &Def> {
        self.defs.iter().filter(|def| !def.in_comment)
    }

    /// The definition that something stands in, after its name: the innermost one, the first of those that one form makes.
    pub(in crate::analysis) fn def_around(&self, tree: &Tree, at: &Range<u32>) -> Option<&Def> {
        let list = |def: &&Def| tree.node(def.list as usize);
        let around = |def: &&Def| def.at.end <= at.start && at.end <= list(def).end;
        self.defs.iter().filter(around).min_by_key(|def| list(def).end - list(def).start)
    }
}
