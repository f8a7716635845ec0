//! What a var is: a value, or a function with its parameters and body.

use crate::analysis::{DefinitionFound, analyze};
use crate::refactor::outline::Outline;
use crate::refactor::reason::{Reason, Why};
use crate::refactor::work::Work;
use edn::syntax::Kind;
use std::ops::Range;

/// A definition as it can be inlined. All ranges are of the definition's file.
#[derive(Clone, Debug)]
pub(super) struct Body {
    /// The statement.
    pub(super) statement: Range<usize>,
    /// The value, or the forms of a function's body.
    pub(super) value: Range<usize>,
    /// How many forms a function's body has.
    pub(super) forms: usize,
    /// The parameters of a function, in order.
    pub(super) parameters: Option<Vec<Range<usize>>>,
    /// From the parameter vector to the end of the body: a `fn` without its head.
    pub(super) function: Range<usize>,
    /// Whether there is a `#()` in it.
    pub(super) has_short_function: bool,
}

impl Body {
    pub(super) fn is_function(&self) -> bool {
        self.parameters.is_some()
    }

    pub(super) fn of(work: &Work<'_>, file: usize, def: &DefinitionFound) -> Result<Body, Reason> {
        let outline = &work.outlines[file];
        let refused = |why: &str| {
            Reason::new(Why::Unsupported, format!("{}/{} {why}", def.ns, def.name))
                .at(work.sources.at(file, &def.name_at))
        };
        let place = outline.statement_at(def.name_at.start as usize);
        let Some(place) = place else { return Err(refused("is not found in a statement")) };
        let statement = outline.statements[place];
        if outline.range(statement) != (def.at.start as usize..def.at.end as usize) {
            return Err(refused("is defined inside of another form"));
        }
        let forms: Vec<usize> = outline.tree.forms(statement).collect();
        if let Some(name) = forms.get(1) {
            let text = outline.node_text(*name);
            if ["dynamic", "export", "declared"].iter().any(|flag| text.contains(flag)) {
                return Err(refused("is dynamic or exported"));
            }
        }
        let has_short_function = (statement..outline.tree.node(statement).next as usize)
            .any(|node| outline.tree.node(node).kind == Kind::Fn);
        let mut body = Body {
            statement: outline.range(statement),
            value: 0..0,
            forms: 1,
            parameters: None,
            function: 0..0,
            has_short_function,
        };
        match (outline.head(statement), &forms[..]) {
            ("def" | "defonce", [_, _, value]) => body.value = outline.range(*value),
            ("def", [_, _, doc, value]) if is_string(outline, *doc) => {
                body.value = outline.range(*value);
            }
            ("defn" | "defn-", [_, _, rest @ ..]) => {
                body.take_function(outline, rest).map_err(refused)?;
                return Ok(body);
            }
            _ if def.is_macro => {
                return Err(refused("is a macro: what it makes may capture names"));
            }
            _ => return Err(refused("is no plain value and no plain function")),
        }
        let value = forms[forms.len() - 1];
        let is_constant = matches!(
            outline.tree.node(value).kind,
            Kind::Number
                | Kind::String
                | Kind::Keyword
                | Kind::Char
                | Kind::Symbol
                | Kind::Symbolic
        );
        if !is_constant && !is_pure(work, file, place) {
            return Err(refused(
                "has a value that is made once, and nothing says that it could be made again",
            )
            .help("only constants and values that are certainly pure can be inlined"));
        }
        Ok(body)
    }

    /// The parameters and the body behind a function's name.
    fn take_function(&mut self, outline: &Outline<'_>, rest: &[usize]) -> Result<(), &'static str> {
        let kind = |node: usize| outline.tree.node(node).kind;
        let mut rest = rest;
        while let [first, after @ ..] = rest
            && !after.is_empty()
            && matches!(kind(*first), Kind::String | Kind::Map)
        {
            rest = after;
        }
        let arity: Vec<usize> = match rest {
            [only] if kind(*only) == Kind::List => outline.tree.forms(*only).collect(),
            [first, ..] if kind(*first) == Kind::Vector => rest.to_vec(),
            _ => return Err("has several arities"),
        };
        let [parameters, forms @ ..] = &arity[..] else { return Err("has no parameters") };
        if kind(*parameters) != Kind::Vector {
            return Err("has hints before its parameters");
        }
        let names: Vec<usize> = outline.tree.forms(*parameters).collect();
        if names.iter().any(|name| outline.node_text(*name) == "&") {
            return Err("takes any number of arguments");
        }
        if forms.len() > 1 && kind(forms[0]) == Kind::Map {
            return Err("has conditions");
        }
        let (Some(first), Some(last)) = (forms.first(), forms.last()) else {
            return Err("has no body");
        };
        let inside = *first..outline.tree.node(*last).next as usize;
        for node in inside {
            let own_loop = || {
                outline.path_to(*first, node).iter().any(|around| {
                    matches!(outline.head(*around), "loop" | "fn" | "go-loop" | "reify" | "letfn")
                        || kind(*around) == Kind::Fn
                })
            };
            if kind(node) == Kind::Symbol && outline.node_text(node) == "recur" && !own_loop() {
                return Err("goes back to its own beginning");
            }
        }
        self.parameters = Some(names.into_iter().map(|name| outline.range(name)).collect());
        self.value = outline.range(*first).start..outline.range(*last).end;
        self.forms = forms.len();
        self.function = outline.range(*parameters).start..self.value.end;
        Ok(())
    }
}

fn is_string(outline: &Outline<'_>, node: usize) -> bool {
    outline.tree.node(node).kind == Kind::String
}

/// Whether evaluating a statement certainly has no effect.
fn is_pure(work: &Work<'_>, file: usize, place: usize) -> bool {
    let facts = analyze(work.sources.files(), work.sources.rules());
    facts[file].statements.get(place).and_then(|statement| statement.pure) == Some(true)
}
