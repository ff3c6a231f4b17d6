//! Flip's answers in their many spellings.

use super::flip_wire::{self as wire, FlipVersion};
use super::{GatewayError, Order, Status, methods};
use crate::billing::Rupiah;
use chrono::{TimeZone as _, Utc};
use serde_json::{Value, json};

fn order() -> Order {
    Order {
        reference: "A-17".to_owned(),
        title: "Tagihan internet Januari 2026 nomor layanan 1234567890 atas nama Budi".to_owned(),
        amount: Rupiah(300_000),
        method: "bni_va".to_owned(),
        payer_name: "Budi".to_owned(),
        payer_email: "budi@example.com".to_owned(),
        payer_phone: None,
        expires_at: Utc.with_ymd_and_hms(2026, 1, 3, 3, 0, 59).single().expect("time"),
    }
}

fn fields(version: FlipVersion) -> serde_json::Map<String, Value> {
    let channel = methods::method("bni_va").and_then(|m| m.flip).expect("channel");
    wire::create_fields(version, &order(), channel).into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

#[test]
fn requests_differ_by_version() {
    let v3 = fields(FlipVersion::V3);
    assert_eq!((&v3["step"], &v3["reference_id"]), (&json!("direct_api"), &json!("A-17")));
    assert_eq!(v3["expired_date"], "2026-01-03 10:00", "WIB, no seconds");
    assert_eq!(v3["amount"], json!(300_000));
    assert_eq!(v3["title"].as_str().map(|t| t.chars().count()), Some(55));
    let v2 = fields(FlipVersion::V2);
    assert_eq!(v2["step"], json!(3));
    assert!(!v2.contains_key("reference_id"));
    assert!(v2["title"].as_str().is_some_and(|title| title.starts_with("A-17 Tagihan")));
}

#[test]
fn answers_of_the_protocol_document() {
    let answer: Value = serde_json::from_str(
        r#"{"link_id":2502091430251230000,"link_url":"flip.id/pwf-sandbox/$kimonet/#inv","title":"INV","type":"SINGLE",
        "amount":300000,"redirect_url":null,"expired_date":null,"status":"ACTIVE","step":"direct_api",
        "bill_payment":{"id":"PGPWF10217671650669703904","amount":300000,"unique_code":0,"status":"PENDING",
        "sender_bank":"bni","sender_bank_type":"virtual_account","receiver_bank_account":{"account_number":"8001234567890",
        "account_type":"virtual_account","bank_code":"bni","account_holder":"PT Kimonet","qr_code_data":null}}}"#,
    )
    .expect("json");
    let created = wire::created(&answer, &order()).expect("created");
    assert_eq!(created.gateway_reference, "2502091430251230000");
    assert_eq!(created.payment_code.as_deref(), Some("8001234567890"));
    assert_eq!(created.payment_url.as_deref(), Some("https://flip.id/pwf-sandbox/$kimonet/#inv"));
    assert_eq!(created.expires_at, order().expires_at, "null keeps our own");
    let broken = wire::created(&json!({"link_id": 1}), &order());
    assert!(matches!(broken, Err(GatewayError::Malformed { .. })));
}

#[test]
fn lists_with_texts_for_numbers_and_null_as_a_word() {
    let answer = json!({"link_id": 130110, "total_data": 1, "data": [{"id": "PGPWF1", "link_id": "130110",
        "amount": "300000", "status": "successful", "reference_id": "null", "completed_at": "null"},
        {"id": "PGPWF2", "amount": 300_000, "status": "DONE"}]});
    let states = wire::payments(&answer).expect("list");
    assert_eq!((states[0].status, states[0].amount), (Status::Paid, Rupiah(300_000)));
    assert_eq!(states[0].reference, None);
    assert_eq!(states[1].link_id.as_deref(), Some("130110"), "from outside");
    for broken in [json!({}), json!({"data": [{"id": "P", "amount": 1, "status": "WHAT"}]}), json!({"data": [{}]})] {
        assert!(matches!(wire::payments(&broken), Err(GatewayError::Malformed { .. })), "{broken}");
    }
    assert_eq!(wire::payments(&json!({"data": []})), Ok(Vec::new()));
}

#[test]
fn errors_in_both_shapes() {
    let list = br#"{"code":"VALIDATION_ERROR","errors":[{"attribute":"id","code":1050,"message":"Not Found"}]}"#;
    assert_eq!(
        wire::refusal(422, list),
        GatewayError::Refused { code: "1050".to_owned(), message: "id: Not Found".to_owned() }
    );
    let map = br#"{"code":"VALIDATION_ERROR","errors":{"amount":["too small","not a number"]}}"#;
    assert_eq!(
        wire::refusal(422, map),
        GatewayError::Refused {
            code: "VALIDATION_ERROR".to_owned(),
            message: "amount: too small, not a number".to_owned()
        }
    );
    assert_eq!(wire::refusal(401, b""), GatewayError::Unauthorized);
    for status in [429, 500, 503] {
        assert!(wire::refusal(status, b"<html>").is_transient());
    }
    assert!(matches!(wire::refusal(404, b"<html>"), GatewayError::Refused { code, .. } if code == "404"));
}

#[test]
fn dates_are_wib() {
    let at = Utc.with_ymd_and_hms(2026, 1, 3, 3, 0, 0).single();
    assert_eq!(wire::date("2026-01-03 10:00:00"), at);
    assert_eq!(wire::date("2026-01-03 10:00"), at);
    assert_eq!(wire::date("2026-01-03"), Utc.with_ymd_and_hms(2026, 1, 3, 16, 59, 0).single());
    assert_eq!(wire::date("besok"), None);
}
