//! Payment gateways: what each can be asked, and what each tells us.
//!
//! A gateway's notice is a hint, never money by itself: it is verified here without any network, stored by the
//! caller, and confirmed with [`Gateway::query`] before the ledger is touched (DESIGN §2).

use crate::billing::Rupiah;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use std::fmt;

pub mod attempts;
pub mod bills;
pub mod flip;
mod flip_wire;
pub mod inbox;
mod lenient;
pub mod methods;
pub mod notice;

#[cfg(test)]
mod flip_tests;

/// A gateway Kimonet can speak to; [`Provider::code`] is its name in settings, addresses and the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Flip for Business, "Accept Payment".
    Flip,
}

impl Provider {
    /// Every gateway, in the order in which screens list them.
    pub const ALL: [Self; 1] = [Self::Flip];

    /// `flip`: the part of `gateway.flip.*` and `/payment/callback/flip`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Flip => "flip",
        }
    }

    /// The gateway of that code, if Kimonet knows it.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.code() == code)
    }
}

/// What a gateway is asked to collect: one attempt to pay, with one method.
#[derive(Clone, Debug)]
pub struct Order {
    /// Our attempt's id as text; unique for ever, sent as the merchant's reference.
    pub reference: String,
    /// What the payer reads ("Tagihan Januari 2026"); cut to the gateway's limit.
    pub title: String,
    /// The whole sum to pay, fee included if the payer bears it.
    pub amount: Rupiah,
    /// One of our method codes (`bni_va`), see [`methods`].
    pub method: String,
    /// The payer's name.
    pub payer_name: String,
    /// The payer's e-mail, or the company's where he has none (CONTRACT, setting keys).
    pub payer_email: String,
    /// The payer's phone in digits, if known.
    pub payer_phone: Option<String>,
    /// When the attempt must end.
    pub expires_at: DateTime<Utc>,
}

/// What the gateway made of an [`Order`]: what the payer needs to pay, and what we need to ask again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The gateway's key of the bill (Flip: `link_id`), kept as text: it does not fit a double.
    pub gateway_reference: String,
    /// The gateway's key of the payment (Flip: `PGPWF…`), where it is known at creation.
    pub payment_id: Option<String>,
    /// The sum the gateway says it will collect.
    pub amount: Rupiah,
    /// Virtual account number or retail code.
    pub payment_code: Option<String>,
    /// The QRIS string to draw.
    pub qr_string: Option<String>,
    /// The gateway's own page, always with `https://` (or the scheme the gateway gave).
    pub payment_url: Option<String>,
    /// When the gateway stops taking this payment.
    pub expires_at: DateTime<Utc>,
}

/// Which attempt is asked about.
#[derive(Clone, Debug)]
pub struct AttemptRef {
    /// Our attempt's id as text.
    pub reference: String,
    /// [`Created::gateway_reference`].
    pub gateway_reference: String,
    /// [`Created::payment_id`].
    pub payment_id: Option<String>,
}

/// State of one payment at the gateway, in our words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waiting for the payer.
    Pending,
    /// The money is with the gateway.
    Paid,
    /// Ended without money because its time was over.
    Expired,
    /// Ended without money for another reason.
    Failed,
}

impl Status {
    /// `pending`, `paid`, `expired`, `failed`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing can follow but, after an expiry or a failure, a late success.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// One payment as the gateway's own list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentState {
    /// The gateway's key of the payment.
    pub payment_id: String,
    /// The gateway's key of the bill.
    pub link_id: Option<String>,
    /// Our reference, where the gateway echoes it.
    pub reference: Option<String>,
    /// What was, or is to be, paid.
    pub amount: Rupiah,
    /// Where it stands.
    pub status: Status,
}

/// A notice whose sender proved to know the secret. Its status is not signed: ask before money moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Who sent it.
    pub gateway: Provider,
    /// The gateway's key of the payment.
    pub payment_id: String,
    /// The gateway's key of the bill, as text (Flip sends an integer, the old documentation a string).
    pub link_id: Option<String>,
    /// Our reference, where the gateway echoes it.
    pub reference: Option<String>,
    /// The bill's title.
    pub title: Option<String>,
    /// What the notice claims.
    pub status: Status,
    /// What the notice says was paid.
    pub amount: Rupiah,
    /// The gateway's own time text, unparsed (Flip states no zone).
    pub created_at: Option<String>,
    /// The notice's JSON document as received, without the token: safe to store.
    pub raw: String,
}

