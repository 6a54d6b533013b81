use url::Url;
use url::form_urlencoded::byte_serialize;

use super::answer::{Advisory, decode_list, not_read};
use super::client::{Call, Client, Reply};
use super::request::status_block_has;
use crate::model::{Filed, Marker, Repository};
use crate::ports::FilingError;

/// States that an advisory of ours may be in by now, the likeliest first.
const STATES: [&str; 4] = ["triage", "draft", "closed", "published"];
/// Pages of 100 that are read of each state. They come newest first, and what is looked for was filed lately.
const MAX_PAGES: usize = 10;

/// Looks for the advisory whose status block has `marker`.
///
/// Pages are followed by the cursor alone: with a host in the address, octocrab leaves the credentials out.
pub(super) async fn find(
    client: &Client,
    repository: &Repository,
    marker: &Marker,
) -> Result<Option<Filed>, FilingError> {
    for state in STATES {
        let mut after = String::new();
        for page in 1..=MAX_PAGES {
            let path = format!("/security-advisories?state={state}&sort=created&direction=desc&per_page=100{after}");
            let reply = client.read(Call::get(repository, "list", path)).await?;
            if !reply.status.is_success() {
                return Err(not_read(&reply, repository));
            }
            let advisories: Vec<Advisory> = decode_list(&reply).ok_or_else(unreadable)?;
            let ours = |advisory: &&Advisory| {
                advisory.description.as_deref().is_some_and(|text| status_block_has(text, marker.as_str()))
            };
            if let Some(advisory) = advisories.iter().find(ours) {
                return Ok(Some(advisory.filed(repository)));
            }
            match next_cursor(&reply) {
                Some(cursor) => after = format!("&after={}", byte_serialize(cursor.as_bytes()).collect::<String>()),
                None => break,
            }
            if page == MAX_PAGES {
                tracing::warn!(%repository, state, "only the newest advisories were searched");
            }
        }
    }
    Ok(None)
}

pub(super) fn unreadable() -> FilingError {
    FilingError::Later { reason: "GitHub's answer cannot be read".into(), after: None }
}

/// The cursor of the next page in the `Link` header (RFC 8288 3).
fn next_cursor(reply: &Reply) -> Option<String> {
    let link = reply.headers.get(http::header::LINK)?.to_str().ok()?;
    let next = link.split(',').find(|part| part.split(';').skip(1).any(|p| p.trim() == "rel=\"next\""))?;
    let address = next.split(';').next()?.trim().strip_prefix('<')?.strip_suffix('>')?;
    let url = Url::parse(address).ok()?;
    url.query_pairs().find(|(key, _)| key == "after").map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn reads_the_cursor_of_the_next_page() {
        let cases = [
            (r#"<https://api.github.com/x?per_page=100&after=a%3D%3D>; rel="next""#, Some("a==")),
            (
                r#"<https://api.github.com/x?before=b>; rel="prev", <https://api.github.com/x?after=c>; rel="next""#,
                Some("c"),
            ),
            (r#"<https://api.github.com/x?after=c>; rel="prev""#, None),
            (r#"<https://api.github.com/x?page=2>; rel="next""#, None),
            ("", None),
        ];
        for (link, expected) in cases {
            let headers = [(http::header::LINK, link.parse().unwrap())].into_iter().collect();
            let reply = Reply { status: StatusCode::OK, headers, body: vec![] };
            assert_eq!(next_cursor(&reply).as_deref(), expected, "{link}");
        }
    }
}
