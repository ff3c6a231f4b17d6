//! Which steps are done: read from what is there, never only from what somebody said.

use super::{Comparison, SetupView, Step};
use crate::app::admin::settings::{FormView, groups, query as settings_query};
use crate::app::dto::money;
use crate::billing::Rupiah;
use crate::server::audit::Who;
use crate::server::error::{Error, Result};
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::{args, sql};
use settings_query::set;

/// Code, heading, what it is for; and whether a person may say that it is right as it is.
const STEPS: &[(&str, &str, &str, bool)] = &[
    ("perusahaan", "Perusahaan dan logo", "Nama yang dibaca pelanggan di tagihan.", false),
    ("tagihan", "Cara menagih dan jatuh tempo", "Prabayar atau pascabayar, dan tanggal jatuh tempo.", true),
    ("paket", "Paket pertama", "Yang dijual: harga dan kecepatannya.", false),
    ("router", "Router pertama", "Agar isolir dan pemulihan berjalan sendiri.", false),
    ("flip", "Pembayaran online", "Pelanggan membayar lewat virtual account dan QRIS.", false),
    ("whatsapp", "WhatsApp", "Tagihan dan pengingat sampai ke pelanggan.", false),
    ("impor", "Impor pelanggan", "Pindahkan pelanggan, tunggakan, dan saldo dari pembukuan lama.", false),
    ("kasir", "Kasir pertama", "Agar orang lain dapat menerima pembayaran.", false),
];

