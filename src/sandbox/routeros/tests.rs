//! Our client against the simulated router, over loopback.

use super::*;
use crate::server::routers::{
    api::{Connection, Deadlines, Endpoint, connect_with},
    error::RouterError,
    probe::{Probe, probe_with},
    session::NewSecret,
    strategy::{Observed, Plan, RouterView, ServiceView, Step, Want, plan},
    tls::Tls,
};
use chrono::TimeZone;
use serde_json::json;
use tokio::{io::duplex, time::Instant};

type Router = Connection<Box<dyn Wire>>;

async fn start() -> RouterSim {
    let clock = Clock::fixed(chrono_tz::Asia::Jakarta, Utc.with_ymd_and_hms(2026, 1, 15, 1, 0, 0).unwrap());
    let sim = RouterSim::start("127.0.0.1:0".parse().unwrap(), "r0", clock).await.unwrap();
    sim.control(json!({"redial_ms": 1})).await.unwrap();
    sim.preload(vec![
        ("budi".to_owned(), "p1".to_owned(), "Home-20M".to_owned()),
        ("siti 01".to_owned(), "p2".to_owned(), "Home-10M".to_owned()),
    ]);
    sim
}

fn endpoint(sim: &RouterSim) -> Endpoint {
    Endpoint {
        host: sim.address().ip().to_string(),
        port: sim.address().port(),
        username: USER.to_owned(),
        password: PASSWORD.to_owned(),
        tls: Tls::Off,
    }
}

fn short() -> Deadlines {
    let short = Duration::from_millis(100);
    Deadlines { login: short, command: short, list: short, ..Deadlines::default() }
}

async fn open(sim: &RouterSim) -> Router {
    connect_with(&endpoint(sim), Deadlines::default()).await.unwrap()
}

async fn refused(sim: &RouterSim) -> RouterError {
    connect_with(&endpoint(sim), short()).await.map(|_| ()).unwrap_err()
}

async fn read(router: &mut Router) -> RouterView {
    RouterView {
        secrets: router.secrets().await.unwrap(),
        active: router.active().await.unwrap(),
        profiles: router.profiles().await.unwrap(),
    }
}

fn budi(want: Want) -> ServiceView {
    ServiceView {
        service_id: 1,
        secret_name: "budi".to_owned(),
        password: None,
        package_profile: "Home-20M".to_owned(),
        want,
        disabled_by_us: want == Want::Normal,
        remembered_profile: None,
        kick_wanted: false,
    }
}

async fn carry_out(router: &mut Router, want: Want) -> Plan {
    let plan = plan(&[budi(want)], &read(router).await, "ISOLIR");
    for step in &plan.steps {
        match step {
            Step::SetProfile { secret_id, profile, .. } => router.set_secret_profile(secret_id, profile).await.unwrap(),
            Step::Disable { secret_id, .. } => router.set_secret_disabled(secret_id, true).await.unwrap(),
            Step::Enable { secret_id, .. } => router.set_secret_disabled(secret_id, false).await.unwrap(),
            Step::Create { secret, .. } => drop(router.add_secret(secret).await.unwrap()),
            Step::Kick { name, active_ids, .. } => assert_eq!(router.kick(name).await.unwrap(), active_ids.len()),
        }
    }
    plan
}

fn session_on(profile: &str) -> impl Fn(&RouterState) -> bool {
    move |state| state.active.iter().any(|session| session.name == "budi" && session.profile == profile)
}

#[tokio::test]
async fn isolating_and_restoring_kick_and_the_next_session_has_the_new_profile() {
    let sim = start().await;
    let mut router = open(&sim).await;
    assert_eq!(carry_out(&mut router, Want::Isolated).await.steps.len(), 2);
    let state = sim.wait_for(session_on("ISOLIR")).await.unwrap();
    assert_eq!(state.secrets[0].profile, "ISOLIR");
    // The neighbour noticed nothing.
    assert!(state.active.iter().any(|session| session.name == "siti 01" && session.profile == "Home-10M"));
    // Again: nothing to do.
    assert_eq!(carry_out(&mut router, Want::Isolated).await.steps, []);
    assert_eq!(carry_out(&mut router, Want::Normal).await.steps.len(), 2);
    sim.wait_for(session_on("Home-20M")).await.unwrap();
    // Disabled: the session ends and none comes up again until it is enabled.
    carry_out(&mut router, Want::Disabled).await;
    assert!(router.active_by_name("budi").await.unwrap().is_empty());
    carry_out(&mut router, Want::Normal).await;
    sim.wait_for(session_on("Home-20M")).await.unwrap();
}

