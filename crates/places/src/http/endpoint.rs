//! Endpoints that DataScript's users have: one URL that takes and gives `{"db-data": …}`.

use crate::error::PlaceError;
use crate::form::{Form, Notation};
use crate::http::requests::Requests;
use crate::place::Saved;
use reqwest::{Method, StatusCode};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

const DB_DATA: &str = "db-data";

/// A URL that keeps one database: `POST` replaces it, `GET` gives it, as JSON under `db-data`.
pub struct Endpoint {
    requests: Requests,
}

impl Endpoint {
    /// The endpoint of a URL, with the token that its server asks for, if it does.
    pub fn at(url: &str, token: Option<&str>, limit: Duration) -> Result<Endpoint, PlaceError> {
        Ok(Endpoint { requests: Requests::to(url, token, limit)? })
    }

    /// Sends a database, which must be data in JSON.
    pub async fn send(&self, saved: &Saved) -> Result<(), PlaceError> {
        let text = std::str::from_utf8(&saved.text).ok();
        let data: Option<&RawValue> = text.and_then(|text| serde_json::from_str(text).ok());
        let (Notation::Json, Some(data)) = (saved.notation, data) else {
            return Err(PlaceError::Refused {
                place: self.requests.name(),
                problem: "only JSON can be sent to it".to_owned(),
            });
        };
        let body = format!("{{\"{DB_DATA}\":{data}}}");
        let request = self.requests.request(Method::POST, self.requests.url.clone());
        let request = request.header("content-type", "application/json").body(body);
        self.requests.good(self.requests.answer(request).await?).map(|_| ())
    }

    /// The database that it has, as data in JSON; `None` where it has none.
    pub async fn fetch(&self) -> Result<Option<Saved>, PlaceError> {
        let request = self.requests.request(Method::GET, self.requests.url.clone());
        let answer = self.requests.answer(request.header("accept", "application/json")).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let body = self.requests.good(answer)?.body;
        let damaged = |problem: String| PlaceError::Damaged {
            place: self.requests.name(),
            what: "its answer".to_owned(),
            problem,
        };
        let members: HashMap<String, Box<RawValue>> =
            serde_json::from_slice(&body).map_err(|e| damaged(e.to_string()))?;
        let data = members.get(DB_DATA).ok_or_else(|| damaged(format!("it has no `{DB_DATA}`")))?;
        let text = data.get().as_bytes().to_vec();
        Ok(Some(Saved { form: Form::Data, notation: Notation::Json, text }))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("name", &self.requests.name()).finish_non_exhaustive()
    }
}
