//! Tells the owner: by WhatsApp, and by e-mail where WhatsApp is what broke, is not set, or does not take it. One that
//! nobody could be told of yet is tried again at the next look.

use crate::billing::Phone;
use crate::server::alerts;
use crate::server::error::{Error, Result};
use crate::server::messages::deliver;
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Duration, Utc};
use lettre::message::{Mailbox, header::ContentType};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

/// Kind of the alert of a WhatsApp device that does not send.
const WHATSAPP_DOWN: &str = "whatsapp_down";
/// An end older than this is not news.
const CLOSED_NEWS_H: i64 = 24;
/// Longest wait for the mail server.
const SMTP_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(20);

sql!(
    UNTOLD_ENDS = "SELECT id, kind, text FROM alert WHERE state = 'closed' AND told_how IN ('whatsapp', 'email') AND closed_at > $1 ORDER BY id"
);
sql!(TOLD = "UPDATE alert SET told_at = $2, told_how = $3 WHERE id = $1");
sql!(TOLD_END = "UPDATE alert SET told_how = told_how || '+selesai' WHERE id = $1");

/// Tells what was not told yet; how many messages that were.
pub(super) async fn tell(state: &AppState) -> Result<usize> {
    let settings = state.fresh_settings().await?;
    let open = alerts::open_ones(state).await?;
    let device_down = open.iter().any(|alert| alert.kind == WHATSAPP_DOWN);
    let now = state.clock.now();
    let company = settings.text("company.name").to_owned();
    let mut told = 0;
    for alert in open.into_iter().filter(|alert| alert.told_at.is_none()) {
        let text = format!("Kimonet {company}: {}", alert.text);
        if let Some(how) = send(state, &settings, device_down, "Peringatan Kimonet", &text).await? {
            note(state, alert.id, Some((how, now))).await?;
            told += 1;
        }
    }
    let ends: Vec<(i64, String, String)> =
        state.db.all(UNTOLD_ENDS, args![now - Duration::hours(CLOSED_NEWS_H)]).await?;
    for (id, _, text) in ends {
        let text = format!("Kimonet {company}: sudah beres. Sebelumnya: {text}");
        if send(state, &settings, device_down, "Sudah beres", &text).await?.is_some() {
            note(state, id, None).await?;
            told += 1;
        }
    }
    Ok(told)
}

async fn note(state: &AppState, id: i64, begun: Option<(&'static str, DateTime<Utc>)>) -> Result<()> {
    state
        .db
        .write::<_, Error, _>(move |tx| {
            Box::pin(async move {
                match begun {
                    Some((how, at)) => tx.exec_one(TOLD, args![id, at, how]).await?,
                    None => tx.exec_one(TOLD_END, args![id]).await?,
                }
                Ok(())
            })
        })
        .await
}

/// Sends; how, or `None` where nobody could be told.
async fn send(
    state: &AppState,
    settings: &Settings,
    device_down: bool,
    subject: &str,
    text: &str,
) -> Result<Option<&'static str>> {
    let phone = Phone::normalise(settings.text("alert.phone")).ok().filter(Phone::is_mobile);
    if let (Some(phone), false, Some(sender)) = (phone, device_down, deliver::sender(state, settings)?) {
        match sender.send_text(phone.as_str(), text).await {
            Ok(_) => return Ok(Some("whatsapp")),
            Err(error) => tracing::warn!(%error, "alert not sent by WhatsApp"),
        }
    }
    let (to, url) = (settings.text("alert.email"), settings.secret("email.smtp_url")?);
    if to.is_empty() || url.is_empty() {
        return Ok(None);
    }
    match mail(settings, &url, to, subject, text).await {
        Ok(()) => Ok(Some("email")),
        Err(error) => {
            tracing::warn!(%error, "alert not sent by email");
            Ok(None)
        }
    }
}

/// Sends one e-mail.
async fn mail(settings: &Settings, url: &str, to: &str, subject: &str, text: &str) -> Result<()> {
    let wrong = |what: &str| Error::Refused(format!("Email tidak dapat dikirim: {what}"));
    let from = [settings.text("email.from"), settings.text("company.email")]
        .into_iter()
        .find(|address| !address.is_empty())
        .unwrap_or_default();
    let from: Mailbox = from.parse().map_err(|_| wrong("alamat pengirim salah"))?;
    let to: Mailbox = to.parse().map_err(|_| wrong("alamat tujuan salah"))?;
    let message = Message::builder()
        .from(from)
        .to(to)
        .subject(subject)
        .header(ContentType::TEXT_PLAIN)
        .body(text.to_owned())
        .map_err(|error| wrong(&error.to_string()))?;
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
        .map_err(|_| wrong("alamat server email (email.smtp_url) salah"))?
        .timeout(Some(SMTP_TIMEOUT))
        .build();
    transport.send(message).await.map_err(|error| Error::Unavailable(format!("server email: {error}")))?;
    Ok(())
}
