//! The public pages, as a browser without script sees them.

use super::{Town, ask, get, post_form};
use crate::jobs::worker;
use crate::sandbox::flip::{Deed, DeedOptions};
use crate::{args, sql};
use axum::http::{HeaderValue, StatusCode};
use std::time::Duration;

/// All that a payer loads, compressed.
const BYTES_MAX: usize = 30_000;

async fn town() -> Town {
    Town::with(crate::server::testing::TestApp::sqlite("2026-01-15 10:00").await).await
}

#[tokio::test]
async fn from_the_number_to_the_receipt() {
    for town in Town::each("2026-01-15 10:00").await {
        let package = town.app.package("Home", 300_000, 1).await;
        let service = town.app.service("10000001", package, "2025-06-01").await;
        town.app.issue("2026-01").await;
        town.app.at("2026-02-01 10:00");
        town.app.issue("2026-02").await;
        let (january, february) = (town.bill(service, 0).await, town.bill(service, 1).await);
        for path in ["/billing?nomor_layanan=10000001", "/billing/10000001", "/10000001"] {
            let page = ask(&town.router, get(path)).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            for words in [
                "Tagihan Anda",
                "Januari 2026",
                "Februari 2026",
                "Lewat Jatuh Tempo",
                "Kenapa tagihan saya segini?",
                "600.000",
            ] {
                assert!(page.text.contains(words), "{words} in {path}");
            }
            let policy = page.header("content-security-policy");
            assert!(policy.contains("script-src 'self';") && !page.text.contains(" style="), "{policy}");
        }
        // Only the newer one is ticked: the older one comes along, and the page says so.
        let choice = ask(&town.router, get(&format!("/bayar/pilih?tagihan={february}"))).await;
        assert_eq!(choice.status, StatusCode::OK);
        assert!(choice.text.contains(&format!("value=\"{january}\"")) && choice.text.contains("ikut dibayar"));
        assert!(choice.text.contains("600.000") && choice.text.contains("BNI Virtual Account"));
        let form = format!("tagihan={january}&tagihan={february}&metode=flip%3Abni_va");
        let made = ask(&town.router, post_form("/bayar", &form)).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
        let path = made.header("location").to_owned();
        let twice = ask(&town.router, post_form("/bayar", &form)).await;
        assert_eq!(twice.header("location"), path, "a double click is one attempt");
        let page = ask(&town.router, get(&path)).await;
        for words in [
            "Selesaikan Pembayaran",
            "Menunggu Pembayaran",
            "<noscript><meta http-equiv=\"refresh\"",
            "Saya sudah bayar",
            "WIB",
        ] {
            assert!(page.text.contains(words), "{words} in {path}");
        }
        let asked = ask(&town.router, post_form(&format!("{path}/cek"), "")).await;
        assert_eq!(asked.header("location"), format!("{path}?cek=1"));
        assert!(ask(&town.router, get(asked.header("location"))).await.text.contains("Sedang kami tanyakan ke bank"));

        let reference = path.rsplit('/').next().unwrap();
        town.flip
            .act(reference, Deed::Pay, &DeedOptions { amount: Some(550_000), ..DeedOptions::default() })
            .await
            .unwrap();
        worker::drain(&town.app.state, Duration::from_secs(20)).await.unwrap();
        let done = ask(&town.router, get(&path)).await;
        for words in ["Pembayaran Berhasil", "KW/2026/02/000001", "550.000", "Sisa tagihan", "50.000"] {
            assert!(done.text.contains(words), "{words}: {}", done.text);
        }
        assert!(!done.text.contains("refresh"), "what is done asks no more");
        assert!(done.text.contains(&format!("{path}/kuitansi.pdf")), "{}", done.text);
        let receipt = ask(&town.router, get(&format!("{path}/kuitansi.pdf"))).await;
        assert_eq!((receipt.status, receipt.header("content-type")), (StatusCode::OK, "application/pdf"));
        assert!(receipt.text.starts_with("%PDF-"));
    }
}

