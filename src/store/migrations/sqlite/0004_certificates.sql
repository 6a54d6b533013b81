-- Certificates that were learned from mail or from key directories: public parts only.
CREATE TABLE certificates (
    -- The address in lower case, and its domain.
    mailbox TEXT NOT NULL,
    domain TEXT NOT NULL,
    address TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    bytes BLOB NOT NULL,
    learned_from TEXT NOT NULL,
    -- What vouched for it, the strongest so far: 0 nothing, 1 DKIM, 2 the domain's directory, 3 an earlier certificate,
    -- 4 the operator.
    voucher INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    revoked INTEGER NOT NULL,
    PRIMARY KEY (mailbox, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE INDEX certificates_new ON certificates (domain, first_seen);
-- Which go first when there are too many.
CREATE INDEX certificates_weight ON certificates (voucher, last_seen);
