//! The lossless syntax tree of any Clojure or EDN text.
//!
//! The tree is one flat table of [`Node`]s in the order of the text: what kind, from where to where, and where
//! its subtree ends in the table. There are no pointers and there is no recursion, and what lies between
//! nodes (white space, commas, comments, a byte-order mark, a shebang line) is left between their spans, so
//! nodes and gaps together are the text, byte for byte.
//!
//! Invariants
//! - Spans nest, and siblings stand in order: a node starts at or after the end of the one before it.
//! - `next` of a node is above its index and at most the table's length; children are the nodes from
//!   `index + 1` that are reached by following `next` until `next` of the parent.
//! - After an error the tree holds the whole top-level forms before it and nothing of the one that is broken; with
//!   [`parse_through`] also what comes behind, and the broken form closed where that begins.
//!
//! Cost: one pass over the bytes, one table entry a node.

mod parser;
mod recover;

use crate::MAX_DEPTH;
use crate::position::line_column;
use std::fmt;
use std::ops::Range;

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A symbol; `nil`, `true` and `false` among them.
    Symbol,
    /// `:a`, `::a`, `::b/a`
    Keyword,
    /// Any number.
    Number,
    /// `\a`
    Char,
    /// `"text"`
    String,
    /// `#"regex"`
    Regex,
    /// `##Inf`
    Symbolic,
    /// `( )`
    List,
    /// `[ ]`
    Vector,
    /// `{ }`
    Map,
    /// `#{ }`
    Set,
    /// `#( )`
    Fn,
    /// `'x`
    Quote,
    /// `` `x ``
    SyntaxQuote,
    /// `~x`
    Unquote,
    /// `~@x`
    UnquoteSplicing,
    /// `@x`
    Deref,
    /// `#'x`
    Var,
    /// `^m x`: two children.
    Meta,
    /// `#tag x`: two children, the tag a symbol.
    Tagged,
    /// `#?( )`: one child, a list.
    Conditional,
    /// `#?@( )`: one child, a list.
    ConditionalSplicing,
    /// `#:ns{ }`, `#::{ }`, `#::alias{ }`: one child, a map.
    NamespacedMap,
    /// `#=x`
    Eval,
    /// `#_x`: read and thrown away.
    Discard,
}

/// One node of a [`Tree`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Offset of its first byte.
    pub start: u32,
    /// Offset just past its last byte.
    pub end: u32,
    /// Index just past its subtree.
    pub next: u32,
}

impl Node {
    /// Its bytes.
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The syntax tree of a text.
#[derive(Clone, Default, Debug)]
pub struct Tree {
    /// All nodes, in the order of the text, parents before children.
    pub nodes: Vec<Node>,
    /// Why and where reading stopped, where it did before the end; the first time, where it went on.
    pub error: Option<SyntaxError>,
    /// The top-level nodes that are broken, where reading went on behind them.
    pub broken: Vec<usize>,
}

impl Tree {
    /// A node.
    pub fn node(&self, index: usize) -> Node {
        self.nodes[index]
    }

    /// The indexes of the top-level nodes.
    pub fn roots(&self) -> Siblings<'_> {
        Siblings { nodes: &self.nodes, at: 0, end: self.nodes.len() }
    }

    /// The indexes of a node's children, discarded forms among them.
    pub fn children(&self, index: usize) -> Siblings<'_> {
        Siblings { nodes: &self.nodes, at: index + 1, end: self.nodes[index].next as usize }
    }

    /// The indexes of a node's children that are not discarded.
    pub fn forms(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.children(index).filter(|&i| self.nodes[i].kind != Kind::Discard)
    }

    /// A node's text.
    pub fn text<'t>(&self, index: usize, text: &'t str) -> &'t str {
        &text[self.nodes[index].range()]
    }
}

/// Indexes of nodes that stand beside each other.
#[derive(Clone, Debug)]
pub struct Siblings<'a> {
    nodes: &'a [Node],
    at: usize,
    end: usize,
}

impl Iterator for Siblings<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.at >= self.end {
            return None;
        }
        let index = self.at;
        self.at = self.nodes[index].next as usize;
        Some(index)
    }
}

