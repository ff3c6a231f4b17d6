//! The menu: every group and word of the trade in its order, and who may open what. A screen that works adds its line
//! under its word; the frame shows a person only what is his.

use crate::app::admin::layout::MenuItem;
use crate::app::text;
use crate::server::rights::{Permission as P, Rights, Role};

/// A heading (empty at the top) and what stands under it.
type Group = (&'static str, &'static [Entry]);
/// A right, the word, and the address of a screen.
type Entry = (P, &'static str, &'static str);

/// What everybody who is logged in may open, and so where somebody without any right is led.
pub const ACCOUNT: &str = "/admin/akun";

/// The menu, in the order in which people read it. The comments are the words in their order: a new line goes under its
/// own, so that several hands can add at once.
const MENU: &[Group] = &[
    (
        "",
        &[
            // Beranda
            (P::ViewDashboard, text::HOME, "/admin"),
            // Terima Pembayaran
            (P::RecordPayment, text::RECEIVE, "/admin/terima"),
        ],
    ),
    (
        text::GROUP_CUSTOMERS,
        &[
            // Daftar Pelanggan
            (P::ViewCustomers, text::CUSTOMERS, "/admin/pelanggan"),
            // Pasang Baru
            (P::Install, text::INSTALL, "/admin/pasang"),
            // Berhenti & Cuti
            (P::ViewCustomers, text::STOPPED, "/admin/berhenti"),
            // Wilayah
            (P::ViewCustomers, text::AREAS, "/admin/wilayah"),
            // Impor & Ekspor Excel
            (P::Import, text::IMPORT, "/admin/impor"),
        ],
    ),
    (
        text::GROUP_INVOICES,
        &[
            // Daftar Tagihan
            (P::ViewInvoices, text::INVOICES, "/admin/tagihan"),
            // Pratinjau Tagihan
            (P::RunBilling, text::REHEARSAL, "/admin/pratinjau"),
            // Terbitkan Tagihan
            (P::RunBilling, text::ISSUE, "/admin/terbitkan"),
            // Daftar Tagih
            (P::Collect, text::COLLECT, "/admin/tagih"),
            // Tunggakan
            (P::Collect, text::ARREARS, "/admin/tunggakan"),
            // Biaya Tambahan & Diskon
            (P::ViewInvoices, text::EXTRAS, "/admin/biaya"),
        ],
    ),
    (
        text::GROUP_PAYMENTS,
        &[
            // Riwayat Pembayaran
            (P::ViewInvoices, text::PAYMENTS, "/admin/pembayaran"),
            // Perlu Dicek
            // Bukti Transfer
            // Janji Bayar
            (P::Collect, text::PROMISES, "/admin/janji"),
            // Setoran & Tutup Kas
            (P::HandOver, text::HANDOVER, "/admin/setoran"),
            // Rekonsiliasi
        ],
    ),
    (
        text::GROUP_NETWORK,
        &[
            // Pelanggan Terisolir
            (P::ViewCustomers, text::ISOLATED, "/admin/terisolir"),
            // Jadwal Isolir
            // Log Isolir
            (P::ViewRouters, text::ISOLIR_LOG, "/admin/log-isolir"),
            // Router (Lokasi Server)
            (P::ViewRouters, text::ROUTERS, "/admin/router"),
            // Akun PPPoE
            // Sedang Online
            // Gangguan
        ],
    ),
    (
        text::GROUP_WHATSAPP,
        &[
            // Koneksi
            (P::ManageMessages, text::WHATSAPP, "/admin/whatsapp"),
            // Template Pesan
            (P::ManageMessages, text::TEMPLATES, "/admin/template"),
            // Antrean & Riwayat
            (P::ViewMessages, text::MESSAGES, "/admin/pesan"),
            // Belum Terhubungi
            // Broadcast
        ],
    ),
    (
        text::GROUP_REPORTS,
        &[
            // Ringkasan Bulan
            (P::ViewReports, text::MONTH_REPORT, "/admin/laporan/ringkasan"),
            // Pendapatan
            (P::ViewReports, text::REVENUE, "/admin/laporan/pendapatan"),
            // Umur Piutang
            (P::ViewReports, text::RECEIVABLES, "/admin/laporan/piutang"),
            // Kas Harian
            (P::ManageCash, text::DAILY_CASH, "/admin/kas-harian"),
            // Arus Kas
            (P::ViewReports, text::CASH_BOOK, "/admin/laporan/arus-kas"),
            // Per Kolektor
            (P::ViewReports, text::PER_COLLECTOR, "/admin/laporan/kolektor"),
            // PPN
            (P::ViewReports, text::TAX_REPORT, "/admin/laporan/ppn"),
        ],
    ),
    (
        text::GROUP_SETTINGS,
        &[
            // Perusahaan
            (P::ManageSettings, text::COMPANY, "/admin/pengaturan/perusahaan"),
            // Paket Internet
            (P::ManagePackages, text::PACKAGES, "/admin/paket"),
            // Tagihan & Jatuh Tempo
            (P::ManageSettings, text::BILLING_SETTINGS, "/admin/pengaturan/tagihan"),
            // Isolir & Hari Libur
            (P::ManageSettings, text::ISOLIR_SETTINGS, "/admin/pengaturan/isolir"),
            // Pajak
            (P::ManageSettings, text::TAX, "/admin/pengaturan/pajak"),
            // Tutup Buku
            (P::ManageCash, text::CLOSING, "/admin/tutup-buku"),
            // Payment Gateway
            (P::ManageSettings, text::GATEWAYS, "/admin/pengaturan/gateway"),
            // Rekening Bank
            (P::ManageSettings, text::BANK_ACCOUNTS, "/admin/rekening"),
            // Semua Pengaturan
            (P::ManageSettings, text::ALL_SETTINGS, "/admin/pengaturan"),
            // Pengguna & Hak Akses
            (P::ManageStaff, text::STAFF, "/admin/pengguna"),
            // Cadangan Data
            (P::Backup, text::BACKUPS, "/admin/cadangan"),
            // Tugas Otomatis
            (P::ManageWork, text::JOBS, "/admin/tugas"),
            // Log Aktivitas
            (P::ViewAudit, text::AUDIT, "/admin/log"),
        ],
    ),
];

