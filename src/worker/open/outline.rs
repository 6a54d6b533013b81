use crate::mime::{self, HeaderSection, dkim};
use crate::model::{Address, Outline, RawMessage, WorkerSettings};

/// What has to be looked up before `raw` is opened: from its outer header section alone, since what is inside a ciphertext
/// must not show in what the gateway asks the network for.
pub fn outline(raw: &RawMessage, settings: &WorkerSettings) -> Outline {
    let bytes = super::with_line_breaks(&raw.bytes);
    let header = HeaderSection::parse_some(&bytes, &settings.limits);
    let dns = match mime::from(&header).filter(|_| settings.sender.dkim) {
        Some(from) if mime::author(&header).address.is_some_and(|author| author.same_mailbox(&from)) => {
            dkim::questions(&header, &from)
        }
        // Where a list speaks for the author, its signature shows nothing.
        _ => Vec::new(),
    };
    Outline { authors: authors(&header), dns }
}

/// Who may have signed: the author, and the address in `From` when a list put its own there.
fn authors(header: &HeaderSection) -> Vec<Address> {
    let from = header.mailboxes("from");
    let named = std::iter::once(mime::author(header)).chain(from).filter_map(|mailbox| mailbox.address);
    let mut found: Vec<Address> = Vec::new();
    for address in named {
        if found.len() < Outline::MOST_AUTHORS && !found.iter().any(|known| known.same_mailbox(&address)) {
            found.push(address);
        }
    }
    found
}
