//! Asks the DNS, over the system's resolver or the configured servers, for the keys of mail domains.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::system_conf::read_system_conf;
use tokio::time::timeout;

use crate::model::{DnsAnswer, DnsFound, DnsQuestion};
use crate::ports::{Dns, Finding};

/// Longest wait for one answer of one server.
const ATTEMPT: Duration = Duration::from_secs(2);
/// Longest wait for all that one message needs.
const PATIENCE: Duration = Duration::from_secs(5);
/// Answers that are remembered as long as they hold.
const CACHED: u64 = 1_000;
/// Most records of one name; a key is one.
const MOST_RECORDS: usize = 8;

/// A resolver.
pub struct Resolver {
    inner: TokioResolver,
    /// A name that `check` may ask for.
    probe: Option<DnsQuestion>,
}

impl Resolver {
    /// A resolver that asks `servers`, or those of the system where none are named. `probe` is a domain that its operator
    /// knows: `check` asks for it. Within a tokio runtime; nothing is asked yet.
    ///
    /// # Errors
    ///
    /// When the system's configuration cannot be read; for the operator.
    pub fn new(servers: &[SocketAddr], probe: &str) -> Result<Resolver, String> {
        let unusable = |error: NetError| format!("the DNS cannot be asked: {error}; name servers in dns_servers");
        let (config, mut options) = match servers {
            [] => read_system_conf().map_err(unusable)?,
            servers => (fixed(servers), ResolverOpts::default()),
        };
        options.timeout = ATTEMPT;
        options.attempts = 2;
        options.cache_size = CACHED;
        options.use_hosts_file = ResolveHosts::Never;
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let inner = builder.with_options(options).build().map_err(unusable)?;
        Ok(Resolver { inner, probe: probe.parse().ok() })
    }

    async fn ask(&self, question: &DnsQuestion) -> DnsFound {
        // With a dot at its end no search domain is tried.
        let name = format!("{}.", question.as_str());
        let lookup = match timeout(PATIENCE, self.inner.txt_lookup(name)).await {
            Ok(Ok(lookup)) => lookup,
            Ok(Err(error)) if is_nothing(&error) => return DnsFound::Nothing,
            Ok(Err(_)) | Err(_) => {
                tracing::warn!("a key of a mail domain could not be looked up");
                return DnsFound::Failed;
            }
        };
        let texts = lookup.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(text) => Some(text.txt_data.concat()),
            _ => None,
        });
        let records: Vec<Vec<u8>> = texts.collect();
        let size: usize = records.iter().map(Vec::len).sum();
        match records.len() {
            0 => DnsFound::Nothing,
            count if count > MOST_RECORDS || size > DnsFound::MOST_BYTES => DnsFound::Failed,
            _ => DnsFound::Records(records),
        }
    }
}

/// Whether a server said that there is nothing, and did not merely fail.
fn is_nothing(error: &NetError) -> bool {
    let NetError::Dns(DnsError::NoRecordsFound(none)) = error else { return false };
    matches!(none.response_code, ResponseCode::NXDomain | ResponseCode::NoError)
}

fn fixed(servers: &[SocketAddr]) -> ResolverConfig {
    let at_port = |mut connection: ConnectionConfig, port| {
        connection.port = port;
        connection
    };
    let server = |server: &SocketAddr| {
        let ways =
            vec![at_port(ConnectionConfig::udp(), server.port()), at_port(ConnectionConfig::tcp(), server.port())];
        NameServerConfig::new(server.ip(), true, ways)
    };
    ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect())
}

#[async_trait]
impl Dns for Resolver {
    async fn txt(&self, questions: &[DnsQuestion]) -> Vec<DnsAnswer> {
        let asked = questions
            .iter()
            .map(|question| async { DnsAnswer { question: question.clone(), found: self.ask(question).await } });
        futures::future::join_all(asked).await
    }

    async fn check(&self) -> Vec<Finding> {
        let Some(probe) = &self.probe else {
            let what = "senders are looked up, but the domain of the gateway's address is none that could be asked for";
            return vec![Finding::warning("dns", what)];
        };
        vec![match self.ask(probe).await {
            DnsFound::Failed => Finding::warning(
                "dns",
                "no answer: DKIM signatures cannot be verified; see the system's resolver, or name one in dns_servers",
            ),
            _ => Finding::good("dns", "it answers: DKIM signatures are verified"),
        }]
    }
}
