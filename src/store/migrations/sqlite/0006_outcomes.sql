-- How messages ended: each row's hash covers the hash before it. Nothing is ever changed or removed here. A message that a person
-- sends on its way again has a row for each outcome.
CREATE TABLE outcomes (
    number INTEGER PRIMARY KEY NOT NULL,
    message INTEGER NOT NULL,
    -- As they stand in the message's row.
    digest BLOB NOT NULL,
    origin TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
