//! The protocol, as the official SDK speaks it: tools, resources and prompts of a project.

use super::arguments::Object;
use super::look;
use super::project::Project;
use super::tools::{self, Tool};
use crate::commands::assist::{Wanted, find_context};
use crate::database;
use crate::problem::{Outcome, Problem};
use code::context::Layout;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, GetPromptRequestParams,
    GetPromptResponse, GetPromptResult, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    Prompt, PromptArgument, PromptMessage, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, Resource, ResourceContents, ResourceTemplate, Role, ServerCapabilities,
    ServerConfig, Tool as ListedTool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use std::borrow::Cow;
use std::sync::Arc;

const SCHEMA: &str = "defbase://schema";
const STATEMENT: &str = "defbase://statement/";

const INSTRUCTIONS: &str = "\
A database of this project's Clojure code: every top-level form is a statement with a fully qualified name (app.core/greet). \
Begin with `context` for the statements you will change, or with a question; `search` finds names. Prefer these to reading \
files: answers are exact, ranked and small.";

/// A project and what can be done with it. Clones share both.
#[derive(Clone)]
pub(super) struct Server {
    project: Arc<Project>,
    tools: Arc<Vec<Tool>>,
}

impl Server {
    pub(super) fn new(project: Project, allow_edits: bool) -> Server {
        Server { project: Arc::new(project), tools: Arc::new(tools::all(allow_edits)) }
    }

    /// Serves one client on standard input and output, until it leaves.
    pub(super) async fn serve_stdio(self) -> Outcome<()> {
        let failed =
            |e: &dyn std::error::Error| Problem::new("the client cannot be served").because(e);
        let running = self.serve(rmcp::transport::stdio()).await;
        let running = match running {
            Ok(running) => running,
            // A client that leaves before it has said anything wants nothing.
            Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
            Err(error) => return Err(failed(&error)),
        };
        running.waiting().await.map_err(|e| failed(&e))?;
        Ok(())
    }

    /// Does something with the project away from the threads that talk to clients.
    async fn with_project<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Server) -> Outcome<T> + Send + 'static,
    ) -> Result<Outcome<T>, ErrorData> {
        let server = self.clone();
        let work = tokio::task::spawn_blocking(move || {
            let result = work(&server)?;
            // What could not be read may be missing in what was found.
            database::all_could_be_read(&server.project.now()?.db)?;
            Ok(result)
        });
        work.await.map_err(|e| ErrorData::internal_error(e.to_string(), None))
    }

    fn call(&self, name: &str, arguments: Object) -> Outcome<String> {
        match self.tools.iter().find(|tool| tool.name == name) {
            Some(tool) => tool.call(&self.project, arguments),
            None => {
                let names: Vec<&str> = self.tools.iter().map(|tool| tool.name).collect();
                Err(Problem::new(format!("there is no tool `{name}`"))
                    .help(format!("there are {}", names.join(", "))))
            }
        }
    }

    fn read(&self, uri: &str) -> Outcome<String> {
        if uri == SCHEMA {
            return Ok(look::schema());
        }
        let name = uri.strip_prefix(STATEMENT).and_then(decoded);
        let name = name.ok_or_else(|| {
            Problem::new(format!("there is no resource `{uri}`"))
                .help(format!("there are {SCHEMA} and {STATEMENT}NAME"))
        })?;
        self.call("show", object([("names", vec![name].into())]))
    }

    fn prompt(&self, name: &str, arguments: &Object) -> Outcome<String> {
        let argument = |key: &str| arguments.get(key).and_then(|v| v.as_str()).unwrap_or_default();
        let (asked, task) = match name {
            "change" => (argument("name"), argument("task")),
            "explain" => (argument("name"), "Explain what it does, how, and who relies on it."),
            _ => {
                return Err(Problem::new(format!("there is no prompt `{name}`"))
                    .help("there are `change` and `explain`"));
            }
        };
        const BUDGET: usize = 8000;
        let now = self.project.now()?;
        let names: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
        if names.is_empty() {
            return Err(Problem::new("the prompt needs the name of a statement"));
        }
        let about = names.join(", ");
        let wanted = Wanted::Names(names);
        let found = find_context(&now.db, now.network()?, &wanted, BUDGET, Layout::Markdown)?;
        Ok(format!("{task}\n\nIt is about {about}. This is its context:\n\n{}", found.text))
    }
}

fn object<const N: usize>(entries: [(&str, serde_json::Value); N]) -> Object {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// A name out of a URI: `%2F` is `/`.
fn decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = text.get(at + 1..at + 3)?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).ok().filter(|name| !name.is_empty())
}

fn listed(tool: &Tool) -> ListedTool {
    let annotations = ToolAnnotations::new().read_only(!tool.edits).open_world(false);
    let annotations = match tool.edits {
        true => annotations.destructive(true).idempotent(false),
        false => annotations.idempotent(true),
    };
    let schema = Arc::new(tool.schema.clone());
    ListedTool::new(tool.name, tool.about, schema).with_annotations(annotations)
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("defbase", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.iter().map(listed).collect()))
    }

    fn get_tool(&self, name: &str) -> Option<ListedTool> {
        self.tools.iter().find(|tool| tool.name == name).map(listed)
    }

    /// What goes wrong is told as an answer, so that the assistant sees it.
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let CallToolRequestParams { name, arguments, .. } = request;
        let arguments = arguments.unwrap_or_default();
        let outcome = self.with_project(move |server| server.call(&name, arguments)).await?;
        let result = match outcome {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(problem) => CallToolResult::error(vec![ContentBlock::text(problem.plain())]),
        };
        Ok(result.into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let schema = Resource::new(SCHEMA, "schema")
            .with_description("The attributes that a query can ask for")
            .with_mime_type("text/plain");
        Ok(ListResourcesResult::with_all_items(vec![schema]))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let statement = ResourceTemplate::new(format!("{STATEMENT}{{name}}"), "statement")
            .with_description("A statement's source, or a namespace's outline")
            .with_mime_type("text/plain");
        Ok(ListResourceTemplatesResult::with_all_items(vec![statement]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri;
        let asked = uri.clone();
        let text = self.with_project(move |server| server.read(&asked)).await?;
        let text = text.map_err(|e| ErrorData::resource_not_found(Cow::Owned(e.plain()), None))?;
        Ok(ReadResourceResult::new(vec![ResourceContents::text(text, uri)]).into())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let argument = |name: &str, about: &str| {
            PromptArgument::new(name).with_description(about).with_required(true)
        };
        let name = || argument("name", "Fully qualified name of a statement");
        Ok(ListPromptsResult::with_all_items(vec![
            Prompt::new(
                "change",
                Some("Change a statement, with its context"),
                Some(vec![name(), argument("task", "What is to be changed")]),
            ),
            Prompt::new(
                "explain",
                Some("Explain a statement, with its context"),
                Some(vec![name()]),
            ),
        ]))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let GetPromptRequestParams { name, arguments, .. } = request;
        let arguments = arguments.unwrap_or_default();
        let text = self.with_project(move |server| server.prompt(&name, &arguments)).await?;
        let text = text.map_err(|e| ErrorData::invalid_params(e.plain(), None))?;
        Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_uris_are_decoded_and_nothing_else() {
        assert_eq!(decoded("app.core%2Fgreet").unwrap(), "app.core/greet");
        assert_eq!(decoded("app.core/gr%C3%B6%C3%9Fe").unwrap(), "app.core/größe");
        for wrong in ["", "%", "%2", "%zz", "%ff", "a%€"] {
            assert_eq!(decoded(wrong), None, "{wrong}");
        }
    }
}
