-- Replies to mail that its sender was shown to have sent are counted apart from the others.
ALTER TABLE outbox ADD COLUMN proven INTEGER NOT NULL DEFAULT 0;

-- With which keys and version of the program the message was last looked into, as JSON; null where nobody knows.
ALTER TABLE messages ADD COLUMN edition TEXT;
-- Whether it was held once because it could not be opened.
ALTER TABLE messages ADD COLUMN was_shut INTEGER NOT NULL DEFAULT 0;

-- Which messages held which ciphertext, to recognise one that somebody sends again.
CREATE TABLE ciphertexts (
    digest BLOB NOT NULL,
    message INTEGER NOT NULL REFERENCES messages (id),
    PRIMARY KEY (digest, message)
) STRICT, WITHOUT ROWID;
