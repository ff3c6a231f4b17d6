//! What the page of a package's prices reads and writes.

use crate::app::admin::words;
use crate::app::dto::{Choice, PAGE_ROWS, PageInfo, money};
use crate::app::text;
use crate::app::ui::{DeskDeed, DeskField, DeskRow, DeskTable, DeskView, value_of};
use crate::billing::pricing::percent;
use crate::billing::{Period, Rupiah};
use crate::server::customers::prices::{self, Affected, PriceWish, Priced, Reach};
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use crate::server::state::AppState;
use crate::{args, sql};
use chrono::NaiveDate;

/// Months offered to begin with.
const MONTHS_OFFERED: i32 = 13;
/// The word for a typed list of services.
const CHOSEN: &str = "pilihan";

sql!(PACKAGE = "SELECT name FROM package WHERE id = $1");
sql!(
    AREAS = "SELECT DISTINCT area FROM service WHERE package_id = $1 AND stage <> 'berhenti' AND area <> '' ORDER BY area LIMIT 500"
);

type Asking = [(String, String)];

fn package_of(asked: &Asking) -> i64 {
    value_of(asked, "id").parse().unwrap_or(0)
}

async fn name_of(app: &AppState, package_id: i64) -> Result<String> {
    let found: Option<(String,)> = app.db.opt(PACKAGE, args![package_id]).await?;
    found.map(|row| row.0).ok_or_else(|| Error::NotFound("Paket itu tidak ada.".to_owned()))
}

/// What was typed, as a wish.
async fn wish_of(app: &AppState, asked: &Asking) -> Result<PriceWish> {
    let package_id = package_of(asked);
    let price =
        Rupiah::parse_input(value_of(asked, "price")).map_err(|error| Error::invalid("price", error.to_string()))?;
    let from: Period = match value_of(asked, "from") {
        // As the form shows it before anything is chosen.
        "" => first_month(app),
        text => text.parse().map_err(|_| Error::invalid("from", "Pilih bulan mulainya dari daftar."))?,
    };
    let reach = match value_of(asked, "area") {
        "" => Reach::All,
        CHOSEN => Reach::Services(prices::services_of(&app.db, package_id, value_of(asked, "numbers")).await?),
        area => Reach::Area(area.strip_prefix("di:").unwrap_or(area).to_owned()),
    };
    let wish = PriceWish { package_id, price, from, reach };
    prices::check(&wish, app.clock.today())?;
    Ok(wish)
}

/// The first month that a new price can begin with.
fn first_month(app: &AppState) -> Period {
    Period::of(app.clock.today()).next()
}

async fn fields(app: &AppState, asked: &Asking) -> Result<Vec<DeskField>> {
    let first = first_month(app);
    let months = (0..MONTHS_OFFERED)
        .map(|n| first.add_months(n))
        .map(|month| Choice::new(month.to_string(), month.words()))
        .collect::<Vec<_>>();
    let from = Some(value_of(asked, "from")).filter(|text| !text.is_empty()).map_or(first.to_string(), str::to_owned);
    let areas: Vec<(String,)> = app.db.all(AREAS, args![package_of(asked)]).await?;
    let mut whom = vec![
        Choice::new("", "Semua pelanggan paket ini"),
        Choice::new(CHOSEN, "Pelanggan tertentu saja (tulis nomornya)"),
    ];
    whom.extend(areas.into_iter().map(|(area,)| Choice::new(format!("di:{area}"), format!("Hanya wilayah {area}"))));
    Ok(vec![
        DeskField::new("price", "Harga baru", "Untuk seluruh lama paket, misalnya 350.000", value_of(asked, "price")),
        DeskField::new("from", "Mulai bulan", "Tagihan yang sudah terbit tidak berubah", from).one_of(months),
        DeskField::new(
            "area",
            "Untuk",
            "Untuk sebagian pelanggan, harganya menjadi harga khusus layanan itu",
            value_of(asked, "area"),
        )
        .one_of(whom),
        DeskField::new(
            "numbers",
            "Nomor layanan",
            "Hanya untuk pelanggan tertentu; dipisah koma",
            value_of(asked, "numbers"),
        ),
    ])
}

/// Changes the price of who has none of his own.
fn row(wish: &PriceWish, of: Affected) -> DeskRow {
    let keeps = of.own >= 0 && wish.reach == Reach::All;
    let new = if keeps { of.own } else { wish.price.0 };
    let mut marks = Vec::new();
    if of.own >= 0 {
        marks.push(if keeps { "Harga khusus, tidak berubah".to_owned() } else { "Harga khusus diganti".to_owned() });
    }
    match of.discount_kind.as_str() {
        "percent" => marks.push(format!("Diskon {}", percent(of.discount_value))),
        "amount" => marks.push(format!("Diskon {}", money(of.discount_value))),
        _ => {}
    }
    if let Ok(billed) = of.billed.parse::<Period>() {
        marks.push(format!("{} sudah ditagih, jadi mulai {}", billed.words(), billed.next().words()));
    }
    DeskRow {
        cells: vec![of.name, money(of.old), money(new), marks.join(" · ")],
        sub: of.service_number,
        href: format!("/admin/pelanggan/{}", of.customer_id),
        ..DeskRow::default()
    }
}

