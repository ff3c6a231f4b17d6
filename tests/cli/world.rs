//! The commands as an operator's scripts see them: a folder, an environment, exit codes, one JSON object.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take to answer on its port, and to end after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a command ended with.
pub struct Ended {
    /// Exit code.
    pub code: i32,
    /// Its object; null where it printed nothing.
    pub json: Value,
    /// What it said on stderr.
    pub stderr: String,
}

/// A data folder of its own, in which commands run.
pub struct World {
    folder: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl World {
    /// An empty folder: no key, no database.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("folder: {error}"));
        Self { folder, env: Vec::new() }
    }

    /// With key and schema.
    pub fn ready() -> Self {
        let world = Self::empty();
        world.ok(&["key:generate"]);
        world.ok(&["db:migrate"]);
        world
    }

    /// Sets a variable for every command from now on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.env.push((name.to_owned(), value.into()));
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder; its path as an argument.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{name}: {error}"));
        path.display().to_string()
    }

    /// A command in this world, not started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kimonet"));
        command
            .args(args)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
            .env("KIMONET_DATA", self.folder.path())
            .env("DATABASE_URL", format!("sqlite:{}", self.path("kimonet.db").display()))
            .env("KIMONET_TIMEZONE", "Asia/Jakarta")
            .env("KIMONET_LOG", "error")
            .env_remove("KIMONET_KEY")
            .env_remove("KIMONET_KEY_FILE")
            .env_remove("KIMONET_CLOCK_OFFSET_S")
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command with `--json` and some standard input.
    pub fn run_with(&self, args: &[&str], stdin: &str) -> Ended {
        let mut all = vec!["--json"];
        all.extend_from_slice(args);
        let mut child = self
            .command(&all)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("kimonet: {error}"));
        if let Some(mut input) = child.stdin.take() {
            // A command that fails before it reads has closed its end.
            let _closed = input.write_all(stdin.as_bytes());
        }
        let output = child.wait_with_output().unwrap_or_else(|error| panic!("kimonet: {error}"));
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let json = if stdout.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{args:?}: not one object ({error}): {stdout}"))
        };
        Ended { code: output.status.code().unwrap_or(-1), json, stderr }
    }

    /// Runs a command that must end with `code`.
    pub fn ends(&self, code: i32, args: &[&str]) -> Value {
        let ended = self.run_with(args, "");
        assert_eq!(ended.code, code, "{args:?}: {}\n{}", ended.json, ended.stderr);
        if code != 0 {
            assert!(ended.json["error"].is_string(), "{args:?} says why: {}", ended.json);
            assert!(!ended.stderr.is_empty(), "{args:?} says why on stderr too");
        }
        ended.json
    }

    /// Runs a command that must be done.
    pub fn ok(&self, args: &[&str]) -> Value {
        self.ends(0, args)
    }

    /// The same, with standard input.
    pub fn ok_with(&self, args: &[&str], stdin: &str) -> Value {
        let ended = self.run_with(args, stdin);
        assert_eq!(ended.code, 0, "{args:?}: {}\n{}", ended.json, ended.stderr);
        ended.json
    }

    /// Starts what runs until it is told to stop, and waits until `address` answers.
    pub fn start(&self, args: &[&str], address: SocketAddr) -> Running {
        let mut child = self
            .command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("kimonet: {error}"));
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err() {
            let ended = child.try_wait().unwrap_or_else(|error| panic!("{args:?}: {error}"));
            assert!(ended.is_none(), "{args:?} ended: {ended:?}");
            assert!(Instant::now() < end, "{args:?} never listened on {address}");
            std::thread::yield_now();
        }
        Running(child)
    }
}

/// A program that runs; killed when the test is over, whatever happened.
pub struct Running(Child);

impl Running {
    /// Sends SIGTERM; how long it took to end, and its exit code.
    pub fn stop(mut self) -> (Duration, Option<i32>) {
        let begin = Instant::now();
        let sent = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIGTERM was sent");
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return (begin.elapsed(), status.code()),
                Ok(None) => assert!(begin.elapsed() < PATIENCE, "it did not end after SIGTERM"),
                Err(error) => panic!("{error}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let _gone = self.0.kill();
            let _reaped = self.0.wait();
        }
    }
}

/// An address of loopback that nobody listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap_or_else(|error| panic!("port: {error}"))
}

/// `GET path`: status and body.
pub fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap_or_else(|error| panic!("{address}: {error}"));
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap_or_else(|error| panic!("{address}: {error}"));
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap_or_else(|error| panic!("{address}: {error}"));
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    (status, body)
}

/// The names of an object's entries, sorted.
pub fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default()
}
