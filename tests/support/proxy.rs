//! A TCP proxy that keeps every byte both ways, and breaks the conversation where a test says. It ends with its test.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use regex::Regex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::ca::Ca;
use super::script::acceptor;

/// A proxy before one port of this machine, on a thread of its own, so that a test may block.
#[derive(Debug)]
pub struct Proxy {
    pub port: u16,
    shared: Arc<Mutex<Shared>>,
    _stop: oneshot::Sender<()>,
}

/// Where a conversation breaks.
#[derive(Debug, Clone)]
pub enum At {
    /// As soon as somebody connects.
    Connect,
    /// At a line of the client that this expression fits.
    Line(Regex),
}

impl At {
    pub fn line(expression: &str) -> Self {
        At::Line(Regex::new(expression).unwrap())
    }
}

/// What happens at a line. In this order: it is passed on or not, something is said in the server's place, the server's
/// answer is waited for and passed, the conversation ends or goes on.
#[derive(Debug, Clone)]
pub struct Then {
    passes: bool,
    says: String,
    late: Duration,
    answer: usize,
    end: End,
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    GoesOn,
    /// In good order, as far as TCP is concerned.
    Close,
    Reset,
    /// Nothing comes any more.
    Stall,
}

impl Then {
    const NOTHING: Then =
        Then { passes: false, says: String::new(), late: Duration::ZERO, answer: 0, end: End::GoesOn };

    /// The server does not hear it.
    pub fn unheard(end: End) -> Self {
        Then { end, ..Then::NOTHING }
    }

    /// The server hears it, and so many bytes of its answer are passed on.
    pub fn heard(answer: usize, end: End) -> Self {
        Then { passes: true, answer, end, ..Then::NOTHING }
    }

    /// The server does not hear it; this is said in its place, where `TAG` stands for the line's first word.
    pub fn answered(says: impl Into<String>, end: End) -> Self {
        Then { says: says.into(), end, ..Then::NOTHING }
    }

    /// The server hears it, and this comes before its answer.
    pub fn preceded(says: impl Into<String>) -> Self {
        Then { passes: true, says: says.into(), ..Then::NOTHING }
    }

    /// The server hears it, and its answer comes so much later.
    pub fn late(late: Duration) -> Self {
        Then { passes: true, late, ..Then::NOTHING }
    }
}

#[derive(Debug, Default)]
struct Shared {
    faults: Vec<(At, Then)>,
    /// Tells the connections that are there to end.
    cut: watch::Sender<()>,
    hits: usize,
    record: Vec<u8>,
}

impl Proxy {
    /// Passes every connection on to `target`.
    pub fn to(target: u16) -> Self {
        Proxy::start(target, None)
    }

    /// Ends TLS with the certificate of `ca` and passes what comes out of it on to `target`.
    pub fn tls(ca: &Ca, target: u16) -> Self {
        Proxy::start(target, Some(acceptor(ca)))
    }

    fn start(target: u16, tls: Option<TlsAcceptor>) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = serve(listener, target, tls, shared.clone());
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = serving => {}
                    _ = stopped => {}
                }
            });
        });
        Proxy { port, shared, _stop: stop }
    }

    /// From now on this happens, every time, until the proxy is mended. The first that fits a line counts.
    pub fn breaks(&self, at: At, then: Then) {
        self.shared().faults.push((at, then));
    }

    /// Ends all connections that are there now.
    pub fn cut(&self) {
        self.shared().cut.send_replace(());
    }

    /// From now on nothing breaks; what is broken stays so. How often something did break since it was mended last.
    pub fn mend(&self) -> usize {
        let mut shared = self.shared();
        shared.faults.clear();
        std::mem::take(&mut shared.hits)
    }

    /// How often something broke since the proxy was mended last.
    pub fn hits(&self) -> usize {
        self.shared().hits
    }

    /// Everything so far, both ways, in order of arrival.
    pub fn recorded(&self) -> Vec<u8> {
        self.shared().record.clone()
    }

    /// Whether `needle` went over the wire as it stands.
    pub fn contains(&self, needle: &str) -> bool {
        memchr::memmem::find(&self.shared().record, needle.as_bytes()).is_some()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap()
    }
}

/// A client's side of a connection.
trait Client: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Client for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Client for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn serve(listener: std::net::TcpListener, target: u16, tls: Option<TlsAcceptor>, shared: Arc<Mutex<Shared>>) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((client, _)) = listener.accept().await {
        let (tls, shared) = (tls.clone(), shared.clone());
        tokio::spawn(async move {
            let at_once = shared.lock().unwrap().fault(|at| matches!(at, At::Connect));
            if let Some(then) = at_once {
                return end(client, then.end).await;
            }
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else { return };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            match tls {
                None => Talk::new(client, server, shared).go_on().await,
                Some(tls) => {
                    if let Ok(client) = tls.accept(client).await {
                        Talk::new(client, server, shared).go_on().await;
                    }
                }
            }
        });
    }
}

