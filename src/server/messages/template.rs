//! Message texts with placeholders.
//!
//! Two sets of names are known: the documentation's (`{nama_pelanggan} {periode} {invoice_no} {total} {due_date}
//! {payment_link}`) and the old system's (`{customer} {tagihan} {tanggal} {link_payment} {no_layanan} …`). Values go
//! in once: braces inside a value are never read as a placeholder, nor by the gateway's spin function
//! (protocols/whatsapp.md §1, §8).

use std::collections::BTreeMap;

/// Names that mean the same, each with the canonical one. `{tanggal}` was the due date in the old reminder and the
/// day of payment in the old receipt: it is its own name, and the caller gives it the sense of his message.
const ALIASES: &[(&str, &str)] = &[
    ("customer", "nama_pelanggan"),
    ("nama", "nama_pelanggan"),
    ("tagihan", "total"),
    ("no_invoice", "invoice_no"),
    ("jatuh_tempo", "due_date"),
    ("link_payment", "payment_link"),
    ("link_pembayaran", "payment_link"),
    ("no_layanan", "nomor_layanan"),
    ("metode_pembayaran", "metode"),
    ("adderss", "alamat"),
    ("address", "alamat"),
    ("phone", "telepon"),
    ("harga", "tarif"),
    ("district", "kecamatan"),
    ("village", "desa"),
    ("city", "kota"),
    ("bank_data", "rekening"),
    ("nama_perusahaan", "company"),
    ("perusahaan", "company"),
];

/// Canonical names and what they stand for: the list the template editor shows.
pub const PLACEHOLDERS: &[(&str, &str)] = &[
    ("nama_pelanggan", "nama pelanggan"),
    ("nomor_layanan", "nomor layanan"),
    ("periode", "bulan tagihan, misalnya Januari 2026"),
    ("invoice_no", "nomor tagihan"),
    ("total", "jumlah tagihan, tanpa Rp: 300.000"),
    ("due_date", "tanggal jatuh tempo"),
    ("payment_link", "alamat halaman bayar"),
    ("paket", "nama paket"),
    ("tarif", "harga paket"),
    ("company", "nama usaha"),
    ("telepon_company", "telepon usaha"),
    ("tanggal", "tanggal jatuh tempo, atau tanggal bayar pada bukti bayar"),
    ("metode", "cara bayar"),
    ("nomor_kuitansi", "nomor kuitansi"),
    ("rincian", "apa yang dibayar"),
    ("waktu", "waktu pembayaran"),
    ("saldo", "saldo pelanggan setelah pembayaran"),
    ("tunggakan", "sisa tagihan yang belum dibayar"),
    ("alamat", "alamat pelanggan"),
    ("telepon", "telepon pelanggan"),
    ("desa", "desa atau kelurahan"),
    ("kecamatan", "kecamatan"),
    ("kota", "kota atau kabupaten"),
    ("rekening", "rekening bank usaha"),
    ("ppn", "tarif PPN"),
    ("totalppn", "jumlah PPN"),
    ("diskon", "diskon"),
    ("biaya", "biaya lain"),
    ("count", "banyaknya tagihan terbuka"),
    ("bandwidth", "kecepatan paket"),
    ("sisa_hari", "hari sampai jatuh tempo"),
];

/// What goes into a template.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value that we made ourselves (sums, dates, links): WhatsApp markup in it stays.
    #[must_use]
    pub fn ours(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.0.insert(canonical(name).to_owned(), without_spin(value.as_ref()));
        self
    }

    /// A value that somebody else typed (names, addresses): markup, braces and line breaks are taken out, so that a
    /// name can neither format nor forge the message.
    #[must_use]
    pub fn customers(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.0.insert(canonical(name).to_owned(), without_markup(value.as_ref()));
        self
    }
}

/// The placeholder that somebody who typed `written` most likely meant, if one is near.
pub fn nearest(written: &str) -> Option<&'static str> {
    let written = written.to_lowercase();
    let names = PLACEHOLDERS.iter().map(|(name, _)| (*name, *name)).chain(ALIASES.iter().copied());
    names
        .map(|(typed, name)| (distance(&written, typed), typed.len().max(written.len()), name))
        .filter(|(far, letters, _)| *far * 3 <= *letters)
        .min()
        .map(|(_, _, name)| name)
}

/// Letters to add, drop or change to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (above, y) in row.iter().skip(1).zip(b.bytes()) {
            left = (corner + usize::from(x != y)).min(above + 1).min(left + 1);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// A finished message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The text to send; holds no brace.
    pub text: String,
    /// Names in braces that no placeholder has, in order of appearance; they stand as `(name)` in the text.
    pub unknown: Vec<String>,
    /// Placeholders that exist but have no value in this message; they stand as `-`.
    pub without_value: Vec<String>,
}

