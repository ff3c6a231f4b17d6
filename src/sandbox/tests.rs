//! The production client against the simulators, over loopback, and the control door's promises.

use super::control::RouterDoor;
use super::flip::{SECRET_KEY, VALIDATION_TOKEN};
use super::http::{Sandbox, SandboxConfig};
use super::whatsapp::{API_KEY, DEVICE};
use crate::billing::Rupiah;
use crate::server::clock::Clock;
use crate::server::gateways::flip::{Flip, FlipConfig, FlipVersion};
use crate::server::gateways::{AttemptRef, Created, Gateway as _, GatewayError, Notice, NoticeRefused, Order, Status};
use crate::server::messages::mpwa::{Mpwa, MpwaConfig};
use crate::server::messages::{DeviceStatus, SendError, Sender as _};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use chrono::{DateTime, Duration, TimeZone as _, Utc};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("client")
}

async fn bind() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let address = format!("http://{}", listener.local_addr().expect("address"));
    (listener, address)
}

type Verdict = Result<Notice, NoticeRefused>;

#[derive(Clone)]
struct Receiver {
    verifier: Flip,
    seen: mpsc::UnboundedSender<Verdict>,
    /// Answers to give before 200.
    refuse_first: Arc<AtomicUsize>,
}

async fn receive(
    State(receiver): State<Receiver>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let verdict = receiver.verifier.verify_notice(&headers, query.as_deref(), &body);
    let status = verdict.as_ref().map_or_else(NoticeRefused::http_status, |_| 200);
    receiver.seen.send(verdict).expect("test listens");
    let refuse = receiver.refuse_first.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    if refuse.is_ok() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::from_u16(status).expect("status") }
}

struct Door {
    orders: Mutex<Vec<Value>>,
}

#[async_trait::async_trait]
impl RouterDoor for Door {
    fn name(&self) -> &'static str {
        "r0"
    }
    async fn state_json(&self) -> Value {
        json!({"name": "r0", "secrets": [{"name": "budi<b>", "profile": "ISOLIR", "disabled": false}], "active": []})
    }
    async fn control(&self, order: Value) -> Result<(), String> {
        if order.get("nonsense").is_some() {
            return Err("nonsense".to_owned());
        }
        self.orders.lock().expect("lock").push(order);
        Ok(())
    }
}

struct World {
    base: String,
    clock: Clock,
    http: reqwest::Client,
    notices: mpsc::UnboundedReceiver<Verdict>,
    refuse_first: Arc<AtomicUsize>,
    sandbox: Sandbox,
    door: Arc<Door>,
}

impl World {
    async fn start() -> Self {
        let clock = Clock::fixed(chrono_tz::Asia::Jakarta, noon());
        let http = client();
        let (seen, notices) = mpsc::unbounded_channel();
        let refuse_first = Arc::new(AtomicUsize::new(0));
        let receiver =
            Receiver { verifier: flip("http://unused", FlipVersion::V3), seen, refuse_first: refuse_first.clone() };
        let (listener, callback_base) = bind().await;
        let app = Router::new().route("/payment/callback/flip", post(receive)).with_state(receiver);
        tokio::spawn(async move { axum::serve(listener, app).await.expect("receiver") });
        let mut config = SandboxConfig::new(callback_base);
        config.retry_delay = std::time::Duration::from_millis(5);
        config.pending_delay = std::time::Duration::from_millis(5);
        let door = Arc::new(Door { orders: Mutex::default() });
        let sandbox = Sandbox::new(config, clock.clone(), http.clone(), vec![door.clone()]);
        let (listener, base) = bind().await;
        tokio::spawn(sandbox.clone().serve(listener, std::future::pending()));
        Self { base, clock, http, notices, refuse_first, sandbox, door }
    }

    fn flip(&self, version: FlipVersion) -> Flip {
        flip(&format!("{}/flip", self.base), version)
    }

    fn whatsapp(&self) -> Mpwa {
        self.whatsapp_with(API_KEY, DEVICE)
    }

    fn whatsapp_with(&self, key: &str, device: &str) -> Mpwa {
        let config = MpwaConfig {
            api_url: format!("{}/whatsapp/", self.base),
            device_id: device.to_owned(),
            api_key: key.to_owned(),
        };
        Mpwa::new(config, self.http.clone())
    }

