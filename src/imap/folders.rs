//! Moving messages into the folders for their outcomes.

use async_imap::imap_proto::{AttributeValue, MailboxDatum, NameAttribute, Response};
use tracing::warn;

use super::connection::{Connection, Failure, quote};
use super::guard::Allowance;
use super::modified_utf7;
use crate::ports::SourceError;

/// How a message changes folders, after what the server can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// RFC 6851.
    Move,
    /// COPY, then UID EXPUNGE of this message alone (RFC 4315).
    CopyAndExpunge,
    /// COPY, then the flag; the original stays visible to programs that show flagged messages.
    CopyAndFlag,
}

impl Connection {
    /// The best way that the server offers. A plain EXPUNGE is none: it would remove what other programs have flagged.
    pub(super) fn way(&self) -> Way {
        match (self.offers.moving, self.offers.uid_plus) {
            (true, _) => Way::Move,
            (false, true) => Way::CopyAndExpunge,
            (false, false) => Way::CopyAndFlag,
        }
    }

    /// Moves a message into the folder with this configured name. One that is gone is moved already.
    pub(super) async fn transfer(&mut self, uid: u32, folder: &str) -> Result<(), SourceError> {
        let tried = format!("moving a message to `{folder}`");
        let target = self.folder(folder).await?;
        match self.transfer_once(uid, &target).await {
            // Somebody removed the folder since it was seen.
            Err(Failure::Refused { no_such_folder: true, .. }) => {
                self.folders.clear();
                let target = self.folder(folder).await?;
                self.transfer_once(uid, &target).await
            }
            other => other,
        }
        .map_err(|failure| failure.into_error(self.host(), &tried))
    }

    async fn transfer_once(&mut self, uid: u32, target: &str) -> Result<(), Failure> {
        let target = quote(target).map_err(Failure::Broken)?;
        if self.way() == Way::Move {
            return self.run(&format!("UID MOVE {uid} {target}"), Allowance::SMALL, |_| {}).await;
        }
        // A copy that was made before a crash is not made again once the original carries the flag.
        let Some(deleted) = self.flagged_deleted(uid).await? else {
            return Ok(());
        };
        if !deleted {
            self.run(&format!("UID COPY {uid} {target}"), Allowance::SMALL, |_| {}).await?;
            self.run(&format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)"), Allowance::SMALL, |_| {}).await?;
        }
        if self.way() == Way::CopyAndExpunge {
            return self.run(&format!("UID EXPUNGE {uid}"), Allowance::SMALL, |_| {}).await;
        }
        warn!(
            host = self.host(),
            uid, "the server can neither move nor expunge one message: the original stays, flagged"
        );
        Ok(())
    }

    /// Whether the message carries `\Deleted`; `None` when it is gone.
    async fn flagged_deleted(&mut self, uid: u32) -> Result<Option<bool>, Failure> {
        let mut deleted = None;
        self.run(&format!("UID FETCH {uid} (UID FLAGS)"), Allowance::SMALL, |response| {
            let Response::Fetch(_, attributes) = response else { return };
            if attributes.contains(&AttributeValue::Uid(uid)) {
                deleted = Some(attributes.iter().any(|attribute| {
                    matches!(attribute, AttributeValue::Flags(flags)
                        if flags.iter().any(|flag| flag.eq_ignore_ascii_case("\\Deleted")))
                }));
            }
        })
        .await?;
        Ok(deleted)
    }

    /// The server's name of the folder with this configured name; created when missing.
    ///
    /// `/` in the configured name stands for the server's hierarchy delimiter. Servers that keep personal folders below
    /// INBOX (RFC 2342's prefix `INBOX.`) say no to others, so that place is tried next.
    pub(super) async fn folder(&mut self, configured: &str) -> Result<String, SourceError> {
        if let Some(name) = self.folders.get(configured) {
            return Ok(name.clone());
        }
        if configured.is_empty() || configured.contains(['*', '%']) {
            return Err(SourceError::Server(format!("`{configured}` cannot be a folder's name: rename it")));
        }
        let asked = self.delimiter().await;
        let delimiter = asked.map_err(|failure| failure.into_error(self.host(), "LIST"))?;
        let candidates = candidates(configured, delimiter.as_deref());
        let found = self.find_or_create(&candidates).await;
        let name = found.map_err(|failure| {
            failure.into_error(self.host(), &format!("creating the folder `{configured}`: create it by hand"))
        })?;
        self.folders.insert(configured.to_owned(), name.clone());
        Ok(name)
    }

    async fn find_or_create(&mut self, candidates: &[String]) -> Result<String, Failure> {
        for name in candidates {
            if self.exists(name).await? {
                return Ok(name.clone());
            }
        }
        let mut refusal = None;
        for name in candidates {
            let quoted = quote(name).map_err(Failure::Broken)?;
            match self.run(&format!("CREATE {quoted}"), Allowance::SMALL, |_| {}).await {
                Ok(()) => {
                    // So that mail programs show it; a server that refuses keeps the folder all the same.
                    match self.run(&format!("SUBSCRIBE {quoted}"), Allowance::SMALL, |_| {}).await {
                        Err(broken @ Failure::Broken(_)) => return Err(broken),
                        Ok(()) | Err(Failure::Refused { .. }) => return Ok(name.clone()),
                    }
                }
                Err(broken @ Failure::Broken(_)) => return Err(broken),
                Err(refused) => refusal = Some(refused),
            }
        }
        Err(refusal.unwrap_or(Failure::Refused { no_such_folder: false }))
    }

    async fn exists(&mut self, name: &str) -> Result<bool, Failure> {
        let command = format!("LIST \"\" {}", quote(name).map_err(Failure::Broken)?);
        let mut found = false;
        self.run(&command, Allowance::SMALL, |response| {
            if let Response::MailboxData(MailboxDatum::List(list)) = response {
                found |= !list.name_attributes.iter().any(is_absent);
            }
        })
        .await?;
        Ok(found)
    }

    async fn delimiter(&mut self) -> Result<Option<String>, Failure> {
        let mut delimiter = None;
        self.run("LIST \"\" \"\"", Allowance::SMALL, |response| {
            if let Response::MailboxData(MailboxDatum::List(list)) = response {
                delimiter = list.delimiter.as_deref().map(str::to_owned);
            }
        })
        .await?;
        Ok(delimiter)
    }
}

/// A name that is listed and is no mailbox (RFC 3501 7.2.2, RFC 5258 3).
fn is_absent(attribute: &NameAttribute<'_>) -> bool {
    match attribute {
        NameAttribute::NoSelect => true,
        NameAttribute::Extension(name) => name.eq_ignore_ascii_case("\\NonExistent"),
        _ => false,
    }
}

/// The server's names to try for a configured one, best first.
fn candidates(configured: &str, delimiter: Option<&str>) -> Vec<String> {
    let name = modified_utf7::encode(configured);
    match delimiter {
        Some(delimiter) => {
            let name = name.replace('/', delimiter);
            vec![name.clone(), format!("INBOX{delimiter}{name}")]
        }
        None => vec![name],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_follow_the_server() {
        let cases: [(&str, Option<&str>, &[&str]); 4] = [
            ("Processed", Some("/"), &["Processed", "INBOX/Processed"]),
            ("Intake/Held", Some("."), &["Intake.Held", "INBOX.Intake.Held"]),
            ("Gelöscht", Some("."), &["Gel&APY-scht", "INBOX.Gel&APY-scht"]),
            ("Held", None, &["Held"]),
        ];
        for (configured, delimiter, expected) in cases {
            assert_eq!(candidates(configured, delimiter), expected);
        }
    }
}
