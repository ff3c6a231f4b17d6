//! The monthly run: frozen candidates become bills, some thousands a transaction, and callbacks get the writer in
//! between. A run that was killed is gone on with by the next one, at once; twice changes nothing.

use super::{Ledger, count_on, invoice_counter, take_turn};
use crate::args;
use crate::billing::{Period, Rupiah};
use crate::server::access;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::server::work::{self, Job};
use crate::sql;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Customers whose Saldo pays in one transaction at the end of a run: so much that others wait little.
const SALDO_CUSTOMERS: usize = 200;

/// Which services a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// Those that start inside the month.
    Starters,
}

impl Scope {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Starters => "starters",
        }
    }
}

/// What to issue.
#[derive(Clone, Copy, Debug)]
pub struct IssueWish {
    /// The month; by default the current one, in arrears the one before.
    pub period: Option<Period>,
    /// For whom.
    pub scope: Scope,
    /// Whether each bill is announced by WhatsApp.
    pub notify: bool,
    /// Only count.
    pub dry_run: bool,
}

/// A service that got no bill, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, sqlx::FromRow)]
pub struct Skipped {
    /// Its number.
    pub service_number: String,
    /// Why, in words.
    pub reason: String,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueReport {
    /// The month.
    pub period: Period,
    /// Bills issued now.
    pub issued: i64,
    /// Services of the month that had their bill before.
    pub already: i64,
    /// Services without a bill, and why.
    pub skipped: Vec<Skipped>,
    /// Rupiah of all bills of the month, those issued before included.
    pub total: Rupiah,
    /// SHA-256 over the sorted lines `service_number|period|kind|total` of the whole set, in hex.
    pub set_hash: String,
    /// Services left out because they differ from the approved set (Pratinjau Tagihan).
    #[serde(default, skip_serializing_if = "none")]
    pub parked: i64,
    /// Nothing was issued, since too much differs from the approved set.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn none(n: &i64) -> bool {
    *n == 0
}

/// A frozen run.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Run {
    pub(super) id: i64,
    pub(super) business_date: NaiveDate,
    pub(super) position: i64,
}