impl Shared {
    fn fault(&mut self, fits: impl Fn(&At) -> bool) -> Option<Then> {
        let (_, then) = self.faults.iter().find(|(at, _)| fits(at))?;
        let then = then.clone();
        self.hits += 1;
        Some(then)
    }
}

/// One connection.
struct Talk<C> {
    client: C,
    server: TcpStream,
    shared: Arc<Mutex<Shared>>,
    /// The client's last line, as far as it has come.
    line: Vec<u8>,
    /// What happens to the server's next answer.
    awaits: Option<Then>,
}

/// Longest beginning of a line that is kept to be looked at.
const LONGEST: usize = 8 << 10;

impl<C: Client> Talk<C> {
    fn new(client: C, server: TcpStream, shared: Arc<Mutex<Shared>>) -> Self {
        Talk { client, server, shared, line: Vec::new(), awaits: None }
    }

    async fn go_on(mut self) {
        let (mut up, mut down) = (vec![0; 16 << 10], vec![0; 16 << 10]);
        let (mut asks, mut answers) = (true, true);
        let mut cut = self.shared.lock().unwrap().cut.subscribe();
        while asks || answers {
            let ended = tokio::select! {
                _ = cut.changed() => Some(End::Close),
                read = self.client.read(&mut up), if asks => match read {
                    Ok(count @ 1..) => self.asked(&up[..count]).await,
                    _ => {
                        asks = false;
                        let _ = self.server.shutdown().await;
                        None
                    }
                },
                read = self.server.read(&mut down), if answers => match read {
                    Ok(count @ 1..) => self.answered(&down[..count]).await,
                    _ => {
                        answers = false;
                        let _ = self.client.shutdown().await;
                        None
                    }
                },
            };
            if let Some(how) = ended {
                return end(self.client, how).await;
            }
        }
    }

    /// Passes on what the client says, line by line; how it ends, if it does.
    async fn asked(&mut self, bytes: &[u8]) -> Option<End> {
        self.shared.lock().unwrap().record.extend_from_slice(bytes);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LONGEST.saturating_sub(self.line.len()).min(piece.len());
            self.line.extend_from_slice(&piece[..room]);
            let whole = piece.ends_with(b"\n");
            let then = if whole { self.fault() } else { None };
            let Some(then) = then else {
                let _ = self.server.write_all(piece).await;
                if whole {
                    self.line.clear();
                }
                continue;
            };
            let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
            if then.passes {
                let _ = self.server.write_all(piece).await;
            }
            let says = then.says.replace("TAG", line.split_whitespace().next().unwrap_or_default());
            if self.client.write_all(says.as_bytes()).await.is_err() || self.client.flush().await.is_err() {
                return Some(End::Close);
            }
            match (then.passes, then.end) {
                (true, _) => self.awaits = Some(then),
                (false, End::GoesOn) => {}
                (false, how) => return Some(how),
            }
        }
        None
    }

    fn fault(&self) -> Option<Then> {
        let line = String::from_utf8_lossy(&self.line);
        let line = line.trim_end_matches(['\r', '\n']);
        self.shared.lock().unwrap().fault(|at| matches!(at, At::Line(expression) if expression.is_match(line)))
    }

    /// Passes on what the server says; how it ends, if it does.
    async fn answered(&mut self, bytes: &[u8]) -> Option<End> {
        self.shared.lock().unwrap().record.extend_from_slice(bytes);
        let mut pass = bytes.len();
        let mut how = None;
        if let Some(then) = &mut self.awaits {
            tokio::time::sleep(std::mem::take(&mut then.late)).await;
            if then.end != End::GoesOn {
                how = Some(then.end).filter(|_| then.answer <= pass);
                pass = pass.min(then.answer);
                then.answer -= pass;
            }
        }
        if self.client.write_all(&bytes[..pass]).await.is_err() || self.client.flush().await.is_err() {
            return Some(End::Close);
        }
        how
    }
}

async fn end(mut client: impl Client, how: End) {
    match how {
        End::GoesOn | End::Close => {}
        End::Reset => client.tcp().set_zero_linger().unwrap(),
        // Until the other side has had enough.
        End::Stall => {
            let mut unheard = vec![0; 16 << 10];
            while let Ok(1..) = client.read(&mut unheard).await {}
        }
    }
}
