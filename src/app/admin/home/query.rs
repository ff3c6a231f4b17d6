//! What Beranda reads: a few sums over indexes, the same for ten customers as for a hundred thousand.

use super::{Dashboard, Deed, Health, Matter};
use crate::app::admin::jobs::query::result_words;
use crate::app::admin::words;
use crate::app::dto::{Badge, Tone, money};
use crate::app::text;
use crate::app::ui::ChartView;
use crate::billing::Period;
use crate::jobs::books;
use crate::jobs::run::CRITICAL;
use crate::jobs::schedule::ENTRIES;
use crate::server::alerts;
use crate::server::audit::{self, Who};
use crate::server::error::{Error, Result};
use crate::server::guard::Permission;
use crate::server::ledger::receives_alone;
use crate::server::session::StaffSession;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::collections::BTreeMap;

sql!(SERVICES = "SELECT stage, desired, COUNT(*) FROM service GROUP BY stage, desired");
sql!(
    MONTH = "SELECT status, COUNT(*), CAST(COALESCE(SUM(total), 0) AS BIGINT), CAST(COALESCE(SUM(paid), 0) AS BIGINT)
 FROM invoice WHERE period = $1 AND status <> 'void' GROUP BY status"
);
sql!(
    OVERDUE = "SELECT COUNT(*), CAST(COALESCE(SUM(total - paid), 0) AS BIGINT) FROM invoice WHERE status IN ('open', 'partial') AND due_on < $1"
);
sql!(DEAD = "SELECT id, kind, last_error, attempt FROM work WHERE state = 'dead' ORDER BY id DESC LIMIT 5");
sql!(COUNT_DEAD = "SELECT COUNT(*) FROM work WHERE state = 'dead'");
sql!(
    DOWN = "SELECT r.name, r.state_since, r.last_problem, COUNT(s.id) FROM router r
 LEFT JOIN service s ON s.router_id = r.id AND s.desired <> s.observed AND s.desired <> 'as_is'
 WHERE r.state = 'down' GROUP BY r.id, r.name, r.state_since, r.last_problem ORDER BY r.name LIMIT 5"
);
// Hand-overs that wait, but for those that this person gave himself.
sql!(
    GIVEN = "SELECT number, given_by, counted FROM handover WHERE state = 'given' AND COALESCE(given_by_id, 0) <> $1 ORDER BY id LIMIT 5"
);
sql!(REFUSED = "SELECT COUNT(*) FROM refused_notice WHERE at > $1");
sql!(
    REVIEW = "SELECT gateway, payment_ref, outcome, received_at FROM gateway_notice WHERE state = 'review' ORDER BY id DESC LIMIT 3"
);
sql!(SWITCHED_OFF = "SELECT job FROM schedule WHERE NOT enabled ORDER BY job");
sql!(
    LAST_LOOK = "SELECT state, result, finished_at FROM job_run WHERE job = $1 AND finished_at IS NOT NULL ORDER BY finished_at DESC, id DESC LIMIT 1"
);
sql!(COUNT_REVIEW = "SELECT COUNT(*) FROM gateway_notice WHERE state = 'review'");
sql!(BRAKE = "SELECT day, would_cut, active FROM isolir_brake WHERE state = 'waiting' AND day = $1");
// By day, added up to months below: the index has the days in order, a month as text would need a sort.
sql!(
    REVENUE = "SELECT d.day, CAST(SUM(d.amount) AS BIGINT) FROM (SELECT received_on AS day, amount FROM payment WHERE received_on >= $1 AND method IN ('cash', 'transfer', 'gateway')
  UNION ALL SELECT reversed_on, -amount FROM payment WHERE reversed_on >= $1 AND method IN ('cash', 'transfer', 'gateway')) d GROUP BY d.day"
);
sql!(FIND_DEAD = "SELECT kind, last_error, dedup FROM work WHERE id = $1 AND state = 'dead'");
sql!(COUNT_EQUAL = "SELECT COUNT(*) FROM work WHERE dedup = $1 AND state = 'ready'");
sql!(
    REVIVE = "UPDATE work SET state = $2, attempt = 0, run_at = $3, lease_by = '', lease_until = NULL, finished_at = $4 WHERE id = $1 AND state = 'dead'"
);

