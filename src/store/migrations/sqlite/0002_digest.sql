-- What a digest tells of, in the order in which it was committed: a message ended, or a mail was given up.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    message INTEGER REFERENCES messages (id),
    -- How the message ended, and what it was judged to be; the kind is null for what was never judged.
    ending TEXT,
    kind TEXT,
    -- The mail, and whether the server said never.
    mail INTEGER REFERENCES outbox (id),
    refused INTEGER,
    CHECK ((ending IS NULL) <> (mail IS NULL))
) STRICT;

CREATE TABLE digests (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    made INTEGER NOT NULL,
    -- Everything up to this event and this time was told by it or by an earlier one.
    through INTEGER NOT NULL,
    told INTEGER NOT NULL
) STRICT;
