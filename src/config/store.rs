//! Where the state is kept.

use std::path::Path;

use url::Url;

use super::problem::Places;
use super::settings::{Postgres, StorePlace};
use super::{ConfigError, file};

const FILE: &str = "/var/lib/advisory-intake/intake.sqlite";

/// The file or the database. What is wrong with a URL is said without repeating it: it may hold a password.
pub(super) fn place(raw: file::StoreTable, folder: &Path, places: &Places) -> Result<StorePlace, ConfigError> {
    let problem = |key: &str, what: &str| places.problem(&format!("store.{key}"), what);
    let Some(url) = raw.url else {
        if raw.password.is_some() || raw.ca_file.is_some() {
            return Err(problem("password", "password and ca_file belong to a database: say where it is with url"));
        }
        return Ok(StorePlace::File(folder.join(raw.path.unwrap_or_else(|| FILE.into()))));
    };
    if raw.path.is_some() {
        return Err(problem("url", "the state is in one file (path) or in a database (url): keep one"));
    }
    let what = "url is written postgres://USER@HOST:PORT/DATABASE, or postgres:///DATABASE?host=/FOLDER&user=USER for a socket";
    let url: Url = url.parse().map_err(|_| problem("url", what))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") || url.path().len() < 2 || url.fragment().is_some() {
        return Err(problem("url", what));
    }
    let password = url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password");
    if password {
        let what = "a password does not belong in url: write it to a file that only the service can read, and say \
                    password = { file = \"PATH\" } or { credential = \"NAME\" }";
        return Err(problem("url", what));
    }
    for (key, value) in url.query_pairs() {
        match (&*key, &*value) {
            ("host", folder) if folder.starts_with('/') => {}
            ("user", _) => {}
            // What is done anyway.
            ("sslmode", "require" | "verify-full") => {}
            ("sslmode", _) => {
                let what = "leave sslmode out: across a network the database is reached with TLS, and its certificate is checked";
                return Err(problem("url", what));
            }
            _ => {
                return Err(problem(
                    "url",
                    "of what may stand behind the question mark, only host=/FOLDER and user=USER are used here",
                ));
            }
        }
    }
    Ok(StorePlace::Postgres(Postgres {
        url,
        password: raw.password.map(|secret| secret.within(folder)),
        ca_file: raw.ca_file.map(|file| folder.join(file)),
    }))
}
