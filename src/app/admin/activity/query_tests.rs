//! Log Aktivitas on both engines.

use super::*;
use crate::server::audit::{self, Who};
use crate::server::testing::TestApp;

async fn log(t: &TestApp, who: &Who, action: &str, subject: &str, before: &str, after: &str) {
    let mut tx = t.state.db.begin().await.unwrap();
    audit::record(&mut tx, who, t.state.clock.now(), action, subject, before, after).await.unwrap();
    tx.commit().await.unwrap();
}

async fn found(t: &TestApp, filter: ActivityFilter) -> Vec<String> {
    let list = list(&t.state, &filter).await.unwrap();
    list.rows.into_iter().map(|row| row.subject).collect()
}

#[tokio::test]
async fn the_log_is_found_by_person_action_subject_text_and_day() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let sari = t.service("SARI", package, "2025-06-01").await;
        let rina = Who { staff_id: Some(7), name: "Rina".to_owned(), address: "10.0.0.7".to_owned() };
        log(&t, &Who::command(), "setting.set", "invoice.due_day", "10", "12").await;
        t.at("2026-01-16 10:00");
        log(&t, &rina, "service.change", &format!("service:{sari}"), "Wilayah: Utara", "Wilayah: Selatan").await;
        log(&t, &rina, "session.login", "staff:7", "", "").await;
        t.at("2026-03-01 10:00");
        log(&t, &rina, "package.update", &format!("package:{package}"), "=1+1", "Rp 2").await;

        let empty = ActivityFilter::default;
        // Without dates, the last thirty days.
        assert_eq!(found(&t, empty()).await, ["Paket Home"]);
        let all = || ActivityFilter { from: "1/1/2026".into(), ..empty() };
        let newest_first = found(&t, all()).await;
        assert_eq!(newest_first.len(), 4);
        assert_eq!(newest_first[0], "Paket Home");
        assert_eq!(newest_first[2], "Layanan SARI (SARI)");
        assert_eq!(found(&t, ActivityFilter { who: "7".into(), ..all() }).await.len(), 3);
        assert_eq!(found(&t, ActivityFilter { who: "Perintah".into(), ..all() }).await.len(), 1);
        assert!(found(&t, ActivityFilter { who: "siapa".into(), ..all() }).await.is_empty());
        assert_eq!(found(&t, ActivityFilter { action: "session.login".into(), ..all() }).await, ["Pengguna 7"]);
        let of_sari = ActivityFilter { subject: format!("service:{sari}"), ..all() };
        assert_eq!(found(&t, of_sari.clone()).await, ["Layanan SARI (SARI)"]);
        assert_eq!(list(&t.state, &of_sari).await.unwrap().subject, "Layanan SARI (SARI)");
        for text in ["selatan", "sari", "UTARA"] {
            assert_eq!(found(&t, ActivityFilter { q: text.into(), ..all() }).await, ["Layanan SARI (SARI)"], "{text}");
        }
        assert_eq!(found(&t, ActivityFilter { q: "10.0.0.7".into(), ..all() }).await.len(), 3);
        assert_eq!(found(&t, ActivityFilter { to: "15/1/2026".into(), ..all() }).await.len(), 1);
        let row = list(&t.state, &of_sari).await.unwrap().rows.remove(0);
        assert_eq!((row.who.as_str(), row.address.as_str()), ("Rina", "10.0.0.7"));
        assert_eq!(row.changes[0].words(), "Wilayah: Utara → Selatan");
        assert!(row.href.starts_with("/admin/pelanggan/"), "{}", row.href);
        for bad in [
            ActivityFilter { from: "kemarin".into(), ..empty() },
            ActivityFilter { from: "2/2/2026".into(), to: "1/2/2026".into(), ..empty() },
        ] {
            assert!(matches!(list(&t.state, &bad).await, Err(Error::Invalid { field, .. }) if field == "from"));
        }
        assert!(xlsx(&t.state, &all()).await.unwrap().starts_with(b"PK"));
        let choices = choices(&t.state).await.unwrap();
        assert!(choices.people.iter().any(|choice| choice.value == "Sistem"));
    }
}

#[tokio::test]
async fn an_amount_is_found_in_either_writing() {
    for t in TestApp::each("2026-01-15 10:00").await {
        log(&t, &Who::command(), "setting.set", "setting:isolir.min_debt", "10000", "1500000").await;
        log(&t, &Who::command(), "payment.record", "payment:7", "", "Tunai Rp 1.500.000").await;
        log(&t, &Who::command(), "payment.record", "payment:8", "", "Tunai Rp 2.500.000").await;
        let of = async |q: &str| found(&t, ActivityFilter { q: q.into(), ..ActivityFilter::default() }).await.len();
        for typed in ["1500000", "1.500.000", "Rp 1.500.000", "rp1500000", "1,5jt"] {
            assert_eq!(of(typed).await, 2, "{typed}");
        }
        assert_eq!((of("1.500.00").await, of("2500000").await), (1, 1));
        assert_eq!(of("01500000").await, 0);
    }
}

