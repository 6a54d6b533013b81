//! A PostgreSQL server of the test's own, in a folder of its own, on loopback. The unit tests of the store use it, too.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Of the user `intake`, who owns everything.
pub const PASSWORD: &str = "test-password";
const STARTING: Duration = Duration::from_secs(30);

/// A running server; nothing in it outlives it.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Server {
    pub fn start() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server { programs: programs(), port: free_port(), child: None, folder };
        // PostgreSQL refuses to run as root.
        if is_root() {
            let id = |flag: &str| {
                let id = Command::new("id").args([flag, "postgres"]).output().unwrap();
                String::from_utf8(id.stdout).unwrap().trim().parse().unwrap()
            };
            chown(server.folder.path(), Some(id("-u")), Some(id("-g"))).unwrap();
        }
        let password = server.folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        // MD5 for speed: the many hashes of SCRAM take a second a connection in an unoptimised build.
        let mut initdb = server.command("initdb");
        initdb.arg("--pgdata").arg(server.data()).args(["--auth=md5", "--username=intake", "--no-sync"]);
        succeed(initdb.args(["--encoding=UTF8", "--locale=C.UTF-8"]).arg("--pwfile").arg(&password));
        server.start_again();
        server
    }

    /// Starts it after [`Server::stop`].
    pub fn start_again(&mut self) {
        let log = File::create(self.folder.path().join("log")).unwrap();
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data()).args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        postgres.args(["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=60"]);
        postgres.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(postgres.spawn().unwrap());
        let begun = Instant::now();
        while !self.client("pg_isready").arg("-q").status().unwrap().success() {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(begun.elapsed() < STARTING, "PostgreSQL does not start: {}", log());
            sleep(Duration::from_millis(50));
        }
    }

    /// Stops it at once, without a farewell to its clients.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let _ = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
        let _ = child.wait();
    }

    /// Makes a database, with these arguments of `createdb` besides; its URL, without the password.
    pub fn database(&self, name: &str, arguments: &[&str]) -> String {
        succeed(
            self.client("createdb").args(["--username=intake", "--maintenance-db=postgres"]).args(arguments).arg(name),
        );
        format!("postgres://intake@127.0.0.1:{}/{name}", self.port)
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.env("PGPASSWORD", PASSWORD).args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command
    }

    /// A program of the server, as a user whom it accepts. What runs it becomes it, and keeps its process id.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Debian keeps the programs of each version in a folder of their own.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = debian.chain(std::env::split_paths(&path)).find(|folder| folder.join("initdb").exists());
    found.expect("PostgreSQL is missing: run .ci/install-packages test, or install your system's package of the server")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