#[tokio::test]
async fn numbers_that_are_not_there() {
    let town = town().await;
    for path in [
        "/billing/404",
        "/billing?nomor_layanan=%3Cscript%3E",
        "/99999999",
        "/1234567",
        "/nothing",
        "/bayar/KIM0",
        "/bayar/KIM0/qris.png",
    ] {
        let page = ask(&town.router, get(path)).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!page.text.contains("<script>"), "{path}");
    }
    assert_eq!(ask(&town.router, get("/")).await.status, StatusCode::OK);
    for form in ["", "tagihan=1", "tagihan=x", "metode=flip%3Abni_va"] {
        let page = ask(&town.router, post_form("/bayar/pilih", form)).await;
        assert!(page.status.is_client_error(), "{form}: {}", page.status);
        assert!(ask(&town.router, post_form("/bayar", form)).await.status.is_client_error(), "{form}");
    }
}

#[tokio::test]
async fn a_method_with_a_minimum_is_greyed_with_its_reason() {
    let town = town().await;
    let package = town.app.package("Home", 300_000, 1).await;
    let service = town.app.service("10000001", package, "2025-06-01").await;
    town.app.issue("2026-01").await;
    town.app.cash(service, 295_000).await;
    let bill = town.bill(service, 0).await;
    let page = ask(&town.router, post_form("/bayar/pilih", &format!("tagihan={bill}"))).await;
    assert!(page.text.contains("disabled") && page.text.contains("mulai Rp"), "{}", page.text);
}

#[tokio::test]
async fn the_qr_is_a_picture_in_the_page() {
    let town = town().await;
    let package = town.app.package("Home", 300_000, 1).await;
    let service = town.app.service("10000001", package, "2025-06-01").await;
    town.app.issue("2026-01").await;
    let form = format!("tagihan={}&metode=flip%3Aqris", town.bill(service, 0).await);
    let made = ask(&town.router, post_form("/bayar", &form)).await;
    let page = ask(&town.router, get(made.header("location"))).await;
    let picture = format!("{}/qris.png", made.header("location"));
    assert!(page.text.contains(&format!("<img src=\"{picture}\"")) && page.text.contains("Kode QRIS"), "{}", page.text);
    assert!(!page.text.contains(" style="), "the policy forbids styles in the markup");
    // All of it, compressed, on the largest page there is.
    let mut bytes = 0;
    for path in [made.header("location"), "/public.css", "/pay.js"] {
        let mut request = get(path);
        request.headers_mut().insert("accept-encoding", HeaderValue::from_static("gzip"));
        let response = tower::ServiceExt::oneshot(town.router.clone(), request).await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip", "{path}");
        bytes += axum::body::to_bytes(response.into_body(), 1_000_000).await.unwrap().len();
    }
    let response = tower::ServiceExt::oneshot(town.router.clone(), get(&picture)).await.unwrap();
    assert_eq!(response.headers()["content-type"], "image/png");
    bytes += axum::body::to_bytes(response.into_body(), 1_000_000).await.unwrap().len();
    assert!(bytes < BYTES_MAX, "{bytes} bytes");
    println!("the payment page with all it loads: {bytes} bytes");
}

#[tokio::test]
async fn the_page_is_told_when_the_money_comes() {
    let town = town().await;
    let package = town.app.package("Home", 300_000, 1).await;
    let service = town.app.service("10000001", package, "2025-06-01").await;
    town.app.issue("2026-01").await;
    let form = format!("tagihan={}&metode=flip%3Abni_va", town.bill(service, 0).await);
    let path = ask(&town.router, post_form("/bayar", &form)).await.header("location").to_owned();
    let response = tower::ServiceExt::oneshot(town.router.clone(), get(&format!("{path}/events"))).await.unwrap();
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    let mut stream = response.into_body().into_data_stream();
    let mut next = async || {
        let chunk = tokio::time::timeout(Duration::from_secs(20), futures::StreamExt::next(&mut stream)).await.unwrap();
        String::from_utf8_lossy(&chunk.unwrap().unwrap()).into_owned()
    };
    assert!(next().await.contains("data: open"));
    town.app.state.clock.advance(chrono::Duration::seconds(30));
    town.flip.act(path.rsplit('/').next().unwrap(), Deed::Pay, &DeedOptions::default()).await.unwrap();
    worker::drain(&town.app.state, Duration::from_secs(20)).await.unwrap();
    while !next().await.contains("data: paid") {}
    // Streams end when the server stops.
    town.app.state.stop.cancel();
    assert!(
        tokio::time::timeout(Duration::from_secs(5), async {
            while futures::StreamExt::next(&mut stream).await.is_some() {}
        })
        .await
        .is_ok()
    );
}

