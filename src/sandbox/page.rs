//! The control page: open payments, the WhatsApp inbox, the routers, each with its buttons. Plain forms, no script.

use super::http::Sandbox;
use axum::extract::{RawQuery, State};
use axum::response::Html;
use serde_json::Value;
use std::fmt::Write as _;
use url::form_urlencoded;

/// Payments shown.
const PAYMENTS_MAX: usize = 20;
/// Messages shown.
const MESSAGES_MAX: usize = 10;
/// Secrets shown a router.
const SECRETS_MAX: usize = 20;

const STYLE: &str = "
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem;color:#1c2733;background:#f6f8fa}
h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}h3{font-size:1rem;margin:1rem 0 .3rem}
table{border-collapse:collapse;width:100%;background:#fff}
th,td{text-align:left;padding:.4rem .5rem;border-bottom:1px solid #dde3e9;vertical-align:top}details,pre{overflow-wrap:anywhere}
td.n{text-align:right;white-space:nowrap}form{display:inline}
button{font:inherit;padding:.15rem .6rem;margin:.1rem;border:1px solid #9fb0c0;border-radius:.3rem;background:#fff;cursor:pointer}
button.y{background:#12693f;color:#fff;border-color:#12693f}input{font:inherit;width:7rem;padding:.1rem .3rem}
pre{white-space:pre-wrap;margin:0;font:inherit}.s{color:#5a6b7b}.off{color:#a32020}details{max-width:20rem}
@media(max-width:760px){th{display:none}table,tbody,tr,td{display:block}tr{border-bottom:1px solid #9fb0c0;padding:.4rem 0}
td,td.n{border:0;padding:.1rem .5rem;text-align:left}td:empty{display:none}button{padding:.5rem .8rem}input{padding:.4rem}}";
/// Codes longer than this fold away: a QR's text is of use to a program, not to a reader.
const CODE_MAX: usize = 40;

/// `GET /`, with `?q=` to search payments, messages and secrets.
pub(crate) async fn show(State(sandbox): State<Sandbox>, RawQuery(query): RawQuery) -> Html<String> {
    let query = query.unwrap_or_default();
    let wanted = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "q")
        .map(|(_, value)| value.trim().to_lowercase())
        .unwrap_or_default();
    let body = [
        payments(&sandbox, &wanted),
        messages(&sandbox, &wanted),
        sandbox.router_states().await.iter().map(|state| router(state, &wanted)).collect(),
        keys(),
    ]
    .concat();
    Html(format!(
        "<!doctype html><html lang=\"id\"><head><meta charset=\"utf-8\"><title>Sandbox Kimonet</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head><body>\
         <h1>Sandbox Kimonet</h1><p class=\"s\">Dunia luar tiruan: gateway pembayaran, WhatsApp, dan router. \
         Tidak ada uang sungguhan di sini.</p>\
         <form method=\"get\" action=\"/\"><label>Cari pembayaran, pesan, atau secret \
         <input name=\"q\" value=\"{}\"></label><button>Cari</button></form> \
         <form method=\"get\" action=\"/\"><button>Segarkan</button></form>{body}</body></html>",
        escape(&wanted)
    ))
}

fn payments(sandbox: &Sandbox, wanted: &str) -> String {
    let rows = sandbox.flip.state_json();
    let mut html = String::from(
        "<h2>Pembayaran</h2><table><tr><th>Referensi</th><th>Metode</th><th>Kode</th><th>Jumlah</th><th>Status</th><th></th></tr>",
    );
    let mut found: Vec<_> = rows.iter().filter(|row| matches(row, wanted)).collect();
    // Open ones first, each group newest first.
    found.sort_by_key(|row| text(row, "status") != "pending");
    for row in found.iter().take(PAYMENTS_MAX) {
        let path: String = form_urlencoded::byte_serialize(text(row, "payment_id").as_bytes()).collect();
        let action = |deed: &str| format!("/control/payments/flip/{path}/{deed}");
        let buttons = [
            button(&action("pay"), "", "Bayar", true),
            button(&action("fail"), "", "Gagal", false),
            button(&action("expire"), "", "Kedaluwarsa", false),
            button(&action("pay"), &hidden("times", "2"), "Bayar 2×", false),
            button(&action("pay"), &hidden("delay_ms", "5000"), "Bayar, kabar terlambat 5 detik", false),
            button(&action("pay"), &hidden("form", "seed"), "Bayar, bentuk lama", false),
            button(&action("pay"), &hidden("signature", "wrong"), "Tanda tangan salah", false),
            button(
                &action("pay"),
                "<input name=\"amount\" inputmode=\"numeric\" aria-label=\"Jumlah lain\" placeholder=\"jumlah\">",
                "Jumlah lain",
                false,
            ),
        ]
        .concat();
        put(
            &mut html,
            format_args!(
                "<tr><td>{}<br><span class=\"s\">{}</span></td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td>{}</td><td>{buttons}</td></tr>",
                escape(&text(row, "reference")),
                escape(&text(row, "title")),
                escape(&text(row, "method")),
                code(&text(row, "code")),
                rupiah(row.get("amount").and_then(Value::as_i64).unwrap_or(0)),
                status_word(&text(row, "status")),
            ),
        );
    }
    put(
        &mut html,
        format_args!("</table><p class=\"s\">{} dari {} pembayaran.</p>", found.len().min(PAYMENTS_MAX), rows.len()),
    );
    html
}

fn code(code: &str) -> String {
    if code.len() <= CODE_MAX {
        return escape(code);
    }
    format!("<details><summary>kode QR</summary>{}</details>", escape(code))
}

fn messages(sandbox: &Sandbox, wanted: &str) -> String {
    let connected = sandbox.whatsapp.is_connected();
    let messages = sandbox.whatsapp.messages();
    let (word, switch, label) = if connected {
        ("terhubung", "false", "Putuskan")
    } else {
        ("<span class=\"off\">terputus</span>", "true", "Hubungkan")
    };
    let mut html = format!(
        "<h2>WhatsApp</h2><p>Perangkat {word}. {}{}</p><table><tr><th>Waktu</th><th>Kepada</th><th>Pesan</th></tr>",
        button("/control/whatsapp", &hidden("connected", switch), label, false),
        button(
            "/control/whatsapp",
            "<input name=\"fail_next\" inputmode=\"numeric\" aria-label=\"Banyaknya\" placeholder=\"banyaknya\">",
            "Gagalkan pesan berikut",
            false
        ),
    );
    let found: Vec<_> = messages
        .iter()
        .rev()
        .filter(|message| message.to.contains(wanted) || message.text.to_lowercase().contains(wanted))
        .collect();
    for message in found.iter().take(MESSAGES_MAX) {
        put(
            &mut html,
            format_args!(
                "<tr><td>{}</td><td>{}</td><td><pre>{}</pre></td></tr>",
                escape(&text(&message.json(), "at")),
                escape(&message.to),
                escape(&message.text)
            ),
        );
    }
    let shown = found.len().min(MESSAGES_MAX);
    put(
        &mut html,
        format_args!("</table><p class=\"s\">{shown} dari {} pesan, yang terbaru di atas.</p>", messages.len()),
    );
    html
}

fn router(state: &Value, wanted: &str) -> String {
    let name = text(state, "name");
    let path: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let action = format!("/control/routers/{path}");
    let order = |field: &str, value: &str, label: &str| button(&action, &hidden(field, value), label, false);
    let number = |field: &str, label: &str| {
        let input = format!("<input name=\"{field}\" inputmode=\"numeric\" aria-label=\"{label}\" placeholder=\"0\">");
        button(&action, &input, label, false)
    };
    let switches = [
        order("up", "false", "Cabut"),
        order("up", "true", "Pasang"),
        order("reject_login", "true", "Tolak login"),
        order("reject_login", "false", "Terima login"),
        order("frozen", "true", "Bekukan"),
        order("frozen", "false", "Cairkan"),
        order("lies", "true", "Berbohong"),
        order("lies", "false", "Jujur"),
        order("drop_profile", "ISOLIR", "Buang profil ISOLIR"),
        order("reboot", "true", "Nyalakan ulang"),
        number("latency_ms", "Perlambat (ms)"),
        number("cut_after_bytes", "Putus setelah (bita)"),
    ]
    .concat();
    let empty = Vec::new();
    let secrets = state.get("secrets").and_then(Value::as_array).unwrap_or(&empty);
    let active = state.get("active").and_then(Value::as_array).unwrap_or(&empty);
    let mut found: Vec<_> = secrets.iter().filter(|secret| matches(secret, wanted)).collect();
    // Who is slowed down first: he is the one to pay for.
    found.sort_by_key(|secret| text(secret, "profile") != "ISOLIR");
    let mut html = format!(
        "<h2>Router {}</h2><p>{switches}</p><p class=\"s\">{} dari {} secret, {} sesi.</p><table><tr><th>Secret</th><th>Profil</th><th>Sesi</th></tr>",
        escape(&name),
        found.len().min(SECRETS_MAX),
        secrets.len(),
        active.len()
    );
    for secret in found.iter().take(SECRETS_MAX) {
        let secret_name = text(secret, "name");
        let session = active.iter().find(|session| text(session, "name") == secret_name);
        let session = session.map_or_else(
            || "tidak aktif".to_owned(),
            |session| format!("{} sejak {}", escape(&text(session, "profile")), escape(&text(session, "since"))),
        );
        let off = if secret.get("disabled").and_then(Value::as_bool) == Some(true) { " (dimatikan)" } else { "" };
        put(
            &mut html,
            format_args!(
                "<tr><td>{}{off}</td><td>{}</td><td>{session}</td></tr>",
                escape(&secret_name),
                escape(&text(secret, "profile")),
            ),
        );
    }
    html.push_str("</table>");
    html
}

/// What a Kimonet needs to be told to speak to this sandbox.
fn keys() -> String {
    let rows = [
        ("Flip, secret key", super::flip::SECRET_KEY),
        ("Flip, validation token", super::flip::VALIDATION_TOKEN),
        ("WhatsApp, device", super::whatsapp::DEVICE),
        ("WhatsApp, api key", super::whatsapp::API_KEY),
        ("Router, pengguna", super::routeros::USER),
        ("Router, kata sandi", super::routeros::PASSWORD),
    ];
    let rows: String =
        rows.iter().map(|(name, value)| format!("<tr><td>{name}</td><td><code>{value}</code></td></tr>")).collect();
    format!("<h2>Kunci tiruan</h2><table>{rows}</table>")
}

fn button(action: &str, fields: &str, label: &str, main: bool) -> String {
    let class = if main { " class=\"y\"" } else { "" };
    format!("<form method=\"post\" action=\"{}\">{fields}<button{class}>{label}</button></form>", escape(action))
}

fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
}

/// Appends; writing into a `String` cannot fail, so its result says nothing.
fn put(html: &mut String, pieces: std::fmt::Arguments<'_>) {
    let Ok(()) = html.write_fmt(pieces) else { return };
}

fn matches(row: &Value, wanted: &str) -> bool {
    wanted.is_empty()
        || ["reference", "payment_id", "title", "code", "name"]
            .iter()
            .any(|name| text(row, name).to_lowercase().contains(wanted))
}

/// A field as text; nothing where it is not there.
fn text(row: &Value, name: &str) -> String {
    match row.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn status_word(status: &str) -> &'static str {
    match status {
        "paid" => "lunas",
        "expired" => "kedaluwarsa",
        "failed" => "gagal",
        _ => "menunggu",
    }
}

/// `Rp 300.000`.
fn rupiah(amount: i64) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    format!("Rp {out}")
}

fn escape(text: &str) -> String {
    html_escape::encode_quoted_attribute(text).into_owned()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn sums_and_markup() {
        assert_eq!(rupiah(1_300_000), "Rp 1.300.000");
        assert_eq!(rupiah(999), "Rp 999");
        assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