/// Where a role without Beranda starts its day: the first of these that it may open.
const STARTS: &[(Role, &[&str])] =
    &[(Role::Technician, &["/admin/terisolir", "/admin/pasang"]), (Role::Collector, &["/admin/tagih"])];

/// What somebody with these rights may open.
pub fn of(rights: Rights) -> Vec<MenuItem> {
    MENU.iter()
        .flat_map(|(group, entries)| entries.iter().map(move |entry| (group, entry)))
        .filter(|(_, (permission, _, _))| rights.has(*permission))
        .map(|(group, (_, word, href))| MenuItem {
            group: (*group).to_owned(),
            word: (*word).to_owned(),
            href: (*href).to_owned(),
        })
        .collect()
}

/// The page a person starts on: Beranda, else where his role begins, else the first entry of his menu.
pub fn start(role: Role, rights: Rights) -> String {
    let menu = of(rights);
    let begins = STARTS.iter().find(|(of, _)| *of == role).map_or(&[][..], |(_, hrefs)| *hrefs);
    let wanted = ["/admin"].into_iter().chain(begins.iter().copied());
    let open = |href: &&str| menu.iter().any(|item| item.href == **href);
    wanted
        .into_iter()
        .find(open)
        .map_or_else(|| menu.first().map_or_else(|| ACCOUNT.to_owned(), |item| item.href.clone()), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everybody_starts_on_a_page_that_is_his() {
        assert_eq!(start(Role::Owner, Rights::delivered(Role::Owner)), "/admin");
        for role in Role::ALL {
            let rights = Rights::delivered(role);
            let start = start(role, rights);
            assert!(of(rights).iter().any(|item| item.href == start), "{role}: {start}");
        }
        assert_eq!(start(Role::Viewer, Rights::default()), ACCOUNT);
    }

    #[test]
    fn no_address_and_no_word_stands_in_the_menu_twice() {
        let all: Vec<_> = MENU.iter().flat_map(|group| group.1).collect();
        assert_eq!(all.iter().map(|entry| entry.1).collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(all.iter().map(|entry| entry.2).collect::<BTreeSet<_>>().len(), all.len());
    }
}
