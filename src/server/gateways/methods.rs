//! The ways to pay, in our codes, which are the same for all gateways (CONTRACT), and what each gateway calls them.

use super::Provider;
use crate::billing::Rupiah;

/// What sort of thing the payer gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodKind {
    /// A bank's virtual account number.
    VirtualAccount,
    /// A QRIS code.
    Qris,
    /// A wallet's own page or app.
    Ewallet,
    /// A code for the till of a shop.
    Retail,
}

impl MethodKind {
    /// `virtual_account`, `qris`, `ewallet`, `retail`: the `type` of `/api/payment-methods`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::VirtualAccount => "virtual_account",
            Self::Qris => "qris",
            Self::Ewallet => "ewallet",
            Self::Retail => "retail",
        }
    }
}

/// Flip's two words for a channel (protocols/flip.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlipChannel {
    /// `sender_bank`.
    pub bank: &'static str,
    /// `sender_bank_type`.
    pub bank_type: &'static str,
}

/// One way to pay.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// Our code: `bni_va`.
    pub code: &'static str,
    /// What the payer reads: `BNI Virtual Account`.
    pub name: &'static str,
    /// What sort of thing it is.
    pub kind: MethodKind,
    /// What Flip calls it, if Flip has it.
    pub flip: Option<FlipChannel>,
    /// How to pay, step by step; `{jumlah}` stands for the sum ("Rp 300.000"), `{kode}` for the payment code.
    pub steps: &'static [&'static str],
}

impl Method {
    /// Whether that gateway has the method at all.
    pub const fn offered_by(&self, provider: Provider) -> bool {
        match provider {
            Provider::Flip => self.flip.is_some(),
        }
    }

    /// The least sum that gateway takes by this method.
    ///
    /// Flip: Rp 10.000 (vendor document); Rp 1.000 for QRIS is told by one client only, so it is not relied upon.
    pub const fn minimum(&self, provider: Provider) -> Rupiah {
        match provider {
            Provider::Flip => Rupiah(10_000),
        }
    }

    /// The steps with sum and payment code put in.
    pub fn instructions(&self, amount_text: &str, code: &str) -> Vec<String> {
        self.steps.iter().map(|step| step.replace("{jumlah}", amount_text).replace("{kode}", code)).collect()
    }
}

const VA: &str = "virtual_account";
const WALLET: &str = "wallet_account";
const RETAIL: &str = "online_to_offline_account";

