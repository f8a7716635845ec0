//! Another defbase, over HTTP.
//!
//! `docs/http-places.md` has the protocol. This is the client; whoever serves a place speaks it with the same words
//! ([`Version::to_value`], [`Mark::as_str`]).
//!
//! Invariants
//! - A token goes to the server of the URL alone: redirections are not followed.
//! - What was sent again because no answer came is there once: transactions by their ids, versions by their names. A version
//!   without a name gets its name here, from the moment, and is made only if the server has none of that name.
//!
//! Costs: one request each, two for a version without a name; answers come squeezed where the server can.

mod endpoint;
mod requests;

use crate::error::PlaceError;
use crate::form::{Form, Notation};
use crate::moment;
use crate::place::{Mark, Place, Reading, Saved, Version, checked_name};
use async_trait::async_trait;
use db::Db;
use edn::{Inst, Map, Value};
use requests::{Answer, Requests};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use std::fmt;
use std::path::Path;
use std::time::Duration;
use store::Transaction;

pub use endpoint::Endpoint;

/// Where answers say how far the log goes.
pub(crate) const MARK: &str = "defbase-mark";
/// Where answers say whether they have the whole log.
pub(crate) const ALL: &str = "defbase-all";
/// What a version says.
pub(crate) const FORM: &str = "defbase-form";

/// A database that another defbase keeps. See the module.
pub struct HttpPlace {
    requests: Requests,
}

impl HttpPlace {
    /// The place of a URL: `http://127.0.0.1:7700/api/v1`, which may be left out behind the port. The token is what the
    /// server asks for, if it does. No request takes longer than the limit.
    ///
    /// ```
    /// use places::{HttpPlace, Place};
    /// let limit = std::time::Duration::from_secs(30);
    /// let place = HttpPlace::at("http://ada:s3cret@127.0.0.1:7700", Some("t0ken"), limit).unwrap();
    /// assert_eq!(place.name(), "http://127.0.0.1:7700/api/v1");
    /// ```
    pub fn at(url: &str, token: Option<&str>, limit: Duration) -> Result<HttpPlace, PlaceError> {
        let mut requests = Requests::to(url, token, limit)?;
        if requests.url.path() == "/" {
            requests.url.set_path("/api/v1");
        }
        Ok(HttpPlace { requests })
    }

    async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<(&'static str, Vec<u8>)>,
        is_new: bool,
    ) -> Result<Answer, PlaceError> {
        let mut url = self.requests.url.clone();
        // A URL of HTTP can always have a path.
        if let Ok(mut parts) = url.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.requests.request(method, url);
        if is_new {
            request = request.header("if-none-match", "*");
        }
        if let Some((media, bytes)) = body {
            request = request.header("content-type", media).body(bytes);
        }
        self.requests.answer(request).await
    }

    async fn put(
        &self,
        version: &Version,
        saved: &Saved,
        is_new: bool,
    ) -> Result<Option<Version>, PlaceError> {
        let media = media(saved.notation);
        let query = [("form", saved.form.name())];
        let path = ["versions", &version.name];
        let body = Some((media, saved.text.clone()));
        let answer = self.ask(Method::PUT, &path, &query, body, is_new).await?;
        if is_new && answer.status == StatusCode::PRECONDITION_FAILED {
            return Ok(None);
        }
        let told = self.value(answer)?;
        let version = told.as_map().and_then(Version::of_value);
        version.map(Some).ok_or_else(|| self.damaged("what it says of a version"))
    }

    fn value(&self, answer: Answer) -> Result<Value, PlaceError> {
        let body = self.requests.good(answer)?.body;
        let text = std::str::from_utf8(&body).ok();
        text.and_then(|text| edn::read(text).ok()).ok_or_else(|| self.damaged("its answer"))
    }

    fn damaged(&self, what: &str) -> PlaceError {
        PlaceError::Damaged {
            place: self.requests.name(),
            what: what.to_owned(),
            problem: "it does not read as what was expected".to_owned(),
        }
    }
}

#[async_trait]
impl Place for HttpPlace {
    fn name(&self) -> String {
        self.requests.name()
    }

    async fn append(&self, transactions: &[Transaction], _: Option<&Db>) -> Result<(), PlaceError> {
        if transactions.is_empty() {
            return Ok(());
        }
        let mut text = Vec::new();
        transactions.iter().for_each(|t| text.extend_from_slice(t.text().as_bytes()));
        let body = Some((media(Notation::Edn), text));
        let answer = self.ask(Method::POST, &["tx"], &[], body, false).await?;
        self.requests.good(answer).map(|_| ())
    }

