//! Every mail of the fixtures is drafted, and filed at GitHub's double, which holds each request to the API's description.

use std::fs;
use std::path::{Path, PathBuf};

use advisory_intake::advisory;
use advisory_intake::github::{Auth, GitHub, Settings};
use advisory_intake::model::{
    AdvisoryDraft, Draft, DraftOrder, FilingWay, Known, Marker, MessageFacts, Origin, Others, RawMessage, Repository,
    WorkerSettings,
};
use advisory_intake::openpgp::Keyring;
use advisory_intake::ports::Advisories;
use advisory_intake::triage::{self, Routing, Wording};
use advisory_intake::worker::open::open;
use time::OffsetDateTime;

use super::opening::{fixtures, settings};
use crate::support::github_double::GithubDouble;

/// Folders with mails, each with how many it has at least.
const FOLDERS: [(&str, usize); 5] =
    [("mail", 40), ("mail/shapes", 50), ("triage", 100), ("triage/unread", 50), ("triage/apart", 100)];

#[tokio::test]
async fn every_draft_is_a_request_that_the_description_allows() {
    let keys = fixtures().join("keys");
    // The key with a password is left out: unlocking takes seconds in a debug build.
    let settings = settings(vec![keys.join("intake.sec.asc"), keys.join("intake-2023.sec.asc")]);
    let now = OffsetDateTime::now_utc();
    let (keyring, routing) = (Keyring::load(&settings, now).unwrap(), Routing::built_in());
    let desk = Desk { settings: &settings, keyring: &keyring, routing: &routing, now };
    let double = GithubDouble::start();
    double.add_owner("open-telemetry");
    let ways = [FilingWay::Report, FilingWay::Draft].map(|way| {
        let auth = Auth::Token(double.token().into());
        GitHub::new(Settings { base_uri: double.uri().into(), ..Settings::new(auth, way) }).unwrap()
    });
    let (mut number, mut wrong) = (0_u128, Vec::new());
    for (folder, least) in FOLDERS {
        let mails = mails(&fixtures().join(folder));
        assert!(mails.len() >= least, "{folder} holds {} mails", mails.len());
        for mail in &mails {
            for (way, github) in ways.iter().enumerate() {
                number += 1;
                let (repository, draft) = desk.draft(mail, Marker::from_random(number.to_be_bytes()));
                let filed = match github.file(&repository, &draft).await {
                    Ok(filed) => github.complete(&filed, &draft).await.map(|()| filed),
                    Err(error) => Err(error),
                };
                let complaints = double.complaints();
                if filed.is_err() || !complaints.is_empty() {
                    wrong.push(format!("{} by way {way}: {filed:?} {complaints:?}", mail.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {number}:\n{}", wrong.len(), wrong.join("\n"));
    // Nothing was refused first and taken without a part of it.
    assert_eq!((double.count("report"), double.count("create")), (number as usize / 2, number as usize / 2));
}

fn mails(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut mails: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    mails.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
    mails.sort();
    mails
}

/// Stages 3 to 6, as a worker does them.
struct Desk<'a> {
    settings: &'a WorkerSettings,
    keyring: &'a Keyring,
    routing: &'a Routing,
    now: OffsetDateTime,
}

impl Desk<'_> {
    /// What would be filed if a person released the mail, whatever it is.
    fn draft(&self, mail: &Path, marker: Marker) -> (Repository, AdvisoryDraft) {
        let bytes = fs::read(mail).unwrap();
        let raw = RawMessage { origin: Origin::Pipe, received: self.now, size: bytes.len() as u64, bytes };
        let opened = open(&raw, self.keyring, self.settings, &Known::default(), self.now);
        let report = triage::extract(&opened, self.routing);
        let identity = &self.settings.identity;
        let verdict = triage::judge(&opened, &report, self.routing, Wording::built_in(), identity);
        let destination = verdict.destination.clone().unwrap_or_else(|| identity.fallback_repository.clone());
        let order = DraftOrder {
            case: "OTEL-SEC-2026-0001".parse().unwrap(),
            facts: MessageFacts::of(&opened),
            others: Others::of(&verdict.also, &destination),
            verdict,
            marker,
            destination: destination.clone(),
            refused: None,
            comment: false,
            same_ciphertext: Vec::new(),
            online: None,
        };
        match advisory::draft(&opened, &report, &order, identity, self.now) {
            Draft::Advisory(draft) => (destination, draft),
            Draft::Comment(_) => panic!("{} became a comment", mail.display()),
        }
    }
}
