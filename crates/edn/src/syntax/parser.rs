//! From bytes to nodes, in one pass with a stack of what is open.

use super::{Kind, Node, Problem, SyntaxError, Tree};
use crate::MAX_DEPTH;
use memchr::memchr2;
use std::ops::Range;

/// The tree of a text of less than 4 GiB, or of its first form that is not discarded.
pub(super) fn run(text: &str, first_only: bool) -> Tree {
    let mut parser = Parser::new(text);
    parser.stops = first_only;
    let error = parser.run().err();
    if error.is_some() {
        parser.nodes.truncate(parser.whole);
    }
    Tree { nodes: parser.nodes, error, ..Tree::default() }
}

/// What waits for its end: a bracket for its counterpart, or a prefix for its forms.
pub(super) struct Open {
    pub(super) node: u32,
    closes: Closes,
}

#[derive(Clone, Copy)]
enum Closes {
    Bracket(u8),
    Forms(u8),
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    bytes: &'t [u8],
    pub(super) at: usize,
    pub(super) nodes: Vec<Node>,
    pub(super) open: Vec<Open>,
    /// How many nodes belong to whole top-level forms.
    pub(super) whole: usize,
    /// Whether to stop after the first form, and whether it has been read.
    stops: bool,
    stopped: bool,
}

const SPACE: u8 = 1;
/// Ends a token: white space, or a character that starts a form of its own wherever it stands.
const ENDS_TOKEN: u8 = 2;
/// Ends a number: also the characters that may stand inside a symbol.
const ENDS_NUMBER: u8 = 4;

const CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    let space = b" \t\n\r,\x0b\x0c\x1c\x1d\x1e\x1f";
    while i < space.len() {
        table[space[i] as usize] = SPACE | ENDS_TOKEN | ENDS_NUMBER;
        i += 1;
    }
    let terminating = b"\";@^`~()[]{}\\";
    i = 0;
    while i < terminating.len() {
        table[terminating[i] as usize] = ENDS_TOKEN | ENDS_NUMBER;
        i += 1;
    }
    let inner = b"#'%";
    i = 0;
    while i < inner.len() {
        table[inner[i] as usize] = ENDS_NUMBER;
        i += 1;
    }
    table
};

fn class(byte: u8) -> u8 {
    CLASSES[byte as usize]
}

