use super::html_text;

fn check(cases: &[(&str, &str)]) {
    for (html, expected) in cases {
        assert_eq!(html_text(html), *expected, "{html:?}");
    }
}

#[test]
fn lines_and_blocks() {
    check(&[
        ("", ""),
        ("plain", "plain"),
        ("<p>one\ntwo</p>", "one two"),
        ("one<br>two", "one\ntwo"),
        ("one<br/><br>two", "one\n\ntwo"),
        ("one<br><br><br><br>two", "one\n\ntwo"),
        ("<p>one</p>\n<p>two</p>", "one\n\ntwo"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("<div>one</div><div>two</div><div><br></div><div>three<br></div>four", "one\ntwo\n\nthree\nfour"),
        ("a <b>bold</b>, <i>slanted</i>  \n word", "a bold, slanted word"),
        ("a&nbsp;b &lt;tag&gt; &amp;amp; &#x40;", "a b <tag> &amp; @"),
        ("<h1>Title</h1>text<h3>Small</h3>more", "# Title\n\ntext\n\n### Small\n\nmore"),
        ("<h1></h1>text", "text"),
        ("one<hr>two", "one\n---\ntwo"),
        ("ÄÖ<div>Ü\nß</div>", "ÄÖ\nÜ ß"),
        ("10<sup>-5</sup> <del>old</del> <s>gone</s>", "10^-5 ~~old~~ ~~gone~~"),
        ("a < b && c > d", "a < b && c > d"),
        ("<!-- no --><head><title>no</title><style>p{}</style></head><script>no()</script>yes", "yes"),
        ("<template>no</template><iframe>no</iframe><xml:x>yes</xml:x>", "yes"),
        ("<div>never closed <b>bold", "never closed bold"),
        ("</div></p></table></b>text", "text"),
        ("<p", ""),
    ]);
}

#[test]
fn mail_programs() {
    check(&[
        // Outlook: a paragraph a line.
        (
            "<p class=MsoNormal>Hello,<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>bye</p>",
            "Hello,\n\nbye",
        ),
        (
            "<p style=\"margin: 0px\">one</p><p style=\"margin: 0px\">two</p><p style=\"margin: 0px; min-height: 14px\"><br></p><p>x</p>",
            "one\ntwo\n\nx",
        ),
        // Gmail's answer.
        (
            "<div dir=ltr>yes<br></div><br><div class=gmail_quote><div class=gmail_attr>On Mon, E wrote:<br></div>\
             <blockquote class=gmail_quote style=\"border-left:1px solid\"><div>one<br>two</div><blockquote>old</blockquote></blockquote></div>",
            "yes\n\nOn Mon, E wrote:\n\n> one\n> two\n>\n> > old",
        ),
        // An indent, and no quote.
        ("<blockquote style=\"margin:0 0 0 40px;border:none;padding:0\">in</blockquote>", "in"),
        ("<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc"),
        // Thunderbird's plain text.
        ("<pre class=\"moz-quote-pre\" wrap=\"\">one\ntwo</pre>", "one\ntwo"),
        ("<pre class=\"k9mail\">one\n\n two</pre>", "one\n\n two"),
    ]);
}

#[test]
fn lists() {
    check(&[
        ("<ul><li>a</li><li>b</li></ul>c", "- a\n- b\n\nc"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
        ("<ol start=7><li>a</ol>", "7. a"),
        ("<ul><li>a<ul><li>b<ol><li>c</ol></ul><li>d</ul>", "- a\n  - b\n   1. c\n- d"),
        ("<ul><li><p>a</p><p>b</p></li></ul>", "- a\n\n  b"),
        ("<ul><li></li><li>b</ul>", "- b"),
        ("<dl><dt>term<dd>meaning</dl>", "term\nmeaning"),
    ]);
}

#[test]
fn code() {
    check(&[
        ("<PRE>one\r\n  two\n</PRE>three\nfour", "```\none\n  two\n```\n\nthree four"),
        ("<pre>a\n\nb</pre>", "```\na\n\nb\n```"),
        ("<pre><code class=\"language-go\">x := 1\n</code></pre>", "```go\nx := 1\n```"),
        ("<div class=x><pre lang=rust>fn<br>main</pre></div>", "```rust\nfn\nmain\n```"),
        ("<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````"),
        ("<pre>never\nclosed", "```\nnever\nclosed\n```"),
        ("use <code>a &lt; b</code> and <tt> x </tt>.", "use `a < b` and `x` ."),
        ("<p><code>first</code> word<p>x<blockquote><code>q</code></blockquote>", "`first` word\n\nx\n\n> `q`"),
        ("<ul><li><code>x</code> y</ul>", "- `x` y"),
        ("<code>a`b</code>", "a`b"),
        ("<code>one<br>two</code>", "one\ntwo"),
        ("<pre></pre>x", "x"),
        ("<blockquote><pre>a\nb</pre></blockquote>", "> ```\n> a\n> b\n> ```"),
    ]);
}

#[test]
fn links_show_their_targets() {
    check(&[
        ("<a href=\"https://e.example/x\">the text</a>.", "the text <https://e.example/x>."),
        ("<a href=\"https://e.example/\">https://e.example</a>", "https://e.example"),
        ("<a href=\"https://evil.example\">https://github.com</a>", "https://github.com <https://evil.example>"),
        ("<a href=\"mailto:a@b.example\">a@b.example</a>", "a@b.example"),
        ("<a href=\"mailto:a@b.example?bcc=x@y\">a@b.example</a>", "a@b.example <mailto:a@b.example?bcc=x@y>"),
        ("<a href=\"https://e.example\"><img src=x></a>", "<https://e.example>"),
        ("<a href=\"https://e.example\"><img alt=Logo></a>", "[image: Logo] <https://e.example>"),
        ("<a href=\"#part\">part</a> <a name=x>y</a>", "part y"),
        ("<a href=\" java\nscript:x>y z \">t</a>", "t <javascript:x%3Ey%20z>"),
        (
            "<a href=\"https://a.example\">one<a href=\"https://b.example\">two",
            "one <https://a.example>two <https://b.example>",
        ),
        ("<a href=a href=b>x</a>", "x <a>"),
        ("<p><a href=\"https://e.example\">https://e.example</a></p>", "https://e.example"),
        ("<pre><a href=\"https://e.example\">x</a></pre>", "```\nx <https://e.example>\n```"),
    ]);
}

#[test]
fn images_are_their_descriptions() {
    check(&[
        ("<img alt=\"a  graph\" src=\"https://e.example/track\">", "[image: a graph]"),
        ("<img src=\"https://e.example/track\" width=1>x", "x"),
        ("<img src=\"cid:1\">", "[image]"),
        ("<svg><text>word</text></svg>", "word"),
    ]);
}

#[test]
fn tables() {
    check(&[
        (
            "<table><tr><th>Version</th><th>Affected</th></tr><tr><td>1.0</td><td>yes | no</td></tr></table>end",
            "| Version | Affected |\n| --- | --- |\n| 1.0 | yes \\| no |\n\nend",
        ),
        ("x<table><tbody><tr><td>a<td>b<tr><td>c</table>", "x\n\n| a | b |\n| --- | --- |\n| c |  |"),
        ("<table><tr><td>only one cell</td></tr></table>", "only one cell"),
        ("<table><tr><td>one<br>two</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "one\ntwo\nb\nc\nd"),
        ("<table role=presentation><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a\nb\nc\nd"),
        (
            "<table><tr><td><table><tr><td>a<td>b<tr><td>c<td>d</table></td></tr></table>z",
            "| a | b |\n| --- | --- |\n| c | d |\nz",
        ),
        (
            "<blockquote><table><tr><td>a<td>b<tr><td>c<td>d</table></blockquote>",
            "> | a | b |\n> | --- | --- |\n> | c | d |",
        ),
        ("<table><tr><td>a</td>", "a"),
        ("<td>stray<td>cells", "stray\ncells"),
        ("<table>text<tr><td>cell</table>after", "text\ncell\nafter"),
    ]);
    let deep = format!("{}x{}y", "<table><tr><td>".repeat(300), "</td></tr></table>".repeat(300));
    assert_eq!(html_text(&deep), "x\ny");
    let order = format!("{}<td>1<table><tr><td>2</table>3", "<table><tr>".repeat(6));
    assert_eq!(html_text(&order), "1\n2\n3");
}

#[test]
fn what_a_reader_does_not_see_is_left_out_and_marked() {
    check(&[
        ("a<div style=\"display:none\">no <b>no</b></div>b", "a [hidden text left out] b"),
        (
            "a <span style=\"visibility:hidden\">no<i style=\"visibility:visible\">yes</i></span>",
            "a [hidden text left out] yes",
        ),
        ("<div style=\"font-size:0\">no<span style=\"font-size:14px\">yes</span></div>", "[hidden text left out] yes"),
        ("<div style=\"font-size:0\"> <span style=\"font-size:14px\">yes</span></div>", "yes"),
        ("<p hidden>no</p>yes", "[hidden text left out] yes"),
        ("<p hidden>&nbsp;&zwnj;</p>yes", "yes"),
        ("<p style=\"display:none\">no<p>yes", "[hidden text left out]\n\nyes"),
        ("<style>.x{display:none}</style><b class=\"a x\">no</b>yes", "[hidden text left out] yes"),
        ("<ul><li hidden>no<li>yes</ul>", "  [hidden text left out]\n- yes"),
        ("<noscript>no</noscript>yes", "yes"),
        (
            "<div style=\"display:none\"><table><tr><td></div>no</td></tr></table></div>yes",
            "[hidden text left out]\nyes",
        ),
        (
            "<table><tr><td>a<td>b<tr style=\"display:none\"><td>no<td>no<tr><td>c<td>d</table>",
            "| a | b |\n| --- | --- |\n| [hidden text left out] |  |\n| c | d |",
        ),
        ("<a hidden href=x>no</a><img alt=no hidden>yes", "[hidden text left out] yes"),
    ]);
}

#[test]
fn armor_keeps_its_lines() {
    let armor = ["-----BEGIN PGP MESSAGE-----", "", "hF4D", "=abcd", "-----END PGP MESSAGE-----"];
    let plain = armor.join("\n");
    let line = |line: &str| if line.is_empty() { "&nbsp;".to_owned() } else { line.to_owned() };
    let each = |open: &str, close: &str| armor.map(|text| format!("{open}{}{close}", line(text))).join("\n");
    let shapes = [
        format!("<pre>{plain}</pre>"),
        format!("<pre><code>{plain}</code></pre>"),
        format!("<pre class=\"k9mail\">{plain}\n</pre>"),
        each("", "<br>"),
        each("<div>", "</div>"),
        each("<div><span style=\"font-family:Courier\">", "</span><br></div>"),
        each("<p class=MsoNormal>", "<o:p></o:p></p>"),
        format!("<table><tr><td>{}</td></tr></table>", each("", "<br>")),
    ];
    for html in shapes {
        assert_eq!(html_text(&html), plain, "{html}");
    }
}

/// What cost most of the pieces would cost quadratic time: nesting, stray ends, attributes, wide tables.
#[test]
fn any_input_takes_linear_time_and_little_more_room_than_it_has() {
    let size = 1 << 16;
    for piece in [
        "<div>",
        "</b>",
        "<p>",
        "<p><table>",
        "<table><tr><td>",
        "<table><td>a",
        "<blockquote>a<br>",
        "<ul><li>a",
        "<a href=x>y",
        "<b hidden>x</b>",
        "<pre>\n",
        "<td>a",
        "<tr><td>a",
        "<code>x",
        "<b style='display:none'>",
        "&nbsp; ",
        "<style>a{",
        "<x y=z ",
        "<h6>a",
        "<hr>",
        "<svg/>",
        "<!--",
        "<![CDATA[",
        "a\u{a0}",
        "<s>",
        "<li>a",
        "<style>.a,.b{display:none}</style><b class=a>",
    ] {
        for start in ["", "<div>", "<b x>"] {
            let html = format!("{}{}", start.repeat(990), piece.repeat(size / piece.len()));
            let begun = std::time::Instant::now();
            let text = html_text(&html);
            assert!(text.len() <= 3 * html.len(), "{piece}: {} of {}", text.len(), html.len());
            assert!(begun.elapsed().as_secs() < 20, "{piece}: {:?}", begun.elapsed());
        }
    }
}
