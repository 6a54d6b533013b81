//! The outside of the gateway and its store, as small as the protocol allows: a mailbox, a table of messages, an outbox,
//! GitHub, and what a mail server has handed on.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use advisory_intake::case::{Filing, Folder, State};
use advisory_intake::model::{Others, Outcome};

/// A message, by its place in the mailbox.
pub type Number = usize;

/// What a message turns out to be once it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mail {
    Private,
    /// What does not fit into a description goes on in a comment.
    Long,
    /// A report of what is public already.
    Public,
    /// An addition to an advisory.
    FollowUp,
    /// It cannot be opened.
    Shut,
    /// The same bytes as the first message.
    Copy,
    /// A private report that concerns a second repository, where each gets an advisory.
    Several,
}

/// Everything there is at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// Where each message of the mailbox lies; `None` is where it came.
    pub folders: Vec<Option<Folder>>,
    /// Messages that were read, as the store has it.
    pub cursor: usize,
    pub rows: Vec<Option<Row>>,
    pub outbox: BTreeMap<Key, Queued>,
    pub github: GitHub,
    /// How many copies of a mail the mail server took over; more than two are not told apart.
    pub delivered: BTreeMap<Key, u8>,
    pub gateways: Vec<Gateway>,
    /// How much may still go wrong.
    pub faults: u8,
}

/// A message in the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    pub state: Waits,
    /// Somebody has it in hand, as far as the store knows.
    pub claimed: bool,
    /// Its time has not come, because an earlier request may still be on its way.
    pub settling: bool,
    pub died: u8,
    pub age: Age,
}

/// How long the present state has been tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Age {
    Fresh,
    /// Long enough for the team to be told.
    Late,
    /// Too long.
    Spent,
}

/// A state of the real machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits(pub Arc<State>);

impl Hash for Waits {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // What tells the states of these models apart; the texts in them are always the same.
        self.0.name().hash(hasher);
        matches!(&*self.0, State::Answer { refused: Some(_), .. }).hash(hasher);
        if let State::Answer { others, .. } = &*self.0 {
            hash_others(others, hasher);
        }
        match &*self.0 {
            State::Opening { .. } => {}
            State::UrgentAlert { filing } | State::Filing { filing } | State::FilingCheck { filing } => {
                hash_filing(filing, hasher);
            }
            State::LateAlert { filing, why, begun } => {
                hash_filing(filing, hasher);
                (why, begun).hash(hasher);
            }
            State::Completing { advisory, refused, others } => {
                (advisory.repository.as_str(), refused.is_some()).hash(hasher);
                hash_others(others, hasher);
            }
            State::Answer { outcome, .. } | State::Move { outcome } | State::Nothing { outcome } => match outcome {
                Outcome::Filed(advisory) => advisory.repository.as_str().hash(hasher),
                Outcome::Held(reason) => reason.hash(hasher),
                Outcome::Ignored(reason) => reason.hash(hasher),
                Outcome::Commented { .. } => 1.hash(hasher),
                Outcome::Answered => 2.hash(hasher),
            },
        }
    }
}

fn hash_filing<H: Hasher>(filing: &Filing, hasher: &mut H) {
    filing.destination.as_str().hash(hasher);
    (filing.refused.is_some(), filing.comment_on.is_some(), filing.urgent, filing.told).hash(hasher);
    hash_others(&filing.others, hasher);
}

fn hash_others<H: Hasher>(others: &Others, hasher: &mut H) {
    others.first.as_ref().map(|first| first.repository.as_str()).hash(hasher);
    (others.left.len(), others.filed.len(), others.refused.len()).hash(hasher);
}

/// A mail, by what makes its Message-ID: whose it is and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub message: Number,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum What {
    Urgent,
    /// That it cannot be filed for now.
    Late,
    Alert,
    /// A reply that says that something was filed.
    FiledReply,
    Reply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Queued {
    Waiting,
    Sent,
}

/// The advisories of three repositories: where a report belongs, another that it concerns, and the one for the rest.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct GitHub {
    /// What carries a message's marker, how often, and where.
    pub kept: BTreeMap<(Number, Place), u8>,
    /// Requests that were sent and have not come to their end.
    pub on_the_way: BTreeSet<(Number, Place)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    Right,
    Fallback,
    /// Another repository that the report concerns.
    Second,
    /// A comment on an advisory.
    Comment,
    /// The rest of a long report, as a comment on its advisory.
    Rest,
}

