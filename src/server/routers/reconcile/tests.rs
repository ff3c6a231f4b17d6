use super::*;
use crate::sandbox::routeros::{PASSWORD, RouterSim, RouterState, USER};
use crate::server::access::{Failed, IsolirReport, RunIsolir, isolate_one, restore_one, run_isolir};
use crate::server::audit::Who;
use crate::server::customers::edit::{self, ServiceData};
use crate::server::routers::store::RouterForm;
use crate::server::testing::TestApp;
use serde_json::json;
use std::time::Duration;

sql!(STANDS = "SELECT desired, observed, kick_wanted, router_problem FROM service WHERE id = $1");
sql!(LOGGED = "SELECT what FROM access_event WHERE service_id = $1 ORDER BY id");
sql!(TEXTS = "SELECT kind, text FROM message ORDER BY id");
sql!(ROUTER_STATE = "SELECT state, last_problem FROM router WHERE id = $1");
sql!(SEAL_PASSWORD = "UPDATE service SET pppoe_password_sealed = $2, observed = 'unknown' WHERE id = $1");

/// An application with a router of its own that knows the accounts `a`, `b` (on Home-20M).
struct World {
    app: TestApp,
    sim: RouterSim,
    router: i64,
    a: i64,
    b: i64,
}

impl World {
    async fn on(app: TestApp) -> Self {
        let sim = RouterSim::start("127.0.0.1:0".parse().unwrap(), "r0", app.state.clock.clone()).await.unwrap();
        sim.control(json!({"redial_ms": 1})).await.unwrap();
        sim.preload(["a", "b"].map(|name| (name.to_owned(), "x".to_owned(), "Home-20M".to_owned())).to_vec());
        let form = RouterForm {
            name: "Utara".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: sim.address().port(),
            username: USER.to_owned(),
            password: Some(PASSWORD.to_owned()),
            isolir_profile: "ISOLIR".to_owned(),
            strategy: "profile".to_owned(),
            tls: "off".to_owned(),
        };
        let router = store::add(&app.state, form, &Who::command()).await.unwrap();
        let package = app.package("Home", 300_000, 1).await;
        let a = app.service_on("a", package, "2025-01-01", Some(router)).await;
        let b = app.service_on("b", package, "2025-01-01", Some(router)).await;
        app.set(&[("whatsapp.provider", "mpwa")]).await;
        let now = app.state.clock.now();
        app.at("2026-01-01 00:01");
        app.issue("2026-01").await;
        app.state.clock.set(now);
        Self { app, sim, router, a, b }
    }

    async fn each(at: &str) -> Vec<Self> {
        let mut worlds = Vec::new();
        for app in TestApp::each(at).await {
            worlds.push(Self::on(app).await);
        }
        worlds
    }

    async fn sync(&self) -> SyncReport {
        sync_router(&self.app.state, self.router).await.unwrap()
    }

    async fn isolir(&self) -> IsolirReport {
        let today = self.app.state.clock.today();
        let run = RunIsolir { today, dry_run: false, approve: false, by: Who::command(), wait: Some(Duration::ZERO) };
        run_isolir(&self.app.state, run).await.unwrap()
    }

    async fn stands(&self, service: i64) -> (String, String, bool, String) {
        self.app.state.db.one(STANDS, args![service]).await.unwrap()
    }

    async fn logged(&self, service: i64) -> Vec<String> {
        let rows: Vec<(String,)> = self.app.state.db.all(LOGGED, args![service]).await.unwrap();
        rows.into_iter().map(|row| row.0).collect()
    }

    async fn session_on(&self, name: &str, profile: &str) -> RouterState {
        self.sim
            .wait_for(|state| state.active.iter().any(|active| active.name == name && active.profile == profile))
            .await
            .unwrap()
    }

    fn profile(&self, name: &str) -> String {
        self.sim.state().secrets.iter().find(|secret| secret.name == name).unwrap().profile.clone()
    }
}