sql!(HAVE = "SELECT (SELECT COUNT(*) FROM package WHERE active), (SELECT COUNT(*) FROM router r WHERE EXISTS (SELECT 1 FROM router_profile f WHERE f.router_id = r.id) OR r.last_read_at IS NOT NULL),
   (SELECT COUNT(*) FROM (SELECT id FROM service LIMIT 1) some_service), (SELECT COUNT(*) FROM staff WHERE active AND role IN ('cashier', 'admin'))");
sql!(
    OPENING_ARREARS =
        "SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM invoice WHERE kind = 'opening' AND status <> 'void'"
);
sql!(OPENING_CREDIT = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment WHERE method = 'opening'");
sql!(SERVICES = "SELECT COUNT(*) FROM service");

fn listed(settings: &Settings, key: &str) -> Vec<String> {
    settings.text(key).split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

async fn steps(app: &AppState, settings: &Settings) -> Result<Vec<Step>> {
    let (packages, routers, services, staff): (i64, i64, i64, i64) = app.db.one(HAVE, args![]).await?;
    let default_name = crate::server::settings::find("company.name")?.default;
    let (later, said) = (listed(settings, "setup.later"), listed(settings, "setup.done"));
    Ok(STEPS
        .iter()
        .map(|(code, title, why, may_say)| {
            let done = match *code {
                "perusahaan" => settings.text("company.name") != default_name,
                "paket" => packages > 0,
                "router" => routers > 0,
                "flip" => settings.flag("gateway.flip.enabled"),
                "whatsapp" => settings.text("whatsapp.provider") != "none",
                "impor" => services > 0,
                "kasir" => staff > 0,
                _ => *may_say && said.iter().any(|one| one == code),
            };
            let state = if done {
                "done"
            } else if later.iter().any(|one| one == code) {
                "later"
            } else {
                "open"
            };
            Step {
                code: (*code).to_owned(),
                title: (*title).to_owned(),
                why: (*why).to_owned(),
                state: state.to_owned(),
            }
        })
        .collect())
}

/// Fields of a settings form that the assistant shows; the rest keeps its default.
const FIELDS: &[&str] = &[
    "invoice.billing",
    "invoice.due_day",
    "invoice.first_month",
    "gateway.flip.enabled",
    "gateway.flip.environment",
    "gateway.flip.secret_key",
    "gateway.flip.validation_token",
    "gateway.flip.base_url",
];

/// The form of settings of a step, if it has one.
async fn form(app: &AppState, code: &str) -> Result<Option<FormView>> {
    let name = match code {
        "flip" => "gateway",
        known @ ("perusahaan" | "tagihan") => known,
        _ => return Ok(None),
    };
    let group = groups::find(name).ok_or_else(|| Error::Internal(format!("pengaturan {name}")))?;
    let mut form = settings_query::read(app, group).await?;
    if name != "perusahaan" {
        form.fields.retain(|field| FIELDS.contains(&field.key.as_str()));
    }
    Ok(Some(form))
}

/// The assistant as it stands.
pub async fn view(app: &AppState, wanted: &str) -> Result<SetupView> {
    let settings = app.fresh_settings().await?;
    let steps = steps(app, &settings).await?;
    let current = match steps.iter().find(|step| step.code == wanted) {
        Some(step) => step.code.clone(),
        None => steps.iter().find(|step| step.state == "open").map(|step| step.code.clone()).unwrap_or_default(),
    };
    Ok(SetupView {
        form: form(app, &current).await?,
        current,
        steps,
        zone: format!("{}, sekarang {}", app.config.zone.name(), app.clock.words(app.clock.now())),
        callback: format!("{}/payment/callback/flip", app.config.base()),
    })
}

/// Steps that are missing.
pub async fn missing(app: &AppState) -> Result<Vec<Step>> {
    let settings = app.settings().await?;
    Ok(steps(app, &settings).await?.into_iter().filter(|step| step.state != "done").collect())
}

/// Leaves a step for later, says that it is right, or takes either back.
pub async fn mark(app: &AppState, who: Who, code: &str, state: &str) -> Result<()> {
    let (_, _, _, may_say) =
        STEPS.iter().find(|step| step.0 == code).ok_or_else(|| Error::NotFound("Langkah itu tidak ada.".to_owned()))?;
    if !matches!(state, "later" | "done" | "open") || (state == "done" && !may_say) {
        return Err(Error::Refused("Langkah ini selesai bila isinya sudah ada.".to_owned()));
    }
    let settings = app.fresh_settings().await?;
    for (key, word) in [("setup.later", "later"), ("setup.done", "done")] {
        let mut codes = listed(&settings, key);
        codes.retain(|one| one != code);
        if state == word {
            codes.push(code.to_owned());
        }
        set(app, who.clone(), key, codes.join(",")).await?;
    }
    Ok(())
}

/// Compares what was imported with the sums of the old books.
pub async fn compare(app: &AppState, arrears: &str, credit: &str) -> Result<Comparison> {
    let typed = |field: &str, text: &str| {
        if text.trim().is_empty() {
            return Ok(Rupiah::ZERO);
        }
        Rupiah::parse_input(text).map_err(|error| Error::invalid(field, error.to_string()))
    };
    let row = |name: &str, ours: i64, theirs: Rupiah| {
        let difference = ours - theirs.0;
        (name.to_owned(), money(ours), money(theirs.0), money(difference), difference == 0)
    };
    let (arrears, credit) = (typed("arrears", arrears)?, typed("credit", credit)?);
    Ok(Comparison {
        rows: vec![
            row("Tunggakan awal", app.db.number(OPENING_ARREARS, args![]).await?, arrears),
            row("Saldo awal", app.db.number(OPENING_CREDIT, args![]).await?, credit),
        ],
        services: app.db.number(SERVICES, args![]).await?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::testing::TestApp;

    #[tokio::test]
    async fn a_step_is_done_by_what_is_there_and_may_wait() {
        for t in TestApp::each("2026-01-15 10:00").await {
            let state = async |code: &str| {
                view(&t.state, "").await.unwrap().steps.into_iter().find(|step| step.code == code).unwrap().state
            };
            for step in view(&t.state, "").await.unwrap().steps {
                assert_eq!(step.state, "open", "{}", step.code);
            }
            t.set(&[("company.name", "Nusa Net")]).await;
            assert_eq!(state("perusahaan").await, "done");
            mark(&t.state, Who::command(), "flip", "later").await.unwrap();
            mark(&t.state, Who::command(), "tagihan", "done").await.unwrap();
            assert_eq!((state("flip").await, state("tagihan").await), ("later".to_owned(), "done".to_owned()));
            assert!(matches!(mark(&t.state, Who::command(), "router", "done").await, Err(Error::Refused(_))));
            let package = t.package("Home", 300_000, 1).await;
            t.service("SARI", package, "2025-06-01").await;
            assert_eq!((state("paket").await, state("impor").await), ("done".to_owned(), "done".to_owned()));
            let left: Vec<String> = missing(&t.state).await.unwrap().into_iter().map(|step| step.code).collect();
            assert_eq!(left, ["router", "flip", "whatsapp", "kasir"]);
            let comparison = compare(&t.state, "300rb", "").await.unwrap();
            assert!(!comparison.rows[0].4 && comparison.rows[1].4 && comparison.services == 1, "{comparison:?}");
            assert!(
                matches!(compare(&t.state, "banyak", "").await, Err(Error::Invalid { field, .. }) if field == "arrears")
            );
        }
    }
}
