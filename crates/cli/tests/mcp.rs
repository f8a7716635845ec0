//! What assistants see: the server asked by the official client as a child process, and over HTTP by hand.

#![allow(clippy::unwrap_used)]

mod support;

use rmcp::model::{
    CallToolRequestParams, CallToolResult, GetPromptRequestParams, ReadResourceRequestParams,
};
use rmcp::service::RunningService;
use rmcp::transport::TokioChildProcess;
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use support::{imported, output};

type Client = RunningService<RoleClient, ()>;

async fn client(folder: &Path) -> Client {
    client_with(folder, &[]).await
}

async fn client_with(folder: &Path, arguments: &[&str]) -> Client {
    let mut command = tokio::process::Command::from(support::defbase(folder));
    command.arg("mcp").args(arguments);
    ().serve(TokioChildProcess::new(command).unwrap()).await.unwrap()
}

async fn call(client: &Client, tool: &'static str, arguments: Value) -> CallToolResult {
    let Value::Object(arguments) = arguments else { panic!("{arguments}") };
    client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.unwrap()
}

fn text(result: &CallToolResult) -> String {
    result.content.iter().map(|part| part.as_text().unwrap().text.as_str()).collect()
}

/// The answer of a call that succeeds.
async fn answer(client: &Client, tool: &'static str, arguments: Value) -> String {
    let result = call(client, tool, arguments).await;
    assert_ne!(result.is_error, Some(true), "{}", text(&result));
    text(&result)
}

/// What a call is told that does not.
async fn refusal(client: &Client, tool: &'static str, arguments: Value) -> String {
    let result = call(client, tool, arguments).await;
    assert_eq!(result.is_error, Some(true), "{}", text(&result));
    text(&result)
}

