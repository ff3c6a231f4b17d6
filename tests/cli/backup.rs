//! `backup` on one machine, `restore` on an empty one, as an operator would do it after the server burned.

use super::world::World;
use serde_json::json;

const CUSTOMERS: &str = "nomor_layanan,nama_pelanggan,telepon,paket,tanggal_pasang,tanggal_tempo,dibayar_sampai
A1,Budi Santoso,081234567890,Home,2025-11-03,10,2025-12
A2,Siti Aminah,081234567891,Home,2025-11-03,10,2025-12
";

#[test]
fn a_backup_comes_back_on_an_empty_machine_that_has_the_key() {
    let world = World::ready();
    world.ok(&["package:add", "--name", "Home", "--price", "300000", "--profile", "Home"]);
    let file = world.file("pelanggan.csv", CUSTOMERS);
    world.ok(&["customer:import", &file, "--date", "2025-12-20"]);
    world.ok(&["invoice:generate", "--date", "2026-01-01"]);
    world.ok(&[
        "payment:record",
        "--service-number",
        "A1",
        "--amount",
        "300000",
        "--method",
        "cash",
        "--date",
        "2026-01-05",
    ]);
    world.ok(&["setting:set", "backup.passphrase=kambing hitam di atas bukit"]);
    let backup = world.path("cadangan.tar.gz.age").display().to_string();
    let made = world.ok(&["backup", &backup]);
    assert_eq!(made["file"], json!(backup));
    assert!(made["bytes"].as_u64().is_some_and(|bytes| bytes > 1_000), "{made}");
    // Nothing is written over.
    world.ends(1, &["backup", &backup]);
    // Into itself: never.
    let full = world.run_with(&["restore", &backup, "--passphrase-stdin"], "kambing hitam di atas bukit\n");
    assert_eq!(full.code, 1);
    assert!(full.stderr.contains("tidak kosong"), "{}", full.stderr);

    let fresh = World::empty();
    let without = fresh.run_with(&["restore", &backup, "--passphrase-stdin"], "kambing hitam di atas bukit\n");
    assert_eq!(without.code, 1);
    assert!(without.stderr.contains("Kunci aplikasi belum ada"), "{}", without.stderr);
    fresh.ok(&["key:generate"]);
    let other = fresh.run_with(&["restore", &backup, "--passphrase-stdin"], "kambing hitam di atas bukit\n");
    assert_eq!(other.code, 1);
    assert!(other.stderr.contains("bukan kunci yang menyegel"), "{}", other.stderr);
    assert!(!fresh.path("kimonet.db").exists(), "nothing was written");
    std::fs::copy(world.path("app.key"), fresh.path("app.key")).unwrap_or_else(|error| panic!("key: {error}"));
    fresh.ends(1, &["restore", &backup]);
    let wrong = fresh.run_with(&["restore", &backup, "--passphrase-stdin"], "kambing putih\n");
    assert_eq!(wrong.code, 1);
    assert!(wrong.stderr.contains("tidak cocok"), "{}", wrong.stderr);
    let done = fresh.run_with(&["restore", &backup, "--passphrase-stdin"], "kambing hitam di atas bukit\n");
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert_eq!((&done.json["customers"], &done.json["differences"]), (&json!(2), &json!([])));
    assert_eq!(fresh.ok(&["invoice:list"]), world.ok(&["invoice:list"]));
    assert_eq!(fresh.ok(&["verify"])["differences"], json!([]));
}
