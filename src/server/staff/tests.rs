//! Coming, proving, going: on both engines.

use super::first::{self, FirstOwner};
use super::invite::{self, Invitation};
use super::{account, manage, second_factor, sessions};
use crate::args;
use crate::server::audit::{Who, verify_chain};
use crate::server::error::{Error, Result};
use crate::server::guard::{Permission, Role};
use crate::server::session::{self, LoggedIn};
use crate::server::testing::TestApp;
use http::HeaderMap;

crate::sql!(SEALED_OF = "SELECT totp_sealed FROM staff WHERE id = $1");

const PASSWORD: &str = "kuda lumping biru";

fn headers(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("cookie", format!("kimonet_sid={token}").parse().unwrap());
    headers
}

fn field<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

async fn hire(app: &TestApp, email: &str, role: Role) -> i64 {
    let typed = Invitation { name: "Rina".into(), email: email.into(), phone: String::new(), role };
    let link = invite::invite(&app.state, Who::command(), typed).await.unwrap();
    invite::accept(&app.state, &link.token, PASSWORD, PASSWORD, "").await.unwrap();
    link.staff_id
}

async fn enter(app: &TestApp, email: &str, password: &str) -> Option<LoggedIn> {
    session::log_in(&app.state, email, password, "10.0.0.1", "Firefox di Linux").await.unwrap()
}

fn who(id: i64) -> Who {
    Who { staff_id: Some(id), name: "Rina".into(), address: String::new() }
}

#[tokio::test]
async fn an_invitation_opens_once_and_not_after_its_time() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let typed = Invitation {
            name: " Budi  Kasir ".into(),
            email: "Budi@Kantor.test".into(),
            phone: "0812-3456-7890".into(),
            role: Role::Cashier,
        };
        let link = invite::invite(&t.state, Who::command(), typed.clone()).await.unwrap();
        assert_eq!((link.name.as_str(), link.phone.as_str()), ("Budi Kasir", "6281234567890"));
        assert_eq!(field(invite::invite(&t.state, Who::command(), typed).await), "email");
        assert!(enter(&t, "budi@kantor.test", "-").await.is_none(), "no password opens an invitation that is open");
        assert_eq!(field(invite::accept(&t.state, &link.token, "pendek", "pendek", "").await), "password");
        assert_eq!(field(invite::accept(&t.state, &link.token, PASSWORD, "lain sekali", "").await), "repeated");
        invite::accept(&t.state, &link.token, PASSWORD, PASSWORD, "").await.unwrap();
        let again = invite::accept(&t.state, &link.token, PASSWORD, PASSWORD, "").await;
        assert!(matches!(again, Err(Error::NotFound(_))));
        let open = enter(&t, "budi@kantor.test", PASSWORD).await.unwrap();
        assert!(!open.half);
        // A reset link: the old password holds until the new one is set, then old sessions are over.
        let link = invite::reset(&t.state, Who::command(), link.staff_id).await.unwrap();
        assert!(session::staff_of(&t.state, &headers(&open.token)).await.unwrap().is_some());
        invite::accept(&t.state, &link.token, "kata sandi baru", "kata sandi baru", "").await.unwrap();
        assert!(session::staff_of(&t.state, &headers(&open.token)).await.unwrap().is_none());
        assert!(enter(&t, "budi@kantor.test", PASSWORD).await.is_none());
        // Too late.
        let link = invite::reset(&t.state, Who::command(), link.staff_id).await.unwrap();
        t.at("2026-01-18 10:01");
        assert!(invite::invited(&t.state, &link.token).await.unwrap().is_none());
        let late = invite::accept(&t.state, &link.token, PASSWORD, PASSWORD, "").await;
        assert!(matches!(late, Err(Error::NotFound(_))));
        assert_eq!(verify_chain(&t.state.db).await.unwrap(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn there_is_always_an_owner_and_who_goes_is_out_at_once() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let (anna, budi) = (hire(&t, "anna@k.test", Role::Owner).await, hire(&t, "budi@k.test", Role::Admin).await);
        let open = enter(&t, "budi@k.test", PASSWORD).await.unwrap();
        assert!(matches!(manage::switch(&t.state, who(budi), anna, false).await, Err(Error::Refused(_))), "the last");
        assert!(matches!(
            manage::change(&t.state, who(budi), anna, "Anna", "", Role::Viewer).await,
            Err(Error::Refused(_))
        ));
        assert!(matches!(manage::switch(&t.state, who(anna), anna, false).await, Err(Error::Refused(_))), "herself");
        assert_eq!(field(manage::change(&t.state, who(anna), anna, "Anna", "", Role::Viewer).await), "role");
        // An invited owner who never came is no owner who can come in.
        let typed =
            Invitation { name: "Cici".into(), email: "c@k.test".into(), phone: String::new(), role: Role::Owner };
        invite::invite(&t.state, who(anna), typed).await.unwrap();
        assert!(matches!(manage::switch(&t.state, who(budi), anna, false).await, Err(Error::Refused(_))));
        manage::switch(&t.state, who(anna), budi, false).await.unwrap();
        assert!(session::staff_of(&t.state, &headers(&open.token)).await.unwrap().is_none());
        assert!(enter(&t, "budi@k.test", PASSWORD).await.is_none());
        assert!(matches!(invite::reset(&t.state, who(anna), budi).await, Err(Error::Refused(_))));
        manage::switch(&t.state, who(anna), budi, true).await.unwrap();
        manage::change(&t.state, who(anna), budi, "Budi", "0812-3456-7890", Role::Owner).await.unwrap();
        manage::change(&t.state, who(budi), anna, "Anna", "", Role::Viewer).await.unwrap();
    }
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_only() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let id = hire(&t, "anna@k.test", Role::Owner).await;
        let here = enter(&t, "anna@k.test", PASSWORD).await.unwrap().token;
        let there = enter(&t, "anna@k.test", PASSWORD).await.unwrap().token;
        let change =
            async |old: &str, new: &str| account::change_password(&t.state, who(id), id, &here, old, new).await;
        assert_eq!(field(change("salah sekali", "kata sandi baru").await), "old");
        assert_eq!(field(change(PASSWORD, "pendek").await), "new");
        assert_eq!(field(change(PASSWORD, PASSWORD).await), "new");
        assert_eq!(change(PASSWORD, "kata sandi baru").await.unwrap(), 1);
        assert!(session::staff_of(&t.state, &headers(&here)).await.unwrap().is_some());
        assert!(session::staff_of(&t.state, &headers(&there)).await.unwrap().is_none());
        let open = sessions::of(&t.state, id).await.unwrap();
        assert!(open.len() == 1 && open[0].is_of(&here));
        sessions::end(&t.state, who(id), id, &open[0].handle()).await.unwrap();
        assert!(session::staff_of(&t.state, &headers(&here)).await.unwrap().is_none());
    }
}