sql!(pub(super) FROZEN_RUN = "SELECT id, business_date, position FROM issue_run WHERE period = $1 AND state = 'frozen'");
sql!(LAST_POSITION = "SELECT CAST(COALESCE(MAX(position), 0) AS BIGINT) FROM issue_candidate WHERE run_id = $1");
// Whoever moves the position has the chunk: a second process that drives the same run finds another position.
sql!(TAKE_CHUNK = "UPDATE issue_run SET position = $3 WHERE id = $1 AND position = $2 AND state = 'frozen'");
// Whether a line of the month exists is counted, which each engine looks up in an index; as NOT EXISTS, PostgreSQL, whose
// statistics know no bill of the new month yet, joins every candidate with every bill of the month.
sql!(INSERT_BILLS = "INSERT INTO invoice (number, customer_id, service_id, period, kind, issued_on, due_on, total, paid, status, customer_name, package_name, run_id, price_id, created_at, basis_id)
 SELECT $4 || CASE WHEN n.seq < 1000000 THEN SUBSTR(CAST(1000000 + n.seq AS TEXT), 2) ELSE CAST(n.seq AS TEXT) END,
   n.customer_id, n.service_id, $5, 'regular', $6, n.due_on, n.total, 0, 'open', n.customer_name, n.package_name, $1, n.price_id, $7, n.basis_id
 FROM (SELECT $8 + ROW_NUMBER() OVER (ORDER BY c.position) AS seq, s.customer_id, c.service_id, c.due_on, pr.total,
     cu.name AS customer_name, p.name AS package_name, c.price_id, pr.basis_id
   FROM issue_candidate c
   CROSS JOIN issue_price pr CROSS JOIN service s CROSS JOIN customer cu CROSS JOIN package p
   WHERE pr.id = c.price_id AND s.id = c.service_id AND cu.id = s.customer_id AND p.id = s.package_id AND c.run_id = $1 AND c.position > $2 AND c.position <= $3 AND s.stage = 'aktif'
     AND (SELECT COUNT(*) FROM invoice_line l WHERE l.service_id = c.service_id AND l.period = $5 AND l.kind IN ('subscription', 'prorate') AND NOT l.void) < 1
     AND (SELECT COUNT(*) FROM invoice_line l WHERE l.service_id = c.service_id AND l.period = $5 AND l.kind IN ('subscription', 'prorate') AND l.void) < 1) n");
// The bills of this chunk are those of the run above the highest id there was before: a range of the primary key.
sql!(HIGHEST_BILL = "SELECT CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM invoice");
sql!(
    INSERT_BILL_LINES =
        "INSERT INTO invoice_line (invoice_id, service_id, period, kind, amount, text, derivation, change_id, void)
 SELECT i.id, i.service_id, pl.period, pl.kind, pl.amount, pl.text, pl.derivation, NULL, FALSE
 FROM invoice i CROSS JOIN issue_price_line pl
 WHERE i.id > $2 AND i.run_id = $1 AND pl.price_id = i.price_id ORDER BY i.id, pl.id"
);
sql!(INSERT_BILL_ENTRIES = "INSERT INTO ledger_entry (customer_id, service_id, kind, amount, invoice_id, payment_id, business_date, reverses, text, who, at)
 SELECT i.customer_id, i.service_id, 'issue', i.total, i.id, NULL, $3, NULL, 'Tagihan ' || i.number, $4, $5
 FROM invoice i WHERE i.id > $2 AND i.run_id = $1 ORDER BY i.id");
sql!(BILLED_WITH_SALDO = "SELECT DISTINCT pay.customer_id FROM payment pay WHERE pay.unused > 0 AND EXISTS (
   SELECT 1 FROM invoice i WHERE i.customer_id = pay.customer_id AND i.status IN ('open', 'partial') AND (i.period <= $1 OR i.kind <> 'regular'))");
sql!(COUNT_CHUNK = "UPDATE issue_run SET issued = issued + $3,
   total = total + (SELECT CAST(COALESCE(SUM(i.total), 0) AS BIGINT) FROM invoice i WHERE i.id > $2 AND i.run_id = $1) WHERE id = $1");
sql!(FINISH_RUN = "UPDATE issue_run SET state = 'done', finished_at = $2 WHERE id = $1 AND state = 'frozen'");
sql!(WANTS_NOTICE = "SELECT COUNT(*) FROM issue_run WHERE id = $1 AND notify AND issued > 0");
sql!(DROP_CANDIDATES = "DELETE FROM issue_candidate WHERE run_id = $1");
sql!(DROP_EXTRAS = "DELETE FROM issue_extra WHERE run_id = $1");
// One text a bill: what the hash is made of is put together where it is read.
sql!(
    pub(super) ISSUED_SET =
        "SELECT s.service_number || '|' || l.period || '|' || l.kind || '|' || CAST(i.total AS TEXT) AS line, i.total
 FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id JOIN service s ON s.id = l.service_id
 WHERE l.period = $1 AND i.period = $1 AND l.kind IN ('subscription', 'prorate') AND NOT l.void"
);
sql!(
    ISSUED_BEFORE = "SELECT COUNT(*) FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
 WHERE l.period = $1 AND i.period = $1 AND l.kind IN ('subscription', 'prorate') AND NOT l.void"
);
sql!(pub(super) CANDIDATE_SET = "SELECT s.service_number || '|' || pl.period || '|' || pl.kind || '|' || CAST(pr.total AS TEXT) AS line, pr.total FROM issue_candidate c JOIN service s ON s.id = c.service_id
 JOIN issue_price pr ON pr.id = c.price_id JOIN issue_price_line pl ON pl.price_id = pr.id AND pl.period = $2 AND pl.kind IN ('subscription', 'prorate')
 WHERE c.run_id = $1 AND c.position > $3");

impl Ledger {
    /// Issues the bills of a month. Goes on with a run of that month that was cut off, first.
    pub async fn issue(&self, wish: IssueWish) -> Result<IssueReport> {
        let default = if self.in_arrears() { self.current().prev() } else { self.current() };
        let period = wish.period.unwrap_or(default);
        if period > default.next() {
            return Err(Error::invalid(
                "period",
                format!(
                    "Tagihan {} belum dapat diterbitkan; paling jauh bulan {}.",
                    period.words(),
                    default.next().words()
                ),
            ));
        }
        if wish.dry_run {
            return self.rehearse(period, wish.scope).await;
        }
        self.must_be_open_today()?;
        let already = self.state.db.number(ISSUED_BEFORE, args![period]).await?;
        if let Some(cut_off) = self.state.db.opt::<Run>(FROZEN_RUN, args![period]).await? {
            tracing::info!(run = cut_off.id, position = cut_off.position, "going on with a bill run that was cut off");
            self.drive(cut_off, period).await?;
        }
        let ledger = self.clone();
        let (run, parked, held) = self
            .state
            .db
            .write::<_, Error, _>(move |tx| {
                let ledger = ledger.clone();
                Box::pin(async move {
                    let run = ledger.freeze(tx, period, wish.scope, wish.notify).await?;
                    let (parked, held) = match wish.scope {
                        Scope::All => ledger.hold_to_approval(tx, run.id, period).await?,
                        Scope::Starters => (0, false),
                    };
                    Ok((run, parked, held))
                })
            })
            .await?;
        let skipped = self.skipped(None, run.id, period, wish.scope).await?;
        self.drive(run, period).await?;
        self.state.work_bell.notify_waiters();
        let set: Vec<(String, i64)> = self.state.db.all(ISSUED_SET, args![period]).await?;
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Ok(IssueReport {
            period,
            issued: count(set.len()) - already,
            already,
            skipped,
            total: Rupiah(set.iter().map(|row| row.1).sum()),
            set_hash: set_hash(&set),
            parked,
            held,
        })
    }

    /// Issues the chunks of a frozen run that are still open, then ends it.
    async fn drive(&self, run: Run, period: Period) -> Result<()> {
        let last = self.state.db.number(LAST_POSITION, args![run.id]).await?;
        let mut position = run.position;
        while position < last {
            let to = (position + self.state.db.rows_per_write()).min(last);
            let (ledger, chunk_of, from) = (self.clone(), run.clone(), position);
            let mine = self
                .state
                .db
                .write::<_, Error, _>(move |tx| {
                    let (ledger, run) = (ledger.clone(), chunk_of.clone());
                    Box::pin(async move { ledger.chunk(tx, &run, period, from, to).await })
                })
                .await?;
            position = if mine {
                to
            } else {
                // Another process drives this run: go on from where it is.
                match self.state.db.opt::<Run>(FROZEN_RUN, args![period]).await? {
                    Some(current) if current.id == run.id => current.position.max(position),
                    _ => return Ok(()),
                }
            };
        }
        // Saldo pays what has begun: the bills of this run, and those made early whose month came.
        let payers: Vec<(i64,)> = self.state.db.all(BILLED_WITH_SALDO, args![self.current()]).await?;
        for some in payers.chunks(SALDO_CUSTOMERS) {
            let (ledger, some) = (self.clone(), some.to_vec());
            self.state
                .db
                .write::<_, Error, _>(move |tx| {
                    let (ledger, some) = (ledger.clone(), some.clone());
                    Box::pin(async move {
                        for (customer_id,) in some {
                            take_turn(tx, customer_id).await?;
                            ledger.use_saldo(tx, customer_id).await?;
                            access::after_money(tx, &ledger.access(), customer_id).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
        let (now, run_id) = (self.now, run.id);
        self.state
            .db
            .write::<_, Error, _>(move |tx| {
                Box::pin(async move {
                    let announced = tx.exec(FINISH_RUN, args![run_id, now]).await? == 1
                        && tx.number(WANTS_NOTICE, args![run_id]).await? > 0;
                    if announced {
                        work::enqueue(tx, &Job::AnnounceRun { run_id }, now, now).await?;
                    }
                    tx.exec(DROP_CANDIDATES, args![run_id]).await?;
                    tx.exec(DROP_EXTRAS, args![run_id]).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Issues one chunk; false if another process has it.
    pub(super) async fn chunk(&self, tx: &mut Tx, run: &Run, period: Period, from: i64, to: i64) -> Result<bool> {
        if tx.exec(TAKE_CHUNK, args![run.id, from, to]).await? == 0 {
            return Ok(false);
        }
        let counter = invoice_counter(run.business_date);
        let base = count_on(tx, &counter, 0).await?;
        let highest = tx.number(HIGHEST_BILL, args![]).await?;
        let prefix = format!("INV/{:04}/{:02}/", run.business_date.year(), run.business_date.month());
        let issued =
            tx.exec(INSERT_BILLS, args![run.id, from, to, prefix, period, run.business_date, self.now, base]).await?;
        let issued = i64::try_from(issued).map_err(|_| Error::Internal("jumlah tagihan".to_owned()))?;
        count_on(tx, &counter, issued).await?;
        tx.exec(INSERT_BILL_LINES, args![run.id, highest]).await?;
        tx.exec(INSERT_BILL_ENTRIES, args![run.id, highest, run.business_date, &self.who.name, self.now]).await?;
        tx.exec_one(COUNT_CHUNK, args![run.id, highest, issued]).await?;
        Ok(true)
    }
}

/// SHA-256 over the sorted lines `service_number|period|kind|total`, one line each, in hex.
pub(super) fn set_hash(set: &[(String, i64)]) -> String {
    let mut lines: Vec<&str> = set.iter().map(|(line, _)| line.as_str()).collect();
    lines.sort_unstable();
    let mut hash = Sha256::new();
    for line in lines {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    hex::encode(hash.finalize())
}
