//! WhatsApp messages: the contract of a gateway, and the texts.
//!
//! Sending is the worker's business: pace, quiet hours and retries live in the queue, not here
//! (protocols/whatsapp.md §8).

use async_trait::async_trait;

pub mod announce;
pub mod asking;
pub mod channel;
pub mod defaults;
pub mod deliver;
pub mod editing;
pub mod mpwa;
pub mod outbox;
pub mod reminders;
pub mod template;

#[cfg(test)]
mod mpwa_tests;

/// What a gateway said when it took a message. Taken is not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The gateway's id of the message, where it tells one.
    pub provider_id: Option<String>,
}

/// Whether the device that sends is linked to WhatsApp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceStatus {
    /// Linked; messages go out.
    Connected,
    /// Known to the gateway, not linked.
    Disconnected,
    /// Waits for its QR code to be scanned.
    NeedsQr,
    /// Cannot be told.
    Unknown {
        /// Why, in words for the administrator.
        problem: String,
    },
}

/// Why a message was not, or perhaps not, sent. The text is for the administrator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Key or device number are wrong.
    #[error("API key atau nomor perangkat WhatsApp ditolak: {detail}")]
    Auth {
        /// The gateway's words.
        detail: String,
    },
    /// The device is not linked to WhatsApp.
    #[error("Perangkat WhatsApp tidak terhubung: {detail}")]
    DeviceOffline {
        /// The gateway's words.
        detail: String,
    },
    /// That number cannot be written to.
    #[error("Nomor tujuan tidak terdaftar di WhatsApp atau salah: {detail}")]
    BadRecipient {
        /// The gateway's words.
        detail: String,
    },
    /// The plan's messages are used up, or the plan does not allow this.
    #[error("Kuota atau paket gateway WhatsApp habis: {detail}")]
    Quota {
        /// The gateway's words.
        detail: String,
    },
    /// Too many calls.
    #[error("Gateway WhatsApp meminta jeda")]
    RateLimited {
        /// Seconds to wait, if the gateway said so.
        retry_after_s: Option<u64>,
    },
    /// The gateway did not understand; settings or text must change.
    #[error("Permintaan ditolak gateway WhatsApp: {detail}")]
    BadRequest {
        /// The gateway's words.
        detail: String,
    },
    /// Surely not sent: no connection, or the gateway says that its back end is out of reach.
    #[error("Gateway WhatsApp tidak dapat dihubungi: {detail}")]
    Transport {
        /// The cause.
        detail: String,
    },
    /// The request was written, and what became of it is not known.
    #[error("Hasil pengiriman tidak diketahui: {detail}")]
    Unknown {
        /// The cause.
        detail: String,
    },
}

impl SendError {
    /// Whether the same message should be tried again later without anybody's help.
    ///
    /// An unknown outcome is not: the customer might read the same thing many times (whatsapp.md §8, rule 3 allows
    /// one repeat; the queue decides).
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::DeviceOffline { .. } | Self::RateLimited { .. } | Self::Transport { .. })
    }

    /// Whether the fault lies with the device or the account, so that the next message would fail as well.
    pub const fn is_device_level(&self) -> bool {
        matches!(self, Self::Auth { .. } | Self::DeviceOffline { .. } | Self::Quota { .. } | Self::Transport { .. })
    }

    /// `auth`, `device_offline`, … : the kind as stored.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Auth { .. } => "auth",
            Self::DeviceOffline { .. } => "device_offline",
            Self::BadRecipient { .. } => "bad_recipient",
            Self::Quota { .. } => "quota",
            Self::RateLimited { .. } => "rate_limited",
            Self::BadRequest { .. } => "bad_request",
            Self::Transport { .. } => "transport",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// What linking the device looks like now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linking {
    /// It is linked.
    Connected,
    /// A picture to scan, as a `data:image/…;base64,` address. Who scans it owns the device: never logged.
    Qr(String),
    /// The gateway prepares the picture: ask again in some seconds.
    Wait,
    /// Neither.
    Failed {
        /// Why, in words for the administrator.
        problem: String,
    },
}

/// A WhatsApp gateway.
#[async_trait]
pub trait Sender: Send + Sync {
    /// Sends one text. `to`: digits only, `62…`. Braces in `text` are made harmless where the gateway would read
    /// them.
    async fn send_text(&self, to: &str, text: &str) -> Result<Accepted, SendError>;

    /// Asks whether the device is linked.
    async fn status(&self) -> DeviceStatus;

    /// Asks for the picture that links the device, or finds it linked.
    async fn link(&self) -> Linking;

    /// Unlinks the device.
    async fn unlink(&self) -> Result<(), SendError>;
}