#[tokio::test]
async fn an_assistant_looks_around() {
    let folder = imported();
    let client = client(folder.path()).await;
    let context =
        answer(&client, "context", json!({"names": ["teahouse.pricing/price"], "budget": 500}))
            .await;
    assert!(context.contains(";; asked for\n(defn price"), "{context}");
    let context = answer(&client, "context", json!({"question": "discounts"})).await;
    assert!(context.contains("(defmulti discount"), "{context}");
    let found = answer(&client, "search", json!({"text": "rounded down"})).await;
    assert!(found.starts_with("teahouse.money/percent  src/teahouse/money.cljc:"), "{found}");
    let found = answer(&client, "search", json!({"text": "customer rounded"})).await;
    assert!(found.starts_with("teahouse.money/percent  "), "by its words: {found}");
    let names = json!({"names": ["pricing/price", "no/such", "teahouse.money"]});
    let shown = answer(&client, "show", names).await;
    for part in [
        ";; teahouse.pricing/price defn src/teahouse/pricing.cljc:",
        ";; uses teahouse.catalog/bundle? ",
        ";; used by teahouse.main/show-price-list ",
        "(defn price",
        ";; no statement is called `no/such`",
        "(ns teahouse.money",
        "\n(defn percent [amount n]) ; So many per cent",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    let deps = answer(&client, "deps", json!({"name": "teahouse.pricing/price"})).await;
    assert!(deps.contains("\n  teahouse.catalog/bundle?  src/teahouse/catalog.cljc:"), "{deps}");
    let users =
        answer(&client, "dependents", json!({"name": "teahouse.money/percent", "depth": 3})).await;
    assert!(users.contains("\n    teahouse.pricing/line-total"), "{users}");
    let impact = answer(&client, "impact", json!({"names": ["teahouse.pricing/price"]})).await;
    assert!(impact.contains("tests\n  teahouse."), "{impact}");
    let stats = answer(&client, "stats", json!({"namespace": "teahouse.p"})).await;
    assert_eq!(stats.lines().count(), 4, "{stats}");
    let query = json!({
        "query": "[:find ?d . :in $ ?f :where [?s :statement/fqn ?f] [?s :statement/doc ?d]]",
        "inputs": ["\"teahouse.money/times\""],
    });
    assert_eq!(answer(&client, "query", query).await, "\"An amount, `n` times.\"");
    let query = json!({"query": "[:find ?f :where [?s :statement/fqn ?f]]", "limit": 2});
    let rows = answer(&client, "query", query).await;
    assert!(rows.lines().count() == 3 && rows.contains("… 2 of "), "{rows}");
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn answers_follow_the_log() {
    let folder = imported();
    let client = client(folder.path()).await;
    let name = json!({"name": "teahouse.receipt/width"});
    assert_eq!(answer(&client, "history", name.clone()).await.lines().count(), 2);
    let path = folder.path().join("src/teahouse/receipt.cljc");
    let source = fs::read_to_string(&path).unwrap();
    fs::write(&path, source.replace("  40)", "  48)")).unwrap();
    output(folder.path(), &["import"]);
    let shown = json!({"names": ["teahouse.receipt/width"]});
    assert!(answer(&client, "show", shown).await.contains("  48)"));
    let history = answer(&client, "history", name).await;
    assert!(history.lines().next().unwrap().ends_with("ada source changed"), "{history}");
    let then = history.lines().nth(1).unwrap().split(' ').next().unwrap();
    let shown = json!({"names": ["teahouse.receipt/width"], "as_of": then});
    assert!(answer(&client, "show", shown).await.contains("  40)"));
    let log = answer(&client, "history", json!({})).await;
    assert!(log.contains("1 changed: teahouse.receipt/width"), "{log}");
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn mistakes_are_explained_and_end_nothing() {
    let folder = imported();
    fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    let client = client(folder.path()).await;
    let long = "x".repeat(1 << 20);
    let deep = "[".repeat(100_000);
    for (tool, arguments, told) in [
        (
            "show",
            json!({"names": ["teahouse.pricing/prise"]}),
            "did you mean `teahouse.pricing/price`",
        ),
        ("show", json!({"names": []}), "no names"),
        ("show", json!({"name": "a"}), "unknown field `name`, expected `names` or `as_of`"),
        ("show", json!({"names": ["../../secret.txt"]}), "no statement"),
        ("show", json!({"names": [long.clone()]}), "no statement"),
        ("show", json!({"names": ["a\u{0}b"], "as_of": "yesterday"}), "no moment"),
        ("context", json!({}), "either names or a question"),
        ("context", json!({"question": "?!"}), "no word"),
        ("context", json!({"names": ["teahouse.pricing/price"], "budget": 3}), "larger budget"),
        ("context", json!({"names": ["teahouse.pricing/price"], "budget": -3}), "invalid value"),
        ("search", json!({"text": "(a", "regex": true}), "bad regular expression"),
        ("search", json!({"text": ""}), "empty"),
        ("search", json!({"text": "zzzzzz"}), "nothing has the text"),
        (
            "query",
            json!({"query": "[:find ?f :where [?s :statement/fqn ?f]"}),
            "does not read as EDN",
        ),
        ("query", json!({"query": deep}), "does not read as EDN"),
        ("query", json!({"query": "[:find ?x :where [(slurp \"secret.txt\") ?x]]"}), "slurp"),
        (
            "query",
            json!({"query": "[:find (count ?a) . :with ?b ?c ?d :where [?a] [?b] [?c] [?d]]"}),
            "came to more than",
        ),
        ("deps", json!({"name": "total"}), "can mean 2 statements"),
        ("impact", json!({"names": ["zzzzzz"]}), "no statement"),
        ("history", json!({"name": "zzzzzz"}), "no statement"),
        ("import", json!({}), "there is no tool `import`"),
    ] {
        let refused = refusal(&client, tool, arguments).await;
        assert!(refused.contains(told), "{tool}: {told} is not in\n{refused:.300}");
    }
    let query = json!({"query": "[:find ?f :where [?s :statement/fnq ?f]]"});
    let none = answer(&client, "query", query).await;
    assert!(none.contains("did you mean `:statement/fqn`?"), "{none}");
    for uri in ["file:///etc/passwd", "defbase://statement/..%2F..%2Fsecret.txt", "defbase://"] {
        assert!(client.read_resource(ReadResourceRequestParams::new(uri)).await.is_err(), "{uri}");
    }
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn tools_are_few_and_say_what_they_do_in_few_words() {
    let folder = imported();
    let client = client(folder.path()).await;
    let tools = client.list_all_tools().await.unwrap();
    assert!(tools.len() <= 12, "{}", tools.len());
    for tool in &tools {
        let annotations = tool.annotations.as_ref().unwrap();
        assert_eq!(annotations.read_only_hint, Some(true), "{}", tool.name);
        assert_eq!(annotations.open_world_hint, Some(false), "{}", tool.name);
    }
    let tokens = code::context::count_tokens(&serde_json::to_string(&tools).unwrap());
    println!("{} tools: {tokens} tokens", tools.len());
    assert!(tokens < 2000, "{tokens} tokens of schemas are paid in every conversation");
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn edits_are_made_where_they_are_allowed() {
    let folder = imported();
    let read = |path: &str| fs::read_to_string(folder.path().join(path)).unwrap();
    let money = "src/teahouse/money.cljc";
    let before = read(money);
    let looking = client(folder.path()).await;
    let new = "(defn times \"So often.\" [amount n]\n  (* amount n))";
    let replaced = json!({"name": "teahouse.money/times", "source": new});
    let refused = refusal(&looking, "replace", replaced.clone()).await;
    assert!(refused.contains("there is no tool `replace`"), "{refused}");

    let client = client_with(folder.path(), &["--allow-edits"]).await;
    let tools = client.list_all_tools().await.unwrap();
    let hints = |name: &str| {
        let tool = tools.iter().find(|tool| tool.name == name).unwrap();
        let hints = tool.annotations.as_ref().unwrap();
        (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint)
    };
    assert_eq!(hints("replace"), (Some(false), Some(true), Some(false)));
    assert_eq!(hints("rename"), (Some(false), Some(true), Some(false)));
    assert_eq!(hints("show").0, Some(true));

    let mut dry = replaced.clone();
    dry["dry_run"] = true.into();
    let told = answer(&client, "replace", dry).await;
    assert!(told.contains("+(defn times \"So often.\"") && told.contains("a dry run"), "{told}");
    assert_eq!(read(money), before);
    for (source, why) in [
        ("(defn times [a n]", "does not read"),
        ("; nothing", "no form"),
        ("(defn often [a n] (* a n))", "no longer defines times"),
    ] {
        let arguments = json!({"name": "teahouse.money/times", "source": source});
        let refused = refusal(&client, "replace", arguments).await;
        assert!(refused.contains(why) && read(money) == before, "{refused}");
    }
    let told = answer(&client, "replace", replaced).await;
    assert!(told.ends_with("done\n"), "{told}");
    assert!(read(money).contains(new), "{}", read(money));
    // What was written is what the database has.
    assert!(output(folder.path(), &["import"]).starts_with("nothing changed in "));
    let unknown = json!({"name": "teahouse.money/times", "source": "(defn times [a n] (mul a n))", "dry_run": true});
    let told = answer(&client, "replace", unknown).await;
    assert!(told.contains("these names mean nothing there: mul"), "{told}");

    let told =
        answer(&client, "rename", json!({"old": "teahouse.money/times", "new": "multiplied"}))
            .await;
    assert!(told.contains("+++ ") && told.contains("money/multiplied"), "{told}");
    assert!(read("src/teahouse/pricing.cljc").contains("(money/multiplied "));
    let refused =
        refusal(&client, "rename", json!({"old": "teahouse.money/multiplied", "new": "add"})).await;
    assert!(refused.contains("refused, nothing was changed"), "{refused}");
    // The client that only looks sees it.
    let shown = answer(&looking, "show", json!({"names": ["teahouse.money/multiplied"]})).await;
    assert!(shown.contains("\"So often.\""), "{shown}");
    let moved = json!({"names": ["teahouse.order/max-quantity"], "to": "teahouse.limits"});
    let refused = refusal(&client, "move", moved).await;
    assert!(refused.contains("max-quantity is private and used here"), "{refused}");
    let moved = json!({"names": ["teahouse.receipt/width"], "to": "teahouse.printer"});
    let told = answer(&client, "move", moved).await;
    assert!(told.contains("(ns teahouse.printer") && told.ends_with("done\n"), "{told}");
    assert!(read("src/teahouse/printer.cljc").contains("(def width"));
    assert!(read("src/teahouse/receipt.cljc").contains("[teahouse.printer :as printer]"));
    fs::write(folder.path().join(money), before).unwrap();
    let refused =
        refusal(&client, "rename", json!({"old": "teahouse.money/multiplied", "new": "times"}))
            .await;
    assert!(refused.contains("not as the database has them"), "{refused}");
    client.cancel().await.unwrap();
    looking.cancel().await.unwrap();
}

#[tokio::test]
async fn resources_and_prompts() {
    let folder = imported();
    let client = client(folder.path()).await;
    let read = async |uri: &str| {
        let read = client.read_resource(ReadResourceRequestParams::new(uri)).await.unwrap();
        serde_json::to_value(read.contents).unwrap()[0]["text"].as_str().unwrap().to_owned()
    };
    assert!(read("defbase://schema").await.contains(":statement/fqn Fully qualified name"));
    let statement = read("defbase://statement/teahouse.pricing%2Fprice").await;
    assert!(statement.contains("(defn price"), "{statement}");
    assert_eq!(client.list_all_prompts().await.unwrap().len(), 2);
    let Value::Object(arguments) = json!({"name": "teahouse.pricing/price", "task": "Do it."})
    else {
        panic!()
    };
    let prompt = GetPromptRequestParams::new("change").with_arguments(arguments);
    let prompt = serde_json::to_string(&client.get_prompt(prompt).await.unwrap()).unwrap();
    assert!(prompt.contains("Do it.") && prompt.contains("(defn price"), "{prompt}");
    client.cancel().await.unwrap();
}

/// A server over HTTP, and its address.
struct Served(Child, String);

impl Served {
    fn start(folder: &Path, arguments: &[&str]) -> Served {
        let mut command = support::defbase(folder);
        command.args(["mcp", "--http", "--port", "0"]).args(arguments);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap();
        Served(child, address.to_owned())
    }

    /// Posts a client's first message; returns the status and all that comes.
    fn post(&self, host: &str, headers: &str) -> (u16, String) {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "by hand", "version": "1"}}})
        .to_string();
        let mut stream = TcpStream::connect(&self.1).unwrap();
        write!(
            stream,
            "POST /mcp HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nAccept: application/json, \
             text/event-stream\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        (status, answer)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn over_http_only_who_may_is_answered() {
    let folder = imported();
    let open = Served::start(folder.path(), &[]);
    let (status, answer) = open.post(&open.1, "");
    assert!(status == 200 && answer.contains("\"name\":\"defbase\""), "{answer}");
    assert_eq!(open.post("localhost", "Origin: http://localhost:3000\r\n").0, 200);
    assert_eq!(open.post("evil.example", "").0, 403, "a name that leads here is none of ours");
    assert_eq!(open.post(&open.1, "Origin: https://evil.example\r\n").0, 403);
    assert_eq!(open.post(&open.1, "Origin: null\r\n").0, 403);

    let guarded = Served::start(folder.path(), &["--token", "sesame", "--allow", "code.example"]);
    let (status, answer) = guarded.post(&guarded.1, "");
    assert!(
        status == 401 && answer.to_lowercase().contains("www-authenticate: bearer"),
        "{answer}"
    );
    assert_eq!(guarded.post(&guarded.1, "Authorization: Bearer sesam\r\n").0, 401);
    assert_eq!(guarded.post(&guarded.1, "Authorization: Bearer sesame\r\n").0, 200);
    assert_eq!(guarded.post("code.example", "Authorization: Bearer sesame\r\n").0, 200);

    let told = support::run(folder.path(), &["mcp", "--http", "--host", "0.0.0.0"]);
    assert_eq!(told.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&told.stderr).contains("set a token"));
}
