use super::*;
use crate::server::testing::TestApp;

sql!(TEST_STANDS = "SELECT stage, desired, service_number, pppoe_username FROM service WHERE id = $1");
sql!(TEST_KINDS = "SELECT kind, total FROM invoice WHERE service_id = $1 ORDER BY id");
sql!(TEST_MESSAGES = "SELECT kind, text FROM message ORDER BY id");
sql!(TEST_COUNT = "SELECT COUNT(*) FROM service");

fn line(package_id: i64, step: Step) -> NewLine {
    NewLine {
        request_id: "a1b2c3d4e5f60718".to_owned(),
        service_id: None,
        payer: Payer::New {
            name: "Siti".to_owned(),
            phone: "6281234567890".to_owned(),
            email: String::new(),
            address: "Jl. Melati 1".to_owned(),
        },
        area: "Dusun Baru".to_owned(),
        place: Some((-7_123_456, 110_654_321)),
        package_id,
        router_id: None,
        pppoe_username: String::new(),
        pppoe_password: "rahasia".to_owned(),
        fee: Rupiah(250_000),
        due_day: 10,
        install_on: None,
        technician_id: None,
        note: String::new(),
        step,
    }
}

#[tokio::test]
async fn put_into_use_it_has_its_days_its_fee_and_a_welcome_once() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home", 300_000, 1).await;
        let active = line(package, Step::Active(t.state.clock.today()));
        let first = save(&t.state, Who::command(), active.clone()).await.unwrap();
        let again = save(&t.state, Who::command(), active).await.unwrap();
        assert_eq!((first.service_id, first.already, again.already), (again.service_id, false, true));
        assert_eq!(t.state.db.number(TEST_COUNT, args![]).await.unwrap(), 1);
        let kinds: Vec<(String, i64)> = t.state.db.all(TEST_KINDS, args![first.service_id]).await.unwrap();
        assert_eq!(kinds, [("regular".to_owned(), 164_516), ("charge".to_owned(), 250_000)]);
        let (stage, desired, number, account): (String, String, String, String) =
            t.state.db.one(TEST_STANDS, args![first.service_id]).await.unwrap();
        assert_eq!((stage.as_str(), desired.as_str()), ("aktif", "normal"));
        assert_eq!(account, number, "the account is named like the service where nobody says otherwise");
        let told: Vec<(String, String)> = t.state.db.all(TEST_MESSAGES, args![]).await.unwrap();
        assert_eq!(told.len(), 1);
        assert!(told[0].0 == "welcome" && told[0].1.contains("414.516"), "{}", told[0].1);
        // The fee's payment is no month's payment: no bill of February comes of it.
        t.cash(first.service_id, 414_516).await;
        assert_eq!(t.bills(first.service_id).await.len(), 3, "January's payment makes February's bill, once");
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_candidate_costs_nothing_until_the_line_works() {
    for t in TestApp::each("2026-01-10 10:00").await {
        let package = t.package("Home", 310_000, 1).await;
        let saved = save(&t.state, Who::command(), line(package, Step::Candidate)).await.unwrap();
        t.issue("2026-01").await;
        assert!(t.bills(saved.service_id).await.is_empty());
        let next = |step| NewLine {
            request_id: "ffffffffffffffff".to_owned(),
            service_id: Some(saved.service_id),
            payer: Payer::Known(saved.customer_id),
            fee: Rupiah::ZERO,
            ..line(package, step)
        };
        save(&t.state, Who::command(), next(Step::Planned)).await.unwrap();
        t.at("2026-01-22 16:00");
        let today = t.state.clock.today();
        let tomorrow = next(Step::Active(today.succ_opt().unwrap()));
        assert!(save(&t.state, Who::command(), tomorrow).await.is_err());
        save(&t.state, Who::command(), next(Step::Active(today))).await.unwrap();
        assert!(save(&t.state, Who::command(), next(Step::Active(today))).await.unwrap().already);
        assert_eq!(t.bills(saved.service_id).await, [("2026-01".to_owned(), 100_000, 0, "open".to_owned())]);
        t.assert_books().await;
    }
}

#[test]
fn passwords_can_be_read_out() {
    let one = readable_password().unwrap();
    assert_eq!(one.len(), 12);
    assert!(one.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) && !one.contains(['0', '1', 'o', 'l']));
    assert_ne!(one, readable_password().unwrap());
}