/// White space beyond ASCII, as `Character.isWhitespace` has it: no-break spaces are none.
fn is_wide_space(c: char) -> bool {
    matches!(c, '\u{1680}' | '\u{2000}'..='\u{2006}' | '\u{2008}'..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{205f}' | '\u{3000}')
}

fn closing(open: u8) -> u8 {
    match open {
        b'(' => b')',
        b'[' => b']',
        _ => b'}',
    }
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Parser<'t> {
        Parser {
            text,
            bytes: text.as_bytes(),
            at: if text.starts_with('\u{feff}') { 3 } else { 0 },
            nodes: Vec::with_capacity(text.len() / 5),
            open: Vec::new(),
            whole: 0,
            stops: false,
            stopped: false,
        }
    }

    /// Reads on up to the end, or to the first error.
    pub(super) fn run(&mut self) -> Result<(), SyntaxError> {
        while !self.stopped {
            self.skip_gap();
            let Some(&byte) = self.bytes.get(self.at) else {
                return self.end_of_text();
            };
            self.form(byte)?;
        }
        Ok(())
    }

    fn error<T>(&self, span: Range<usize>, problem: Problem) -> Result<T, SyntaxError> {
        Err(SyntaxError { span, problem })
    }

    fn end_of_text(&self) -> Result<(), SyntaxError> {
        match self.open.last() {
            None => Ok(()),
            Some(open) => self.unfinished(open),
        }
    }

    /// The error for what is open when nothing more comes.
    fn unfinished(&self, open: &Open) -> Result<(), SyntaxError> {
        let node = self.nodes[open.node as usize];
        let start = node.start as usize;
        match open.closes {
            Closes::Bracket(close) => {
                let length = if matches!(node.kind, Kind::Set | Kind::Fn) { 2 } else { 1 };
                self.error(start..start + length, Problem::Unclosed { expected: close as char })
            }
            Closes::Forms(_) => {
                let prefix = prefix_of(node.kind);
                let end = (start + prefix.len()).min(self.bytes.len());
                self.error(start..end, Problem::MissingForm { prefix })
            }
        }
    }

    fn skip_gap(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            if class(byte) & SPACE != 0 {
                self.at += 1;
            } else if byte == b';' || (byte == b'#' && self.bytes.get(self.at + 1) == Some(&b'!')) {
                let rest = &self.bytes[self.at..];
                self.at += memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            } else if byte >= 0x80 {
                match self.wide_space() {
                    Some(length) => self.at += length,
                    None => return,
                }
            } else {
                return;
            }
        }
    }

    fn wide_space(&self) -> Option<usize> {
        let c = self.text[self.at..].chars().next()?;
        is_wide_space(c).then(|| c.len_utf8())
    }

    fn form(&mut self, byte: u8) -> Result<(), SyntaxError> {
        match byte {
            b'(' => self.open_bracket(Kind::List, 1, byte),
            b'[' => self.open_bracket(Kind::Vector, 1, byte),
            b'{' => self.open_bracket(Kind::Map, 1, byte),
            b')' | b']' | b'}' => self.close_bracket(byte),
            b'"' => self.string(Kind::String, 1),
            b'\\' => self.character(),
            b'\'' => self.open_prefix(Kind::Quote, 1, 1),
            b'`' => self.open_prefix(Kind::SyntaxQuote, 1, 1),
            b'@' => self.open_prefix(Kind::Deref, 1, 1),
            b'^' => self.open_prefix(Kind::Meta, 1, 2),
            b'~' if self.bytes.get(self.at + 1) == Some(&b'@') => {
                self.open_prefix(Kind::UnquoteSplicing, 2, 1)
            }
            b'~' => self.open_prefix(Kind::Unquote, 1, 1),
            b'#' => self.dispatch(),
            b':' => self.keyword(),
            b'0'..=b'9' => self.number(),
            b'+' | b'-' if self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) => {
                self.number()
            }
            _ => {
                let end = self.token_end(self.at + 1);
                self.atom(Kind::Symbol, end)
            }
        }
    }

    fn dispatch(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        match self.bytes.get(self.at + 1) {
            Some(b'{') => self.open_bracket(Kind::Set, 2, b'{'),
            Some(b'(') => self.open_bracket(Kind::Fn, 2, b'('),
            Some(b'"') => self.string(Kind::Regex, 2),
            Some(b'\'') => self.open_prefix(Kind::Var, 2, 1),
            Some(b'_') => self.open_prefix(Kind::Discard, 2, 1),
            Some(b'^') => self.open_prefix(Kind::Meta, 2, 2),
            Some(b'=') => self.open_prefix(Kind::Eval, 2, 1),
            Some(b'#') => {
                let end = self.token_end(start + 2);
                if end == start + 2 {
                    let expected = "`##Inf`, `##-Inf` or `##NaN`";
                    return self.invalid(start..end, "symbolic value", expected);
                }
                self.atom(Kind::Symbolic, end)
            }
            Some(b'?') => self.conditional(),
            Some(b':') => self.namespaced_map(),
            Some(&byte) if class(byte) & ENDS_TOKEN == 0 && byte != b'<' => {
                self.open_prefix(Kind::Tagged, 1, 2)
            }
            _ => {
                let end = (start + 2).min(self.bytes.len());
                let end = (start + 1..=end).rev().find(|&e| self.text.is_char_boundary(e));
                let expected = "a tag, or one of `{ ( \" ' _ ^ ? : # = !` after `#`";
                self.invalid(start..end.unwrap_or(start + 1), "dispatch", expected)
            }
        }
    }

    fn invalid(
        &self,
        span: Range<usize>,
        what: &'static str,
        expected: &'static str,
    ) -> Result<(), SyntaxError> {
        self.error(span, Problem::Invalid { what, expected })
    }

    fn conditional(&mut self) -> Result<(), SyntaxError> {
        let splicing = self.bytes.get(self.at + 2) == Some(&b'@');
        let (kind, length) =
            if splicing { (Kind::ConditionalSplicing, 3) } else { (Kind::Conditional, 2) };
        let mut body = self.at + length;
        while self.bytes.get(body).is_some_and(|&b| class(b) & SPACE != 0) {
            body += 1;
        }
        if self.bytes.get(body) != Some(&b'(') {
            let span = self.at..self.at + length;
            return self.invalid(span, "reader conditional", "a list such as `#?(:clj 1 :cljs 2)`");
        }
        self.open_prefix(kind, length, 1)
    }

    fn namespaced_map(&mut self) -> Result<(), SyntaxError> {
        let name_end = self.token_end(self.at + 2);
        let mut body = name_end;
        while self.bytes.get(body).is_some_and(|&b| class(b) & SPACE != 0) {
            body += 1;
        }
        let names_nothing = name_end == self.at + 2;
        if self.bytes.get(body) != Some(&b'{') || names_nothing {
            let span = self.at..name_end;
            return self.invalid(span, "namespaced map", "a map such as `#:ns{:a 1}`");
        }
        let length = name_end - self.at;
        self.open_prefix(Kind::NamespacedMap, length, 1)
    }

    fn deeper(&self, length: usize) -> Result<(), SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return self.error(self.at..self.at + length, Problem::TooDeep);
        }
        Ok(())
    }

    fn push(&mut self, kind: Kind, length: usize) -> u32 {
        let index = self.nodes.len() as u32;
        let (start, end) = (self.at as u32, (self.at + length) as u32);
        self.nodes.push(Node { kind, start, end, next: index + 1 });
        self.at += length;
        index
    }

    fn open_bracket(&mut self, kind: Kind, length: usize, open: u8) -> Result<(), SyntaxError> {
        self.deeper(length)?;
        let node = self.push(kind, length);
        self.open.push(Open { node, closes: Closes::Bracket(closing(open)) });
        Ok(())
    }

    fn open_prefix(&mut self, kind: Kind, length: usize, forms: u8) -> Result<(), SyntaxError> {
        self.deeper(length)?;
        let node = self.push(kind, length);
        self.open.push(Open { node, closes: Closes::Forms(forms) });
        Ok(())
    }

    fn close_bracket(&mut self, found: u8) -> Result<(), SyntaxError> {
        let span = self.at..self.at + 1;
        let Some(open) = self.open.last() else {
            return self.error(span, Problem::Unopened { found: found as char });
        };
        match open.closes {
            Closes::Bracket(close) if close == found => {
                let node = open.node as usize;
                self.open.pop();
                self.at += 1;
                self.finish(node);
                Ok(())
            }
            Closes::Bracket(close) => {
                let opened = self.nodes[open.node as usize].start as usize;
                let (found, expected) = (found as char, close as char);
                self.error(span, Problem::Mismatched { found, expected, opened })
            }
            Closes::Forms(_) => self.unfinished(open),
        }
    }

    fn atom(&mut self, kind: Kind, end: usize) -> Result<(), SyntaxError> {
        let node = self.push(kind, end - self.at);
        self.finish(node as usize);
        Ok(())
    }

    /// Ends a node here, and with it each prefix that has waited for just this form.
    fn finish(&mut self, mut node: usize) {
        loop {
            let next = self.nodes.len() as u32;
            self.nodes[node].end = self.at as u32;
            self.nodes[node].next = next;
            let discarded = self.nodes[node].kind == Kind::Discard;
            match self.open.last_mut() {
                None => {
                    self.whole = self.nodes.len();
                    self.stopped = self.stops && !discarded;
                    return;
                }
                Some(Open { closes: Closes::Forms(forms), node: prefix }) if !discarded => {
                    *forms -= 1;
                    if *forms > 0 {
                        return;
                    }
                    node = *prefix as usize;
                    self.open.pop();
                }
                Some(_) => return,
            }
        }
    }

    fn token_end(&self, mut at: usize) -> usize {
        while let Some(&byte) = self.bytes.get(at) {
            if class(byte) & ENDS_TOKEN != 0 {
                break;
            }
            if byte >= 0xe1 && self.text[at..].chars().next().is_some_and(is_wide_space) {
                break;
            }
            at += 1;
        }
        at
    }

    fn keyword(&mut self) -> Result<(), SyntaxError> {
        let end = self.token_end(self.at + 1);
        let name = &self.bytes[self.at + 1..end];
        if name.is_empty() || name == b":" {
            return self.invalid(self.at..end, "keyword", "a name after `:`");
        }
        self.atom(Kind::Keyword, end)
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let mut end = self.at + 1;
        while self.bytes.get(end).is_some_and(|&b| class(b) & ENDS_NUMBER == 0) {
            end += 1;
        }
        let end = (self.at + 1..=end).find(|&e| {
            e == end || self.bytes[e] >= 0xe1 && self.text[e..].starts_with(is_wide_space)
        });
        let end = end.unwrap_or(self.bytes.len());
        if !crate::number::is_number(&self.bytes[self.at..end]) {
            let expected =
                "an integer, ratio or decimal such as `42`, `0x1F`, `2r101`, `1/3`, `1.5e3`";
            return self.invalid(self.at..end, "number", expected);
        }
        self.atom(Kind::Number, end)
    }

    fn string(&mut self, kind: Kind, prefix: usize) -> Result<(), SyntaxError> {
        let start = self.at;
        let mut at = start + prefix;
        loop {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let Some(found) = memchr2(b'"', b'\\', rest) else {
                return self.error(start..start + prefix, Problem::UnterminatedString);
            };
            at += found;
            if self.bytes[at] == b'"' {
                return self.atom(kind, at + 1);
            }
            at += match kind {
                Kind::String => self.escape(at)?,
                _ => 1 + self.text[at + 1..].chars().next().map_or(0, char::len_utf8),
            };
        }
    }

    /// The length of the escape sequence at a backslash in a string.
    fn escape(&self, at: usize) -> Result<usize, SyntaxError> {
        let expected = "one of `\\\" \\\\ \\n \\t \\r \\b \\f`, `\\u` with four hex digits, or up to three octal digits";
        let rest = &self.bytes[at + 1..];
        let length = match rest.first() {
            None => return Ok(1),
            Some(b'"' | b'\\' | b'n' | b't' | b'r' | b'b' | b'f') => Some(2),
            Some(b'u') => {
                let hex = rest.get(1..5).is_some_and(|h| h.iter().all(u8::is_ascii_hexdigit));
                hex.then_some(6)
            }
            Some(b'0'..=b'7') => {
                let digits = rest.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
                let value = rest[..digits].iter().fold(0u32, |n, b| n * 8 + u32::from(b - b'0'));
                let ended =
                    digits == 3 || rest.get(digits).is_none_or(|&b| class(b) & ENDS_NUMBER != 0);
                (value <= 0o377 && ended).then_some(1 + digits)
            }
            Some(_) => None,
        };
        length.ok_or_else(|| {
            let next = self.text[at + 1..].chars().next().map_or(0, char::len_utf8);
            let problem = Problem::Invalid { what: "escape in a string", expected };
            SyntaxError { span: at..at + 1 + next, problem }
        })
    }

    fn character(&mut self) -> Result<(), SyntaxError> {
        let first = self.text[self.at + 1..].chars().next();
        let Some(first) = first else {
            return self.invalid(self.at..self.at + 1, "character", "a character after `\\`");
        };
        let end = self.token_end(self.at + 1 + first.len_utf8());
        if crate::literal::parse_char(&self.text[self.at + 1..end]).is_none() {
            let expected = "one character, `\\newline \\space \\tab \\backspace \\formfeed \\return`, \
                            `\\u` with four hex digits, or `\\o` with up to three octal digits";
            return self.invalid(self.at..end, "character", expected);
        }
        self.atom(Kind::Char, end)
    }
}

fn prefix_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Quote => "'",
        Kind::SyntaxQuote => "`",
        Kind::Unquote => "~",
        Kind::UnquoteSplicing => "~@",
        Kind::Deref => "@",
        Kind::Var => "#'",
        Kind::Meta => "^",
        Kind::Tagged => "#",
        Kind::Conditional => "#?",
        Kind::ConditionalSplicing => "#?@",
        Kind::NamespacedMap => "#:",
        Kind::Eval => "#=",
        Kind::Discard => "#_",
        _ => "",
    }
}