    async fn control(&self, path: &str, order: Value) -> (u16, Value) {
        let answer = self.http.post(format!("{}/control/{path}", self.base)).json(&order).send().await.expect("answer");
        (answer.status().as_u16(), answer.json().await.expect("json"))
    }

    async fn state(&self) -> Value {
        let url = format!("{}/control/state", self.base);
        self.http.get(url).send().await.expect("answer").json().await.expect("json")
    }

    async fn notice(&mut self) -> Verdict {
        self.notices.recv().await.expect("a notice")
    }
}

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 15, 5, 0, 0).single().expect("time")
}

fn flip(base_url: &str, version: FlipVersion) -> Flip {
    let config = FlipConfig {
        base_url: base_url.to_owned(),
        version,
        secret_key: SECRET_KEY.to_owned(),
        validation_token: VALIDATION_TOKEN.to_owned(),
    };
    Flip::new(config, client())
}

fn order(reference: &str, method: &str) -> Order {
    Order {
        reference: reference.to_owned(),
        title: "Tagihan internet Januari 2026 untuk pelanggan dengan nama panjang sekali".to_owned(),
        amount: Rupiah(300_000),
        method: method.to_owned(),
        payer_name: "Budi & Co + 100%".to_owned(),
        payer_email: "budi@example.com".to_owned(),
        payer_phone: Some("6281234567890".to_owned()),
        expires_at: noon() + Duration::hours(24),
    }
}

fn attempt(reference: &str, created: &Created) -> AttemptRef {
    AttemptRef {
        reference: reference.to_owned(),
        gateway_reference: created.gateway_reference.clone(),
        payment_id: created.payment_id.clone(),
    }
}

#[tokio::test]
async fn each_version_makes_each_kind_of_payment() {
    let world = World::start().await;
    for version in [FlipVersion::V2, FlipVersion::V3] {
        let flip = world.flip(version);
        assert_eq!(flip.maintenance().await, Ok(false));
        for method in crate::server::gateways::methods::default_methods(flip.provider()) {
            let reference = format!("A-{}-{method}", version.code());
            let created = flip.create(&order(&reference, method)).await.expect(method);
            assert_eq!(created.amount, Rupiah(300_000));
            assert_eq!(created.expires_at, noon() + Duration::hours(24));
            assert!(created.payment_id.as_deref().is_some_and(|id| id.starts_with("PGPWF")));
            assert!(created.payment_url.as_deref().is_some_and(|url| url.starts_with("https://")));
            let is_code = method.ends_with("_va") || method == "alfamart";
            assert_eq!(created.payment_code.is_some(), is_code, "{method}");
            assert_eq!(created.qr_string.is_some(), method == "qris", "{method}");
            let digits = if version == FlipVersion::V3 { 19 } else { 6 };
            assert_eq!(created.gateway_reference.len(), digits);
            let states = flip.query(&attempt(&reference, &created)).await.expect("query");
            assert_eq!(states.len(), 1);
            assert_eq!(states[0].status, Status::Pending);
            assert_eq!(Some(&states[0].payment_id), created.payment_id.as_ref());
            assert_eq!(states[0].link_id.as_ref(), Some(&created.gateway_reference));
            let echoed = (version == FlipVersion::V3).then_some(reference);
            assert_eq!(states[0].reference, echoed);
        }
    }
    let state = world.state().await;
    assert_eq!(state["payments"].as_array().map(Vec::len), Some(28));
    let qris = state["payments"].as_array().expect("list").iter().find(|p| p["reference"] == "A-v3-qris");
    let qris = qris.expect("by our reference");
    assert_eq!((&qris["method"], &qris["status"]), (&json!("qris"), &json!("pending")));
    assert!(qris["code"].as_str().is_some_and(|code| code.starts_with("000201")));
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let world = World::start().await;
    for version in [FlipVersion::V2, FlipVersion::V3] {
        let flip = world.flip(version);
        let mut small = order("S", "bni_va");
        small.amount = Rupiah(9_999);
        let refused = flip.create(&small).await.expect_err("too small");
        assert!(matches!(&refused, GatewayError::Refused { message, .. } if message.contains("10000")), "{refused:?}");
        assert!(!refused.is_transient());
        let disabled = flip.create(&order("I", "indomaret")).await.expect_err("disabled");
        assert!(matches!(&disabled, GatewayError::Refused { code, .. } if code == "1091"), "{disabled:?}");
        let unknown = flip.create(&order("G", "gopay")).await.expect_err("unknown");
        assert_eq!(unknown, GatewayError::UnknownMethod { method: "gopay".to_owned() });
        let mut late = order("L", "bni_va");
        late.expires_at = noon();
        assert!(matches!(flip.create(&late).await, Err(GatewayError::Refused { .. })));
        let nowhere = AttemptRef { reference: "x".to_owned(), gateway_reference: "1".to_owned(), payment_id: None };
        let refused = flip.query(&nowhere).await.expect_err("no bill");
        assert!(matches!(&refused, GatewayError::Refused { code, .. } if code == "1050"), "{refused:?}");
    }
    let config = FlipConfig {
        base_url: format!("{}/flip/", world.base),
        version: FlipVersion::V3,
        secret_key: "other".to_owned(),
        validation_token: String::new(),
    };
    let stranger = Flip::new(config, client());
    assert_eq!(stranger.create(&order("X", "bni_va")).await, Err(GatewayError::Unauthorized));
    let (listener, address) = bind().await;
    drop(listener);
    let error = flip(&address, FlipVersion::V3).create(&order("X", "bni_va")).await.expect_err("nobody there");
    assert!(matches!(error, GatewayError::Unavailable { .. }) && error.is_transient());
}