/// The code that a phone shows now.
async fn code(t: &TestApp, id: i64) -> String {
    let (sealed,): (String,) = t.state.db.one(SEALED_OF, args![id]).await.unwrap();
    of(&t.state.secrets.open(second_factor::PLACE, &sealed).unwrap(), t)
}

fn of(secret_hex: &str, t: &TestApp) -> String {
    let secret = hex::decode(secret_hex).unwrap();
    let totp = totp_rs::TOTP::new(totp_rs::Algorithm::SHA1, 6, 1, 30, secret, None, "x".into()).unwrap();
    totp.generate(t.state.clock.now().timestamp().unsigned_abs())
}

#[tokio::test]
async fn a_code_opens_once_and_a_recovery_code_too() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let id = hire(&t, "anna@k.test", Role::Owner).await;
        let offer = second_factor::offer(&t.state, id, "anna@k.test").await.unwrap();
        assert!(offer.url.starts_with("otpauth://totp/"));
        let wrong = second_factor::confirm(&t.state, who(id), id, &offer.sealed, "000000").await;
        assert_eq!(field(wrong), "code");
        let secret = t.state.secrets.open(&format!("staff.totp.offer:{id}"), &offer.sealed).unwrap();
        let first = of(&secret, &t);
        let other = second_factor::confirm(&t.state, who(id), id + 1, &offer.sealed, &first).await;
        assert!(matches!(other, Err(Error::Refused(_))), "the offer is one person's");
        let recovery = second_factor::confirm(&t.state, who(id), id, &offer.sealed, &first).await.unwrap();
        assert_eq!(recovery.len(), 10);

        let half = enter(&t, "anna@k.test", PASSWORD).await.unwrap();
        assert!(half.half);
        let cookie = headers(&half.token);
        assert!(session::staff_of(&t.state, &cookie).await.unwrap().is_none(), "half a session opens nothing");
        let complete = async |code: &str| session::complete(&t.state, &cookie, code, "10.0.0.1").await;
        assert!(complete(&first).await.unwrap().is_none(), "the step of the confirmation is used");
        t.at("2026-01-15 10:01");
        let fresh = code(&t, id).await;
        let token = complete(&fresh).await.unwrap().unwrap();
        assert!(session::staff_of(&t.state, &headers(&token)).await.unwrap().is_some());
        assert!(matches!(complete(&fresh).await, Err(Error::Unauthenticated)), "the half session is gone");

        let half = enter(&t, "anna@k.test", PASSWORD).await.unwrap();
        let cookie = headers(&half.token);
        let complete = async |code: &str| session::complete(&t.state, &cookie, code, "10.0.0.1").await;
        assert!(complete(&fresh).await.unwrap().is_none(), "somebody read it over the shoulder");
        assert!(complete("aaaaa-aaaaa").await.unwrap().is_none());
        assert!(complete(&recovery[3].to_uppercase()).await.unwrap().is_some());
        assert_eq!(second_factor::recovery_left(&t.state, id).await.unwrap(), 9);
        let half = enter(&t, "anna@k.test", PASSWORD).await.unwrap();
        let cookie = headers(&half.token);
        let used = session::complete(&t.state, &cookie, &recovery[3], "").await.unwrap();
        assert!(used.is_none(), "each opens once");

        assert_eq!(field(second_factor::switch_off(&t.state, who(id), id, "salah sekali").await), "password");
        second_factor::switch_off(&t.state, who(id), id, PASSWORD).await.unwrap();
        assert!(!enter(&t, "anna@k.test", PASSWORD).await.unwrap().half);
        assert_eq!(second_factor::recovery_left(&t.state, id).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn an_owner_may_nothing_before_the_second_factor_that_the_site_asks_for() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let id = hire(&t, "anna@k.test", Role::Owner).await;
        hire(&t, "budi@k.test", Role::Admin).await;
        let anna = headers(&enter(&t, "anna@k.test", PASSWORD).await.unwrap().token);
        let budi = headers(&enter(&t, "budi@k.test", PASSWORD).await.unwrap().token);
        t.set(&[("security.owner_totp", "true")]).await;
        let staff = session::staff_of(&t.state, &anna).await.unwrap().unwrap();
        assert!(staff.must_secure && !staff.may(Permission::ViewDashboard));
        assert!(session::staff_of(&t.state, &budi).await.unwrap().unwrap().may(Permission::ViewDashboard));
        let offer = second_factor::offer(&t.state, id, "anna@k.test").await.unwrap();
        let secret = t.state.secrets.open(&format!("staff.totp.offer:{id}"), &offer.sealed).unwrap();
        second_factor::confirm(&t.state, who(id), id, &offer.sealed, &of(&secret, &t)).await.unwrap();
        assert!(session::staff_of(&t.state, &anna).await.unwrap().unwrap().may(Permission::ManageStaff));
    }
}

