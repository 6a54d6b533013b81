use std::net::SocketAddr;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_LENGTH, HOST, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::Settings;
use super::place::Place;
use super::public::is_public;
use crate::model::DirectoryEntry;
use crate::net::{NetError, Server};

const HTTPS: u16 = 443;
/// For one of a host's addresses.
const CONNECT: Duration = Duration::from_secs(2);
/// Addresses of a host that are tried.
const MOST_ADDRESSES: usize = 3;

/// Where a host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// There is no such host.
    Nowhere,
    /// It is in a network that is not to be reached from here, or nobody knows.
    Refused,
    At(Vec<SocketAddr>),
}

/// Resolves a host once; what is connected to later is what was looked at here.
pub async fn addresses(host: &str, settings: &Settings) -> Resolved {
    if let Some((_, address)) = settings.hosts.iter().find(|(known, _)| known == host) {
        return address.map_or(Resolved::Nowhere, |address| Resolved::At(vec![address]));
    }
    let found: Vec<SocketAddr> = match lookup_host((host, HTTPS)).await {
        Ok(found) => found.collect(),
        // The resolver does not tell "no such host" from "no answer"; in both cases the other place may be asked.
        Err(_) => return Resolved::Nowhere,
    };
    // One private address among public ones is a trap, too.
    if found.is_empty() || !found.iter().all(|address| is_public(address.ip())) {
        return Resolved::Refused;
    }
    Resolved::At(found.into_iter().take(MOST_ADDRESSES).collect())
}

/// Why there was no answer. Names hosts and causes, nothing of an address.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("no connection")]
    Unreachable,
    #[error(transparent)]
    Net(#[from] NetError),
    #[error("not HTTP as it should be: {0}")]
    Http(String),
}

/// Gets what is published at `place`; `None`: nothing is, or it is too large, or the server sends elsewhere.
pub async fn get(place: &Place, addresses: &[SocketAddr], settings: &Settings) -> Result<Option<Vec<u8>>, FetchError> {
    let stream = dial(addresses).await.ok_or(FetchError::Unreachable)?;
    let server =
        Server { host: place.host.clone(), port: HTTPS, ca_file: settings.ca_file.clone(), timeout: settings.timeout };
    let stream = server.encrypt(stream).await?;
    let failed = |error: hyper::Error| FetchError::Http(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let request = Request::get(&place.path)
        .header(HOST, &place.host)
        .header(USER_AGENT, "advisory-intake")
        .header(ACCEPT, "application/octet-stream")
        .body(Empty::<Bytes>::new())
        .map_err(|error| FetchError::Http(error.to_string()))?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(failed)?;
        let announced =
            response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let too_large = announced.is_some_and(|length| length > DirectoryEntry::MOST_BYTES as u64);
        if response.status() != StatusCode::OK || too_large {
            return Ok(None);
        }
        // A body over the limit is nothing to take the beginning of.
        let body = Limited::new(response.into_body(), DirectoryEntry::MOST_BYTES).collect().await;
        Ok(body.ok().map(|body| body.to_bytes().to_vec()).filter(|bytes| !bytes.is_empty()))
    };
    // The connection has to be driven; it ends with the exchange, whose answer alone counts.
    let (answer, _) = futures::join!(exchange, connection);
    answer
}

async fn dial(addresses: &[SocketAddr]) -> Option<TcpStream> {
    for address in addresses {
        if let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect(address)).await {
            return Some(stream);
        }
    }
    None
}