#[tokio::test]
async fn cut_proven_told_and_brought_back_by_a_payment() {
    for world in World::each("2026-01-12 08:00").await {
        world.sim.wait_for(|state| state.active.len() == 2).await.unwrap();
        world.app.cash(world.b, 300_000).await;
        let report = world.isolir().await;
        assert_eq!((report.overdue, report.isolated, report.pending), (1, 1, 0), "{report:?}");
        world.session_on("a", "ISOLIR").await;
        assert_eq!(world.profile("b"), "Home-20M");
        assert_eq!(world.stands(world.a).await, ("isolated".into(), "isolated".into(), false, String::new()));
        assert_eq!(world.logged(world.a).await, ["wish_isolated", "isolated"]);
        // Twice changes nothing, and ends nobody's session.
        let report = world.sync().await;
        assert_eq!((report.read, report.changed, report.kicked, report.unmatched), (2, 0, 0, 0));

        world.app.cash(world.a, 300_000).await;
        let report = world.sync().await;
        assert_eq!((report.changed, report.kicked), (1, 1));
        world.session_on("a", "Home-20M").await;
        assert_eq!(world.logged(world.a).await, ["wish_isolated", "isolated", "wish_normal", "restored"]);
        let texts: Vec<(String, String)> = world.app.state.db.all(TEXTS, args![]).await.unwrap();
        let kinds: Vec<&str> = texts.iter().map(|row| row.0.as_str()).collect();
        assert_eq!(kinds, ["payment_confirmation", "isolated", "payment_confirmation", "restored"]);
        assert!(texts[1].1.contains("Tagihan Januari 2026: Rp 300.000"), "{}", texts[1].1);
        assert!(texts[1].1.contains("/billing/a"), "{}", texts[1].1);
    }
}

#[tokio::test]
async fn an_unplugged_router_is_waited_for() {
    for world in World::each("2026-01-12 08:00").await {
        world.sync().await;
        world.sim.control(json!({"up": false})).await.unwrap();
        let report = world.isolir().await;
        assert_eq!((report.isolated, report.pending, report.failed.len()), (0, 2, 0), "{report:?}");
        assert_eq!(world.stands(world.a).await.1, "normal");
        let (state, problem): (String, String) =
            world.app.state.db.one(ROUTER_STATE, args![world.router]).await.unwrap();
        assert_eq!(state, "down");
        assert!(problem.contains("Router"), "{problem}");
        // One of them pays meanwhile; nothing of his session is touched when the router is back.
        world.app.cash(world.b, 300_000).await;
        world.sim.control(json!({"up": true})).await.unwrap();
        world.sim.wait_for(|state| state.active.len() == 2).await.unwrap();
        let report = world.sync().await;
        assert_eq!((report.changed, report.kicked, report.error.clone()), (1, 1, None), "{report:?}");
        assert_eq!((world.profile("a").as_str(), world.profile("b").as_str()), ("ISOLIR", "Home-20M"));
        let (state, _): (String, String) = world.app.state.db.one(ROUTER_STATE, args![world.router]).await.unwrap();
        assert_eq!(state, "up");
    }
}

#[tokio::test]
async fn a_lie_is_not_proof() {
    for world in World::each("2026-01-12 08:00").await {
        world.sync().await;
        world.sim.control(json!({"lies": true})).await.unwrap();
        let report = world.isolir().await;
        assert_eq!((report.isolated, report.failed.len()), (0, 2), "{report:?}");
        assert_eq!(world.stands(world.a).await.1, "normal");
        assert!(world.sync().await.again.is_some(), "it is tried again");
        world.sim.control(json!({"lies": false})).await.unwrap();
        let report = world.isolir().await;
        assert_eq!((report.isolated, report.failed.len()), (2, 0), "{report:?}");
        world.session_on("a", "ISOLIR").await;
    }
}

