//! Listing what is new, and fetching it within a budget.

use std::collections::{BTreeMap, VecDeque};

use async_imap::imap_proto::{AttributeValue, Response};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::warn;

use super::connection::{Connection, Failure, Listed};
use super::guard::Allowance;
use super::source::Settings;
use crate::model::{Origin, RawMessage};
use crate::ports::{Batch, Cursor, SourceError};

/// Largest header section that is fetched alone, in bytes.
const MAX_HEADER: u64 = 256 << 10;
/// Everything that listing may bring: some hundred thousand messages.
const LISTING: Allowance = Allowance { literal: 1 << 10, total: 64 << 20 };
/// Most messages asked for in one command.
const MAX_GROUP: usize = 100;
/// How often in a row a server may refuse one message, leave it out, or answer with what is not taken, before the rest goes
/// on without it.
const MAX_REFUSALS: u32 = 3;
/// How often in a row a connection may end, or fall silent, at one message before the rest goes on without it. More than
/// refusals: it may be the network.
const MAX_BREAKS: u32 = 6;

/// What is remembered from a fetch that failed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trouble {
    /// The last fetch failed: one message at a time, so that only the cause fails again.
    pub(super) careful: bool,
    /// The message at which fetching failed last.
    pub(super) stuck: Option<Stuck>,
}

/// A message that was asked for alone, and did not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stuck {
    uid_validity: u32,
    uid: u32,
    refusals: u32,
    breaks: u32,
}

/// The next messages after `cursor`, oldest first. When this fails or is abandoned, `trouble` has what the next call needs.
pub(super) async fn fetch(
    connection: &mut Connection,
    settings: &Settings,
    source: &str,
    cursor: Option<&Cursor>,
    budget: u64,
    trouble: &mut Trouble,
) -> Result<Batch, SourceError> {
    let careful = std::mem::replace(&mut trouble.careful, true);
    let next = connection.uid_next.take();
    let after = match cursor {
        Some(Cursor::Imap { uid_validity, uid }) if *uid_validity == connection.uid_validity => {
            // RFC 3501 2.3.1.1 forbids it. What gets the number of a message that was read would never be read.
            if next.is_some_and(|next| next <= *uid) {
                return Err(SourceError::Server(format!(
                    "{} numbers messages of `{}` as others were numbered before (was it put back from a backup?): have it \
                     give the mailbox a new UIDVALIDITY",
                    connection.host(),
                    settings.mailbox
                )));
            }
            *uid
        }
        Some(Cursor::Imap { .. }) => {
            warn!(source, "the mailbox was rebuilt (new UIDVALIDITY): reading it from the start");
            0
        }
        _ => 0,
    };
    let mut job = Job { connection, settings, source, careful, trouble };
    job.list(after).await?;
    let mut batch = Batch { messages: Vec::new(), cursor: None };
    let mut left = budget;
    while let Some(group) = job.next_group(left, batch.messages.is_empty()) {
        let Some(last) = group.last().map(|listed| listed.uid) else { break };
        let messages = job.bodies(&group).await?;
        left = left.saturating_sub(messages.iter().map(|message| message.bytes.len() as u64).sum());
        batch.messages.extend(messages);
        batch.cursor = Some(Cursor::Imap { uid_validity: job.connection.uid_validity, uid: last });
        if careful && !batch.messages.is_empty() {
            break;
        }
    }
    job.trouble.careful = false;
    Ok(batch)
}

struct Job<'a> {
    connection: &'a mut Connection,
    settings: &'a Settings,
    source: &'a str,
    /// One message at a time.
    careful: bool,
    trouble: &'a mut Trouble,
}

