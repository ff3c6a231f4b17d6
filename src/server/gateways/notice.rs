//! Flip's notices: verified and read in every form that is met in the wild (protocols/flip.md §6, §7).
//!
//! Forms: the real one (a form of `data`, a JSON text, and `token`), the old documentation's flat JSON, and a JSON
//! wrapper `{"data": …, "token": …}`. There is no signature, only an opaque token compared for equality.

use super::lenient::{field, rupiah};
use super::{Notice, NoticeRefused, Provider, flip_wire};
use http::HeaderMap;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

/// Third-party JSON set-ups carry the token here.
pub const TOKEN_HEADER: &str = "x-callback-token";

/// What a body holds: its token, if any, and its payment document.
struct Body {
    token: Option<String>,
    document: Result<Document, String>,
}

struct Document {
    value: Value,
    raw: String,
}

/// Verifies a notice against the validation token of our settings, then reads it. No network, no clock.
///
/// The token is looked for in the body, then in header `X-Callback-Token`, then in the query string `?token=`; the
/// first one found decides. An empty `expected_token` refuses everything.
pub fn verify_flip(
    expected_token: &str,
    headers: &HeaderMap,
    query: Option<&str>,
    body: &[u8],
) -> Result<Notice, NoticeRefused> {
    if expected_token.is_empty() {
        return Err(NoticeRefused::NotConfigured);
    }
    let body = read_body(body);
    let token = body
        .token
        .or_else(|| headers.get(TOKEN_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned))
        .or_else(|| form_value(query.unwrap_or_default(), "token"))
        .filter(|token| !token.is_empty())
        .ok_or(NoticeRefused::TokenMissing)?;
    if !same_secret(&token, expected_token) {
        return Err(NoticeRefused::TokenWrong);
    }
    let document = body.document.map_err(|detail| NoticeRefused::Malformed { detail })?;
    read_document(document)
}

/// Equality in constant time. Digests are compared, so that not even the length shows.
fn same_secret(a: &str, b: &str) -> bool {
    Sha256::digest(a.as_bytes()).ct_eq(&Sha256::digest(b.as_bytes())).into()
}

/// Tells the forms apart by their first character: JSON objects begin with a brace, forms with a field's name. The
/// content type is not asked, since hand-made requests often carry the wrong one.
fn read_body(body: &[u8]) -> Body {
    let Ok(text) = std::str::from_utf8(body) else {
        return Body { token: None, document: Err("not UTF-8".to_owned()) };
    };
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') { read_json(text) } else { read_form(text) }
}

fn read_json(text: &str) -> Body {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Body { token: None, document: Err(format!("JSON: {error}")) },
    };
    let token = field(&value, "token");
    let document = match value.get("data") {
        Some(Value::String(inner)) => parse_document(inner),
        Some(inner @ Value::Object(_)) => Ok(Document { value: inner.clone(), raw: inner.to_string() }),
        _ => {
            // Flat: the token, if it stands among the fields, is not part of what may be stored.
            let mut flat = value;
            if let Value::Object(fields) = &mut flat {
                fields.remove("token");
            }
            Ok(Document { raw: flat.to_string(), value: flat })
        }
    };
    Body { token, document }
}

fn read_form(text: &str) -> Body {
    let encoded = form_value(text, "data").map(|data| parse_document(&data));
    if let Some(Ok(document)) = encoded {
        return Body { token: form_value(text, "token"), document: Ok(document) };
    }
    // A hand-made request that did not encode its JSON: `&`, `+`, `%` inside names break the form, so the JSON is cut
    // out as JSON and the rest read as a form.
    if let Some((before, document, after)) = cut_out_json(text) {
        let token = form_value(after, "token").or_else(|| form_value(before, "token"));
        return Body { token, document: Ok(document) };
    }
    let problem = match encoded {
        Some(Err(problem)) => problem,
        _ => "no field data".to_owned(),
    };
    Body { token: form_value(text, "token"), document: Err(problem) }
}

