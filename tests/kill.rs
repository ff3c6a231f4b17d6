//! `kill -9` in the middle of issuing, of settling and of the work queue: the next start goes on, `verify` finds no
//! difference, nothing is there twice and nothing is missing.
//!
//! The binary is driven from outside, as an operator would. `KILL_CUSTOMERS` sets the size (`make soak`: 100000).
#![cfg(feature = "ssr")]
#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail loudly")]

use serde_json::Value;
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
    json(data, &["db:seed", "--customers", &size(), "--months", "1", "--random-seed", "7"]);
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
    json(data, &["db:seed", "--customers", "50", "--months", "1", "--random-seed", "7"]);
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
    // The queue of what those payments caused: killed in the middle, carried on, and in the end nothing is running.
    for delay in [20, 60, 120] {
        kill_after(data, &["work:drain", "--timeout", "5"], Duration::from_millis(delay));
    }
    let drained = json(data, &["work:drain", "--timeout", "20"]);
    assert!(drained["left"].is_i64() && drained["done"].is_i64(), "{drained}");
    assert_clean(data);
}
