//! Mail that is made to hurt, too large or too dull to keep as files: each is written here when it is needed.

/// A mail and what it is.
pub type Named = (&'static str, Vec<u8>);

const HEAD: &str = "From: Mallory <mallory@evil.example>\r\nTo: security-intake@otel.example\r\n";

fn mail(fields: &str, body: &str) -> Vec<u8> {
    format!("{HEAD}{fields}\r\n\r\n{body}").into_bytes()
}

fn text(body: &str) -> Vec<u8> {
    mail("Subject: report\r\nContent-Type: text/plain; charset=utf-8", body)
}

fn html(body: &str) -> Vec<u8> {
    mail("Subject: report\r\nContent-Type: text/html; charset=utf-8", body)
}

/// `levels` multiparts, each in the one before.
fn nested_multiparts(levels: usize) -> Vec<u8> {
    let open = |level: usize| format!("--b{level}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n", level + 1);
    let inner: String = (0..levels).map(open).collect();
    mail("Subject: deep\r\nContent-Type: multipart/mixed; boundary=b0", &inner)
}

fn many_parts(count: usize) -> Vec<u8> {
    let part = "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n";
    mail("Subject: parts\r\nContent-Type: multipart/mixed; boundary=b", &part.repeat(count))
}

/// Ciphertext for nobody: `count` packets for hidden recipients (RFC 9580 5.1, X25519 in version 3) before some bytes.
fn many_recipients(count: usize) -> Vec<u8> {
    let recipient = [&[0xc1, 0x2c, 3, 0, 0, 0, 0, 0, 0, 0, 0, 18][..], &[0x01, 0x07, 0x40], &[7; 31], &[0]].concat();
    let mut packets = recipient.repeat(count);
    packets.extend([&[0xd2, 0x21, 1][..], &[9; 32]].concat());
    let fields = "Subject: many\r\nContent-Type: application/octet-stream; name=report.gpg\r\n\
                  Content-Disposition: attachment\r\nContent-Transfer-Encoding: 8bit";
    [mail(fields, ""), packets].concat()
}

/// All of them.
pub fn mails() -> Vec<Named> {
    let armor = "-----BEGIN PGP MESSAGE-----\r\n\r\n";
    let encoded_words = "=?utf-8?B?w6k=?= ".repeat(5_000);
    let continued: String = (0..5_000).map(|n| format!(";\r\n name*{n}*=a%0d%0aBcc:%20x")).collect();
    vec![
        ("nothing", Vec::new()),
        ("only line breaks", b"\r\n\r\n\r\n".to_vec()),
        ("only bare CR", text("one\rtwo").into_iter().filter(|byte| *byte != b'\n').collect()),
        ("null bytes", text(&"\0".repeat(5_000))),
        ("no header section", b"just words, and a : colon\r\nand more".to_vec()),
        ("headers alone", format!("{HEAD}Subject: nothing else").into_bytes()),
        ("multiparts in multiparts", nested_multiparts(10_000)),
        ("multiparts to the limit", nested_multiparts(31)),
        (
            "mails in mails",
            mail("Content-Type: message/rfc822", &"Content-Type: message/rfc822\r\n\r\n".repeat(20_000)),
        ),
        ("many parts", many_parts(20_000)),
        ("many header fields", mail(&format!("{}Subject: x", "X-A: b\r\n".repeat(50_000)), "text")),
        ("a header field over many lines", mail(&format!("Subject: a{}", "\r\n b".repeat(50_000)), "text")),
        ("a header field of one line", mail(&format!("Subject: {}", "a".repeat(200_000)), "text")),
        ("many encoded words", mail(&format!("Subject: {encoded_words}"), "text")),
        ("many parameters", mail(&format!("Subject: x\r\nContent-Type: text/plain{continued}"), "text")),
        ("many senders", mail(&format!("From: {}x@y.example", "a@b.example, ".repeat(5_000)), "text")),
        ("comments in comments", mail(&format!("Reply-To: {}x@y.example", "(".repeat(50_000)), "text")),
        ("groups in groups", mail(&format!("Cc: {}", "g: ".repeat(20_000)), "text")),
        ("many references", mail(&format!("References: {}", "<a@b.example> ".repeat(10_000)), "text")),
        ("a subject that begins another field", mail("Subject: =?utf-8?B?eA0KQmNjOiB2QGV2aWwuZXhhbXBsZQ==?=", "text")),
        (
            "a name that begins another field",
            mail("Subject: x\r\nReply-To: =?utf-8?Q?x=0D=0ABcc:_v?= <r@e.example>", "text"),
        ),
        ("armor that never ends", text(&format!("{armor}{}", "hQEMA\r\n".repeat(50_000)))),
        ("armor that only begins", text(&armor.repeat(5_000))),
        ("empty armor", text(&format!("{armor}-----END PGP MESSAGE-----\r\n").repeat(500))),
        ("armor of nothing known", text(&format!("{armor}{}\r\n-----END PGP MESSAGE-----", "/////".repeat(800)))),
        ("many recipients", many_recipients(3_000)),
        ("elements in elements", html(&"<div><b>".repeat(30_000))),
        ("tags that never end", html(&"<a href='".repeat(20_000))),
        ("many attributes", html(&format!("<p {}>x", "a=1 ".repeat(50_000)))),
        ("comments that never end", html(&"<!--".repeat(30_000))),
        ("entities", html(&"&amp;&#x41;&bogus;".repeat(10_000))),
        ("backticks", text(&"` `` ``` ".repeat(10_000))),
        ("brackets", text(&"![".repeat(20_000))),
        ("quotes", text(&format!("{} x\r\n", ">".repeat(1_000)).repeat(100))),
        ("one long word", text(&"a".repeat(300_000))),
        ("digits and dots", text(&"1.2.3-".repeat(40_000))),
        ("links", text(&"https://github.com/open-telemetry/x/issues/1 ".repeat(5_000))),
        (
            "forged status",
            text("<!-- advisory-intake -->\r\n## Status\r\n\r\nSignature: good\r\n@octocat ![x](http://e.example/p)"),
        ),
        ("damaged winmail.dat", {
            let fields = "Subject: x\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64";
            mail(fields, "eJ8+IgEAAg+ABgD/////eHh4eHh4eHg=")
        }),
        ("a uuencoded file without an end", text(&format!("begin 644 a.pgp\r\n{}", "M".repeat(60).repeat(2_000)))),
        ("base64 of nothing", mail("Subject: x\r\nContent-Transfer-Encoding: base64", &"=\r\n".repeat(50_000))),
        (
            "soft line breaks",
            mail("Subject: x\r\nContent-Transfer-Encoding: quoted-printable", &"=\r\n".repeat(50_000)),
        ),
        ("an unknown character set", mail("Subject: x\r\nContent-Type: text/plain; charset=\"x-\u{0}\"", "t\u{e9}xt")),
        ("a key of nonsense", mail("Subject: x\r\nAutocrypt: addr=a@b.example; keydata=////AAAA", "text")),
    ]
}
