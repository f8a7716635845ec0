//! Commands for those who read code in portions: language models, and whoever works with one.

use clap::{Args, Subcommand, ValueEnum};
use std::net::{IpAddr, Ipv4Addr};

#[derive(Subcommand, Debug)]
pub(crate) enum Assist {
    /// What one must read to change a statement or to answer a question, within a number of tokens
    ///
    /// The statements themselves first, then what they need most: whole sources while those fit, then signatures, each
    /// with the reason why it is there. Never more than the budget; tokens are counted as GPT-4o counts them (o200k), other
    /// models count some ten per cent more or less.
    #[command(after_help = "\
Examples:
  defbase context app.core/greet
  defbase context app.core/greet app.core/farewell --budget 2000
  defbase context 'how are discounts applied?' --format markdown
  defbase context app.core/greet --format json | jq '.items[] | [.fqn, .reason]'")]
    Context {
        /// Statements by their names, or a question in quotes
        #[arg(required = true, value_name = "FQN|QUESTION")]
        asked: Vec<String>,
        /// At most so many tokens
        #[arg(short, long, default_value_t = 8000, value_name = "TOKENS")]
        budget: usize,
        /// As it was then: an instant or a transaction number of `log`
        #[arg(long, value_name = "WHEN")]
        as_of: Option<String>,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: ContextFormat,
    },

    /// Serve the database to AI assistants by the Model Context Protocol
    ///
    /// On standard input and output, as assistants start it, or with --http. Answers follow the log: what another program
    /// imports is seen by the next call. Nothing outside the database can be read.
    #[command(after_help = "\
Examples:
  claude mcp add defbase -- defbase -C /path/to/project mcp       Claude Code
  defbase mcp --http --token \"$TOKEN\"                             http://127.0.0.1:7345/mcp

Claude Desktop (claude_desktop_config.json), Cursor (.cursor/mcp.json):
  {\"mcpServers\": {\"defbase\": {\"command\": \"defbase\", \"args\": [\"-C\", \"/path/to/project\", \"mcp\"]}}}

VS Code (.vscode/mcp.json):
  {\"servers\": {\"defbase\": {\"command\": \"defbase\", \"args\": [\"-C\", \"${workspaceFolder}\", \"mcp\"]}}}")]
    Mcp(Mcp),
}

/// How `defbase mcp` serves.
#[derive(Args, Clone, Debug)]
pub(crate) struct Mcp {
    /// Also rename and replace, in the database and in the files
    #[arg(long)]
    pub(crate) allow_edits: bool,
    /// Over HTTP instead of standard input and output
    #[arg(long)]
    pub(crate) http: bool,
    /// The address to listen at; another than a loopback one needs --token
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), requires = "http", value_name = "ADDRESS")]
    pub(crate) host: IpAddr,
    /// The port to listen at; 0 takes a free one
    #[arg(long, default_value_t = 7345, requires = "http", value_name = "PORT")]
    pub(crate) port: u16,
    /// What clients must send as `Authorization: Bearer TOKEN`
    #[arg(long, env = "DEFBASE_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// A host name, or an origin such as https://app.example.com, that requests may name besides loopback ones
    #[arg(long, requires = "http", value_name = "NAME")]
    pub(crate) allow: Vec<String>,
}

/// How a context is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum ContextFormat {
    /// Clojure with comments
    #[default]
    Text,
    /// Markdown
    Markdown,
    /// Clojure data, one map a statement
    Edn,
    /// JSON, one object a statement
    Json,
}
