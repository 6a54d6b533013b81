use std::fs::File;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::{Command, Stdio};

use rustix::io::Errno;
use serde::Serialize;

/// Something that a worker must not be able to do.
struct Attempt {
    /// Fits behind "it could still".
    what: &'static str,
    make: fn() -> io::Result<()>,
}

const ATTEMPTS: &[Attempt] = &[
    Attempt { what: "open a folder", make: || File::open("/").map(drop) },
    Attempt { what: "read a file", make: || File::open("/proc/self/status").map(drop) },
    Attempt { what: "write to a file", make: || File::options().write(true).open("/dev/null").map(drop) },
    Attempt { what: "open a socket", make: || UnixDatagram::unbound().map(drop) },
    Attempt { what: "make a pair of sockets", make: || UnixStream::pair().map(drop) },
    Attempt { what: "connect", make: || TcpStream::connect("127.0.0.1:9").map(drop) },
    Attempt { what: "listen", make: || TcpListener::bind("127.0.0.1:0").map(drop) },
    Attempt { what: "start a program", make: start_program },
    Attempt { what: "start a thread", make: start_thread },
];

/// How an attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Attempted {
    /// Fits behind "it could still".
    pub what: &'static str,
    /// Whether the confinement said no.
    pub refused: bool,
}

/// Tries everything that a worker must not be able to do. It is harmless: what succeeds is undone at once.
pub fn attempts() -> impl Iterator<Item = Attempted> {
    ATTEMPTS.iter().map(|attempt| Attempted { what: attempt.what, refused: is_refused(&(attempt.make)()) })
}

/// Whether it was the confinement that said no. Any other failure (nobody listens on that port) means that it was asked.
fn is_refused(result: &io::Result<()>) -> bool {
    let Err(error) = result else { return false };
    let refusals = [Errno::PERM, Errno::ACCESS, Errno::MFILE, Errno::AGAIN].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|number| refusals.contains(&number))
}

fn start_program() -> io::Result<()> {
    let mut command = Command::new("/proc/self/exe");
    // Inherited ends need no file to be opened, so that nothing but the start itself can fail.
    command.arg("--version").stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let mut child = command.spawn()?;
    child.kill()?;
    child.wait().map(drop)
}

fn start_thread() -> io::Result<()> {
    std::thread::Builder::new().spawn(|| ())?.join().map_err(|_| io::Error::other("the thread panicked"))
}