/// Puts the values into a template.
pub fn render(template: &str, values: &Values) -> Rendered {
    let mut out = Rendered { text: String::new(), unknown: Vec::new(), without_value: Vec::new() };
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => out.text.push_str(&without_spin(text)),
            Piece::Name(written) => {
                let name = canonical(written);
                if let Some(value) = values.0.get(name) {
                    out.text.push_str(value);
                } else if is_known(name) {
                    out.text.push('-');
                    note(&mut out.without_value, written);
                } else {
                    out.text.push_str(&format!("({written})"));
                    note(&mut out.unknown, written);
                }
            }
        }
    }
    out
}

/// Names in braces that no placeholder has: for checking a template before it is saved.
pub fn unknown_placeholders(template: &str) -> Vec<String> {
    let mut unknown = Vec::new();
    for piece in pieces(template) {
        if let Piece::Name(written) = piece
            && !is_known(canonical(written))
        {
            note(&mut unknown, written);
        }
    }
    unknown
}

/// Braces made round: MPWA picks one of `{a|b}` and replaces `{number}` in whatever it is given.
pub fn without_spin(text: &str) -> String {
    text.replace('{', "(").replace('}', ")")
}

/// [`without_spin`], and without WhatsApp's `*bold*`, `_italic_`, `~strike~`, `` `mono` ``, control characters and
/// line breaks; runs of blanks become one.
pub fn without_markup(text: &str) -> String {
    let plain: String = without_spin(text)
        .chars()
        .map(|c| if matches!(c, '_' | '*' | '~' | '`') || c.is_control() { ' ' } else { c })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn note(list: &mut Vec<String>, name: &str) {
    if !list.iter().any(|known| known == name) {
        list.push(name.to_owned());
    }
}

fn is_known(name: &str) -> bool {
    PLACEHOLDERS.iter().any(|(known, _)| *known == name)
}

/// The canonical name of a placeholder; names are read without regard to case (`{Alamat}`).
fn canonical(written: &str) -> &str {
    let found = ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(written)).map(|(_, name)| *name);
    let known = || PLACEHOLDERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(written)).map(|(name, _)| *name);
    found.or_else(known).unwrap_or(written)
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// Cuts a template into texts and `{name}`s; a brace that encloses no name is text.
fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, from_brace) = rest.split_at(open);
        pieces.push(Piece::Text(before));
        let inside = from_brace.strip_prefix('{').unwrap_or(from_brace);
        let name = inside.split_once('}').map(|(name, _)| name).filter(|name| {
            !name.is_empty() && name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
        if let Some(name) = name {
            pieces.push(Piece::Name(name));
            rest = inside.get(name.len() + 1..).unwrap_or_default();
        } else {
            pieces.push(Piece::Text("{"));
            rest = inside;
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values::new()
            .customers("nama_pelanggan", "Budi *Santoso*\n{a|b}")
            .ours("total", "Rp 300.000")
            .ours("payment_link", "https://bill.example.com/12345678")
            .ours("no_layanan", "12345678")
    }

    #[test]
    fn the_documentations_and_the_old_names_mean_the_same() {
        let new = render("{nama_pelanggan} {total} {payment_link} {nomor_layanan}", &values());
        let old = render("{customer} {tagihan} {link_payment} {no_layanan}", &values());
        assert_eq!(new, old);
        assert_eq!(new.text, "Budi Santoso (a|b) Rp 300.000 https://bill.example.com/12345678 12345678");
        assert!(new.unknown.is_empty() && new.without_value.is_empty());
    }

    #[test]
    fn unknown_and_empty_placeholders_are_reported() {
        let out = render("Halo {nam} {nam} {due_date} {a|b} {", &values());
        assert_eq!(out.text, "Halo (nam) (nam) - (a|b) (");
        assert_eq!(out.unknown, ["nam"]);
        assert_eq!(out.without_value, ["due_date"]);
        assert_eq!(unknown_placeholders("{periode} {Alamat} {nam}"), ["nam"]);
    }

    #[test]
    fn the_likely_placeholder_is_near() {
        assert_eq!(nearest("nama_pelangan"), Some("nama_pelanggan"));
        assert_eq!(nearest("Totl"), Some("total"));
        assert_eq!(nearest("link_pembyaran"), Some("payment_link"));
        assert_eq!(nearest("zzz"), None);
    }

    #[test]
    fn a_value_is_never_read_again() {
        let out =
            render("{customer}/{total}", &Values::new().customers("customer", "{total}").ours("total", "{periode}"));
        assert_eq!(out.text, "(total)/(periode)");
    }

    #[test]
    fn markup_of_the_template_stays_and_that_of_names_goes() {
        let out = render("Halo *{nama_pelanggan}*", &Values::new().customers("nama_pelanggan", "_x_ `y` ~z~ *"));
        assert_eq!(out.text, "Halo *x y z*");
    }

    #[test]
    fn the_example_of_the_documentation() {
        let template = "Halo *{nama_pelanggan}*,\n\nTagihan internet bulan {periode}:\nNo. Invoice: {invoice_no}\nTagihan: Rp {total}\nJatuh Tempo: {due_date}\n\nBayar sekarang:\n{payment_link}";
        assert!(unknown_placeholders(template).is_empty());
    }
}
