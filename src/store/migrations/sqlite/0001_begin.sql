-- Times are microseconds since 1970-01-01 UTC. Types that the program defines stand as JSON.

CREATE TABLE cases (
    id TEXT PRIMARY KEY NOT NULL,
    prefix TEXT NOT NULL,
    year INTEGER NOT NULL,
    number INTEGER NOT NULL,
    marker TEXT NOT NULL UNIQUE,
    opened INTEGER NOT NULL,
    advisory TEXT,
    reporter TEXT,
    UNIQUE (prefix, year, number)
) STRICT;

CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Who brought it, and can move it.
    source TEXT NOT NULL,
    -- Where it lies. The key is null for what came through a pipe: it lies nowhere.
    origin TEXT NOT NULL,
    origin_key TEXT UNIQUE,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    received INTEGER NOT NULL,
    recorded INTEGER NOT NULL,
    marker TEXT NOT NULL UNIQUE,
    duplicate_of INTEGER REFERENCES messages (id),
    state TEXT NOT NULL,
    -- Who works on this state: open, file, settle/SOURCE; null when nothing waits.
    lane TEXT,
    urgency INTEGER NOT NULL,
    held INTEGER NOT NULL,
    since INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    died INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    claimed_until INTEGER,
    case_id TEXT REFERENCES cases (id),
    assessment TEXT
) STRICT;

-- Only what waits is in it, so finished messages cost a claim nothing.
CREATE INDEX messages_waiting ON messages (lane, urgency, due, id) WHERE lane IS NOT NULL;
CREATE INDEX messages_held ON messages (id) WHERE held = 1;
CREATE INDEX messages_digest ON messages (digest);
CREATE INDEX messages_case ON messages (case_id) WHERE case_id IS NOT NULL;

-- Apart from the rest, because they go when the work is done.
CREATE TABLE raws (
    message INTEGER PRIMARY KEY NOT NULL REFERENCES messages (id),
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE mail_ids (
    mail_id TEXT PRIMARY KEY NOT NULL,
    case_id TEXT NOT NULL REFERENCES cases (id),
    -- What our own mail was; null for a reporter's.
    kind TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER REFERENCES messages (id),
    case_id TEXT REFERENCES cases (id),
    kind TEXT NOT NULL,
    urgency INTEGER NOT NULL,
    mail_id TEXT NOT NULL UNIQUE,
    envelope_from TEXT,
    envelope_to TEXT NOT NULL,
    -- The address in lower case, for counting what one mailbox gets.
    mailbox TEXT NOT NULL,
    -- Deleted once the mail server has it.
    bytes BLOB,
    queued INTEGER NOT NULL,
    due INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    claimed_until INTEGER,
    status TEXT NOT NULL CHECK (status IN ('waiting', 'sent', 'failed')),
    last_word TEXT NOT NULL
) STRICT;

CREATE INDEX outbox_waiting ON outbox (urgency, due, id) WHERE status = 'waiting';
CREATE INDEX outbox_replies ON outbox (mailbox, queued) WHERE kind = 'reply';
CREATE INDEX outbox_message ON outbox (message);

CREATE TABLE steps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL REFERENCES messages (id),
    at INTEGER NOT NULL,
    what TEXT NOT NULL
) STRICT;

CREATE INDEX steps_message ON steps (message);

CREATE TABLE cursors (
    source TEXT PRIMARY KEY NOT NULL,
    cursor TEXT NOT NULL
) STRICT, WITHOUT ROWID;
