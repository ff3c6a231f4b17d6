//! The log's codes as people read them: what was done, to what, and what changed.

use super::Change;
use crate::app::admin::settings::FieldLook;
use crate::app::admin::settings::groups::{FieldSpec, GROUPS};
use crate::app::dto::money;
use crate::app::text;
use crate::jobs::schedule::ENTRIES;
use crate::server::guard::Role;
use serde_json::Value;

/// Every action that the program writes, in words. A test reads the source and misses none.
pub const ACTIONS: &[(&str, &str)] = &[
    ("access.by_hand", "Isolir atau pulihkan dengan tangan"),
    ("account.change", "Akun sendiri diubah"),
    ("account.password", "Kata sandi sendiri diganti"),
    ("account.recovery", "Kode cadangan dibuat lagi"),
    ("account.totp_off", "Verifikasi dua langkah dimatikan sendiri"),
    ("account.totp_on", "Verifikasi dua langkah dinyalakan"),
    ("area.add", "Wilayah ditambah"),
    ("area.change", "Wilayah diubah"),
    ("area.delete", "Wilayah dihapus"),
    ("area.merge", "Wilayah digabung"),
    ("backup.download", "Cadangan diunduh"),
    ("backup.make", "Cadangan dibuat"),
    ("bank.save", "Rekening bank disimpan"),
    ("books.close", "Buku ditutup"),
    ("books.open", "Buku dibuka lagi"),
    ("customer.change", "Data pelanggan diubah"),
    ("customer.contact", "Kontak penagihan dicatat"),
    ("customer.file.add", "Berkas diunggah"),
    ("customer.file.remove", "Berkas dihapus"),
    ("customer.import", "Impor Excel selesai"),
    ("customer.import.rows", "Baris Excel diimpor"),
    ("customer.note", "Catatan ditulis"),
    ("expense.record", "Pengeluaran dicatat"),
    ("expense.reverse", "Pengeluaran dibatalkan"),
    ("handover.confirm", "Setoran diterima"),
    ("handover.give", "Kas disetorkan"),
    ("handover.refuse", "Setoran ditolak"),
    ("hold.add", "Isolir ditahan"),
    ("hold.end", "Janji atau tahanan isolir diakhiri"),
    ("import.start", "Impor Excel dimulai"),
    ("invoice.again", "Tagihan diterbitkan lagi"),
    ("invoice.charge", "Biaya sekali diterbitkan"),
    ("invoice.credit", "Nota kredit ditulis"),
    ("invoice.void", "Tagihan dibatalkan"),
    ("invoice.write_off", "Piutang dihapus"),
    ("isolir.approve", "Isolir yang tertahan disetujui"),
    ("isolir.customer", "Isolir manual"),
    ("isolir.restore", "Dipulihkan manual"),
    ("job.run", "Tugas otomatis dijalankan"),
    ("job.switch", "Tugas otomatis dinyalakan atau dimatikan"),
    ("message.cancel", "Pesan dibatalkan"),
    ("message.resend", "Pesan dikirim ulang"),
    ("package.active", "Paket dijual atau tidak dijual lagi"),
    ("package.add", "Paket ditambah"),
    ("package.price", "Harga paket direncanakan"),
    ("package.price_cancel", "Harga yang direncanakan dibatalkan"),
    ("package.price_chosen", "Harga khusus direncanakan"),
    ("package.remove", "Paket dihapus"),
    ("package.update", "Paket diubah"),
    ("payment.record", "Pembayaran dicatat"),
    ("payment.reverse", "Pembayaran dibatalkan"),
    ("promise.add", "Janji bayar dicatat"),
    ("rehearsal.approve", "Pratinjau tagihan disetujui"),
    ("rehearsal.cancel", "Persetujuan pratinjau ditarik"),
    ("rehearsal.parked", "Tagihan tertahan diputuskan"),
    ("right.reset", "Hak akses dikembalikan seperti bawaan"),
    ("right.set", "Hak akses diubah"),
    ("router.add", "Router ditambah"),
    ("router.remove", "Router dihapus"),
    ("router.update", "Router diubah"),
    ("saldo.refund", "Saldo dikembalikan"),
    ("service.addon", "Biaya bulanan ditambah"),
    ("service.addon_end", "Biaya bulanan diakhiri"),
    ("service.bulk", "Ubah massal"),
    ("service.change", "Layanan diubah"),
    ("service.discount", "Diskon diubah"),
    ("service.due_day", "Tanggal jatuh tempo dipindah"),
    ("service.install", "Pasang Baru"),
    ("service.package", "Paket diganti"),
    ("service.plan", "Perubahan direncanakan"),
    ("service.pppoe.look", "Kata sandi PPPoE dilihat"),
    ("service.price", "Harga khusus diubah"),
    ("service.restart", "Diaktifkan kembali"),
    ("service.stop", "Berhenti"),
    ("service.unplan", "Rencana dibatalkan"),
    ("session.end", "Sesi diakhiri"),
    ("session.login", "Masuk"),
    ("setting.set", "Pengaturan diubah"),
    ("staff.change", "Pengguna diubah"),
    ("staff.collects", "Layanan yang menyebut namanya menjadi miliknya"),
    ("staff.create", "Pengguna dibuat lewat perintah"),
    ("staff.first", "Pemilik pertama dibuat"),
    ("staff.invite", "Pengguna diundang"),
    ("staff.link", "Tautan kata sandi dibuat"),
    ("staff.password_by_link", "Kata sandi dibuat lewat tautan"),
    ("staff.switch", "Pengguna dinyalakan atau dimatikan"),
    ("staff.totp_off", "Verifikasi dua langkah pengguna dimatikan"),
    ("tax.rate", "Tarif PPN ditambah"),
    ("tax.rate_drop", "Tarif PPN dihapus"),
    ("template.save", "Template pesan disimpan"),
    ("whatsapp.link", "WhatsApp disambungkan"),
    ("work.give_up", "Tugas macet dilepas"),
    ("work.retry", "Tugas macet dicoba lagi"),
];

