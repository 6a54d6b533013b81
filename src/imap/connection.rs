//! A session with its mailbox open, and the one way in which commands are run on it.

use std::collections::{HashMap, VecDeque};
use std::io;

use async_imap::Session;
use async_imap::imap_proto::{Capability, MailboxDatum, RequestId, Response, ResponseCode, Status};
use time::OffsetDateTime;
use tokio::time::timeout;

use super::guard::{Allowance, Breach, Guard};
use super::source::Settings;
use super::{login, modified_utf7};
use crate::ports::SourceError;

/// A command may take this many times the configured timeout altogether, as long as something keeps coming.
const LONGEST: u32 = 20;

/// A logged-in session with the mailbox selected.
#[derive(Debug)]
pub(super) struct Connection {
    session: Session<Guard>,
    host: String,
    patience: std::time::Duration,
    pub(super) offers: Offers,
    pub(super) uid_validity: u32,
    /// The next UID when the mailbox was opened; taken by whoever compares it.
    pub(super) uid_next: Option<u32>,
    pub(super) read_only: bool,
    /// Messages in the mailbox, as far as the server has said.
    pub(super) exists: u32,
    /// Whether mail may have arrived since the mailbox was last listed.
    pub(super) fresh: bool,
    /// What was listed and not yet fetched, oldest first.
    pub(super) listed: VecDeque<Listed>,
    /// Folders that are known to exist: configured name to the server's.
    pub(super) folders: HashMap<String, String>,
}

/// What the server can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Offers {
    /// RFC 2177.
    pub(super) idle: bool,
    /// RFC 6851.
    pub(super) moving: bool,
    /// RFC 4315.
    pub(super) uid_plus: bool,
}

/// A message in the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) uid: u32,
    /// As the server says, which need not be true.
    pub(super) size: u64,
    pub(super) received: Option<OffsetDateTime>,
}

/// Why a command brought nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server said NO or BAD, and the connection goes on.
    Refused { no_such_folder: bool },
    /// The connection is of no more use.
    Broken(SourceError),
}

impl Failure {
    /// For people, with what was tried.
    pub(super) fn into_error(self, host: &str, tried: &str) -> SourceError {
        match self {
            Failure::Broken(error) => error,
            Failure::Refused { .. } => SourceError::Server(format!("{host} refuses {tried}")),
        }
    }
}

