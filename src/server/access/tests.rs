use super::isolir::{RunIsolir, run_isolir};
use super::*;
use crate::server::testing::TestApp;

sql!(DESIRED = "SELECT desired, manual FROM service WHERE id = $1");
sql!(SET_FACTS = "UPDATE service SET never_isolate = $2, observed = $3 WHERE id = $1");
sql!(WORK = "SELECT kind FROM work WHERE state = 'ready' ORDER BY id");
sql!(EVENTS_OF = "SELECT what FROM access_event WHERE service_id = $1 ORDER BY id");
sql!(BRAKE = "SELECT state, would_cut FROM isolir_brake ORDER BY id");

async fn router(app: &TestApp) -> i64 {
    let form = crate::server::routers::store::RouterForm {
        name: "Utara".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: 1,
        username: "billing".to_owned(),
        password: Some("s3cret".to_owned()),
        isolir_profile: "ISOLIR".to_owned(),
        strategy: "profile".to_owned(),
        tls: "off".to_owned(),
    };
    crate::server::routers::store::add(&app.state, form, &Who::command()).await.unwrap()
}

/// `n` services with a bill of 300.000 for January, due on the 10th.
async fn billed(app: &TestApp, n: usize) -> (i64, Vec<i64>) {
    let router = router(app).await;
    let package = app.package("Home", 300_000, 1).await;
    let mut services = Vec::new();
    for i in 0..n {
        services.push(app.service_on(&format!("1000{i:04}"), package, "2025-01-01", Some(router)).await);
    }
    let now = app.state.clock.now();
    let today = app.state.clock.today();
    app.at("2026-01-01 00:01");
    app.issue("2026-01").await;
    app.state.clock.set(now);
    assert_eq!(app.state.clock.today(), today);
    (router, services)
}

async fn desired(app: &TestApp, service: i64) -> (String, String) {
    app.state.db.one(DESIRED, args![service]).await.unwrap()
}

async fn facts(app: &TestApp, service: i64, never: &str, observed: &str) {
    let mut tx = app.state.db.begin().await.unwrap();
    tx.exec_one(SET_FACTS, args![service, never, observed]).await.unwrap();
    tx.commit().await.unwrap();
}

fn daily(app: &TestApp) -> RunIsolir {
    RunIsolir { today: app.state.clock.today(), dry_run: false, approve: false, by: Who::system(), wait: None }
}

#[tokio::test]
async fn who_is_overdue_is_cut_and_who_pays_comes_back() {
    for app in TestApp::each("2026-01-10 08:00").await {
        let (_, services) = billed(&app, 3).await;
        let report = run_isolir(&app.state, daily(&app)).await.unwrap();
        assert_eq!((report.overdue, report.pending), (0, 0), "the due day itself is not overdue");
        app.at("2026-01-11 08:00");
        app.cash(services[2], 300_000).await;
        let dry = run_isolir(&app.state, RunIsolir { dry_run: true, ..daily(&app) }).await.unwrap();
        assert_eq!((dry.overdue, dry.pending), (2, 2));
        assert_eq!(desired(&app, services[0]).await.0, "normal");
        let report = run_isolir(&app.state, daily(&app)).await.unwrap();
        assert_eq!((report.overdue, report.pending, report.isolated), (2, 2, 0));
        assert_eq!(desired(&app, services[0]).await.0, "isolated");
        assert_eq!(desired(&app, services[2]).await.0, "normal");
        let again = run_isolir(&app.state, daily(&app)).await.unwrap();
        assert_eq!((again.overdue, again.pending), (2, 2));
        facts(&app, services[0], "", "isolated").await;
        // Not enough: what is left is the minimum debt. Then one rupiah below it.
        app.cash(services[0], 290_000).await;
        assert_eq!(desired(&app, services[0]).await.0, "isolated");
        app.cash(services[0], 1).await;
        assert_eq!(desired(&app, services[0]).await.0, "normal");
        let events: Vec<(String,)> = app.state.db.all(EVENTS_OF, args![services[0]]).await.unwrap();
        assert_eq!(events, [("wish_isolated".to_owned(),), ("wish_normal".to_owned(),)]);
        let work: Vec<(String,)> = app.state.db.all(WORK, args![]).await.unwrap();
        assert_eq!(work.iter().filter(|row| row.0 == "sync_router").count(), 1);
        app.assert_books().await;
    }
}

