//! What can go wrong with a router, and what the office should do about it.

use super::codec::CodecError;

/// Everything a conversation with a router can end in. [`RouterError::problem`] and [`RouterError::advice`] are for
/// people; `Display` is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RouterError {
    /// No route, no such host, or no answer to the connection in time.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The address answers, the port does not.
    #[error("connection refused")]
    Refused,
    /// No complete answer within the command's deadline. The connection is not used again.
    #[error("no complete answer in time")]
    Timeout,
    /// The router closed the connection before it answered anything, or the connection was given up earlier.
    #[error("connection closed by the router")]
    Closed,
    /// The connection broke inside an answer. What had arrived is thrown away.
    #[error("connection cut inside an answer")]
    Cut,
    /// TLS could not be agreed on, or the certificate is not the pinned one.
    #[error("TLS: {0}")]
    TlsHandshake(String),
    /// User name or password not accepted.
    #[error("login refused: {0}")]
    LoginRefused(String),
    /// The user's group lacks a policy.
    #[error("not enough permissions: {0}")]
    NoPermission(String),
    /// The item's `.id` is gone.
    #[error("no such item: {0}")]
    NoSuchItem(String),
    /// The named PPP profile is not on the router.
    #[error("profile missing: {0}")]
    ProfileMissing(String),
    /// An item of that name is there already.
    #[error("duplicate: {0}")]
    Duplicate(String),
    /// Any other error the router reported. Categories as MikroTik numbers them; often absent.
    #[error("trap: {message}")]
    Trap {
        /// The router's own words.
        message: String,
        /// MikroTik's category, 0 to 7.
        category: Option<u8>,
    },
    /// The router ended the connection and said why.
    #[error("fatal: {0}")]
    Fatal(String),
    /// Bytes or an order of sentences that the protocol does not know, or a call that must not be made.
    #[error("protocol: {0}")]
    Protocol(String),
}

impl RouterError {
    /// Sorts a `!trap` by its text. Texts are matched as substrings: suffixes such as ` (6)` come and go between
    /// versions.
    pub fn from_trap(message: &str, category: Option<u8>) -> Self {
        let text = message.to_lowercase();
        let has = |part: &str| text.contains(part);
        let message = message.to_owned();
        if has("invalid user name or password") || has("cannot log in") {
            Self::LoginRefused(message)
        } else if has("not enough permissions") {
            Self::NoPermission(message)
        } else if has("no such item") {
            Self::NoSuchItem(message)
        } else if has("does not match any value of profile") {
            Self::ProfileMissing(message)
        } else if has("already exists") || has("already have") {
            Self::Duplicate(message)
        } else {
            Self::Trap { message, category }
        }
    }

    /// Whether waiting and trying again can help, without anyone changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Refused | Self::Timeout | Self::Closed | Self::Cut | Self::Fatal(_) => true,
            // Category 2: the command was interrupted.
            Self::Trap { category, .. } => *category == Some(2),
            Self::TlsHandshake(_)
            | Self::LoginRefused(_)
            | Self::NoPermission(_)
            | Self::NoSuchItem(_)
            | Self::ProfileMissing(_)
            | Self::Duplicate(_)
            | Self::Protocol(_) => false,
        }
    }

    /// What is wrong, in one Indonesian sentence.
    pub fn problem(&self) -> String {
        match self {
            Self::Unreachable(_) => "Router tidak dapat dihubungi.".to_owned(),
            Self::Refused => "Router menolak sambungan pada port ini.".to_owned(),
            Self::Timeout => "Router tidak menjawab sampai batas waktu.".to_owned(),
            Self::Closed => "Router menutup sambungan sebelum menjawab.".to_owned(),
            Self::Cut => "Sambungan ke router terputus di tengah jawaban.".to_owned(),
            Self::TlsHandshake(_) => "Sambungan aman (TLS) ke router gagal.".to_owned(),
            Self::LoginRefused(_) => "Nama pengguna atau kata sandi router ditolak.".to_owned(),
            Self::NoPermission(_) => "Pengguna router tidak punya izin untuk perintah ini.".to_owned(),
            Self::NoSuchItem(_) => "Data yang akan diubah sudah tidak ada di router.".to_owned(),
            Self::ProfileMissing(_) => "Profil PPP tidak ditemukan di router.".to_owned(),
            Self::Duplicate(_) => "Akun dengan nama itu sudah ada di router.".to_owned(),
            Self::Trap { message, .. } => format!("Router melaporkan kesalahan: {message}"),
            Self::Fatal(reason) => format!("Router mengakhiri sambungan: {reason}"),
            Self::Protocol(_) => "Jawaban pada port ini bukan jawaban RouterOS API yang dikenal.".to_owned(),
        }
    }

    /// What to do about it, in plain Indonesian.
    pub fn advice(&self) -> String {
        match self {
            Self::Unreachable(_) => {
                "Periksa alamat router, sambungan internet atau VPN ke router, dan apakah router menyala."
            }
            Self::Refused => {
                "Aktifkan layanan API di router (/ip service enable api) dan periksa nomor port serta firewall."
            }
            Self::Timeout => {
                "Periksa beban router dan mutu sambungan. Perintah akan dicoba lagi dengan sambungan baru."
            }
            Self::Closed => {
                "Pastikan alamat server ini diizinkan di /ip service api dan di pengguna router (kolom address)."
            }
            Self::Cut => "Periksa mutu sambungan ke router. Tidak ada data yang dipakai dari jawaban yang terpotong.",
            Self::TlsHandshake(_) => {
                "Pasang sertifikat pada layanan api-ssl (/ip service set api-ssl certificate=NAMA). Bila sertifikat \
                 router baru diganti, periksa sidik jarinya lalu simpan sidik jari yang baru."
            }
            Self::LoginRefused(_) => "Periksa nama pengguna dan kata sandi router, lalu simpan ulang di data router.",
            Self::NoPermission(_) => "Beri grup pengguna itu izin api, read, write dan test (/user group) di router.",
            Self::NoSuchItem(_) => "Jalankan sinkronisasi router, lalu ulangi.",
            Self::ProfileMissing(_) => {
                "Buat profil itu di router (/ppp profile add), atau perbaiki nama profil pada paket atau data router. \
                 Huruf besar, huruf kecil dan spasi harus sama persis."
            }
            Self::Duplicate(_) => "Jalankan sinkronisasi router agar akun yang sudah ada terbaca.",
            Self::Trap { .. } => "Periksa pesan tersebut pada router. Bila tetap terjadi, hubungi teknisi.",
            Self::Fatal(_) => "Coba lagi beberapa saat lagi. Periksa batas jumlah sesi API di router.",
            Self::Protocol(_) => {
                "Pastikan portnya port API (biasanya 8728, atau 8729 dengan TLS), bukan WinBox atau web."
            }
        }
        .to_owned()
    }
}

impl From<CodecError> for RouterError {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::Cut => Self::Cut,
            // Reset, broken pipe and their like: the connection is gone in the middle of something.
            CodecError::Io(_) => Self::Cut,
            CodecError::ReservedLength(_) | CodecError::TooLong(_) => Self::Protocol(error.to_string()),
        }
    }
}
