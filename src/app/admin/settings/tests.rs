//! Forms of settings on both engines: nonsense is refused field by field, what is right is saved whole and logged.

use super::{FieldLook, SaveAnswer, TypedValue, effect, groups, query};
use crate::server::audit::Who;
use crate::server::testing::TestApp;
use crate::{args, sql};

sql!(LOGGED = "SELECT subject, before_value, after_value FROM audit_event WHERE action = 'setting.set' ORDER BY id");

fn typed(key: &str, value: &str) -> TypedValue {
    TypedValue { key: key.to_owned(), value: value.to_owned(), clear: false }
}

/// Must show 6: every group, every field.
#[tokio::test]
async fn nonsense_in_every_field_of_every_form_is_named_and_nothing_is_saved() {
    for t in TestApp::each("2026-01-15 10:00").await {
        for group in groups::GROUPS {
            let values: Vec<TypedValue> = group
                .fields
                .iter()
                .map(|field| match field.look {
                    FieldLook::Line | FieldLook::Long | FieldLook::Secret => typed(field.key, &"x".repeat(2_001)),
                    FieldLook::Token => typed(field.key, "pendek"),
                    _ => typed(field.key, "omong-kosong"),
                })
                .collect();
            let before = t.state.fresh_settings().await.unwrap().for_people();
            let answer = query::save(&t.state, Who::command(), group, values).await.unwrap();
            let SaveAnswer::Wrong(problems) = answer else { panic!("{} took nonsense", group.name) };
            for field in group.fields {
                let problem = problems.iter().find(|problem| problem.key == field.key);
                assert!(
                    problem.is_some_and(|problem| !problem.message.contains(field.key)),
                    "{}: {problems:?}",
                    field.key
                );
            }
            assert_eq!(t.state.fresh_settings().await.unwrap().for_people(), before, "{}", group.name);
        }
        assert!(t.state.db.all::<(String, String, String)>(LOGGED, args![]).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_form_is_saved_whole_and_logged_with_before_and_after() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let isolir = groups::find("isolir").unwrap();
        let values = vec![typed("isolir.grace_days", "3"), typed("isolir.min_debt", "50rb"), typed("isolir.time", "8")];
        let answer = query::save(&t.state, Who::command(), isolir, values).await.unwrap();
        assert_eq!(answer, SaveAnswer::Saved(vec!["Masa Tenggang".to_owned(), "Tunggakan paling sedikit".to_owned()]));
        // One wrong field holds back the right one.
        let values = vec![typed("isolir.grace_days", "5"), typed("isolir.time", "22.00")];
        let SaveAnswer::Wrong(problems) = query::save(&t.state, Who::command(), isolir, values).await.unwrap() else {
            panic!()
        };
        assert_eq!(problems.len(), 1);
        assert_eq!(t.state.fresh_settings().await.unwrap().int("isolir.grace_days"), 3);

        let gateway = groups::find("gateway").unwrap();
        let secret = typed("gateway.flip.secret_key", "rahasia-satu");
        let blank = typed("gateway.flip.secret_key", "");
        let gone = TypedValue { clear: true, ..blank.clone() };
        for (value, there) in [(secret, true), (blank, true), (gone, false)] {
            query::save(&t.state, Who::command(), gateway, vec![value]).await.unwrap();
            assert_eq!(t.state.fresh_settings().await.unwrap().has_secret("gateway.flip.secret_key"), there);
        }
        let row = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        let logged: Vec<(String, String, String)> = t.state.db.all(LOGGED, args![]).await.unwrap();
        assert_eq!(
            logged,
            [
                row("isolir.grace_days", "0", "3"),
                row("isolir.min_debt", "10000", "50000"),
                row("gateway.flip.secret_key", "", "diisi"),
                row("gateway.flip.secret_key", "••••", "dihapus"),
            ]
        );
        let on = vec![typed("gateway.flip.enabled", "true")];
        assert!(
            matches!(query::save(&t.state, Who::command(), gateway, on).await.unwrap(), SaveAnswer::Wrong(p) if p.len() == 2)
        );
    }
}

#[tokio::test]
async fn the_effect_is_what_the_run_would_do_under_the_typed_values() {
    for t in TestApp::each("2026-01-01 00:01").await {
        let package = t.package("Home", 300_000, 1).await;
        t.service("SARI", package, "2025-06-01").await;
        t.issue("2026-01").await;
        t.at("2026-01-15 10:00");
        let isolir = groups::find("isolir").unwrap();
        let say = async |values: Vec<TypedValue>| effect::effect(&t.state, isolir, values).await.unwrap().lines;
        // She has no router, so the run would hold her.
        let lines = say(vec![]).await;
        assert!(lines[0].contains("besok pukul 08:00"), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("1 pelanggan menunggak tetapi dibiarkan")), "{lines:?}");
        let later = say(vec![typed("isolir.grace_days", "60")]).await;
        assert!(later.len() == 1 && later[0].starts_with("Tidak ada pelanggan"), "{later:?}");
        let holiday = say(vec![typed("isolir.holidays", "16/1/2026")]).await;
        assert!(holiday[0].contains("hari libur isolir"), "{holiday:?}");
        assert!(effect::effect(&t.state, isolir, vec![typed("isolir.time", "kapan-kapan")]).await.unwrap().wrong);
        for (group, says) in [
            ("tagihan", "Februari 2026"),
            ("pajak", "tanpa PPN"),
            ("pesan", "Pengingat berikutnya"),
            ("kas", "Tidak ada batas"),
        ] {
            let lines = effect::effect(&t.state, groups::find(group).unwrap(), vec![]).await.unwrap().lines;
            assert!(lines.iter().any(|line| line.contains(says)), "{group}: {lines:?}");
        }
    }
}
