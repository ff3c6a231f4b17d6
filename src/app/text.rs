//! Every text of the office, in the trade's words, in one place, so that another language can follow.

use crate::app::dto::{Badge, Tone};

pub const BRAND: &str = "Kimonet";
pub const LOADING: &str = "Memuat…";
pub const ALL: &str = "Semua";
pub const SEARCH: &str = "Cari nama, nomor layanan, telepon…";
pub const TOO_MANY: &str = "Terlalu banyak yang cocok.";
pub const TOO_MANY_HINT: &str =
    "Kata itu cocok dengan lebih dari 1.000 layanan. Tulis nama, nomor layanan, atau nomor telepon lebih lengkap.";
pub const ONLY_IN_LOG: &str = "Kata itu cocok dengan lebih dari 1.000 layanan; hanya isi catatan yang dicari.";
pub const MORE_HITS: &str = "Masih ada pelanggan lain yang cocok. Ketik lebih banyak huruf untuk menyempitkannya.";
pub const SEARCH_BUTTON: &str = "Cari";
pub const CLEAR: &str = "Hapus saringan";
pub const PAGES: &str = "Halaman";
pub const PREVIOUS: &str = "Sebelumnya";
pub const NEXT: &str = "Berikutnya";
pub const OPEN: &str = "Buka";
pub const CANCEL: &str = "Batal";
pub const SEE_ALL: &str = "Lihat semua";
pub const SKIP: &str = "Langsung ke isi";
pub const MENU: &str = "Menu utama";
pub const TABS: &str = "Menu bawah";
pub const LOG_OUT: &str = "Keluar";
pub const NOT_FOUND: &str = "Halaman ini tidak ada.";
pub const NOT_FOUND_HINT: &str = "Periksa lagi alamatnya, pilih dari menu, atau mulai lagi dari Beranda.";
pub const MONEY_HINT: &str = "Boleh 300.000, 300rb, atau 1,5jt";
pub const INSECURE: &str = "Sambungan ini belum memakai HTTPS. Kata sandi dan data pelanggan dapat terbaca orang lain; pasang sertifikat sebelum dipakai sungguhan.";

