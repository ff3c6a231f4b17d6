//! MPWA's replies, each as a canned answer over loopback (protocols/whatsapp.md §1).

use super::mpwa::{Mpwa, MpwaConfig};
use super::{Accepted, DeviceStatus, Linking, SendError, Sender as _};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use std::sync::Arc;

const OK: &str = r#"{"status":true,"info":[{"id":1,"body":"62888","status":"Connected"}]}"#;
const OFF: &str = r#"{"status":true,"info":[{"id":1,"body":"62888","status":"Disconnect"}]}"#;

/// Path without its slash, status, body; what is not named answers 404.
type Canned = Vec<(&'static str, u16, &'static str)>;

async fn answer(State(canned): State<Arc<Canned>>, uri: Uri) -> (StatusCode, &'static str) {
    let path = uri.path().trim_start_matches('/');
    let found = canned.iter().find(|(name, _, _)| *name == path);
    found.map_or((StatusCode::NOT_FOUND, "<h1>404</h1>"), |(_, status, body)| {
        (StatusCode::from_u16(*status).expect("status"), *body)
    })
}

async fn gateway(canned: Canned) -> Mpwa {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let api_url = format!("http://{}", listener.local_addr().expect("address"));
    let app = Router::new().fallback(answer).with_state(Arc::new(canned));
    tokio::spawn(async move { axum::serve(listener, app).await.expect("server") });
    at(api_url)
}

fn at(api_url: String) -> Mpwa {
    let http = reqwest::Client::builder().no_proxy().build().expect("client");
    Mpwa::new(MpwaConfig { api_url, device_id: "62888".to_owned(), api_key: "k".to_owned() }, http)
}

async fn send(status: u16, body: &'static str, devices: &'static str) -> Result<Accepted, SendError> {
    gateway(vec![("send-message", status, body), ("info-devices", 200, devices)])
        .await
        .send_text("6281234567", "x")
        .await
}

