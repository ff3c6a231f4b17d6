//! What Koneksi asks of the gateway, and what it leaves in the log.

use super::{ConnectionView, DeviceState, DeviceView};
use crate::app::admin::messages::query as queue;
use crate::app::dto::{Badge, Tone};
use crate::billing::Phone;
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::guard::{Asked, Permission};
use crate::server::messages::channel::{self, WHATSAPP};
use crate::server::messages::{DeviceStatus, Linking, SendError, Sender, deliver};
use crate::server::state::AppState;

/// What the page knows without asking the gateway.
pub async fn connection(asked: &Asked) -> Result<ConnectionView> {
    let settings = asked.app.fresh_settings().await?;
    Ok(ConnectionView {
        channel: queue::device(&asked.app).await?,
        chosen: settings.text("whatsapp.provider") != "none",
        may_set: asked.staff.may(Permission::ManageSettings),
    })
}

async fn gateway(app: &AppState) -> Result<Option<Box<dyn Sender>>> {
    let settings = app.fresh_settings().await?;
    deliver::sender(app, &settings)
}

async fn gateway_or_refuse(app: &AppState) -> Result<Box<dyn Sender>> {
    gateway(app)
        .await?
        .ok_or_else(|| Error::Refused("Gateway WhatsApp belum dipilih. Isi dan simpan dahulu di bawah.".to_owned()))
}

fn view(state: DeviceState, words: &str, picture: Option<String>) -> DeviceView {
    let badge = match state {
        DeviceState::Unset => Badge::new("Belum diatur", Tone::Warn),
        DeviceState::Linked => Badge::new("Terhubung", Tone::Ok),
        DeviceState::Scan => Badge::new("Menunggu dipindai", Tone::Note),
        DeviceState::Wait => Badge::new("Menyiapkan kode QR", Tone::Note),
        DeviceState::Unlinked => Badge::new("Tidak terhubung", Tone::Bad),
        DeviceState::Unknown => Badge::new("Tidak diketahui", Tone::Bad),
    };
    DeviceView { state, badge, words: words.to_owned(), picture }
}

fn unset() -> DeviceView {
    view(DeviceState::Unset, "Gateway WhatsApp belum dipilih.", None)
}

const LINKED: &str = "Nomor ini siap mengirim pesan.";

fn unknown(problem: &str) -> DeviceView {
    view(
        DeviceState::Unknown,
        &format!(
            "Gateway tidak memberi jawaban yang jelas: {problem}. Periksa alamat, nomor perangkat, dan API key di bawah."
        ),
        None,
    )
}

/// How the device stands.
pub async fn device(app: &AppState) -> Result<DeviceView> {
    let Some(gateway) = gateway(app).await? else { return Ok(unset()) };
    Ok(match gateway.status().await {
        DeviceStatus::Connected => view(DeviceState::Linked, LINKED, None),
        DeviceStatus::Disconnected | DeviceStatus::NeedsQr => {
            view(DeviceState::Unlinked, "Hubungkan nomor ini dengan memindai kode QR dari ponselnya.", None)
        }
        DeviceStatus::Unknown { problem } => unknown(&problem),
    })
}

/// The picture to scan; found linked, the queue goes on and the log says who linked it.
pub async fn link(app: &AppState, who: Who) -> Result<DeviceView> {
    let Some(gateway) = gateway(app).await? else { return Ok(unset()) };
    Ok(match gateway.link().await {
        Linking::Connected => {
            channel::linked(app, who).await?;
            view(DeviceState::Linked, LINKED, None)
        }
        Linking::Qr(picture) => view(
            DeviceState::Scan,
            "Di ponsel perusahaan: buka WhatsApp, Perangkat tertaut, Tautkan perangkat, lalu pindai kode ini. Kodenya diperbarui sendiri.",
            Some(picture),
        ),
        Linking::Wait => view(DeviceState::Wait, "Gateway sedang membuat kode QR; tunggu beberapa detik.", None),
        Linking::Failed { problem } => unknown(&problem),
    })
}

async fn log(app: &AppState, who: Who, action: &'static str, after: String) -> Result<()> {
    let now = app.clock.now();
    app.db
        .write::<_, Error, _>(move |tx| {
            let (who, after) = (who.clone(), after.clone());
            Box::pin(async move { audit::record(tx, &who, now, action, WHATSAPP, "", &after).await })
        })
        .await
}

fn unavailable(error: &SendError) -> Error {
    tracing::warn!(code = error.code(), %error, "WhatsApp gateway refused");
    Error::Unavailable(format!("{error}."))
}

/// Unlinks the device.
pub async fn unlink(app: &AppState, who: Who) -> Result<()> {
    gateway_or_refuse(app).await?.unlink().await.map_err(|error| unavailable(&error))?;
    log(app, who, "whatsapp.unlink", "diputuskan".to_owned()).await
}

/// Sends a message to a typed number at once; what became of it.
pub async fn test(app: &AppState, who: Who, typed: &str) -> Result<String> {
    let phone = Phone::normalise(typed)
        .ok()
        .filter(Phone::is_mobile)
        .ok_or_else(|| Error::invalid("phone", "Isi nomor HP seperti 0812 3456 7890."))?;
    let gateway = gateway_or_refuse(app).await?;
    let settings = app.settings().await?;
    let company = crate::server::messages::template::without_markup(settings.text("company.name"));
    let text = format!(
        "Ini pesan uji dari {}. WhatsApp Anda sudah tersambung dengan Kimonet.",
        if company.is_empty() { "kami" } else { &company }
    );
    gateway.send_text(phone.as_str(), &text).await.map_err(|error| unavailable(&error))?;
    channel::worked(app).await?;
    log(app, who, "whatsapp.test", phone.masked()).await?;
    Ok(format!("Pesan uji sudah diterima gateway untuk {}. Periksa ponselnya.", phone.display()))
}
