use super::*;
use crate::server::messages::outbox::{self, Outgoing};
use crate::server::messages::reminders::remind;
use crate::server::testing::TestApp;

sql!(TEST_REMINDERS = "SELECT phone, state FROM message WHERE kind = 'reminder' ORDER BY id");
sql!(TEST_MESSAGE = "SELECT phone FROM message ORDER BY id");
sql!(TEST_LOG = "SELECT action, before_value, after_value FROM audit_event ORDER BY id");
sql!(TEST_ROUTER = "INSERT INTO router (name, host, port, username, password_sealed, isolir_profile, strategy, tls, tls_pin, state, state_since, last_read_at, last_problem, failures, created_at)
 VALUES ($1, '127.0.0.1', 1, 'u', '', 'ISOLIR', 'profile', 'off', '', 'unknown', NULL, NULL, '', 0, $2) RETURNING id");
sql!(TEST_LEFT = "SELECT router_id, pppoe_username, done_at IS NULL FROM router_leftover ORDER BY id");
sql!(TEST_OWNER = "SELECT customer_id FROM service WHERE id = $1");

pub fn data(router_id: Option<i64>, name: &str) -> ServiceData {
    ServiceData {
        area: "Utara".to_owned(),
        collector_id: None,
        due_day: 12,
        router_id,
        pppoe_username: name.to_owned(),
        pppoe_password: "rahasia".to_owned(),
        never_isolate: String::new(),
        never_isolate_until: None,
        place: None,
    }
}

#[tokio::test]
async fn a_new_telephone_gets_what_was_not_sent_yet() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let service = t.service("BUDI", package, "2025-06-01").await;
        let customer = t.state.db.number(TEST_OWNER, args![service]).await.unwrap();
        let now = t.state.clock.now();
        let mut tx = t.state.db.begin().await.unwrap();
        let message = Outgoing {
            kind: "reminder",
            subject: "x".to_owned(),
            day: t.state.clock.today(),
            customer_id: customer,
            service_id: Some(service),
            phone: "081211112222".to_owned(),
            text: "Halo".to_owned(),
        };
        outbox::queue(&mut tx, message, now).await.unwrap();
        tx.commit().await.unwrap();
        let data = CustomerData {
            name: "Budi Santoso".to_owned(),
            phone: Phone::parse("0813-9999-8888").unwrap(),
            email: String::new(),
            address: String::new(),
        };
        save_customer(&t.state, Who::command(), customer, data.clone()).await.unwrap();
        save_customer(&t.state, Who::command(), customer, data).await.unwrap();
        let phones: Vec<(String,)> = t.state.db.all(TEST_MESSAGE, args![]).await.unwrap();
        assert_eq!(phones[0].0, "6281399998888");
        let log: Vec<(String, String, String)> = t.state.db.all(TEST_LOG, args![]).await.unwrap();
        assert_eq!(log.len(), 1, "the same again leaves no trace");
        assert!(log[0].1.contains("Nama: BUDI") && log[0].2.contains("Telepon: 6281399998888"), "{log:?}");
    }
}

#[tokio::test]
async fn a_telephone_that_changes_between_two_runs_still_gets_one_reminder_a_day() {
    for t in TestApp::each("2026-01-01 06:00").await {
        t.set(&[("whatsapp.provider", "mpwa"), ("whatsapp.api_url", "http://127.0.0.1:9")]).await;
        let package = t.package("Home", 300_000, 1).await;
        let mut customers = Vec::new();
        for name in ["BUDI", "SARI"] {
            let service = t.service(name, package, "2025-06-01").await;
            customers.push(t.state.db.number(TEST_OWNER, args![service]).await.unwrap());
        }
        t.issue("2026-01").await;
        let call = async |customer: i64, phone: &str| {
            let data = CustomerData {
                name: "Budi".to_owned(),
                phone: Phone::parse(phone).unwrap(),
                email: String::new(),
                address: String::new(),
            };
            save_customer(&t.state, Who::command(), customer, data).await.unwrap();
        };
        let reminders = async || -> Vec<(String, String)> { t.state.db.all(TEST_REMINDERS, args![]).await.unwrap() };
        call(customers[0], "081211110001").await;
        call(customers[1], "081211110002").await;
        t.at("2026-01-03 09:00");
        remind(&t.state).await.unwrap();
        // To a telephone without a reminder: it goes there, and is that telephone's.
        call(customers[0], "081211110003").await;
        remind(&t.state).await.unwrap();
        let queued = |phone: &str| (phone.to_owned(), "queued".to_owned());
        assert_eq!(reminders().await, [queued("6281211110003"), queued("6281211110002")]);
        // To one that has its own: no second.
        call(customers[0], "081211110002").await;
        remind(&t.state).await.unwrap();
        let dropped = ("6281211110003".to_owned(), "cancelled".to_owned());
        assert_eq!(reminders().await, [dropped, queued("6281211110002")]);
    }
}

#[tokio::test]
async fn a_line_that_moves_leaves_its_account_to_be_disabled() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let now = t.state.clock.now();
        let mut tx = t.state.db.begin().await.unwrap();
        let a = tx.number(TEST_ROUTER, args!["A", now]).await.unwrap();
        let b = tx.number(TEST_ROUTER, args!["B", now]).await.unwrap();
        tx.commit().await.unwrap();
        let budi = t.service_on("BUDI", package, "2025-06-01", Some(a)).await;
        t.service_on("SARI", package, "2025-06-01", Some(b)).await;
        let save = async |data| save_service(&t.state, Who::command(), budi, data).await;
        let taken = save(data(Some(b), "SARI")).await;
        assert!(matches!(taken, Err(Error::Invalid { field, .. }) if field == "pppoe_username"));
        let unknown = save(ServiceData { pppoe_password: String::new(), ..data(Some(b), "BUDI") }).await;
        assert!(matches!(unknown, Err(Error::Invalid { field, .. }) if field == "pppoe_password"));
        save(data(Some(b), "BUDI")).await.unwrap();
        let left: Vec<(i64, String, bool)> = t.state.db.all(TEST_LEFT, args![]).await.unwrap();
        assert_eq!(left, [(a, "BUDI".to_owned(), true)]);
        // Back again before the old router was reached: nothing is disabled there.
        save(data(Some(a), "BUDI")).await.unwrap();
        let left: Vec<(i64, String, bool)> = t.state.db.all(TEST_LEFT, args![]).await.unwrap();
        assert_eq!(left, [(a, "BUDI".to_owned(), false), (b, "BUDI".to_owned(), true)]);
    }
}
