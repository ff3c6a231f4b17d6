//! What the typed values would do, in sentences, by the same rules that will do it.

use super::groups::Group;
use super::{EffectView, TypedValue, query};
use crate::app::dto::money;
use crate::app::text;
use crate::billing::late_fee::LateBill;
use crate::billing::pricing::{FirstMonth, PriceInput, PriceRules, price_bill};
use crate::billing::words::{date_words, day_name};
use crate::billing::{Period, Rupiah, due, prorate};
use crate::server::access;
use crate::server::error::Result;
use crate::server::ledger::{late_fee_rule, late_fees_on, tax_on};
use crate::server::settings::Settings;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::{Datelike, Days, NaiveDate};

/// The price that examples reckon with: the cheapest there is today, else that of the documentation.
const EXAMPLE_PRICE: i64 = 300_000;
/// Day of the month on which the example starts.
const EXAMPLE_DAY: u32 = 15;

sql!(
    SOME_PRICE = "SELECT pp.price FROM package_price pp JOIN package p ON p.id = pp.package_id
 WHERE p.active AND p.duration_months = 1 AND pp.valid_from <= $1 AND pp.price > 0 ORDER BY pp.valid_from DESC, pp.price LIMIT 1"
);
sql!(
    DUE_PHONES = "SELECT i.due_on, COUNT(DISTINCT c.phone) FROM invoice i JOIN service s ON s.id = i.service_id JOIN customer c ON c.id = s.customer_id
 WHERE i.status IN ('open', 'partial') AND i.due_on BETWEEN $1 AND $2 AND c.phone <> '' GROUP BY i.due_on"
);
sql!(
    FULL_BAGS = "SELECT COUNT(*) FROM (SELECT bag_id FROM bag_entry GROUP BY bag_id HAVING SUM(amount) > $1) full_bag"
);

/// The sentences; none while a field is wrong.
pub async fn effect(app: &AppState, group: &Group, typed: Vec<TypedValue>) -> Result<EffectView> {
    let Ok((_, wanted)) = query::judge(app, group, &typed).await? else {
        return Ok(EffectView { lines: Vec::new(), wrong: true });
    };
    let lines = match group.name {
        "isolir" => isolir(app, wanted).await?,
        "tagihan" => billing(app, &wanted).await?,
        "denda" => late_fee(app, &wanted).await?,
        "pajak" => tax(app, &wanted).await?,
        "pesan" => reminders(app, &wanted).await?,
        "kas" => cash(app, &wanted).await?,
        _ => Vec::new(),
    };
    Ok(EffectView { lines, wrong: false })
}

fn when(app: &AppState, day: NaiveDate) -> String {
    let today = app.clock.today();
    if day == today {
        "hari ini".to_owned()
    } else if day == today + Days::new(1) {
        "besok".to_owned()
    } else {
        format!("{}, {}", day_name(day.weekday()), date_words(day))
    }
}

async fn isolir(app: &AppState, wanted: Settings) -> Result<Vec<String>> {
    let time = wanted.text("isolir.time").to_owned();
    let preview = access::preview(app, wanted).await?;
    let at = format!("{} pukul {time}", when(app, preview.day));
    let mut lines = vec![match (&preview.closed, preview.cut) {
        (Some(reason), _) => format!("Tidak ada yang diisolir {at}: {reason}."),
        (None, 0) => format!("Tidak ada pelanggan yang akan terisolir {at}."),
        (None, cut) => format!("{} pelanggan akan terisolir {at}.", text::count(cut)),
    }];
    if preview.braked {
        lines.push("Jumlah itu melewati rem: tidak ada yang diisolir sampai Anda menyetujuinya di Beranda.".to_owned());
    }
    if preview.held > 0 {
        lines.push(format!("{} pelanggan menunggak tetapi dibiarkan.", text::count(preview.held)));
    }
    Ok(lines)
}

async fn rules(app: &AppState, wanted: &Settings) -> Result<PriceRules> {
    Ok(PriceRules {
        first_month: match wanted.text("invoice.first_month") {
            "full" => FirstMonth::Full,
            "free" => FirstMonth::Free,
            _ => FirstMonth::Prorate,
        },
        join_after_day: u32::try_from(wanted.int("invoice.join_after_day")).unwrap_or(0),
        round_to: wanted.int("invoice.round_to").max(1),
        tax: tax_on(&app.db, wanted, app.clock.today()).await?,
    })
}

async fn example_price(app: &AppState) -> Result<Rupiah> {
    let found: Option<(i64,)> = app.db.opt(SOME_PRICE, args![app.clock.today()]).await?;
    Ok(Rupiah(found.map_or(EXAMPLE_PRICE, |row| row.0)))
}