#[tokio::test]
async fn twenty_notices_at_once_all_alike() {
    let mut world = World::start().await;
    let flip = world.flip(FlipVersion::V3);
    let created = flip.create(&order("A-20", "bni_va")).await.expect("created");
    let (status, body) = world.control("payments/flip/A-20/pay", json!({"times": 20})).await;
    assert_eq!(status, 200);
    assert_eq!(body["delivered"], json!(vec![json!({"status": 200}); 20]));
    let first = world.notice().await.expect("accepted");
    assert_eq!(Some(&first.payment_id), created.payment_id.as_ref());
    assert_eq!(first.link_id.as_ref(), Some(&created.gateway_reference));
    assert_eq!(first.reference.as_deref(), Some("A-20"));
    assert_eq!((first.status, first.amount), (Status::Paid, Rupiah(300_000)));
    assert!(first.raw.contains("Budi & Co + 100%"));
    for _ in 1..20 {
        assert_eq!(world.notice().await.as_ref(), Ok(&first));
    }
    let states = flip.query(&attempt("A-20", &created)).await.expect("query");
    assert_eq!(states[0].status, Status::Paid);
    // Once paid it stays paid, though a late notice may say otherwise.
    let id = created.payment_id.clone().expect("id");
    world.control(&format!("payments/flip/{id}/expire"), json!({})).await;
    assert_eq!(world.notice().await.map(|n| n.status), Ok(Status::Expired));
    let states = flip.query(&attempt("A-20", &created)).await.expect("query");
    assert_eq!(states[0].status, Status::Paid);
}

#[tokio::test]
async fn forged_old_form_and_other_sums() {
    let mut world = World::start().await;
    let flip = world.flip(FlipVersion::V2);
    let created = flip.create(&order("A-2", "bca_va")).await.expect("created");
    let (_, body) = world.control("payments/flip/A-2/pay", json!({"signature": "wrong"})).await;
    assert_eq!(body["delivered"], json!([{"status": 401}]));
    assert_eq!(world.notice().await, Err(NoticeRefused::TokenWrong));
    let states = flip.query(&attempt("A-2", &created)).await.expect("query");
    assert_eq!(states[0].status, Status::Pending, "a forged notice moves nothing");
    let link = created.gateway_reference.clone();
    let (_, body) =
        world.control(&format!("payments/flip/{link}/pay"), json!({"form": "seed", "amount": 250_000})).await;
    assert_eq!(body["delivered"], json!([{"status": 200}]));
    let notice = world.notice().await.expect("accepted");
    assert_eq!((notice.amount, notice.link_id, notice.title), (Rupiah(250_000), Some(link), None));
    let states = flip.query(&attempt("A-2", &created)).await.expect("query");
    assert_eq!((states[0].status, states[0].amount), (Status::Paid, Rupiah(250_000)));
    assert_eq!(world.control("payments/flip/nobody/pay", json!({})).await.0, 404);
    assert_eq!(world.control("payments/midtrans/A-2/pay", json!({})).await.0, 404);
    assert_eq!(world.control("payments/flip/A-2/pay", json!({"times": 0})).await.0, 422);
}

