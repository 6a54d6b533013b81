use serde::Serialize;

use super::answer::{Advisory, Comment, decode, decode_list, not_done, not_read};
use super::client::{Call, Client};
use super::find::unreadable;
use super::request::status_block_has;
use crate::model::{AdvisoryDraft, CommentDraft, Commented, CommentedAs, Filed};
use crate::ports::FilingError;

/// Between the parts of a description to which was added.
const RULE: &str = "\n\n---\n\n";
/// Pages of 100 comments that are read.
const MAX_PAGES: usize = 20;

#[derive(Serialize)]
struct Body<'a> {
    body: &'a str,
}

#[derive(Serialize)]
struct Description<'a> {
    description: &'a str,
}

/// Adds to an advisory, once: as comments, or where comments are off at the end of the description. What an earlier
/// attempt left behind is found by the marker in each part, and only the parts behind it are added.
pub(super) async fn comment(client: &Client, filed: &Filed, draft: &CommentDraft) -> Result<Commented, FilingError> {
    let done = |how| Ok(Commented { advisory: filed.clone(), how });
    let advisory = read(client, filed).await?;
    let description = advisory.description.unwrap_or_default();
    if added_to(&description, draft.marker.as_str()) {
        return done(CommentedAs::Description);
    }
    let there = comments_with(client, filed, draft.marker.as_str()).await?;
    // GitHub may list comments where it takes none; `null` for their address is the sign that they are off.
    if there > 0 || advisory.comments_url != Some(None) {
        match add_all(client, filed, draft, there).await {
            Ok(()) => return done(CommentedAs::Comment),
            Err((0, FilingError::Refused(_))) => tracing::info!("comment was refused, adding to the description"),
            Err((_, error)) => return Err(error),
        }
    }
    let whole: Vec<&str> = draft.parts().map(|part| part.expose().as_str()).collect();
    append(client, filed, &description, &whole.join("\n\n")).await?;
    done(CommentedAs::Description)
}

/// Posts the parts from `from` on; an error comes with how many are there.
async fn add_all(
    client: &Client,
    filed: &Filed,
    draft: &CommentDraft,
    from: usize,
) -> Result<(), (usize, FilingError)> {
    for (at, part) in draft.parts().enumerate().skip(from) {
        add(client, filed, part.expose()).await.map_err(|error| (at, error))?;
    }
    Ok(())
}

/// Adds what did not fit into the description of a filed advisory as comments, in order. Each carries the advisory's marker,
/// so that those which an earlier attempt left behind are counted and only the others are added.
pub(super) async fn complete(client: &Client, filed: &Filed, draft: &AdvisoryDraft) -> Result<(), FilingError> {
    let there = comments_with(client, filed, draft.marker.as_str()).await?;
    for part in draft.continued.iter().skip(there) {
        add(client, filed, part.expose()).await?;
    }
    Ok(())
}

/// Posts a comment, without looking for it first.
async fn add(client: &Client, filed: &Filed, body: &str) -> Result<(), FilingError> {
    let call = Call::post(&filed.repository, "comment", format!("/security-advisories/{}/comments", filed.ghsa_id));
    let reply = client.write(call, &Body { body }).await?;
    if reply.status.is_success() { Ok(()) } else { Err(not_done(&reply, &filed.repository)) }
}

async fn read(client: &Client, filed: &Filed) -> Result<Advisory, FilingError> {
    let call = Call::get(&filed.repository, "get", format!("/security-advisories/{}", filed.ghsa_id));
    let reply = client.read(call).await?;
    match reply.status.as_u16() {
        200..=299 => decode(&reply).ok_or_else(unreadable),
        404 | 410 => Err(FilingError::Refused(format!("{} is not in {} any more", filed.ghsa_id, filed.repository))),
        _ => Err(not_read(&reply, &filed.repository)),
    }
}

/// How many comments carry `marker`.
async fn comments_with(client: &Client, filed: &Filed, marker: &str) -> Result<usize, FilingError> {
    let mut found = 0;
    for page in 1..=MAX_PAGES {
        let path = format!("/security-advisories/{}/comments?per_page=100&page={page}", filed.ghsa_id);
        let reply = client.read(Call::get(&filed.repository, "comments", path)).await?;
        if reply.status.as_u16() == 404 {
            return Ok(found);
        }
        if !reply.status.is_success() {
            return Err(not_read(&reply, &filed.repository));
        }
        let comments: Vec<serde_json::Value> = decode(&reply).ok_or_else(unreadable)?;
        let count = comments.len();
        let comments: Vec<Comment> = decode_list(&reply).ok_or_else(unreadable)?;
        let carry = |comment: &&Comment| comment.body.as_deref().is_some_and(|body| status_block_has(body, marker));
        found += comments.iter().filter(carry).count();
        if count < 100 {
            return Ok(found);
        }
    }
    tracing::warn!(advisory = %filed.ghsa_id, "only the first comments were searched");
    Ok(found)
}

async fn append(client: &Client, filed: &Filed, description: &str, body: &str) -> Result<(), FilingError> {
    let longer = format!("{description}{RULE}{body}");
    if longer.chars().count() > AdvisoryDraft::MAX_DESCRIPTION {
        return Err(FilingError::Refused(format!(
            "{} takes no comments, and its description has no room left",
            filed.ghsa_id
        )));
    }
    let call = Call::patch(&filed.repository, "update", format!("/security-advisories/{}", filed.ghsa_id));
    let reply = client.write(call, &Description { description: &longer }).await?;
    if reply.status.is_success() { Ok(()) } else { Err(not_done(&reply, &filed.repository)) }
}

/// Whether a part that was added to the description carries `marker`; the first part is the advisory's own.
fn added_to(description: &str, marker: &str) -> bool {
    description
        .match_indices(RULE)
        .any(|(at, rule)| description.get(at + rule.len()..).is_some_and(|part| status_block_has(part, marker)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_addition_is_not_taken_for_the_advisory_itself() {
        let own = "> intake-a\n\ntext";
        assert!(!added_to(own, "intake-a"));
        let longer = format!("{own}{RULE}> intake-b\n\nmore");
        assert!(added_to(&longer, "intake-b") && !added_to(&longer, "intake-a"));
    }
}