#[tokio::test]
async fn without_the_isolation_profile_nobody_is_isolated() {
    for world in World::each("2026-01-12 08:00").await {
        world.sim.control(json!({"drop_profile": "ISOLIR"})).await.unwrap();
        let report = world.isolir().await;
        assert_eq!((report.isolated, report.failed.len()), (0, 2), "{report:?}");
        let Failed { problem, .. } = &report.failed[0];
        assert!(problem.contains("ISOLIR"), "{problem}");
        assert_eq!(world.profile("a"), "Home-20M");
        world.sim.add_profile("ISOLIR", "512k/512k");
        assert_eq!(world.isolir().await.isolated, 2);
    }
}

#[tokio::test]
async fn a_cut_reply_changes_nothing_and_the_next_visit_heals() {
    for world in World::each("2026-01-12 08:00").await {
        world.sync().await;
        world.sim.control(json!({"cut_after_bytes": 200})).await.unwrap();
        let report = world.isolir().await;
        assert_eq!((report.isolated, report.pending), (0, 2), "{report:?}");
        assert_eq!(world.stands(world.a).await.1, "normal");
        world.sim.control(json!({"cut_after_bytes": null})).await.unwrap();
        assert_eq!(world.isolir().await.isolated, 2);
    }
}

#[tokio::test]
async fn automatic_cuts_wait_for_the_window_and_hands_do_not() {
    for world in World::each("2026-01-12 19:59").await {
        world.sim.control(json!({"up": false})).await.unwrap();
        assert_eq!(world.isolir().await.pending, 2);
        // The router comes back at night.
        world.app.at("2026-01-12 21:00");
        world.sim.control(json!({"up": true})).await.unwrap();
        world.sync().await;
        assert_eq!(world.profile("a"), "Home-20M");
        let by = Who::command();
        let report = isolate_one(&world.app.state, world.b, "curang", &by, Some(Duration::ZERO)).await.unwrap();
        assert_eq!((report.desired.as_str(), report.observed.as_str()), ("isolated", "isolated"));
        assert_eq!((world.profile("a").as_str(), world.profile("b").as_str()), ("Home-20M", "ISOLIR"));
        let report = restore_one(&world.app.state, world.b, "", &by, Some(Duration::ZERO)).await.unwrap();
        assert_eq!(report.observed, "normal");
        world.app.at("2026-01-13 07:00");
        world.sync().await;
        assert_eq!(world.profile("a"), "ISOLIR");
    }
}

#[tokio::test]
async fn what_others_change_is_put_right_and_logged() {
    for world in World::each("2026-01-05 08:00").await {
        world.sync().await;
        let endpoint =
            store::endpoint(&world.app.state, &store::get(&world.app.state, world.router).await.unwrap()).unwrap();
        let mut hand = crate::server::routers::api::connect(&endpoint).await.unwrap();
        let id = hand.secret_by_name("a").await.unwrap().unwrap().id;
        hand.set_secret_profile(&id, "Home-100M").await.unwrap();
        assert_eq!(world.sync().await.changed, 1);
        assert_eq!(world.profile("a"), "Home-20M");
        assert_eq!(world.logged(world.a).await, ["drift"]);
        // Disabled by hand stays so, and says so.
        hand.set_secret_disabled(&id, true).await.unwrap();
        assert_eq!(world.sync().await.changed, 0);
        let (_, observed, _, problem) = world.stands(world.a).await;
        assert_eq!(observed, "disabled");
        assert!(problem.contains("dinonaktifkan manual"), "{problem}");
    }
}