/// The live part of the page.
pub async fn dashboard(app: &AppState, staff: &StaffSession) -> Result<Dashboard> {
    let now = app.clock.now();
    let today = app.clock.today();
    let period = Period::of(today);
    let services: Vec<(String, String, i64)> = app.db.all(SERVICES, args![]).await?;
    let of_stage =
        |stages: &[&str]| services.iter().filter(|row| stages.contains(&row.0.as_str())).map(|row| row.2).sum::<i64>();
    let isolated = services.iter().filter(|row| row.1 == "isolated").map(|row| row.2).sum();
    // Sums that are not for this person are not read.
    let (sees_income, sees_bills) = (staff.may(Permission::ViewReports), staff.may(Permission::ViewInvoices));
    let month: Vec<(String, i64, i64, i64)> = match sees_income || sees_bills {
        true => app.db.all(MONTH, args![period]).await?,
        false => Vec::new(),
    };
    let bills: i64 = month.iter().map(|row| row.1).sum();
    let billed: i64 = month.iter().map(|row| row.2).sum();
    let paid: i64 = month.iter().map(|row| row.3).sum();
    // Notes of credit and write-offs are no money.
    let lowered = if sees_income { crate::server::reports::bills::lowered(app, period).await? } else { 0 };
    let collected = paid - lowered;
    let open: i64 = month.iter().filter(|row| row.0 != "paid").map(|row| row.1).sum();
    let overdue: Option<(i64, i64)> = match sees_bills {
        true => Some(app.db.one(OVERDUE, args![today]).await?),
        false => None,
    };
    let share = if billed == 0 { 0 } else { collected * 100 / billed };
    Ok(Dashboard {
        today: crate::billing::words::date_words_long(today),
        read_at: words::time(&app.clock, now),
        month: period.words(),
        period: period.to_string(),
        active: of_stage(&["aktif"]),
        isolated,
        paused: of_stage(&["cuti"]),
        stopped: of_stage(&["berhenti", "siap_dicabut"]),
        billed: sees_income.then(|| (money(billed), bills)),
        collected: sees_income.then(|| (money(collected), share)),
        outstanding: sees_bills.then(|| (money(billed - paid), open)),
        overdue: overdue.map(|(count, sum)| (money(sum), count)),
        matters: matters(app, staff, now, today).await?,
        health: health(app, staff).await?,
        actions: actions(staff),
    })
}

/// Whether data can be restored and the books agree: the last drill, the last look.
async fn health(app: &AppState, staff: &StaffSession) -> Result<Vec<Health>> {
    let mut list = Vec::new();
    if staff.may(Permission::ViewReports) {
        let last: Option<(String, String, DateTime<Utc>)> = app.db.opt(LAST_LOOK, args![books::NAME]).await?;
        let (badge, words) = match last {
            Some((state, result, at)) => {
                let badge = match serde_json::from_str::<serde_json::Value>(&result).map(|found| found["green"] == true)
                {
                    Ok(true) if state == "done" => Badge::new("Cocok", Tone::Ok),
                    Ok(false) if state == "done" => Badge::new("Ada selisih", Tone::Bad),
                    _ => Badge::new("Gagal diperiksa", Tone::Bad),
                };
                (badge, format!("{}: {}", words::instant(&app.clock, at), result_words(&result)))
            }
            None => (
                Badge::new("Belum diperiksa", Tone::Plain),
                "Setiap malam semua tagihan dihitung ulang dan semua jumlah dibandingkan.".to_owned(),
            ),
        };
        let href = if staff.may(Permission::ManageWork) { "/admin/tugas/riwayat?job=verify" } else { "" };
        list.push(Health { title: "Pembukuan".to_owned(), href: href.to_owned(), badge, words });
    }
    if staff.may(Permission::Backup) {
        let (badge, words) = crate::app::admin::backups::query::last_drill(app).await?;
        list.push(Health { title: text::BACKUPS.to_owned(), href: "/admin/cadangan".to_owned(), badge, words });
    }
    Ok(list)
}