/// Values that stand in the log as the database writes them.
const VALUES: &[(&str, &str)] = &[
    ("normal", "Normal"),
    ("isolated", "Terisolir"),
    ("disabled", "Nonaktif"),
    ("given", "Disetorkan"),
    ("waiting", "Menunggu"),
    ("approved", "Disetujui"),
    ("preview", "Pratinjau"),
    ("running", "Berjalan"),
    ("true", "ya"),
    ("false", "tidak"),
];

/// Kinds of things, by what stands before the colon.
const KINDS: &[(&str, &str)] = &[
    ("area", "Wilayah"),
    ("backup", "Cadangan"),
    ("bag", "Kas"),
    ("bank", "Rekening"),
    ("books", "Tutup Buku"),
    ("bulk", "Ubah massal"),
    ("customer", "Pelanggan"),
    ("day", "Tanggal"),
    ("expense", "Pengeluaran"),
    ("import", "Impor Excel"),
    ("import_job", "Impor Excel"),
    ("invoice", "Tagihan"),
    ("job", "Tugas otomatis"),
    ("message", "Pesan"),
    ("package", "Paket"),
    ("payment", "Pembayaran"),
    ("period", "Bulan"),
    ("right", "Hak akses"),
    ("router", "Router"),
    ("service", "Layanan"),
    ("staff", "Pengguna"),
    ("tax", "Tarif PPN"),
    ("template", "Template"),
    ("whatsapp", "WhatsApp"),
    ("work", "Tugas"),
];

fn known(table: &[(&'static str, &'static str)], code: &str) -> Option<&'static str> {
    table.iter().find(|entry| entry.0 == code).map(|entry| entry.1)
}

/// What was done. A code of a newer version is shown as it is.
pub fn action(code: &str) -> String {
    known(ACTIONS, code).map_or_else(|| code.to_owned(), str::to_owned)
}

/// The thing: its kind, and its name where it is known.
pub fn subject(code: &str, name: Option<&str>) -> String {
    let (kind, rest) = code.split_once(':').unwrap_or((code, ""));
    let Some(word) = known(KINDS, kind) else {
        return setting(code).map_or_else(|| code.to_owned(), |spec| format!("Pengaturan {}", spec.label));
    };
    let title = || ENTRIES.iter().find(|entry| kind == "job" && entry.job == rest).map(|entry| entry.title);
    match name.or_else(title) {
        Some(name) => format!("{word} {name}"),
        None if rest.is_empty() => word.to_owned(),
        None => format!("{word} {rest}"),
    }
}

fn setting(key: &str) -> Option<&'static FieldSpec> {
    GROUPS.iter().flat_map(|group| group.fields).find(|spec| spec.key == key)
}

/// What changed, field by field where the texts say so, else as a whole.
pub fn changes(subject: &str, before: &str, after: &str) -> Vec<Change> {
    let choices = setting(subject).map_or(&[][..], |spec| spec.choices);
    let is_money = setting(subject).is_some_and(|spec| spec.look == FieldLook::Money);
    let word = |text: &str| {
        let text = text.trim();
        if let Some(amount) = text.parse().ok().filter(|_| is_money) {
            return money(amount);
        }
        let role = || Role::parse(text).map(Role::label);
        known(choices, text)
            .or_else(|| known(VALUES, text))
            .or_else(role)
            .map_or_else(|| text.to_owned(), str::to_owned)
    };
    if before.trim().is_empty() && after.trim().is_empty() {
        return Vec::new();
    }
    let whole = |before: String, after: String| vec![Change { label: String::new(), before, after }];
    let (old, new) = match (fields(before), fields(after)) {
        (Some(old), Some(new)) => (old, new),
        _ => return whole(one(before, word), one(after, word)),
    };
    let mut found: Vec<Change> = Vec::new();
    for (label, value) in &old {
        let now = new.iter().find(|field| field.0 == *label).map(|field| word(&field.1)).unwrap_or_default();
        found.push(Change { label: label.clone(), before: word(value), after: now });
    }
    for (label, value) in new.iter().filter(|field| !old.iter().any(|other| other.0 == field.0)) {
        found.push(Change { label: label.clone(), before: String::new(), after: word(value) });
    }
    let differ: Vec<Change> = found.into_iter().filter(|change| change.before != change.after).collect();
    if differ.is_empty() { whole(one(before, word), one(after, word)) } else { differ }
}

