//! A worked year: twelve customers with all the cases, month by month, as a paper that a person can read and check
//! (`tests/golden/tahun.md`). The amounts in the script were worked out by hand; the paper is what the program wrote.
//! `GOLDEN=write` writes it anew.

mod paper;
mod script;

use super::*;
use crate::server::testing::TestApp;
use script::Year;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/tahun.md");

#[tokio::test]
async fn the_worked_year_is_as_it_was_checked() {
    for t in TestApp::each("2025-12-31 10:00").await {
        let mut year = Year::new(&t).await;
        year.live().await;
        t.assert_books().await;
        crate::server::documents::paper_tests::assert_papers(&t.state).await;
        let paper = year.paper();
        if std::env::var("GOLDEN").is_ok_and(|how| how == "write") {
            std::fs::write(FILE, &paper).unwrap();
        }
        let checked = std::fs::read_to_string(FILE).unwrap();
        for (n, (now, then)) in paper.lines().zip(checked.lines()).enumerate() {
            assert_eq!(now, then, "line {} on {}", n + 1, t.state.db.engine());
        }
        assert_eq!(paper.lines().count(), checked.lines().count());
    }
}

#[tokio::test]
async fn the_rehearsal_is_the_run_over_the_whole_year() {
    for t in TestApp::each("2025-12-31 10:00").await {
        t.set(&[("invoice.next_on_payment", "false")]).await;
        let mut year = Year::new(&t).await;
        year.plain = true;
        year.live().await;
        t.assert_books().await;
    }
}
