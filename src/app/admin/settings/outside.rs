//! What a form alone cannot show: the logo, whether the gateway takes our keys, whether it can reach us.

use crate::app::codec::Json;
use crate::app::dto::Tone;
use crate::app::error::ApiError;
use crate::app::ui::{Field, Notice};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

/// What a test saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Whether all is well.
    pub fine: bool,
    /// What was seen, and what to do.
    pub words: String,
}

/// Asks Flip with the stored keys.
#[server(prefix = "/api/admin", endpoint = "gateway/test", input = Json, output = Json)]
pub async fn test_gateway() -> Result<Seen, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageSettings).await?;
    Ok(query::test(&asked.app).await?)
}

/// Calls our own public address, as the gateway would.
#[server(prefix = "/api/admin", endpoint = "gateway/reach", input = Json, output = Json)]
pub async fn test_reach() -> Result<Seen, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageSettings).await?;
    Ok(query::reach(&asked.app).await)
}

#[cfg(feature = "ssr")]
mod query {
    use super::Seen;
    use crate::server::error::Result;
    use crate::server::gateways::{GatewayError, attempts};
    use crate::server::state::AppState;
    use http::StatusCode;

    pub async fn test(app: &AppState) -> Result<Seen> {
        let settings = app.fresh_settings().await?;
        if !settings.has_secret("gateway.flip.secret_key") {
            return Ok(Seen {
                fine: false,
                words: "Secret key belum disimpan. Isi dan simpan dahulu, lalu uji.".to_owned(),
            });
        }
        let environment = match settings.text("gateway.flip.environment") {
            "production" => "sungguhan",
            _ => "uji coba",
        };
        let (fine, words) = match attempts::flip(app, &settings)?.maintenance().await {
            Ok(false) => (true, format!("Flip ({environment}) menjawab dan menerima secret key ini.")),
            Ok(true) => (
                false,
                format!(
                    "Flip ({environment}) menerima secret key ini, tetapi sedang dalam pemeliharaan. Coba lagi nanti."
                ),
            ),
            Err(error) => {
                tracing::warn!(detail = error.detail(), "the test of the gateway failed");
                let words = match &error {
                    GatewayError::Unauthorized => format!(
                        "Flip menolak secret key ini. Pastikan kuncinya untuk lingkungan {environment}, lalu salin ulang dari dasbor Flip."
                    ),
                    _ => error.to_string(),
                };
                (false, words)
            }
        };
        Ok(Seen { fine, words })
    }

    pub async fn reach(app: &AppState) -> Seen {
        let base = app.config.base();
        let address = format!("{base}/payment/callback/flip");
        // A GET is not what the gateway sends, so it changes nothing; our own server answers it with 405.
        match app.http.get(&address).send().await {
            Ok(answer) if answer.status() == StatusCode::METHOD_NOT_ALLOWED => {
                if app.config.is_loopback() {
                    let words = format!(
                        "{address} menjawab, tetapi hanya dari komputer ini. Pasang alamat umum (KIMONET_BASE_URL) sebelum Flip dapat memanggilnya."
                    );
                    return Seen { fine: false, words };
                }
                Seen {
                    fine: true,
                    words: format!(
                        "{address} menjawab dari server ini. Bila Flip tetap tidak sampai, periksa firewall di depannya."
                    ),
                }
            }
            Ok(answer) => Seen {
                fine: false,
                words: format!(
                    "{address} dijawab {} oleh sesuatu yang lain. Periksa DNS dan proxy: alamat itu harus sampai ke Kimonet.",
                    answer.status().as_u16()
                ),
            },
            Err(error) => {
                let why = if error.is_timeout() {
                    "tidak menjawab sampai batas waktu"
                } else if error.is_connect() {
                    "tidak dapat dihubungi"
                } else {
                    "tidak menjawab dengan benar"
                };
                Seen { fine: false, words: format!("{address} {why}. Periksa DNS, sertifikat, dan firewall.") }
            }
        }
    }
}

