-- What was filed within the last hour, or may have been: each message counts once for each repository. The row without a message
-- is there when the team was told of a flood, and says when something was put off last since.
CREATE TABLE filings (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    message BIGINT REFERENCES messages (id),
    repository TEXT,
    UNIQUE (message, repository),
    CHECK ((message IS NULL) = (repository IS NULL))
);
CREATE INDEX filings_at ON filings (at);