#[tokio::test]
async fn the_first_owner_is_made_once_and_only_with_the_code() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let code = first::code(&t.state).await.unwrap().unwrap();
        assert_eq!(first::code(&t.state).await.unwrap().as_deref(), Some(code.as_str()), "it stays the same");
        let typed = |code: &str| FirstOwner {
            name: "Anna".into(),
            email: "anna@k.test".into(),
            password: PASSWORD.into(),
            repeated: PASSWORD.into(),
            code: code.into(),
        };
        assert_eq!(field(first::create(&t.state, typed("salah"), false, "").await), "code");
        let (one, two) = tokio::join!(
            first::create(&t.state, typed(&code), false, ""),
            first::create(&t.state, FirstOwner { email: "eva@k.test".into(), ..typed("") }, true, "")
        );
        assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|made| **made).count(), 1, "{one:?} {two:?}");
        assert!(!first::is_missing(&t.state).await.unwrap());
        assert_eq!(first::code(&t.state).await.unwrap(), None);
        assert!(first::create(&t.state, typed(&code), true, "").await.is_err());
    }
}

#[tokio::test]
async fn a_cell_of_the_table_holds_at_once_and_goes_back() {
    for t in TestApp::each("2026-01-15 10:00").await {
        let owner = hire(&t, "anna@k.test", Role::Owner).await;
        hire(&t, "kasir@k.test", Role::Cashier).await;
        let cashier = headers(&enter(&t, "kasir@k.test", PASSWORD).await.unwrap().token);
        let may = async |p| session::staff_of(&t.state, &cashier).await.unwrap().unwrap().may(p);
        assert!(!may(Permission::RunBilling).await);
        manage::set_right(&t.state, who(owner), Role::Cashier, Permission::RunBilling, true).await.unwrap();
        manage::set_right(&t.state, who(owner), Role::Cashier, Permission::RecordPayment, false).await.unwrap();
        assert!(may(Permission::RunBilling).await && !may(Permission::RecordPayment).await);
        let fixed = manage::set_right(&t.state, who(owner), Role::Collector, Permission::Export, true).await;
        assert!(matches!(fixed, Err(Error::Refused(_))));
        manage::reset_rights(&t.state, who(owner)).await.unwrap();
        assert!(!may(Permission::RunBilling).await && may(Permission::RecordPayment).await);
    }
}
