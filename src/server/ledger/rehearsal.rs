//! Pratinjau Tagihan: what the run of a month will bill, looked at before, approved, and held to. The run issues the approved
//! set; a line that differs by then is parked and shown; where too much differs nothing is issued and the owner is asked.
//! Without an approval the run goes out as always. Source: issue 4, "Bill-day rehearsal".

use super::issue::{CANDIDATE_SET, FROZEN_RUN, ISSUED_SET, IssueReport, Run, Scope, Skipped, set_hash};
use super::{Ledger, tax_on};
use crate::args;
use crate::billing::{Period, Rupiah};
use crate::server::audit;
use crate::server::customers::due_day::cut_on;
use crate::server::db::Tx;
use crate::server::error::{Error, Result};
use crate::sql;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Rows of a list of outliers at most.
const LISTED_MAX: i64 = 200;

/// A bill that is far from last month's.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Outlier {
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Service number.
    pub service_number: String,
    /// Rupiah last month.
    pub before: i64,
    /// Rupiah now.
    pub now: i64,
}

/// What a run will do.
#[derive(Clone, Debug)]
pub struct LookAhead {
    /// As the run itself would report.
    pub report: IssueReport,
    /// Bills of the month before, and their sum.
    pub before: (i64, i64),
    /// Of the last month that is over so much of each 1,000 rupiah was paid.
    pub paid_permille: i64,
    /// New bills by package: name, how many, sum.
    pub packages: Vec<(String, i64, i64)>,
    /// More than 30 % above or below last month, the farthest first.
    pub outliers: Vec<Outlier>,
    /// How many of these there are.
    pub outliers_in_all: i64,
    /// Differs from the approved set, where one is approved: the first of them. -1 for no bill.
    pub drifted: Vec<Outlier>,
    /// On which days how many lines would be cut if nobody paid.
    pub isolated: Vec<(NaiveDate, i64)>,
    /// Telephones that get the new-bill message.
    pub messages: i64,
}

/// An approval, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Approval {
    /// Its row.
    pub id: i64,
    /// `approved`, `asked`, `used`, `cancelled`.
    pub state: String,
    /// The set that was approved.
    pub set_hash: String,
    /// How many bills.
    pub bills: i64,
    /// Their sum.
    pub total: i64,
    /// How many differed when the run came.
    pub differing: i64,
    /// Who approved.
    pub who: String,
    /// When.
    pub approved_at: chrono::DateTime<chrono::Utc>,
}

/// A line that was left out of a run because it differed.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Parked {
    /// Its row.
    pub id: i64,
    /// The service.
    pub service_id: i64,
    /// The customer.
    pub customer_id: i64,
    /// His name.
    pub name: String,
    /// Service number.
    pub service_number: String,
    /// Rupiah that was approved; -1 where it was not among them.
    pub approved_total: i64,
    /// Rupiah that the run would have billed; -1 where it would not.
    pub now_total: i64,
}

