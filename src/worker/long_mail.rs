//! Mail as long as it may be, made of what costs each stage most.

use std::path::Path;
use std::time::Instant;

use time::OffsetDateTime;
use time::macros::datetime;

use super::Desk;
use super::confinement::most_held;
use crate::advisory::neutralise;
use crate::model::{
    Action, ComposeOrder, DraftOrder, Known, Limits, Marker, MessageId, Origin, Others, RawMessage, WorkerSettings,
};
use crate::openpgp::Keyring;

const NOW: OffsetDateTime = datetime!(2026-12-01 12:00 UTC);
const MIB: usize = 1 << 20;

/// What a mail costs besides its length: the keys, and the 256 KiB of text that are judged word by word.
const BASE: usize = 28 * MIB;

/// What is tried each time the tests run. `LONG_MAIL=32` tries everything instead, in mails of so many MiB, and prints what
/// each stage takes.
const WORST: &[(&str, &str)] = &[
    ("plain", "x\n"),
    ("plain", "| a |\n| - |\n| a very long cell that makes every other one wide, indeed |\n\u{1}|b\n"),
    ("flowed", "x \n"),
    ("html", "<table><tr>\u{1}<td>x"),
    ("sealed", "x\n"),
];

/// Makes a mail of about so many bytes out of a piece that is repeated. What stands before a `\u{1}` in it comes once, and
/// `%d` is a number that grows.
type Make = fn(&str, usize) -> Vec<u8>;

const KINDS: &[(&str, Make, &[&str])] = &[
    ("plain", plain, TEXTS),
    ("latin", latin, &["\u{e9}", "\u{a0}x\n"]),
    ("flowed", flowed, &["x \n", "> x \n", ">>>>> \n", "-- \n", "x", " \n"]),
    ("base64", base64, &["eAp4\n", "e", "eAo=", "    "]),
    ("quoted-printable", quoted_printable, &["=78=0A", "=\n", "=3D", "x=20\n"]),
    ("html", html, HTMLS),
    ("alternative", alternative, &["x\n", "a%d b%d ", "<p>"]),
    ("parts", parts, &["x\n"]),
    ("header", header, &["X: y\n", "Received: x\n", "X:\n y\n"]),
    ("one field", field, &["x ", "=?utf-8?q?a?= ", "a@b.example, ", "<a@b> ", "\n x"]),
    ("sealed", sealed, &["x\n", "x", "<p>"]),
];

#[test]
fn a_long_mail_takes_no_more_than_four_times_its_length() {
    let all = std::env::var("LONG_MAIL").ok().map(|size| size.parse::<usize>().unwrap());
    let size = all.unwrap_or(2) * MIB;
    let desk = Desk::open(settings(size), NOW).unwrap();
    for (kind, make, pieces) in KINDS {
        for piece in *pieces {
            if all.is_none() && !WORST.contains(&(*kind, *piece)) {
                continue;
            }
            let bytes = make(piece, size);
            let message = RawMessage { origin: Origin::Pipe, received: NOW, size: bytes.len() as u64, bytes };
            for (stage, work) in STAGES.iter().filter(|(stage, _)| all.is_some() || *stage == "draft") {
                let begun = Instant::now();
                let ((), held) = most_held(|| work(&desk, &message));
                let held = held + message.bytes.len();
                if all.is_some() {
                    println!("{:>5} ms {:>4} MiB {stage} {kind} {piece:?}", begun.elapsed().as_millis(), held / MIB);
                }
                assert!(held < 4 * size + BASE, "{held} bytes to {stage} {kind} {piece:?}");
            }
        }
    }
}

#[test]
fn text_is_made_harmless_without_a_copy_of_it_in_pieces() {
    for piece in TEXTS {
        let text = repeated(piece, MIB / 16);
        let (markdown, held) = most_held(|| neutralise(&text));
        // The result while it grows, and the text when characters of it have to go.
        let most = 3 * markdown.len() + 2 * text.len() + MIB;
        assert!(held < most, "{held} bytes for {} of {piece:?}", markdown.len());
    }
}

type Stage = fn(&Desk, &RawMessage);

const STAGES: &[(&str, Stage)] = &[("assess", assess), ("draft", draft), ("compose", compose)];

fn assess(desk: &Desk, message: &RawMessage) {
    desk.assess(message, &Known::default(), NOW);
}

