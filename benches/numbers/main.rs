//! The numbers that Kimonet promises, as ratios in one run: `make bench` prints them as a table for the README.
//!
//! `BENCH_CUSTOMERS` sets the size (100000); `TEST_DATABASE_URL` adds PostgreSQL, `BENCH_ENGINE=postgres` measures nothing else; `BENCH_ONLY=lists`
//! measures the lists alone.

#![expect(clippy::expect_used, reason = "a measurement that cannot be set up must fail loudly")]
#![expect(clippy::as_conversions, reason = "ratios are floats; no money is")]

mod check;
mod issue;
mod lists;
mod sheet;

use kimonet::server::clock::Clock;
use kimonet::server::config::Config;
use kimonet::server::customers::seed::{SeedWish, seed};
use kimonet::server::db::Db;
use kimonet::server::secrets::Secrets;
use kimonet::server::state::AppState;
use std::path::Path;
use std::time::Instant;

/// One line of the table.
pub struct Number {
    what: String,
    value: String,
    limit: String,
    holds: Option<bool>,
}

impl Number {
    /// A number without a limit.
    pub fn plain(what: impl Into<String>, value: impl Into<String>) -> Self {
        Self { what: what.into(), value: value.into(), limit: String::new(), holds: None }
    }

    /// A number with one.
    pub fn limited(what: impl Into<String>, value: impl Into<String>, limit: impl Into<String>, holds: bool) -> Self {
        Self { what: what.into(), value: value.into(), limit: limit.into(), holds: Some(holds) }
    }
}

/// A state on a fresh database with so many customers, whose clock stands at 09:00 on 15 January 2026.
pub async fn seeded(folder: &Path, url: &str, customers: i64) -> AppState {
    let mut config = Config::load().expect("config");
    config.data = folder.to_owned();
    config.database_url = url.to_owned();
    let clock = Clock::at_business_date(config.zone, "2026-01-15".parse().expect("date"));
    let db = Db::connect(url).await.expect("database");
    db.migrate().await.expect("migrations");
    let state = AppState::new(db, clock, config, Secrets::generate().expect("key")).expect("state");
    let start = Instant::now();
    let wish = SeedWish { customers, months: 1, random_seed: 7, routers: kimonet::sandbox::routeros::ADDRESS };
    seed(&state, wish).await.expect("seed");
    eprintln!("seeded {customers} customers on {} in {:.1?}", state.db.engine(), start.elapsed());
    state
}

fn main() {
    // `cargo bench -- --test` and friends ask for nothing that this can give.
    let customers = std::env::var("BENCH_CUSTOMERS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let only = std::env::var("BENCH_ENGINE").unwrap_or_default();
    let only_lists = std::env::var("BENCH_ONLY").is_ok_and(|part| part == "lists");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("runtime");
    let numbers = runtime.block_on(async {
        let mut numbers = Vec::new();
        if only != "postgres" {
            let folder = tempfile::tempdir().expect("folder");
            let url = format!("sqlite:{}", folder.path().join("bench.db").display());
            let state = seeded(folder.path(), &url, customers).await;
            // Look-ups as in the middle of a month: last month's bill and this month's.
            issue::month(&state, "2026-01".parse().expect("period")).await;
            numbers.extend(lists::run(&state).await);
            if !only_lists {
                numbers.extend(check::run(&state).await);
                numbers.extend(issue::run(&state, customers).await);
                numbers.extend(sheet::run(&state).await);
            }
        }
        if let Ok(server) = std::env::var("TEST_DATABASE_URL") {
            let folder = tempfile::tempdir().expect("folder");
            let pool = sqlx::PgPool::connect(&server).await.expect("postgres");
            sqlx::query("CREATE DATABASE kimonet_bench").execute(&pool).await.expect("database");
            let mut url = url::Url::parse(&server).expect("url");
            url.set_path("kimonet_bench");
            let state = seeded(folder.path(), url.as_str(), customers).await;
            issue::month(&state, "2026-01".parse().expect("period")).await;
            numbers.extend(lists::run(&state).await);
            if !only_lists {
                numbers.extend(issue::run(&state, customers).await);
            }
        }
        numbers
    });
    println!("| what | measured | limit | holds |\n|---|---|---|---|");
    for number in &numbers {
        let holds = number.holds.map_or("", |holds| if holds { "yes" } else { "NO" });
        println!("| {} | {} | {} | {holds} |", number.what, number.value, number.limit);
    }
    if numbers.iter().any(|number| number.holds == Some(false)) {
        std::process::exit(1);
    }
}