const fn va(code: &'static str, name: &'static str, bank: &'static str, steps: &'static [&'static str]) -> Method {
    Method { code, name, kind: MethodKind::VirtualAccount, flip: Some(FlipChannel { bank, bank_type: VA }), steps }
}

const fn wallet(code: &'static str, name: &'static str, bank: Option<&'static str>) -> Method {
    let flip = match bank {
        Some(bank) => Some(FlipChannel { bank, bank_type: WALLET }),
        None => None,
    };
    Method { code, name, kind: MethodKind::Ewallet, flip, steps: WALLET_STEPS }
}

const fn retail(code: &'static str, name: &'static str, bank: &'static str, steps: &'static [&'static str]) -> Method {
    Method { code, name, kind: MethodKind::Retail, flip: Some(FlipChannel { bank, bank_type: RETAIL }), steps }
}

const WALLET_STEPS: &[&str] = &[
    "Tekan tombol Bayar untuk membuka halaman dompet digital Anda.",
    "Masuk dengan nomor HP yang terdaftar.",
    "Pastikan jumlahnya {jumlah}, lalu setujui pembayaran dengan PIN.",
];

/// Every method, in the order in which screens list them.
pub static METHODS: [Method; 16] = [
    va(
        "bca_va",
        "BCA Virtual Account",
        "bca",
        &[
            "Buka m-BCA atau myBCA, pilih Transfer, lalu BCA Virtual Account. Di ATM: Transaksi Lainnya, Transfer, ke Rek BCA Virtual Account.",
            "Masukkan nomor {kode}.",
            "Pastikan jumlahnya {jumlah}, lalu selesaikan dengan PIN.",
        ],
    ),
    va(
        "bni_va",
        "BNI Virtual Account",
        "bni",
        &[
            "Buka wondr atau BNI Mobile Banking, pilih Transfer, lalu Virtual Account Billing. Di ATM: Menu Lain, Transfer, Virtual Account Billing.",
            "Masukkan nomor {kode}.",
            "Pastikan jumlahnya {jumlah}, lalu selesaikan dengan PIN.",
        ],
    ),
    va(
        "bri_va",
        "BRI Virtual Account",
        "bri",
        &[
            "Buka BRImo, pilih BRIVA. Di ATM: Transaksi Lain, Pembayaran, Lainnya, BRIVA.",
            "Masukkan nomor {kode}.",
            "Pastikan jumlahnya {jumlah}, lalu selesaikan dengan PIN.",
        ],
    ),
    va(
        "mandiri_va",
        "Mandiri Virtual Account",
        "mandiri",
        &[
            "Buka Livin' by Mandiri, pilih Bayar atau Transfer ke Virtual Account. Di ATM: Bayar/Beli, Lainnya, Multi Payment.",
            "Masukkan nomor {kode}.",
            "Pastikan jumlahnya {jumlah}, lalu selesaikan dengan PIN.",
        ],
    ),
    va(
        "permata_va",
        "Permata Virtual Account",
        "permata",
        &[
            "Buka PermataMobile X, pilih Bayar Tagihan, lalu Virtual Account. Di ATM: Transaksi Lainnya, Pembayaran, Virtual Account.",
            "Masukkan nomor {kode}.",
            "Pastikan jumlahnya {jumlah}, lalu selesaikan dengan PIN.",
        ],
    ),
    va(
        "cimb_va",
        "CIMB Niaga Virtual Account",
        "cimb",
        &[
            "Buka OCTO Mobile, pilih Transfer, lalu CIMB Niaga Virtual Account. Di ATM: Transfer, ke Rekening CIMB Niaga.",
            "Masukkan nomor {kode}.",
            "Pastikan jumlahnya {jumlah}, lalu selesaikan dengan PIN.",
        ],
    ),
    va(
        "danamon_va",
        "Danamon Virtual Account",
        "danamon",
        &[
            "Buka D-Bank PRO, pilih Pembayaran, lalu Virtual Account. Di ATM: Pembayaran, Lainnya, Virtual Account.",
            "Masukkan nomor {kode}.",
            "Pastikan jumlahnya {jumlah}, lalu selesaikan dengan PIN.",
        ],
    ),
    va(
        "bsi_va",
        "BSI Virtual Account",
        "bsm",
        &[
            "Buka BYOND atau BSI Mobile, pilih Bayar, lalu Virtual Account. Di ATM: Pembayaran, Virtual Account.",
            "Masukkan nomor {kode}.",
            "Pastikan jumlahnya {jumlah}, lalu selesaikan dengan PIN.",
        ],
    ),
    Method {
        code: "qris",
        name: "QRIS",
        kind: MethodKind::Qris,
        flip: Some(FlipChannel { bank: "qris", bank_type: WALLET }),
        steps: &[
            "Buka aplikasi bank atau dompet digital Anda, pilih Bayar atau Pindai QRIS.",
            "Pindai kode QR di halaman ini, atau simpan gambarnya lalu unggah dari galeri.",
            "Pastikan jumlahnya {jumlah}, lalu selesaikan dengan PIN.",
        ],
    },
    wallet("ovo", "OVO", Some("ovo")),
    wallet("dana", "DANA", Some("dana")),
    wallet("linkaja", "LinkAja", Some("linkaja")),
    wallet("shopeepay", "ShopeePay", Some("shopeepay_app")),
    wallet("gopay", "GoPay", None),
    retail(
        "alfamart",
        "Alfamart",
        "alfamart",
        &[
            "Datang ke kasir Alfamart, Alfamidi, atau Dan+Dan terdekat.",
            "Sebutkan pembayaran Flip dan tunjukkan kode {kode}.",
            "Bayar {jumlah} kepada kasir dan simpan struknya.",
        ],
    ),
    retail(
        "indomaret",
        "Indomaret",
        "indomaret",
        &[
            "Datang ke kasir Indomaret terdekat.",
            "Sebutkan pembayaran Flip dan tunjukkan kode {kode}.",
            "Bayar {jumlah} kepada kasir dan simpan struknya.",
        ],
    ),
];

/// What the payer reads for a channel; an unknown code as it stands.
pub fn channel_name(code: &str) -> &str {
    method(code).map_or(code, |method| method.name)
}

/// The method of that code.
pub fn method(code: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.code == code)
}

/// The method that Flip calls by these two words.
pub fn by_flip_channel(bank: &str, bank_type: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| {
        method.flip.is_some_and(|channel| {
            channel.bank.eq_ignore_ascii_case(bank) && channel.bank_type.eq_ignore_ascii_case(bank_type)
        })
    })
}

/// What `gateway.{provider}.methods` is until the operator says otherwise: all the gateway offers, but Flip's
/// Indomaret, which Flip's own documents do not name (protocols/flip.md §4).
pub fn default_methods(provider: Provider) -> Vec<&'static str> {
    METHODS
        .iter()
        .filter(|method| method.offered_by(provider) && method.code != "indomaret")
        .map(|method| method.code)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_contracts_and_unique() {
        let codes: Vec<_> = METHODS.iter().map(|m| m.code).collect();
        assert_eq!(
            codes.join(" "),
            "bca_va bni_va bri_va mandiri_va permata_va cimb_va danamon_va bsi_va qris ovo dana linkaja shopeepay \
             gopay alfamart indomaret"
        );
    }

    #[test]
    fn flip_defaults_leave_out_gopay_and_indomaret() {
        let list = default_methods(Provider::Flip);
        assert_eq!(list.len(), 14);
        assert!(!list.contains(&"gopay") && !list.contains(&"indomaret"));
        assert!(method("indomaret").is_some_and(|m| m.offered_by(Provider::Flip)));
    }

    #[test]
    fn instructions_name_sum_and_code() {
        for method in &METHODS {
            let text = method.instructions("Rp 300.000", "8001").join("\n");
            assert!(text.contains("Rp 300.000") && !text.contains('{'), "{}: {text}", method.code);
            if matches!(method.kind, MethodKind::VirtualAccount | MethodKind::Retail) {
                assert!(text.contains("8001"), "{}", method.code);
            }
        }
    }

    #[test]
    fn flip_words_lead_back_to_our_code() {
        assert_eq!(by_flip_channel("bsm", "virtual_account").map(|m| m.code), Some("bsi_va"));
        assert_eq!(by_flip_channel("QRIS", "wallet_account").map(|m| m.code), Some("qris"));
        assert!(by_flip_channel("bni", "wallet_account").is_none());
    }
}
