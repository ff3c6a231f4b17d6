//! The numbers that Kimonet promises, as ratios in one run: `make bench` prints them as a table for the README.
//!
//! `BENCH_CUSTOMERS` sets the size (100000); `TEST_DATABASE_URL` adds PostgreSQL, `BENCH_ENGINE=postgres` measures nothing else; `BENCH_ONLY`
//! names the only parts (`lists`, `check`, `issue`, `pdf`, `settle`, `sheet`, `verify`).

#![expect(clippy::expect_used, reason = "a measurement that cannot be set up must fail loudly")]
#![expect(clippy::as_conversions, reason = "ratios are floats; no money is")]

mod books;
mod check;
mod issue;
mod lists;
mod pdf;
mod settle;
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
pub async fn seeded(folder: &Path, url: &str, customers: i64, months: u32) -> AppState {
    let mut config = Config::load().expect("config");
    config.data = folder.to_owned();
    config.database_url = url.to_owned();
    let clock = Clock::at_business_date(config.zone, "2026-01-15".parse().expect("date"));
    let db = Db::connect(url).await.expect("database");
    db.migrate().await.expect("migrations");
    let state = AppState::new(db, clock, config, Secrets::generate().expect("key")).expect("state");
    let start = Instant::now();
    let wish = SeedWish { customers, months, random_seed: 7, routers: kimonet::sandbox::routeros::ADDRESS };
    seed(&state, wish).await.expect("seed");
    eprintln!("seeded {customers} customers on {} in {:.1?}", state.db.engine(), start.elapsed());
    state
}

/// A seeded database on SQLite, or on a PostgreSQL server under a name; the folder lives as long as it is kept.
async fn fresh(server: Option<&str>, name: &str, customers: i64, months: u32) -> (AppState, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("folder");
    let url = match server {
        None => format!("sqlite:{}", folder.path().join("bench.db").display()),
        Some(server) => {
            let pool = sqlx::PgPool::connect(server).await.expect("postgres");
            let drop = sqlx::AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name}"));
            sqlx::query(drop).execute(&pool).await.expect("old database");
            let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
            sqlx::query(create).execute(&pool).await.expect("database");
            let mut url = url::Url::parse(server).expect("url");
            url.set_path(name);
            url.into()
        }
    };
    (seeded(folder.path(), &url, customers, months).await, folder)
}

fn main() {
    // `cargo bench -- --test` and friends ask for nothing that this can give.
    let customers = std::env::var("BENCH_CUSTOMERS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let only = std::env::var("BENCH_ENGINE").unwrap_or_default();
    let only_parts = std::env::var("BENCH_ONLY").unwrap_or_default();
    let wanted = |part: &str| only_parts.is_empty() || only_parts.split(',').any(|only| only == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("runtime");
    let numbers = runtime.block_on(async {
        let mut numbers = Vec::new();
        let server = std::env::var("TEST_DATABASE_URL").ok();
        let engines = [("sqlite", None), ("postgres", server.as_deref())];
        for (engine, server) in engines {
            if (engine == "postgres" && server.is_none()) || (!only.is_empty() && only != engine) {
                continue;
            }
            if ["lists", "check", "issue", "settle", "sheet"].into_iter().any(wanted) {
                let (state, _folder) = fresh(server, "kimonet_bench", customers, 1).await;
                // Look-ups as in the middle of a month: last month's bill and this month's.
                issue::month(&state, "2026-01".parse().expect("period")).await;
                if wanted("lists") {
                    numbers.extend(lists::run(&state).await);
                }
                if wanted("check") && engine == "sqlite" {
                    numbers.extend(check::run(&state).await);
                }
                if wanted("settle") {
                    numbers.extend(settle::run(&state, if engine == "sqlite" { 0.4 } else { 0.3 }).await);
                }
                if wanted("issue") {
                    numbers.extend(issue::run(&state, customers).await);
                    numbers.extend(issue::run_full(&state, customers).await);
                }
                if wanted("sheet") && engine == "sqlite" {
                    numbers.extend(sheet::run(&state).await);
                }
            }
            if wanted("pdf") && engine == "sqlite" {
                let (state, _folder) = fresh(server, "kimonet_bench_pdf", pdf::BILLS, 1).await;
                issue::month(&state, "2026-01".parse().expect("period")).await;
                numbers.extend(pdf::run(&state).await);
            }
            if wanted("verify") {
                let (state, _folder) = fresh(server, "kimonet_bench_years", customers, 24).await;
                numbers.extend(books::run(&state, customers).await);
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