async fn matters(app: &AppState, staff: &StaffSession, now: DateTime<Utc>, today: NaiveDate) -> Result<Vec<Matter>> {
    let mut list = Vec::new();
    // A router that is down has its own line below.
    for alert in alerts::open_ones(app).await?.into_iter().filter(|alert| alert.kind != "router_down") {
        let href = match alert.kind.as_str() {
            "books" => (Permission::ManageWork, "/admin/tugas/riwayat?job=verify"),
            "bills_held" => (Permission::RunBilling, "/admin/pratinjau"),
            "backup" | "backup_copy" | "backup_old" | "drill" => (Permission::Backup, "/admin/cadangan"),
            "queue" | "dead" => (Permission::ManageWork, "/admin/tugas/macet"),
            "whatsapp_down" => (Permission::ViewMessages, "/admin/pesan"),
            _ => (Permission::ManageSettings, "/admin/pengaturan"),
        };
        list.push(Matter {
            badge: Badge::new("Peringatan", Tone::Bad),
            title: alert.text,
            detail: format!("Sejak {}.", words::instant(&app.clock, alert.opened_at)),
            href: if staff.may(href.0) { href.1.to_owned() } else { String::new() },
            deed: Deed::None,
        });
    }
    for (job,) in app.db.all::<(String,)>(SWITCHED_OFF, args![]).await? {
        let Some(entry) = ENTRIES.iter().find(|entry| entry.job == job && CRITICAL.contains(&entry.job)) else {
            continue;
        };
        list.push(Matter {
            badge: Badge::new("Dimatikan", Tone::Bad),
            title: format!("{} sedang dimatikan", entry.title),
            detail: "Tugas ini tidak berjalan sendiri sampai dihidupkan lagi.".to_owned(),
            href: if staff.may(Permission::ManageWork) { "/admin/tugas".to_owned() } else { String::new() },
            deed: Deed::None,
        });
    }
    if let Some((_, would_cut, active)) = app.db.opt::<(NaiveDate, i64, i64)>(BRAKE, args![today]).await? {
        list.push(Matter {
            badge: Badge::new("Isolir ditahan", Tone::Bad),
            title: format!("{} dari {} layanan aktif akan diisolir", text::count(would_cut), text::count(active)),
            detail: "Terlalu banyak sekaligus, jadi belum satu pun diisolir. Periksa dulu, lalu setujui.".to_owned(),
            href: "/admin/tagihan?period=semua&status=overdue".to_owned(),
            deed: if staff.may(Permission::ManageAccess) { Deed::Approve } else { Deed::None },
        });
    }
    if staff.may(Permission::ManageCash) {
        let alone = receives_alone(app, staff.id).await?;
        let given: Vec<(String, String, i64)> = app.db.all(GIVEN, args![if alone { 0 } else { staff.id }]).await?;
        list.extend(given.into_iter().map(|(number, by, counted)| Matter {
            badge: Badge::new("Setoran", Tone::Warn),
            title: format!("{by} menyetor {}", money(counted)),
            detail: format!("{number} menunggu diterima atau ditolak."),
            href: "/admin/setoran".to_owned(),
            deed: Deed::None,
        }));
    }
    let down: Vec<(String, Option<DateTime<Utc>>, String, i64)> = app.db.all(DOWN, args![]).await?;
    list.extend(down.into_iter().map(|(name, since, problem, waiting)| {
        let since = since.map(|at| format!(" selama {}", words::since(now, at))).unwrap_or_default();
        Matter {
            badge: Badge::new("Router", Tone::Bad),
            title: format!("{name} tidak menjawab{since}"),
            detail: format!("{} menunggu. {problem}", text::counted(waiting, "layanan")),
            href: "/admin/router".to_owned(),
            deed: Deed::None,
        }
    }));
    let review_count = app.db.number(COUNT_REVIEW, args![]).await?;
    if review_count > 0 {
        let rows: Vec<(String, String, String, DateTime<Utc>)> = app.db.all(REVIEW, args![]).await?;
        let newest = rows.iter().map(|row| format!("{} {}: {}", row.0, row.1, row.2)).collect::<Vec<_>>().join(" · ");
        list.push(Matter {
            badge: Badge::new("Perlu Dicek", Tone::Warn),
            title: format!("{} perlu dicek", text::counted(review_count, "pemberitahuan pembayaran")),
            detail: newest,
            href: String::new(),
            deed: Deed::None,
        });
    }
    let refused = app.db.number(REFUSED, args![now - Duration::hours(24)]).await?;
    if refused > 0 {
        list.push(Matter {
            badge: Badge::new("Ditolak", Tone::Warn),
            title: format!("{} ditolak dalam 24 jam", text::counted(refused, "pemberitahuan")),
            detail: "Tanda tangannya tidak cocok. Jika dari gateway Anda sendiri, periksa token validasinya."
                .to_owned(),
            href: String::new(),
            deed: Deed::None,
        });
    }
    let dead_count = app.db.number(COUNT_DEAD, args![]).await?;
    let dead: Vec<(i64, String, String, i64)> = app.db.all(DEAD, args![]).await?;
    let shown = i64::try_from(dead.len()).unwrap_or(0);
    list.extend(dead.into_iter().map(|(id, kind, error, attempt)| Matter {
        badge: Badge::new("Macet", Tone::Bad),
        title: format!("{} macet setelah {}", text::work(&kind), text::counted(attempt, "percobaan")),
        detail: error,
        href: String::new(),
        deed: if staff.may(Permission::ManageWork) { Deed::Retry(id) } else { Deed::None },
    }));
    if dead_count > shown {
        list.push(Matter {
            badge: Badge::new("Macet", Tone::Bad),
            title: format!("{} lagi", text::counted(dead_count - shown, "tugas macet")),
            detail: "Yang terbaru tampil di atas.".to_owned(),
            href: if staff.may(Permission::ManageWork) { "/admin/tugas/macet".to_owned() } else { String::new() },
            deed: Deed::None,
        });
    }
    Ok(list)
}