pub const HOME: &str = "Beranda";
pub const RECEIVE: &str = "Terima Pembayaran";
pub const CUSTOMERS: &str = "Daftar Pelanggan";
pub const IMPORT: &str = "Impor & Ekspor Excel";
pub const INVOICES: &str = "Daftar Tagihan";
pub const ISSUE: &str = "Terbitkan Tagihan";
pub const ISOLATED: &str = "Pelanggan Terisolir";
pub const ROUTERS: &str = "Router (Lokasi Server)";
pub const MESSAGES: &str = "Antrean & Riwayat";
pub const MORE: &str = "Lainnya";
pub const INSTALL: &str = "Pasang Baru";
pub const REHEARSAL: &str = "Pratinjau Tagihan";
/// Menu.
pub const PROMISES: &str = "Janji Bayar";
/// Menu.
pub const EXTRAS: &str = "Biaya Tambahan & Diskon";
/// Menu.
pub const STOPPED: &str = "Berhenti & Cuti";
pub const AREAS: &str = "Wilayah";
pub const COLLECT: &str = "Daftar Tagih";
pub const ARREARS: &str = "Tunggakan";
pub const PAYMENTS: &str = "Riwayat Pembayaran";
pub const HANDOVER: &str = "Setoran & Tutup Kas";
pub const ISOLIR_PLAN: &str = "Jadwal Isolir";
pub const ISOLIR_LOG: &str = "Log Isolir";
pub const WHATSAPP: &str = "Koneksi";
pub const TEMPLATES: &str = "Template Pesan";
pub const UNREACHED: &str = "Belum Terhubungi";
pub const DAILY_CASH: &str = "Kas Harian";
/// LAPORAN.
pub const MONTH_REPORT: &str = "Ringkasan Bulan";
/// LAPORAN.
pub const REVENUE: &str = "Pendapatan";
/// LAPORAN.
pub const RECEIVABLES: &str = "Umur Piutang";
/// LAPORAN.
pub const CASH_BOOK: &str = "Arus Kas";
/// From Arus Kas.
pub const EXPENSES: &str = "Catat Pengeluaran";
/// LAPORAN.
pub const PER_COLLECTOR: &str = "Per Kolektor";
/// LAPORAN.
pub const TAX_REPORT: &str = "PPN";
/// Behind Ringkasan Bulan.
pub const SALDO_REPORT: &str = "Saldo Pelanggan";
pub const COMPANY: &str = "Perusahaan";
pub const ALL_SETTINGS: &str = "Semua Pengaturan";
pub const SETUP: &str = "Siapkan Kimonet";
pub const PACKAGES: &str = "Paket Internet";
pub const BILLING_SETTINGS: &str = "Tagihan & Jatuh Tempo";
pub const ISOLIR_SETTINGS: &str = "Isolir & Hari Libur";
pub const TAX: &str = "Pajak";
pub const CLOSING: &str = "Tutup Buku";
pub const GATEWAYS: &str = "Payment Gateway";
pub const BANK_ACCOUNTS: &str = "Rekening Bank";
pub const STAFF: &str = "Pengguna & Hak Akses";
pub const BACKUPS: &str = "Cadangan Data";
pub const JOBS: &str = "Tugas Otomatis";
pub const AUDIT: &str = "Log Aktivitas";
pub const ACCOUNT: &str = "Akun Saya";
pub const GROUP_CUSTOMERS: &str = "PELANGGAN";
pub const GROUP_INVOICES: &str = "TAGIHAN";
pub const GROUP_PAYMENTS: &str = "PEMBAYARAN";
pub const GROUP_NETWORK: &str = "JARINGAN";
pub const GROUP_WHATSAPP: &str = "WHATSAPP";
pub const GROUP_REPORTS: &str = "LAPORAN";
pub const GROUP_SETTINGS: &str = "PENGATURAN";
pub const TAB_CUSTOMERS: &str = "Pelanggan";
pub const TAB_RECEIVE: &str = "Terima";
pub const TAB_INVOICES: &str = "Tagihan";

pub const LOGIN_TITLE: &str = "Masuk";
pub const LOGIN_READY: &str = "Kata sandi tersimpan. Silakan masuk.";
pub const LOGIN_WRONG: &str =
    "Email atau kata sandi tidak cocok. Periksa lalu coba lagi; setelah beberapa kali salah, tunggu sebentar.";
pub const EMAIL: &str = "Email";
pub const PASSWORD: &str = "Kata sandi";

/// `Halaman 2 dari 7`.
pub fn page_of(page: i64, pages: i64) -> String {
    format!("Halaman {} dari {}", count(page), count(pages))
}

/// A count with dots between thousands: `12.345`.
pub fn count(n: i64) -> String {
    crate::billing::Rupiah(n).digits()
}

/// `3 tagihan`.
pub fn counted(n: i64, noun: &str) -> String {
    format!("{} {noun}", count(n))
}

/// Stage of a service (Layanan).
pub fn stage(stage: &str) -> Badge {
    match stage {
        "calon" => Badge::new("Calon", Tone::Plain),
        "menunggu_pemasangan" => Badge::new("Menunggu Pemasangan", Tone::Note),
        "aktif" => Badge::new("Aktif", Tone::Ok),
        "cuti" => Badge::new("Cuti", Tone::Warn),
        "siap_dicabut" => Badge::new("Siap Dicabut", Tone::Bad),
        "berhenti" => Badge::new("Berhenti", Tone::Plain),
        other => Badge::new(other, Tone::Plain),
    }
}

