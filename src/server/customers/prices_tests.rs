//! Prices that are planned: for all, for chosen ones, and taken back.

use super::*;
use crate::app::admin::prices::query;
use crate::app::ui::{DeskDeed, DeskView};
use crate::server::customers::extras;
use crate::server::guard::Role;
use crate::server::testing::TestApp;

fn asked(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

async fn look(t: &TestApp, pairs: &[(&str, &str)]) -> DeskView {
    query::view(&t.asked(Role::Owner, 1), &asked(pairs)).await.unwrap()
}

async fn act(t: &TestApp, deed: &str, pairs: &[(&str, &str)]) -> Result<String> {
    query::act(&t.asked(Role::Owner, 1), DeskDeed { deed: deed.to_owned(), values: asked(pairs) }).await
}

#[tokio::test]
async fn who_is_affected_is_told_before_and_billed_after() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        let mut all = Vec::new();
        for name in ["Ani", "Budi", "Cici"] {
            all.push(t.service(name, package, "2025-06-01").await);
        }
        extras::set_price(&t.state, Who::command(), all[1], Some(Rupiah(250_000))).await.unwrap();
        let wish = extras::DiscountWish::Percent(1_000);
        extras::set_discount(&t.state, Who::command(), all[2], wish, None).await.unwrap();
        let id = package.to_string();
        let form = [("id", id.as_str()), ("price", "350.000"), ("from", "2026-03"), ("area", "")];
        let seen = look(&t, &form).await;
        let table = &seen.tables[0];
        assert_eq!(table.title, "Yang terkena: 2 layanan", "on {}", t.state.db.engine());
        let cells: Vec<_> = table.rows.iter().map(|row| row.cells.clone()).collect();
        let money = crate::app::dto::money;
        assert_eq!(cells[0], ["Ani".to_owned(), money(300_000), money(350_000), String::new()]);
        assert_eq!(cells[1][1..3], [money(250_000), money(250_000)]);
        assert!(cells[1][3].contains("tidak berubah") && cells[2][3].contains("Diskon 10%"), "{cells:?}");
        let standing = look(&t, &form[..1]).await.tables.remove(0).rows.len();
        assert_eq!(standing, 2, "looking plans nothing: there is the price, and Budi's own from February");

        act(&t, "", &form).await.unwrap();
        assert_eq!(look(&t, &form).await.tables[0].rows, seen.tables[0].rows, "planned, it reads as before");
        let chosen = [
            ("id", id.as_str()),
            ("price", "320000"),
            ("from", "2026-02"),
            ("area", "pilihan"),
            ("numbers", "Cici, Budi"),
        ];
        let told = act(&t, "", &chosen).await.unwrap();
        assert!(told.contains("untuk 2 layanan"), "{told}");
        for (month, prices) in [("2026-02", [300_000, 320_000, 288_000]), ("2026-03", [350_000, 320_000, 288_000])] {
            t.at(&format!("{month}-01 00:01"));
            t.issue(month).await;
            for (service, price) in all.iter().zip(prices) {
                let bill = t.bills(*service).await.into_iter().find(|bill| bill.0 == month).unwrap();
                assert_eq!(bill.1, price, "{month} on {}", t.state.db.engine());
            }
        }
        t.assert_books().await;
    }
}

#[tokio::test]
async fn a_planned_price_can_be_taken_back_until_its_day() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let package = t.package("Home 20M", 300_000, 1).await;
        t.service("Ani", package, "2025-06-01").await;
        let id = package.to_string();
        let form = [("id", id.as_str()), ("price", "350000"), ("from", "2026-02"), ("area", "")];
        act(&t, "", &form).await.unwrap();
        act(&t, "", &[("id", &id), ("price", "1"), ("from", "2026-03"), ("area", "pilihan"), ("numbers", "Ani")])
            .await
            .unwrap();
        let deeds = async |t: &TestApp| {
            let rows = look(t, &[("id", &id)]).await.tables.remove(0).rows;
            rows.into_iter().map(|row| row.deed).filter(|deed| !deed.is_empty()).collect::<Vec<_>>()
        };
        let planned = deeds(&t).await;
        assert_eq!(planned, ["batal:2026-03-01:1:Pemilik", "batal:2026-02-01"]);
        act(&t, &planned[0], &[("id", &id)]).await.unwrap();
        t.at("2026-02-01 00:01");
        let late = act(&t, &planned[1], &[("id", &id)]).await.unwrap_err();
        assert!(late.to_string().contains("sudah berlaku"), "{late}");
        assert!(matches!(act(&t, &planned[0], &[("id", &id)]).await, Err(Error::Refused(_))));
        assert_eq!(deeds(&t).await, Vec::<String>::new());
    }
}
