//! Reading on behind what is broken.
//!
//! A top-level form begins in the first column, and little else does. So where one does not read, the first bracket in the first
//! column inside it is taken for the beginning of the next one; where it holds none, the first behind the place of the error. The
//! broken form is closed before that.
//!
//! Cost: a form that is never closed is read up to the end of the text before that is known. [`MAX_BROKEN`] bounds how often.

use super::parser::Parser;
use super::{Kind, Node, Problem, Siblings, Tree};

/// How often reading goes on.
const MAX_BROKEN: usize = 100;

/// The tree of a text of less than 4 GiB.
pub(super) fn run(text: &str) -> Tree {
    let mut parser = Parser::new(text);
    let mut error = None;
    let mut broken = Vec::new();
    for _ in 0..MAX_BROKEN {
        let Err(found) = parser.run() else { break };
        let root = parser.whole;
        match found.problem {
            Problem::Unopened { .. } => parser.at += 1,
            _ => recover(&mut parser, &found.problem),
        }
        error.get_or_insert(found);
        broken.extend((parser.whole > root).then_some(root));
    }
    parser.nodes.truncate(parser.whole);
    Tree { nodes: parser.nodes, error, broken }
}

/// Closes what is open, and goes to where the next form begins.
fn recover(parser: &mut Parser<'_>, problem: &Problem) {
    let inside = parser.whole + 1..parser.nodes.len();
    let found = inside.into_iter().find_map(|node| Some((node, begins(parser, node, problem)?)));
    let behind = || (parser.nodes.len(), behind(parser.text, parser.at));
    let (first, next) = found.unwrap_or_else(behind);
    close(parser, first, next);
}

/// Where in a node of the broken form the next form begins. Where a quote is missing, what is taken for a text of several lines
/// is rather code, and may hold it.
fn begins(parser: &Parser<'_>, node: usize, problem: &Problem) -> Option<usize> {
    let Node { kind, start, end, .. } = parser.nodes[node];
    let (start, end) = (start as usize, end as usize);
    match kind {
        Kind::String | Kind::Regex if *problem == Problem::UnterminatedString => {
            Some(behind(&parser.text[..end], start)).filter(|at| *at < end)
        }
        kind if is_bracket(kind) => {
            matches!(parser.text.as_bytes()[start - 1], b'\n' | b'\r').then_some(start)
        }
        _ => None,
    }
}

fn is_bracket(kind: Kind) -> bool {
    matches!(kind, Kind::List | Kind::Vector | Kind::Map | Kind::Set | Kind::Fn)
}

/// Where the next line behind a place begins that begins with a bracket.
fn behind(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let lines = rest.match_indices(['\n', '\r']).map(|(end, _)| at + end + 1);
    let begins = |line: &usize| text[*line..].starts_with(['(', '[', '{']);
    lines.into_iter().find(begins).unwrap_or(text.len())
}

/// Ends the broken form before `next`, where the node `first` of the next form begins, and reads on from there.
fn close(parser: &mut Parser<'_>, first: usize, next: usize) {
    let whole = parser.whole;
    let mut open: Vec<usize> = parser.open.iter().map(|open| open.node as usize).collect();
    open.extend((whole..first).filter(|node| parser.nodes[*node].next as usize > first));
    open.retain(|node| *node < first);
    open.sort_unstable();
    let first = without_prefixes(&parser.nodes, &open, first);
    open.retain(|node| *node < first);
    if first > whole {
        open.iter().for_each(|node| parser.nodes[*node].end = 0);
        let start = parser.nodes[whole].start as usize;
        let end = (start + trimmed(&parser.text[start..next]).len()) as u32;
        let end = parser.nodes[whole..first].iter().map(|node| node.end).fold(end, u32::max);
        for node in open {
            (parser.nodes[node].next, parser.nodes[node].end) = (first as u32, end);
        }
        parser.whole = first;
    }
    parser.nodes.truncate(first);
    parser.open.clear();
    parser.at = next;
}

/// How many of the nodes before `first` are left, when each prefix among the open ones that has not got all its forms goes, and
/// with it what is in it.
fn without_prefixes(nodes: &[Node], open: &[usize], mut first: usize) -> usize {
    let mut inner = None;
    for &node in open.iter().rev() {
        let wanted = match nodes[node].kind {
            kind if is_bracket(kind) => 0,
            Kind::Meta | Kind::Tagged => 2,
            _ => 1,
        };
        let closed = Siblings { nodes, at: node + 1, end: inner.unwrap_or(first) };
        let is_form = |node: &usize| nodes[*node].kind != Kind::Discard;
        if wanted > 0 && closed.chain(inner).filter(is_form).count() < wanted {
            (first, inner) = (node, None);
        } else {
            inner = Some(node);
        }
    }
    first
}

/// A text without the white space and the lines of comments at its end, which belong to what comes behind it.
fn trimmed(text: &str) -> &str {
    let mut text = text.trim_end();
    while let Some(line) = text.rfind(['\n', '\r'])
        && text[line + 1..].starts_with(';')
    {
        text = text[..line].trim_end();
    }
    text
}
