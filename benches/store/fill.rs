//! Finished cases by the hundred thousand: copies of the rows of a first one, which went through the store itself, with numbers,
//! digests, addresses and ids of their own. The chain of outcomes is left out: a store that is opened without one makes it.

use std::path::Path;

use advisory_intake::store::PostgresSettings;
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};

/// Cases that are copied at one time, so that rows lie as they would when messages come one after the other.
const CHUNK: u32 = 10_000;
/// As many as the store keeps.
const CERTIFICATES: u32 = 10_000;

/// What the databases say differently.
struct Words {
    /// 32 random bytes, and 32 random hexadecimal digits.
    bytes: &'static str,
    digits: &'static str,
    /// After all rows.
    end: &'static str,
}

pub async fn sqlite(path: &Path, cases: u32) {
    let options = SqliteConnectOptions::new().filename(path).journal_mode(SqliteJournalMode::Wal);
    let mut connection = options.synchronous(SqliteSynchronous::Off).foreign_keys(false).connect().await.unwrap();
    let words = Words { bytes: "randomblob(32)", digits: "lower(hex(randomblob(16)))", end: "" };
    fill(&mut connection, &words, cases).await;
    connection.close().await.unwrap();
}

pub async fn postgres(settings: &PostgresSettings, cases: u32) {
    let options: PgConnectOptions = settings.url.as_str().parse().unwrap();
    let options = options.password(settings.password.as_ref().unwrap().expose_secret());
    let mut connection = options.connect().await.unwrap();
    let words = Words {
        bytes: "sha256(random()::text::bytea)",
        digits: "md5(random()::text)",
        // Messages were numbered by hand; a server that has been at work for long has looked at its tables.
        end: "SELECT setval(pg_get_serial_sequence('messages', 'id'), (SELECT MAX(id) FROM messages)); VACUUM; ANALYZE;",
    };
    fill(&mut connection, &words, cases).await;
    connection.close().await.unwrap();
}

async fn fill<C: Connection>(connection: &mut C, words: &Words, cases: u32)
where
    for<'e> &'e mut C: Executor<'e>,
{
    // Below, the numbers of cases would need zeros in front.
    let mut from = 1_001;
    while from <= cases {
        let to = cases.min(from + CHUNK - 1);
        run(connection, &chunk(words, from, to)).await;
        from = to + 1;
    }
    let last = cases.min(CERTIFICATES);
    run(
        connection,
        &format!(
            "{} INSERT INTO certificates (mailbox, domain, address, fingerprint, bytes, learned_from, voucher, first_seen,
                                          last_seen, revoked)
             SELECT 'reporter@site' || n || '.example', 'site' || n || '.example', 'reporter@site' || n || '.example', upper({} || '00000000'), bytes,
                    learned_from, voucher, first_seen - n, last_seen - n, revoked
             FROM numbers, certificates WHERE certificates.mailbox = 'reporter@site1.example'",
            numbers(1_001, last),
            words.digits
        ),
    )
    .await;
    run(connection, "DELETE FROM outcomes").await;
    for statement in words.end.split_inclusive(';') {
        run(connection, statement).await;
    }
}

async fn run<C: Connection>(connection: &mut C, sql: &str)
where
    for<'e> &'e mut C: Executor<'e>,
{
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

fn numbers(from: u32, to: u32) -> String {
    format!("WITH RECURSIVE numbers(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM numbers WHERE n < {to})")
}

fn chunk(words: &Words, from: u32, to: u32) -> String {
    let (bytes, digits, numbers) = (words.bytes, words.digits, numbers(from, to));
    let case = "'OTEL-SEC-2026-' || n";
    let uid = "'\"uid\":1}', '\"uid\":' || n || '}'";
    let to_whom =
        |column: &str| format!("CASE WHEN kind = 'reply' THEN 'reporter@site' || n || '.example' ELSE {column} END");
    let (envelope_to, mailbox) = (to_whom("envelope_to"), to_whom("mailbox"));
    format!(
        "BEGIN;
         {numbers} INSERT INTO cases (id, prefix, year, number, marker, opened, advisory, reporter)
             SELECT {case}, prefix, year, n, 'intake-' || {digits}, opened, advisory, 'reporter@site' || n || '.example'
             FROM numbers, cases WHERE cases.number = 1;
         {numbers} INSERT INTO messages (id, source, origin, origin_key, digest, size, received, recorded, marker, state, lane,
                                         urgency, held, since, due, attempt, died, lost, turn, case_id, assessment, edition,
                                         was_shut)
             SELECT n, source, replace(origin, {uid}), replace(origin_key, {uid}), {bytes}, size, received, recorded,
                    'intake-' || {digits}, state, lane, urgency, held, since, due, attempt, died, lost, turn, {case},
                    assessment, edition, was_shut
             FROM numbers, messages WHERE messages.id = 1;
         {numbers} INSERT INTO outbox (message, case_id, kind, urgency, mail_id, envelope_from, envelope_to, mailbox, bytes, queued,
                                       due, attempt, status, last_word, proven)
             SELECT n, {case}, kind, urgency,
                    'otel-sec-2026-' || n || '.' || kind || '-' || substr({digits}, 1, 16) || '-' || id || '@otel.example',
                    envelope_from, {envelope_to}, {mailbox}, bytes, queued, due, attempt, status, last_word, proven
             FROM numbers, outbox WHERE outbox.message = 1;
         INSERT INTO mail_ids (mail_id, case_id, kind)
             SELECT mail_id, case_id, kind FROM outbox WHERE message >= {from} AND message <= {to};
         {numbers} INSERT INTO mail_ids (mail_id, case_id)
             SELECT {digits} || {digits} || '@example.org', {case} FROM numbers;
         {numbers} INSERT INTO steps (message, at, what)
             SELECT n, at, what FROM numbers, steps WHERE steps.message = 1;
         {numbers} INSERT INTO events (at, message, ending, kind)
             SELECT at, n, ending, kind FROM numbers, events WHERE events.message = 1;
         {numbers} INSERT INTO ciphertexts (digest, message)
             SELECT {bytes}, n FROM numbers, ciphertexts WHERE ciphertexts.message = 1;
         COMMIT;"
    )
}
