use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::faults::What;
use super::hub::{Answer, Hub};

/// Serves until told to stop.
pub(super) async fn serve(listener: std::net::TcpListener, hub: Arc<Mutex<Hub>>, stopped: oneshot::Receiver<()>) {
    let door = Door(TcpListener::from_std(listener).unwrap());
    let router = Router::new().fallback(one).with_state(hub);
    let server = axum::serve(door, router.into_make_service_with_connect_info::<Switch>());
    tokio::select! {
        result = async { server.await } => result.unwrap(),
        _ = stopped => {}
    }
}

/// One request: looks for a fault, carries the request out, answers.
async fn one(
    State(hub): State<Arc<Mutex<Hub>>>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 16 << 20).await.unwrap_or_default();
    let (fault, answer) = hub.lock().unwrap().handle(&parts, &body);
    match fault {
        None => respond(answer),
        Some(What::Drop { .. }) => {
            switch.0.store(true, Ordering::SeqCst);
            respond(answer)
        }
        Some(What::Delay(time)) => {
            tokio::time::sleep(time).await;
            respond(answer)
        }
        Some(What::Answer { status, headers, body, .. }) => {
            let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            respond(Answer { status, headers, body })
        }
    }
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    if !answer.headers.iter().any(|(name, _)| name == "content-type") {
        response = response.header("content-type", "application/json; charset=utf-8");
    }
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap()
}

/// Cuts a connection: nothing more is written once it is on.
#[derive(Clone)]
struct Switch(Arc<AtomicBool>);

impl Connected<IncomingStream<'_, Door>> for Switch {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().switch.clone()
    }
}

struct Door(TcpListener);

impl Listener for Door {
    type Io = Wire;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Wire, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        (Wire { stream, switch: Switch(Arc::default()) }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

struct Wire {
    stream: TcpStream,
    switch: Switch,
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.switch.0.load(Ordering::SeqCst) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
