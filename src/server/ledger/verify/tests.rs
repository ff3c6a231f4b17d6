//! Damage by hand is found and named; a change that the log knows is none.

use super::*;
use crate::billing::Rupiah;
use crate::server::audit::Who;
use crate::server::customers::extras::{self, DiscountWish};
use crate::server::customers::packages;
use crate::server::testing::TestApp;

sql!(HURT_LINE = "UPDATE invoice_line SET amount = amount + 1000 WHERE id = 1");
sql!(HURT_TEXT = "UPDATE invoice_line SET derivation = 'Paket Home 20M Rp 300.000, gratis = Rp 0' WHERE id = 1");
sql!(HURT_PRICE = "UPDATE package_price SET price = 250000");
sql!(HURT_DISCOUNT = "UPDATE service SET discount_kind = 'amount', discount_value = 50000");
sql!(HURT_START = "UPDATE service SET started_on = '2026-01-20'");
sql!(HURT_RENT = "UPDATE service_addon SET amount = 99000");
sql!(HURT_OWN_PRICE = "UPDATE service_price SET price = 1");
sql!(HURT_RATE = "UPDATE tax_rate SET rate = 500 WHERE valid_from = '2025-01-01'");
sql!(HURT_BASIS = "UPDATE price_basis SET input = REPLACE(input, '300000', '200000')");
sql!(HURT_KEPT_BASIS = "UPDATE invoice SET basis_id = NULL WHERE id = 2");
sql!(HURT_PACKAGE = "UPDATE service SET package_id = (SELECT MAX(id) FROM package)");

/// A service with a bill for January that has everything: a part of the month, PPN, a discount, something rented.
async fn billed(t: &TestApp) -> i64 {
    t.set(&[("invoice.tax.pkp", "true")]).await;
    t.package("Home 50M", 450_000, 1).await;
    let package = t.package("Home 20M", 300_000, 1).await;
    t.package("Home 100M", 900_000, 1).await;
    let siti = t.service("Siti", package, "2026-01-15").await;
    let who = Who::command();
    let rent = ("Sewa alat", Rupiah(25_000));
    extras::add_on(&t.state, who.clone(), siti, rent, None, "form".to_owned()).await.unwrap();
    extras::set_discount(&t.state, who, siti, DiscountWish::Percent(1_000), None).await.unwrap();
    t.at("2026-01-16 10:00");
    t.issue("2026-01").await;
    t.at("2026-02-01 00:01");
    t.issue("2026-02").await;
    siti
}

async fn hurt(t: &TestApp, damage: Sql) {
    t.state
        .db
        .write::<_, crate::server::error::Error, _>(move |tx| {
            Box::pin(async move {
                tx.exec(damage, args![]).await?;
                Ok(())
            })
        })
        .await
        .unwrap();
}

async fn found(t: &TestApp) -> Vec<String> {
    verify(&t.state, true).await.unwrap().differences
}

#[tokio::test]
async fn each_damage_by_hand_is_found_and_named() {
    for (damage, named) in [
        (
            HURT_LINE,
            "INV/2026/01/000001 baris 1: tercatat Rp 165.516, seharusnya Rp 164.516 (Paket Home 20M Rp 300.000 / 31 hari",
        ),
        (HURT_TEXT, "gratis = Rp 0\", seharusnya \"Paket Home 20M Rp 300.000 / 31 hari x 17 hari"),
        (
            HURT_PRICE,
            "INV/2026/02/000001: memakai harga Rp 300.000 untuk Home 20M, daftar harga menyebut Rp 250.000 pada 01/02/2026",
        ),
        (HURT_DISCOUNT, "INV/2026/01/000001: diskon tidak sama dengan diskon layanan"),
        (HURT_START, "INV/2026/01/000001: dihitung sejak 15/01/2026, layanan mulai 20/01/2026"),
        (HURT_RENT, "INV/2026/02/000001: biaya bulanan tidak sama"),
        (HURT_RATE, "INV/2026/01/000001: dihitung PPN 12% x 11/12, seharusnya PPN 5% x 11/12"),
        (HURT_BASIS, "dasar harga diubah setelah ditulis: dasar 1"),
        (HURT_KEPT_BASIS, "tagihan tanpa dasar harga: INV/2026/02/000001"),
        (HURT_PACKAGE, "INV/2026/01/000001: memakai paket Home 20M, layanan memakai paket lain"),
    ] {
        for t in TestApp::each("2026-01-15 10:00").await {
            billed(&t).await;
            let report = verify(&t.state, true).await.unwrap();
            assert_eq!((report.differences, report.derived, report.without_basis), (Vec::new(), 7, 0));
            hurt(&t, damage).await;
            let found = found(&t).await;
            assert!(found.iter().any(|one| one.contains(named)), "{named}: {found:#?}");
        }
    }
}

#[tokio::test]
async fn what_the_log_knows_is_no_difference() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let siti = billed(&t).await;
        t.at("2026-02-02 10:00");
        let who = Who::command();
        extras::set_discount(&t.state, who.clone(), siti, DiscountWish::None, None).await.unwrap();
        extras::set_price(&t.state, who.clone(), siti, Some(Rupiah(1_000))).await.unwrap();
        let package = packages::plan_price(&t.state, who, 2, Rupiah(1), t.state.clock.today()).await;
        assert_eq!(package.unwrap(), 1);
        t.set(&[("invoice.round_to", "100"), ("invoice.tax.pkp", "false")]).await;
        assert_eq!(found(&t).await, Vec::<String>::new());
        t.at("2026-03-01 00:01");
        t.issue("2026-03").await;
        assert_eq!(found(&t).await, Vec::<String>::new());
        hurt(&t, HURT_OWN_PRICE).await;
        assert_eq!(found(&t).await.len(), 1);
    }
}
