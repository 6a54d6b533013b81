use std::collections::BTreeMap;

use tokio::sync::watch;

/// How the engine is doing, for the service manager's status line and for readiness.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Each source: `None` before it was first tried.
    pub sources: BTreeMap<String, Option<Condition>>,
    /// What else does not work now, by area: `store`, `workers`, `filing`, `sending`.
    pub troubles: BTreeMap<String, String>,
}

/// How the last try went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    Good,
    /// With what is wrong.
    Bad(String),
}

impl Status {
    /// Every source has been read at least once without an error.
    pub fn is_ready(&self) -> bool {
        self.sources.values().all(|source| *source == Some(Condition::Good))
    }

    /// Every source has been tried: from here on [`Status::line`] says clearly how it stands.
    pub fn is_settled(&self) -> bool {
        self.sources.values().all(Option::is_some)
    }

    /// One line for people.
    pub fn line(&self) -> String {
        let bad = self.sources.iter().filter_map(|(name, condition)| match condition {
            Some(Condition::Bad(why)) => Some(format!("{name}: {why}")),
            _ => None,
        });
        let troubles = self.troubles.iter().map(|(area, why)| format!("{area}: {why}"));
        let all: Vec<String> = bad.chain(troubles).collect();
        match all.as_slice() {
            [] if self.is_settled() => {
                format!("watching {}", self.sources.keys().cloned().collect::<Vec<_>>().join(", "))
            }
            [] => "connecting".to_owned(),
            all => all.join("; "),
        }
    }
}

/// Keeps the status and logs each change of it once, however often the same thing fails.
#[derive(Debug)]
pub(super) struct Board(watch::Sender<Status>);

impl Board {
    pub fn new<'a>(sources: impl Iterator<Item = &'a str>) -> Self {
        let sources = sources.map(|name| (name.to_owned(), None)).collect();
        Board(watch::Sender::new(Status { sources, troubles: BTreeMap::new() }))
    }

    pub fn watch(&self) -> watch::Receiver<Status> {
        self.0.subscribe()
    }

    /// A source was read, or could not be.
    pub fn source(&self, name: &str, result: Result<(), &str>) {
        let now = Some(match result {
            Ok(()) => Condition::Good,
            Err(why) => Condition::Bad(why.to_owned()),
        });
        self.0.send_if_modified(|status| {
            let before = status.sources.insert(name.to_owned(), now.clone()).flatten();
            match (&before, result) {
                (Some(Condition::Bad(_)), Ok(())) => tracing::info!(source = name, "source works again"),
                (Some(Condition::Good) | None, Err(error)) => tracing::error!(source = name, error, "source fails"),
                (Some(Condition::Bad(old)), Err(error)) if old != error => {
                    tracing::error!(source = name, error, "source fails");
                }
                _ => {}
            }
            before != now
        });
    }

    /// Something else does not work, or works again.
    pub fn area(&self, area: &str, result: Result<(), &str>) {
        self.0.send_if_modified(|status| {
            let before = match result {
                Ok(()) => status.troubles.remove(area),
                Err(why) => status.troubles.insert(area.to_owned(), why.to_owned()),
            };
            match (&before, result) {
                (Some(_), Ok(())) => tracing::info!(area, "works again"),
                (before, Err(error)) if before.as_deref() != Some(error) => {
                    tracing::error!(area, error, "does not work")
                }
                _ => {}
            }
            before.as_deref() != result.err()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_in_one_line_how_it_stands() {
        let board = Board::new(["inbox", "junk"].into_iter());
        let line =
            || (board.watch().borrow().is_ready(), board.watch().borrow().is_settled(), board.watch().borrow().line());
        assert_eq!(line(), (false, false, "connecting".into()));
        board.source("inbox", Ok(()));
        board.source("junk", Err("login refused"));
        board.area("filing", Err("token expired"));
        assert_eq!(line(), (false, true, "junk: login refused; filing: token expired".into()));
        board.source("junk", Ok(()));
        board.area("filing", Ok(()));
        assert_eq!(line(), (true, true, "watching inbox, junk".into()));
    }
}
