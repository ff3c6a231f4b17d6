use super::*;
use crate::server::testing::TestApp;

sql!(MESSAGES = "SELECT phone, text, state FROM message WHERE kind = 'reminder' ORDER BY id");
sql!(PHONE = "UPDATE customer SET phone = $2 WHERE id = (SELECT customer_id FROM service WHERE id = $1)");
sql!(ON_ROUTER = "UPDATE service SET router_id = $2 WHERE id = $1");
sql!(ROUTER = "INSERT INTO router (name, host, port, username, password_sealed, isolir_profile, strategy, tls, tls_pin, state, state_since, last_read_at, last_problem, failures, created_at)
 VALUES ('R', '127.0.0.1', 1, 'u', '', 'ISOLIR', 'profile', 'off', '', 'unknown', NULL, NULL, '', 0, $1) RETURNING id");

async fn run(t: &TestApp, sql: crate::server::db::Sql, args: Vec<crate::server::db::Val>) {
    let mut tx = t.state.db.begin().await.unwrap();
    tx.exec_one(sql, args).await.unwrap();
    tx.commit().await.unwrap();
}

async fn with_whatsapp(t: &TestApp) {
    t.set(&[("whatsapp.provider", "mpwa"), ("whatsapp.api_url", "http://127.0.0.1:9")]).await;
}

#[tokio::test]
async fn one_message_a_phone_and_day_lists_all_bills() {
    for t in TestApp::each("2026-01-01 06:00").await {
        with_whatsapp(&t).await;
        let package = t.package("Home", 300_000, 1).await;
        let home = t.service("RUMAH", package, "2025-06-01").await;
        let shop = t.service("TOKO", package, "2025-06-01").await;
        for service in [home, shop] {
            run(&t, PHONE, args![service, "6281234567890"]).await;
        }
        let landline = t.service("KANTOR", package, "2025-06-01").await;
        run(&t, PHONE, args![landline, "62211234567"]).await;
        t.issue("2026-01").await;

        for (day, key) in [("03", "h7"), ("07", "h3"), ("09", "h1"), ("10", "h0")] {
            t.at(&format!("2026-01-{day} 09:00"));
            let report = remind(&t.state).await.unwrap();
            assert_eq!((report.queued[key], report.skipped), (1, 1), "{day}: {report:?}");
            assert_eq!(report.queued.values().sum::<i64>(), 1);
            let again = remind(&t.state).await.unwrap();
            assert_eq!((again.queued.values().sum::<i64>(), again.skipped), (0, 2), "twice a day is once");
        }
        t.at("2026-01-08 09:00");
        assert_eq!(remind(&t.state).await.unwrap().queued.values().sum::<i64>(), 0, "no day of reminders");
        let messages: Vec<(String, String, String)> = t.state.db.all(MESSAGES, args![]).await.unwrap();
        assert_eq!(messages.len(), 4);
        for wanted in [
            "RUMAH, TOKO",
            "Tagihan Januari 2026 (RUMAH): Rp 300.000",
            "*Rp 600.000*",
            "10 Januari 2026",
            "/billing/TOKO",
        ] {
            assert!(messages[0].1.contains(wanted), "{wanted} in {}", messages[0].1);
        }
    }
}

#[tokio::test]
async fn the_day_before_a_cut_warns_and_holidays_move_it() {
    for t in TestApp::each("2026-01-01 06:00").await {
        with_whatsapp(&t).await;
        t.set(&[("isolir.grace_days", "2"), ("isolir.holidays", "2026-01-13")]).await;
        let package = t.package("Home", 300_000, 1).await;
        let mut tx = t.state.db.begin().await.unwrap();
        let router = tx.number(ROUTER, args![t.state.clock.now()]).await.unwrap();
        tx.commit().await.unwrap();
        let budi = t.service("BUDI", package, "2025-06-01").await;
        run(&t, ON_ROUTER, args![budi, router]).await;
        t.issue("2026-01").await;
        // Due on the 10th, two days of grace: overdue on the 13th, a holiday; cut on the 14th.
        for day in ["11", "12"] {
            t.at(&format!("2026-01-{day} 09:00"));
            assert_eq!(remind(&t.state).await.unwrap().warned, 0, "{day}");
        }
        t.at("2026-01-13 09:00");
        let report = remind(&t.state).await.unwrap();
        assert_eq!((report.warned, report.warned_apart), (1, 1));
        let messages: Vec<(String, String, String)> = t.state.db.all(MESSAGES, args![]).await.unwrap();
        assert!(messages[0].1.contains("Mohon dibayar sebelum besok"), "{}", messages[0].1);
    }
}
