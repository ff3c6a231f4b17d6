//! The command line, as CONTRACT promises it: keys, schema, settings, staff, what is mistyped, and what runs until it
//! is stopped.

use super::world::{World, free_address, get, keys};
use serde_json::json;
use std::net::TcpListener;
use std::time::Duration;

#[test]
fn what_is_mistyped_ends_with_2_and_one_object() {
    let world = World::ready();
    for args in [
        &["tidak:ada"][..],
        &["package:price", "--name", "A", "--price", "1"],
        &["balance"],
        &["verify", "--date", "2026-13-01"],
        &["serve", "--date", "2026-01-01"],
        &["payment:record", "--service-number", "X", "--amount", "1", "--method", "kartu"],
        &["invoice:list", "--status", "lunas"],
        &["invoice:generate", "--period", "Januari"],
        &["setting:set", "tidak.ada=1"],
        &["setting:set", "invoice.due_day=40"],
        &["setting:set", "tanpa-sama-dengan"],
        &["package:add", "--name", "A", "--price", "gratis", "--profile", "A"],
    ] {
        world.ends(2, args);
    }
    let help = world.command(&["--help"]).output().unwrap();
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("isolir:auto"));
}

#[test]
fn nothing_is_done_without_key_or_schema() {
    let world = World::empty();
    assert!(world.ends(1, &["setting:list"])["error"].as_str().unwrap().contains("key:generate"));
    assert!(world.ends(1, &["serve"])["error"].as_str().unwrap().contains("key:generate"));
    assert_eq!(keys(&world.ok(&["key:generate"])), ["file", "replaced"]);
    world.ends(1, &["key:generate"]);
    assert!(world.ends(1, &["setting:list"])["error"].as_str().unwrap().contains("db:migrate"));
    assert!(world.ok(&["db:migrate"])["applied"].as_i64().unwrap() > 0);
    assert_eq!(world.ok(&["db:migrate"]), json!({ "applied": 0 }));
    world.ok(&["setting:list"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(world.path("app.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "only its owner reads the key");
    }
}

#[test]
fn an_unknown_engine_is_named_with_what_there_is() {
    let mut world = World::ready();
    world.set("DATABASE_URL", "mysql://root@localhost/kimonet");
    let said = world.ends(1, &["setting:list"]);
    assert!(said["error"].as_str().unwrap().contains("sqlite:"), "{said}");
    assert!(said["error"].as_str().unwrap().contains("postgres://"), "{said}");
}

#[test]
fn settings_keep_secrets_to_themselves() {
    let world = World::ready();
    assert_eq!(
        world.ok(&["setting:set", "company.name=Contoh Net", "invoice.due_day=15"])["changed"],
        json!(["company.name", "invoice.due_day"])
    );
    let ended = world.run_with(&["setting:set", "gateway.flip.secret_key=@-"], "sangat-rahasia-77\n");
    assert_eq!((ended.code, ended.json), (0, json!({ "changed": ["gateway.flip.secret_key"] })));
    assert!(!ended.stderr.contains("sangat-rahasia"));
    let listed = world.ok(&["setting:list"]);
    assert_eq!(listed["settings"]["company.name"], "Contoh Net");
    assert_eq!(listed["settings"]["gateway.flip.secret_key"], "••••");
    assert_eq!(listed["settings"]["gateway.flip.validation_token"], "");
    assert!(!listed.to_string().contains("sangat-rahasia"));
    let stored = std::fs::read(world.path("kimonet.db")).unwrap();
    let log = std::fs::read(world.path("kimonet.db-wal")).unwrap_or_default();
    assert!(![stored, log].concat().windows(14).any(|part| part == b"sangat-rahasia"), "it lies sealed in the file");
    world.ends(2, &["setting:set", "gateway.midtrans.enabled=true"]);
}

#[test]
fn staff_need_a_long_password_and_one_address_each() {
    let world = World::ready();
    let args = |email, role| ["staff:create", "--email", email, "--name", "Rina", "--role", role, "--password-stdin"];
    assert_eq!(keys(&world.ok_with(&args("rina@contoh.test", "owner"), "kata-sandi-panjang\n")), ["id"]);
    for (email, role, password, code) in [
        ("RINA@contoh.test", "admin", "kata-sandi-panjang", 1),
        ("budi@contoh.test", "raja", "kata-sandi-panjang", 2),
        ("budi@contoh.test", "admin", "pendek", 2),
        ("bukan-alamat", "admin", "kata-sandi-panjang", 2),
    ] {
        let ended = world.run_with(&args(email, role), password);
        assert_eq!(ended.code, code, "{email} {role}: {}", ended.json);
        assert!(!ended.stderr.contains("kata-sandi-panjang"));
    }
}

#[test]
fn another_key_opens_nothing_and_a_new_one_seals_again() {
    let world = World::ready();
    let (http, router) = (free_address(), free_address());
    let _outside = world.start(&["sandbox", "--http", &http.to_string(), "--routeros", &router.to_string()], http);
    let port = router.port().to_string();
    let add = [
        "router:add",
        "--name",
        "Utara",
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--username",
        "billing",
        "--password-stdin",
    ];
    assert_eq!(keys(&world.ok_with(&add, "s3cret\n")), ["id"]);
    world.ok_with(&["setting:set", "whatsapp.api_key=@-"], "wa-kunci-rahasia");
    world.ok(&["package:add", "--name", "Home-20M", "--price", "300000", "--profile", "Home-20M"]);
    let file = world.file(
        "p.csv",
        "nama_pelanggan,telepon,paket,lokasi_server,pppoe_username,pppoe_password\nBudi,081234567890,Home-20M,Utara,budi,sandi-budi\n",
    );
    assert_eq!(world.ok(&["customer:import", &file])["imported"], 1);

    let old = std::fs::read_to_string(world.path("app.key")).unwrap();
    assert_eq!(world.ok(&["key:generate", "--force"])["replaced"], true);
    let fresh = std::fs::read_to_string(world.path("app.key")).unwrap();
    assert_ne!(old, fresh);
    assert_eq!(world.ok(&["setting:list"])["settings"]["whatsapp.api_key"], "••••");
    // Both the router's password and the account's open with the new key: the one logs in, the other is set there.
    let test = world.ok(&["mikrotik:test", "--server", "Utara"]);
    assert_eq!(keys(&test), ["board", "identity", "isolir_profile_exists", "latency_ms", "ok", "profiles", "version"],);
    let sync = world.ok(&["router:sync", "--server", "Utara"]);
    assert_eq!(keys(&sync["routers"][0]), ["changed", "error", "kicked", "name", "read", "unmatched"]);
    assert!(get(http, "/control/state").1.contains("\"budi\""), "the missing account was created");

    std::fs::write(world.path("app.key"), old).unwrap();
    let refused = world.ends(1, &["setting:list"]);
    assert!(refused["error"].as_str().unwrap().contains("kunci yang menyegel"), "{refused}");
    world.ends(1, &["serve"]);
    std::fs::write(world.path("app.key"), fresh).unwrap();
    world.ok(&["setting:list"]);
}

#[test]
fn a_router_that_is_not_there_is_told_with_advice() {
    let world = World::ready();
    let port = free_address().port().to_string();
    let add = [
        "router:add",
        "--name",
        "Mati",
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--username",
        "billing",
        "--password-stdin",
    ];
    world.ok_with(&add, "s3cret");
    let said = world.ends(1, &["mikrotik:test", "--server", "Mati"]);
    assert_eq!(said["ok"], false);
    assert_eq!(keys(&said), ["advice", "error", "ok", "problem"]);
    let sync = world.ends(1, &["router:sync"]);
    assert!(sync["routers"][0]["error"].is_string(), "{sync}");
    world.ends(1, &["mikrotik:test", "--server", "tidak-ada"]);
}

#[test]
fn a_moved_clock_is_refused_beside_real_money() {
    let mut world = World::ready();
    world.ok(&["setting:set", "gateway.flip.enabled=true", "gateway.flip.environment=production"]);
    world.set("KIMONET_CLOCK_OFFSET_S", "86400");
    for args in [&["serve"][..], &["invoice:generate"], &["setting:list"]] {
        assert!(world.ends(1, args)["error"].as_str().unwrap().contains("KIMONET_CLOCK_OFFSET_S"));
    }
    world.set("KIMONET_CLOCK_OFFSET_S", "0");
    world.ok(&["setting:list"]);
}

#[test]
fn serve_migrates_answers_and_stops_on_sigterm() {
    let mut world = World::empty();
    world.ok(&["key:generate"]);
    let address = free_address();
    world.set("LEPTOS_SITE_ADDR", address.to_string());
    let server = world.start(&["serve"], address);
    let (status, body) = get(address, "/health");
    assert_eq!(status, 200, "{body}");
    let (took, code) = server.stop();
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(code, Some(0));
    let taken = TcpListener::bind(address).unwrap();
    world.ends(1, &["serve"]);
    drop(taken);
}
