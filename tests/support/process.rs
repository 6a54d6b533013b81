//! Programs that a test starts and stops: by their process id, and nothing else.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to start.
const STARTING: Duration = Duration::from_secs(20);

/// A program in the foreground, stopped when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
}

impl Server {
    /// Starts it and waits until it listens on all `ports`; `log` is shown if it does not.
    pub fn start(command: &mut Command, ports: &[u16], log: &Path) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut server =
            Server { child: child.unwrap_or_else(|error| panic!("{command:?}: {error}: run `make test`")) };
        let begun = Instant::now();
        for port in ports {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_err() {
                let ended = server.child.try_wait().unwrap();
                if ended.is_some() || begun.elapsed() > STARTING {
                    let log = fs::read_to_string(log).unwrap_or_default();
                    panic!("{command:?} does not listen on {port} ({ended:?})\n{log}");
                }
                sleep(Duration::from_millis(20));
            }
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if begun.elapsed() > Duration::from_secs(5) {
                let _ = self.child.kill();
            }
            sleep(Duration::from_millis(10));
        }
    }
}

/// Ports that nothing listens on. Each test process has a stretch of its own below the ports that the system hands out by
/// itself, so that tests beside each other do not take the same one between looking and listening.
pub fn free_ports<const N: usize>() -> [u16; N] {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const STRETCH: u16 = 32;
    let first = 12_000 + (std::process::id() % 600) as u16 * STRETCH;
    [(); N].map(|()| {
        (0..STRETCH)
            .map(|_| first + NEXT.fetch_add(1, Ordering::Relaxed) % STRETCH)
            .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
            .expect("no free port in this process' stretch")
    })
}

/// A folder that the servers' own users may enter.
pub fn shared_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Whether the tests run as root, seen by whose files they make.
pub fn is_root(folder: &TempDir) -> bool {
    fs::metadata(folder.path()).unwrap().uid() == 0
}

/// Makes a folder, and gives it to a user and group where those are named.
pub fn folder_of(path: &Path, owner: Option<(u32, u32)>) {
    fs::create_dir_all(path).unwrap();
    if let Some((uid, gid)) = owner {
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

/// Calls `ready` until it gives something.
pub fn eventually<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(begun.elapsed() < STARTING, "still waiting for {what}");
        sleep(Duration::from_millis(20));
    }
}