sql!(
    SAME_PAYER = "UPDATE service SET customer_id = (SELECT o.customer_id FROM service o WHERE o.id = $2) WHERE id = $1"
);
sql!(ATTEMPTS = "SELECT status, amount FROM payment_attempt ORDER BY id");

sql!(MADE = "SELECT reference, service_id FROM payment_attempt ORDER BY id DESC LIMIT 1");

/// Two lines of one payer with the bills of January, as of the 15th.
async fn two_lines(town: &Town) -> (i64, i64) {
    let package = town.app.package("Home", 300_000, 1).await;
    let (rumah, toko) = (
        town.app.service("10000001", package, "2025-06-01").await,
        town.app.service("10000002", package, "2025-06-01").await,
    );
    let mut tx = town.app.state.db.begin().await.unwrap();
    tx.exec_one(SAME_PAYER, args![toko, rumah]).await.unwrap();
    tx.commit().await.unwrap();
    town.app.set(&[("invoice.next_on_payment", "false")]).await;
    town.app.issue("2026-01").await;
    (rumah, toko)
}

async fn work(town: &Town) {
    worker::drain(&town.app.state, Duration::from_secs(20)).await.unwrap();
}

#[tokio::test]
async fn several_bills_of_several_lines_are_one_payment() {
    for town in Town::each("2026-01-15 10:00").await {
        let (rumah, toko) = two_lines(&town).await;
        let page = ask(&town.router, get("/billing/10000001")).await.text;
        for words in ["Bayar semua", "2 tagihan dengan satu pembayaran", "Januari 2026, layanan ••••0002", "600.000"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(!page.contains("10000002"), "who knows one number is not told the other");
        let (own, other) = (town.bill(rumah, 0).await, town.bill(toko, 0).await);
        let choice = ask(&town.router, get(&format!("/bayar/pilih?tagihan={own}&tagihan={other}"))).await;
        assert!(choice.text.contains("600.000") && choice.text.contains("layanan ••••0002"), "{}", choice.text);
        let form = |one: i64, two: i64| format!("tagihan={one}&tagihan={two}&metode=flip%3Abni_va");
        let made = ask(&town.router, post_form("/bayar", &form(own, other))).await;
        let path = made.header("location").to_owned();
        let turned = ask(&town.router, post_form("/bayar", &form(other, own))).await;
        assert_eq!(turned.header("location"), path, "the same bills in another order are the same attempt");
        let reference = path.rsplit('/').next().unwrap();
        town.flip.act(reference, Deed::Pay, &DeedOptions { times: 3, ..DeedOptions::default() }).await.unwrap();
        work(&town).await;
        for service in [rumah, toko] {
            assert_eq!(town.app.bills(service).await[0].3, "paid", "on {}", town.app.state.db.engine());
        }
        assert_eq!(town.app.saldo(rumah).await, 0);
        let done = ask(&town.router, get(&path)).await.text;
        assert!(done.contains("Pembayaran Berhasil") && done.contains("Januari 2026 (layanan ••••0002)"), "{done}");
        let one = ask(&town.router, get("/billing/10000001")).await.text;
        assert!(!one.contains("Bayar semua"), "nothing is left to pay at once");
        town.app.assert_books().await;
    }
}

#[tokio::test]
async fn a_bill_paid_meanwhile_leaves_its_share_to_the_next() {
    for town in Town::each("2026-01-15 10:00").await {
        let (rumah, toko) = two_lines(&town).await;
        let link = format!("tagihan={}&tagihan={}", town.bill(rumah, 0).await, town.bill(toko, 0).await);
        let made = ask(&town.router, post_form("/bayar", &format!("{link}&metode=flip%3Abni_va"))).await;
        let first = made.header("location").rsplit('/').next().unwrap().to_owned();
        town.app.cash(toko, 300_000).await;
        // The link still works for what is left, and says so; a new number is for that alone.
        let choice = ask(&town.router, get(&format!("/bayar/pilih?{link}"))).await;
        assert_eq!(choice.status, StatusCode::OK);
        assert!(choice.text.contains("sudah lunas") && choice.text.contains("300.000"), "{}", choice.text);
        // The number made before is paid as it was: its surplus is Saldo.
        town.flip.act(&first, Deed::Pay, &DeedOptions::default()).await.unwrap();
        work(&town).await;
        assert_eq!((town.app.bills(rumah).await[0].3.as_str(), town.app.saldo(rumah).await), ("paid", 300_000));
        let over = ask(&town.router, get(&format!("/bayar/pilih?{link}"))).await;
        assert_eq!(over.status, StatusCode::UNPROCESSABLE_ENTITY);
        town.app.assert_books().await;
    }
}

#[tokio::test]
async fn an_attempt_for_several_expires_and_may_still_be_paid() {
    for town in Town::each("2026-01-15 10:00").await {
        let (rumah, toko) = two_lines(&town).await;
        let body = serde_json::json!({ "invoice_ids": [town.bill(toko, 0).await, town.bill(rumah, 0).await], "gateway": "flip", "method": "bni_va" });
        let made = ask(&town.router, super::post_json("/billing/pay", &body)).await;
        assert_eq!(
            (made.status, made.json()["amount"].clone()),
            (StatusCode::OK, serde_json::json!(600_000)),
            "{}",
            made.text
        );
        let reference = made.json()["transaction_id"].as_str().unwrap().to_owned();
        // Whoever named the one service is led back to it; of the other he knows no more than its end.
        let (ours, of): (String, i64) = town.app.state.db.one(MADE, args![]).await.unwrap();
        assert_eq!(of, toko);
        let link = format!("tagihan={}&tagihan={}", town.bill(toko, 0).await, town.bill(rumah, 0).await);
        for path in [format!("/bayar/pilih?{link}"), format!("/bayar/{ours}")] {
            let page = ask(&town.router, get(&path)).await.text;
            assert!(!page.contains("10000001"), "{path}: {page}");
        }
        town.flip.act(&reference, Deed::Expire, &DeedOptions::default()).await.unwrap();
        work(&town).await;
        let states = async || town.app.state.db.all::<(String, i64)>(ATTEMPTS, args![]).await.unwrap();
        assert_eq!(states().await, [("expired".to_owned(), 600_000)]);
        town.flip.act(&reference, Deed::Pay, &DeedOptions::default()).await.unwrap();
        work(&town).await;
        assert_eq!(states().await, [("paid".to_owned(), 600_000)]);
        for service in [rumah, toko] {
            assert_eq!(town.app.bills(service).await[0].3, "paid");
        }
        town.app.assert_books().await;
    }
}

#[tokio::test]
async fn what_may_not_be_put_together_is_refused() {
    for town in Town::each("2026-01-15 10:00").await {
        let (rumah, toko) = two_lines(&town).await;
        let package = town.app.package("Lain", 200_000, 1).await;
        let stranger = town.app.service("10000003", package, "2025-06-01").await;
        town.app.issue("2026-01").await;
        town.app.at("2026-02-01 00:01");
        town.app.issue("2026-02").await;
        let (january, february) = (town.bill(rumah, 0).await, town.bill(rumah, 1).await);
        let (other, strange) = (town.bill(toko, 0).await, town.bill(stranger, 0).await);
        let pay = async |ids: serde_json::Value| {
            let body = serde_json::json!({ "invoice_ids": ids, "gateway": "flip", "method": "bni_va" });
            ask(&town.router, super::post_json("/billing/pay", &body)).await
        };
        // The newer one of one line needs its older one, whatever else is paid along.
        let newer = pay(serde_json::json!([february, other])).await;
        assert_eq!(newer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(newer.text.contains("lebih lama"), "{}", newer.text);
        assert_eq!(pay(serde_json::json!([january, february, other])).await.json()["amount"], 900_000);
        assert_eq!(pay(serde_json::json!([january, strange])).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        for nonsense in [serde_json::json!([]), serde_json::json!("x"), serde_json::json!([null])] {
            let answer = pay(nonsense).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
            assert!(answer.text.contains("invoice_ids"), "{}", answer.text);
        }
    }
}
