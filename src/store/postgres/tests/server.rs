//! A PostgreSQL server of the test's own, in a folder of its own, on loopback.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::*;

const PASSWORD: &str = "test-password";
const STARTING: Duration = Duration::from_secs(30);

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
        if server.is_root() {
            let id = |flag: &str| {
                let id = Command::new("id").args([flag, "postgres"]).output().unwrap();
                String::from_utf8(id.stdout).unwrap().trim().parse().unwrap()
            };
            chown(server.folder.path(), Some(id("-u")), Some(id("-g"))).unwrap();
        }
        let password = server.folder.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        let mut initdb = server.command("initdb");
        initdb.arg("--pgdata").arg(server.data()).args(["--auth=scram-sha-256", "--username=intake", "--no-sync"]);
        initdb.args(["--encoding=UTF8", "--locale=C.UTF-8"]).arg("--pwfile").arg(&password);
        let made = initdb.output().unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        server.start_again();
        server
    }

    pub fn start_again(&mut self) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let mut postgres = self.command("postgres");
        postgres.arg("-D").arg(self.data()).args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        postgres.args(["-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=60"]);
        postgres.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(postgres.spawn().unwrap());
        let begun = Instant::now();
        let mut ready = self.command("pg_isready");
        ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        while !ready.status().unwrap().success() {
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(begun.elapsed() < STARTING, "PostgreSQL does not start: {}", log());
            sleep(Duration::from_millis(50));
        }
    }

    /// Stops it as a crash would, for its clients.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // setpriv has become the server itself. SIGQUIT: at once, without a farewell.
        let _ = Command::new("kill").args(["-QUIT", &child.id().to_string()]).status();
        let _ = child.wait();
    }

    /// A new database.
    pub fn database(&self, name: &str) -> PostgresSettings {
        let made = std::thread::scope(|scope| {
            let make = || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(self.run_text(format!("CREATE DATABASE {name}")));
            };
            scope.spawn(make).join()
        });
        made.unwrap();
        self.settings(name)
    }

    pub async fn run(&self, sql: &'static str) {
        self.run_text(sql.to_owned()).await;
    }

    async fn run_text(&self, sql: String) {
        let mut url = self.settings("postgres").url;
        url.set_password(Some(PASSWORD)).unwrap();
        let mut connection = sqlx::PgConnection::connect(url.as_str()).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }

    fn settings(&self, database: &str) -> PostgresSettings {
        let url = format!("postgres://intake@127.0.0.1:{}/{database}", self.port).parse().unwrap();
        PostgresSettings { url, password: Some(PASSWORD.to_owned().into()), ca_file: None }
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if !self.is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
        command
    }

    fn is_root(&self) -> bool {
        fs::metadata("/proc/self").unwrap().uid() == 0
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

/// Debian keeps the programs of each version in a folder of their own.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        debian.chain(std::env::split_paths(&path)).find(|folder: &PathBuf| Path::new(folder).join("initdb").exists());
    found.expect("PostgreSQL is missing: run .ci/install-packages test, or install your system's package of the server")
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
