-- How messages ended: each row's hash covers the hash before it. Nothing is ever changed or removed here. A message that a person
-- sends on its way again has a row for each outcome.
CREATE TABLE outcomes (
    number BIGINT PRIMARY KEY,
    message BIGINT NOT NULL,
    -- As they stand in the message's row.
    digest BYTEA NOT NULL,
    origin TEXT NOT NULL,
    outcome TEXT NOT NULL,
    at BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
