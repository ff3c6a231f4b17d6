//! The texts as delivered; the operator may change each. Sums come without their `Rp` (`300.000`), as in the old texts.

/// Which event a message tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateKind {
    /// A payment was booked.
    PaymentConfirmation,
    /// The line is back at full speed.
    Restored,
    /// The line was slowed down.
    Isolated,
    /// A bill falls due soon, or today.
    Reminder,
    /// The month's bill is issued.
    NewBill,
    /// The line will be slowed down tomorrow.
    Warning,
    /// The line was put into use.
    Welcome,
}

impl TemplateKind {
    /// Every kind, in the order of the settings screen.
    pub const ALL: [Self; 7] = [
        Self::Welcome,
        Self::NewBill,
        Self::Reminder,
        Self::Warning,
        Self::Isolated,
        Self::PaymentConfirmation,
        Self::Restored,
    ];

    /// `payment_confirmation`, `restored`, …: key in settings and log.
    pub const fn code(self) -> &'static str {
        match self {
            Self::PaymentConfirmation => "payment_confirmation",
            Self::Restored => "restored",
            Self::Isolated => "isolated",
            Self::Reminder => "reminder",
            Self::NewBill => "new_bill",
            Self::Warning => "warning",
            Self::Welcome => "welcome",
        }
    }

    /// The kind of that code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// What the settings screen calls it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::PaymentConfirmation => "Konfirmasi pembayaran",
            Self::Restored => "Internet aktif lagi",
            Self::Isolated => "Pemberitahuan isolir",
            Self::Reminder => "Pengingat tagihan",
            Self::NewBill => "Tagihan baru",
            Self::Warning => "Peringatan sebelum isolir",
            Self::Welcome => "Selamat datang",
        }
    }

    /// What the office reads for a stored code; one that no text of ours has is shown as it stands.
    pub fn title_of(code: &str) -> String {
        Self::parse(code).map_or_else(|| code.to_owned(), |kind| kind.title().to_owned())
    }

    /// Whether it may be sent in quiet hours (RULES "Messages": payment confirmation and "sudah aktif lagi").
    pub const fn ignores_quiet_hours(self) -> bool {
        matches!(self, Self::PaymentConfirmation | Self::Restored)
    }

    /// The text as delivered.
    pub const fn default_text(self) -> &'static str {
        match self {
            Self::PaymentConfirmation => PAYMENT_CONFIRMATION,
            Self::Restored => RESTORED,
            Self::Isolated => ISOLATED,
            Self::Reminder => REMINDER,
            Self::NewBill => NEW_BILL,
            Self::Warning => WARNING,
            Self::Welcome => WELCOME,
        }
    }
}

const PAYMENT_CONFIRMATION: &str = "Halo *{nama_pelanggan}*,

Terima kasih, pembayaran Anda sudah kami terima.

No. kuitansi: {nomor_kuitansi}
No. layanan: {nomor_layanan}
Untuk: {rincian}
Jumlah: *Rp {total}*
Cara bayar: {metode}
Waktu: {waktu}
Saldo: Rp {saldo}

{company}";

const RESTORED: &str = "Halo *{nama_pelanggan}*,

Internet Anda (no. layanan {nomor_layanan}) sudah aktif lagi. Bila belum tersambung dalam 5 menit, matikan lalu nyalakan kembali modem Anda.

Terima kasih.
{company}";

const ISOLATED: &str = "Halo *{nama_pelanggan}*,

Mohon maaf, internet Anda (no. layanan {nomor_layanan}) kami batasi karena ada tagihan yang lewat jatuh tempo:

{rincian}
Jumlah: *Rp {total}*

Internet masih dapat dipakai pelan-pelan untuk membayar. Setelah dibayar, internet aktif lagi dengan sendirinya:
{payment_link}

Sudah membayar? Mohon kirim buktinya kepada kami.
{company}";

const REMINDER: &str = "Halo *{nama_pelanggan}*,

Kami mengingatkan tagihan internet Anda (no. layanan {nomor_layanan}):

{rincian}
Jumlah: *Rp {total}*
Jatuh tempo: {due_date}

Bayar di sini:
{payment_link}

Abaikan pesan ini bila sudah membayar. Terima kasih.
{company}";

const NEW_BILL: &str = "Halo *{nama_pelanggan}*,

Tagihan internet bulan {periode} sudah terbit.

No. tagihan: {invoice_no}
No. layanan: {nomor_layanan}
Paket: {paket}
Jumlah: *Rp {total}*
Jatuh tempo: {due_date}

Bayar di sini:
{payment_link}

Terima kasih.
{company}";

const WARNING: &str = "Halo *{nama_pelanggan}*,

Tagihan internet Anda (no. layanan {nomor_layanan}) belum kami terima:

{rincian}
Jumlah: *Rp {total}*
Jatuh tempo: {due_date}

Mohon dibayar sebelum besok agar internet Anda tidak dibatasi:
{payment_link}

Perlu tambahan waktu? Balas pesan ini. Abaikan bila sudah membayar.
{company}";

const WELCOME: &str = "Halo *{nama_pelanggan}*,

Selamat datang, internet Anda sudah aktif.

No. layanan: *{nomor_layanan}*
Paket: {paket}
Tagihan pertama: Rp {total}

Lihat dan bayar tagihan di sini:
{payment_link}

Simpan nomor ini untuk bertanya atau melaporkan gangguan.
{company}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::messages::template::unknown_placeholders;

    #[test]
    fn delivered_texts_use_known_placeholders_only() {
        for kind in TemplateKind::ALL {
            assert!(unknown_placeholders(kind.default_text()).is_empty(), "{}", kind.code());
            assert_eq!(TemplateKind::parse(kind.code()), Some(kind));
        }
    }
}