/// The stages with their words, in the order of a customer's life.
pub const STAGES: &[(&str, &str)] = &[
    ("aktif", "Aktif"),
    ("calon", "Calon"),
    ("menunggu_pemasangan", "Menunggu Pemasangan"),
    ("cuti", "Cuti"),
    ("siap_dicabut", "Siap Dicabut"),
    ("berhenti", "Berhenti"),
];

/// What a job does, for who wonders.
pub fn job_about(job: &str) -> &'static str {
    match job {
        "invoicing" => "Menerbitkan tagihan bulan baru untuk semua layanan, lalu mengabari pelanggan.",
        "prorate" => "Menyusul tagihan pertama layanan yang mulai tanpa Pasang Baru, misalnya hasil impor.",
        "planned_changes" => "Menjalankan berhenti, cuti, dan ganti paket pada harinya.",
        "isolir" => "Memperlambat yang lewat jatuh tempo, memulihkan yang tidak lagi, dan menutup janji bayar.",
        "reminders" => "Mengingatkan sebelum jatuh tempo, dan memberi tahu sehari sebelum isolir.",
        "router_sweep" => "Mencocokkan setiap router dengan catatan, seandainya ada yang berubah.",
        "attempts" => "Menutup nomor pembayaran yang lewat waktunya.",
        "housekeeping" => "Menghapus sesi lama, log yang penuh, dan pekerjaan yang selesai.",
        "backup" => "Menulis cadangan, dan menyalinnya ke tempat kedua bila diatur.",
        "drill" => "Memulihkan cadangan terbaru ke tempat sementara dan memeriksanya.",
        "verify" => {
            "Menghitung ulang setiap baris tagihan dan setiap jumlah, lalu membandingkannya dengan yang tercatat."
        }
        "alerts" => "Mencari yang gawat, lalu mengabari pemilik.",
        _ => "",
    }
}

/// What a reason for no bill means, or what to do about it; empty where it says all itself.
pub fn skip_reason(reason: &str) -> &'static str {
    match reason {
        "siap dicabut" => "Terisolir lama dan tidak membayar, jadi tidak ditagih lagi; perangkatnya menunggu diambil.",
        "cuti" => "Berhenti sementara atas permintaan pelanggan.",
        "akan berhenti" => {
            "Rencananya berhenti sebelum atau pada bulan ini; rencana dapat dibatalkan di halaman pelanggan."
        }
        "berhenti sesuai rencana" => "Berhenti mulai bulan ini.",
        "akan ganti paket" => "Ditagih dengan paket barunya, begitu bulannya tiba.",
        "sudah tercakup" => "Paketnya beberapa bulan; tagihannya sudah mencakup bulan ini.",
        "belum mulai" => "Tanggal mulainya belum tiba.",
        "dibatalkan" => "Tagihan bulan ini pernah dibatalkan, jadi tidak terbit lagi.",
        "akan cuti" => "Cutinya mulai pada bulan ini; rencana dapat dibatalkan di halaman pelanggan.",
        "akan aktif kembali" => "Cutinya selesai; ditagih begitu bulannya tiba.",
        "digabung dengan bulan depan" => "Mulai di akhir bulan, jadi ditagih bersama bulan depan.",
        "paket belum punya harga" => "Isi harganya di Paket Internet.",
        _ => "",
    }
}

/// Access of a service (Akses), as the list's SQL names it.
pub fn access(access: &str) -> Badge {
    match access {
        "normal" => Badge::new("Normal", Tone::Ok),
        "isolated" => Badge::new("Terisolir", Tone::Bad),
        "disabled" => Badge::new("Nonaktif", Tone::Plain),
        "waiting" => Badge::new("Menunggu Router", Tone::Warn),
        "differs" => Badge::new("Beda dengan Router", Tone::Warn),
        "none" => Badge::new("Tanpa Router", Tone::Plain),
        "as_is" => Badge::new("Dibiarkan", Tone::Plain),
        other => Badge::new(other, Tone::Plain),
    }
}

