//! A writer that is killed: what it was told is kept is kept, and log, nodes and rows are of one moment.

use super::{assert_shows, code_log, place, said};
use places::Place;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use store::load;

/// Where the child writes; not set in a run of the tests.
const FOLDER: &str = "DEFBASE_CRASH_TEST";

/// Writes until it is killed, and says after each transaction how many are kept.
#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let log = folder.join(format!("log-{}", std::process::id()));
    let place = place(&folder.join("code-db.sqlite"));
    let known = place.read(None).await.unwrap().transactions;
    let text: String = known.iter().map(|transaction| transaction.text()).collect();
    let connection = match text.is_empty() {
        true => code_log(&log),
        false => {
            std::fs::write(&log, text).unwrap();
            store::Connection::open(&log).unwrap()
        }
    };
    for n in 0.. {
        let name = n % 17;
        said(
            &connection,
            &format!(
                "[{{:statement/fqn \"a/{name}\" :statement/source \"(def {n})\"}} {{:dependency/from [:statement/fqn \"a/{name}\"] :dependency/to [:statement/fqn \"a/{name}\"]}}]"
            ),
        );
        let all = super::log_of(&log);
        place.append(&all[all.len().saturating_sub(2)..], Some(&connection.db())).await.unwrap();
        println!("kept {}", all.len());
    }
}

#[tokio::test]
async fn a_writer_that_is_killed_leaves_what_was_acknowledged_and_nothing_half() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("code-db.sqlite");
    let mut acknowledged = 0;
    for round in 0..6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed at another moment each time: so many answers, and a part of the next transaction.
        let kept = said
            .map_while(Result::ok)
            .filter_map(|line| line.split_once("kept ").and_then(|(_, n)| n.parse::<usize>().ok()));
        acknowledged = kept.take(3 + 2 * round).last().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(700 * round as u64));
        child.kill().unwrap();
        child.wait().unwrap();

        let all = place(&path).read(None).await.unwrap().transactions;
        assert!(all.len() >= acknowledged, "{} of {acknowledged}", all.len());
        let text: String = all.iter().map(|transaction| transaction.text()).collect();
        assert_shows(&path, &load(text.as_bytes(), &path).unwrap().db).await;
    }
    assert!(acknowledged >= 13);
}