/// A text that does not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    /// The bytes that are wrong.
    pub span: Range<usize>,
    /// What is wrong and what was expected.
    pub problem: Problem,
}

/// What is wrong with a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// A bracket that is never closed; the span is the bracket's.
    Unclosed {
        /// The bracket that would close it.
        expected: char,
    },
    /// A closing bracket that closes nothing.
    Unopened {
        /// The bracket that stands there.
        found: char,
    },
    /// A closing bracket of another kind than the one that is open.
    Mismatched {
        /// The bracket that stands there.
        found: char,
        /// The bracket that would close what is open.
        expected: char,
        /// Where what is open was opened.
        opened: usize,
    },
    /// A string or regex that is never ended; the span is its opening quote.
    UnterminatedString,
    /// A prefix such as `'` or `#_` with nothing after it.
    MissingForm {
        /// The prefix.
        prefix: &'static str,
    },
    /// A token that is not what its first character promises.
    Invalid {
        /// What it should be.
        what: &'static str,
        /// What such a thing looks like.
        expected: &'static str,
    },
    /// Deeper nesting than [`MAX_DEPTH`].
    TooDeep,
    /// A text of 4 GiB or more.
    TooLarge,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Unclosed { expected } => {
                write!(f, "this is never closed: expected `{expected}` before the end")
            }
            Problem::Unopened { found } => write!(f, "`{found}` closes nothing"),
            Problem::Mismatched { found, expected, opened: _ } => {
                write!(f, "found `{found}`, expected `{expected}` to close what is open")
            }
            Problem::UnterminatedString => f.write_str("this is never ended: expected `\"`"),
            Problem::MissingForm { prefix } => write!(f, "expected a form after `{prefix}`"),
            Problem::Invalid { what, expected } => write!(f, "invalid {what}: expected {expected}"),
            Problem::TooDeep => write!(f, "nested deeper than {MAX_DEPTH}"),
            Problem::TooLarge => f.write_str("text of 4 GiB or more"),
        }
    }
}

impl SyntaxError {
    /// The message with line and column.
    pub fn message(&self, text: &str) -> String {
        let (line, column) = line_column(text, self.span.start);
        match self.problem {
            Problem::Mismatched { opened, .. } => {
                let (l, c) = line_column(text, opened);
                format!("{line}:{column}: {}, opened at {l}:{c}", self.problem)
            }
            _ => format!("{line}:{column}: {}", self.problem),
        }
    }
}

/// Reads a text as far as it reads.
///
/// ```
/// use edn::syntax::{Kind, parse};
/// let text = "(inc 1) ; comment\n[";
/// let tree = parse(text);
/// assert_eq!(tree.roots().map(|i| tree.text(i, text)).collect::<Vec<_>>(), ["(inc 1)"]);
/// assert_eq!(tree.error.unwrap().message(text), "2:1: this is never closed: expected `]` before the end");
/// ```
pub fn parse(text: &str) -> Tree {
    if text.len() >= u32::MAX as usize {
        let error = SyntaxError { span: 0..0, problem: Problem::TooLarge };
        return Tree { error: Some(error), ..Tree::default() };
    }
    parser::run(text, false)
}

/// Reads a text also behind what is broken in it, as an editor does: on from the next bracket that opens in the first column of a
/// line. What is broken ends there, and is in the tree as if its brackets were closed.
///
/// Nothing is lost: what is in no node stands between nodes, as white space does. Where very much is broken the rest is left.
///
/// ```
/// use edn::syntax::parse_through;
/// let text = "(def a [1 2)\n(def b\n(def c 3)";
/// let tree = parse_through(text);
/// assert_eq!(tree.roots().map(|i| tree.text(i, text)).collect::<Vec<_>>(), ["(def a [1 2)", "(def b", "(def c 3)"]);
/// assert_eq!(tree.broken.len(), 2);
/// ```
pub fn parse_through(text: &str) -> Tree {
    match text.len() >= u32::MAX as usize {
        true => parse(text),
        false => recover::run(text),
    }
}

/// Reads a text up to the end of its first form that is not discarded; what comes after it is not looked at.
pub fn parse_first(text: &str) -> Tree {
    match text.len() >= u32::MAX as usize {
        true => parse(text),
        false => parser::run(text, true),
    }
}