/// Test of keys and address beside the gateway's form.
#[component]
pub fn GatewayChecks(
    /// The address that the gateway calls.
    callback: String,
) -> impl IntoView {
    let seen = RwSignal::new(None::<Result<Seen, ApiError>>);
    let test = Action::new(move |keys: &bool| {
        let keys = *keys;
        async move {
            seen.set(None);
            seen.set(Some(if keys { test_gateway().await } else { test_reach().await }));
        }
    });
    let busy = test.pending();
    let local = ["http://localhost", "http://127."].iter().any(|own| callback.starts_with(own));
    view! {
        <section class="panel pad stack gap-top">
            <h2>"Hubungkan dengan Flip"</h2>
            <Copy id="alamat-callback" label="Alamat callback (salin ke dasbor Flip)" value=callback />
            {local.then(|| view! { <Notice tone=Tone::Warn><p>"Alamat ini hanya berlaku di komputer server sendiri: Flip dan pelanggan tidak dapat membukanya. Isi KIMONET_BASE_URL dengan alamat situs Anda (https://…), lalu nyalakan ulang Kimonet."</p></Notice> })}
            <div class="row">
                <button class="btn" type="button" disabled=busy on:click=move |_| { test.dispatch(true); }>"Uji koneksi"</button>
                <button class="btn" type="button" disabled=busy on:click=move |_| { test.dispatch(false); }>"Uji alamat callback"</button>
                <span class="mute small" role="status">{move || busy.get().then_some("Sedang diuji…")}</span>
            </div>
            {move || seen.get().map(|seen| match seen {
                Ok(Seen { fine, words }) => view! { <Notice tone=if fine { Tone::Ok } else { Tone::Bad }><p>{words}</p></Notice> }.into_any(),
                Err(error) => view! { <Notice tone=Tone::Bad><p>{error.to_string()}</p></Notice> }.into_any(),
            })}
        </section>
    }
}

/// Gateways that this version does not have yet.
#[component]
pub fn Later() -> impl IntoView {
    view! {
        <section class="panel pad gap-top">
            <h2>"Midtrans dan Duitku"</h2>
            <p class="mute">"Menyusul: versi Kimonet ini belum dapat memakainya."</p>
        </section>
    }
}

/// A text to copy, with its button.
#[component]
pub fn Copy(
    /// Id of the field.
    id: &'static str,
    /// What it is.
    label: &'static str,
    /// The text.
    value: String,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let text = StoredValue::new(value.clone());
    let copy = move |_| {
        copy_text(&text.get_value());
        copied.set(true);
    };
    let long = value.contains('\n');
    let rows = value.lines().count().to_string();
    view! {
        <div class="field">
            <label for=id>{label}</label>
            {if long {
                view! { <textarea id=id class="code" readonly rows=rows>{value}</textarea> }.into_any()
            } else {
                view! { <input id=id class="code" type="text" readonly value=value /> }.into_any()
            }}
            <div class="row">
                <button class="btn small" type="button" on:click=copy>"Salin"</button>
                <span class="mute small" role="status">{move || copied.get().then_some("Tersalin.")}</span>
            </div>
        </div>
    }
}

/// Puts a text on the clipboard, where the browser has one.
fn copy_text(text: &str) {
    #[cfg(feature = "hydrate")]
    {
        let _promise = window().navigator().clipboard().write_text(text);
    }
    #[cfg(not(feature = "hydrate"))]
    let _not_in_a_browser = text;
}

/// The logo: what is there, and another.
#[component]
pub fn Logo(
    /// Name of the stored picture; empty when there is none.
    logo: String,
) -> impl IntoView {
    let query = use_query_map();
    let wrong = move || query.read().get("galat");
    let there = !logo.is_empty();
    let address = format!("/logo?v={logo}");
    view! {
        <form class="panel pad stack" method="post" action="/admin/pengaturan/logo" enctype="multipart/form-data">
            <h2>"Logo"</h2>
            {there.then(|| view! { <img class="logo" src=address alt="Logo sekarang" height="64" /> })}
            <Field label="Gambar PNG, JPEG, atau WebP, paling besar 1 MB" id="logo" hint="Tampil di halaman tagihan pelanggan dan di kuitansi.">
                <input id="logo" name="logo" type="file" accept="image/png,image/jpeg,image/webp" required />
            </Field>
            {move || wrong().map(|words| view! { <Notice tone=Tone::Bad><p>{words}</p></Notice> })}
            <div class="row"><button class="btn" type="submit">"Unggah logo"</button></div>
        </form>
    }
}
