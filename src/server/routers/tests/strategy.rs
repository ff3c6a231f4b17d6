use super::*;

fn secret(id: &str, name: &str, profile: &str) -> Secret {
    Secret {
        id: id.to_owned(),
        name: name.to_owned(),
        profile: profile.to_owned(),
        disabled: false,
        service: "pppoe".to_owned(),
        comment: String::new(),
        remote_address: None,
    }
}

fn active(id: &str, name: &str) -> Active {
    Active { id: id.to_owned(), name: name.to_owned(), session_id: "0x1".to_owned(), uptime: "1m".to_owned() }
}

fn service(want: Want) -> ServiceView {
    ServiceView {
        service_id: 7,
        secret_name: "budi".to_owned(),
        password: None,
        package_profile: "Home-20M".to_owned(),
        want,
        disabled_by_us: false,
        remembered_profile: None,
        kick_wanted: false,
    }
}

fn router(profile: &str) -> RouterView {
    RouterView {
        secrets: vec![secret("*1", "budi", profile), secret("*2", "tetangga", "default")],
        active: vec![active("*A", "budi"), active("*B", "tetangga"), active("*C", "budi")],
        profiles: ["default", "ISOLIR", "Home-10M", "Home-20M"].map(str::to_owned).to_vec(),
    }
}

fn steps(service: &ServiceView, router: &RouterView) -> Vec<String> {
    let plan = plan(std::slice::from_ref(service), router, "ISOLIR");
    plan.steps.iter().map(|step| format!("{step:?}")).collect()
}

fn problem(service: &ServiceView, router: &RouterView) -> String {
    let plan = plan(std::slice::from_ref(service), router, "ISOLIR");
    assert_eq!(plan.steps, [], "nothing may be done");
    let [(7, text)] = plan.problems.as_slice() else { panic!("one problem expected: {:?}", plan.problems) };
    text.clone()
}

fn observed(service: &ServiceView, router: &RouterView) -> Observed {
    plan(std::slice::from_ref(service), router, "ISOLIR").observed[0].1.clone()
}

#[test]
fn isolating_sets_the_profile_then_kicks_every_session() {
    let router = router("Home-20M");
    assert_eq!(steps(&service(Want::Isolated), &router), ["SetProfile(budi: Home-20M -> ISOLIR)", "Kick(budi: *A,*C)"]);
    assert_eq!(observed(&service(Want::Isolated), &router), Observed::Normal);
    let plan = plan(&[service(Want::Isolated)], &router, "ISOLIR");
    assert_eq!(plan.unmatched, 1);
    assert_eq!(plan.problems, []);
}

#[test]
fn restoring_sets_the_packages_profile_then_kicks() {
    let back = ["SetProfile(budi: ISOLIR -> Home-20M)", "Kick(budi: *A,*C)"];
    assert_eq!(steps(&service(Want::Normal), &router("ISOLIR")), back);
    // Another package, chosen in the office, reaches the router the same way.
    let moved = ["SetProfile(budi: Home-10M -> Home-20M)", "Kick(budi: *A,*C)"];
    assert_eq!(steps(&service(Want::Normal), &router("Home-10M")), moved);
}

#[test]
fn what_is_right_already_needs_no_step() {
    assert_eq!(steps(&service(Want::Normal), &router("Home-20M")), Vec::<String>::new());
    assert_eq!(steps(&service(Want::Isolated), &router("ISOLIR")), Vec::<String>::new());
    assert_eq!(observed(&service(Want::Isolated), &router("ISOLIR")), Observed::Isolated);
    // A kick that is still owed is done all the same.
    let owed = ServiceView { kick_wanted: true, ..service(Want::Isolated) };
    assert_eq!(steps(&owed, &router("ISOLIR")), ["Kick(budi: *A,*C)"]);
    let offline = RouterView { active: vec![], ..router("ISOLIR") };
    assert_eq!(steps(&owed, &offline), Vec::<String>::new());
}

#[test]
fn without_the_isolation_profile_nothing_is_set() {
    let mut router = router("Home-20M");
    router.profiles.retain(|profile| profile != "ISOLIR");
    assert!(problem(&service(Want::Isolated), &router).contains("ISOLIR"));
    // Not even for an account that would have to be created or is differently spelt.
    router.profiles.push("isolir".to_owned());
    assert!(problem(&service(Want::Isolated), &router).contains("ISOLIR"));
}

#[test]
fn a_missing_package_profile_falls_back_on_the_remembered_one_or_is_a_problem() {
    let mut router = router("ISOLIR");
    router.profiles.retain(|profile| profile != "Home-20M");
    assert!(problem(&service(Want::Normal), &router).contains("Home-20M"));
    let remembered = ServiceView { remembered_profile: Some("Home-10M".to_owned()), ..service(Want::Normal) };
    assert_eq!(steps(&remembered, &router), ["SetProfile(budi: ISOLIR -> Home-10M)", "Kick(budi: *A,*C)"]);
    router.secrets[0].profile = "Home-10M".to_owned();
    assert_eq!(observed(&remembered, &router), Observed::Normal);
    assert_eq!(steps(&remembered, &router), Vec::<String>::new());
    // The isolation profile is never anybody's normal one.
    let odd = ServiceView { remembered_profile: Some("ISOLIR".to_owned()), ..service(Want::Normal) };
    assert!(problem(&odd, &router).contains("Home-20M"));
}