#[tokio::test]
async fn a_session_keeps_its_profile_until_it_is_kicked() {
    let sim = start().await;
    let mut router = open(&sim).await;
    let secret = router.secret_by_name("budi").await.unwrap().unwrap();
    let before = router.active_by_name("budi").await.unwrap();
    router.set_secret_profile(&secret.id, "ISOLIR").await.unwrap();
    assert!(session_on("Home-20M")(&sim.state()));
    assert_eq!(router.kick("budi").await.unwrap(), 1);
    sim.wait_for(session_on("ISOLIR")).await.unwrap();
    let after = router.active_by_name("budi").await.unwrap();
    assert_ne!(before[0].session_id, after[0].session_id);
    assert!(matches!(router.remove_active(&before[0].id).await, Err(RouterError::NoSuchItem(_))));
}

#[tokio::test]
async fn a_lie_is_found_by_reading_back() {
    let sim = start().await;
    sim.control(json!({"lies": true})).await.unwrap();
    let mut router = open(&sim).await;
    carry_out(&mut router, Want::Isolated).await;
    let again = plan(&[budi(Want::Isolated)], &read(&mut router).await, "ISOLIR");
    assert_eq!(again.observed, [(1, Observed::Normal)]);
    assert!(matches!(again.steps[0], Step::SetProfile { .. }));
}

#[tokio::test]
async fn accounts_are_added_once_and_dial_a_moment_later() {
    let sim = start().await;
    let mut router = open(&sim).await;
    let new = NewSecret {
        name: "Bu Tini = 🌸".to_owned(),
        password: "a b\"c=d".to_owned(),
        profile: "Home-50M".to_owned(),
        comment: "x".repeat(16384),
    };
    let id = router.add_secret(&new).await.unwrap();
    assert!(matches!(router.add_secret(&new).await, Err(RouterError::Duplicate(_))));
    let found = router.secret_by_name(&new.name).await.unwrap().unwrap();
    assert_eq!((&found.id, &found.profile, &found.comment), (&id, &new.profile, &new.comment));
    sim.wait_for(|state| state.active.iter().any(|session| session.name == new.name)).await.unwrap();
    assert_eq!(router.secret_by_name("tidak ada").await.unwrap(), None);
    let none = NewSecret { name: "lain".to_owned(), profile: "10 Mbps".to_owned(), ..new.clone() };
    assert!(matches!(router.add_secret(&none).await, Err(RouterError::ProfileMissing(_))));
    sim.add_profile("10 Mbps", "10M/10M");
    router.add_secret(&none).await.unwrap();
    assert!(matches!(router.set_secret_profile("*FFFF", "default").await, Err(RouterError::NoSuchItem(_))));
}

#[tokio::test]
async fn every_cut_of_a_list_is_an_error() {
    let sim = start().await;
    let mut router = open(&sim).await;
    let whole = router.secrets().await.unwrap();
    for cut in 1..150 {
        sim.control(json!({"cut_after_bytes": cut})).await.unwrap();
        let mut router = open(&sim).await;
        match router.secrets().await {
            Ok(secrets) => assert_eq!(secrets, whole, "cut at {cut}"),
            Err(error) => assert!(matches!(error, RouterError::Cut | RouterError::Closed), "cut at {cut}: {error:?}"),
        }
    }
    sim.control(json!({"cut_after_bytes": 20})).await.unwrap();
    assert_eq!(open(&sim).await.secrets().await, Err(RouterError::Cut));
    sim.control(json!({"cut_after_bytes": null})).await.unwrap();
    assert_eq!(open(&sim).await.secrets().await.unwrap(), whole);
}

