//! How to encrypt with the program that the sender seems to use: a table of what each calls itself and what to do there.

use super::templates::{Values, fill};

/// A mail or encryption program that people send reports with.
pub(super) struct Program {
    /// As people call it.
    pub name: &'static str,
    /// What it writes into `User-Agent`, `X-Mailer` or the armor, in lower case.
    marks: &'static [&'static str],
    /// The steps; a text with the placeholders of templates.
    steps: &'static str,
}

/// The program that calls itself `told`; the first that fits. What it says is a hint and chooses among these texts only.
pub(super) fn known<'t>(told: impl IntoIterator<Item = &'t str>) -> Option<&'static Program> {
    told.into_iter().find_map(|told| {
        let told = told.to_ascii_lowercase();
        PROGRAMS.iter().find(|program| program.marks.iter().any(|mark| told.contains(mark)))
    })
}

impl Program {
    /// What to do, with the values filled in; `None` where one is missing.
    pub fn help(&self, values: &Values) -> Option<String> {
        Some(format!("You seem to use {}.\nThis is how it is done there:\n\n{}", self.name, fill(self.steps, values)?))
    }
}

/// What names another one too stands before it: Thunderbird for Android before Thunderbird.
const PROGRAMS: &[Program] = &[
    Program {
        name: "Thunderbird for Android or K-9 Mail",
        marks: &["k-9 mail", "k-9/", "thunderbird for android", "thunderbird/android"],
        steps: "\
1. Install the app OpenKeychain, and make a key of your own in it.
2. Save our attachment {certificate_file}, open it with OpenKeychain,
   and import it. Compare the fingerprint.
3. In the mail app, open Settings, your account, \"End-to-end encryption\",
   and switch on OpenPGP support with OpenKeychain.
4. Write your mail to {address}. Tap the lock so that it is closed,
   and send.",
    },
    Program {
        name: "Thunderbird",
        marks: &["thunderbird", "betterbird", "enigmail"],
        steps: "\
1. Open this mail in Thunderbird, right-click the attachment
   {certificate_file}, and choose \"Import OpenPGP Key\". Compare the
   fingerprint, and accept the key.
2. If you have no key of your own yet: Account Settings, \"End-To-End
   Encryption\", \"Add Key\". Thunderbird does not encrypt without one.
3. Write your mail to {address},
   click \"Encrypt\" (not \"S/MIME\" in the menu beside it), and send.",
    },
    Program {
        name: "Outlook",
        marks: &["outlook", "microsoft-macoutlook", "gpgol", "gpg4win"],
        steps: "\
1. On Windows, install Gpg4win (https://www.gpg4win.org). It brings
   Kleopatra and an add-in for Outlook, GpgOL.
2. Save our attachment {certificate_file}, open it with
   Kleopatra, import it, and compare the fingerprint.
3. In a new mail to {address},
   click \"Secure\" on the ribbon so that it encrypts, and send.
   Outlook's own button \"Encrypt\" does something else (S/MIME or Microsoft
   365), which we cannot read.

If the mail is damaged on its way, which happens between Outlook and
Exchange, encrypt a file instead: write the report into a text file, choose
\"Sign/Encrypt\" in Kleopatra, and attach the file that it makes.",
    },
    Program {
        name: "Mail on an iPhone or iPad",
        marks: &["iphone mail", "ipad mail"],
        steps: "\
Apple's Mail for iPhone and iPad cannot do OpenPGP. Please use another
device, or a service that encrypts in the browser, such as Proton Mail.",
    },
    Program {
        name: "Apple Mail",
        marks: &["apple mail", "gpgtools", "gpg suite", "gpgmail", "macgpg"],
        steps: "\
1. Install GPG Suite with GPG Mail (https://gpgtools.org), and make a key
   of your own in GPG Keychain.
2. Save our attachment {certificate_file} and double-click
   it: GPG Keychain imports it. Compare the fingerprint.
3. In a new mail to {address},
   choose \"OpenPGP\" (not \"S/MIME\") at the upper right, click the lock so
   that it is closed, and send.",
    },
    Program {
        name: "Mailvelope",
        marks: &["mailvelope"],
        steps: "\
1. Save our attachment {certificate_file}. In Mailvelope,
   open \"Keyring\", \"Import\", and choose the file. Compare the fingerprint.
2. Write your report in Mailvelope's own window (its button appears in the
   web mail's editor), with {address} as the recipient.
3. Click \"Encrypt\", and send what it puts into the mail unchanged. Attach
   files in Mailvelope's window only, or they are not encrypted.",
    },
    Program {
        name: "FlowCrypt",
        marks: &["flowcrypt"],
        steps: "\
1. Click \"Secure Compose\" and enter {address}.
2. If FlowCrypt says that the recipient has no key, choose to add it, and
   paste the text of our attachment {certificate_file}. Compare the
   fingerprint.
3. Send with \"Encrypt, Sign and Send\". Without our key FlowCrypt offers a
   message with a password instead: we cannot open that.",
    },
    Program {
        name: "Proton Mail",
        marks: &["proton mail", "protonmail", "proton.me"],
        steps: "\
1. Save our attachment {certificate_file}.
2. Add {address} to your contacts,
   and open the contact's e-mail settings (the cog wheel), then \"Show
   advanced PGP settings\".
3. Click \"Upload\" under \"Public keys\", and choose the file. Compare the
   fingerprint. Switch on \"Encrypt emails\", and save.
4. Write your mail to this contact. Do not use \"External encryption\" with a
   password: we cannot open that.",
    },
    Program {
        name: "mutt or NeoMutt",
        marks: &["mutt"],
        steps: "\
1. gpg --import {certificate_file}
2. gpg --fingerprint {address}
   Compare the fingerprint. If it is right, tell gpg so:
   gpg --lsign-key {fingerprint_compact}
3. In mutt's compose menu, press \"p\" and then \"e\" (or \"b\" to sign as well)
   before you send. \"set crypt_use_gpgme=yes\" makes it PGP/MIME.",
    },
    Program {
        name: "KMail",
        marks: &["kmail", "kontact"],
        steps: "\
1. Save our attachment {certificate_file}, open it with
   Kleopatra, import it, and compare the fingerprint. Certify the key there,
   or KMail warns.
2. In a new mail to {address},
   choose \"Encrypt\" in the toolbar, and under Options,
   \"Cryptographic Message Format\", \"OpenPGP/MIME\".",
    },
    Program {
        name: "Evolution",
        marks: &["evolution"],
        steps: "\
1. Save our attachment {certificate_file}. In a terminal:
   gpg --import {certificate_file}
   gpg --fingerprint {address}
   Compare the fingerprint. If it is right, tell gpg so:
   gpg --lsign-key {fingerprint_compact}
2. In a new mail to {address}, open the menu Options and choose
   \"PGP Encrypt\" (not \"S/MIME Encrypt\").",
    },
    Program {
        name: "Claws Mail",
        marks: &["claws mail", "claws-mail", "sylpheed"],
        steps: "\
1. Switch on the plugins \"PGP/Core\" and \"PGP/MIME\".
2. Save our attachment {certificate_file}. In a terminal:
   gpg --import {certificate_file}
   gpg --fingerprint {address}
   Compare the fingerprint.
3. In a new mail to {address}:
   Options, \"Privacy System\", \"PGP MIME\", then \"Encrypt\".",
    },
    Program {
        name: "FairEmail",
        marks: &["fairemail"],
        steps: "\
1. Install the app OpenKeychain, and make a key of your own in it.
2. Save our attachment {certificate_file}, open it with OpenKeychain,
   and import it. Compare the fingerprint.
3. In a new mail to {address},
   tap the padlock until it says PGP, and send.",
    },
    Program {
        name: "Sequoia's sq",
        marks: &["sequoia", "sq "],
        steps: "\
1. sq inspect {certificate_file}
   Compare the fingerprint.
2. sq encrypt --for-file {certificate_file} --without-signature \\
       --output report.txt.asc report.txt
   With sq 0.27, as in Debian 12: --recipient-cert instead of --for-file,
   and no --without-signature.
3. Attach the file report.txt.asc to a mail to {address}.",
    },
    Program {
        name: "GnuPG",
        marks: &["gnupg", "gpg"],
        steps: "\
1. gpg --import {certificate_file}
2. gpg --fingerprint {address}
   Compare the fingerprint.
3. gpg --armor --encrypt --trust-model always \\
       --recipient {fingerprint_compact} report.txt
4. Attach the file report.txt.asc to a mail to {address}.

\"gpg --symmetric\" (-c) encrypts with a password only: we cannot open that.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::templates::Placeholder;

    #[test]
    fn knows_programs_by_what_they_call_themselves() {
        let cases = [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0", Some("Thunderbird")),
            ("Thunderbird for Android", Some("Thunderbird for Android or K-9 Mail")),
            ("K-9 Mail for Android", Some("Thunderbird for Android or K-9 Mail")),
            ("Microsoft Outlook 16.0", Some("Outlook")),
            ("Microsoft-MacOutlook/16.90.24101387", Some("Outlook")),
            ("Apple Mail (2.3776.700.51)", Some("Apple Mail")),
            ("iPhone Mail (21F90)", Some("Mail on an iPhone or iPad")),
            ("Mailvelope v4.4.1 https://mailvelope.com", Some("Mailvelope")),
            ("FlowCrypt 8.5.4 Gmail Encryption", Some("FlowCrypt")),
            ("ProtonMail", Some("Proton Mail")),
            ("NeoMutt/20220429", Some("mutt or NeoMutt")),
            ("Mutt/2.2.9 (2022-11-12)", Some("mutt or NeoMutt")),
            ("KMail/5.22.3 (22.12.3)", Some("KMail")),
            ("Evolution 3.46.4-2", Some("Evolution")),
            ("Claws Mail 4.1.1 (GTK 3.24.38; x86_64-pc-linux-gnu)", Some("Claws Mail")),
            ("GnuPG v2", Some("GnuPG")),
            ("Some Program 1.0", None),
            ("", None),
        ];
        for (told, expected) in cases {
            assert_eq!(known([told]).map(|program| program.name), expected, "{told}");
        }
        assert_eq!(known(["unknown", "GnuPG v2"]).map(|program| program.name), Some("GnuPG"));
    }

    #[test]
    fn every_text_fills_in_and_fits_a_screen() {
        let mut values = Values::default();
        values.set(Placeholder::Address, "security@example.org");
        values.set(Placeholder::CertificateFile, "security-certificate.asc");
        values.set(Placeholder::FingerprintCompact, "0".repeat(40));
        for program in PROGRAMS {
            let help = program.help(&values).unwrap();
            assert!(!help.contains(['{', '}']) && help.is_ascii(), "{}", program.name);
            for line in help.lines() {
                assert!(line.len() <= 78, "{}: {line}", program.name);
            }
        }
    }
}
