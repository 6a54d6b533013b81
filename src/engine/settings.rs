use std::time::Duration;

use crate::case::{Backoff, Policy};
use crate::model::{Limits, Multi, Repository};

/// Most bytes of mail that are in memory between a mailbox and the store, unless one message has more: so what a backlog
/// takes does not depend on how long it is.
const BATCH: u64 = 4 << 20;
/// How long a look-up may take: adapters end theirs before.
const LOOK_UP: Duration = Duration::from_secs(30);

/// How the engine works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Beginning of the names of new cases.
    pub case_prefix: String,
    /// Where reports go that match no repository, or whose repository refuses.
    pub fallback: Repository,
    /// Where a report of several findings is filed.
    pub multi: Multi,
    /// Bytes of mail that one fetch may bring, or one message of any size.
    pub batch: u64,
    /// Messages that are opened or answered at one time: as many as there are workers.
    pub openers: usize,
    /// Filings at one time.
    pub filers: usize,
    /// Filings within an hour; `None`: any number.
    pub filings_per_hour: Option<u32>,
    /// Mails that are sent at one time.
    pub senders: usize,
    /// Replies that one address gets in 24 hours, for mail with a proven sender and for other mail each.
    pub replies_per_day: u32,
    /// The hour (0 to 23, UTC) at which [`super::Engine::run`] makes the daily digest; `None`: never.
    pub digest_hour: Option<u8>,
    /// Whether certificates that come by mail are kept and used.
    pub learn_certificates: bool,
    pub policy: Policy,
    /// Between attempts at one message or mail.
    pub backoff: Backoff,
    /// Least wait after an error that only a person can mend.
    pub setup_wait: Duration,
    /// How long a mail is offered to the server before it counts as failed.
    pub mail_patience: Duration,
    /// How often idle tasks look for what another process (a command) has changed in the store.
    pub look: Duration,
    /// How long the right to read a mailbox lasts: after this, a gateway that has died is replaced by another.
    pub turn: Duration,
    /// How far ahead [`super::Engine::drain`] and [`super::Engine::process`] wait for work that is not due yet.
    pub drain_patience: Duration,
    pub timeouts: Timeouts,
}

/// The longest that each effect may take, the adapters' own timeouts included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    pub fetch: Duration,
    /// Waiting for a worker included.
    pub open: Duration,
    pub file: Duration,
    pub send: Duration,
    pub settle: Duration,
}

impl Settings {
    /// The defaults for a gateway with these limits.
    pub fn new(case_prefix: String, fallback: Repository, limits: &Limits) -> Self {
        let seconds = Duration::from_secs;
        Settings {
            case_prefix,
            fallback,
            multi: Multi::default(),
            batch: limits.message_size.min(BATCH),
            openers: std::thread::available_parallelism().map_or(2, usize::from),
            filers: 4,
            filings_per_hour: None,
            senders: 2,
            replies_per_day: 4,
            digest_hour: None,
            learn_certificates: true,
            policy: Policy {
                poison_after: 2,
                lost_after: 5,
                give_up_after: seconds(24 * 3_600),
                tell_after: seconds(15 * 60),
                settle_time: seconds(90),
            },
            backoff: Backoff { first: seconds(5), ceiling: seconds(600) },
            setup_wait: seconds(60),
            mail_patience: seconds(5 * 24 * 3_600),
            look: seconds(5),
            turn: seconds(30),
            drain_patience: seconds(5),
            timeouts: Timeouts {
                fetch: seconds(300),
                // A worker may be busy with another message or two first.
                open: seconds(limits.seconds.saturating_mul(3).saturating_add(30)),
                file: seconds(60),
                send: seconds(90),
                settle: seconds(60),
            },
        }
    }

    /// How long a claim holds: longer than all that is done under one.
    pub(super) fn lease(&self) -> Duration {
        self.timeouts.open * 2 + LOOK_UP + self.timeouts.file + self.timeouts.settle
    }

    pub(super) fn mail_lease(&self) -> Duration {
        self.timeouts.send * 2
    }

    /// A lost attempt is looked for only after it must have ended.
    pub(super) fn sound(mut self) -> Self {
        self.policy.settle_time = self.policy.settle_time.max(self.timeouts.file * 3 / 2);
        self
    }
}
