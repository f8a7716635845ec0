//! PostgreSQL.

use crate::{fresh, suite};
use edn::{Map, Value};
use places::{Form, Notation, Place, PlaceError, PostgresPlace, Saved};
use servers::{POSTGRES, address};
use std::sync::Arc;
use std::time::Duration;
use store::{Connection, TxInfo};
use tokio_postgres::{Client, NoTls};

/// Opens the same fresh place each time it is called.
fn open(url: &str) -> impl Fn() -> PostgresPlace + use<> {
    let url = format!("{url}&currentSchema={}", fresh("test"));
    move || PostgresPlace::at(&url, None, LIMIT).unwrap()
}

const LIMIT: Duration = Duration::from_secs(30);

/// What another program sees.
async fn sql(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_what_every_place_does() {
    let Some(url) = address(POSTGRES) else { return };
    suite::all(|| {
        let open = open(&url);
        Box::new(move || Arc::new(open()))
    })
    .await;
}

#[tokio::test]
async fn statements_of_datascripts_users_work_on_its_table() {
    let Some(url) = address(POSTGRES) else { return };
    let table = fresh("Snapshots");
    let place = PostgresPlace::at(&url, Some(&table), LIMIT).unwrap();
    assert!(place.versions().await.unwrap().is_empty());
    let sql = sql(&url).await;
    let insert = format!("INSERT INTO {table} (data, created_at) VALUES ($1, NOW())");
    let select = format!("SELECT data FROM {table} ORDER BY created_at DESC LIMIT 1");
    sql.execute(&insert, &[&"{\"datoms\":[]}"]).await.unwrap();

    let versions = place.versions().await.unwrap();
    assert_eq!(versions.len(), 1);
    assert!(versions[0].is_moment());
    let theirs = place.load(&versions[0].name).await.unwrap().unwrap();
    assert_eq!((theirs.form, theirs.notation), (Form::Data, Notation::Json));
    assert_eq!(theirs.text, b"{\"datoms\":[]}");

    let text = b"{\"datoms\":[[1,\"name\",\"Ada\",536870913]]}".to_vec();
    let ours = Saved { form: Form::Data, notation: Notation::Json, text };
    place.save(None, &ours).await.unwrap();
    let data: String = sql.query_one(&select, &[]).await.unwrap().get(0);
    assert_eq!(data.as_bytes(), ours.text);
    assert!(place.forget(&versions[0].name).await.unwrap());
    assert_eq!(place.versions().await.unwrap().len(), 1);
}

#[tokio::test]
async fn texts_that_postgres_cannot_have_come_back() {
    let Some(url) = address(POSTGRES) else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.edn");
    let connection = Connection::create(&log, &Map::new(), &TxInfo::default()).unwrap();
    let fact = Map::from_iter([(Value::keyword("source"), Value::string("a\u{0}b"))]);
    connection.transact(&Value::vector(vec![Value::Map(fact)]), &TxInfo::default()).unwrap();
    let all = store::transactions(&std::fs::read(&log).unwrap(), &log).unwrap();

    let place = open(&url)();
    place.append(&all, None).await.unwrap();
    let read = place.read(None).await.unwrap().transactions;
    let texts =
        |all: &[store::Transaction]| all.iter().map(|t| t.text().to_owned()).collect::<Vec<_>>();
    assert_eq!(texts(&read), texts(&all));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_hears_of_what_others_add() {
    let Some(url) = address(POSTGRES) else { return };
    let all = suite::some(3);
    let open = open(&url);
    let (reader, writer) = (open(), open());
    let start = reader.read(None).await.unwrap().mark;
    // With nothing new it ends when it is to.
    reader.wait(&start, Duration::from_millis(20)).await.unwrap();
    let mut mark = start;
    for transaction in &all {
        let one = std::slice::from_ref(transaction);
        let long = Duration::from_secs(3600);
        let (heard, told) = tokio::join!(reader.wait(&mark, long), writer.append(one, None));
        heard.unwrap();
        told.unwrap();
        let reading = reader.read(Some(&mark)).await.unwrap();
        assert_eq!(reading.transactions.len(), 1);
        mark = reading.mark;
    }
    // What was there before is no news to wait for.
    reader.wait(&mark, Duration::from_millis(20)).await.unwrap();
}

const SCHEMA: &str = "{:statement/fqn {:db/unique :db.unique/identity} :dependency/from {:db/valueType :db.type/ref} \
    :dependency/to {:db/valueType :db.type/ref} :namespace/name {:db/unique :db.unique/identity}}";

#[tokio::test]
async fn the_code_is_in_tables_that_keep_up() {
    let Some(url) = address(POSTGRES) else { return };
    let url = format!("{url}&currentSchema={}", fresh("code"));
    let place = PostgresPlace::at(&url, None, LIMIT).unwrap();
    assert!(place.versions().await.unwrap().is_empty());
    let schema = url.split('=').next_back().unwrap();
    let sql = sql(url.split("&current").next().unwrap()).await;
    sql.batch_execute(&format!("SET search_path = {schema}")).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.edn");
    let Value::Map(schema) = edn::read(SCHEMA).unwrap() else { panic!("no map") };
    let connection = Connection::create(&log, &schema, &TxInfo::default()).unwrap();
    for (tx, statements, edges, found) in [
        (
            r#"[{:statement/fqn "app/join" :statement/doc "joins" :statement/source "(str/join s\u0000)"}
             {:statement/fqn "app/all" :statement/source "(join all)" :statement/pure? true}
             {:dependency/from [:statement/fqn "app/all"] :dependency/to [:statement/fqn "app/join"]}]"#,
            "app/all,app/join",
            1,
            "app/all,app/join",
        ),
        (
            r#"[{:db/id [:statement/fqn "app/join"] :statement/source "(concat s)"} {:namespace/name "app"}]"#,
            "app/all,app/join",
            1,
            "app/all,app/join",
        ),
        (
            r#"[{:db/id [:statement/fqn "app/join"] :statement/fqn "app/concat"}]"#,
            "app/all,app/concat",
            1,
            "app/all",
        ),
        (r#"[[:db/retractEntity [:statement/fqn "app/concat"]]]"#, "app/all", 0, "app/all"),
    ] {
        connection.transact(&edn::read(tx).unwrap(), &TxInfo::default()).unwrap();
        let all = store::transactions(&std::fs::read(&log).unwrap(), &log).unwrap();
        place.append(&all, Some(&connection.db())).await.unwrap();
        let text = async |query: &str| -> String {
            let row = sql.query_one(query, &[]).await.unwrap();
            row.get::<_, Option<String>>(0).unwrap_or_default()
        };
        assert_eq!(
            text("SELECT string_agg(fqn, ',' ORDER BY fqn) FROM statements").await,
            statements
        );
        let joined = "SELECT count(*)::TEXT FROM dependencies d JOIN statements f ON f.id = d.from_statement_id \
            JOIN statements t ON t.id = d.to_statement_id";
        assert_eq!(text(joined).await, edges.to_string());
        let searched = "SELECT string_agg(fqn, ',' ORDER BY fqn) FROM statements \
            WHERE words @@ plainto_tsquery('simple', 'join')";
        assert_eq!(text(searched).await, found);
    }
    // What others added and this one lacks: the tables stay as they are.
    let other = suite::some(2);
    place.append(&other, None).await.unwrap();
    connection
        .transact(&edn::read("[{:namespace/name \"later\"}]").unwrap(), &TxInfo::default())
        .unwrap();
    let all = store::transactions(&std::fs::read(&log).unwrap(), &log).unwrap();
    place.append(&all, Some(&connection.db())).await.unwrap();
    let names: i64 = sql.query_one("SELECT count(*) FROM namespaces", &[]).await.unwrap().get(0);
    assert_eq!(names, 1);
    assert_eq!(place.read(None).await.unwrap().transactions.len(), all.len() + other.len());
}

#[tokio::test]
async fn tables_of_others_are_left_alone() {
    let Some(url) = address(POSTGRES) else { return };
    let schema = fresh("theirs");
    let theirs = format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.statements (fqn TEXT)");
    sql(&url).await.batch_execute(&theirs).await.unwrap();
    let url = format!("{url}&currentSchema={schema}");
    let place = PostgresPlace::at(&url, None, LIMIT).unwrap();
    let refused = place.append(&suite::some(1), None).await.unwrap_err();
    assert!(refused.to_string().contains("`statements`"), "{refused}");
}

#[tokio::test]
async fn names_of_tables_are_identifiers() {
    for name in ["", "1x", "a b", "a\"b", "x; DROP TABLE y", "é", &"x".repeat(64)] {
        let refused = PostgresPlace::at("postgresql://h/x", Some(name), LIMIT);
        assert!(matches!(refused, Err(PlaceError::Refused { .. })), "{name:?}");
        let schema =
            PostgresPlace::at(&format!("postgresql://h/x?currentSchema={name}"), None, LIMIT);
        assert!(matches!(schema, Err(PlaceError::Refused { .. })), "{name:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_says_so_without_its_password() {
    let url = "postgresql://ada:s3cret@127.0.0.1:1/x";
    let place = PostgresPlace::at(url, None, LIMIT).unwrap();
    let error = place.read(None).await.unwrap_err();
    assert!(error.is_passing());
    assert!(!format!("{error} {error:?} {place:?} {}", place.name()).contains("s3cret"));
}