async fn affected(app: &AppState, wish: &PriceWish, page: i64) -> Result<DeskTable> {
    let count = prices::count(&app.db, wish).await?;
    let info = PageInfo::of(page, count.all);
    let rows = prices::list(&app.db, wish, PAGE_ROWS, info.offset()).await?;
    let changed = if wish.reach == Reach::All { count.all - count.own } else { count.all };
    Ok(DeskTable {
        title: format!("Yang terkena: {} layanan", text::count(changed)),
        about: format!(
            "{} dari {} mulai {}; {} punya harga khusus, {} punya diskon",
            money(wish.price.0),
            text::count(count.all),
            wish.from.words(),
            text::count(count.own),
            text::count(count.discount)
        ),
        heads: ["Pelanggan", "Harga lama#", "Harga baru#", "Catatan"].map(str::to_owned).to_vec(),
        rows: rows.into_iter().map(|of| row(wish, of)).collect(),
        none: "Belum ada layanan yang memakai paket ini; harga berlaku untuk yang baru.".to_owned(),
        info: Some(info),
    })
}

async fn history(app: &AppState, package_id: i64) -> Result<DeskTable> {
    let today = app.clock.today();
    let all = prices::history(&app.db, package_id, today).await?;
    let holds = all.iter().find(|of| of.services == 0 && of.valid_from <= today).map(|of| of.valid_from);
    let rows = all
        .into_iter()
        .map(|of| {
            let planned = of.valid_from > today;
            let state = match (planned, Some(of.valid_from) == holds && of.services == 0) {
                (true, _) => "Direncanakan",
                (false, true) => "Berlaku sekarang",
                (false, false) => "Pernah berlaku",
            };
            let whom = if of.services == 0 {
                "Semua yang tidak punya harga khusus".to_owned()
            } else {
                format!("{} layanan saja ({})", text::count(of.services), of.who)
            };
            // The first price of a package holds since ever.
            let since = if of.valid_from <= NaiveDate::from_ymd_opt(2000, 1, 1).unwrap_or_default() {
                "sejak awal".to_owned()
            } else {
                words::day(of.valid_from)
            };
            let deed = if of.services == 0 {
                format!("batal:{}", of.valid_from)
            } else {
                format!("batal:{}:{}:{}", of.valid_from, of.price, of.who)
            };
            let price = if of.price < 0 { "Kembali ke harga paket".to_owned() } else { money(of.price) };
            DeskRow {
                cells: vec![since, price, whom, state.to_owned()],
                deed: if planned { deed } else { String::new() },
                button: "Batalkan rencana".to_owned(),
                ..DeskRow::default()
            }
        })
        .collect();
    Ok(DeskTable {
        title: "Riwayat harga".to_owned(),
        heads: ["Mulai", "Harga#", "Untuk", "Keadaan"].map(str::to_owned).to_vec(),
        rows,
        none: "Paket ini belum punya harga.".to_owned(),
        ..DeskTable::default()
    })
}

/// The page for what the address holds.
pub async fn view(who: &Asked, asked: &Asking) -> Result<DeskView> {
    let app = &who.app;
    let package_id = package_of(asked);
    let name = name_of(app, package_id).await?;
    let mut fields = fields(app, asked).await?;
    let mut tables = Vec::new();
    let mut button = String::new();
    let sent = asked.iter().any(|(key, _)| key == "price" || key == "from");
    if sent && value_of(asked, "price").trim().is_empty() {
        for of in fields.iter_mut().filter(|of| of.key == "price") {
            "Isi harga barunya, misalnya 350.000.".clone_into(&mut of.wrong);
        }
    } else if sent {
        match wish_of(app, asked).await {
            Ok(wish) => {
                let page = value_of(asked, "page").parse().unwrap_or(1);
                tables.push(affected(app, &wish, page).await?);
                button = "Rencanakan harga ini".to_owned();
            }
            Err(Error::Invalid { field, message }) => {
                for of in fields.iter_mut().filter(|of| of.key == field) {
                    of.wrong.clone_from(&message);
                }
            }
            Err(other) => return Err(other),
        }
    }
    tables.push(history(app, package_id).await?);
    Ok(DeskView {
        title: format!("Harga {name}"),
        lines: Vec::new(),
        form: "Harga baru mulai …".to_owned(),
        fields,
        preview: "Lihat siapa yang terkena".to_owned(),
        button,
        tables,
        ..DeskView::default()
    })
}

/// Plans, or takes back.
pub async fn act(who: &Asked, deed: DeskDeed) -> Result<String> {
    let (app, by) = (&who.app, who.who.clone());
    let package_id = package_of(&deed.values);
    if deed.deed.is_empty() {
        let wish = wish_of(app, &deed.values).await?;
        let (price, from) = (wish.price, wish.from);
        let reached = prices::plan(app, by, wish).await?;
        return Ok(format!(
            "{} direncanakan mulai {}, untuk {} layanan. Dapat dibatalkan sampai sehari sebelumnya.",
            money(price.0),
            from.words(),
            text::count(reached)
        ));
    }
    let unknown = || Error::invalid("deed", "Muat ulang halaman ini, lalu coba lagi.");
    let parts: Vec<&str> = deed.deed.splitn(4, ':').collect();
    let day = |text: &str| text.parse::<NaiveDate>().map_err(|_| unknown());
    match parts.as_slice() {
        ["batal", from] => {
            let from = day(from)?;
            prices::cancel(app, by, package_id, from).await?;
            Ok(format!("Harga mulai {} dibatalkan.", words::day(from)))
        }
        ["batal", from, price, planner] => {
            let of = Priced {
                price: price.parse().map_err(|_| unknown())?,
                valid_from: day(from)?,
                services: 0,
                who: (*planner).to_owned(),
            };
            let many = prices::cancel_own(app, by, package_id, of).await?;
            Ok(format!("Harga khusus {} layanan dibatalkan.", text::count(many)))
        }
        _ => Err(unknown()),
    }
}