/// `before` · JSON · `after` of a form whose `data=` is followed by raw JSON.
fn cut_out_json(text: &str) -> Option<(&str, Document, &str)> {
    let start = if text.starts_with("data={") { 5 } else { text.find("&data={")? + 6 };
    let (before, rest) = text.split_at_checked(start)?;
    let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
    let value = stream.next()?.ok()?;
    let (json, after) = rest.split_at_checked(stream.byte_offset())?;
    let before = before.strip_suffix("data=")?;
    Some((before, Document { value, raw: json.to_owned() }, after))
}

fn parse_document(text: &str) -> Result<Document, String> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(Document { value, raw: text.to_owned() }),
        Err(error) => Err(format!("data: {error}")),
    }
}

fn form_value(form: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(form.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn read_document(document: Document) -> Result<Notice, NoticeRefused> {
    let value = &document.value;
    let missing = |name: &str| NoticeRefused::Malformed { detail: format!("missing or unreadable: {name}") };
    let word = field(value, "status").ok_or_else(|| missing("status"))?;
    Ok(Notice {
        gateway: Provider::Flip,
        payment_id: field(value, "id").ok_or_else(|| missing("id"))?,
        link_id: field(value, "bill_link_id"),
        reference: field(value, "reference_id"),
        title: field(value, "bill_title"),
        status: flip_wire::status(&word)
            .ok_or_else(|| NoticeRefused::Malformed { detail: format!("unknown status {word:?}") })?,
        amount: value.get("amount").and_then(rupiah).ok_or_else(|| missing("amount"))?,
        created_at: field(value, "created_at"),
        raw: document.raw,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::Rupiah;
    use crate::server::gateways::Status;

    const TOKEN: &str = "$2y$13$EXAMPLEvalidationTOKEN000000000000000000000000000000000";
    /// The worked raw body of protocols/flip.md §6.
    const WORKED: &str = "data=%7B%22id%22%3A%22PGPWF10217671650669703904%22%2C%22bill_link_id%22%3A130110%2C%22bill_link%22%3A%22flip.id%2Fpwf-sandbox%2F%24kimonet%2F%23inv-2026-01-0001%22%2C%22bill_title%22%3A%22INV-2026-01-0001%22%2C%22reference_id%22%3A%22INV-2026-01-0001%22%2C%22sender_name%22%3A%22John+Doe%22%2C%22sender_email%22%3A%22john%40example.com%22%2C%22sender_bank%22%3A%22bni%22%2C%22sender_bank_type%22%3A%22virtual_account%22%2C%22amount%22%3A300000%2C%22status%22%3A%22SUCCESSFUL%22%2C%22created_at%22%3A%222026-01-02+10%3A00%3A00%22%7D&token=%242y%2413%24EXAMPLEvalidationTOKEN000000000000000000000000000000000";
    const FLAT: &str = r#"{"id":"PGPWF10217671650669703904","bill_link_id":"abc123","status":"SUCCESSFUL","amount":300000,"sender_bank":"bni","created_at":"2026-01-02 10:00:00"}"#;

    fn verify(body: &str) -> Result<Notice, NoticeRefused> {
        verify_flip(TOKEN, &HeaderMap::new(), None, body.as_bytes())
    }

    #[test]
    fn the_worked_body_of_the_protocol() {
        let notice = verify(WORKED).expect("accepted");
        assert_eq!(notice.payment_id, "PGPWF10217671650669703904");
        assert_eq!(notice.link_id.as_deref(), Some("130110"));
        assert_eq!(notice.reference.as_deref(), Some("INV-2026-01-0001"));
        assert_eq!(notice.title.as_deref(), Some("INV-2026-01-0001"));
        assert_eq!((notice.status, notice.amount), (Status::Paid, Rupiah(300_000)));
        assert_eq!(notice.created_at.as_deref(), Some("2026-01-02 10:00:00"));
        assert!(notice.raw.contains("John Doe") && !notice.raw.contains("EXAMPLE"));
        assert_eq!(notice.key(), "PGPWF10217671650669703904:paid");
    }

    #[test]
    fn the_flat_form_needs_its_token_in_header_or_query() {
        assert_eq!(verify(FLAT), Err(NoticeRefused::TokenMissing));
        let mut headers = HeaderMap::new();
        headers.insert("X-Callback-Token", TOKEN.parse().expect("header"));
        let notice = verify_flip(TOKEN, &headers, None, FLAT.as_bytes()).expect("by header");
        assert_eq!(notice.link_id.as_deref(), Some("abc123"));
        let query = format!("x=1&token={}", TOKEN.replace('$', "%24"));
        assert!(verify_flip(TOKEN, &HeaderMap::new(), Some(&query), FLAT.as_bytes()).is_ok());
        assert_eq!(
            verify_flip(TOKEN, &HeaderMap::new(), Some("token=other"), FLAT.as_bytes()),
            Err(NoticeRefused::TokenWrong)
        );
    }

    #[test]
    fn wrappers_with_the_document_as_text_and_as_object() {
        let text = serde_json::json!({ "data": FLAT, "token": TOKEN }).to_string();
        assert!(verify(&text).is_ok());
        let inner: Value = serde_json::from_str(FLAT).expect("json");
        let object = serde_json::json!({ "data": inner, "token": TOKEN }).to_string();
        assert!(verify(&object).is_ok());
        let mut flat = inner;
        flat["token"] = TOKEN.into();
        let notice = verify(&flat.to_string()).expect("flat with token");
        assert!(!notice.raw.contains("EXAMPLE"), "the token is not stored");
    }

    #[test]
    fn hand_made_forms_without_encoding() {
        assert!(verify(&format!("data={FLAT}&token={TOKEN}")).is_ok());
        assert!(verify(&format!("token={TOKEN}&data={FLAT}")).is_ok());
        let awkward = FLAT.replace("\"bni\"", r#""bni","sender_name":"Budi & Co + 100% {x}""#);
        let notice = verify(&format!("data={awkward}&token={TOKEN}")).expect("cut out");
        assert!(notice.raw.contains("Budi & Co + 100% {x}"));
    }

    #[test]
    fn refusals() {
        let other = WORKED.replace("EXAMPLE", "EXAMPLF");
        assert_eq!(verify(&other), Err(NoticeRefused::TokenWrong));
        let without = WORKED.split("&token").next().expect("part");
        assert_eq!(verify(without), Err(NoticeRefused::TokenMissing));
        assert_eq!(verify(&format!("{without}&token=")), Err(NoticeRefused::TokenMissing));
        // Nobody can know an empty token.
        for body in [WORKED, "data={}&token="] {
            assert_eq!(verify_flip("", &HeaderMap::new(), None, body.as_bytes()), Err(NoticeRefused::NotConfigured));
        }
        for body in ["data=x", "data={}", "x=1", "data=[1]", r#"data={"id":"P","status":"WHAT","amount":1}"#] {
            let verdict = verify(&format!("{body}&token={TOKEN}"));
            assert!(matches!(verdict, Err(NoticeRefused::Malformed { .. })), "{body}: {verdict:?}");
        }
        // A wrong body token is not rescued by a right header.
        let mut headers = HeaderMap::new();
        headers.insert(TOKEN_HEADER, TOKEN.parse().expect("header"));
        assert_eq!(verify_flip(TOKEN, &headers, None, other.as_bytes()), Err(NoticeRefused::TokenWrong));
        assert_eq!(verify_flip(TOKEN, &HeaderMap::new(), None, b"\xff\xfe"), Err(NoticeRefused::TokenMissing));
        assert_eq!(NoticeRefused::TokenWrong.http_status(), 401);
    }

    #[test]
    fn amounts_and_statuses_are_read_leniently() {
        let body = r#"{"id":"P1","status":"cancelled","amount":"300000.00","bill_link_id":2502091430251230000,"reference_id":"null"}"#;
        let notice = verify(&format!("data={body}&token={TOKEN}")).expect("accepted");
        assert_eq!((notice.status, notice.amount), (Status::Expired, Rupiah(300_000)));
        assert_eq!(notice.link_id.as_deref(), Some("2502091430251230000"));
        assert_eq!(notice.reference, None);
    }
}