#[tokio::test]
async fn reasons_to_hold_are_named() {
    for app in TestApp::each("2026-01-12 08:00").await {
        let (_, services) = billed(&app, 2).await;
        facts(&app, services[0], "kantor desa", "normal").await;
        let package = app.package("Tanpa router", 300_000, 1).await;
        app.service("20000001", package, "2025-01-01").await;
        app.at("2026-01-01 10:00");
        app.issue("2026-01").await;
        app.at("2026-01-20 08:00");
        let report = run_isolir(&app.state, daily(&app)).await.unwrap();
        let held: Vec<&str> = report.held.iter().map(|held| held.reason.as_str()).collect();
        assert_eq!((report.overdue, report.pending, held.len()), (3, 1, 2), "{held:?}");
        assert!(held[0].contains("kantor desa") && held[1].contains("belum terhubung"), "{held:?}");
        for (key, value, at) in [
            ("isolir.skip_weekdays", "selasa", "2026-01-20 08:00"),
            ("isolir.holidays", "2026-01-21", "2026-01-21 08:00"),
            ("isolir.window", "07:00-20:00", "2026-01-22 20:00"),
        ] {
            app.set(&[(key, value)]).await;
            app.at(at);
            let report = run_isolir(&app.state, daily(&app)).await.unwrap();
            assert_eq!((report.overdue, report.pending, report.held.len()), (3, 0, 3), "{key}");
        }
    }
}

#[tokio::test]
async fn too_many_at_once_wait_for_a_person() {
    for app in TestApp::each("2026-01-12 08:00").await {
        let (_, services) = billed(&app, 25).await;
        let report = run_isolir(&app.state, daily(&app)).await.unwrap();
        assert!(report.braked);
        assert_eq!((report.overdue, report.pending), (25, 0));
        assert_eq!(desired(&app, services[0]).await.0, "normal");
        let brakes: Vec<(String, i64)> = app.state.db.all(BRAKE, args![]).await.unwrap();
        assert_eq!(brakes, [("waiting".to_owned(), 25)]);
        approve_brake(&app.state, &Who::command()).await.unwrap();
        let report = run_isolir(&app.state, daily(&app)).await.unwrap();
        assert!(!report.braked);
        assert_eq!(report.pending, 25);
        assert!(approve_brake(&app.state, &Who::command()).await.is_err());
    }
}

#[tokio::test]
async fn hands_hold_as_the_rules_say() {
    for app in TestApp::each("2026-01-12 22:00").await {
        let (_, services) = billed(&app, 2).await;
        let by = Who::command();
        // A cut by hand, at night, stays until nothing at all is past due.
        isolate_one(&app.state, services[0], "laporan pencurian", &by, None).await.unwrap();
        assert_eq!(desired(&app, services[0]).await, ("isolated".to_owned(), "cut".to_owned()));
        app.cash(services[0], 299_999).await;
        assert_eq!(desired(&app, services[0]).await.0, "isolated");
        app.cash(services[0], 1).await;
        assert_eq!(desired(&app, services[0]).await.0, "normal");
        // A restore by hand while overdue holds until the next daily run.
        app.at("2026-01-13 08:00");
        run_isolir(&app.state, daily(&app)).await.unwrap();
        let report = restore_one(&app.state, services[1], "janji lisan", &by, None).await.unwrap();
        assert_eq!(report.desired, "normal");
        assert_eq!(desired(&app, services[1]).await, ("normal".to_owned(), "restored".to_owned()));
        app.at("2026-01-14 08:00");
        run_isolir(&app.state, daily(&app)).await.unwrap();
        assert_eq!(desired(&app, services[1]).await, ("isolated".to_owned(), "none".to_owned()));
    }
}

#[test]
fn a_list_of_ids_is_fixed_width() {
    assert_eq!(ids::id_text(&[1, 40_000]), "000000000001000000040000");
}

sql!(STAGE = "SELECT stage FROM service WHERE id = $1");

async fn stage(app: &TestApp, service: i64) -> String {
    app.state.db.one::<(String,)>(STAGE, args![service]).await.unwrap().0
}