#[test]
fn only_what_we_disabled_is_enabled() {
    let mut router = router("Home-20M");
    router.secrets[0].disabled = true;
    assert!(problem(&service(Want::Normal), &router).contains("manual"));
    assert_eq!(observed(&service(Want::Normal), &router), Observed::Disabled);
    let ours = ServiceView { disabled_by_us: true, ..service(Want::Normal) };
    assert_eq!(steps(&ours, &router), ["Enable(budi)", "Kick(budi: *A,*C)"]);
    // Disabled by hand and isolated by us: whoever enables it later gets the isolation profile.
    let set = ["SetProfile(budi: Home-20M -> ISOLIR)", "Kick(budi: *A,*C)"];
    assert_eq!(steps(&service(Want::Isolated), &router), set);
    assert!(Observed::Disabled.satisfies(Want::Isolated) && !Observed::Disabled.satisfies(Want::Normal));
}

#[test]
fn disabling_ends_the_sessions_too() {
    let mut router = router("Home-20M");
    assert_eq!(steps(&service(Want::Disabled), &router), ["Disable(budi)", "Kick(budi: *A,*C)"]);
    router.secrets[0].disabled = true;
    assert_eq!(steps(&service(Want::Disabled), &router), ["Kick(budi: *A,*C)"]);
    router.active.clear();
    assert_eq!(steps(&service(Want::Disabled), &router), Vec::<String>::new());
}

#[test]
fn a_missing_account_is_created_only_with_name_and_password() {
    let mut router = router("Home-20M");
    router.secrets.remove(0);
    assert!(problem(&service(Want::Normal), &router).contains("kata sandi"));
    assert_eq!(observed(&service(Want::Normal), &router), Observed::Missing);
    let held = |want| ServiceView { password: Some("rahasia".to_owned()), ..service(want) };
    assert_eq!(steps(&held(Want::Normal), &router), ["Create(budi: Home-20M)"]);
    assert_eq!(steps(&held(Want::Isolated), &router), ["Create(budi: ISOLIR)"]);
    assert_eq!(steps(&held(Want::Disabled), &router), Vec::<String>::new());
    let empty = ServiceView { password: Some(String::new()), ..service(Want::Normal) };
    assert!(problem(&empty, &router).contains("kata sandi"));
}

#[test]
fn a_password_never_shows_in_a_printed_plan() {
    let mut router = router("Home-20M");
    router.secrets.remove(0);
    let held = ServiceView { password: Some("rahasia".to_owned()), ..service(Want::Normal) };
    assert!(!format!("{:?}", plan(&[held], &router, "ISOLIR")).contains("rahasia"));
}

#[test]
fn names_are_compared_byte_for_byte() {
    let mut router = router("Home-20M");
    router.secrets[0].name = "Budi".to_owned();
    let held = ServiceView { password: Some("rahasia".to_owned()), ..service(Want::Isolated) };
    // Only the other spelling: neither changed nor created beside it.
    assert!(problem(&held, &router).contains("Budi"));
    assert_eq!(plan(std::slice::from_ref(&held), &router, "ISOLIR").unmatched, 2);
    // Both spellings: the exact one is done, and someone is told.
    router.secrets.push(secret("*3", "budi", "Home-20M"));
    let plan = plan(&[held], &router, "ISOLIR");
    assert_eq!(plan.problems.len(), 1);
    assert!(matches!(&plan.steps[0], Step::SetProfile { secret_id, .. } if secret_id == "*3"));
}

#[test]
fn two_claims_or_two_accounts_of_one_name_stop_everything() {
    let mut router = router("Home-20M");
    let both =
        plan(&[service(Want::Isolated), ServiceView { service_id: 8, ..service(Want::Normal) }], &router, "ISOLIR");
    assert_eq!((both.steps.len(), both.problems.len(), both.observed.len()), (0, 2, 2));
    router.secrets.push(secret("*3", "budi", "Home-20M"));
    assert!(problem(&service(Want::Isolated), &router).contains("lebih dari satu"));
    let nameless = ServiceView { secret_name: String::new(), ..service(Want::Normal) };
    assert!(problem(&nameless, &router).contains("belum diisi"));
}

#[test]
fn another_profile_is_reported_by_name() {
    assert_eq!(observed(&service(Want::Isolated), &router("Lama")), Observed::Other("Lama".to_owned()));
    assert!(!Observed::Other("Lama".to_owned()).satisfies(Want::Normal));
}