/// Judged as another mail was, since judging is a stage of its own.
fn draft(desk: &Desk, message: &RawMessage) {
    let judged = desk.assess(&short(), &Known::default(), NOW).assessment;
    let order = DraftOrder {
        case: "OTEL-SEC-2026-0001".parse().unwrap(),
        destination: "open-telemetry/sig-security".parse().unwrap(),
        verdict: judged.verdict,
        facts: judged.facts,
        marker: Marker::from_random([7; 16]),
        refused: None,
        comment: false,
        same_ciphertext: Vec::new(),
        others: Others::default(),
        online: None,
    };
    desk.draft(message, &Known::default(), &order, NOW);
}

fn compose(desk: &Desk, message: &RawMessage) {
    let order = ComposeOrder {
        message: MessageId::new(1),
        case: Some("OTEL-SEC-2026-0001".parse().unwrap()),
        assessment: Some(desk.assess(&short(), &Known::default(), NOW).assessment),
        outcome: None,
        actions: vec![Action::Alert, Action::Acknowledge],
        refused: None,
        others: Others::default(),
        opened_late: false,
        notes: vec![],
        nonce: 1,
        now: NOW,
        received: NOW,
    };
    assert!(!desk.compose(Some(message), &Known::default(), &order).unwrap().is_empty());
}

fn short() -> RawMessage {
    let bytes = mail("Content-Type: text/plain", "The receiver crashes.");
    RawMessage { origin: Origin::Pipe, received: NOW, size: bytes.len() as u64, bytes }
}

fn settings(size: usize) -> WorkerSettings {
    let fixture = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keys").join(name);
    let most = (size + MIB) as u64;
    WorkerSettings {
        limits: Limits { message_size: most, decrypted_size: most, ..Limits::default() },
        secret_keys: vec![fixture("intake.sec.asc")],
        team_certificates: vec![fixture("team/lena.asc")],
        ..super::tests::settings()
    }
}

fn repeated(piece: &str, size: usize) -> String {
    let (once, piece) = piece.split_once('\u{1}').unwrap_or(("", piece));
    let mut text = String::with_capacity(size + piece.len());
    text.push_str(once);
    let mut count = 0;
    while text.len() < size {
        match piece.contains("%d") {
            true => text.push_str(&piece.replace("%d", &count.to_string())),
            false => text.push_str(piece),
        }
        count += 1;
    }
    text
}

const HEAD: &str = "From: Mira <mira@halden-labs.example>\nSubject: Crash in the collector\nMIME-Version: 1.0\n";

fn mail(fields: &str, body: &str) -> Vec<u8> {
    [HEAD, fields, "\n\n", body].concat().into_bytes()
}

fn plain(piece: &str, size: usize) -> Vec<u8> {
    mail("Content-Type: text/plain; charset=utf-8", &repeated(piece, size))
}

fn latin(piece: &str, size: usize) -> Vec<u8> {
    let text = repeated(piece, size);
    let mut bytes = mail("Content-Type: text/plain; charset=iso-8859-1", "");
    bytes.extend(text.chars().map(|c| c as u8));
    bytes
}

fn flowed(piece: &str, size: usize) -> Vec<u8> {
    mail("Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes", &repeated(piece, size))
}

fn base64(piece: &str, size: usize) -> Vec<u8> {
    mail("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", &repeated(piece, size))
}

fn quoted_printable(piece: &str, size: usize) -> Vec<u8> {
    mail("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", &repeated(piece, size))
}

fn html(piece: &str, size: usize) -> Vec<u8> {
    mail("Content-Type: text/html; charset=utf-8", &repeated(piece, size))
}

fn alternative(piece: &str, size: usize) -> Vec<u8> {
    let text = repeated(piece, size / 2);
    let body = format!(
        "--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n--b\nContent-Type: text/html; charset=utf-8\n\n{text}z y w v u t s r q p o n\n--b--\n"
    );
    mail("Content-Type: multipart/alternative; boundary=b", &body)
}

fn parts(piece: &str, size: usize) -> Vec<u8> {
    let text = repeated(piece, size / 400);
    let part = format!("--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n");
    mail("Content-Type: multipart/mixed; boundary=b", &(part.repeat(400) + "--b--\n"))
}

fn header(piece: &str, size: usize) -> Vec<u8> {
    mail(&repeated(piece, size), "x")
}

fn field(piece: &str, size: usize) -> Vec<u8> {
    let each = repeated(piece, size / 4);
    mail(&format!("To: {each}\nX-Original-From: {each}\nReferences: {each}\nComments: {each}"), "x")
}

