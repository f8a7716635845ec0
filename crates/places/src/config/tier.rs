//! One tier of a configuration.

use super::{ConfigError, expected};
use crate::form::{Form, Notation};
use crate::squeeze::Squeeze;
use edn::{Map, Value};
use std::fmt;
use std::path::PathBuf;

/// A place that a database is kept in, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TierConfig {
    /// Its name: `primary`, `backup`, `sync`, or another.
    pub name: String,
    /// What it is.
    pub kept: Kept,
    /// What its versions say.
    pub form: Form,
    /// In which notation.
    pub notation: Notation,
    /// How many versions without a name are kept.
    pub keep: usize,
}

/// What keeps a database, with what has to be known to reach it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kept {
    /// The program's memory.
    Memory,
    /// Files beside each other, named after a path.
    File {
        /// `data/code-db.edn`
        path: PathBuf,
        /// How new versions are made small.
        squeeze: Squeeze,
    },
    /// An SQLite database.
    Sqlite {
        /// Its file.
        path: PathBuf,
    },
    /// A PostgreSQL database, or what speaks its protocol.
    Postgres {
        /// `postgresql://user@host/database`
        url: Secret,
        /// The table of versions, where it is not `datascript_snapshots`.
        table: Option<String>,
    },
    /// A bucket, or a folder of one.
    Bucket {
        /// `s3://bucket/folder`
        url: String,
        /// What the kind of bucket takes besides: `endpoint`, `region`, keys.
        options: Vec<(String, Secret)>,
    },
    /// Another defbase.
    Http {
        /// `https://host/api/v1`
        url: Secret,
        /// What proves that one may.
        token: Option<Secret>,
    },
    /// What cannot be known here, since a variable of the environment is not set.
    Unset {
        /// The variable.
        variable: String,
    },
}

/// What is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

const TYPES: &str = ":file, :sqlite, :postgres, :bucket, :http or :memory";
const KEEP: usize = 10;

impl TierConfig {
    /// Whether it is written before a transaction is acknowledged.
    pub fn is_primary(&self) -> bool {
        self.name == "primary"
    }

    /// Reads a tier's map.
    pub(super) fn read(
        name: &str,
        map: &Map,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<TierConfig, ConfigError> {
        let mut entries = Entries { map, variable, used: vec!["type"], unset: None };
        let kept = match map.get_keyword("type") {
            None => return Err(ConfigError::new(format!("expected a :type, which is {TYPES}"))),
            Some(kind) => entries.kept(kind).map_err(|error| match error.path.is_empty() {
                true => error.below(&Value::keyword("type")),
                false => error,
            })?,
        };
        let (form, notation) = usual(&kept);
        let tier = TierConfig {
            name: name.to_owned(),
            form: entries.named("form", form, Form::named)?,
            notation: entries.named("notation", notation, Notation::named)?,
            keep: entries.count("backup-count", KEEP)?,
            kept,
        };
        entries.nothing_else()?;
        // Who has not set it can use everything else all the same.
        Ok(match entries.unset {
            Some(variable) => TierConfig { kept: Kept::Unset { variable }, ..tier },
            None => tier,
        })
    }
}

/// What versions are where nothing else is said: what the programs that read such places expect.
fn usual(kept: &Kept) -> (Form, Notation) {
    match kept {
        Kept::File { .. } | Kept::Sqlite { .. } => (Form::Data, Notation::Edn),
        Kept::Postgres { .. } => (Form::Data, Notation::Json),
        Kept::Memory | Kept::Bucket { .. } | Kept::Http { .. } | Kept::Unset { .. } => {
            (Form::Snapshot, Notation::Edn)
        }
    }
}

/// The entries of a tier's map, each read once.
struct Entries<'a> {
    map: &'a Map,
    variable: &'a dyn Fn(&str) -> Option<String>,
    used: Vec<&'static str>,
    unset: Option<String>,
}

