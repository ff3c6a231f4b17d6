//! `POST /billing/check` against a bare axum route in the same process that returns a constant of the same size.

use crate::Number;
use kimonet::args;
use kimonet::server::state::AppState;
use kimonet::sql;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONNECTIONS: usize = 16;
const ROUND: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;
/// Least share of the bare route's requests per second.
const SHARE: f64 = 0.20;
const P99: Duration = Duration::from_millis(5);

sql!(SOME_NUMBERS = "SELECT service_number FROM service ORDER BY id LIMIT 5000");

pub async fn run(state: &AppState) -> Vec<Number> {
    let numbers: Vec<String> =
        state.db.all::<(String,)>(SOME_NUMBERS, args![]).await.expect("numbers").into_iter().map(|row| row.0).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let ours = listener.local_addr().expect("address");
    let served = state.clone();
    tokio::spawn(async move { kimonet::server::http::serve(served, listener).await.expect("server") });

    let requests: Vec<Vec<u8>> = numbers
        .iter()
        .map(|number| {
            let body = format!("{{\"customer_number\":\"{number}\"}}");
            format!("POST /billing/check HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
        })
        .collect();
    let requests = Arc::new(requests);
    let mut probe = TcpStream::connect(ours).await.expect("connect");
    probe.write_all(&requests[0]).await.expect("write");
    let size = read_answer(&mut probe, &mut Vec::new()).await;

    let constant: &'static str = Box::leak("x".repeat(size).into_boxed_str());
    let bare = axum::Router::new()
        .route("/billing/check", axum::routing::post(move |_: axum::body::Bytes| async move { constant }));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let theirs = listener.local_addr().expect("address");
    tokio::spawn(async move {
        use axum::serve::ListenerExt;
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, bare).await.expect("bare server");
    });

    let (mut shares, mut p99s, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    load(ours, &requests, Duration::from_millis(500)).await;
    for _ in 0..ROUNDS {
        let (mine, latencies) = load(ours, &requests, ROUND).await;
        let (constant, _) = load(theirs, &requests, ROUND).await;
        shares.push(mine / constant);
        p99s.push(latencies[latencies.len() * 99 / 100]);
        rates.push(mine);
        eprintln!("check: {mine:.0}/s, p99 {:.2?}; constant route {constant:.0}/s", p99s[p99s.len() - 1]);
    }
    shares.sort_by(f64::total_cmp);
    rates.sort_by(f64::total_cmp);
    p99s.sort();
    let (share, p99) = (shares[ROUNDS / 2], p99s[ROUNDS / 2]);
    vec![
        Number::limited(
            format!(
                "POST /billing/check, {} requests per second, share of a constant route",
                rates[ROUNDS / 2].round()
            ),
            format!("{share:.2}"),
            format!("at least {SHARE:.2}"),
            share >= SHARE,
        ),
        Number::limited("POST /billing/check, p99", format!("{p99:.2?}"), format!("under {P99:?}"), p99 < P99),
    ]
}

/// Requests per second, and every latency, sorted.
async fn load(to: SocketAddr, requests: &Arc<Vec<Vec<u8>>>, time: Duration) -> (f64, Vec<Duration>) {
    let start = Instant::now();
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|n| {
            let requests = Arc::clone(requests);
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(to).await.expect("connect");
                stream.set_nodelay(true).expect("nodelay");
                let (mut buffer, mut latencies, mut at) = (Vec::with_capacity(8192), Vec::new(), n * 311);
                while start.elapsed() < time {
                    at = (at + 1) % requests.len();
                    let sent = Instant::now();
                    stream.write_all(&requests[at]).await.expect("write");
                    read_answer(&mut stream, &mut buffer).await;
                    latencies.push(sent.elapsed());
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.expect("client"));
    }
    let rate = latencies.len() as f64 / start.elapsed().as_secs_f64();
    latencies.sort();
    (rate, latencies)
}

/// Reads one answer with a Content-Length; answers the length of its body. Anything but 200 ends the bench.
async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> usize {
    buffer.clear();
    loop {
        let mut chunk = [0; 8192];
        let n = stream.read(&mut chunk).await.expect("read");
        assert!(n > 0, "the server hung up");
        buffer.extend_from_slice(&chunk[..n]);
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map(|value| value.trim().parse().expect("length"))
            .expect("content-length");
        if buffer.len() >= end + 4 + length {
            return length;
        }
    }
}
