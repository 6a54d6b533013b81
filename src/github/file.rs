use super::answer::{Advisory, Problem, asks_to_wait, decode, not_done};
use super::client::{Call, Client, Reply};
use super::request::Request;
use crate::model::{AdvisoryDraft, Filed, FilingWay, Repository};
use crate::ports::FilingError;

/// Files `draft`. A second request is sent only after the first was refused for certain.
pub(super) async fn file(
    client: &Client,
    way: FilingWay,
    repository: &Repository,
    draft: &AdvisoryDraft,
) -> Result<Filed, FilingError> {
    let request = Request::of(draft)?;
    let taken = match way {
        FilingWay::Draft => send(client, FilingWay::Draft, repository, request).await?,
        FilingWay::Report => match send(client, way, repository, request.clone().without_credits()).await {
            Err(Refusal { reason: FilingError::Refused(reason), elsewhere: true }) => {
                tracing::info!("report was refused, trying a draft");
                match send(client, FilingWay::Draft, repository, request).await {
                    Err(Refusal { reason: FilingError::Refused(second), .. }) => {
                        return Err(FilingError::Refused(format!("as a report: {reason}; as a draft: {second}")));
                    }
                    other => other?,
                }
            }
            other => other?,
        },
    };
    Ok(taken)
}

/// An error, and whether the other way may be tried after it.
struct Refusal {
    reason: FilingError,
    elsewhere: bool,
}

impl From<Refusal> for FilingError {
    fn from(refusal: Refusal) -> Self {
        refusal.reason
    }
}

impl From<FilingError> for Refusal {
    fn from(reason: FilingError) -> Self {
        Refusal { reason, elsewhere: false }
    }
}

/// Files on one way, mending once what the answer names.
async fn send(
    client: &Client,
    way: FilingWay,
    repository: &Repository,
    request: Request<'_>,
) -> Result<Filed, Refusal> {
    let reply = client.write(call(way, repository), &request).await?;
    if reply.status.as_u16() != 422 {
        return taken(&reply, way, repository);
    }
    let Some(mended) = request.mended(&Problem::of(&reply)) else {
        return taken(&reply, way, repository);
    };
    tracing::info!(problem = Problem::of(&reply).names(), "advisory was refused, trying once more without the cause");
    let reply = client.write(call(way, repository), &mended).await?;
    taken(&reply, way, repository)
}

fn call(way: FilingWay, repository: &Repository) -> Call<'_> {
    match way {
        FilingWay::Report => Call::post(repository, "report", "/security-advisories/reports"),
        FilingWay::Draft => Call::post(repository, "create", "/security-advisories"),
    }
}

fn taken(reply: &Reply, way: FilingWay, repository: &Repository) -> Result<Filed, Refusal> {
    if reply.status.is_success() {
        let advisory: Advisory = decode(reply)
            .ok_or_else(|| FilingError::Unknown("GitHub took the advisory, but its answer cannot be read".into()))?;
        return Ok(advisory.filed(repository));
    }
    // Reporting that is switched off is a 403 or 404 like missing rights; a template is a 422. A draft passes both.
    let code = reply.status.as_u16();
    let reason = not_done(reply, repository);
    let archived = Problem::of(reply).message.to_ascii_lowercase().contains("archived");
    let elsewhere =
        way == FilingWay::Report && matches!(code, 403 | 404 | 422) && asks_to_wait(reply).is_none() && !archived;
    Err(Refusal { reason, elsewhere })
}