#[tokio::test]
async fn unplugged_frozen_refusing_and_read_only_each_say_so() {
    let sim = start().await;
    let mut router = open(&sim).await;
    sim.control(json!({"up": false})).await.unwrap();
    assert_eq!(router.identity().await, Err(RouterError::Cut));
    assert_eq!(refused(&sim).await, RouterError::Refused);
    sim.control(json!({"up": false})).await.unwrap();
    sim.control(json!({"up": true})).await.unwrap();
    sim.control(json!({"up": true})).await.unwrap();
    assert_eq!(open(&sim).await.identity().await.unwrap(), "r0");

    sim.control(json!({"frozen": true})).await.unwrap();
    assert_eq!(refused(&sim).await, RouterError::Timeout);
    sim.control(json!({"frozen": false, "reject_login": true})).await.unwrap();
    assert!(matches!(refused(&sim).await, RouterError::LoginRefused(_)));
    sim.control(json!({"reject_login": false, "latency_ms": 400})).await.unwrap();
    assert_eq!(refused(&sim).await, RouterError::Timeout);
    sim.control(json!({"latency_ms": 0, "read_only": true})).await.unwrap();
    let mut router = open(&sim).await;
    let id = router.secrets().await.unwrap()[0].id.clone();
    assert!(matches!(router.set_secret_profile(&id, "ISOLIR").await, Err(RouterError::NoPermission(_))));
    assert!(sim.control(json!({"upp": false})).await.is_err());
    assert!(sim.control(json!({"up": "no"})).await.is_err());
}

#[tokio::test]
async fn a_command_swallowed_by_a_frozen_router_is_not_done_later() {
    let sim = start().await;
    let mut router = connect_with(&endpoint(&sim), short()).await.unwrap();
    let id = router.secrets().await.unwrap()[0].id.clone();
    sim.control(json!({"frozen": true})).await.unwrap();
    assert_eq!(router.set_secret_profile(&id, "ISOLIR").await, Err(RouterError::Timeout));
    sim.control(json!({"frozen": false})).await.unwrap();
    assert_eq!(open(&sim).await.secrets().await.unwrap()[0].profile, "Home-20M");
}

#[tokio::test]
async fn a_reboot_drops_everything_and_the_devices_come_back() {
    let sim = start().await;
    let mut router = open(&sim).await;
    sim.control(json!({"redial_ms": 30, "reboot": true})).await.unwrap();
    assert!(sim.state().active.is_empty());
    assert!(router.identity().await.is_err());
    assert_eq!(sim.wait_for(|state| state.active.len() == 2).await.unwrap().secrets.len(), 2);
}

#[tokio::test]
async fn a_dropped_profile_is_gone_and_isolating_says_so() {
    let sim = start().await;
    sim.control(json!({"drop_profile": "ISOLIR"})).await.unwrap();
    let mut router = open(&sim).await;
    let plan = carry_out(&mut router, Want::Isolated).await;
    assert_eq!((plan.steps.len(), plan.problems.len()), (0, 1));
    let id = router.secrets().await.unwrap()[0].id.clone();
    assert!(matches!(router.set_secret_profile(&id, "ISOLIR").await, Err(RouterError::ProfileMissing(_))));
    sim.control(json!({"add_profile": "ISOLIR"})).await.unwrap();
    router.set_secret_profile(&id, "ISOLIR").await.unwrap();
}

#[tokio::test]
async fn the_probe_answers_as_the_contract_says() {
    let sim = start().await;
    let works = serde_json::to_value(probe_with(&endpoint(&sim), "ISOLIR", short()).await).unwrap();
    assert_eq!(works["ok"], true);
    assert_eq!(works["identity"], "r0");
    assert_eq!(works["version"], "7.18.2 (stable)");
    assert_eq!(works["isolir_profile_exists"], true);
    assert!(works["latency_ms"].is_u64() && works["board"].is_string());
    let profiles = ["default", "default-encryption", "ISOLIR", "Home-10M", "Home-20M", "Home-50M", "Home-100M"];
    assert_eq!(works["profiles"], json!(profiles));
    assert!(matches!(
        probe_with(&endpoint(&sim), "isolir", short()).await,
        Probe::Works { isolir_profile_exists: false, .. }
    ));
    sim.control(json!({"up": false})).await.unwrap();
    let fails = serde_json::to_value(probe_with(&endpoint(&sim), "ISOLIR", short()).await).unwrap();
    assert_eq!(fails["ok"], false);
    assert!(fails["problem"].as_str().unwrap().contains("Router") && fails["advice"].is_string());
}

