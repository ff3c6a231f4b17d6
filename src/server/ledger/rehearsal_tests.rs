//! The rehearsal and the run that is held to it.

use super::*;
use crate::billing::Rupiah;
use crate::server::customers::extras;
use crate::server::error::Error;
use crate::server::testing::TestApp;

async fn ledger(t: &TestApp) -> Ledger {
    t.state.ledger(Who::command()).await.unwrap()
}

/// `n` services of one package with a bill for January, and the hash of February's rehearsal on 28 January.
async fn january(t: &TestApp, n: usize) -> (Vec<i64>, Period, String) {
    let package = t.package("Home 20M", 300_000, 1).await;
    let mut services = Vec::new();
    for i in 0..n {
        services.push(t.service(&format!("S{i:02}"), package, "2025-06-01").await);
    }
    t.issue("2026-01").await;
    t.at("2026-01-28 10:00");
    let february: Period = "2026-02".parse().unwrap();
    let ahead = ledger(t).await.look_ahead(february).await.unwrap();
    assert_eq!((ahead.report.issued, ahead.before.0), (i64::try_from(n).unwrap(), i64::try_from(n).unwrap()));
    (services, february, ahead.report.set_hash)
}

async fn rent(t: &TestApp, service: i64) {
    let add = ("Sewa alat", Rupiah(200_000));
    extras::add_on(&t.state, Who::command(), service, add, None, format!("form-{service}")).await.unwrap();
}

#[tokio::test]
async fn the_run_issues_what_was_approved_byte_for_byte() {
    for t in TestApp::each("2026-01-01 00:01").await {
        t.set(&[("invoice.next_on_payment", "false")]).await;
        let (services, february, hash) = january(&t, 5).await;
        // What comes into force on the 1st is in the rehearsal: a planned stop, here.
        let stop = crate::server::customers::change::Wish {
            service_id: services[4],
            change: crate::server::customers::planned::Change::Stop,
            from: None,
            reason: "Pindah".to_owned(),
            preview: false,
        };
        crate::server::customers::change::carry(&t.state, Who::command(), stop).await.unwrap();
        assert!(
            matches!(ledger(&t).await.approve(february, &hash).await, Err(Error::Conflict(_))),
            "it was seen before"
        );
        let seen = ledger(&t).await.look_ahead(february).await.unwrap().report;
        assert_eq!(seen.issued, 4);
        ledger(&t).await.approve(february, &seen.set_hash).await.unwrap();
        t.at("2026-02-01 00:01");
        let run = t.issue("2026-02").await;
        assert_eq!((run.set_hash, run.issued, run.parked, run.held), (seen.set_hash, 4, 0, false));
        assert_eq!(ledger(&t).await.approval(february).await.unwrap().unwrap().state, "used");
        t.assert_books().await;
    }
}

#[tokio::test]
async fn what_changed_since_is_parked_and_shown_and_the_rest_goes_out() {
    for t in TestApp::each("2026-01-01 00:01").await {
        t.set(&[("invoice.rehearsal_max_percent", "30")]).await;
        let (services, february, hash) = january(&t, 5).await;
        ledger(&t).await.approve(february, &hash).await.unwrap();
        // A payment issues the next month's bill unchanged: it counts as equal.
        t.cash(services[0], 300_000).await;
        rent(&t, services[1]).await;
        let ahead = ledger(&t).await.look_ahead(february).await.unwrap();
        assert_eq!((ahead.outliers_in_all, ahead.outliers[0].now), (1, 500_000));
        t.at("2026-02-01 00:01");
        let run = t.issue("2026-02").await;
        assert_eq!((run.issued, run.already, run.parked, run.held), (3, 1, 1, false));
        let parked = ledger(&t).await.parked(february).await.unwrap();
        assert_eq!(parked.len(), 1);
        assert_eq!(
            (parked[0].service_number.as_str(), parked[0].approved_total, parked[0].now_total),
            ("S01", 300_000, 500_000)
        );
        assert_eq!(t.issue("2026-02").await.issued, 0, "parked until a person decides");
        assert!(ledger(&t).await.answer_parked(parked[0].id, true).await.unwrap().is_some());
        assert!(ledger(&t).await.answer_parked(parked[0].id, true).await.is_err());
        assert_eq!(t.bills(services[1]).await[1].1, 500_000);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn where_too_much_differs_nothing_is_issued_until_the_owner_says_so() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let (services, february, hash) = january(&t, 5).await;
        ledger(&t).await.approve(february, &hash).await.unwrap();
        rent(&t, services[1]).await;
        t.at("2026-02-01 00:01");
        for _again in 0..2 {
            let run = t.issue("2026-02").await;
            assert_eq!((run.issued, run.held), (0, true));
        }
        assert_eq!(ledger(&t).await.approval(february).await.unwrap().unwrap().differing, 1);
        ledger(&t).await.unapprove(february).await.unwrap();
        assert_eq!(t.issue("2026-02").await.issued, 5);
        t.assert_books().await;
    }
}

#[tokio::test]
async fn the_whole_list_says_who_is_billed_what_who_is_not_and_who_would_be_cut_when() {
    crate::sql!(SPARE = "UPDATE service SET never_isolate = 'Kantor desa' WHERE service_number = 'S02'");
    for t in TestApp::each("2026-01-01 00:01").await {
        let (services, february, hash) = january(&t, 4).await;
        t.cash(services[0], 300_000).await;
        rent(&t, services[1]).await;
        let pause = crate::server::customers::change::Wish {
            service_id: services[3],
            change: crate::server::customers::planned::Change::Pause(1),
            from: None,
            reason: "Mudik".to_owned(),
            preview: false,
        };
        crate::server::customers::change::carry(&t.state, Who::command(), pause).await.unwrap();
        let mut tx = t.state.db.begin().await.unwrap();
        tx.exec_one(SPARE, args![]).await.unwrap();
        tx.commit().await.unwrap();
        let list = ledger(&t).await.look_list(february).await.unwrap();
        let told: Vec<_> = list
            .iter()
            .map(|bill| (bill.service_number.as_str(), bill.total, bill.before, bill.note.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("S00", Some(300_000), 300_000, "sudah terbit"),
                ("S01", Some(500_000), 300_000, ""),
                ("S02", Some(300_000), 300_000, ""),
                ("S03", None, 300_000, "cuti"),
            ]
        );
        let cuts: Vec<_> = list.iter().map(|bill| bill.cut_on.map(|day| day.to_string())).collect();
        let eleventh = Some("2026-02-11".to_owned());
        assert_eq!(cuts, [eleventh.clone(), eleventh, None, None]);
        assert_ne!(ledger(&t).await.look_ahead(february).await.unwrap().report.set_hash, hash);
        t.assert_books().await;
    }
}
