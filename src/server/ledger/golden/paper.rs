//! The worked year on paper.

use super::script::Year;
use super::*;
use crate::billing::{Rupiah, words};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What stands above it.
pub(super) const HEAD: &str = include_str!("head.md");

crate::sql!(BILLS = "SELECT i.id, i.number, s.service_number, i.period, i.kind, i.issued_on, i.due_on, i.total, i.status FROM invoice i JOIN service s ON s.id = i.service_id
 WHERE i.issued_on >= $1 AND i.issued_on <= $2 ORDER BY i.number");
crate::sql!(
    LINES = "SELECT l.invoice_id, l.derivation, l.amount FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
 WHERE i.issued_on >= $1 AND i.issued_on <= $2 ORDER BY l.invoice_id, l.id"
);
crate::sql!(PAYMENTS = "SELECT p.id, p.receipt, c.name, p.amount, p.method, p.received_on FROM payment p JOIN customer c ON c.id = p.customer_id
 WHERE p.received_on >= $1 AND p.received_on <= $2 ORDER BY p.id");
crate::sql!(USED = "SELECT a.payment_id, i.number, a.amount, a.business_date FROM allocation a JOIN invoice i ON i.id = a.invoice_id
 JOIN payment p ON p.id = a.payment_id WHERE p.received_on >= $1 AND p.received_on <= $2 ORDER BY a.id");
crate::sql!(
    NOTES = "SELECT l.payment_id, CASE WHEN p.basis_id IS NULL AND l.kind = 'adjustment' THEN l.text || ': ' || l.derivation ELSE l.derivation END FROM credit_line l JOIN payment p ON p.id = l.payment_id WHERE p.received_on >= $1 AND p.received_on <= $2 ORDER BY l.id"
);
crate::sql!(REFUNDS = "SELECT r.number, c.name, r.business_date, r.method, r.amount, r.reason FROM refund r JOIN customer c ON c.id = r.customer_id
 WHERE r.business_date >= $1 AND r.business_date <= $2 ORDER BY r.id");
crate::sql!(STANDING = "SELECT c.name, CAST(COALESCE(e.amount, 0) AS BIGINT), CAST(COALESCE(i.owed, 0) AS BIGINT), CAST(COALESCE(p.unused, 0) AS BIGINT) FROM customer c
 LEFT JOIN (SELECT customer_id, SUM(amount) AS amount FROM ledger_entry GROUP BY customer_id) e ON e.customer_id = c.id
 LEFT JOIN (SELECT customer_id, SUM(total - paid) AS owed FROM invoice WHERE status IN ('open', 'partial') GROUP BY customer_id) i ON i.customer_id = c.id
 LEFT JOIN (SELECT customer_id, SUM(unused) AS unused FROM payment GROUP BY customer_id) p ON p.customer_id = c.id ORDER BY c.name");

type BillRow = (i64, String, String, String, String, NaiveDate, NaiveDate, i64, String);

/// A month: what happened, what was issued, what was paid, how everybody stands at its end.
pub(super) async fn month(year: &Year<'_>, events: &[String]) -> String {
    let (db, from, to) = (&year.t.state.db, year.month.first_day(), year.month.last_day());
    let mut out = format!("\n## {}\n\n", capital(&year.month.words()));
    for event in events {
        writeln!(out, "- {event}").unwrap();
    }
    let mut lines: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (bill, derivation, _) in db.all::<(i64, String, i64)>(LINES, args![from, to]).await.unwrap() {
        lines.entry(bill).or_default().push(derivation);
    }
    let bills: Vec<BillRow> = db.all(BILLS, args![from, to]).await.unwrap();
    out.push_str("\nTagihan yang terbit:\n\n| nomor | layanan | bulan | terbit | tempo | jumlah | hitungan |\n|---|---|---|---|---|---:|---|\n");
    for (id, number, service, period, kind, issued, due, total, status) in bills {
        let what = if kind == "regular" { period } else { format!("{period} ({kind})") };
        let void = if status == "void" { " DIBATALKAN" } else { "" };
        writeln!(
            out,
            "| {number}{void} | {service} | {what} | {} | {} | {} | {} |",
            words::date_short(issued),
            words::date_short(due),
            Rupiah(total),
            lines.remove(&id).unwrap_or_default().join("<br>")
        )
        .unwrap();
    }
    let mut used: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (payment, number, amount, day) in db.all::<(i64, String, i64, NaiveDate)>(USED, args![from, to]).await.unwrap()
    {
        let when = if day > to { continue } else { words::date_short(day) };
        used.entry(payment).or_default().push(format!("{number} {} ({when})", Rupiah(amount)));
    }
    // What a note of credit is made of stands before what it was laid over.
    let mut made: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (payment, derivation) in db.all::<(i64, String)>(NOTES, args![from, to]).await.unwrap() {
        made.entry(payment).or_default().push(format!("({derivation})"));
    }
    for (payment, lines) in made {
        used.entry(payment).or_default().splice(0..0, lines);
    }
    out.push_str("\nPembayaran dan nota:\n\n| nomor | dari | tanggal | cara | jumlah | dipakai untuk, bulan ini |\n|---|---|---|---|---:|---|\n");
    for (id, receipt, name, amount, method, day) in
        db.all::<(i64, String, String, i64, String, NaiveDate)>(PAYMENTS, args![from, to]).await.unwrap()
    {
        writeln!(
            out,
            "| {receipt} | {name} | {} | {method} | {} | {} |",
            words::date_short(day),
            Rupiah(amount),
            used.remove(&id).unwrap_or_default().join("<br>")
        )
        .unwrap();
    }
    for (number, name, day, method, amount, reason) in
        db.all::<(String, String, NaiveDate, String, i64, String)>(REFUNDS, args![from, to]).await.unwrap()
    {
        writeln!(
            out,
            "| {number} | {name} | {} | {method} | -{} | Saldo kembali: {reason} |",
            words::date_short(day),
            Rupiah(amount)
        )
        .unwrap();
    }
    out.push_str("\nAkhir bulan:\n\n| pelanggan | tagihan terbuka | Saldo | buku besar |\n|---|---:|---:|---:|\n");
    for (name, books, owed, saldo) in db.all::<(String, i64, i64, i64)>(STANDING, args![]).await.unwrap() {
        assert_eq!(books, owed - saldo, "{name}");
        writeln!(out, "| {name} | {} | {} | {} |", Rupiah(owed), Rupiah(saldo), Rupiah(books)).unwrap();
    }
    out
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