impl Notice {
    /// The key under which the same notice is stored once: payment and status (`PGPWF1:paid`).
    pub fn key(&self) -> String {
        format!("{}:{}", self.payment_id, self.status.code())
    }
}

/// Why a notice is not believed. Its text is for the log of refused notices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefused {
    /// No validation token is set in our settings, so nobody can prove anything.
    #[error("token validasi belum diatur, semua pemberitahuan ditolak")]
    NotConfigured,
    /// The notice carries no token.
    #[error("pemberitahuan tanpa token")]
    TokenMissing,
    /// The notice carries another token.
    #[error("token pemberitahuan salah")]
    TokenWrong,
    /// The token is right, the rest cannot be understood.
    #[error("isi pemberitahuan tidak dapat dibaca: {detail}")]
    Malformed {
        /// What is missing or wrong.
        detail: String,
    },
}

impl NoticeRefused {
    /// The HTTP answer: 401 where the sender proved nothing, 400 where he did but said nothing sensible.
    pub const fn http_status(&self) -> u16 {
        match self {
            Self::NotConfigured | Self::TokenMissing | Self::TokenWrong => 401,
            Self::Malformed { .. } => 400,
        }
    }
}

/// Why a gateway did not do what it was asked. The text is for people; `detail` goes to the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// The gateway understood and refused.
    #[error("Gateway pembayaran menolak permintaan ini: {message}")]
    Refused {
        /// The gateway's own code (Flip: `1091`), or the HTTP status.
        code: String,
        /// The gateway's own words.
        message: String,
    },
    /// The secret key is wrong, or for the other environment.
    #[error("Kunci rahasia gateway pembayaran ditolak. Periksa kunci dan lingkungannya di pengaturan.")]
    Unauthorized,
    /// Could not be reached, or says it is out of order.
    #[error("Gateway pembayaran sedang tidak dapat dihubungi. Silakan coba beberapa saat lagi.")]
    Unavailable {
        /// The cause, for the log.
        detail: String,
    },
    /// Did not answer in time; what was asked may still have been done.
    #[error("Gateway pembayaran tidak menjawab tepat waktu. Silakan coba beberapa saat lagi.")]
    Timeout,
    /// Answered what its protocol does not know.
    #[error("Jawaban gateway pembayaran tidak dikenali. Silakan coba lagi atau hubungi admin.")]
    Malformed {
        /// What was wrong with it, for the log.
        detail: String,
    },
    /// This gateway does not offer that method.
    #[error("Metode pembayaran {method} tidak tersedia di gateway ini.")]
    UnknownMethod {
        /// The method code asked for.
        method: String,
    },
}

impl GatewayError {
    /// Whether the same request may succeed a little later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout)
    }

    /// The cause in full, for the log only.
    pub fn detail(&self) -> String {
        match self {
            Self::Refused { code, message } => format!("refused {code}: {message}"),
            Self::Unavailable { detail } => format!("unavailable: {detail}"),
            Self::Malformed { detail } => format!("malformed: {detail}"),
            Self::Unauthorized => "unauthorized".to_owned(),
            Self::Timeout => "timeout".to_owned(),
            Self::UnknownMethod { method } => format!("unknown method {method}"),
        }
    }
}

/// A payment gateway.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Which one this is.
    fn provider(&self) -> Provider;

    /// Opens one payment of a fixed sum by a fixed method.
    ///
    /// Not idempotent at the gateway: the caller keeps one open attempt an invoice and method.
    async fn create(&self, order: &Order) -> Result<Created, GatewayError>;

    /// What the gateway knows of an attempt: none, one or more payments, newest first or in the gateway's order.
    async fn query(&self, attempt: &AttemptRef) -> Result<Vec<PaymentState>, GatewayError>;

    /// Verifies and reads a notice: `headers`, raw query string and raw body of the request, no network.
    fn verify_notice(&self, headers: &HeaderMap, query: Option<&str>, body: &[u8]) -> Result<Notice, NoticeRefused>;
}
