//! The JSON API, as CONTRACT writes it.

use super::{Town, ask, get, post_json};
use axum::http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn payment_methods() {
    let town = Town::with(crate::server::testing::TestApp::sqlite("2026-01-15 10:00").await).await;
    let answer = ask(&town.router, get("/api/payment-methods?gateway=flip")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let data = answer.json()["data"].as_array().unwrap().clone();
    let bni = json!({ "code": "bni_va", "name": "BNI Virtual Account", "type": "virtual_account", "fee": 0 });
    assert!(data.contains(&bni), "{data:?}");
    assert!(!data.iter().any(|method| method["code"] == "indomaret"), "off by default at Flip");
    let all = ask(&town.router, get("/api/payment-methods")).await.json();
    assert_eq!(all["data"][0]["gateway"], "flip");
    let unknown = ask(&town.router, get("/api/payment-methods?gateway=nobody")).await;
    assert_eq!((unknown.status, unknown.json()["success"].clone()), (StatusCode::NOT_FOUND, json!(false)));
    town.app.set(&[("gateway.flip.methods", "qris")]).await;
    let one = ask(&town.router, get("/api/payment-methods?gateway=flip")).await.json();
    assert_eq!(one["data"].as_array().unwrap().len(), 1);
    town.app.set(&[("gateway.flip.enabled", "false")]).await;
    let none = ask(&town.router, get("/api/payment-methods")).await.json();
    assert_eq!(none, json!({ "success": true, "data": [] }));
}

#[tokio::test]
async fn check_tells_strangers_no_more_than_they_need() {
    for town in Town::each("2026-01-15 10:00").await {
        let package = town.app.package("Home", 300_000, 1).await;
        let service = town.app.service("Budi Santoso", package, "2025-06-01").await;
        town.app.issue("2026-01").await;
        let check = |body: serde_json::Value| ask(&town.router, post_json("/billing/check", &body));
        let answer = check(json!({ "customer_number": "Budi Santoso", "unknown": [1, 2] })).await;
        assert_eq!(answer.status, StatusCode::OK);
        let found = answer.json();
        assert_eq!(found["success"], true);
        assert_eq!(found["customer"]["nomor_layanan"], "Budi Santoso");
        assert!(found["customer"]["nama_pelanggan"].as_str().unwrap().starts_with("Bu**"), "{found}");
        assert!(found["customer"]["telepphone"].as_str().unwrap().starts_with("0812****"), "{found}");
        let bill = &found["invoices"][0];
        assert_eq!(bill["id"], town.bill(service, 0).await);
        assert_eq!(
            (&bill["invoice_no"], &bill["periode"], &bill["bill"], &bill["status"]),
            (&json!("INV/2026/01/000001"), &json!("2026-01"), &json!(300_000), &json!("pending"))
        );
        town.app.cash(service, 100_000).await;
        let partial = check(json!({ "customer_number": "Budi Santoso" })).await.json();
        assert_eq!(
            (&partial["invoices"][0]["bill"], &partial["invoices"][0]["status"]),
            (&json!(200_000), &json!("partial"))
        );
        town.app.cash(service, 200_000).await;
        let paid = check(json!({ "customer_number": "Budi Santoso" })).await.json();
        let months: Vec<_> = paid["invoices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|b| (b["periode"].clone(), b["status"].clone(), b["bill"].clone()))
            .collect();
        assert_eq!(
            months,
            [(json!("2026-02"), json!("pending"), json!(300_000)), (json!("2026-01"), json!("paid"), json!(0))]
        );

        let missing = check(json!({})).await;
        assert_eq!(missing.status, StatusCode::BAD_REQUEST);
        assert!(missing.json()["message"].as_str().unwrap().contains("customer_number"));
        let unknown = check(json!({ "customer_number": "0" })).await;
        assert_eq!((unknown.status, unknown.json()["success"].clone()), (StatusCode::NOT_FOUND, json!(false)));
        let mut nonsense = post_json("/billing/check", &json!(0));
        *nonsense.body_mut() = axum::body::Body::from("{");
        assert_eq!(ask(&town.router, nonsense).await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn failed_look_ups_are_limited() {
    let town = Town::with(crate::server::testing::TestApp::sqlite("2026-01-15 10:00").await).await;
    let mut last = StatusCode::OK;
    for n in 0..121 {
        last = ask(&town.router, post_json("/billing/check", &json!({ "customer_number": n }))).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn pay_makes_one_attempt_for_one_wish() {
    for town in Town::each("2026-01-15 10:00").await {
        let package = town.app.package("Home", 300_000, 1).await;
        let service = town.app.service("10000001", package, "2025-06-01").await;
        town.app.issue("2026-01").await;
        let bill = town.bill(service, 0).await;
        let first = town.pay(bill, "bni_va").await;
        assert_eq!(first.status, StatusCode::OK, "{}", first.text);
        let first = first.json();
        assert_eq!((&first["amount"], &first["fee"]), (&json!(300_000), &json!(0)));
        assert!(first["payment_code"].as_str().unwrap().len() > 7, "{first}");
        assert!(first["transaction_id"].as_str().unwrap().starts_with("PGPWF"), "{first}");
        assert!(first["payment_url"].as_str().unwrap().starts_with("http"), "{first}");
        assert!(first["expires_at"].as_str().unwrap().starts_with("2026-01-16T"), "{first}");
        let same = futures::future::join_all((0..10).map(|_| town.pay(bill, "bni_va"))).await;
        assert!(same.iter().all(|answer| answer.json() == first), "the same wish is the same attempt");
        assert_eq!(town.flip.state_json().len(), 1);
        let qris = town.pay(bill, "qris").await.json();
        assert!(qris["qr_string"].as_str().unwrap().len() > 20, "{qris}");
        town.app.cash(service, 50_000).await;
        let changed = town.pay(bill, "bni_va").await.json();
        assert_eq!(changed["amount"], 250_000);
        assert_ne!(changed["transaction_id"], first["transaction_id"]);
    }
}

#[tokio::test]
async fn pay_refuses_with_a_reason() {
    let town = Town::with(crate::server::testing::TestApp::sqlite("2026-01-15 10:00").await).await;
    let package = town.app.package("Home", 300_000, 1).await;
    let service = town.app.service("10000001", package, "2025-06-01").await;
    town.app.issue("2026-01").await;
    town.app.at("2026-02-01 10:00");
    town.app.issue("2026-02").await;
    let (january, february) = (town.bill(service, 0).await, town.bill(service, 1).await);
    let newer = town.pay(february, "bni_va").await;
    assert_eq!(newer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(newer.json()["message"].as_str().unwrap().contains("INV/2026/01/000001"), "{}", newer.text);
    let missing = ask(&town.router, post_json("/billing/pay", &json!({ "gateway": "flip", "amount": 1 }))).await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    let message = missing.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("invoice_id") && message.contains("method"), "{message}");
    // Row ids are not public ids.
    assert_eq!(town.pay(1, "bni_va").await.status, StatusCode::NOT_FOUND);
    assert_eq!(town.pay(-1, "bni_va").await.status, StatusCode::NOT_FOUND);
    assert_eq!(town.pay(january, "gopay").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    town.app.cash(service, 295_000).await;
    let small = town.pay(january, "bni_va").await;
    assert_eq!(small.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(small.json()["message"].as_str().unwrap().contains("10.000"), "{}", small.text);
    town.app.cash(service, 5_000).await;
    let paid = town.pay(january, "bni_va").await;
    assert_eq!(paid.status, StatusCode::UNPROCESSABLE_ENTITY);
    town.app.set(&[("gateway.flip.base_url", "http://127.0.0.1:9")]).await;
    let away = town.pay(february, "bni_va").await;
    assert_eq!((away.status, away.json()["success"].clone()), (StatusCode::SERVICE_UNAVAILABLE, json!(false)));
    // Nothing is left behind that would stand in the way once the gateway is back.
    let big = ask(&town.router, post_json("/billing/pay", &json!({ "invoice_id": "x".repeat(300_000) }))).await;
    assert_eq!((big.status, big.json()["success"].clone()), (StatusCode::PAYLOAD_TOO_LARGE, json!(false)));
}