/// With a ciphertext of that length.
fn sealed(piece: &str, size: usize) -> Vec<u8> {
    let kind = if piece.starts_with('<') { "html" } else { "plain" };
    let text = format!("Content-Type: text/{kind}; charset=utf-8\n\n{}", repeated(piece, size / 10 * 7));
    let keyring = Keyring::load(&settings(0), NOW).unwrap();
    let armored = keyring.seal(text.as_bytes(), &[keyring.own_certificate().unwrap()], NOW).unwrap();
    let body = format!(
        "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\n{armored}\n--b--\n"
    );
    mail("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b", &body)
}

const TEXTS: &[&str] = &[
    "x\n",
    "\n",
    "x",
    " ",
    "x ",
    "\t",
    "> x\n",
    ">\n",
    ">",
    "> > x\n",
    "| a |\n| - |\n\u{1}| b |\n",
    "| a |\n| - |\n\u{1}|\n|b\n",
    "| a |\n| - |\n\u{1}|b|",
    "| a |\n| - |\n| a very long cell that makes every other one wide, indeed |\n\u{1}|b\n",
    "`",
    "`a`",
    "`` a ` ",
    "```\n",
    "```\n\u{1}x\n",
    "~~~\n`\n",
    "<",
    "&",
    "@a ",
    "@a\n",
    "#1 ",
    "https://e.example/x ",
    ":a:",
    "a:b:c",
    "deadbeef1\n",
    "    x\n",
    "    x\n\n",
    "\tx\ny\n",
    "- x\n",
    "at x(y)\n z\n",
    "at x(y)\n",
    "goroutine 1 [x]:\n",
    "diff --git \n",
    "diff --git a b\n\u{1}+x\n",
    "-- \n",
    "HTTP/1.1\nX: y\n\n",
    "\u{200b}",
    "\u{202e}",
    "\u{4e2d}",
    "\r",
    "\0",
    "x\0",
    ". ",
    "3. ",
    ", ",
    "CVE-2026-1234\n",
    "go.opentelemetry.io/collector v0.1.0\n",
    "2026-12-24 disclose. ",
    "begin 644 a\n",
    "begin 644 a\n!   \nend\n",
    "-----BEGIN PGP MESSAGE-----\n",
    "-----BEGIN PGP MESSAGE-----\n\n\u{1}hF4D\n",
    "-----BEGIN PGP SIGNED MESSAGE-----\n",
    "-----BEGIN PGP SIGNED MESSAGE-----\n\n\u{1}- x\n",
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\n",
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n-----END PGP PRIVATE KEY BLOCK-----\n",
    "> -----BEGIN PGP MESSAGE-----\n",
    "From: a@b.example\nSubject: x\n\n",
    "---------- Forwarded message ---------\n",
    "--x\n",
];

const HTMLS: &[&str] = &[
    "x",
    "x\n",
    "<",
    "<p>",
    "<p>x",
    "<p>x</p>",
    "<b>",
    "<b>x</b>",
    "<br>",
    "<hr>",
    "<li>x",
    "<ul><li>",
    "<ol>\u{1}<li>",
    "<blockquote>",
    "<blockquote>x</blockquote>",
    "<table>",
    "<table><tr><td>x",
    "<table><tr>\u{1}<td>x",
    "<table>\u{1}<tr><td>x",
    "<table>\u{1}<tr>",
    "<td>x",
    "<pre>",
    "<pre>\u{1}x\n",
    "<pre>x</pre>",
    "<!-- ",
    "<!-- x -->",
    "<!--\u{1}x",
    "&amp;",
    "&#65;",
    "&",
    "<a href=x>y</a>",
    "<a href='\u{1}x",
    "<a \u{1}b ",
    "<a \u{1}b=c ",
    "<img alt='x y'>",
    "<img alt='\u{1}x ",
    "<style>.a{display:none}</style>",
    "<style>\u{1}.a{display:none}",
    "<style>\u{1}.a,",
    "<style>.b{display:none}</style>\u{1}<p class='a b'>x",
    "<p style='display:none'>x</p>",
    "<p style='\u{1}a:b;",
    "<script>\u{1}x",
    "</p>",
    "<h1>x",
    "<code>x</code>",
    "<s>",
    "<sup>x",
    "\u{a0}",
    "<div><div><div>",
    "<x\u{1}y",
    "</\u{1}x",
    "<textarea>\u{1}<p>",
    "<p hidden>x",
];
