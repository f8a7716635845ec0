//! Requests to one server, each within its time, and what its answers mean.

use crate::error::PlaceError;
use crate::squeeze::Squeeze;
use crate::tls;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use std::time::Duration;

/// How much of what a server says against a request is told.
const MOST_TOLD: usize = 200;

/// A server.
pub(crate) struct Requests {
    client: Client,
    pub(crate) url: Url,
    user: Option<User>,
}

/// Whom a URL names.
struct User {
    name: String,
    password: Option<String>,
}

/// What a server answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Unpacked.
    pub(crate) body: Vec<u8>,
}

impl Requests {
    pub(crate) fn to(
        url: &str,
        token: Option<&str>,
        limit: Duration,
    ) -> Result<Requests, PlaceError> {
        // Errors do not repeat the URL: it may have a password.
        let refused = |problem: &str| PlaceError::Refused {
            place: "http".to_owned(),
            problem: problem.to_owned(),
        };
        let mut url =
            Url::parse(url).map_err(|e| refused(&format!("its URL cannot be read: {e}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(refused("its URL does not begin with `http://` or `https://` and a host"));
        }
        let mut headers = HeaderMap::new();
        headers.insert("accept-encoding", HeaderValue::from_static("zstd, gzip"));
        if let Some(token) = token {
            let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| refused("its token has characters that no token has"))?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let user = (!url.username().is_empty()).then(|| User {
            name: url.username().to_owned(),
            password: url.password().map(str::to_owned),
        });
        // A URL of HTTP has a host, so it can be without a user.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        tls::choose();
        let client = Client::builder()
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(limit)
            .connect_timeout(limit.min(Duration::from_secs(10)))
            .user_agent(concat!("defbase/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| refused(&e.to_string()))?;
        Ok(Requests { client, url, user })
    }

    pub(crate) fn name(&self) -> String {
        self.url.to_string()
    }

    pub(crate) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.client.request(method, url);
        match &self.user {
            Some(user) => request.basic_auth(&user.name, user.password.as_ref()),
            None => request,
        }
    }

    pub(crate) async fn answer(&self, request: RequestBuilder) -> Result<Answer, PlaceError> {
        let got = async {
            let answer = request.send().await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok((status, headers, answer.bytes().await?.to_vec()))
        };
        let (status, headers, body) = got.await.map_err(|e: reqwest::Error| self.failed(e))?;
        let squeeze = match headers.get("content-encoding").map(HeaderValue::as_bytes) {
            Some(b"zstd") => Squeeze::Zstd,
            Some(b"gzip") => Squeeze::Gzip,
            _ => Squeeze::None,
        };
        let body = squeeze.unpack(&body, &self.name(), "its answer")?;
        Ok(Answer { status, headers, body })
    }

    /// An answer that says that it was done.
    pub(crate) fn good(&self, answer: Answer) -> Result<Answer, PlaceError> {
        let Answer { status, body, .. } = &answer;
        if status.is_success() {
            return Ok(answer);
        }
        let told = String::from_utf8_lossy(body);
        let told: String = told.trim().chars().take(MOST_TOLD).collect();
        let problem =
            if told.is_empty() { status.to_string() } else { format!("{status}: {told}") };
        let place = self.name();
        let passes = status.is_server_error()
            || matches!(
                *status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
            );
        match passes {
            true => Err(PlaceError::Unreachable { place, problem }),
            false => Err(PlaceError::Refused { place, problem }),
        }
    }

    fn failed(&self, error: reqwest::Error) -> PlaceError {
        let error = error.without_url();
        let mut problem = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            problem = format!("{problem}: {error}");
            cause = error.source();
        }
        match error.is_builder() {
            true => PlaceError::Refused { place: self.name(), problem },
            false => PlaceError::Unreachable { place: self.name(), problem },
        }
    }
}