/// Access of a line at its stage; none while it waits for its installation: it has no account yet, as it should be.
pub fn access_at(stage: &str, word: &str) -> Option<Badge> {
    let waits = matches!(stage, "calon" | "menunggu_pemasangan");
    (!waits || word != "none").then(|| access(word))
}

/// The accesses a list can be filtered by.
pub const ACCESSES: &[(&str, &str)] = &[
    ("normal", "Normal"),
    ("isolated", "Terisolir"),
    ("waiting", "Menunggu Router"),
    ("differs", "Beda dengan Router"),
    ("disabled", "Nonaktif"),
    ("none", "Tanpa Router"),
];

/// State of a bill (Tagihan); `overdue` when an open one is past its due day, `written_off` what of it was given up: one that is
/// closed by that was not paid.
pub fn invoice(status: &str, overdue: bool, written_off: i64) -> Badge {
    match (status, overdue) {
        ("paid", _) if written_off > 0 => Badge::new("Tidak Tertagih", Tone::Plain),
        ("paid", _) => Badge::new("Lunas", Tone::Ok),
        ("void", _) => Badge::new("Dibatalkan", Tone::Plain),
        ("open" | "partial", true) => Badge::new("Lewat Jatuh Tempo", Tone::Bad),
        ("partial", false) => Badge::new("Dibayar Sebagian", Tone::Warn),
        ("open", false) => Badge::new("Belum Bayar", Tone::Note),
        (other, _) => Badge::new(other, Tone::Plain),
    }
}

/// Why the bills of every month have no sums.
pub const SUMS_OF_A_MONTH: &str = "Pilih satu bulan atau ketik sebuah nama untuk melihat jumlah uang dan mengurutkan.";
/// The states a list of bills can be filtered by.
pub const INVOICE_STATES: &[(&str, &str)] = &[
    ("unpaid", "Belum Lunas"),
    ("overdue", "Lewat Jatuh Tempo"),
    ("open", "Belum Bayar"),
    ("partial", "Dibayar Sebagian"),
    ("paid", "Lunas"),
    ("void", "Dibatalkan"),
];

/// State of a message (Pesan).
pub fn message(state: &str) -> Badge {
    match state {
        "queued" => Badge::new("Antre", Tone::Note),
        "sent" => Badge::new("Terkirim", Tone::Ok),
        "failed" => Badge::new("Gagal", Tone::Bad),
        "cancelled" => Badge::new("Dibatalkan", Tone::Plain),
        other => Badge::new(other, Tone::Plain),
    }
}

/// The states of messages a list can be filtered by.
pub const MESSAGE_STATES: &[(&str, &str)] =
    &[("queued", "Antre"), ("sent", "Terkirim"), ("failed", "Gagal"), ("cancelled", "Dibatalkan")];

/// State of a router.
pub fn router(state: &str) -> Badge {
    match state {
        "up" => Badge::new("Menjawab", Tone::Ok),
        "down" => Badge::new("Tidak menjawab", Tone::Bad),
        _ => Badge::new("Belum dibaca", Tone::Plain),
    }
}

/// How a payment came in; `channel` is its name as the payer reads it, or empty.
pub fn method(method: &str, channel: &str, gateway: Option<&str>) -> String {
    let way = match method {
        "cash" => "Tunai",
        "transfer" => "Transfer",
        "opening" => "Saldo awal",
        "credit" => "Nota kredit",
        "write_off" => "Hapus piutang",
        _ => "Online",
    };
    let through = match gateway.unwrap_or_default() {
        "flip" => "Flip",
        "midtrans" => "Midtrans",
        "duitku" => "Duitku",
        other => other,
    };
    let parts = [if channel.is_empty() { way } else { channel }, through];
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" · ")
}