impl Job<'_> {
    /// Makes sure that everything after `after` is listed.
    async fn list(&mut self, after: u32) -> Result<(), SourceError> {
        self.connection.listed.retain(|listed| listed.uid > after);
        if !self.connection.listed.is_empty() {
            return Ok(());
        }
        // Lets the server tell of mail that came meanwhile.
        self.run("NOOP", Allowance::SMALL, |_| {}).await?;
        self.connection.fresh = false;
        // Some servers refuse a range in an empty mailbox; after the last UID there is nothing.
        let Some(from) = after.checked_add(1).filter(|_| self.connection.exists > 0) else {
            return Ok(());
        };
        let mut listed = BTreeMap::new();
        let command = format!("UID FETCH {from}:* (UID RFC822.SIZE INTERNALDATE)");
        self.run(&command, LISTING, |response| {
            // `*` is the last message even when that one is older.
            if let Some(found) = entry(response).filter(|found| found.uid > after) {
                listed.insert(found.uid, found);
            }
        })
        .await?;
        self.connection.listed = listed.into_values().collect();
        Ok(())
    }

    /// The next messages to be fetched with one command; `None` when the budget is used up or nothing is left.
    fn next_group(&mut self, budget: u64, first: bool) -> Option<Vec<Listed>> {
        let most = if self.careful { 1 } else { MAX_GROUP };
        take_group(&mut self.connection.listed, self.settings.message_size, budget, most, first)
    }

    /// The messages of a group. One that does not come, however often it is asked for, must not hold up the others: it is
    /// recorded without content, so that a person sees it.
    async fn bodies(&mut self, group: &[Listed]) -> Result<Vec<RawMessage>, SourceError> {
        let [listed] = group else { return self.ask(group).await.map_err(|failure| self.error(failure)) };
        let Stuck { refusals, breaks, .. } = self.stuck_at(listed);
        if refusals >= MAX_REFUSALS || breaks >= MAX_BREAKS {
            return Ok(vec![self.without_content(listed)]);
        }
        // Counted before, since this call may be abandoned.
        self.note(listed, refusals, breaks + 1);
        let failure = match self.ask(group).await {
            Ok(messages) => {
                self.trouble.stuck = None;
                return Ok(messages);
            }
            Err(failure) => failure,
        };
        if matches!(failure, Failure::Refused { .. } | Failure::Broken(SourceError::Server(_))) {
            self.note(listed, refusals + 1, breaks);
        }
        match failure {
            Failure::Refused { .. } if refusals + 1 >= MAX_REFUSALS => Ok(vec![self.without_content(listed)]),
            failure => Err(self.error(failure)),
        }
    }

    async fn ask(&mut self, group: &[Listed]) -> Result<Vec<RawMessage>, Failure> {
        let limit = self.settings.message_size;
        let too_large = group.first().is_some_and(|listed| listed.size > limit);
        let (section, most) = if too_large { ("HEADER", MAX_HEADER) } else { ("", limit.saturating_add(1)) };
        let uids = group.iter().map(|listed| listed.uid.to_string()).collect::<Vec<_>>().join(",");
        // The range makes the limit hold whatever size the server claimed.
        let command = format!("UID FETCH {uids} (UID BODY.PEEK[{section}]<0.{most}>)");
        let claimed: u64 = group.iter().map(|listed| listed.size.min(most)).sum();
        let total = claimed.saturating_add(most).saturating_add(1 << 20);
        let mut found = BTreeMap::new();
        let run = self.connection.run(&command, Allowance { literal: most, total }, |response| {
            if let Some((uid, bytes)) = body(response) {
                found.insert(uid, bytes);
            }
        });
        run.await?;
        // What was listed and does not come must not be passed over. Somebody may have removed it: then it is not listed
        // again on the next connection.
        let message = |listed: &Listed| Some(self.message(listed, found.remove(&listed.uid)?, too_large));
        group.iter().map(message).collect::<Option<Vec<_>>>().ok_or_else(|| {
            Failure::Broken(SourceError::Server(format!(
                "{} left out a message of `{}` that it had listed",
                self.connection.host(),
                self.settings.mailbox
            )))
        })
    }

    /// What is known of failures at this message.
    fn stuck_at(&self, listed: &Listed) -> Stuck {
        let fresh = Stuck { uid_validity: self.connection.uid_validity, uid: listed.uid, refusals: 0, breaks: 0 };
        let same = |stuck: &Stuck| (stuck.uid_validity, stuck.uid) == (fresh.uid_validity, fresh.uid);
        self.trouble.stuck.filter(same).unwrap_or(fresh)
    }

    fn note(&mut self, listed: &Listed, refusals: u32, breaks: u32) {
        self.trouble.stuck = Some(Stuck { refusals, breaks, ..self.stuck_at(listed) });
    }

    fn without_content(&self, listed: &Listed) -> RawMessage {
        warn!(
            source = self.source,
            uid = listed.uid,
            "the server does not give a message: going on without its content"
        );
        self.message(listed, Vec::new(), true)
    }

    fn message(&self, listed: &Listed, mut bytes: Vec<u8>, truncated: bool) -> RawMessage {
        let over = bytes.len() as u64 > self.settings.message_size;
        if over && !truncated {
            bytes.truncate(header_end(&bytes));
        }
        let whole = bytes.len() as u64;
        let size = if truncated || over { listed.size.max(whole + 1) } else { whole };
        RawMessage {
            origin: Origin::Imap {
                source: self.source.to_owned(),
                mailbox: self.settings.mailbox.clone(),
                uid_validity: self.connection.uid_validity,
                uid: listed.uid,
            },
            received: listed.received.unwrap_or_else(OffsetDateTime::now_utc),
            size,
            bytes,
        }
    }

    async fn run(
        &mut self,
        command: &str,
        allowance: Allowance,
        on: impl FnMut(&Response<'_>) + Send,
    ) -> Result<(), SourceError> {
        let run = self.connection.run(command, allowance, on).await;
        run.map_err(|failure| self.error(failure))
    }

    fn error(&self, failure: Failure) -> SourceError {
        failure.into_error(self.connection.host(), &format!("reading `{}`", self.settings.mailbox))
    }
}