    async fn read(&self, after: Option<&Mark>) -> Result<Reading, PlaceError> {
        let query = after.map(|mark| ("after", mark.as_str()));
        let answer = self.ask(Method::GET, &["tx"], query.as_slice(), None, false).await?;
        let Answer { headers, body, .. } = self.requests.good(answer)?;
        let mark = header(&headers, MARK).ok_or_else(|| self.damaged("its mark"))?;
        let is_all = header(&headers, ALL) != Some("false");
        let transactions = store::transactions(&body, Path::new("tx")).map_err(|error| {
            let (place, what) = (self.name(), "log".to_owned());
            PlaceError::Damaged { place, what, problem: error.to_string() }
        })?;
        Ok(Reading { transactions, mark: Mark::kept(mark), is_all })
    }

    async fn save(&self, name: Option<&str>, saved: &Saved) -> Result<Version, PlaceError> {
        let now = moment::now();
        let mut version = Version {
            name: name.map_or(Ok(""), checked_name)?.to_owned(),
            saved_at: now,
            form: saved.form,
            notation: saved.notation,
            bytes: saved.text.len() as u64,
        };
        let mut moments = now.0..;
        loop {
            if let (None, Some(moment)) = (name, moments.next()) {
                version.name = moment.to_string();
            }
            if let Some(version) = self.put(&version, saved, name.is_none()).await? {
                return Ok(version);
            }
        }
    }

    async fn versions(&self) -> Result<Vec<Version>, PlaceError> {
        let answer = self.ask(Method::GET, &["versions"], &[], None, false).await?;
        let told = self.value(answer)?;
        let versions = told.as_vector().and_then(|versions| {
            versions.iter().map(|version| Version::of_value(version.as_map()?)).collect()
        });
        versions.ok_or_else(|| self.damaged("its list of versions"))
    }

    async fn load(&self, name: &str) -> Result<Option<Saved>, PlaceError> {
        let answer = self.ask(Method::GET, &["versions", name], &[], None, false).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let Answer { headers, body, .. } = self.requests.good(answer)?;
        let form = header(&headers, FORM).and_then(Form::named);
        let notation = header(&headers, "content-type").and_then(notation);
        let (form, notation) = form.zip(notation).ok_or_else(|| self.damaged(name))?;
        Ok(Some(Saved { form, notation, text: body }))
    }

    async fn forget(&self, name: &str) -> Result<bool, PlaceError> {
        let answer = self.ask(Method::DELETE, &["versions", name], &[], None, false).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        self.requests.good(answer).map(|_| true)
    }
}

impl fmt::Debug for HttpPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpPlace").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl Version {
    /// It as data, as servers tell it.
    pub fn to_value(&self) -> Value {
        let bytes = i64::try_from(self.bytes).unwrap_or(i64::MAX);
        let entries = [
            ("name", Value::string(self.name.clone())),
            ("saved-at", Value::Inst(self.saved_at)),
            ("form", Value::keyword(self.form.name())),
            ("notation", Value::keyword(self.notation.name())),
            ("bytes", Value::Int(bytes)),
        ];
        Value::Map(entries.into_iter().map(|(name, v)| (Value::keyword(name), v)).collect())
    }

    /// It from data; `None` where that says none.
    pub fn of_value(map: &Map) -> Option<Version> {
        let keyword = |name: &str| map.get_keyword(name)?.as_keyword();
        let saved_at: Inst = match map.get_keyword("saved-at")? {
            Value::Inst(at) => *at,
            _ => return None,
        };
        Some(Version {
            name: map.get_keyword("name")?.as_str()?.to_owned(),
            saved_at,
            form: Form::named(keyword("form")?.as_str())?,
            notation: Notation::named(keyword("notation")?.as_str())?,
            bytes: u64::try_from(map.get_keyword("bytes")?.as_int()?).ok()?,
        })
    }
}

const MEDIA: [(Notation, &str); 3] = [
    (Notation::Edn, "application/edn"),
    (Notation::Json, "application/json"),
    (Notation::Transit, "application/transit+json"),
];

fn media(notation: Notation) -> &'static str {
    MEDIA.iter().find(|(n, _)| *n == notation).map_or("application/octet-stream", |(_, m)| m)
}

fn notation(media: &str) -> Option<Notation> {
    let media = media.split(';').next()?.trim();
    MEDIA.iter().find(|(_, m)| *m == media).map(|(notation, _)| *notation)
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}