#[tokio::test]
async fn replies_that_mean_taken() {
    let plain = send(200, r#"{"status":true,"msg":"Message sent successfully!"}"#, OK).await;
    assert_eq!(plain, Ok(Accepted { provider_id: None }));
    let full = r#"{"status":true,"data":{"key":{"remoteJid":"x","fromMe":true,"id":"3EB01"},"messageTimestamp":"1"}}"#;
    assert_eq!(send(200, full, OK).await, Ok(Accepted { provider_id: Some("3EB01".to_owned()) }));
    assert!(send(200, r#"{"status":"true"}"#, OK).await.is_ok());
}

#[tokio::test]
async fn every_refusal_of_the_table() {
    for (status, body, devices, kind) in [
        (400, r#"{"status":false,"msg":"Failed to send message!"}"#, OK, "bad_recipient"),
        (400, r#"{"status":false,"msg":"Failed to send message!"}"#, OFF, "device_offline"),
        (200, r#"{"status":false,"message":"gagal"}"#, OFF, "device_offline"),
        (400, r#"{"status":false,"msg":"Failed to send message!, Check your connection!"}"#, OK, "transport"),
        (400, r#"{"status":false,"msg":"Invalid parameters!"}"#, OK, "bad_request"),
        (400, r#"{"status":false,"msg":"Invalid parameters, please check your input!"}"#, OK, "bad_request"),
        (400, r#"{"status":false,"msg":"Invalid api_key or sender,please check again"}"#, OK, "auth"),
        (400, r#"{"status":false,"msg":"Invali api_key or sender,please check again (2)"}"#, OK, "auth"),
        (400, r#"{"status":false,"msg":"You no longer have enough messages, upgrade"}"#, OK, "quota"),
        (429, r#"{"message":"Too Many Attempts."}"#, OK, "rate_limited"),
        (500, "<h1>Server Error</h1>", OK, "transport"),
        (504, "<h1>Gateway Timeout</h1>", OK, "unknown"),
        (200, "", OK, "unknown"),
        (200, "<html>login</html>", OK, "unknown"),
        (404, "<html>", OK, "bad_request"),
    ] {
        let error = send(status, body, devices).await.expect_err(body);
        assert_eq!(error.code(), kind, "{status} {body}: {error:?}");
    }
}

#[tokio::test]
async fn no_connection_is_surely_not_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    drop(listener);
    let error = at(url).send_text("6281234567", "x").await.expect_err("nobody");
    assert!(matches!(error, SendError::Transport { .. }) && error.is_retryable());
    assert!(!error.to_string().contains("http"), "the address stays out: {error}");
}

#[tokio::test]
async fn a_connection_closed_after_the_request_is_unknown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("connection");
        let mut buffer = [0; 4096];
        tokio::io::AsyncReadExt::read(&mut socket, &mut buffer).await.expect("request");
    });
    let error = at(url).send_text("6281234567", "x").await.expect_err("cut");
    assert!(matches!(error, SendError::Unknown { .. }) && !error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn three_probes_of_the_device() {
    let status = |canned: Canned| async { gateway(canned).await.status().await };
    assert_eq!(status(vec![("info-devices", 200, OK)]).await, DeviceStatus::Connected);
    assert_eq!(status(vec![("info-devices", 200, OFF)]).await, DeviceStatus::Disconnected);
    let invalid = status(vec![("info-devices", 400, r#"{"status":false,"msg":"Invalid api key"}"#)]).await;
    assert_eq!(invalid, DeviceStatus::Unknown { problem: "Invalid api key".to_owned() });
    for (body, expected) in [
        (r#"{"status":true}"#, DeviceStatus::Connected),
        (r#"{"connected":false}"#, DeviceStatus::Disconnected),
        (r#"{"state":"connected"}"#, DeviceStatus::Connected),
        (r#"{"status":true,"msg":"Device not connected"}"#, DeviceStatus::Disconnected),
    ] {
        assert_eq!(status(vec![("status", 200, body)]).await, expected, "{body}");
    }
    for (http, body, expected) in [
        (400, r#"{"status":false,"msg":"Device already connected!"}"#, DeviceStatus::Connected),
        (200, r#"{"status":true,"qrcode":null,"message":"Connected"}"#, DeviceStatus::Connected),
        (200, r#"{"status":false,"qrcode":"data:image/png;base64,x"}"#, DeviceStatus::NeedsQr),
        (200, r#"{"status":"qrcode","qrcode":"data:image/png;base64,x","message":"Scan"}"#, DeviceStatus::NeedsQr),
        (200, r#"{"status":"processing","qrcode":null,"message":"Processing"}"#, DeviceStatus::NeedsQr),
        (200, r#"{"status":false,"message":"Disconnected"}"#, DeviceStatus::Disconnected),
        (
            400,
            r#"{"status":false,"msg":"Device not found!"}"#,
            DeviceStatus::Unknown { problem: "Device not found!".to_owned() },
        ),
    ] {
        assert_eq!(status(vec![("generate-qr", http, body)]).await, expected, "{body}");
    }
}

#[tokio::test]
async fn the_picture_to_scan_in_every_form() {
    let failed = |problem: &str| Linking::Failed { problem: problem.to_owned() };
    for (status, body, wanted) in [
        (
            200,
            r#"{"status":"qrcode","qrcode":"data:image/png;base64,aGFp","message":"Scan"}"#,
            Linking::Qr("data:image/png;base64,aGFp".to_owned()),
        ),
        (200, r#"{"status":false,"qrcode":"aGFp"}"#, Linking::Qr("data:image/png;base64,aGFp".to_owned())),
        (
            200,
            r#"{"status":"qrcode","qrcode":"data:text/html;base64,aGFp"}"#,
            failed("gateway mengirim gambar yang tidak dikenal"),
        ),
        (200, r#"{"status":"processing","qrcode":null,"message":"Processing"}"#, Linking::Wait),
        (200, r#"{"status":false,"message":"Timeout"}"#, Linking::Wait),
        (200, r#"{"status":true,"qrcode":null,"message":"Connected"}"#, Linking::Connected),
        (400, r#"{"status":false,"msg":"Device already connected!"}"#, Linking::Connected),
        (400, r#"{"status":false,"msg":"Invalid api key!"}"#, failed("Invalid api key!")),
        (500, "<h1>", failed("HTTP 500: <h1>")),
    ] {
        assert_eq!(gateway(vec![("generate-qr", status, body)]).await.link().await, wanted, "{body}");
    }
    let out = gateway(vec![("logout-device", 200, r#"{"status":true,"message":"ok"}"#)]).await;
    assert_eq!(out.unlink().await, Ok(()));
    let refused = gateway(vec![("logout-device", 400, r#"{"status":false,"msg":"Invalid api_key or sender"}"#)]).await;
    assert_eq!(refused.unlink().await.map_err(|error| error.code()), Err("auth"));
}