/// A text as a whole; work is named by its kind, not by what the program needs for it.
fn one(text: &str, word: impl Fn(&str) -> String) -> String {
    if let Ok(Value::Object(map)) = serde_json::from_str::<Value>(text)
        && let Some(kind) = map.get("kind").and_then(Value::as_str)
    {
        return text::work(kind).to_owned();
    }
    word(text)
}

/// `Nama: Budi; Telepon: 0812`, or a JSON object, as fields. Nothing at all has no fields; anything else is none.
fn fields(text: &str) -> Option<Vec<(String, String)>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    if let Ok(Value::Object(map)) = serde_json::from_str::<Value>(text) {
        if map.contains_key("kind") {
            return None;
        }
        let shown = |value: Value| match value {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        };
        return Some(map.into_iter().map(|(key, value)| (key, shown(value))).collect());
    }
    text.split("; ")
        .map(|part| {
            let (label, value) = part.split_once(':')?;
            // A label is a few words; anything longer, or with figures, is a sentence or a time.
            let is_label =
                label.chars().count() <= 40 && !label.is_empty() && !label.contains(|c: char| c.is_ascii_digit());
            // An address has a colon as well.
            (is_label && !value.starts_with("//")).then(|| (label.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    /// Texts like `"payment.record"` in a piece of source.
    fn codes(source: &str) -> impl Iterator<Item = &str> {
        source.split('"').skip(1).step_by(2).filter(|text| {
            text.contains('.')
                && text
                    .split('.')
                    .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        })
    }

    #[test]
    fn every_action_in_the_source_has_a_word() {
        let mut files = Vec::new();
        sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut files);
        let mut written = BTreeSet::new();
        let mut by_name = 0;
        for file in files.iter().filter(|file| !file.contains("const VALUE_CHARS_MAX")) {
            // What stands behind the tests of a file writes no log of the office.
            let program = file.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for call in program.split("audit::record(").skip(1) {
                let call = call.split(".await").next().unwrap_or_default();
                let Some(code) = codes(call).next() else {
                    by_name += 1;
                    continue;
                };
                written.insert(code.to_owned());
            }
            // An action with a name of its own: chosen by `let action = …`, or given to a function that writes the log.
            for choice in program.split("let action = ").skip(1) {
                written.extend(codes(choice.split(';').next().unwrap_or_default()).map(str::to_owned));
            }
        }
        assert!(written.len() > 30, "{written:?}");
        assert!(by_name < 15, "actions are written where they are logged, or as `let action = …`");
        let without: Vec<_> = written.iter().filter(|code| known(ACTIONS, code).is_none()).collect();
        assert!(without.is_empty(), "give these a word in activity/words.rs: {without:?}");
        let codes: BTreeSet<_> = ACTIONS.iter().map(|entry| entry.0).collect();
        assert_eq!(codes.len(), ACTIONS.len(), "no code twice");
    }

    #[test]
    fn changes_are_told_field_by_field() {
        let told = |before: &str, after: &str| {
            changes("customer:1", before, after).iter().map(Change::words).collect::<Vec<_>>()
        };
        assert_eq!(
            told("Nama: Budi; Telepon: 0812", "Nama: Budi Santoso; Telepon: 0812"),
            ["Nama: Budi → Budi Santoso"]
        );
        assert_eq!(told("Email: a@b.id", "Email: "), ["Email: a@b.id → (kosong)"]);
        assert_eq!(told(r#"{"harga":300000}"#, r#"{"harga":350000}"#), ["harga: 300000 → 350000"]);
        assert_eq!(told("normal", "isolated"), ["Normal → Terisolir"]);
        assert_eq!(told("", "Home Rp 300.000"), ["Home Rp 300.000"]);
        assert_eq!(told("Utara; penanggung jawab: 3", "Selatan; penanggung jawab: 3").len(), 1);
        assert!(told("", "").is_empty());
        let work = changes("work:1", r#"{"kind":"sync_router","router_id":1}"#, "dicoba lagi");
        assert_eq!(work[0].words(), "Perintah ke router → dicoba lagi");
    }

    #[test]
    fn settings_are_told_by_their_labels() {
        assert_eq!(
            subject("invoice.due_day", None),
            format!("Pengaturan {}", setting("invoice.due_day").unwrap().label)
        );
        assert_eq!(subject("service:17", Some("Budi (10000017)")), "Layanan Budi (10000017)");
        assert_eq!(subject("service:17", None), "Layanan 17");
        assert_eq!(subject("import", None), "Impor Excel");
        let choice = GROUPS.iter().flat_map(|group| group.fields).find(|spec| !spec.choices.is_empty()).unwrap();
        let told = changes(choice.key, "", choice.choices[0].0);
        assert_eq!(told[0].after, choice.choices[0].1);
    }
}
