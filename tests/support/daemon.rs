//! The real program, with a configuration of its own and its log in a file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longest time that a test waits for something the gateway should do. Generous: these machines are shared.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A folder with a configuration, in which the program is run.
pub struct Gateway {
    folder: TempDir,
    child: Option<Child>,
}

impl Gateway {
    /// A gateway with this configuration (TOML); relative paths in it lie in its folder.
    pub fn new(configuration: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("gateway").tempdir().unwrap();
        fs::write(folder.path().join("gateway.toml"), configuration).unwrap();
        Gateway { folder, child: None }
    }

    /// Its folder: configuration, state, log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a file for the configuration to refer to, readable by the owner alone.
    pub fn put(&self, name: &str, content: &[u8]) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Starts the daemon; its log goes to `gateway.log` at trace level.
    pub fn start(&mut self) {
        self.start_with(&[]);
    }

    /// The same with more in its environment.
    pub fn start_with(&mut self, environment: &[(&str, &str)]) {
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let mut command = self.command(&["run"]);
        command.envs(environment.iter().copied()).stdin(Stdio::null());
        self.child = Some(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
    }

    /// The process id of the started daemon.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("started").id()
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Asks the daemon to read its settings and keys again.
    pub fn hang_up(&self) {
        signal(self.child.as_ref().expect("started").id(), "HUP");
    }

    /// Asks the daemon to stop and waits for it; gives its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        signal(self.pid(), "TERM");
        self.wait()
    }

    /// Waits for the daemon to end; gives its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("started");
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code();
            }
            if Instant::now() > end {
                let _ = child.kill();
                panic!("the daemon did not stop:\n{}", self.log());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Kills the daemon without a word, as a power cut would.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("started");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Fails the test when a started daemon has ended by itself.
    pub fn assert_alive(&self) {
        let Some(child) = &self.child else { return };
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
        let state = stat.rsplit_once(") ").map_or("Z", |(_, rest)| rest);
        assert!(!state.starts_with('Z'), "the daemon has ended by itself");
    }

    /// All that the daemon has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The end of a log in its folder.
    pub fn last_words(&self, file: &str) -> String {
        let log = fs::read_to_string(self.folder().join(file)).unwrap_or_default();
        let last: Vec<&str> = log.lines().rev().take(60).collect();
        last.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    fn log_path(&self) -> PathBuf {
        self.folder().join("gateway.log")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_advisory-intake"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.folder().join("gateway.toml"))
            .env("INTAKE__LOG__LEVEL", "trace")
            .current_dir(self.folder());
        command
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the gateway's last words:\n{}", self.last_words("gateway.log"));
        }
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a signal by name to one process.
pub fn signal(pid: u32, name: &str) {
    Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
}

/// Waits until `done` gives something; fails the test with `what` when it does not within [`PATIENCE`], or when a daemon
/// that was started ends by itself.
pub fn wait_for<T>(gateway: &Gateway, what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = done() {
            return value;
        }
        gateway.assert_alive();
        assert!(Instant::now() < end, "gave up waiting for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
