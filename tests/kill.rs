//! `kill -9` in the middle of issuing, of settling and of the work queue: the next start goes on, `verify` finds no
//! difference, nothing is there twice and nothing is missing.
//!
//! The binary is driven from outside, as an operator would. `KILL_CUSTOMERS` sets the size (`make soak`: 100000).
#![cfg(feature = "ssr")]
#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail loudly")]

use kimonet::server::db::{Db, Sql};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Business day of the run; the seed's history ends with the month before the real current one.
fn kimonet(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kimonet"));
    command
        .args(args)
        .env("KIMONET_DATA", data)
        .env("DATABASE_URL", database_url(data))
        .env_remove("KIMONET_KEY")
        .env_remove("KIMONET_KEY_FILE")
        .env("KIMONET_LOG", "error")
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn database_url(data: &Path) -> String {
    format!("sqlite:{}", data.join("kimonet.db").display())
}

fn json(data: &Path, args: &[&str]) -> Value {
    let mut all = vec!["--json"];
    all.extend_from_slice(args);
    let Output { status, stdout, stderr } = kimonet(data, &all).output().expect("kimonet starts");
    assert!(
        status.success(),
        "{args:?} failed: {}\n{}",
        String::from_utf8_lossy(&stderr),
        String::from_utf8_lossy(&stdout)
    );
    serde_json::from_slice(&stdout)
        .unwrap_or_else(|error| panic!("{args:?}: {error}: {}", String::from_utf8_lossy(&stdout)))
}

/// Starts the command and kills it after `delay`; whether it had ended by itself.
fn kill_after(data: &Path, args: &[&str], delay: Duration) -> bool {
    let mut child = kimonet(data, args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("kimonet starts");
    let end = Instant::now() + delay;
    while Instant::now() < end {
        if child.try_wait().expect("child").is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("kill -9");
    child.wait().expect("child");
    false
}

fn assert_clean(data: &Path) -> Value {
    let report = json(data, &["verify"]);
    assert_eq!(report["differences"], serde_json::json!([]));
    report
}

fn size() -> String {
    std::env::var("KILL_CUSTOMERS").unwrap_or_else(|_| "15000".to_owned())
}

#[test]
fn killed_while_issuing_the_month_is_issued_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    json(data, &["key:generate"]);
    json(data, &["db:migrate"]);
    json(data, &["db:seed", "--customers", &size(), "--months", "1", "--random-seed", "7", "--routeros", NOWHERE]);
    let rehearsal = json(data, &["invoice:generate", "--dry-run"]);
    assert!(rehearsal["issued"].as_i64().unwrap() > 1_000);
    let mut kills = 0;
    for n in 1..=12_u64 {
        if kill_after(data, &["invoice:generate"], Duration::from_millis(60 * n)) {
            break;
        }
        kills += 1;
        assert_clean(data);
    }
    assert!(kills > 0, "the run was over before it could be killed");
    let done = json(data, &["invoice:generate"]);
    assert_eq!(done["set_hash"], rehearsal["set_hash"]);
    let again = json(data, &["invoice:generate"]);
    assert_eq!(again["issued"], 0);
    assert_eq!(
        again["already"].as_i64(),
        rehearsal["issued"].as_i64().map(|n| n + rehearsal["already"].as_i64().unwrap())
    );
    assert_clean(data);
}

#[test]
fn killed_while_settling_a_payment_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    json(data, &["key:generate"]);
    json(data, &["db:migrate"]);
    json(data, &["db:seed", "--customers", "50", "--months", "1", "--random-seed", "7", "--routeros", NOWHERE]);
    json(data, &["invoice:generate"]);
    let open = json(data, &["invoice:list", "--status", "open"]);
    let bills: Vec<(String, i64)> = open["invoices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bill| (bill["service_number"].as_str().unwrap().to_owned(), bill["total"].as_i64().unwrap()))
        .take(12)
        .collect();
    assert!(bills.len() >= 6);
    for (n, (number, total)) in bills.iter().enumerate() {
        let (amount, request) = (total.to_string(), format!("kill-{n}"));
        let args = [
            "payment:record",
            "--service-number",
            number,
            "--amount",
            &amount,
            "--method",
            "cash",
            "--request-id",
            &request,
        ];
        let before = assert_clean(data)["payments"].as_i64().unwrap();
        for delay in [5, 15, 25, 35, 50] {
            kill_after(data, &args, Duration::from_millis(delay));
        }
        // Whatever the kills left, the same form ends as one payment.
        json(data, &args);
        json(data, &args);
        assert_eq!(assert_clean(data)["payments"].as_i64(), Some(before + 1));
    }
    assert_clean(data);
}

/// A program that is killed when it is dropped.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Starts a program that listens, and waits until it does.
fn start(data: &Path, args: &[&str], env: &[(&str, String)], address: SocketAddr) -> Running {
    let mut child = kimonet(data, args)
        .envs(env.iter().map(|(name, value)| (*name, value)))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("kimonet starts");
    let end = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(address).is_err() {
        assert!(child.try_wait().expect("child").is_none(), "{args:?} ended");
        assert!(Instant::now() < end, "{args:?} never listened");
        std::thread::sleep(Duration::from_millis(5));
    }
    Running(child)
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("port")
}

/// What the WhatsApp inbox of the sandbox holds: receiver and text.
fn inbox(outside: SocketAddr) -> Vec<(String, String)> {
    let mut stream = TcpStream::connect(outside).expect("sandbox");
    stream.write_all(b"GET /control/state HTTP/1.0\r\nHost: localhost\r\n\r\n").expect("sandbox");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("sandbox");
    let state: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("answer").1).expect("state");
    let messages = state["messages"].as_array().expect("messages").iter();
    messages.map(|m| (m["to"].as_str().expect("to").to_owned(), m["text"].as_str().expect("text").to_owned())).collect()
}

/// The server is killed again and again while it carries out what payments caused: each confirmation goes out once, or
/// stands as one whose fate is unknown (the kill fell between sending and hearing the answer); none goes out twice.
#[test]
fn killed_in_the_work_queue_nothing_is_sent_twice_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    json(data, &["key:generate"]);
    json(data, &["db:migrate"]);
    json(data, &["db:seed", "--customers", "60", "--months", "1", "--random-seed", "7", "--routeros", NOWHERE]);
    json(data, &["invoice:generate"]);
    let (outside, routeros, address) = (free_address(), free_address(), free_address());
    let (http, ros) = (outside.to_string(), routeros.to_string());
    let sandbox = ["sandbox", "--http", &http, "--routeros", &ros, "--callback-base", "http://127.0.0.1:9"];
    let elsewhere = tempfile::tempdir().unwrap();
    let _sandbox = start(elsewhere.path(), &sandbox, &[], outside);
    json(
        data,
        &[
            "setting:set",
            "whatsapp.provider=mpwa",
            &format!("whatsapp.api_url=http://{outside}/whatsapp"),
            "whatsapp.device_id=6281200000001",
            "whatsapp.api_key=wa-sandbox-key-0001",
        ],
    );
    let open = json(data, &["invoice:list", "--status", "open"]);
    let bills: Vec<(String, String)> = open["invoices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bill| (bill["service_number"].as_str().unwrap().to_owned(), bill["total"].to_string()))
        .take(30)
        .collect();
    for (n, (number, total)) in bills.iter().enumerate() {
        let request = format!("queue-{n}");
        json(
            data,
            &[
                "payment:record",
                "--service-number",
                number,
                "--amount",
                total,
                "--method",
                "cash",
                "--request-id",
                &request,
            ],
        );
    }
    let confirmations = bills.len();
    let env = [("LEPTOS_SITE_ADDR", address.to_string())];
    for round in 0..8_u64 {
        let serve = start(data, &["serve"], &env, address);
        // Kill after a few more messages than the last time: always in the middle of the queue.
        let (goal, end) = (inbox(outside).len() + 2, Instant::now() + Duration::from_secs(20));
        while inbox(outside).len() < goal && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(round));
        }
        drop(serve);
        assert_clean(data);
        let_leases_end(data);
    }
    let serve = start(data, &["serve"], &env, address);
    let unknown = |data: &Path| message_states(data).iter().filter(|state| *state == "failed").count();
    let end = Instant::now() + Duration::from_secs(90);
    while message_states(data).iter().any(|state| state == "queued") {
        assert!(Instant::now() < end, "the queue does not empty: {:?}", message_states(data));
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(serve);
    let sent = inbox(outside);
    let mut different = sent.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), sent.len(), "a message went out twice");
    assert!(sent.len() <= confirmations && sent.len() + unknown(data) >= confirmations, "{} sent", sent.len());
    assert!(unknown(data) <= 8, "a kill can leave one message unknown");
    assert_eq!(message_states(data).len(), confirmations, "nothing is missing");
    assert_clean(data);
}

fn with_database<T>(data: &Path, run: impl AsyncFnOnce(Db) -> T) -> T {
    let url = database_url(data);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async { run(Db::connect(&url).await.expect("database")).await })
}

fn message_states(data: &Path) -> Vec<String> {
    with_database(data, async |db| {
        let rows: Vec<(String,)> = db.all(STATES, kimonet::args![]).await.expect("messages");
        rows.into_iter().map(|row| row.0).collect()
    })
}

/// What the minute does that the items of a killed process are leased for.
fn let_leases_end(data: &Path) {
    with_database(data, async |db| {
        let mut tx = db.begin().await.expect("transaction");
        tx.exec(END_LEASES, kimonet::args![chrono::DateTime::UNIX_EPOCH]).await.expect("leases");
        tx.commit().await.expect("commit");
    });
}

/// Where no router listens: one of a demo that runs meanwhile is not this test's.
const NOWHERE: &str = "127.0.0.1:1";

const END_LEASES: Sql = Sql::same("UPDATE work SET lease_until = $1 WHERE state = 'running'");
const STATES: Sql = Sql::same("SELECT state FROM message WHERE kind = 'payment_confirmation' ORDER BY id");