impl GitHub {
    pub fn keep(&mut self, request: (Number, Place)) {
        *self.kept.entry(request).or_default() += 1;
    }

    pub fn has(&self, request: (Number, Place)) -> bool {
        self.kept.contains_key(&request)
    }

    /// How often a message was filed as its case's advisory, or added.
    pub fn count(&self, message: Number) -> u8 {
        let besides = |at: &Place| matches!(at, Place::Rest | Place::Second);
        self.kept.iter().filter(|((of, at), _)| *of == message && !besides(at)).map(|(_, count)| count).sum()
    }

    /// How often a message was filed in the other repository that it concerns.
    pub fn seconds(&self, message: Number) -> u8 {
        self.kept.get(&(message, Place::Second)).copied().unwrap_or_default()
    }

    /// Whether anything of a message is there, wherever.
    pub fn has_any(&self, message: Number) -> bool {
        self.kept.keys().any(|(of, _)| *of == message)
    }

    /// How often the rest of a message was added.
    pub fn rests(&self, message: Number) -> u8 {
        self.kept.get(&(message, Place::Rest)).copied().unwrap_or_default()
    }
}

/// A gateway between two of its steps. All of it is gone when the gateway dies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Gateway {
    Idle,
    /// Read from the mailbox up to here, and not in the store yet.
    Fetched {
        upto: usize,
        cursor_saved: bool,
    },
    Works(Hand),
    /// A mail was offered, and what came of it is not in the store yet.
    Sending {
        mail: Key,
        taken: bool,
        recorded: bool,
    },
}

/// A message in a gateway's hand, as it was when it was claimed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hand {
    pub message: Number,
    pub state: Waits,
    pub died: u8,
    pub age: Age,
    /// Nobody else has claimed or moved the message since.
    pub current: bool,
    pub phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The effect has not begun.
    Before,
    /// The attempt to file is in the store, the request is not sent.
    Begun,
    /// The request is sent.
    Asked,
    /// The effect is over, and its result is not in the store yet.
    After(Result),
    /// The step is in the store and its mails are not (only where that guard is broken).
    MailsLeft(Vec<Key>),
}

/// What came of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Result {
    Duplicate,
    Assessed,
    WorkerDied,
    Composed,
    Filed,
    /// The rest of it is there.
    Completed,
    NotFound,
    Unknown,
    Later,
    Refused,
    Moved,
}

impl World {
    pub fn new(mails: &[Mail], gateways: usize, faults: u8) -> Self {
        World {
            folders: vec![None; mails.len()],
            cursor: 0,
            rows: vec![None; mails.len()],
            outbox: BTreeMap::new(),
            github: GitHub::default(),
            delivered: BTreeMap::new(),
            gateways: vec![Gateway::Idle; gateways],
            faults,
        }
    }

    /// Gateways are all alike: of the worlds that differ only in which is which, one is looked at.
    pub fn ordered(mut self) -> Self {
        self.gateways.sort_by_cached_key(|gateway| {
            let mut hasher = std::hash::DefaultHasher::new();
            gateway.hash(&mut hasher);
            hasher.finish()
        });
        self
    }

    /// Whether a gateway that lives has this message, as the store knows it.
    pub fn is_in_hand(&self, message: Number) -> bool {
        let has =
            |gateway: &Gateway| matches!(gateway, Gateway::Works(hand) if hand.message == message && hand.current);
        self.gateways.iter().any(has)
    }

    /// Whoever has this message in hand does not count any more.
    pub fn outdate(&mut self, message: Number) {
        for gateway in &mut self.gateways {
            match gateway {
                Gateway::Works(hand) if hand.message == message => hand.current = false,
                _ => {}
            }
        }
    }

    /// Whether a request about this message may still be sent or arrive.
    pub fn is_in_the_air(&self, message: Number) -> bool {
        let asks = |gateway: &Gateway| {
            matches!(gateway, Gateway::Works(hand) if hand.message == message
                && matches!(hand.phase, Phase::Begun | Phase::Asked))
        };
        self.github.on_the_way.iter().any(|(of, _)| *of == message) || self.gateways.iter().any(asks)
    }

    pub fn is_queued(&self, message: Number, what: What) -> bool {
        self.outbox.contains_key(&Key { message, what })
    }
}
