use crate::mime::{self, Entity, HeaderSection, dkim};
use crate::model::{Address, Authentication, Known, RawMessage, Sender, Signature, SignatureStatus, WorkerSettings};

/// Who wrote a mail, and what shows it: a good OpenPGP signature, or else the author's mail domain.
///
/// The domain can answer only for the address in `From`. Where a mailing list put its own there, the author is named by
/// the list alone, and nothing shows that it is true.
pub(super) fn sender(
    raw: &RawMessage,
    mail: &Entity,
    signature: &Signature,
    settings: &WorkerSettings,
    known: &Known,
) -> Sender {
    let author = mime::author(&mail.header);
    let shown = match (signature.status, &author.address) {
        (SignatureStatus::Good, _) => Ok(Authentication::Signature),
        (_, None) => Err(Some("its From does not name one sender plainly".to_owned())),
        (_, Some(address)) => by_domain(raw, mail, address, settings, known),
    };
    let (authenticated, shortfall) = match shown {
        Ok(authentication) => (authentication, None),
        Err(shortfall) => (Authentication::None, shortfall),
    };
    Sender { address: author.address, name: author.name, authenticated, shortfall }
}

/// What the mail domain shows; without a word where nobody was to look or nothing was there.
fn by_domain(
    raw: &RawMessage,
    mail: &Entity,
    author: &Address,
    settings: &WorkerSettings,
    known: &Known,
) -> Result<Authentication, Option<String>> {
    let rules = &settings.sender;
    if !rules.dkim && rules.authserv_id.is_none() {
        return Err(None);
    }
    if mime::from(&mail.header).is_none_or(|from| !from.same_mailbox(author)) {
        return Err(Some("a mailing list put its own address into From, and only the list names the author".into()));
    }
    if raw.is_truncated() {
        return Err(Some("the message is too large to be verified".into()));
    }
    let by_server = mime::believed(&mail.header, mail.body, rules, author);
    let verify = || dkim::verify(&raw.bytes, author, &known.dns, &settings.limits, raw.received);
    let verified = if rules.dkim && by_server != Some(Ok(())) { verify() } else { None };
    match (by_server, verified) {
        (Some(Ok(())), _) | (_, Some(Ok(()))) => Ok(Authentication::Dkim),
        (_, Some(Err(flaw))) | (Some(Err(flaw)), None) => {
            Err(Some(format!("its DKIM signature does not count: {flaw}")))
        }
        (None, None) if is_signed(&mail.header) => {
            Err(Some("the mail server says nothing of its DKIM signature".into()))
        }
        (None, None) => Err(Some("it has no DKIM signature".into())),
    }
}

fn is_signed(header: &HeaderSection) -> bool {
    header.count("dkim-signature") > 0
}
