#[path = "../../../tests/support/markdown.rs"]
mod markdown;

pub(in crate::advisory) use self::markdown::acts;
use super::neutralise;

const HOSTILE: &[&str] = &[
    "@octocat",
    "hi @org/team,",
    "a@b.example",
    "#123",
    "open-telemetry/x#7",
    "GH-12",
    "GHSA-4625-4j76-fww9",
    "CVE-2026-1234",
    "![x](http://e.example/p.png)",
    "![x][y]",
    "[y]: http://e.example",
    "[text](http://e.example)",
    "<img src=x onerror=y>",
    "<!-- x -->",
    "-->",
    "<details>",
    "</details>",
    "<http://e.example>",
    "https://e.example/a_b?c=d#e",
    "www.e.example",
    "mailto:a@b.example",
    "# Heading",
    "## Status",
    "Title\n===",
    "Title\n---",
    "---",
    "***",
    "| a | b |\n| --- | --- |\n| c | d |",
    "a | b\n--|--\nc | d",
    "```",
    "````",
    "~~~",
    "```mermaid",
    "`",
    "``",
    "`` a ` b ``",
    "`@octocat`",
    "\\",
    "\\\\",
    "\\`",
    "&#64;octocat",
    "&commat;octocat",
    "* item",
    "- [ ] task",
    "1. one",
    "10) ten",
    "+ plus",
    "> quote",
    "> [!NOTE]",
    "**bold**",
    "__x__",
    "~~gone~~",
    "$x$",
    "$$",
    "[^1]",
    "[^1]: note",
    "    indented",
    "\tindented",
    "  two",
    "",
    "\n\n",
    "deadbeef1",
    "0123456789abcdef0123456789abcdef01234567",
    "a@0123456789abcdef",
    "\u{202e}evil\u{200b}",
    "＠octocat",
    "(@octocat)",
    "_@octocat_",
    "*@octocat*",
    "javascript:alert(1)",
    "plain words",
    "word:",
    "C# .NET",
    "x<y>z",
    "ftp://e.example/x",
    "é中文",
    "\u{3000}- item",
    "a\n:--",
    "a\n:-:",
    "| a |\n| - |",
    "|a|\n|-|",
    "a\r# b",
    "a\u{2028}# b",
    "a\u{85}> b",
    "a\u{b}- b",
    "@\u{200b}octocat",
    "@\u{2060}org/team",
    "@",
    "octocat",
    "&",
    "#64;octocat",
    "#",
    "1",
    "> @octocat",
    ">> ![x](y)",
    ">\t# x",
    "> ```\n> x\n> ```",
    "> ---",
    "> a\n> ===",
    "> | a |\n> | - |",
    ">",
    "-- ",
    "--",
    "```suggestion",
    "``` {.mermaid}",
    "~~~ Mermaid",
    "```geojson\n{}\n```",
    "$`x`$",
    "``$$``",
    "[[wiki]]",
    "[[wiki|x]]",
    "^[inline note]",
    "term\n\n: meaning",
    "||spoiler||",
    "__under__",
    ":octocat:",
    "std::vec::Vec",
    "defaced",
    "deadbeefcafe",
    "xmpp:a@b.example",
    "HTTPS://E.EXAMPLE",
    "www.",
    "e.example/@octocat",
    "\\@octocat",
    "\\\\@octocat",
    "<a@b.example>",
    "<a href='http://e.example'>x</a>",
    "<?x?>",
    "<![CDATA[x]]>",
    "<!DOCTYPE x>",
    "</p",
    "[x]: <http://e.example> 'y'",
    "![](\"",
    "](http://e.example)",
    "[![a](b)](c)",
    "at @octocat(x)\nat @octocat(y)",
    "goroutine 1 [x]:\n\t@octocat",
    "diff --git @octocat\n+@octocat #1",
    "| @octocat | #1 |\n| --- | --- |\n| ``` | <b> |",
    "<details>\n<summary>",
    "- a\n\n      # b",
    "1. a\n\n       @octocat",
    "* * *",
    "- - -",
    "_ _ _",
    "=====",
    "#hashtag",
    "owner/name@deadbeef1",
    "\u{1b}]8;;http://e.example\u{7}x",
];

