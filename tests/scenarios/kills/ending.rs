//! What must have become of all that was delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::round::{COLLECTOR, Round, name, text};
use crate::support::daemon::PATIENCE;
use crate::support::pgpmime;

impl Round {
    /// Lets the gateway finish, and holds everything to what was promised.
    pub fn finish(mut self) {
        self.flood(false);
        self.world.gateway.start();
        let begun = Instant::now();
        while let Some(missing) = self.missing() {
            self.world.gateway.assert_alive();
            assert!(begun.elapsed() < PATIENCE * 2 + Duration::from_secs(self.delivered as u64), "{missing}");
            std::thread::sleep(Duration::from_millis(500));
        }
        let world = &self.world;
        let folders = ["Processed", "Held", "Ignored"].map(|folder| world.folder(folder).len());
        assert_eq!((folders.iter().sum::<usize>(), world.folder("INBOX").len()), (self.delivered, 0), "{folders:?}");
        let advisories = self.advisories();
        for number in self.reports.keys() {
            let found = advisories.iter().filter(|text| text.contains(&format!("TOKEN-{number}-END"))).count();
            assert_eq!(found, 1, "advisories of report {number}\n{}", self.told(&format!("report-{number}@")));
        }
        assert_eq!(advisories.len(), self.reports.len());
        let comments = self.comments();
        assert_eq!(comments.iter().collect::<BTreeSet<_>>().len(), comments.len(), "comments that are there twice");
        for number in &self.follow_ups {
            let found = comments.iter().filter(|text| text.contains(&format!("MORE-{number}-END"))).count();
            assert_eq!(found, 1, "comments of follow-up {number}\n{}", self.told(&format!("more-{number}@")));
        }
        for (number, lines) in &self.long {
            let is_it = |advisory: &&Value| text(advisory).contains(&format!("TOKEN-{number}-END"));
            let all = world.github.advisories(COLLECTOR);
            let advisory = all.iter().find(is_it).unwrap();
            let rest = world.github.comments(COLLECTOR, advisory["ghsa_id"].as_str().unwrap());
            let found = [vec![text(advisory)], rest].concat().concat().matches("the receiver reads frame").count();
            assert_eq!(found, *lines, "lines of report {number}");
        }
        for (id, (mailbox, answers)) in &self.answered {
            let ids = self.replies(id, mailbox);
            assert_eq!(ids.len(), *answers, "replies to {id}: all copies of one carry one Message-ID");
        }
        let outcomes = self.mails();
        assert_eq!(world.github.complaints(), Vec::<String>::new());
        assert!(world.gateway.run(&["case", "verify"]).status.success());
        eprintln!(
            "{} messages, {} advisories, {outcomes:?}, the rest within {:.0} s",
            self.delivered,
            advisories.len(),
            begun.elapsed().as_secs_f64()
        );
        assert_eq!(self.world.gateway.stop(), Some(0));
    }

    /// What has not come to its end.
    fn missing(&self) -> Option<String> {
        let listed = self.listed();
        let (ended, open): (Vec<&Value>, Vec<&Value>) =
            listed.iter().partition(|message| message["state"]["waits-for"] == "nothing");
        if ended.len() < self.delivered {
            return Some(format!("{} of {} ended; not yet: {open:#?}", ended.len(), self.delivered));
        }
        let unanswered =
            self.answered.iter().find(|(id, (mailbox, answers))| self.replies(id, mailbox).len() < *answers);
        if let Some((id, _)) = unanswered {
            return Some(format!("a reply to {id}\n{}", self.told(id)));
        }
        let untold = listed.iter().find(|message| !self.untold(message).is_empty());
        untold.map(|message| format!("mails {:?}\n{}", self.untold(message), self.show(message)))
    }

    /// The mails of a message that are not where they belong.
    fn untold(&self, message: &Value) -> Vec<Value> {
        let shown = self.world.gateway.run(&["case", "show", &name(message), "--format", "json"]).stdout;
        let shown: Value = serde_json::from_slice(&shown).unwrap();
        let mails = shown["history"]["mails"].as_array().unwrap().clone();
        mails.into_iter().filter(|mail| !mail["status"].as_str().unwrap().starts_with("sent")).collect()
    }

    /// Holds the mails of every message to what was sent; returns how messages ended, and how many.
    fn mails(&self) -> BTreeMap<String, usize> {
        let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
        let mut boxes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for message in self.listed() {
            let outcome = &message["state"]["outcome"];
            let outcome = outcome.as_str().unwrap_or_else(|| outcome.as_object().unwrap().keys().next().unwrap());
            *outcomes.entry(outcome.to_owned()).or_default() += 1;
            let shown = self.world.gateway.run(&["case", "show", &name(&message), "--format", "json"]).stdout;
            let shown: Value = serde_json::from_slice(&shown).unwrap();
            let mut team = BTreeSet::new();
            for mail in shown["history"]["mails"].as_array().unwrap() {
                let (to, id) = (mail["to"].as_str().unwrap(), mail["message_id"].as_str().unwrap());
                let mailbox = to.split('@').next().unwrap();
                let ids = boxes.entry(mailbox.to_owned()).or_insert_with(|| {
                    let all = self.world.inbox(mailbox);
                    all.iter().map(|raw| pgpmime::open_outer(raw).header("Message-ID").to_owned()).collect()
                });
                assert!(ids.iter().any(|known| known.contains(id)), "{id} is not with {to}\n{}", self.show(&message));
                if mail["kind"].as_str().unwrap().ends_with("alert") {
                    team.insert(mailbox.to_owned());
                }
            }
            let concerns_the_team = matches!(outcome, "filed" | "commented" | "held");
            let all = ["lena", "petra", "samir"].map(str::to_owned).into();
            assert!(!concerns_the_team || team == all, "{team:?} heard of it\n{}", self.show(&message));
        }
        outcomes
    }

    /// Everything that the gateway knows about the message with this Message-ID.
    fn told(&self, id: &str) -> String {
        let is_it = |message: &&Value| message["assessment"].to_string().contains(&format!("\"{id}"));
        self.listed().iter().filter(is_it).map(|message| self.show(message)).collect()
    }

    pub(super) fn show(&self, message: &Value) -> String {
        String::from_utf8(self.world.gateway.run(&["case", "show", &name(message)]).stdout).unwrap()
    }

    fn comments(&self) -> Vec<String> {
        let github = &self.world.github;
        let all = github.advisories(COLLECTOR).into_iter();
        all.flat_map(|advisory| github.comments(COLLECTOR, advisory["ghsa_id"].as_str().unwrap())).collect()
    }

    /// The Message-IDs of what `mailbox` got in answer to `id`.
    fn replies(&self, id: &str, mailbox: &str) -> BTreeSet<String> {
        let replies = self.world.inbox(mailbox);
        let replies = replies.iter().map(|raw| pgpmime::open_outer(raw));
        replies
            .filter(|reply| reply.header("In-Reply-To").contains(id))
            .map(|reply| reply.header("Message-ID").to_owned())
            .collect()
    }
}