/// Every row is met once, forwards and backwards, though many have the same instant.
#[tokio::test]
async fn pages_go_on_from_where_they_ended() {
    for t in TestApp::each("2026-01-15 10:00").await {
        for n in 0..120 {
            log(&t, &Who::system(), "job.run", &format!("job:{n}"), "", "").await;
        }
        let page = async |before: i64, after: i64| {
            list(&t.state, &ActivityFilter { before, after, ..ActivityFilter::default() }).await.unwrap()
        };
        let first = page(0, 0).await;
        assert_eq!((first.rows.len(), first.newer), (50, 0));
        let second = page(first.older, 0).await;
        let third = page(second.older, 0).await;
        assert_eq!((third.rows.len(), third.older), (20, 0));
        let mut met: Vec<i64> =
            [&first, &second, &third].into_iter().flat_map(|page| &page.rows).map(|row| row.id).collect();
        assert!(met.is_sorted_by(|one, other| one > other));
        met.dedup();
        assert_eq!(met.len(), 120);
        let back = page(0, third.newer).await;
        assert_eq!(back.rows, second.rows);
        let top = page(0, back.newer).await;
        assert_eq!((&top.rows, top.newer), (&first.rows, 0));
        assert_eq!(page(0, first.rows[0].id).await.rows, first.rows, "nothing is newer: from the top");
    }
}

// `$2` rows of one instant; those whose number is a multiple of `$3` hold the text `$4`.
sql!(
    EVENTS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
 INSERT INTO audit_event (at, who, staff_id, action, subject, before_value, after_value, address)
 SELECT $1, 'Sistem', NULL, 'job.run', 'job:' || CAST(i AS TEXT), '', CASE WHEN i % $3 = 0 THEN $4 ELSE 'biasa' END, '' FROM n"
);
sql!(HITS = "SELECT id FROM audit_event WHERE after_value = $1 ORDER BY at DESC, id DESC");

/// A text is looked for some thousand rows at a time. Whoever goes on meets every hit once, in order, and the same on the
/// way back, though between two of them lie more rows than one step looks at.
#[tokio::test]
async fn a_search_goes_on_step_by_step_and_neither_skips_nor_doubles() {
    for t in TestApp::each("2026-01-15 10:00").await {
        // The newest last: hits wide apart, then 12,000 rows without any, then more of them than a page holds.
        for (day, rows, every) in [("05", 4_000, 900), ("06", 3_000, 40), ("07", 6_000, 9_999), ("08", 6_001, 6_001)] {
            t.at(&format!("2026-01-{day} 10:00"));
            let mut tx = t.state.db.begin().await.unwrap();
            tx.exec(EVENTS, args![t.state.clock.now(), rows, every, "jarum"]).await.unwrap();
            tx.commit().await.unwrap();
        }
        t.at("2026-01-15 10:00");
        let hits: Vec<i64> =
            t.state.db.all::<(i64,)>(HITS, args!["jarum"]).await.unwrap().into_iter().map(|row| row.0).collect();
        assert_eq!(hits.len(), 1 + 75 + 4);
        let page = async |before: i64, after: i64| {
            let filter = ActivityFilter { q: "Jarum".into(), before, after, ..ActivityFilter::default() };
            list(&t.state, &filter).await.unwrap()
        };
        let ids = |list: &ActivityList| list.rows.iter().map(|row| row.id).collect::<Vec<_>>();

        let mut pages = vec![page(0, 0).await];
        assert_eq!(ids(&pages[0]), hits[..1], "the first step sees the newest rows only");
        while let Some(older) = pages.last().map(|last| last.older).filter(|older| *older > 0) {
            assert!(pages.len() < 12, "19,001 rows are few steps");
            pages.push(page(older, 0).await);
        }
        let met: Vec<i64> = pages.iter().flat_map(&ids).collect();
        assert_eq!(met, hits, "on {}", t.state.db.engine());
        assert!(pages.iter().any(|page| page.rows.is_empty()), "a step that found nothing led on");
        assert!(pages.iter().all(|page| page.rows.len() <= 50));

        let mut back = Vec::new();
        let mut newer = pages.last().unwrap().newer;
        let last = ids(pages.last().unwrap());
        for step in 0.. {
            assert!(step < 12, "19,001 rows are few steps");
            let page = page(0, newer).await;
            back.splice(0..0, ids(&page));
            newer = page.newer;
            if newer == 0 {
                break;
            }
        }
        assert_eq!(back, hits[..hits.len() - last.len()], "on {}", t.state.db.engine());
    }
}