/// Takes messages off the front: as many as fit into the budget (one at least, if it is the `first`), and only one if
/// that one is over the size limit.
fn take_group(listed: &mut VecDeque<Listed>, limit: u64, budget: u64, most: usize, first: bool) -> Option<Vec<Listed>> {
    let (mut group, mut left) = (Vec::new(), budget);
    while let Some(next) = listed.front() {
        let too_large = next.size > limit;
        let cost = if too_large { MAX_HEADER.min(limit) } else { next.size };
        let forced = first && group.is_empty();
        if group.len() >= most || (cost > left && !forced) || (too_large && !group.is_empty()) {
            break;
        }
        left = left.saturating_sub(cost);
        group.extend(listed.pop_front());
        if too_large {
            break;
        }
    }
    (!group.is_empty()).then_some(group)
}

fn entry(response: &Response<'_>) -> Option<Listed> {
    let Response::Fetch(_, attributes) = response else { return None };
    let (mut uid, mut size, mut received) = (None, u64::MAX, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(number) => uid = Some(*number),
            AttributeValue::Rfc822Size(number) => size = u64::from(*number),
            AttributeValue::InternalDate(date) => received = internal_date(date),
            _ => {}
        }
    }
    Some(Listed { uid: uid?, size, received })
}

/// `None` for responses without a body: changed flags, told unasked. A body of NIL is an empty one.
fn body(response: &Response<'_>) -> Option<(u32, Vec<u8>)> {
    let Response::Fetch(_, attributes) = response else { return None };
    let uid = attributes.iter().find_map(|a| if let AttributeValue::Uid(uid) = a { Some(*uid) } else { None })?;
    let bytes = attributes.iter().find_map(|a| match a {
        AttributeValue::BodySection { data, .. } => Some(data.as_deref().unwrap_or_default().to_vec()),
        _ => None,
    })?;
    Some((uid, bytes))
}

/// RFC 9051 `date-time`, such as ` 7-Feb-1994 21:52:25 -0800`.
fn internal_date(text: &str) -> Option<OffsetDateTime> {
    const FORMAT: &[BorrowedFormatItem<'_>] = format_description!(
        "[day padding:none]-[month repr:short case_sensitive:false]-[year] [hour]:[minute]:[second] [offset_hour sign:mandatory][offset_minute]"
    );
    OffsetDateTime::parse(text.trim_start(), FORMAT).ok()
}

/// The end of the header section, its empty line included; nothing of a message that has no end of it.
fn header_end(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn reads_internal_dates() {
        let cases = [
            ("17-Jul-1996 02:44:25 -0700", Some(datetime!(1996-07-17 02:44:25 -7))),
            (" 7-Feb-1994 21:52:25 +0530", Some(datetime!(1994-02-07 21:52:25 +5:30))),
            ("07-Feb-1994 21:52:25 +0000", Some(datetime!(1994-02-07 21:52:25 UTC))),
            ("17-Jul-1996", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(internal_date(text), expected, "{text:?}");
        }
    }

    #[test]
    fn groups_keep_to_the_budget_and_never_stop_at_nothing() {
        // (sizes, budget, most, first) -> UIDs taken, with a size limit of 100
        type Case = (&'static [u64], u64, usize, bool, &'static [u32]);
        let cases: [Case; 8] = [
            (&[10, 10, 10], 25, 9, true, &[1, 2]),
            (&[50, 10], 25, 9, true, &[1]),
            (&[50, 10], 25, 9, false, &[]),
            (&[10, 10, 10], 99, 2, true, &[1, 2]),
            (&[10, 500, 10], 999, 9, true, &[1]),
            (&[500, 10], 999, 9, true, &[1]),
            (&[500, 10], 1, 9, true, &[1]),
            (&[], 99, 9, true, &[]),
        ];
        for (sizes, budget, most, first, expected) in cases {
            let mut listed: VecDeque<Listed> =
                (1..).zip(sizes).map(|(uid, size)| Listed { uid, size: *size, received: None }).collect();
            let group = take_group(&mut listed, 100, budget, most, first).unwrap_or_default();
            let uids: Vec<u32> = group.iter().map(|l| l.uid).collect();
            assert_eq!((uids.as_slice(), listed.len()), (expected, sizes.len() - expected.len()), "{sizes:?} {budget}");
        }
    }
}
