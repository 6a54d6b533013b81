//! What a mailing list makes of a mail is the same message, and nothing else is.

use super::*;
use crate::model::{MessageFacts, identity, is_same};

const ID: &str = "Message-ID: <1@example.org>\n";
const LIST: &str = "List-Post: <mailto:security@lists.example>\nList-Unsubscribe: <https://lists.example/unsub>\n";
const FOOTER: &str = "\n\n-=-=-=-=-=-=-=-=-=-=-=-\nGroups.io Links: You receive all messages sent to this group.\n\
     View/Reply Online (#12): https://lists.example/g/security/message/12\n-=-=-=-=-=-=-=-=-=-=-=-\n";

#[test]
fn a_list_copy_is_the_same_message_and_nothing_else_is() {
    let people = People::new();
    let sealed = people.sealed(&people.erin, "secret finding");
    let (text, other) = ("The parser crashes\non a zero length.\n", "The parser crashes\non a length of one.\n");
    let direct = |body: &str| format!("From: erin@example.org\n{ID}Subject: crash\n\n{body}");
    let list = |from: &str, body: &str| {
        format!("From: {from}\nReply-To: erin@example.org\n{ID}{LIST}Subject: [security] crash\n\n{body}{FOOTER}")
    };
    let via = "Erin via list <security@lists.example>";
    let cases = [
        (direct(text), list("erin@example.org", text), true, "a footer"),
        (direct(text), list(via, text), true, "From put in by the list"),
        (direct(text), list(via, "The parser crashes on\na zero length.\n\n"), true, "other line ends"),
        (direct(&sealed), list(via, &sealed), true, "ciphertext in the text"),
        (direct(text), list(via, other), false, "another text"),
        (direct(text), list("mallory@example.org", text), false, "another author"),
        (direct(text), direct(text).replace("<1@", "<2@"), false, "another id"),
        (direct(text), direct(text).replace(ID, ""), false, "no id"),
        (direct(text).replace(ID, ""), direct(text).replace(ID, ""), false, "no id on both"),
        (direct(text), format!("Reply-To: mallory@example.org\n{}", direct(text)), false, "an answer elsewhere"),
        (direct(&sealed), direct(&people.sealed(&people.erin, "secret finding")), false, "other ciphertext"),
        (direct(&sealed), direct(&format!("{sealed}\n\nand a word\n")), false, "a word beside the ciphertext"),
    ];
    for (one, two, expected, what) in cases {
        let [one, two] = [one, two].map(|mail| MessageFacts::of(&people.open(&mail)));
        assert_eq!(is_same(&one, &two), expected, "{what}");
    }
    // Nothing that was decrypted goes into it, so that nobody can try guesses on it.
    let opened = people.open(&direct(&sealed));
    let mut emptied = opened.clone();
    emptied.parts.retain(|part| !part.protection.encrypted);
    assert!(emptied.parts.len() < opened.parts.len());
    assert_eq!(identity(&opened), identity(&emptied));
}