/// Shortcuts to what this person may do.
fn actions(staff: &StaffSession) -> Vec<(String, String)> {
    [
        (Permission::RecordPayment, text::RECEIVE, "/admin/terima"),
        (Permission::ViewInvoices, "Lihat yang lewat jatuh tempo", "/admin/tagihan?period=semua&status=overdue"),
        (Permission::RunBilling, text::ISSUE, "/admin/terbitkan"),
        (Permission::Import, text::IMPORT, "/admin/impor"),
    ]
    .into_iter()
    .filter(|entry| staff.may(entry.0))
    .map(|(_, word, href)| (word.to_owned(), href.to_owned()))
    .collect()
}

/// Payments by month of receipt, opening Saldo left out, the last twelve months.
pub async fn revenue(app: &AppState) -> Result<ChartView> {
    let this = Period::of(app.clock.today());
    let mut months = vec![this];
    while months.len() < 12 {
        let Some(first) = months.first().copied() else { break };
        months.insert(0, first.prev());
    }
    let from = months.first().copied().unwrap_or(this).first_day();
    let rows: Vec<(NaiveDate, i64)> = app.db.all(REVENUE, args![from]).await?;
    let mut by_month: BTreeMap<String, i64> = BTreeMap::new();
    for (day, amount) in rows {
        *by_month.entry(Period::of(day).to_string()).or_default() += amount;
    }
    let bars: Vec<(String, String, i64)> = months
        .iter()
        .map(|month| {
            let amount = by_month.get(&month.to_string()).copied().unwrap_or(0);
            let label: String = month.words().chars().take(3).collect();
            (label, format!("{}: {}", month.words(), money(amount)), amount)
        })
        .collect();
    let total = bars.iter().map(|bar| bar.2).sum();
    let from_words = Period::of(from).words();
    let words = format!("Pembayaran diterima per bulan, {from_words} sampai {}: {}", this.words(), money(total));
    Ok(ChartView::of(&bars, words))
}

/// Makes a dead item ready again. When an equal item already waits, that one does the work and this one is over.
pub async fn retry(app: &AppState, who: Who, id: i64) -> Result<()> {
    let now = app.clock.now();
    app.db
        .write::<_, Error, _>(move |tx| {
            let who = who.clone();
            Box::pin(async move {
                let (kind, error, dedup) = tx
                    .opt::<(String, String, String)>(FIND_DEAD, args![id])
                    .await?
                    .ok_or_else(|| Error::Conflict("Tugas ini tidak macet lagi.".to_owned()))?;
                let state = if tx.number(COUNT_EQUAL, args![dedup]).await? > 0 { "done" } else { "ready" };
                tx.exec_one(REVIVE, args![id, state, now, (state == "done").then_some(now)]).await?;
                audit::record(tx, &who, now, "work.retry", &format!("work:{id}"), &format!("{kind}: {error}"), state)
                    .await
            })
        })
        .await?;
    app.work_bell.notify_one();
    Ok(())
}

/// Lets today's braked run go on; it runs as work, and the next look at the page shows what it did.
pub async fn approve(app: &AppState, who: Who) -> Result<String> {
    crate::server::access::approve_brake(app, &who).await?;
    app.work_bell.notify_one();
    Ok("Disetujui. Isolir sedang dijalankan.".to_owned())
}