/// Isolated for long: one more bill, then Siap Dicabut and none. Who pays then, or is restored by hand, has a line that
/// runs, and is billed for it again.
#[tokio::test]
async fn who_comes_back_from_siap_dicabut_is_billed_again() {
    for app in TestApp::each("2026-01-12 08:00").await {
        let (_, services) = billed(&app, 3).await;
        assert_eq!(run_isolir(&app.state, daily(&app)).await.unwrap().pending, 3);
        app.at("2026-02-01 00:01");
        assert_eq!(app.issue("2026-02").await.issued, 3);
        app.at("2026-03-01 00:01");
        let march = app.issue("2026-03").await;
        assert_eq!((march.issued, march.skipped.len()), (0, 3));
        assert_eq!(stage(&app, services[0]).await, "siap_dicabut");

        app.at("2026-03-05 10:00");
        app.cash(services[0], 600_000).await;
        restore_one(&app.state, services[1], "janji lisan", &Who::command(), None).await.unwrap();
        for service in &services[..2] {
            assert_eq!(
                (stage(&app, *service).await, desired(&app, *service).await.0),
                ("aktif".into(), "normal".into())
            );
        }
        app.at("2026-04-01 00:01");
        let april = app.issue("2026-04").await;
        assert_eq!((april.issued, april.skipped.len()), (2, 1));
        app.assert_books().await;
    }
}

sql!(HOLD_STATES = "SELECT kind, state FROM access_hold ORDER BY id");

async fn note(app: &TestApp, service: i64, until: &str) -> Result<i64> {
    let ctx = AccessContext {
        settings: app.state.settings().await.unwrap(),
        today: app.state.clock.today(),
        now: app.state.clock.now(),
        who: Who::command(),
    };
    let until: NaiveDate = until.parse().unwrap();
    app.state
        .db
        .write(move |tx| {
            let ctx = ctx.clone();
            Box::pin(async move { holds::promise(tx, &ctx, service, until, "gajian tanggal 15").await })
        })
        .await
}

#[tokio::test]
async fn a_promise_opens_the_line_until_its_day_is_over_and_there_are_two_in_six_months() {
    for app in TestApp::each("2026-01-11 08:00").await {
        let (_, services) = billed(&app, 2).await;
        run_isolir(&app.state, daily(&app)).await.unwrap();
        assert_eq!(desired(&app, services[0]).await.0, "isolated");
        for until in ["2026-01-10", "2026-01-19"] {
            assert!(
                matches!(note(&app, services[0], until).await, Err(Error::Invalid { field, .. }) if field == "until")
            );
        }
        note(&app, services[0], "2026-01-15").await.unwrap();
        assert_eq!(desired(&app, services[0]).await.0, "normal");
        assert!(note(&app, services[0], "2026-01-16").await.is_err(), "one at a time");
        app.at("2026-01-15 08:00");
        let report = run_isolir(&app.state, daily(&app)).await.unwrap();
        assert_eq!(report.held[0].reason, "janji bayar sampai 15/01/2026");
        assert_eq!(desired(&app, services[0]).await.0, "normal");
        app.at("2026-01-16 08:00");
        run_isolir(&app.state, daily(&app)).await.unwrap();
        assert_eq!(desired(&app, services[0]).await.0, "isolated");
        // A second one that is kept; then no third.
        note(&app, services[0], "2026-01-18").await.unwrap();
        app.cash(services[0], 300_000).await;
        app.at("2026-01-17 08:00");
        run_isolir(&app.state, daily(&app)).await.unwrap();
        let states: Vec<(String, String)> = app.state.db.all(HOLD_STATES, args![]).await.unwrap();
        let states: Vec<_> = states.iter().map(|(kind, state)| (kind.as_str(), state.as_str())).collect();
        assert_eq!(states, [("promise", "broken"), ("promise", "kept")]);
        assert!(
            matches!(note(&app, services[0], "2026-01-18").await, Err(Error::Refused(say)) if say.contains("2 janji"))
        );
    }
}

#[tokio::test]
async fn a_promise_made_before_the_bill_is_due_still_holds_after() {
    for app in TestApp::each("2026-01-09 08:00").await {
        let (_, services) = billed(&app, 1).await;
        note(&app, services[0], "2026-01-14").await.unwrap();
        for day in ["2026-01-09", "2026-01-10", "2026-01-14"] {
            app.at(&format!("{day} 08:00"));
            run_isolir(&app.state, daily(&app)).await.unwrap();
            assert_eq!(desired(&app, services[0]).await.0, "normal", "{day}");
        }
        app.at("2026-01-15 08:00");
        run_isolir(&app.state, daily(&app)).await.unwrap();
        assert_eq!(desired(&app, services[0]).await.0, "isolated");
    }
}
