//! A server that slept over the 1st, and one that starts for the first time.

#![expect(clippy::expect_used, reason = "a test that cannot be set up must fail loudly")]

use super::world::{Running, World, free_address};
use chrono::{DateTime, Utc};
use kimonet::args;
use kimonet::server::db::{Db, Sql};
use std::time::{Duration, Instant};

const CUSTOMERS: &str = "nomor_layanan,nama_pelanggan,telepon,paket,tanggal_pasang,tanggal_tempo,dibayar_sampai
A1,Budi Santoso,081234567890,Home,2025-11-03,10,2025-12
A2,Siti Aminah,081234567891,Home,2025-11-03,10,2025-12
";
/// Jobs that ran, those of every minute and the others.
const RUNS: Sql = Sql::same("SELECT job FROM job_run WHERE state = 'done'");
const PATIENCE: Duration = Duration::from_secs(40);

fn world() -> World {
    let world = World::ready();
    world.ok(&["package:add", "--name", "Home", "--price", "300000", "--profile", "Home"]);
    let file = world.file("pelanggan.csv", CUSTOMERS);
    world.ok(&["customer:import", &file, "--date", "2025-12-20"]);
    world
}

/// Starts the server at this time of the business zone.
fn serve(world: &mut World, at: &str) -> Running {
    let at: DateTime<Utc> = format!("{at}+07:00").parse().expect("a time");
    #[expect(clippy::disallowed_methods, reason = "the offset is counted from the machine's clock")]
    let now = Utc::now();
    world.set("KIMONET_CLOCK_OFFSET_S", (at - now).num_seconds().to_string());
    let address = free_address();
    world.set("LEPTOS_SITE_ADDR", address.to_string());
    world.start(&["serve"], address)
}

/// Waits until `job` ran `times` times; how often each job ran.
fn wait_for(world: &World, job: &str, times: usize) -> Vec<String> {
    let url = format!("sqlite:{}", world.path("kimonet.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let db = Db::connect(&url).await.expect("database");
        let end = Instant::now() + PATIENCE;
        loop {
            let runs: Vec<(String,)> = db.all(RUNS, args![]).await.expect("runs");
            if runs.iter().filter(|run| run.0 == job).count() >= times {
                return runs.into_iter().map(|run| run.0).collect();
            }
            assert!(Instant::now() < end, "{job} did not run: {runs:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
}

fn issued(world: &World) -> Vec<(String, String)> {
    let list = world.ok(&["invoice:list"]);
    let bills = list["invoices"].as_array().expect("invoices").iter();
    bills
        .map(|bill| {
            (
                bill["service_number"].as_str().expect("text").to_owned(),
                bill["period"].as_str().expect("text").to_owned(),
            )
        })
        .collect()
}

#[test]
fn a_month_that_began_while_the_server_was_stopped_is_issued_once() {
    let mut world = world();
    // Before midnight: the minute's job shows that the schedule is looked at.
    let before = serve(&mut world, "2025-12-31T22:00:57");
    wait_for(&world, "attempts", 1);
    assert_eq!(before.stop().1, Some(0));
    assert_eq!(issued(&world), []);

    let mut january = vec![("A1".to_owned(), "2026-01".to_owned()), ("A2".to_owned(), "2026-01".to_owned())];
    january.sort();
    for (start, at) in [(1, "2026-01-03T09:00:57"), (2, "2026-01-03T10:00:57")] {
        let after = serve(&mut world, at);
        wait_for(&world, "attempts", 1 + start);
        let runs = wait_for(&world, "invoicing", 1);
        assert_eq!(runs.iter().filter(|job| *job == "invoicing").count(), 1);
        assert_eq!(after.stop().1, Some(0));
        let mut bills = issued(&world);
        bills.sort();
        assert_eq!(bills, january, "start {start}");
    }
    assert_eq!(world.ok(&["verify"])["differences"], serde_json::json!([]));
}

#[test]
fn the_first_start_makes_up_for_nothing() {
    let mut world = world();
    let first = serve(&mut world, "2026-01-20T09:00:57");
    let runs = wait_for(&world, "attempts", 1);
    assert!(runs.iter().all(|job| matches!(job.as_str(), "attempts" | "alerts")), "{runs:?}");
    assert_eq!(first.stop().1, Some(0));
    assert_eq!(issued(&world), []);
}
