//! Do the books agree with themselves? Every cache against its rows, every sum against its parts. Each check is one
//! statement that answers with the rows that disagree; a clean database answers with none.

mod deep;
mod facts;
#[cfg(test)]
mod tests;

use crate::args;
use crate::server::audit;
use crate::server::db::Sql;
use crate::server::error::Result;
use crate::server::state::AppState;
use crate::sql;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Differences listed of each kind; the rest is counted.
const LISTED_MAX: usize = 100;

/// What `verify` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Customers looked at.
    pub customers: i64,
    /// Invoices looked at.
    pub invoices: i64,
    /// Payments looked at.
    pub payments: i64,
    /// Lines that were derived again; 0 where only sums were looked at.
    #[serde(default, skip_serializing_if = "is_none")]
    pub derived: i64,
    /// Monthly bills and corrections from before their basis was kept, of which only the sums can be looked at.
    #[serde(default, skip_serializing_if = "is_none")]
    pub without_basis: i64,
    /// Every difference, in words.
    pub differences: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(n: &i64) -> bool {
    *n == 0
}

/// Differences by kind, as they are found; beyond [`LISTED_MAX`] of a kind they are only counted.
#[derive(Debug, Default)]
struct Found(BTreeMap<&'static str, (Vec<String>, usize)>);

impl Found {
    fn add(&mut self, what: &'static str, words: impl FnOnce() -> String) {
        let (listed, more) = self.0.entry(what).or_default();
        if listed.len() < LISTED_MAX {
            listed.push(words());
        } else {
            *more += 1;
        }
    }

    fn words(self) -> Vec<String> {
        let told = |(what, (listed, more)): (&str, (Vec<String>, usize))| {
            let rest = (more > 0).then(|| format!("{what}: dan {more} lagi"));
            listed.into_iter().map(|one| format!("{what}: {one}")).chain(rest).collect::<Vec<_>>()
        };
        self.0.into_iter().flat_map(told).collect()
    }
}

#[derive(sqlx::FromRow)]
struct Difference {
    name: String,
    stored: i64,
    derived: i64,
}

sql!(COUNT_CUSTOMERS = "SELECT COUNT(*) FROM customer");
sql!(COUNT_INVOICES = "SELECT COUNT(*) FROM invoice");
sql!(COUNT_PAYMENTS = "SELECT COUNT(*) FROM payment");

// Each sum is looked up in an index that holds the amounts: nothing is gathered in memory, however many bills there are.
sql!(
    LINES_MAKE_TOTALS = "SELECT d.name, d.stored, d.derived FROM (SELECT i.number AS name, i.total AS stored,
   (SELECT CAST(COALESCE(SUM(l.amount), 0) AS BIGINT) FROM invoice_line l WHERE l.invoice_id = i.id) AS derived FROM invoice i) d
 WHERE d.stored <> d.derived"
);
sql!(
    ALLOCATIONS_MAKE_PAID = "SELECT d.name, d.stored, d.derived FROM (SELECT i.number AS name, i.paid AS stored,
   (SELECT CAST(COALESCE(SUM(a.amount), 0) AS BIGINT) FROM allocation a WHERE a.invoice_id = i.id) AS derived FROM invoice i) d
 WHERE d.stored <> d.derived"
);
sql!(PAID_MAKES_STATUS = "SELECT i.number || ' (' || i.status || ')' AS name, i.paid AS stored, i.total AS derived FROM invoice i
 WHERE i.status <> 'void' AND i.status <> CASE WHEN i.paid = 0 THEN 'open' WHEN i.paid < i.total THEN 'partial' ELSE 'paid' END");
// A payment that was taken back has nothing left; what was given back of it is used.
sql!(ALLOCATIONS_USE_PAYMENTS = "SELECT d.name, d.stored, d.derived FROM (SELECT p.receipt AS name, p.unused AS stored,
   CASE WHEN p.reversed_on IS NULL THEN p.amount ELSE 0 END
    - (SELECT CAST(COALESCE(SUM(a.amount), 0) AS BIGINT) FROM allocation a WHERE a.payment_id = p.id) - CAST(COALESCE(r.amount, 0) AS BIGINT) AS derived FROM payment p
   LEFT JOIN (SELECT payment_id, SUM(amount) AS amount FROM refund_part GROUP BY payment_id) r ON r.payment_id = p.id) d
 WHERE d.stored <> d.derived");
sql!(ISSUES_ARE_IN_LEDGER = "SELECT d.name, d.stored, d.derived FROM (SELECT i.number AS name, CASE WHEN i.status = 'void' THEN 0 ELSE i.total END AS stored,
   (SELECT CAST(COALESCE(SUM(CASE WHEN e.kind IN ('issue', 'opening', 'void') THEN e.amount ELSE 0 END), 0) AS BIGINT)
    FROM ledger_entry e WHERE e.invoice_id = i.id) AS derived FROM invoice i) d
 WHERE d.stored <> d.derived");
sql!(PAYMENTS_ARE_IN_LEDGER = "SELECT d.name, d.stored, d.derived FROM (SELECT p.receipt AS name, CASE WHEN p.reversed_on IS NULL THEN p.amount ELSE 0 END AS stored,
   (SELECT CAST(-COALESCE(SUM(CASE WHEN e.kind IN ('payment', 'opening_credit', 'credit', 'write_off', 'reversal') THEN e.amount ELSE 0 END), 0) AS BIGINT)
    FROM ledger_entry e WHERE e.payment_id = p.id) AS derived FROM payment p) d
 WHERE d.stored <> d.derived");
sql!(REVERSALS_TAKE_BACK = "SELECT e.text AS name, e.amount AS stored, -o.amount AS derived FROM ledger_entry e JOIN ledger_entry o ON o.id = e.reverses
 WHERE e.amount <> -o.amount OR e.customer_id <> o.customer_id");
sql!(
    ALLOCATIONS_TAKEN_BACK =
        "SELECT i.number AS name, a.amount AS stored, -o.amount AS derived FROM allocation a JOIN allocation o ON o.id = a.reverses
 JOIN invoice i ON i.id = a.invoice_id WHERE a.amount <> -o.amount OR a.invoice_id <> o.invoice_id OR a.payment_id <> o.payment_id"
);
sql!(NEGATIVE_ALLOCATIONS_REVERSE = "SELECT i.number AS name, a.amount AS stored, CAST(0 AS BIGINT) AS derived FROM allocation a JOIN invoice i ON i.id = a.invoice_id
 WHERE a.amount < 0 AND a.reverses IS NULL");
sql!(WRITE_OFFS_ARE_WRITTEN = "SELECT i.number AS name, i.written_off AS stored, CAST(COALESCE(a.amount, 0) AS BIGINT) AS derived FROM invoice i
 LEFT JOIN (SELECT a.invoice_id, SUM(a.amount) AS amount FROM payment p JOIN allocation a ON a.payment_id = p.id WHERE p.method = 'write_off' GROUP BY a.invoice_id) a ON a.invoice_id = i.id
 WHERE i.written_off <> COALESCE(a.amount, 0)");
sql!(
    REFUNDS_HAVE_PARTS =
        "SELECT r.number AS name, r.amount AS stored, CAST(COALESCE(p.amount, 0) AS BIGINT) AS derived FROM refund r
 LEFT JOIN (SELECT refund_id, SUM(amount) AS amount FROM refund_part GROUP BY refund_id) p ON p.refund_id = r.id
 WHERE r.amount <> COALESCE(p.amount, 0)"
);
sql!(REFUNDS_ARE_IN_LEDGER = "SELECT c.name AS name, CAST(COALESCE(r.amount, 0) AS BIGINT) AS stored, CAST(COALESCE(e.amount, 0) AS BIGINT) AS derived FROM customer c
 LEFT JOIN (SELECT customer_id, SUM(amount) AS amount FROM refund GROUP BY customer_id) r ON r.customer_id = c.id
 LEFT JOIN (SELECT customer_id, SUM(amount) AS amount FROM ledger_entry WHERE kind = 'refund' GROUP BY customer_id) e ON e.customer_id = c.id
 WHERE COALESCE(r.amount, 0) <> COALESCE(e.amount, 0)");
// The law: the sum of a customer's ledger is what his open bills leave to pay, less his Saldo.
sql!(LEDGER_IS_BALANCE = "SELECT c.name || ' (' || CAST(c.id AS TEXT) || ')' AS name,
   CAST(COALESCE(i.owed, 0) - COALESCE(p.unused, 0) AS BIGINT) AS stored, CAST(COALESCE(e.amount, 0) AS BIGINT) AS derived
 FROM customer c
 LEFT JOIN (SELECT customer_id, SUM(amount) AS amount FROM ledger_entry GROUP BY customer_id) e ON e.customer_id = c.id
 LEFT JOIN (SELECT customer_id, SUM(total - paid) AS owed FROM invoice WHERE status IN ('open', 'partial') GROUP BY customer_id) i ON i.customer_id = c.id
 LEFT JOIN (SELECT customer_id, SUM(unused) AS unused FROM payment WHERE unused > 0 GROUP BY customer_id) p ON p.customer_id = c.id
 WHERE COALESCE(e.amount, 0) <> COALESCE(i.owed, 0) - COALESCE(p.unused, 0)");
sql!(
    ALLOCATIONS_STAY_IN_THE_HOUSE =
        "SELECT i.number AS name, i.customer_id AS stored, p.customer_id AS derived FROM allocation a
 JOIN invoice i ON i.id = a.invoice_id JOIN payment p ON p.id = a.payment_id WHERE i.customer_id <> p.customer_id"
);
// Gapless: as many numbers of a month as the counter has counted, and the highest is the counter.
sql!(INVOICE_NUMBERS_HAVE_NO_GAP = "SELECT c.name AS name, c.n AS stored, n.there AS derived FROM counter c
 JOIN (SELECT SUBSTR(number, 1, 12) AS begins, COUNT(*) AS there FROM invoice GROUP BY 1) n ON c.name = 'invoice:' || SUBSTR(n.begins, 5, 4) || '-' || SUBSTR(n.begins, 10, 2)
 WHERE c.n <> n.there");
sql!(RECEIPT_NUMBERS_HAVE_NO_GAP = "SELECT c.name AS name, c.n AS stored, n.there AS derived FROM counter c
 JOIN (SELECT SUBSTR(receipt, 1, 11) AS begins, COUNT(*) AS there FROM payment WHERE receipt LIKE 'KW/%' GROUP BY 1) n ON c.name = 'receipt:' || SUBSTR(n.begins, 4, 4) || '-' || SUBSTR(n.begins, 9, 2)
 WHERE c.n <> n.there");

sql!(CASH_IS_IN_BAGS = "SELECT p.receipt AS name, p.amount AS stored, CAST(COALESCE(SUM(CASE WHEN e.bag_id = p.bag_id THEN e.amount ELSE 0 END), 0) AS BIGINT) AS derived FROM payment p
 LEFT JOIN bag_entry e ON e.payment_id = p.id AND e.kind = 'cash'
 WHERE p.method = 'cash' OR p.bag_id IS NOT NULL GROUP BY p.id, p.receipt, p.amount
 HAVING COALESCE(SUM(CASE WHEN e.bag_id = p.bag_id THEN e.amount ELSE 0 END), 0) <> p.amount");
// A hand-over takes out of the bag what was counted and what was missing; one that was refused has put it back.
sql!(HANDOVERS_LEAVE_BAGS = "SELECT h.number AS name, CASE WHEN h.state = 'refused' THEN 0 ELSE -(h.counted + h.difference) END AS stored,
   CAST(COALESCE(SUM(CASE WHEN e.bag_id = h.bag_id THEN e.amount ELSE 0 END), 0) AS BIGINT) AS derived
 FROM handover h LEFT JOIN bag_entry e ON e.handover_id = h.id GROUP BY h.id, h.number, h.state, h.counted, h.difference
 HAVING COALESCE(SUM(CASE WHEN e.bag_id = h.bag_id THEN e.amount ELSE 0 END), 0) <> CASE WHEN h.state = 'refused' THEN 0 ELSE -(h.counted + h.difference) END");
// The law of the bags: what lies in them, what was handed over, and what was missing are together the cash that was paid.
sql!(BAGS_HOLD_ALL_CASH = "SELECT 'semua kas' AS name, d.stored, d.derived FROM (SELECT
   (SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment WHERE method = 'cash' AND reversed_on IS NULL)
     - (SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM refund WHERE method = 'cash') AS stored,
   (SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM bag_entry) + (SELECT CAST(COALESCE(SUM(counted + difference), 0) AS BIGINT) FROM handover WHERE state <> 'refused') AS derived) d
 WHERE d.stored <> d.derived");
sql!(CASH_TAKEN_BACK_LEFT_BAGS = "SELECT p.receipt AS name, -p.amount AS stored, CAST(COALESCE(e.amount, 0) AS BIGINT) AS derived FROM payment p
 LEFT JOIN (SELECT payment_id, bag_id, SUM(amount) AS amount FROM bag_entry WHERE kind = 'reversal' GROUP BY payment_id, bag_id) e ON e.payment_id = p.id AND e.bag_id = p.bag_id
 WHERE p.reversed_on IS NOT NULL AND p.bag_id IS NOT NULL AND COALESCE(e.amount, 0) <> -p.amount
 UNION ALL SELECT p.receipt, CAST(0 AS BIGINT), e.amount FROM bag_entry e JOIN payment p ON p.id = e.payment_id WHERE e.kind = 'reversal' AND p.reversed_on IS NULL");
// Gapless numbers of what else is written: notes of credit, write-offs, refunds.
sql!(OTHER_NUMBERS_HAVE_NO_GAP = "SELECT c.name AS name, c.n AS stored, n.there AS derived FROM counter c
 JOIN (SELECT method || ':' || SUBSTR(receipt, 4, 4) || '-' || SUBSTR(receipt, 9, 2) AS name, COUNT(*) AS there FROM payment WHERE method IN ('credit', 'write_off') GROUP BY 1
   UNION ALL SELECT 'refund:' || SUBSTR(number, 4, 4) || '-' || SUBSTR(number, 9, 2), COUNT(*) FROM refund GROUP BY 1) n ON n.name = c.name
 WHERE c.n <> n.there");
sql!(HANDOVER_NUMBERS_HAVE_NO_GAP = "SELECT c.name AS name, c.n AS stored, n.there AS derived FROM counter c
 JOIN (SELECT 'handover:' || SUBSTR(number, 4, 4) || '-' || SUBSTR(number, 9, 2) AS name, COUNT(*) AS there FROM handover GROUP BY 1) n ON n.name = c.name
 WHERE c.n <> n.there");

// Lists read these caches of open bills and of what a service is.
sql!(ROWS_OWE_WHAT_BILLS_SAY = "SELECT r.number AS name, r.owed AS stored, COALESCE(o.owed, 0) AS derived FROM service_row r
 LEFT JOIN service_owed o ON o.service_id = r.service_id
 WHERE r.owed <> COALESCE(o.owed, 0) OR r.bills <> COALESCE(o.bills, 0) OR COALESCE(r.oldest_due, '1970-01-01') <> COALESCE(o.oldest_due, '1970-01-01')
  OR r.last_period <> COALESCE(o.last_period, '') OR r.last_left <> COALESCE(o.last_left, 0) OR r.last_bills <> COALESCE(o.last_bills, 0)");
sql!(ROWS_SAY_WHAT_SERVICES_ARE = "SELECT n.number AS name, COALESCE(r.service_id, 0) AS stored, n.service_id AS derived FROM service_now n
 LEFT JOIN service_row r ON r.service_id = n.service_id
 WHERE r.service_id IS NULL OR r.customer_id <> n.customer_id OR r.name <> n.name OR r.number <> n.number OR r.search <> n.search
  OR r.stage <> n.stage OR r.access <> n.access OR r.package_id <> n.package_id OR r.router_id <> n.router_id OR r.area <> n.area OR r.address <> n.address
  OR COALESCE(r.collector_id, 0) <> COALESCE(n.collector_id, 0) OR r.due_day <> n.due_day OR r.started_on <> n.started_on");

sql!(
    NOTES_HAVE_LINES =
        "SELECT p.receipt AS name, p.amount AS stored, CAST(-COALESCE(l.amount, 0) AS BIGINT) AS derived FROM payment p
 LEFT JOIN (SELECT payment_id, SUM(amount) AS amount FROM credit_line GROUP BY payment_id) l ON l.payment_id = p.id
 WHERE p.method = 'credit' AND p.amount <> -COALESCE(l.amount, 0)"
);

/// One check: what disagrees when it answers, and the statement.
const CHECKS: &[(&str, Sql)] = &[
    ("baris tagihan tidak sama dengan jumlahnya", LINES_MAKE_TOTALS),
    ("yang terbayar tidak sama dengan pemakaian pembayaran", ALLOCATIONS_MAKE_PAID),
    ("status tagihan tidak cocok dengan yang terbayar", PAID_MAKES_STATUS),
    ("sisa pembayaran (Saldo) tidak cocok dengan pemakaiannya", ALLOCATIONS_USE_PAYMENTS),
    ("tagihan tidak tercatat sama di buku besar", ISSUES_ARE_IN_LEDGER),
    ("pembayaran tidak tercatat sama di buku besar", PAYMENTS_ARE_IN_LEDGER),
    ("yang membatalkan tidak sama dengan yang dibatalkan", REVERSALS_TAKE_BACK),
    ("pemakaian yang dibatalkan tidak sama dengan asalnya", ALLOCATIONS_TAKEN_BACK),
    ("pemakaian negatif tanpa asal", NEGATIVE_ALLOCATIONS_REVERSE),
    ("piutang yang dihapus tidak cocok dengan catatannya", WRITE_OFFS_ARE_WRITTEN),
    ("nota kredit tidak sama dengan jumlah barisnya", NOTES_HAVE_LINES),
    ("pengembalian Saldo tidak cocok dengan sumbernya", REFUNDS_HAVE_PARTS),
    ("pengembalian Saldo tidak tercatat sama di buku besar", REFUNDS_ARE_IN_LEDGER),
    ("jumlah buku besar pelanggan tidak sama dengan saldonya", LEDGER_IS_BALANCE),
    ("pembayaran dipakai untuk tagihan pelanggan lain", ALLOCATIONS_STAY_IN_THE_HOUSE),
    ("nomor tagihan berlubang atau ganda", INVOICE_NUMBERS_HAVE_NO_GAP),
    ("nomor kuitansi berlubang atau ganda", RECEIPT_NUMBERS_HAVE_NO_GAP),
    ("uang tunai tidak ada di tas penerimanya", CASH_IS_IN_BAGS),
    ("setoran tidak cocok dengan isi tas", HANDOVERS_LEAVE_BAGS),
    ("isi tas, setoran, dan selisih tidak sama dengan pembayaran tunai", BAGS_HOLD_ALL_CASH),
    ("uang tunai yang dibatalkan masih di tas", CASH_TAKEN_BACK_LEFT_BAGS),
    ("nomor nota kredit, hapus piutang, atau pengembalian berlubang atau ganda", OTHER_NUMBERS_HAVE_NO_GAP),
    ("nomor setoran berlubang atau ganda", HANDOVER_NUMBERS_HAVE_NO_GAP),
    ("yang dibaca daftar tidak sama dengan tagihan terbuka", ROWS_OWE_WHAT_BILLS_SAY),
    ("yang dibaca daftar tidak sama dengan layanannya", ROWS_SAY_WHAT_SERVICES_ARE),
];

/// Every other check, from `first` on: what disagrees.
async fn sums(state: &AppState, first: usize) -> Result<Vec<(&'static str, Difference)>> {
    let mut found = Vec::new();
    for (what, sql) in CHECKS.iter().skip(first).step_by(2) {
        found.extend(state.db.all::<Difference>(*sql, args![]).await?.into_iter().map(|row| (*what, row)));
    }
    Ok(found)
}

/// Checks every sum in the database; `deep` derives every line again as well.
pub async fn verify(state: &AppState, deep: bool) -> Result<VerifyReport> {
    let mut found = Found::default();
    // Two at a time: each reads whole tables, on a connection of its own.
    let (even, odd) = tokio::try_join!(sums(state, 0), sums(state, 1))?;
    for (what, row) in even.into_iter().chain(odd) {
        found.add(what, || format!("{} tercatat {}, menurut barisnya {}", row.name, row.stored, row.derived));
    }
    let covered = if deep { deep::look(state, &mut found).await? } else { deep::Covered::default() };
    let mut differences = found.words();
    differences.extend(audit::verify_chain(&state.db).await?.into_iter().take(LISTED_MAX));
    Ok(VerifyReport {
        customers: state.db.number(COUNT_CUSTOMERS, args![]).await?,
        invoices: state.db.number(COUNT_INVOICES, args![]).await?,
        payments: state.db.number(COUNT_PAYMENTS, args![]).await?,
        derived: covered.derived,
        without_basis: covered.without_basis,
        differences,
    })
}
