//! `context` and `mcp`.

use super::{Found, ToRead, as_of, number, statement, text};
use crate::args::{Assist, ContextFormat};
use crate::mcp;
use crate::output::{self, note, say};
use crate::problem::{Outcome, Problem};
use ::code::context::{self, Asked, Context, ContextError, Form, Item, Layout, Network, Weights};
use db::{Db, EntityId};
use edn::Value;

/// Does what was typed.
pub(crate) fn run(command: Assist, db: ToRead<'_>) -> Outcome<Found> {
    match command {
        Assist::Context { asked, budget, as_of: when, format } => {
            let db = as_of(&db()?, when.as_deref())?;
            context(&db, &asked, budget, format)
        }
        Assist::Mcp(options) => mcp::run(&options).map(|()| Found::Yes),
    }
}

/// `defbase context`
fn context(db: &Db, asked: &[String], budget: usize, format: ContextFormat) -> Outcome<Found> {
    let layout = match format {
        ContextFormat::Markdown => Layout::Markdown,
        _ => Layout::Text,
    };
    let found = find_context(db, &Network::of(db)?, &Wanted::typed(asked), budget, layout)?;
    match format {
        ContextFormat::Text | ContextFormat::Markdown if found.items.is_empty() => {}
        ContextFormat::Text | ContextFormat::Markdown => say(found.text.trim_end())?,
        ContextFormat::Edn => output::value(&data(&found), crate::args::Format::Edn)?,
        ContextFormat::Json => output::value(&data(&found), crate::args::Format::Json)?,
    }
    let Context { items, tokens, left_out, .. } = &found;
    if items.is_empty() {
        note("nothing fits: give a larger --budget");
    } else {
        note(&format!(
            "{} statements, {tokens} of {budget} tokens; {left_out} left out",
            items.len()
        ));
    }
    Ok(Found::from(!found.items.is_empty()))
}

/// What somebody wants to read for.
pub(crate) enum Wanted {
    /// Statements by their names.
    Names(Vec<String>),
    /// A question in plain words.
    Question(String),
}

impl Wanted {
    /// What was typed: a text with a space in it is no name of a statement.
    fn typed(texts: &[String]) -> Wanted {
        match texts.iter().any(|text| text.trim().contains(char::is_whitespace)) {
            true => Wanted::Question(texts.join(" ")),
            false => Wanted::Names(texts.to_vec()),
        }
    }
}

/// The context of what is wanted.
pub(crate) fn find_context(
    db: &Db,
    network: &Network,
    wanted: &Wanted,
    budget: usize,
    layout: Layout,
) -> Outcome<Context> {
    let statements: Vec<EntityId>;
    let asked = match wanted {
        Wanted::Question(question) => Asked::Question(question),
        Wanted::Names(names) => {
            let found = names.iter().map(|name| statement(db, name.trim()));
            statements = found.collect::<Outcome<_>>()?;
            Asked::Statements(&statements)
        }
    };
    context::context(db, network, asked, budget, layout, &Weights::default()).map_err(|error| {
        match error {
            ContextError::NotCode(error) => error.into(),
            ContextError::NoWords | ContextError::NothingFound => Problem::new(error.to_string())
                .help("use words that stand in names, docstrings or sources of the project"),
        }
    })
}

fn data(context: &Context) -> Value {
    let keyword = |name: &str| Value::keyword(name);
    Value::map(vec![
        (keyword("budget"), number(context.budget)),
        (keyword("tokens"), number(context.tokens)),
        (keyword("left-out"), number(context.left_out)),
        (keyword("items"), Value::vector(context.items.iter().map(item).collect())),
    ])
}

fn item(item: &Item) -> Value {
    let form = match item.form {
        Form::Whole => "source",
        Form::Signature => "signature",
    };
    let entries = vec![
        ("fqn", Value::string(item.fqn.as_str())),
        ("namespace", text(item.namespace.as_deref())),
        ("path", text(item.path.as_deref())),
        ("reason", Value::string(item.reason.to_string())),
        ("why", Value::keyword(item.reason.kind())),
        ("of", text(item.reason.of())),
        ("score", Value::Double((item.score * 1e6).round() / 1e6)),
        (form, Value::string(item.text.as_str())),
    ];
    Value::map(entries.into_iter().map(|(key, value)| (Value::keyword(key), value)).collect())
}