async fn billing(app: &AppState, wanted: &Settings) -> Result<Vec<String>> {
    let today = app.clock.today();
    let next = Period::of(today).next();
    let due_day = u32::try_from(wanted.int("invoice.due_day")).unwrap_or(10);
    let behind = wanted.text("invoice.billing") == "di_akhir";
    let month = if behind { next.prev() } else { next };
    let due_on = due::due_on(next, due_day);
    let mut lines = vec![format!(
        "Tagihan {} terbit {} pukul 00:01; pelanggan dengan tanggal jatuh tempo {due_day} harus membayar paling lambat {}.",
        month.words(),
        date_words(next.first_day()),
        date_words(due_on)
    )];
    let min_days = u64::try_from(wanted.int("invoice.min_days_to_pay")).unwrap_or(0);
    lines.push(format!(
        "Tagihan susulan yang terbit hari ini jatuh tempo paling cepat {}.",
        date_words(today + Days::new(min_days))
    ));
    let price = example_price(app).await?;
    let start = next.first_day().with_day(EXAMPLE_DAY).unwrap_or_else(|| next.first_day());
    let input = PriceInput {
        price,
        duration_months: 1,
        package_name: "contoh".to_owned(),
        period: next,
        service_start: start,
        discount: None,
        add_ons: Vec::new(),
        rules: rules(app, wanted).await?,
    };
    let example = format!("Pemasangan {} dengan paket {}", date_words(start), money(price.0));
    lines.push(match price_bill(&input) {
        Ok(bill) => format!(
            "{example}: tagihan pertama {} ({} hari tersisa).",
            money(bill.total.0),
            prorate::days_left(next, start)
        ),
        Err(skip) => format!("{example}: tidak ditagih untuk bulan itu ({skip})."),
    });
    if wanted.flag("invoice.next_on_payment") {
        lines.push(format!("Begitu {} lunas, tagihan {} langsung terbit.", Period::of(today).words(), next.words()));
    }
    Ok(lines)
}

async fn late_fee(app: &AppState, wanted: &Settings) -> Result<Vec<String>> {
    let Some(rule) = late_fee_rule(wanted) else {
        return Ok(vec!["Tidak ada denda.".to_owned()]);
    };
    let price = example_price(app).await?;
    let day = app.clock.today() + Days::new(1);
    // The example is a bill that bears it: none from before the first month.
    let since: Option<Period> = wanted.text("invoice.late_fee.from").parse().ok();
    let month = since.map_or(Period::of(day), |since| since.max(Period::of(day)));
    let due_on = due::due_on(month, 10);
    let example = LateBill { number: "contoh".to_owned(), due_on, left: price };
    let amount = rule.line(&example, month).map_or(Rupiah::ZERO, |line| line.amount);
    let (count, sum) = late_fees_on(app, wanted, day).await?;
    Ok(vec![
        format!(
            "Tagihan {} yang jatuh tempo {} dan belum dibayar didenda {} pada {}.",
            money(price.0),
            date_words(due_on),
            money(amount.0),
            date_words(due_on + Days::new(rule.days))
        ),
        match count {
            0 => "Besok tidak ada denda yang terbit.".to_owned(),
            n => format!("Besok pukul 00:10 terbit {} denda, jumlahnya {}.", text::count(n), money(sum.0)),
        },
    ])
}

async fn tax(app: &AppState, wanted: &Settings) -> Result<Vec<String>> {
    let price = example_price(app).await?;
    let period = Period::of(app.clock.today()).next();
    let input = PriceInput {
        price,
        duration_months: 1,
        package_name: "contoh".to_owned(),
        period,
        service_start: period.prev().first_day(),
        discount: None,
        add_ons: Vec::new(),
        rules: PriceRules { first_month: FirstMonth::Full, join_after_day: 0, ..rules(app, wanted).await? },
    };
    let total = price_bill(&input).map_or(Rupiah::ZERO, |bill| bill.total);
    let shown = format!("Paket {} ditagih {}", money(price.0), money(total.0));
    Ok(vec![match (wanted.flag("invoice.tax.pkp"), total == price) {
        (false, _) => format!("{shown}, tanpa PPN."),
        (true, true) => format!("{shown}; PPN sudah ada di dalamnya."),
        (true, false) => format!("{shown}: ditambah PPN {}.", money(total.0 - price.0)),
    }])
}

async fn reminders(app: &AppState, wanted: &Settings) -> Result<Vec<String>> {
    let days: Vec<u64> = wanted.text("reminder.days").split(',').filter_map(|day| day.parse().ok()).collect();
    let Some(longest) = days.iter().max().copied() else {
        return Ok(vec!["Tidak ada pengingat yang dikirim.".to_owned()]);
    };
    let time = wanted.text("reminder.time");
    let today = app.clock.today();
    let passed = crate::server::settings::parse_time(time).is_some_and(|time| app.clock.time() >= time);
    let day = if passed { today + Days::new(1) } else { today };
    let due: Vec<(NaiveDate, i64)> = app.db.all(DUE_PHONES, args![day, day + Days::new(longest)]).await?;
    let mut lines = vec![format!("Pengingat berikutnya {} pukul {time}:", when(app, day))];
    for ahead in days {
        let count = due.iter().find(|row| row.0 == day + Days::new(ahead)).map_or(0, |row| row.1);
        let name = if ahead == 0 { "hari H".to_owned() } else { format!("H-{ahead}") };
        lines.push(format!(
            "{name}: {} pelanggan (jatuh tempo {}).",
            text::count(count),
            date_words(day + Days::new(ahead))
        ));
    }
    Ok(lines)
}

async fn cash(app: &AppState, wanted: &Settings) -> Result<Vec<String>> {
    let limit = wanted.int("cash.bag_limit");
    if limit == 0 {
        return Ok(vec!["Tidak ada batas: kas tidak pernah diperingatkan.".to_owned()]);
    }
    let over = app.db.number(FULL_BAGS, args![limit]).await?;
    let what = if wanted.text("cash.over_limit") == "refuse" {
        "tidak dapat menerima tunai sampai menyetor"
    } else {
        "diingatkan untuk menyetor"
    };
    Ok(vec![match over {
        0 => format!("Saat ini tidak ada kas yang melewati {}.", money(limit)),
        over => format!("Saat ini {} kas melewati {}; pemegangnya {what}.", text::count(over), money(limit)),
    }])
}
