//! Another defbase over HTTP, and endpoints as DataScript's users have them. The servers here speak the protocol of
//! `docs/http-places.md` and keep what they are given in memory.

use crate::suite;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use edn::Value;
use places::{
    Endpoint, Form, HttpPlace, Mark, MemoryPlace, Notation, Place, PlaceError, Saved, Squeeze,
    Version,
};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);
const TOKEN: &str = "t0ken";

/// Serves what a function answers; gives the address.
async fn serve<F, A>(answer: F) -> String
where
    F: Fn(Request) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response> + Send,
{
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

/// A defbase that keeps its database in memory.
async fn defbase() -> String {
    let place = Arc::new(MemoryPlace::default());
    serve(move |request| {
        let place = place.clone();
        async move { answer(&place, request).await }
    })
    .await
}

async fn answer(place: &MemoryPlace, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if header("authorization") != Some(&format!("Bearer {TOKEN}")) {
        return (StatusCode::UNAUTHORIZED, "a token, please").into_response();
    }
    let url = reqwest::Url::parse(&format!("http://x{}", parts.uri)).unwrap();
    let query = |name: &str| {
        let value = url.query_pairs().find(|(n, _)| n == name);
        value.map(|(_, value)| value.into_owned())
    };
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let path: Vec<&str> = url.path_segments().unwrap().collect();
    match (parts.method, &path[..]) {
        (Method::GET, ["api", "v1", "tx"]) => {
            let after = query("after").map(|mark| Mark::kept(&mark));
            let reading = place.read(after.as_ref()).await.unwrap();
            let text: String = reading.transactions.iter().map(|t| t.text()).collect();
            let text = Squeeze::Zstd.pack(text.as_bytes()).unwrap();
            let headers = [
                ("content-encoding", "zstd"),
                ("defbase-mark", reading.mark.as_str()),
                ("defbase-all", if reading.is_all { "true" } else { "false" }),
            ];
            (headers, text).into_response()
        }
        (Method::POST, ["api", "v1", "tx"]) => {
            let transactions = store::transactions(&body, Path::new("tx")).unwrap();
            place.append(&transactions, None).await.unwrap();
            StatusCode::NO_CONTENT.into_response()
        }
        (Method::GET, ["api", "v1", "versions"]) => {
            let versions = place.versions().await.unwrap();
            let told = versions.iter().map(Version::to_value).collect::<Vec<_>>();
            edn::print(&Value::vector(told)).into_response()
        }
        (Method::PUT, ["api", "v1", "versions", name]) => {
            let form = Form::named(&query("form").unwrap()).unwrap();
            let notation = notation(&parts.headers);
            put(place, name, header("if-none-match"), Saved { form, notation, text: body }).await
        }
        (Method::GET, ["api", "v1", "versions", name]) => match place.load(name).await.unwrap() {
            Some(Saved { form, notation, text }) => {
                let media = MEDIA.iter().find(|(n, _)| *n == notation).unwrap().1;
                ([("content-type", media), ("defbase-form", form.name())], text).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
        (Method::DELETE, ["api", "v1", "versions", name]) => {
            match place.forget(name).await.unwrap() {
                true => StatusCode::NO_CONTENT.into_response(),
                false => StatusCode::NOT_FOUND.into_response(),
            }
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

const MEDIA: [(Notation, &str); 3] = [
    (Notation::Edn, "application/edn"),
    (Notation::Json, "application/json"),
    (Notation::Transit, "application/transit+json"),
];

fn notation(headers: &HeaderMap) -> Notation {
    let media = headers.get("content-type").unwrap();
    MEDIA.iter().find(|(_, m)| media == m).unwrap().0
}

/// Memory gives versions without a name one of its own, so here the client's moment is what it is asked for.
async fn put(place: &MemoryPlace, name: &str, condition: Option<&str>, saved: Saved) -> Response {
    let is_moment = name.bytes().all(|b| b.is_ascii_digit());
    if condition == Some("*") && place.load(name).await.unwrap().is_some() {
        return StatusCode::PRECONDITION_FAILED.into_response();
    }
    let version = place.save((!is_moment).then_some(name), &saved).await.unwrap();
    edn::print(&version.to_value()).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_what_every_place_does() {
    let mut urls = Vec::new();
    for _ in 0..9 {
        urls.push(defbase().await);
    }
    let urls = std::cell::RefCell::new(urls);
    suite::all(|| {
        let url = urls.borrow_mut().pop().unwrap();
        Box::new(move || Arc::new(HttpPlace::at(&url, Some(TOKEN), LIMIT).unwrap()))
    })
    .await;
}

#[tokio::test]
async fn what_servers_say_is_told_apart() {
    for (status, passes) in [
        (400, false),
        (401, false),
        (403, false),
        (404, false),
        (302, false),
        (408, true),
        (429, true),
        (500, true),
        (503, true),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        let url = serve(move |_| async move { (status, "so it is").into_response() }).await;
        let place = HttpPlace::at(&url, None, LIMIT).unwrap();
        let error = place.read(None).await.unwrap_err();
        assert_eq!(error.is_passing(), passes, "{error}");
        assert!(error.to_string().contains("so it is"), "{error}");
    }
}

#[tokio::test]
async fn no_answer_and_half_an_answer_pass() {
    let hangs = serve(|_| async { std::future::pending::<Response>().await }).await;
    let breaks = serve(|_| async {
        let body = Body::from_stream(futures_util::stream::iter([
            Ok("half"),
            Err(std::io::Error::other("broken")),
        ]));
        ([("defbase-mark", "m")], body).into_response()
    })
    .await;
    for url in [hangs.as_str(), breaks.as_str(), "http://127.0.0.1:1"] {
        let place = HttpPlace::at(url, None, Duration::from_millis(200)).unwrap();
        let error = place.read(None).await.unwrap_err();
        assert!(matches!(error, PlaceError::Unreachable { .. }), "{error}");
    }
    let nonsense = serve(|_| async { ([("defbase-mark", "m")], "half").into_response() }).await;
    let error = HttpPlace::at(&nonsense, None, LIMIT).unwrap().read(None).await.unwrap_err();
    assert!(matches!(error, PlaceError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn secrets_are_never_said() {
    let place =
        HttpPlace::at("http://ada:s3cret@127.0.0.1:1/x?k=v", Some("s3cret"), LIMIT).unwrap();
    let error = place.read(None).await.unwrap_err();
    assert!(!format!("{error} {error:?} {place:?} {}", place.name()).contains("s3cret"));
    for url in ["ftp://s3cret@h", "s3cret", "http://", "data:s3cret"] {
        let Err(error) = HttpPlace::at(url, None, LIMIT) else { panic!("{url} is taken") };
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
    let error = HttpPlace::at("http://h", Some("s3cret\n"), LIMIT).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
}

#[tokio::test]
async fn endpoints_of_datascripts_users_are_spoken_to() {
    let kept: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
    let url = serve(move |request: Request| {
        let kept = kept.clone();
        async move {
            if request.method() == Method::POST {
                let body = to_bytes(request.into_body(), usize::MAX).await.unwrap();
                *kept.lock().unwrap() = Some(body.to_vec());
                return StatusCode::OK.into_response();
            }
            match kept.lock().unwrap().clone() {
                Some(body) => ([("content-type", "application/json")], body).into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            }
        }
    })
    .await;
    let endpoint = Endpoint::at(&format!("{url}/sync"), None, LIMIT).unwrap();
    assert_eq!(endpoint.fetch().await.unwrap(), None);
    let text = b"{\"datoms\": [[1, \"big\", 12345678901234567890123, 536870913]]}".to_vec();
    let saved = Saved { form: Form::Data, notation: Notation::Json, text };
    endpoint.send(&saved).await.unwrap();
    assert_eq!(endpoint.fetch().await.unwrap(), Some(saved));
    for (notation, text) in [(Notation::Edn, "{}"), (Notation::Json, "{"), (Notation::Json, "{}}")]
    {
        let saved = Saved { form: Form::Data, notation, text: text.into() };
        assert!(matches!(endpoint.send(&saved).await, Err(PlaceError::Refused { .. })));
    }
    let other = serve(|_| async { "{\"data\": 1}".into_response() }).await;
    let error = Endpoint::at(&other, None, LIMIT).unwrap().fetch().await.unwrap_err();
    assert!(matches!(error, PlaceError::Damaged { .. }), "{error}");
}