/// What happened to a service's access.
pub fn access_event(what: &str) -> Badge {
    match what {
        "wish_isolated" => Badge::new("Akan diisolir", Tone::Warn),
        "wish_normal" => Badge::new("Akan dibuka", Tone::Note),
        "wish_disabled" => Badge::new("Akan dinonaktifkan", Tone::Warn),
        "isolated" => Badge::new("Terisolir", Tone::Bad),
        "restored" => Badge::new("Dipulihkan", Tone::Ok),
        "disabled" => Badge::new("Nonaktif", Tone::Plain),
        "created" => Badge::new("Akun dibuat", Tone::Ok),
        "drift" => Badge::new("Beda dengan Router", Tone::Warn),
        "problem" => Badge::new("Masalah router", Tone::Bad),
        other => Badge::new(other, Tone::Plain),
    }
}

/// Name of a kind of work.
pub fn work(kind: &str) -> &'static str {
    match kind {
        "sync_router" => "Perintah ke router",
        "send_message" => "Pesan WhatsApp",
        "settle_notice" => "Pemberitahuan pembayaran",
        "ask_attempt" => "Pemeriksaan pembayaran online",
        "run_job" => "Tugas otomatis",
        "run_import" => "Impor Excel",
        _ => "Tugas",
    }
}

/// A role of staff.
pub fn role(role: &str) -> &'static str {
    match role {
        "owner" => "Pemilik",
        "admin" => "Admin",
        "cashier" => "Kasir",
        "technician" => "Teknisi",
        "collector" => "Kolektor",
        _ => "Pemantau",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_dots() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(100_000), "100.000");
        assert_eq!(count(-1_234_567), "-1.234.567");
    }

    #[test]
    fn a_way_to_pay_reads_as_the_payer_knows_it() {
        assert_eq!(method("gateway", "BNI Virtual Account", Some("flip")), "BNI Virtual Account · Flip");
        assert_eq!(method("cash", "", None), "Tunai");
    }

    #[test]
    fn who_waits_for_his_installation_lacks_no_router() {
        assert_eq!(access_at("menunggu_pemasangan", "none"), None);
        assert_eq!(access_at("calon", "none"), None);
        assert_eq!(access_at("aktif", "none").map(|badge| badge.word), Some("Tanpa Router".to_owned()));
        assert_eq!(access_at("menunggu_pemasangan", "waiting"), Some(access("waiting")));
    }

    #[test]
    fn a_part_payment_past_its_day_is_overdue() {
        assert_eq!(invoice("partial", true, 0).word, "Lewat Jatuh Tempo");
        assert_eq!(invoice("partial", false, 10).word, "Dibayar Sebagian");
        assert_eq!(invoice("paid", true, 0).word, "Lunas");
        assert_eq!(invoice("paid", false, 10).word, "Tidak Tertagih");
    }

    /// What stands between quotation marks in every file of the source that is not a test, with its file.
    fn quoted() -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.display().to_string();
                if path.is_dir() {
                    folders.push(path);
                } else if name.ends_with(".rs") && !name.contains("tests") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                    for line in shipped.lines().filter(|line| !line.trim_start().starts_with("//")) {
                        found.extend(line.split('"').skip(1).step_by(2).map(|words| (name.clone(), words.to_owned())));
                    }
                }
            }
        }
        assert!(found.len() > 1_000, "{}", found.len());
        found
    }

    #[test]
    fn a_time_of_day_is_written_with_a_colon() {
        let dotted = |words: &str| {
            words.contains("{:02}.{:02}")
                || words.split("pukul ").skip(1).any(|after| {
                    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
                    after.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
                })
        };
        assert!(dotted("mulai pukul 08.00.") && !dotted("mulai pukul 08:00.") && !dotted("pukul 8."));
        let wrong: Vec<_> = quoted().into_iter().filter(|(_, words)| dotted(words)).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn email_has_one_name() {
        let other = |words: &str| {
            words.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| {
                let word = word.to_lowercase();
                word == "surel" || word == "surelnya" || word == "e-mail"
            })
        };
        let wrong: Vec<_> = quoted().into_iter().filter(|(_, words)| other(words)).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
