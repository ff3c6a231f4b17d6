use super::*;
use crate::server::messages::outbox::{self, Outgoing};
use crate::server::testing::TestApp;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use std::sync::{Arc, Mutex};

sql!(MESSAGE = "SELECT state, reason, provider_id FROM message WHERE id = $1");

/// A gateway on loopback that answers what it was told to.
#[derive(Clone)]
struct Gateway {
    answer: Arc<Mutex<(u16, &'static str)>>,
    asked: Arc<Mutex<Vec<String>>>,
}

async fn gateway() -> (Gateway, String) {
    let gateway = Gateway { answer: Arc::new(Mutex::new((200, ""))), asked: Arc::default() };
    let router = Router::new()
        .route(
            "/send-message",
            post(|State(gateway): State<Gateway>, body: String| async move {
                gateway.asked.lock().unwrap().push(body);
                let (status, text) = *gateway.answer.lock().unwrap();
                (StatusCode::from_u16(status).unwrap(), text)
            }),
        )
        .with_state(gateway.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (gateway, url)
}

async fn queued(app: &TestApp, kind: &'static str) -> i64 {
    let package = app.package(kind, 300_000, 1).await;
    let service = app.service(kind, package, "2025-01-01").await;
    let (day, now) = (app.state.clock.today(), app.state.clock.now());
    app.state
        .db
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                let message = Outgoing {
                    kind,
                    subject: kind.to_owned(),
                    day,
                    customer_id: service,
                    service_id: Some(service),
                    phone: "0812-3456-7890".to_owned(),
                    text: "Halo".to_owned(),
                };
                let before = tx.number(ITEMS, args![]).await?;
                let id = outbox::queue(tx, message.clone(), now).await?;
                assert_eq!(outbox::queue(tx, message.clone(), now).await?, None, "once only");
                assert_eq!(tx.number(ITEMS, args![]).await?, before + 1, "and the work of sending it, too");
                let landline = Outgoing { phone: "021-555".to_owned(), subject: "x".to_owned(), ..message };
                assert_eq!(outbox::queue(tx, landline, now).await?, None);
                Ok(id.unwrap())
            })
        })
        .await
        .unwrap()
}

crate::sql!(ITEMS = "SELECT COUNT(*) FROM work WHERE kind = 'send_message' AND state = 'ready'");

async fn stored(app: &TestApp, id: i64) -> (String, String, String) {
    app.state.db.one(MESSAGE, args![id]).await.unwrap()
}

#[tokio::test]
async fn sent_retried_failed_and_never_twice() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let (gateway, url) = gateway().await;
        let answer = |status, text| *gateway.answer.lock().unwrap() = (status, text);
        let count = || gateway.asked.lock().unwrap().len();
        let without = queued(&app, "new_bill").await;
        assert_eq!(deliver(&app.state, without, 1).await.unwrap(), Outcome::Done);
        assert_eq!(stored(&app, without).await.0, "cancelled");
        app.set(&[
            ("whatsapp.provider", "mpwa"),
            ("whatsapp.api_url", &url),
            ("whatsapp.device_id", "6281200000001"),
            ("whatsapp.api_key", "key"),
        ])
        .await;

        let id = queued(&app, "payment_confirmation").await;
        answer(500, "");
        assert!(matches!(deliver(&app.state, id, 1).await.unwrap(), Outcome::Retry { .. }));
        assert_eq!(stored(&app, id).await.0, "queued");
        answer(200, r#"{"status":true,"data":{"key":{"id":"ABC"}}}"#);
        assert_eq!(deliver(&app.state, id, 2).await.unwrap(), Outcome::Done);
        assert_eq!(stored(&app, id).await, ("sent".to_owned(), String::new(), "ABC".to_owned()));
        let sent = count();
        assert_eq!(deliver(&app.state, id, 3).await.unwrap(), Outcome::Done);
        assert_eq!(count(), sent, "what is sent is not sent again");

        // Nobody knows whether a gateway that answers nonsense has sent it.
        let id = queued(&app, "restored").await;
        answer(200, "<html>");
        assert_eq!(deliver(&app.state, id, 1).await.unwrap(), Outcome::Done);
        assert_eq!(stored(&app, id).await.0, "failed");
        // Nor what became of one whose process died.
        let id = queued(&app, "warning").await;
        begin(&app.state, id, BEGUN).await.unwrap();
        let sent = count();
        assert_eq!(deliver(&app.state, id, 2).await.unwrap(), Outcome::Done);
        assert_eq!((stored(&app, id).await.0.as_str(), count()), ("failed", sent));
        let id = queued(&app, "reminder").await;
        answer(500, "");
        assert!(matches!(deliver(&app.state, id, 5).await.unwrap(), Outcome::Retry { .. }));
        assert_eq!(stored(&app, id).await.0, "failed");
    }
}

#[tokio::test]
async fn quiet_hours_are_for_what_can_wait() {
    let app = TestApp::sqlite("2026-01-15 20:00").await;
    let (gateway, url) = gateway().await;
    *gateway.answer.lock().unwrap() = (200, r#"{"status":true}"#);
    app.set(&[("whatsapp.provider", "mpwa"), ("whatsapp.api_url", &url)]).await;
    let reminder = queued(&app, "reminder").await;
    let at = app.state.clock.instant("2026-01-16".parse().unwrap(), NaiveTime::from_hms_opt(8, 0, 0).unwrap());
    assert_eq!(deliver(&app.state, reminder, 1).await.unwrap(), Outcome::Later { at, reason: "jam tenang".to_owned() });
    let receipt = queued(&app, "payment_confirmation").await;
    deliver(&app.state, receipt, 1).await.unwrap();
    assert_eq!(stored(&app, receipt).await.0, "sent");
}
