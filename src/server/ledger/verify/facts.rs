//! What the books say today about the things that a bill was priced from, and since when they say so.

use crate::args;
use crate::billing::pricing::{AddOn, Discount, MonthBasis, PriceRules, Tax, TaxMode, TaxRate};
use crate::billing::words::date_short;
use crate::billing::{Period, Rupiah};
use crate::server::error::Result;
use crate::server::ledger::next::discount;
use crate::server::ledger::rates::{price_rules, tax_mode};
use crate::server::state::AppState;
use crate::sql;
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::HashMap;

sql!(PRICES = "SELECT package_id, price, valid_from FROM package_price ORDER BY package_id, valid_from");
sql!(RATES = "SELECT valid_from, rate, base_num, base_den FROM tax_rate ORDER BY valid_from");
// When the log says that something was changed that a price depends on.
sql!(CHANGED = "SELECT subject, MAX(at) FROM audit_event
 WHERE action IN ('service.discount', 'service.price', 'service.addon', 'service.addon_end', 'service.change', 'service.install', 'service.restart', 'service.package', 'service.stop',
   'package.price', 'package.price_cancel', 'package.price_chosen', 'package.update', 'customer.import', 'customer.import.rows', 'tax.rate', 'tax.rate_drop')
 GROUP BY subject");
sql!(SETTINGS_SET = "SELECT key, updated_at FROM setting WHERE key LIKE 'invoice.%'");
sql!(
    CHANGES_DONE = "SELECT service_id, MAX(ended_at) FROM service_change WHERE state = 'done' AND ended_at IS NOT NULL GROUP BY service_id"
);
sql!(OWN_PRICES = "SELECT service_id, price, valid_from FROM service_price
 WHERE service_id IN (SELECT i.service_id FROM invoice i WHERE i.id > $1 AND i.id <= $2) ORDER BY service_id, valid_from");
sql!(
    ADD_ONS = "SELECT service_id, text, amount, from_period, until_period FROM service_addon
 WHERE service_id IN (SELECT i.service_id FROM invoice i WHERE i.id > $1 AND i.id <= $2) ORDER BY service_id, text, amount"
);

/// What holds for all bills.
#[derive(Debug)]
pub(super) struct World {
    prices: HashMap<i64, Vec<(NaiveDate, i64)>>,
    rates: Vec<(NaiveDate, TaxRate)>,
    rules: PriceRules,
    tax_mode: Option<TaxMode>,
    /// By subject of the log: `service:17`, `package:3`, a setting's key.
    changed: HashMap<String, DateTime<Utc>>,
    /// By service.
    lives: HashMap<i64, DateTime<Utc>>,
    /// The last import: it may have touched anybody.
    imported: Option<DateTime<Utc>>,
}

/// What a few services have of their own.
#[derive(Debug, Default)]
pub(super) struct Facts {
    own_prices: HashMap<i64, Vec<(NaiveDate, i64)>>,
    add_ons: HashMap<i64, Vec<(String, i64, String, String)>>,
}

/// A service as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Service<'a> {
    pub(super) id: i64,
    pub(super) package_id: i64,
    pub(super) started_on: NaiveDate,
    pub(super) discount_kind: &'a str,
    pub(super) discount_value: i64,
    pub(super) discount_until: &'a str,
}

impl Facts {
    /// Of the services of a range of bills.
    pub(super) async fn read(state: &AppState, from: i64, to: i64) -> Result<Self> {
        let mut facts = Self::default();
        for (service_id, price, valid_from) in
            state.db.all::<(i64, i64, NaiveDate)>(OWN_PRICES, args![from, to]).await?
        {
            facts.own_prices.entry(service_id).or_default().push((valid_from, price));
        }
        for (service_id, text, amount, first, last) in
            state.db.all::<(i64, String, i64, String, String)>(ADD_ONS, args![from, to]).await?
        {
            facts.add_ons.entry(service_id).or_default().push((text, amount, first, last));
        }
        Ok(facts)
    }

    fn own_price(&self, service_id: i64, day: NaiveDate) -> Option<i64> {
        latest(self.own_prices.get(&service_id)?, day).filter(|price| *price >= 0)
    }

    fn add_ons(&self, service_id: i64, period: Period) -> Vec<AddOn> {
        let period = period.to_string();
        let holds = |first: &String, last: &String| *first <= period && (last.is_empty() || *last >= period);
        self.add_ons.get(&service_id).map_or_else(Vec::new, |all| {
            all.iter()
                .filter(|(_, _, first, last)| holds(first, last))
                .map(|(text, amount, _, _)| AddOn { text: text.clone(), amount: Rupiah(*amount) })
                .collect()
        })
    }
}

/// What holds on `day` of what is dated, oldest first.
fn latest<T: Copy>(dated: &[(NaiveDate, T)], day: NaiveDate) -> Option<T> {
    dated.iter().rev().find(|(from, _)| *from <= day).map(|(_, value)| *value)
}

impl World {
    /// What the books say now.
    pub(super) async fn read(state: &AppState) -> Result<Self> {
        let settings = state.fresh_settings().await?;
        let mut prices: HashMap<i64, Vec<(NaiveDate, i64)>> = HashMap::new();
        for (package_id, price, from) in state.db.all::<(i64, i64, NaiveDate)>(PRICES, args![]).await? {
            prices.entry(package_id).or_default().push((from, price));
        }
        let rates: Vec<(NaiveDate, i64, i64, i64)> = state.db.all(RATES, args![]).await?;
        let mut changed: HashMap<String, DateTime<Utc>> =
            state.db.all::<(String, DateTime<Utc>)>(CHANGED, args![]).await?.into_iter().collect();
        changed.extend(state.db.all::<(String, DateTime<Utc>)>(SETTINGS_SET, args![]).await?);
        let imported = changed.iter().filter(|(subject, _)| subject.starts_with("import")).map(|(_, at)| *at).max();
        Ok(Self {
            prices,
            rates: rates
                .into_iter()
                .map(|(from, rate, base_num, base_den)| (from, TaxRate { rate, base_num, base_den }))
                .collect(),
            rules: price_rules(&settings, None),
            tax_mode: tax_mode(&settings),
            lives: state.db.all::<(i64, DateTime<Utc>)>(CHANGES_DONE, args![]).await?.into_iter().collect(),
            imported,
            changed,
        })
    }

    /// What of a bill's basis the books say differently, without the log knowing of a change since.
    pub(super) fn differences(
        &self,
        facts: &Facts,
        basis: &MonthBasis,
        service: &Service<'_>,
        issued_on: NaiveDate,
        issued_at: DateTime<Utc>,
    ) -> Vec<String> {
        let since = |subject: &str| self.changed.get(subject).is_some_and(|at| *at >= issued_at);
        let service_changed = || {
            since(&format!("service:{}", service.id))
                || self.lives.get(&service.id).is_some_and(|at| *at >= issued_at)
                || self.imported.is_some_and(|at| at >= issued_at)
        };
        let input = &basis.input;
        let mut causes = Vec::new();
        if basis.package_id != service.package_id && !service_changed() {
            causes.push(format!("memakai paket {}, layanan memakai paket lain", input.package_name));
        }
        let own = facts.own_price(service.id, basis.price_on);
        let listed = self.prices.get(&basis.package_id).and_then(|dated| latest(dated, basis.price_on));
        let price = own.or(listed);
        if (own.is_some() != basis.own_price || price != Some(input.price.0))
            && !service_changed()
            && !since(&format!("package:{}", basis.package_id))
        {
            let says =
                price.map_or_else(|| "tidak menyebut harga".to_owned(), |price| format!("menyebut {}", Rupiah(price)));
            causes.push(format!(
                "memakai harga {} untuk {}, daftar harga {says} pada {}",
                input.price,
                input.package_name,
                date_short(basis.price_on)
            ));
        }
        if input.add_ons != facts.add_ons(service.id, input.period) && !service_changed() {
            causes.push("biaya bulanan tidak sama dengan yang tercatat untuk bulan itu".to_owned());
        }
        if self.priced_start(basis, service.started_on) != self.priced_start(basis, input.service_start)
            && !service_changed()
        {
            causes.push(format!(
                "dihitung sejak {}, layanan mulai {}",
                date_short(input.service_start),
                date_short(service.started_on)
            ));
        }
        if input.discount != standing(service, input.period) && !service_changed() {
            causes.push("diskon tidak sama dengan diskon layanan".to_owned());
        }
        causes.extend(self.rule_differences(basis, issued_on, &since));
        causes
    }

    fn rule_differences(&self, basis: &MonthBasis, issued_on: NaiveDate, since: &impl Fn(&str) -> bool) -> Vec<String> {
        let (used, mut causes) = (basis.input.rules, Vec::new());
        if used.round_to != self.rules.round_to && !since("invoice.round_to") {
            causes.push(format!("dibulatkan ke {}, pengaturannya {}", used.round_to, self.rules.round_to));
        }
        let first = Period::of(basis.input.service_start) == basis.input.period;
        if first && used.first_month != self.rules.first_month && !since("invoice.first_month") {
            causes.push("bulan pertama dihitung dengan cara lain dari pengaturannya".to_owned());
        }
        let rate = latest(&self.rates, issued_on);
        let tax = self.tax_mode.zip(rate).map(|(mode, rate)| Tax { mode, rate });
        if used.tax != tax && !since("invoice.tax.pkp") && !since("invoice.tax.mode") && !since("tax") {
            let words = |tax: Option<Tax>| tax.map_or_else(|| "tanpa PPN".to_owned(), |tax| tax.rate.words());
            causes.push(format!("dihitung {}, seharusnya {}", words(used.tax), words(tax)));
        }
        causes
    }

    /// A start as far as it matters to the price of that month: long ago is all alike for a monthly package.
    fn priced_start(&self, basis: &MonthBasis, start: NaiveDate) -> Option<NaiveDate> {
        let seam = basis.input.period.prev().first_day();
        (basis.input.duration_months > 1 || start >= seam).then_some(start)
    }
}

/// The discount of a service in a month.
fn standing(service: &Service<'_>, period: Period) -> Option<Discount> {
    let holds = service.discount_until.is_empty() || *service.discount_until >= *period.to_string();
    holds.then(|| discount(service.discount_kind, service.discount_value)).flatten()
}
