//! `verify` over many customers and months, and `verify --deep`.

use crate::Number;
use kimonet::server::ledger::verify;
use kimonet::server::state::AppState;
use std::time::{Duration, Instant};

/// Longest that `verify` may take over 100,000 customers with 24 months.
const LIMIT: Duration = Duration::from_secs(10);
/// What memory may grow by meanwhile: it is flat.
const MEMORY_MB: u64 = 64;

/// Memory of this process that is its own, in MB: the pages of a mapped database are the system's to take back.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("RssAnon")).expect("resident size");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).expect("a number") / 1024
}

/// Runs a look while its memory is watched; answers how long it took and how much memory it added at most.
async fn look(state: &AppState, deep: bool) -> (Duration, u64, usize, i64) {
    let before = memory();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let over = std::sync::Arc::clone(&stop);
    let watch = std::thread::spawn(move || {
        let mut most = 0;
        while !over.load(std::sync::atomic::Ordering::Relaxed) {
            most = memory().max(most);
            std::thread::sleep(Duration::from_millis(20));
        }
        most
    });
    let begin = Instant::now();
    let report = verify(state, deep).await.expect("verify");
    let took = begin.elapsed();
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let most = watch.join().expect("watch");
    (took, most.saturating_sub(before), report.differences.len(), report.invoices)
}

pub async fn run(state: &AppState, customers: i64) -> Vec<Number> {
    let engine = state.db.engine();
    // Once before it counts: the pages come from the disk.
    look(state, false).await;
    let (took, added, differences, invoices) = look(state, false).await;
    let (deep, deep_added, deep_differences, _) = look(state, true).await;
    eprintln!("{engine}: verify {took:.2?} (+{added} MB), deep {deep:.2?} (+{deep_added} MB)");
    let scaled = LIMIT.mul_f64((customers as f64 / 100_000.0).max(0.05));
    vec![
        Number::limited(
            format!("verify, {customers} customers, {invoices} invoices, {engine}: {differences} differences"),
            format!("{took:.2?}, adds {added} MB"),
            format!("under {scaled:.1?}, {MEMORY_MB} MB"),
            took < scaled && differences == 0 && added <= MEMORY_MB,
        ),
        Number::limited(
            format!("verify --deep over the same, {engine}: {deep_differences} differences"),
            format!("{deep:.2?}, adds {deep_added} MB"),
            "",
            deep_differences == 0,
        ),
    ]
}