impl Entries<'_> {
    fn kept(&mut self, kind: &Value) -> Result<Kept, ConfigError> {
        let kind_name = kind.as_keyword().map(|name| name.as_str());
        Ok(match kind_name {
            Some("memory") => Kept::Memory,
            Some("file") => self.file()?,
            Some("sqlite") => Kept::Sqlite { path: self.needed("path", "a path")?.into() },
            Some("postgres") => Kept::Postgres {
                url: Secret(self.needed("url", "a URL such as postgresql://localhost/codebase")?),
                table: self.text("table")?,
            },
            Some("bucket") => {
                let url = self.needed("url", "a URL such as s3://bucket/folder")?;
                const OPTIONS: [&str; 5] =
                    ["endpoint", "region", "access-key-id", "secret-access-key", "allow-http"];
                let mut options = Vec::new();
                for name in OPTIONS {
                    if let Some(text) = self.text(name)? {
                        options.push((name.to_owned(), Secret(text)));
                    }
                }
                Kept::Bucket { url, options }
            }
            Some("http") => Kept::Http {
                url: Secret(self.needed("url", "a URL such as http://localhost:7700/api/v1")?),
                token: self.text("token")?.map(Secret),
            },
            _ => return Err(expected(TYPES, kind)),
        })
    }

    fn file(&mut self) -> Result<Kept, ConfigError> {
        let path = self.needed("path", "a path such as \"data/code-db.edn\"")?;
        // `data/code-db.edn.zst` says it as well.
        let (by_name, path) = Squeeze::of_name(&path);
        let path = PathBuf::from(path);
        let squeeze = self.named("compress", by_name, |name| match name {
            "gzip" => Some(Squeeze::Gzip),
            "zstd" => Some(Squeeze::Zstd),
            "none" => Some(Squeeze::None),
            _ => None,
        })?;
        match path.file_name() {
            Some(_) => Ok(Kept::File { path, squeeze }),
            None => Err(ConfigError::new("expected a path that ends in a file's name")
                .below(&Value::keyword("path"))),
        }
    }

    fn entry(&mut self, name: &'static str) -> Option<&Value> {
        self.used.push(name);
        self.map.get_keyword(name)
    }

    /// A text, with variables of the environment in it.
    fn text(&mut self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let variable = self.variable;
        let Some(value) = self.entry(name) else { return Ok(None) };
        let text = value
            .as_str()
            .ok_or_else(|| expected("a string", value).below(&Value::keyword(name)))?;
        match filled(text, variable) {
            Ok(text) => Ok(Some(text)),
            Err(unset) => {
                let text = text.to_owned();
                self.unset.get_or_insert(unset);
                Ok(Some(text))
            }
        }
    }

    fn needed(&mut self, name: &'static str, what: &str) -> Result<String, ConfigError> {
        let missing = || ConfigError::new(format!("expected {what}")).below(&Value::keyword(name));
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    fn count(&mut self, name: &'static str, usual: usize) -> Result<usize, ConfigError> {
        let Some(value) = self.entry(name) else { return Ok(usual) };
        let count = value.as_int().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
        count.ok_or_else(|| expected("a number from 1 on", value).below(&Value::keyword(name)))
    }

    /// A keyword that names something.
    fn named<T>(
        &mut self,
        name: &'static str,
        usual: T,
        meant: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let Some(value) = self.entry(name) else { return Ok(usual) };
        let found = value.as_keyword().and_then(|keyword| meant(keyword.as_str()));
        found.ok_or_else(|| {
            ConfigError::new(format!("{value} is not known")).below(&Value::keyword(name))
        })
    }

    /// That all entries were used: one that is misspelt would be believed to hold.
    fn nothing_else(&self) -> Result<(), ConfigError> {
        let is_used = |key: &Value| self.used.iter().any(|name| key.is_keyword(name));
        match self.map.keys().find(|key| !is_used(key)) {
            None => Ok(()),
            Some(key) => {
                let known: Vec<String> = self.used.iter().map(|name| format!(":{name}")).collect();
                let problem = format!("is not known here; there are {}", known.join(", "));
                Err(ConfigError::new(problem).below(key))
            }
        }
    }
}

/// A text with `${NAME}` replaced by what the environment says, or the name of what that does not have.
fn filled(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(end) = rest[start..].find('}') else { break };
        let name = &rest[start + 2..start + end];
        filled.push_str(&rest[..start]);
        filled.push_str(&variable(name).ok_or_else(|| name.to_owned())?);
        rest = &rest[start + end + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}