impl Connection {
    /// Connects, logs in, and opens the mailbox.
    pub(super) async fn open(settings: &Settings) -> Result<Self, SourceError> {
        let mut connection = Connection {
            session: login::open(settings).await?,
            host: settings.host.clone(),
            patience: settings.timeout,
            offers: Offers::default(),
            uid_validity: 0,
            uid_next: None,
            read_only: false,
            exists: 0,
            fresh: true,
            listed: VecDeque::new(),
            folders: HashMap::new(),
        };
        let asked = connection.learn_offers().await;
        asked.map_err(|failure| failure.into_error(&settings.host, "CAPABILITY"))?;
        connection.select(&settings.mailbox).await?;
        Ok(connection)
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    async fn learn_offers(&mut self) -> Result<(), Failure> {
        let mut offers = Offers::default();
        self.run("CAPABILITY", Allowance::SMALL, |response| {
            let Response::Capabilities(capabilities) = response else { return };
            let has = |name: &str| {
                capabilities.iter().any(|c| matches!(c, Capability::Atom(atom) if atom.eq_ignore_ascii_case(name)))
            };
            offers = Offers { idle: has("IDLE"), moving: has("MOVE"), uid_plus: has("UIDPLUS") };
        })
        .await?;
        self.offers = offers;
        Ok(())
    }

    async fn select(&mut self, mailbox: &str) -> Result<(), SourceError> {
        let command = format!("SELECT {}", quote(&modified_utf7::encode(mailbox))?);
        let (mut uid_validity, mut uid_next, mut read_only) = (None, None, false);
        let selected = self
            .run(&command, Allowance::SMALL, |response| {
                if let Response::Data { outcome, .. } | Response::Done { outcome, .. } = response {
                    match outcome.code {
                        Some(ResponseCode::UidValidity(number)) => uid_validity = Some(number),
                        Some(ResponseCode::UidNext(number)) => uid_next = Some(number),
                        Some(ResponseCode::ReadOnly) => read_only = true,
                        _ => {}
                    }
                }
            })
            .await;
        let tried = format!("opening the mailbox `{mailbox}`: create it there, or take it out of `folders`");
        selected.map_err(|failure| failure.into_error(&self.host, &tried))?;
        let Some(uid_validity) = uid_validity else {
            return Err(SourceError::Server(format!("{} gives no UIDVALIDITY for `{mailbox}`", self.host)));
        };
        self.uid_validity = uid_validity;
        self.uid_next = uid_next;
        self.read_only = read_only;
        Ok(())
    }

    /// Runs one command and shows every response to it, the tagged one last.
    pub(super) async fn run(
        &mut self,
        command: &str,
        allowance: Allowance,
        on: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), Failure> {
        self.session.get_mut().expect(allowance);
        let longest = self.patience * LONGEST;
        let host = self.host.clone();
        match timeout(longest, self.exchange(command, on)).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Broken(SourceError::Unreachable(format!("{host} does not come to an end")))),
        }
    }

    async fn exchange(&mut self, command: &str, on: impl FnMut(&Response<'_>) + Send) -> Result<(), Failure> {
        let tag = self.send(command).await?;
        self.finish(&tag, on).await
    }

    /// Sends a command and gives its tag.
    pub(super) async fn send(&mut self, command: &str) -> Result<RequestId, Failure> {
        match timeout(self.patience, self.session.run_command(command)).await {
            Ok(Ok(tag)) => Ok(tag),
            _ => Err(self.gone()),
        }
    }

    /// Reads up to the answer with this tag.
    pub(super) async fn finish(
        &mut self,
        tag: &RequestId,
        mut on: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), Failure> {
        loop {
            if let Some(end) = self.next(tag, &mut on).await? {
                return end;
            }
        }
    }

    /// Reads one response: the command's result if it was the tagged one.
    async fn next(
        &mut self,
        tag: &RequestId,
        on: &mut (impl FnMut(&Response<'_>) + Send),
    ) -> Result<Option<Result<(), Failure>>, Failure> {
        let data = match self.session.read_response().await {
            Ok(Some(data)) => data,
            Ok(None) => return Err(self.gone()),
            Err(error) => return Err(self.lost(&error)),
        };
        let response = data.parsed();
        on(response);
        match response {
            Response::Done { tag: done, status, outcome } if done == tag => Ok(Some(match status {
                Status::Ok => Ok(()),
                _ => Err(Failure::Refused { no_such_folder: matches!(outcome.code, Some(ResponseCode::TryCreate)) }),
            })),
            Response::Data { status: Status::Bye, .. } => Err(self.gone()),
            Response::MailboxData(MailboxDatum::Exists(number)) => {
                self.exists = *number;
                self.fresh = true;
                Ok(None)
            }
            Response::Expunge(_) => {
                self.exists = self.exists.saturating_sub(1);
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Reads until the server invites to go on (`true`), or ends the command (`false`).
    pub(super) async fn invited(&mut self, tag: &RequestId) -> Result<bool, Failure> {
        let mut invited = false;
        loop {
            let mut watch = |response: &Response<'_>| invited |= matches!(response, Response::Continue(_));
            let end = self.next(tag, &mut watch).await?;
            if invited {
                return Ok(true);
            }
            match end {
                Some(Err(broken @ Failure::Broken(_))) => return Err(broken),
                Some(_) => return Ok(false),
                None => {}
            }
        }
    }

    /// Reads responses until mail may have arrived. Never ends by itself otherwise; safe to abandon.
    pub(super) async fn hear(&mut self, tag: &RequestId) -> Result<(), Failure> {
        self.session.get_mut().be_patient();
        while !self.fresh {
            if let Some(end) = self.next(tag, &mut |_: &Response<'_>| {}).await? {
                return end;
            }
        }
        Ok(())
    }

    /// Ends IDLE and reads its answer.
    pub(super) async fn done(&mut self, tag: &RequestId) -> Result<(), Failure> {
        self.session.get_mut().expect(Allowance::SMALL);
        match timeout(self.patience, self.session.run_command_untagged("DONE")).await {
            Ok(Ok(())) => self.finish(tag, |_| {}).await,
            _ => Err(self.gone()),
        }
    }

    /// Before a command that is not run by [`Connection::run`].
    pub(super) fn expect(&mut self, allowance: Allowance) {
        self.session.get_mut().expect(allowance);
    }

    fn gone(&self) -> Failure {
        Failure::Broken(SourceError::Unreachable(format!("{} closed the connection", self.host)))
    }

    /// The parser's own error quotes what it read, which may be mail: only its kind is told.
    fn lost(&self, error: &io::Error) -> Failure {
        let host = &self.host;
        let breach = error.get_ref().and_then(|inner| inner.downcast_ref::<Breach>());
        Failure::Broken(match (breach, error.kind()) {
            (Some(breach), _) => SourceError::Server(format!("{host} {breach}")),
            (None, io::ErrorKind::TimedOut) => {
                SourceError::Unreachable(format!("{host} said nothing for {:?}", self.patience))
            }
            (None, io::ErrorKind::UnexpectedEof) => return self.gone(),
            (None, io::ErrorKind::Other) => SourceError::Server(format!("{host} {}", Breach::Malformed)),
            (None, kind) => SourceError::Unreachable(format!("the connection to {host} broke: {kind}")),
        })
    }
}

/// A string argument in quotes (RFC 9051 4.3).
pub(super) fn quote(text: &str) -> Result<String, SourceError> {
    if text.chars().any(|c| c.is_control()) {
        return Err(SourceError::Server("a folder's name holds a control character: rename it".into()));
    }
    Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}
