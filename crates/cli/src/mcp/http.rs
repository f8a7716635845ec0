//! Over HTTP: `POST /mcp`, as the protocol's streamable transport has it.
//!
//! A web page that somebody looks at can send requests to programs on the same machine. So `Host` must name this machine
//! and `Origin`, where there is one, too, or be allowed; with a token every request must bring it. Another address than a
//! loopback one needs a token.

use super::server::Server;
use crate::args::Mcp;
use crate::output::note;
use crate::problem::{Outcome, Problem};
use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Larger requests are refused.
const REQUEST_BYTES: usize = 4 << 20;

/// Serves until the program is told to stop.
pub(super) async fn serve(server: Server, options: &Mcp) -> Outcome<()> {
    let token = options.token.clone().filter(|token| !token.trim().is_empty());
    if !options.host.is_loopback() && token.is_none() {
        return Err(Problem::new(format!("{} can be reached from other machines", options.host))
            .help("set a token: --token, or the environment variable DEFBASE_TOKEN"));
    }
    let address = SocketAddr::new(options.host, options.port);
    let listening = TcpListener::bind(address).await.and_then(|l| Ok((l.local_addr()?, l)));
    let (address, listener) = listening.map_err(|e| {
        Problem::new(format!("cannot listen at {address}"))
            .because(&e)
            .help("--port takes another port, --port 0 any free one")
    })?;
    let service = StreamableHttpService::new(
        move || Ok(server.clone()),
        Arc::new(LocalSessionManager::default()),
        configuration(&options.allow),
    );
    let token = token.map(Arc::new);
    let app = Router::new().route_service("/mcp", service).layer(middleware::from_fn(
        move |request: Request, next: Next| authorized(token.clone(), request, next),
    ));
    note(&format!("serving at http://{address}/mcp; Ctrl-C stops"));
    let stop = async {
        // Without a signal to wait for, the server runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        served = axum::serve(listener, app).into_future() => {
            served.map_err(|e| Problem::new("the server has failed").because(&e))
        }
        () = stop => Ok(()),
    }
}

/// Which hosts and origins requests may name.
fn configuration(allow: &[String]) -> StreamableHttpServerConfig {
    let names = allow.iter().map(|allowed| match allowed.split_once("://") {
        Some((_, name)) => name.to_owned(),
        None => allowed.clone(),
    });
    let hosts: Vec<String> = LOOPBACK
        .iter()
        .map(|name| (*name).to_owned())
        .chain(["::1".to_owned()])
        .chain(names)
        .collect();
    let local = LOOPBACK.iter().map(|name| format!("http://{name}:*"));
    let origins: Vec<String> =
        local.chain(allow.iter().filter(|a| a.contains("://")).cloned()).collect();
    StreamableHttpServerConfig::default()
        .with_allowed_hosts(hosts)
        .with_allowed_origins(origins)
        .enforce_origin_validation()
        .with_max_request_body_bytes(REQUEST_BYTES)
}

/// Lets a request through that brings the token.
async fn authorized(token: Option<Arc<String>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    match token {
        Some(token) if !given.is_some_and(|given| same(given.trim(), &token)) => {
            let asks = [(header::WWW_AUTHENTICATE, "Bearer")];
            (StatusCode::UNAUTHORIZED, asks, "a bearer token is needed").into_response()
        }
        _ => next.run(request).await,
    }
}

/// Compares in a time that does not tell where the difference is.
fn same(a: &str, b: &str) -> bool {
    let differences = a.bytes().zip(b.bytes()).fold(0, |all, (x, y)| all | (x ^ y));
    a.len() == b.len() && differences == 0
}