sql!(CLOSE_RUN = "UPDATE issue_run SET state = 'done' WHERE id = $1");
sql!(
    BEFORE = "SELECT COUNT(*), CAST(COALESCE(SUM(total), 0) AS BIGINT), CAST(COALESCE(SUM(paid), 0) AS BIGINT) FROM invoice WHERE period = $1 AND kind = 'regular' AND status <> 'void'"
);
sql!(
    BY_PACKAGE = "SELECT p.name, COUNT(*), CAST(SUM(pr.total) AS BIGINT) FROM issue_candidate c JOIN issue_price pr ON pr.id = c.price_id
 JOIN package p ON p.id = pr.package_id WHERE c.run_id = $1 GROUP BY p.name ORDER BY 3 DESC, p.name"
);
macro_rules! outliers {
    () => {
        "FROM issue_candidate c JOIN issue_price pr ON pr.id = c.price_id
 JOIN (SELECT i.service_id, SUM(i.total) AS total FROM invoice i WHERE i.period = $2 AND i.kind = 'regular' AND i.status <> 'void' GROUP BY i.service_id) b ON b.service_id = c.service_id
 JOIN service s ON s.id = c.service_id JOIN customer k ON k.id = s.customer_id
 WHERE c.run_id = $1 AND (pr.total * 10 > b.total * 13 OR pr.total * 10 < b.total * 7)"
    };
}
sql!(OUTLIERS_COUNT = concat!("SELECT COUNT(*) ", outliers!()));
sql!(
    OUTLIERS = concat!(
        "SELECT s.customer_id, k.name, s.service_number, CAST(b.total AS BIGINT) AS before, pr.total AS now ",
        outliers!(),
        " ORDER BY ABS(pr.total - b.total) DESC, s.service_number LIMIT $3"
    )
);
// By due day, and by what spares a line.
sql!(
    CUT_DAYS =
        "SELECT due_on, spared, until, CAST(SUM(lines) AS BIGINT) FROM (SELECT c.due_on AS due_on, s.never_isolate AS spared, s.never_isolate_until AS until, COUNT(*) AS lines
  FROM issue_candidate c JOIN service s ON s.id = c.service_id JOIN issue_price pr ON pr.id = c.price_id WHERE c.run_id = $1 AND pr.total >= $2 GROUP BY c.due_on, s.never_isolate, s.never_isolate_until
 UNION ALL SELECT i.due_on, s.never_isolate, s.never_isolate_until, COUNT(*) FROM invoice i JOIN service s ON s.id = i.service_id
  WHERE i.period = $3 AND i.kind = 'regular' AND i.status IN ('open', 'partial') AND i.total - i.paid >= $2 GROUP BY i.due_on, s.never_isolate, s.never_isolate_until) d
 GROUP BY due_on, spared, until ORDER BY due_on"
);
sql!(
    TELEPHONES = "SELECT COUNT(DISTINCT k.phone) FROM issue_candidate c JOIN service s ON s.id = c.service_id JOIN customer k ON k.id = s.customer_id
 WHERE c.run_id = $1 AND k.phone <> ''"
);
sql!(
    LINES =
        "SELECT c.service_id, MIN(pl.kind), pr.total FROM issue_candidate c JOIN issue_price pr ON pr.id = c.price_id
 JOIN issue_price_line pl ON pl.price_id = pr.id AND pl.period = $2 AND pl.kind IN ('subscription', 'prorate')
 WHERE c.run_id = $1 GROUP BY c.service_id, pr.total ORDER BY c.service_id"
);
sql!(
    ISSUED_LINES = "SELECT l.service_id, l.kind, i.total FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
 WHERE l.period = $1 AND i.period = $1 AND l.kind IN ('subscription', 'prorate') AND NOT l.void"
);
sql!(
    APPROVAL = "SELECT id, state, set_hash, bills, total, differing, who, approved_at FROM rehearsal WHERE period = $1 ORDER BY id DESC LIMIT 1"
);
sql!(
    OPEN_APPROVAL = "SELECT id, state, set_hash, bills, total, differing, who, approved_at FROM rehearsal WHERE period = $1 AND state IN ('approved', 'asked')"
);
sql!(
    END_APPROVAL = "UPDATE rehearsal SET state = $2, differing = $3, ended_at = $4 WHERE id = $1 AND state IN ('approved', 'asked')"
);
sql!(
    APPROVE =
        "INSERT INTO rehearsal (period, set_hash, bills, total, state, differing, who, staff_id, approved_at, ended_at)
 VALUES ($1, $2, $3, $4, 'approved', 0, $5, $6, $7, NULL) RETURNING id"
);
// The kind of a candidate's line of the month.
macro_rules! kind_now {
    () => {
        "(SELECT MIN(pl.kind) FROM issue_price_line pl WHERE pl.price_id = pr.id AND pl.period = $3 AND pl.kind IN ('subscription', 'prorate'))"
    };
}
macro_rules! changed {
    () => {
        concat!(
            "FROM issue_candidate c JOIN issue_price pr ON pr.id = c.price_id
 LEFT JOIN rehearsal_line l ON l.rehearsal_id = $2 AND l.service_id = c.service_id
 WHERE c.run_id = $1 AND (l.service_id IS NULL OR l.total <> pr.total OR l.kind <> ",
            kind_now!(),
            ")"
        )
    };
}
// What a payment has issued meanwhile, unchanged, counts as equal.
macro_rules! lost {
    () => {
        "FROM rehearsal_line l WHERE l.rehearsal_id = $2
   AND NOT EXISTS (SELECT 1 FROM issue_candidate c WHERE c.run_id = $1 AND c.service_id = l.service_id)
   AND NOT EXISTS (SELECT 1 FROM invoice_line il JOIN invoice i ON i.id = il.invoice_id
     WHERE il.service_id = l.service_id AND il.period = $3 AND il.kind = l.kind AND NOT il.void AND i.total = l.total)"
    };
}
sql!(COUNT_CHANGED = concat!("SELECT COUNT(*) ", changed!()));
sql!(COUNT_LOST = concat!("SELECT COUNT(*) ", lost!()));
macro_rules! drifted {
    ($of:expr) => {
        concat!("SELECT s.customer_id, k.name, s.service_number, d.was AS before, d.now FROM (", $of, ") d JOIN service s ON s.id = d.service_id JOIN customer k ON k.id = s.customer_id ORDER BY s.service_number LIMIT $4")
    };
}
sql!(
    DRIFT_CHANGED =
        drifted!(concat!("SELECT c.service_id, COALESCE(l.total, -1) AS was, pr.total AS now ", changed!()))
);
sql!(DRIFT_LOST = drifted!(concat!("SELECT l.service_id, l.total AS was, CAST(-1 AS BIGINT) AS now ", lost!())));
sql!(
    PARK_CHANGED = concat!(
        "INSERT INTO issue_parked (period, service_id, approved_total, now_total, state, who, created_at, ended_at)
 SELECT $3, c.service_id, COALESCE(l.total, -1), pr.total, 'open', $4, $5, NULL ",
        changed!(),
        " ON CONFLICT (period, service_id) WHERE state = 'open' DO NOTHING"
    )
);
sql!(
    PARK_LOST = concat!(
        "INSERT INTO issue_parked (period, service_id, approved_total, now_total, state, who, created_at, ended_at)
 SELECT $3, l.service_id, l.total, -1, 'open', $4, $5, NULL ",
        lost!(),
        " ON CONFLICT (period, service_id) WHERE state = 'open' DO NOTHING"
    )
);
sql!(
    TAKE_PARKED_OUT = "DELETE FROM issue_candidate WHERE run_id = $1 AND service_id IN (SELECT service_id FROM issue_parked WHERE period = $2 AND state = 'open')"
);
sql!(TAKE_ALL_OUT = "DELETE FROM issue_candidate WHERE run_id = $1");
sql!(PARKED = "SELECT p.id, p.service_id, s.customer_id, k.name, s.service_number, p.approved_total, p.now_total FROM issue_parked p
 JOIN service s ON s.id = p.service_id JOIN customer k ON k.id = s.customer_id WHERE p.period = $1 AND p.state = 'open' ORDER BY s.service_number LIMIT $2");
sql!(PARKED_ONE = "SELECT period, service_id, now_total FROM issue_parked WHERE id = $1 AND state = 'open'");
sql!(END_PARKED = "UPDATE issue_parked SET state = $2, who = $3, ended_at = $4 WHERE id = $1 AND state = 'open'");

impl Ledger {
    /// This ledger on the day on which the run of `period` comes, if that day is still ahead.
    pub(super) async fn on_run_day(&self, period: Period) -> Result<Self> {
        let day = if self.in_arrears() { period.next().first_day() } else { period.first_day() };
        if day <= self.today {
            return Ok(self.clone());
        }
        let tax = tax_on(&self.state.db, &self.settings, day).await?;
        Ok(Self { today: day, tax, ..self.clone() })
    }

    /// What a run of a month would do on its day, in a transaction that is undone.
    pub(super) async fn rehearse(&self, period: Period, scope: Scope) -> Result<IssueReport> {
        let ledger = self.on_run_day(period).await?;
        let mut tx = self.state.db.begin().await?;
        let frozen = ledger.freeze_to_look(&mut tx, period, scope).await;
        tx.rollback().await?;
        Ok(frozen?.0)
    }

    /// Freezes a run for looking at, in a transaction that the caller undoes; the report, and the run.
    pub(super) async fn freeze_to_look(&self, tx: &mut Tx, period: Period, scope: Scope) -> Result<(IssueReport, i64)> {
        let mut set: Vec<(String, i64)> = tx.all(ISSUED_SET, args![period]).await?;
        let already = set.len();
        if let Some(cut_off) = tx.opt::<Run>(FROZEN_RUN, args![period]).await? {
            set.extend(tx.all::<(String, i64)>(CANDIDATE_SET, args![cut_off.id, period, cut_off.position]).await?);
            tx.exec(CLOSE_RUN, args![cut_off.id]).await?;
        }
        let run = self.freeze(tx, period, scope, false).await?;
        let skipped: Vec<Skipped> = self.skipped(Some(&mut *tx), run.id, period, scope).await?;
        set.extend(tx.all::<(String, i64)>(CANDIDATE_SET, args![run.id, period, 0]).await?);
        set.sort();
        set.dedup();
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let report = IssueReport {
            period,
            issued: count(set.len().saturating_sub(already)),
            already: count(already),
            skipped,
            total: Rupiah(set.iter().map(|row| row.1).sum()),
            set_hash: set_hash(&set),
            parked: 0,
            held: false,
        };
        Ok((report, run.id))
    }

    /// Everything that Pratinjau Tagihan shows of a month.
    pub async fn look_ahead(&self, period: Period) -> Result<LookAhead> {
        let ledger = self.on_run_day(period).await?;
        let mut tx = self.state.db.begin().await?;
        let ahead = ledger.look_ahead_in(&mut tx, period).await;
        tx.rollback().await?;
        ahead
    }

    async fn look_ahead_in(&self, tx: &mut Tx, period: Period) -> Result<LookAhead> {
        let (report, run_id) = self.freeze_to_look(tx, period, Scope::All).await?;
        let before: (i64, i64, i64) = tx.one(BEFORE, args![period.prev()]).await?;
        // How much people pay is known of a month that is over; of the month that runs only what came in so far.
        let over = period.prev().min(Period::of(self.state.clock.today()).prev());
        let month: (i64, i64, i64) = tx.one(BEFORE, args![over]).await?;
        let (_, billed, paid) = if month.0 == 0 { before } else { month };
        let mut drifted = Vec::new();
        if let Some(approval) = tx.opt::<Approval>(OPEN_APPROVAL, args![period]).await?
            && approval.set_hash != report.set_hash
        {
            let which = args![run_id, approval.id, period, LISTED_MAX];
            drifted = tx.all(DRIFT_CHANGED, which.clone()).await?;
            drifted.extend(tx.all::<Outlier>(DRIFT_LOST, which).await?);
        }
        Ok(LookAhead {
            report,
            before: (before.0, before.1),
            paid_permille: if billed == 0 { 0 } else { paid.saturating_mul(1_000) / billed },
            packages: tx.all(BY_PACKAGE, args![run_id]).await?,
            outliers: tx.all(OUTLIERS, args![run_id, period.prev(), LISTED_MAX]).await?,
            outliers_in_all: tx.number(OUTLIERS_COUNT, args![run_id, period.prev()]).await?,
            drifted,
            isolated: self.cut_days(tx, run_id, period).await?,
            messages: tx.number(TELEPHONES, args![run_id]).await?,
        })
    }

    /// On which days how many lines would be cut, by the rules of the daily run.
    async fn cut_days(&self, tx: &mut Tx, run_id: i64, period: Period) -> Result<Vec<(NaiveDate, i64)>> {
        type Due = (NaiveDate, String, Option<NaiveDate>, i64);
        let due: Vec<Due> = tx.all(CUT_DAYS, args![run_id, self.access().min_debt(), period]).await?;
        let mut days: BTreeMap<NaiveDate, i64> = BTreeMap::new();
        for (due_on, spared, until, lines) in due {
            let Some(day) = cut_on(&self.settings, due_on) else { continue };
            if spared.is_empty() || until.is_some_and(|until| until < day) {
                *days.entry(day).or_default() += lines;
            }
        }
        Ok(days.into_iter().collect())
    }

    /// The newest approval of a month.
    pub async fn approval(&self, period: Period) -> Result<Option<Approval>> {
        Ok(self.state.db.opt(APPROVAL, args![period]).await?)
    }

    /// Approves the set of a month that was seen: its hash must be what a rehearsal says now. A former approval of the
    /// month ends.
    ///
    /// # Errors
    /// `Conflict` when the set has changed since it was seen.
    pub async fn approve(&self, period: Period, seen: &str) -> Result<()> {
        let ahead = self.on_run_day(period).await?;
        let mut tx = self.state.db.begin().await?;
        let frozen = ahead.freeze_to_look(&mut tx, period, Scope::All).await;
        let lines = match &frozen {
            Ok((_, run_id)) => tx.all::<(i64, String, i64)>(LINES, args![*run_id, period]).await,
            Err(_) => Ok(Vec::new()),
        };
        tx.rollback().await?;
        let (report, mut lines) = (frozen?.0, lines?);
        if report.set_hash != seen {
            return Err(Error::Conflict(
                "Tagihannya sudah berubah sejak pratinjau ini dibuka. Muat ulang, periksa, lalu setujui lagi."
                    .to_owned(),
            ));
        }
        lines.extend(self.state.db.all::<(i64, String, i64)>(ISSUED_LINES, args![period]).await?);
        let ledger = self.clone();
        self.state
            .db
            .write::<_, Error, _>(move |tx| {
                let (ledger, report, lines) = (ledger.clone(), report.clone(), lines.clone());
                Box::pin(async move {
                    if let Some(old) = tx.opt::<Approval>(OPEN_APPROVAL, args![period]).await? {
                        tx.exec(END_APPROVAL, args![old.id, "cancelled", old.differing, ledger.now]).await?;
                    }
                    let bills = report.issued + report.already;
                    let who = &ledger.who;
                    let values =
                        args![period, &report.set_hash, bills, report.total, &who.name, who.staff_id, ledger.now];
                    let id = tx.number(APPROVE, values).await?;
                    let rows =
                        lines.into_iter().map(|(service, kind, total)| args![id, service, kind, total]).collect();
                    tx.insert_many("INSERT INTO rehearsal_line (rehearsal_id, service_id, kind, total)", rows).await?;
                    let after = format!("{bills} tagihan, {}", report.total);
                    audit::record(tx, who, ledger.now, "rehearsal.approve", &format!("period:{period}"), "", &after)
                        .await
                })
            })
            .await
    }

    /// Takes an approval back: the run goes out as it comes.
    pub async fn unapprove(&self, period: Period) -> Result<()> {
        let ledger = self.clone();
        self.state
            .db
            .write::<_, Error, _>(move |tx| {
                let ledger = ledger.clone();
                Box::pin(async move {
                    let none = || Error::Refused("Tidak ada persetujuan untuk bulan itu.".to_owned());
                    let old = tx.opt::<Approval>(OPEN_APPROVAL, args![period]).await?.ok_or_else(none)?;
                    tx.exec_one(END_APPROVAL, args![old.id, "cancelled", old.differing, ledger.now]).await?;
                    let subject = format!("period:{period}");
                    let before = format!("{} tagihan, {}", old.bills, Rupiah(old.total));
                    audit::record(tx, &ledger.who, ledger.now, "rehearsal.cancel", &subject, &before, "").await
                })
            })
            .await
    }

    /// Holds a frozen run to its approval, if there is one: parks what differs, or takes everything out where too much
    /// does. Answers how many were parked, and whether the run is held.
    pub(super) async fn hold_to_approval(&self, tx: &mut Tx, run_id: i64, period: Period) -> Result<(i64, bool)> {
        if let Some(approval) = tx.opt::<Approval>(OPEN_APPROVAL, args![period]).await? {
            let which = args![run_id, approval.id, period];
            let changed = tx.number(COUNT_CHANGED, which.clone()).await?;
            let differing = changed + tx.number(COUNT_LOST, which).await?;
            let percent = self.settings.int("invoice.rehearsal_max_percent");
            if differing.saturating_mul(100) > approval.bills.max(1).saturating_mul(percent) {
                tx.exec(END_APPROVAL, args![approval.id, "asked", differing, self.now]).await?;
                tx.exec(TAKE_ALL_OUT, args![run_id]).await?;
                return Ok((0, true));
            }
            let park = args![run_id, approval.id, period, &self.who.name, self.now];
            tx.exec(PARK_CHANGED, park.clone()).await?;
            tx.exec(PARK_LOST, park).await?;
            tx.exec(END_APPROVAL, args![approval.id, "used", differing, self.now]).await?;
        }
        // Parked by this run or one before: not issued until a person says so.
        let parked = tx.exec(TAKE_PARKED_OUT, args![run_id, period]).await?;
        Ok((i64::try_from(parked).unwrap_or(i64::MAX), false))
    }

    /// What is parked of a month.
    pub async fn parked(&self, period: Period) -> Result<Vec<Parked>> {
        Ok(self.state.db.all(PARKED, args![period, LISTED_MAX]).await?)
    }

    /// Issues a parked line as it is today, or leaves it out for good; answers the number of its bill.
    ///
    /// # Errors
    /// `Refused` when it is not parked any more, or its month can't be billed.
    pub async fn answer_parked(&self, id: i64, issue: bool) -> Result<Option<String>> {
        let ledger = self.clone();
        self.state
            .db
            .write::<_, Error, _>(move |tx| {
                let ledger = ledger.clone();
                Box::pin(async move {
                    let gone = || Error::Refused("Ini sudah diputuskan. Muat ulang halaman.".to_owned());
                    let (period, service_id, _): (String, i64, i64) =
                        tx.opt(PARKED_ONE, args![id]).await?.ok_or_else(gone)?;
                    let period: Period = period.parse().map_err(|_| Error::Corrupt(format!("periode {period}")))?;
                    let number = if issue { Some(ledger.issue_parked(tx, service_id, period).await?) } else { None };
                    let state = if issue { "issued" } else { "dropped" };
                    tx.exec_one(END_PARKED, args![id, state, &ledger.who.name, ledger.now]).await?;
                    let subject = format!("service:{service_id}");
                    let after = number.clone().unwrap_or_else(|| "tidak diterbitkan".to_owned());
                    audit::record(tx, &ledger.who, ledger.now, "rehearsal.parked", &subject, "", &after).await?;
                    Ok(number)
                })
            })
            .await
    }
}
