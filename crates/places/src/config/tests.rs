//! Configurations as users write them.

use super::*;
use crate::squeeze::Squeeze;

fn read(text: &str) -> Result<Config, String> {
    let value = edn::read(text).unwrap();
    let variable = |name: &str| (name == "PASSWORD").then(|| "geheim".to_owned());
    Config::read(value.as_map().unwrap(), &["paths"], variable).map_err(|error| error.to_string())
}

#[test]
fn a_development_environment() {
    let config = read(
        "{:primary {:type :file :path \"data/code-db.edn\" :backup-count 10}
          :backup {:type :sqlite :path \"data/code-db.sqlite\"}
          :sync {:type :postgres :url \"postgresql://localhost/codebase\"}}",
    )
    .unwrap();
    let kept: Vec<&Kept> = config.tiers.iter().map(|tier| &tier.kept).collect();
    assert_eq!(
        kept,
        [
            &Kept::File { path: "data/code-db.edn".into(), squeeze: Squeeze::None },
            &Kept::Sqlite { path: "data/code-db.sqlite".into() },
            &Kept::Postgres {
                url: Secret("postgresql://localhost/codebase".to_owned()),
                table: None,
            },
        ]
    );
}

#[test]
fn a_browser() {
    let config =
        read("{:immediate :localstorage :sync-interval 30000 :offline-storage :indexeddb}")
            .unwrap();
    assert!(config.tiers.is_empty());
    assert_eq!(config.sync_interval, Some(Duration::from_secs(30)));
    assert_eq!(config.browser, [Some("localstorage".to_owned()), Some("indexeddb".to_owned())]);
}

#[test]
fn the_hybrid_plan() {
    let config = read(
        "{:tx-log \"code-db-txlog.edn\" :snapshots \"snapshots/\" :strategy :tx-log-primary
          :backup-schedule {:on-change :append-tx-log :hourly :create-snapshot :daily :compress-old-logs}}",
    )
    .unwrap();
    assert_eq!(config.tx_log, Some("code-db-txlog.edn".into()));
    assert_eq!(config.snapshots, Some("snapshots/".into()));
    assert!(!config.schedule.is_empty());
}

#[test]
fn what_is_small_and_what_is_secret() {
    let config = read(
        "{:b {:type :file :path \"x/code-db.edn.zst\" :form :snapshot :notation :transit}
          :a {:type :http :url \"https://u:${PASSWORD}@host/api/v1\" :token \"${PASSWORD}\"}
          :primary {:type :bucket :url \"s3://team/db\" :endpoint \"http://localhost:5000\"}
          :paths [\"src\"]}",
    )
    .unwrap();
    let names: Vec<&str> = config.tiers.iter().map(|tier| tier.name.as_str()).collect();
    assert_eq!(names, ["primary", "a", "b"]);
    assert!(
        matches!(&config.tiers[1].kept, Kept::Http { token: Some(Secret(t)), .. } if t == "geheim")
    );
    assert!(!format!("{config:?}").contains("geheim"));
    let file = &config.tiers[2];
    assert_eq!(file.kept, Kept::File { path: "x/code-db.edn".into(), squeeze: Squeeze::Zstd });
    assert_eq!((file.form.name(), file.notation.name()), ("snapshot", "transit"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let cases = [
        ("{:primary {:path \"x\"}}", "[:primary]: expected a :type"),
        ("{:backups {:path \"x\"}}", "[:backups]: is not known here, and no tier"),
        ("{\"paths\" []}", "[\"paths\"]: is not known here"),
        ("{:primary \"x\"}", "[:primary]: expected a map such as"),
        ("{:primary {:type :tape}}", "[:primary :type]: expected :file, :sqlite"),
        ("{:primary {:type :file}}", "[:primary :path]: expected a path"),
        ("{:primary {:type :file :path 3}}", "[:primary :path]: expected a string, found 3"),
        ("{:primary {:type :file :path \"..\"}}", "[:primary :path]: expected a path that ends"),
        (
            "{:primary {:type :file :path \"x\" :backup-cuont 3}}",
            "[:primary :backup-cuont]: is not",
        ),
        (
            "{:primary {:type :file :path \"x\" :backup-count 0}}",
            "[:primary :backup-count]: expected a number",
        ),
        ("{:primary {:type :file :path \"x\" :form :all}}", "[:primary :form]: :all is not known"),
        ("{:strategy :snapshots}", "[:strategy]: expected :tx-log-primary, found :snapshots"),
        ("{:sync-interval 0}", "[:sync-interval]: expected milliseconds"),
        ("{:immediate :cookies}", "[:immediate]: expected :localstorage"),
        (
            "{:backup-schedule {:yearly :create-snapshot}}",
            "[:backup-schedule :yearly]: expected :on-change",
        ),
        (
            "{:backup-schedule {:daily :dance}}",
            "[:backup-schedule :daily]: expected :append-tx-log",
        ),
        (
            "{:backup-schedule {[:every 0 :hours] :create-snapshot}}",
            "[:backup-schedule [:every 0 :hours]]: expected",
        ),
        ("{:retention {:weeks 3}}", "[:retention :weeks]: is not known"),
        ("{:retention {:days -1}}", "[:retention :days]: expected a number"),
    ];
    for (text, message) in cases {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(message), "{text}\n{error}");
    }
}

#[test]
fn who_has_not_set_a_variable_lacks_that_tier_alone() {
    let config = read(
        "{:sync {:type :postgres :url \"postgresql://u:${NONE}@h/d\"} :backup {:type :memory}}",
    );
    let config = config.unwrap();
    assert_eq!(config.tiers[0].kept, Kept::Memory);
    assert_eq!(config.tiers[1].kept, Kept::Unset { variable: "NONE".to_owned() });
    let error = config.tiers[1].kept.open(std::path::Path::new(".")).err().unwrap();
    assert_eq!(error.to_string(), "${NONE} cannot be reached: the environment does not have it");
}
