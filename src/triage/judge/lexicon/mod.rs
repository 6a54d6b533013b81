//! The words of the rules: which phrases express which concept, a file for each question.
//!
//! Phrases are in lower case, separated by `|` or a line's end; `*` ends a beginning. Each line is one language or group:
//! English first, then German, French, Spanish, Portuguese, Chinese and Japanese.

mod disclosure;
mod findings;
mod intent;

use std::borrow::Cow;

/// An idea that a clause can speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Concept {
    Negation,
    Future,
    /// Made known, or visible to anyone.
    Published,
    /// Made known beyond doubt, without naming where.
    OutInTheOpen,
    /// People who are neither the reporter nor the project.
    Somebody,
    /// To make known: verbs that need no place to be public when somebody else did it.
    Revealed,
    /// That a time of silence has ended.
    Over,
    /// A place where anyone reads.
    Venue,
    /// A place of the project where anyone reads.
    Tracker,
    /// Attacks that happen.
    Exploited,
    /// Wishes for, or promises of, secrecy.
    Secrecy,
    /// To tell somebody.
    Tell,
    /// That the project was not told or did not answer, which says nothing about who else knows.
    Unanswered,
    /// Standards, manuals, background articles.
    Background,
    /// Software of others.
    OtherSoftware,
    /// That there is a vulnerability, without saying which.
    Vulnerability,
    /// What is wrong.
    Weakness,
    /// What should be secret: everyday words, too.
    Sensitive,
    Availability,
    Attacker,
    Tested,
    Flaw,
    /// A client that was let in.
    Authenticated,
    /// The rights of who configures the thing.
    Operator,
    Configuration,
    /// To be able to change something.
    Editing,
    /// Somebody who was given no rights.
    Outsider,
    HowToReport,
    Policy,
    AskHelp,
    AskAffected,
    /// The paperwork in which people ask about known problems.
    Audit,
    KeyMaterial,
    Request,
    Expired,
    Bounty,
    Withheld,
    SiteHygiene,
    Marketing,
    /// What a mailbox or a domain belongs to, as deceptive notices call it.
    Account,
    /// A threat or an urge that such notices end in.
    Pressure,
    Absence,
    Several,
    Fix,
    Procedure,
}

/// Every phrase with what it expresses.
pub(super) fn phrases() -> impl Iterator<Item = (Concept, Cow<'static, str>)> {
    let tables = [disclosure::PHRASES, findings::PHRASES, intent::PHRASES];
    let listed = tables
        .into_iter()
        .flatten()
        .flat_map(|(concept, phrases)| split(phrases).map(move |phrase| (*concept, Cow::Borrowed(phrase))));
    let counted = findings::COUNTED.iter().flat_map(|(numbers, things)| {
        split(numbers).flat_map(move |number| split(things).map(move |thing| format!("{number} {thing}")))
    });
    listed.chain(counted.map(|phrase| (Concept::Several, Cow::Owned(phrase))))
}

fn split(phrases: &'static str) -> impl Iterator<Item = &'static str> {
    phrases.split(['|', '\n']).map(str::trim).filter(|phrase| !phrase.is_empty())
}
