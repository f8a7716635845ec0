//! Files that are not what they should be: what is said, and that nothing is made up.

use super::{assert_shows, code_log, log_of, many, place, said};
use places::{Place, PlaceError, SqlitePlace, Squeeze};
use rusqlite::Connection as Sql;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::{Connection, Transaction};

/// A log of some transactions, and a file that shows it and has nothing beside it.
async fn kept(folder: &Path) -> (Connection, PathBuf, Vec<Transaction>) {
    let (log, path) = (folder.join("log"), folder.join("code-db.sqlite"));
    let connection = code_log(&log);
    many(&connection, 2);
    let all = log_of(&log);
    place(&path).append(&all, Some(&connection.db())).await.unwrap();
    Sql::open(&path).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    (connection, path, all)
}

#[tokio::test]
async fn what_is_no_database_is_refused_and_left() {
    let folder = tempfile::tempdir().unwrap();
    let (_, _, all) = kept(folder.path()).await;
    let path = folder.path().join("notes.txt");
    let notes = "These are notes, and no database at all.\n".repeat(40);
    std::fs::write(&path, &notes).unwrap();
    for error in [
        place(&path).append(&all, None).await.unwrap_err(),
        place(&path).read(None).await.unwrap_err(),
        place(&path).versions().await.unwrap_err(),
    ] {
        assert!(matches!(error, PlaceError::Damaged { .. }), "{error:?}");
        assert!(
            error.to_string().contains("it is no SQLite database; name another path"),
            "{error}"
        );
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
    let error = place(folder.path()).append(&all, None).await.unwrap_err();
    assert!(matches!(error, PlaceError::Refused { .. }), "a folder: {error:?}");
}

#[tokio::test]
async fn a_file_cut_at_any_page_is_told_or_has_everything() {
    let folder = tempfile::tempdir().unwrap();
    let (connection, path, all) = kept(folder.path()).await;
    let whole = std::fs::read(&path).unwrap();
    let cut = folder.path().join("cut.sqlite");
    let expected = connection.db().to_data();
    let mut told = 0;
    for end in (512..whole.len()).step_by(whole.len() / 12) {
        std::fs::write(&cut, &whole[..end]).unwrap();
        match place(&cut).read(None).await {
            Ok(read) => assert_eq!(read.transactions.len(), all.len()),
            Err(PlaceError::Damaged { .. }) => told += 1,
            Err(error) => panic!("{error:?}"),
        }
        match place(&cut).open_database().await {
            Ok(Some(db)) => {
                let data = db.to_data();
                assert!(db.check_storage().is_err() || data == expected);
            }
            Ok(None) => panic!("nothing, of {end} bytes"),
            Err(error) => assert!(matches!(error, PlaceError::Damaged { .. }), "{error:?}"),
        }
    }
    assert!(told > 0);
}

#[tokio::test]
async fn nodes_that_are_damaged_are_told_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (connection, path, _) = kept(folder.path()).await;
    let sql = Sql::open(&path).unwrap();
    let flip = "UPDATE defbase_nodes SET bytes = CAST(substr(bytes, 1, 9) || x'ff' || substr(bytes, 11) AS BLOB)";
    assert!(sql.execute(flip, []).unwrap() > 10);
    let error = place(&path).open_database().await.err().unwrap();
    assert!(error.to_string().contains("the next transaction writes it anew"), "{error}");
    sql.execute(&flip.replace("x'ff'", "x'00'"), []).unwrap();
    said(&connection, "[{:statement/fqn \"a/b\"}]");
    let all = log_of(&folder.path().join("log"));
    place(&path).append(&all, Some(&connection.db())).await.unwrap();
    assert_shows(&path, &connection.db()).await;
}

#[tokio::test]
async fn a_row_of_the_log_that_was_changed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path, _) = kept(folder.path()).await;
    let sql = Sql::open(&path).unwrap();
    sql.execute("UPDATE defbase_log SET text = replace(text, 's7', 's8') WHERE n = 2", []).unwrap();
    let error = place(&path).read(None).await.unwrap_err();
    assert!(matches!(&error, PlaceError::Damaged { what, .. } if what == "log"), "{error:?}");
    assert!(error.to_string().contains("checksum"), "{error}");
}

#[tokio::test]
async fn a_file_of_a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path, all) = kept(folder.path()).await;
    Sql::open(&path).unwrap().execute("UPDATE defbase_state SET format = 2", []).unwrap();
    for error in [
        place(&path).append(&all, None).await.unwrap_err(),
        place(&path).read(None).await.unwrap_err(),
        place(&path).open_database().await.err().unwrap(),
    ] {
        assert!(matches!(error, PlaceError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("a later version of defbase"), "{error}");
    }
}

#[tokio::test]
async fn tables_of_somebody_elses_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let (_, _, all) = kept(folder.path()).await;
    let path = folder.path().join("bank.sqlite");
    let sql = Sql::open(&path).unwrap();
    sql.execute_batch("CREATE TABLE statements (amount); INSERT INTO statements VALUES (7)")
        .unwrap();
    let error = place(&path).append(&all, None).await.unwrap_err();
    assert!(
        error.to_string().contains("a table `statements` that defbase did not make"),
        "{error}"
    );
    assert!(place(&path).read(None).await.unwrap().transactions.is_empty());
    assert_eq!(super::count(&sql, "SELECT sum(amount) FROM statements"), 7);
    assert_eq!(super::count(&sql, "SELECT count(*) FROM sqlite_schema"), 1);
}

#[tokio::test]
async fn another_program_that_holds_the_file_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (connection, path, _) = kept(folder.path()).await;
    let impatient = SqlitePlace::waiting(&path, Squeeze::None, Duration::from_millis(20));
    let other = Sql::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    said(&connection, "[{:statement/fqn \"a/b\"}]");
    let all = log_of(&folder.path().join("log"));
    let error = impatient.append(&all, Some(&connection.db())).await.unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("another program"), "{error}");
    // Who reads does not wait.
    assert_eq!(impatient.read(None).await.unwrap().transactions.len(), 3);
    other.execute_batch("COMMIT").unwrap();
    impatient.append(&all, Some(&connection.db())).await.unwrap();
    assert_shows(&path, &connection.db()).await;
}

/// Who may write everything (root) is not kept from it.
#[cfg(unix)]
#[tokio::test]
async fn a_file_that_cannot_be_written_can_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (connection, path, all) = kept(folder.path()).await;
    let allow = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for folders in [0o755, 0o555] {
        allow(&path, 0o444);
        allow(folder.path(), folders);
        let is_root = std::fs::OpenOptions::new().append(true).open(&path).is_ok();
        assert_eq!(place(&path).read(None).await.unwrap().transactions.len(), all.len());
        let opened = place(&path).open_database().await.unwrap().unwrap();
        assert_eq!(opened.to_data(), connection.db().to_data());
        if !is_root {
            let error = place(&path).append(&all, None).await.unwrap_err();
            assert!(matches!(error, PlaceError::Refused { .. }), "{error:?}");
            assert!(error.to_string().contains("let yourself write"), "{error}");
        }
        allow(folder.path(), 0o755);
    }
}