#[tokio::test]
async fn an_unanswered_notice_is_repeated_until_200() {
    let mut world = World::start().await;
    world.flip(FlipVersion::V3).create(&order("A-3", "qris")).await.expect("created");
    world.refuse_first.store(3, Ordering::SeqCst);
    let (_, body) = world.control("payments/flip/A-3/pay", json!({})).await;
    assert_eq!(body["delivered"], json!([{"status": 503}]));
    for _ in 0..4 {
        assert!(world.notice().await.is_ok());
    }
    assert_eq!(world.refuse_first.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn time_ends_payments_and_says_so() {
    let mut world = World::start().await;
    let flip = world.flip(FlipVersion::V3);
    let created = flip.create(&order("A-4", "mandiri_va")).await.expect("created");
    world.clock.advance(Duration::hours(25));
    let states = flip.query(&attempt("A-4", &created)).await.expect("query");
    assert_eq!(states[0].status, Status::Expired);
    assert_eq!(world.notice().await.map(|n| n.status), Ok(Status::Expired));
    // Late money is money.
    world.control("payments/flip/A-4/pay", json!({})).await;
    assert_eq!(world.notice().await.map(|n| n.status), Ok(Status::Paid));
}

#[tokio::test]
async fn the_old_documentations_numbers() {
    let mut world = World::start().await;
    for (bank, number, expected) in
        [("bca", "12345678", Status::Paid), ("bni", "12345679", Status::Paid), ("mandiri", "12345680", Status::Expired)]
    {
        let body = json!({
            "title": "T", "type": "single", "amount": 10_000, "step": "direct_api", "sender_name": "B",
            "sender_email": "b@example.com", "sender_bank": bank, "sender_bank_type": "virtual_account",
            "customized_va_unique_numbers": number,
        });
        let url = format!("{}/flip/v3/pwf/bill", world.base);
        let answer = world.http.post(url).basic_auth(SECRET_KEY, Some("")).json(&body).send().await.expect("answer");
        let answer: Value = answer.json().await.expect("json");
        let account = answer["bill_payment"]["receiver_bank_account"]["account_number"].as_str().expect("account");
        assert!(account.ends_with(number));
        assert!(answer["link_url"].as_str().is_some_and(|url| url.starts_with("flip.id/")));
        assert_eq!(world.notice().await.map(|n| n.status), Ok(expected), "{bank}");
    }
}

#[tokio::test]
async fn checkout_bills_can_be_closed_and_direct_ones_not() {
    let world = World::start().await;
    let url = format!("{}/flip/v2/pwf/bill", world.base);
    let form = "title=Kopi&type=MULTIPLE&step=1&redirect_url=http://localhost/x";
    let send = |method: reqwest::Method, url: String, body: &'static str| {
        let request = world.http.request(method, url).basic_auth(SECRET_KEY, Some(""));
        request.header("content-type", "application/x-www-form-urlencoded").body(body).send()
    };
    let answer = send(reqwest::Method::POST, url.clone(), form).await.expect("answer");
    assert_eq!(answer.status(), 422);
    let answer = send(reqwest::Method::POST, url, "title=Kopi&type=MULTIPLE&step=1").await.expect("answer");
    let bill: Value = answer.json().await.expect("json");
    assert_eq!((&bill["step"], &bill["status"]), (&json!(1), &json!("ACTIVE")));
    let url = format!("{}/flip/v2/pwf/{}/bill", world.base, bill["link_id"]);
    let answer = send(reqwest::Method::PUT, url, "status=INACTIVE").await.expect("answer");
    let bill: Value = answer.json().await.expect("json");
    assert_eq!(bill["status"], "INACTIVE");
    let direct = world.flip(FlipVersion::V2).create(&order("D", "bni_va")).await.expect("created");
    let url = format!("{}/flip/v2/pwf/{}/bill", world.base, direct.gateway_reference);
    assert_eq!(send(reqwest::Method::PUT, url, "status=INACTIVE").await.expect("answer").status(), 422);
}

#[tokio::test]
async fn whatsapp_states_faults_and_inbox() {
    let world = World::start().await;
    let phone = world.whatsapp();
    assert_eq!(phone.status().await, DeviceStatus::Connected);
    let taken = phone.send_text("6281234567890", "Halo *Budi* {a|b}").await.expect("sent");
    assert!(taken.provider_id.is_some_and(|id| id.starts_with("3EB0")));
    let state = world.state().await;
    assert_eq!(state["messages"][0]["to"], "6281234567890");
    assert_eq!(state["messages"][0]["text"], "Halo *Budi* (a|b)");
    assert_eq!(state["messages"][0]["at"], "2026-01-15T05:00:00.000Z");

    world.control("whatsapp", json!({"fail_next": 1})).await;
    let failed = phone.send_text("6281234567890", "x").await.expect_err("fails once");
    assert!(matches!(failed, SendError::Transport { .. }) && failed.is_retryable());
    assert!(phone.send_text("6281234567890", "x").await.is_ok());

    world.control("whatsapp", json!({"connected": false})).await;
    assert_eq!(phone.status().await, DeviceStatus::Disconnected);
    let offline = phone.send_text("6281234567890", "x").await.expect_err("offline");
    assert!(matches!(offline, SendError::DeviceOffline { .. }) && offline.is_retryable());
    world.control("whatsapp", json!({"connected": true, "per_minute": 1})).await;
    assert!(phone.send_text("6281234567890", "x").await.is_ok());
    let limited = phone.send_text("6281234567890", "x").await.expect_err("limited");
    assert_eq!(limited, SendError::RateLimited { retry_after_s: Some(60) });
    world.clock.advance(Duration::minutes(2));

    let wrong_key = world.whatsapp_with("other", DEVICE).send_text("6281234567890", "x").await;
    assert!(matches!(wrong_key, Err(SendError::Auth { .. })));
    world.clock.advance(Duration::minutes(2));
    let wrong_device = world.whatsapp_with(API_KEY, "62811").send_text("6281234567890", "x").await;
    assert!(matches!(wrong_device, Err(SendError::Auth { .. })));
    let bad = phone.send_text("budi", "x").await;
    assert!(matches!(bad, Err(SendError::BadRecipient { .. })));
    assert_eq!(world.control("whatsapp", json!({"connected": "x"})).await.0, 422);
    assert_eq!(world.sandbox.whatsapp.messages().len(), 3);
}

#[tokio::test]
async fn the_page_shows_and_its_forms_come_back() {
    let mut world = World::start().await;
    let created = world.flip(FlipVersion::V3).create(&order("A-9", "bni_va")).await.expect("created");
    let get = |path: &str| world.http.get(format!("{}{path}", world.base)).send();
    let page = get("/").await.expect("page").text().await.expect("text");
    assert!(page.contains("A-9") && page.contains("Kedaluwarsa") && page.contains("Rp 300.000"));
    assert!(page.contains("budi&lt;b&gt;") && !page.contains("budi<b>"));
    let none = get("/?q=tidak-ada").await.expect("page").text().await.expect("text");
    assert!(!none.contains("A-9"));
    let stay = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("c");
    let url = format!("{}/control/payments/flip/{}/pay", world.base, created.payment_id.expect("id"));
    let answer = stay
        .post(url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body("amount=")
        .send()
        .await
        .expect("answer");
    assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (303, &"/".parse().expect("value")));
    assert_eq!(world.notice().await.map(|n| n.amount), Ok(Rupiah(300_000)));
    assert_eq!(world.control("routers/r0", json!({"up": false})).await.0, 200);
    assert_eq!(world.control("routers/r0", json!({"nonsense": 1})).await.0, 422);
    assert_eq!(world.control("routers/r7", json!({})).await.0, 404);
    assert_eq!(*world.door.orders.lock().expect("lock"), vec![json!({"up": false})]);
}