#[tokio::test]
async fn an_old_router_is_logged_in_to_and_sends_no_empty() {
    let sim = start().await;
    sim.make_old();
    let mut router = open(&sim).await;
    assert_eq!(router.secret_by_name("tidak ada").await.unwrap(), None);
    assert!(router.resource().await.unwrap().version.starts_with("6.42"));
    let wrong = Endpoint { password: "salah".to_owned(), ..endpoint(&sim) };
    let error = connect_with(&wrong, short()).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, RouterError::LoginRefused(_)));
}

#[tokio::test]
async fn other_menus_and_words_answer_as_routers_do() {
    let sim = start().await;
    let mut router = open(&sim).await;
    assert_eq!(router.talk(&["/ppp/secret/print", "=count-only="]).await.unwrap().ret.as_deref(), Some("2"));
    let interface = router.talk(&["/interface/print", "?name=<pppoe-siti 01>"]).await.unwrap();
    assert_eq!(interface.rows[0]["dynamic"], "true");
    let both = ["/ppp/secret/print", "=.proplist=name", "?name=budi", "?name=siti 01", "?#|"];
    assert_eq!(router.talk(&both).await.unwrap().rows.len(), 2);
    assert!(matches!(router.talk(&["/ppp/secret/listen"]).await, Err(RouterError::Trap { category: Some(0), .. })));
    assert!(matches!(router.talk(&["/ppp/secret/add", "=nama=x"]).await, Err(RouterError::Trap { .. })));
    let id = format!("=.id={}", router.secrets().await.unwrap()[0].id);
    router.talk(&["/ppp/secret/set", &id, "=remote-address=10.9.9.9"]).await.unwrap();
    assert_eq!(router.secrets().await.unwrap()[0].remote_address.as_deref(), Some("10.9.9.9"));
    router.talk(&["/ppp/secret/unset", &id, "=value-name=remote-address"]).await.unwrap();
    assert_eq!(router.secrets().await.unwrap()[0].remote_address, None);
    router.talk(&["/ppp/secret/disable", &id]).await.unwrap();
    assert!(router.secrets().await.unwrap()[0].disabled);
    router.talk(&["/ppp/secret/remove", &id]).await.unwrap();
    assert_eq!(router.secrets().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_stranger_is_told_to_log_in_and_then_shown_the_door() {
    let sim = start().await;
    let (ours, theirs) = duplex(1 << 16);
    let serving = sim.clone();
    let task = tokio::spawn(async move { serving.serve_stream(theirs).await });
    let mut stranger = Connection::new(ours);
    for _ in 0..3 {
        assert!(matches!(stranger.identity().await, Err(RouterError::Trap { .. })));
    }
    assert!(matches!(stranger.identity().await, Err(RouterError::Fatal(_))));
    task.await.unwrap();
}

#[tokio::test]
async fn forty_thousand_accounts_are_loaded_and_listed_quickly() {
    let sim = start().await;
    let accounts = (0..40_000).map(|n| (format!("plg{n:05}"), "x".to_owned(), "Home-20M".to_owned())).collect();
    let began = Instant::now();
    sim.preload(accounts);
    let mut router = open(&sim).await;
    let view = read(&mut router).await;
    assert_eq!((view.secrets.len(), view.active.len()), (40_002, 40_002));
    let services: Vec<ServiceView> = (0..40_000)
        .map(|n| ServiceView { service_id: n, secret_name: format!("plg{n:05}"), ..budi(Want::Normal) })
        .collect();
    let plan = plan(&services, &view, "ISOLIR");
    assert_eq!((plan.steps.len(), plan.problems.len(), plan.unmatched), (0, 0, 2));
    // Seconds, not minutes, even unoptimised and beside other tests.
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    println!("40,000 accounts loaded, listed and planned in {:?}", began.elapsed());
}

#[test]
fn uptime_is_written_as_routers_do() {
    assert_eq!(model::uptime(0), "0s");
    assert_eq!(model::uptime(2_699), "44m59s");
    assert_eq!(model::uptime(604_800 + 86_400 + 3_600), "1w1d1h");
}