#[test]
fn nothing_from_a_mail_acts() {
    for text in HOSTILE {
        let markdown = neutralise(text);
        assert!(acts(&markdown).is_empty(), "{text:?} became {markdown:?}: {:?}", acts(&markdown));
    }
    // Mixtures, from a fixed seed, with every kind of separator.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |most: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % most as u64).unwrap()
    };
    for _ in 0..2_000 {
        let mut text = String::new();
        for _ in 0..1 + next(8) {
            text.push_str(HOSTILE[next(HOSTILE.len())]);
            text.push_str(["", " ", "\n", "\n\n", "\r\n", "\t"][next(6)]);
        }
        let markdown = neutralise(&text);
        assert!(acts(&markdown).is_empty(), "{text:?} became {markdown:?}: {:?}", acts(&markdown));
    }
}

#[test]
fn the_parser_that_judges_sees_what_acts() {
    for text in [
        "@octocat",
        "#1",
        "![x](y)",
        "<b>x</b>",
        "# x",
        "https://e.example",
        "| a |\n| --- |",
        "GH-1",
        "$x$",
        "deadbeef1",
        ":octocat:",
        "    code",
        "> [!NOTE]\n> x",
        "[^1]\n\n[^1]: x",
        "- x",
    ] {
        assert!(!acts(text).is_empty(), "{text:?}");
    }
}

#[test]
fn text_stays_readable() {
    let cases = [
        ("plain words, a (remark) - and CVE-2026-1234.", "plain words, a (remark) - and CVE-2026-1234."),
        ("see https://e.example/x_y.", "see `https://e.example/x_y`."),
        ("ask @octocat, please", "ask `@octocat`, please"),
        ("one\ntwo", "one\\\ntwo"),
        ("use `snake_case` here", "use `snake_case` here"),
        ("snake_case *x*", "snake_case \\*x\\*"),
        ("Code:\n\n    a <b> `c`\n      d\n\nend", "Code:\n\n```\na <b> `c`\n  d\n```\n\nend"),
        ("```go\nx := \"```\"\n```", "````go\nx := \"```\"\n````"),
        ("```\nnever closed", "```\nnever closed\n```"),
        ("a high-level, though-out view", "a high-level, though-out view"),
        ("> quoted\n> *again*\n>> deeper\nmine", "> quoted\\\n> \\*again\\*\\\n> &gt; deeper\n\nmine"),
        ("Bye\n-- \nErin\nLabs", "Bye\n\n> \\--\\\n> Erin\\\n> Labs"),
        (
            "| a | b |\n| --- | --- |\n| long cell | `x` |\nend",
            "```\n| a         | b   |\n| --------- | --- |\n| long cell | `x` |\n```\n\nend",
        ),
        ("It says:\npanic: boom\nmain.f(0xc0)\n\nBye", "It says:\n\n```\npanic: boom\nmain.f(0xc0)\n```\n\nBye"),
        ("--- a/x\n+++ b/x\n-old\n+new\n", "```diff\n--- a/x\n+++ b/x\n-old\n+new\n```"),
        ("- a\n  - b\n    - c", "\\- a\\\n&nbsp;&nbsp;\\- b\\\n&nbsp;&nbsp;&nbsp;&nbsp;\\- c"),
        ("a\u{200b}b \u{202e}x", "ab \u{fffd}x"),
        ("use std::io::Read", "use `std::io::Read`"),
    ];
    for (text, expected) in cases {
        assert_eq!(neutralise(text), expected);
    }
}

/// Time and room grow with the text and no faster, whatever it is made of.
#[test]
fn long_texts_take_linear_time() {
    for piece in [
        "`",
        "`` a ",
        "> x\n",
        "| a |\n",
        "at x(y)\n z\n",
        "@a ",
        "\\",
        "    x\n\n",
        "```\n",
        "- x\n",
        "-- \n",
        "a:b:",
        "_",
        "diff --git \n",
    ] {
        let text = piece.repeat((1 << 18) / piece.len());
        let begun = std::time::Instant::now();
        let markdown = neutralise(&text);
        assert!(markdown.len() < 24 * text.len() && begun.elapsed().as_secs() < 20, "{piece:?}: {:?}", begun.elapsed());
    }
}
