//! Reminders from the command line, as a cron line of the old system calls them.

use super::world::{World, keys};
use serde_json::json;

const CUSTOMERS: &str = "nomor_layanan,nama_pelanggan,telepon,paket,tanggal_pasang,tanggal_tempo,dibayar_sampai
A1,Budi Santoso,081234567890,Home,2025-11-03,10,2025-12
A2,Siti Aminah,081234567891,Home,2025-11-03,10,2025-12
";

#[test]
fn reminders_are_written_once_a_day() {
    let world = World::ready();
    world.ok(&["package:add", "--name", "Home", "--price", "300000", "--profile", "Home"]);
    let file = world.file("pelanggan.csv", CUSTOMERS);
    world.ok(&["customer:import", &file, "--date", "2025-12-20"]);
    world.ok(&["invoice:generate", "--date", "2026-01-01"]);
    // Without a gateway nobody is told, and the answer says so.
    let none = world.ok(&["whatsapp:reminder", "--date", "2026-01-03"]);
    assert_eq!((&none["queued"]["h7"], &none["skipped"]), (&json!(0), &json!(2)), "{none}");
    world.ok(&["setting:set", "whatsapp.provider=mpwa", "whatsapp.api_url=http://127.0.0.1:9"]);
    let done = world.ok(&["whatsapp:reminder", "--date", "2026-01-03"]);
    assert_eq!(keys(&done), ["queued", "skipped", "warned", "warned_apart"]);
    assert_eq!(done["queued"], json!({ "h0": 0, "h1": 0, "h3": 0, "h7": 2 }));
    let again = world.ok(&["whatsapp:reminder", "--date", "2026-01-03"]);
    assert_eq!(again["queued"]["h7"], json!(0), "the same day adds nothing: {again}");
}