#[tokio::test]
async fn a_missing_account_is_made_where_we_hold_its_password() {
    for world in World::each("2026-01-05 08:00").await {
        let state = &world.app.state;
        let package = world.app.package("Lain", 200_000, 1).await;
        let made = world.app.service_on("c", package, "2026-02-01", Some(world.router)).await;
        let unknown = world.app.service_on("d", package, "2026-02-01", Some(world.router)).await;
        let sealed = state.secrets.seal(PPPOE_PLACE, "rahasia").unwrap();
        let mut tx = state.db.begin().await.unwrap();
        tx.exec_one(SEAL_PASSWORD, args![made, sealed]).await.unwrap();
        tx.commit().await.unwrap();
        let report = world.sync().await;
        assert_eq!((report.read, report.changed, report.unmatched), (3, 1, 0));
        world.session_on("c", "Home-20M").await;
        assert_eq!(world.logged(made).await, ["created"]);
        let (_, observed, _, problem) = world.stands(unknown).await;
        assert_eq!(observed, "missing");
        assert!(problem.contains("tidak ada di router"), "{problem}");
    }
}

sql!(MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
 INSERT INTO service (customer_id, service_number, slug, package_id, router_id, pppoe_username, pppoe_password_sealed, area, collector,
   started_on, due_day, stage, covered_until, discount_kind, discount_value, never_isolate, desired, desired_since, desired_reason, manual,
   isolated_on, observed, observed_profile, observed_at, remembered_profile, disabled_by_us, kick_wanted, router_problem, created_at)
 SELECT s.customer_id, 'u' || CAST(i AS TEXT), 'u' || CAST(i AS TEXT), s.package_id, s.router_id, 'u' || CAST(i AS TEXT), '', '', '',
   s.started_on, 10, 'aktif', '', 'none', 0, '', 'normal', s.desired_since, '', 'none',
   NULL, 'unknown', '', NULL, '', FALSE, FALSE, '', s.created_at FROM n, service s WHERE s.id = $1");

#[tokio::test]
async fn a_mass_change_takes_several_visits() {
    let world = World::on(TestApp::sqlite("2026-01-12 08:00").await).await;
    // Accounts whose devices are off: no session has to end, so the pace of kicks does not matter here.
    let mut tx = world.app.state.db.begin().await.unwrap();
    tx.exec(MANY, args![world.a]).await.unwrap();
    tx.commit().await.unwrap();
    world.sim.control(json!({"redial_ms": 3_600_000})).await.unwrap();
    world.sim.preload((1..=700).map(|i| (format!("u{i}"), "x".to_owned(), "ISOLIR".to_owned())).collect());
    world.sim.control(json!({"reboot": true})).await.unwrap();
    world.sim.wait_for(|state| state.active.is_empty()).await.unwrap();
    // All 700 stand isolated and shall be normal: more than one visit takes.
    let first = world.sync().await;
    assert_eq!((first.changed, first.error.clone()), (500, None));
    assert_eq!(first.left, 200);
    let second = world.sync().await;
    assert_eq!((second.changed, second.left), (200, 0));
    assert_eq!(world.stands(world.a).await.1, "normal");
    assert_eq!(world.profile("u700"), "Home-20M");
}

#[tokio::test]
async fn an_account_left_behind_is_disabled_and_enabled_when_the_line_comes_back() {
    for world in World::each("2026-01-12 08:00").await {
        world.sync().await;
        let data = |router_id| ServiceData {
            area: String::new(),
            collector_id: None,
            due_day: 10,
            router_id,
            pppoe_username: "a".to_owned(),
            pppoe_password: "sandi-a".to_owned(),
            never_isolate: String::new(),
            never_isolate_until: None,
            place: None,
        };
        let disabled = || world.sim.state().secrets.iter().find(|secret| secret.name == "a").unwrap().disabled;
        edit::save_service(&world.app.state, Who::command(), world.a, data(None)).await.unwrap();
        assert_eq!((world.sync().await.changed, disabled()), (1, true));
        assert_eq!(world.sync().await.changed, 0, "once");
        edit::save_service(&world.app.state, Who::command(), world.a, data(Some(world.router))).await.unwrap();
        world.sync().await;
        assert!(!disabled());
        assert_eq!(world.stands(world.a).await.1, "normal");
    }
}
