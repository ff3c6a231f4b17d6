//! The command line, as CONTRACT promises it: from a file of customers to bills, payments, balances and checks.

use super::world::{World, keys};
use serde_json::{Value, json};

const CUSTOMERS: &str =
    "nomor_layanan,nama_pelanggan,telepon,paket,tanggal_pasang,tanggal_tempo,dibayar_sampai,tunggakan
CUST001,Budi Santoso,081234567890,Home-20M,2025-03-01,10,2025-12,
CUST002,Siti Aminah,0812-3456-7891,Home-20M,01/03/2025,10,2025-12,150000
CUST003,Joko,+62 812 3456 7892,Home-20M,2026-01-15,10,,
,Tanpa Telepon,,Home-20M,2025-03-01,10,2025-12,
";

/// One package and three customers, imported in December 2025.
fn with_customers() -> World {
    let world = World::ready();
    world.ok(&["package:add", "--name", "Home-20M", "--price", "300000", "--profile", "Home-20M"]);
    let file = world.file("pelanggan.csv", CUSTOMERS);
    let preview = world.ok(&["customer:import", &file, "--dry-run", "--date", "2025-12-20"]);
    let done = world.ok(&["customer:import", &file, "--date", "2025-12-20"]);
    assert_eq!(preview, done, "the preview says what happens");
    assert_eq!(keys(&done), ["imported", "opening", "rejected", "rows", "unknown_columns", "updated"]);
    assert_eq!((&done["rows"], &done["imported"], &done["updated"]), (&json!(4), &json!(3), &json!(0)));
    assert_eq!(done["opening"], json!({ "arrears": 150_000, "credit": 0 }));
    assert_eq!(done["rejected"].as_array().map(Vec::len), Some(1));
    let rejected = &done["rejected"][0];
    assert_eq!(keys(rejected), ["column", "problem", "row", "value"]);
    assert_eq!((&rejected["row"], &rejected["column"]), (&json!(5), &json!("telepon")));
    world
}

fn bills(world: &World, args: &[&str]) -> Vec<Value> {
    let mut all = vec!["invoice:list"];
    all.extend_from_slice(args);
    world.ok(&all)["invoices"].as_array().cloned().unwrap_or_default()
}

#[test]
fn packages_have_one_name_each() {
    let world = World::ready();
    let add = [
        "package:add",
        "--name",
        "Home-20M",
        "--price",
        "Rp 300.000",
        "--profile",
        "Home-20M",
        "--down-kbps",
        "20000",
        "--up-kbps",
        "20000",
    ];
    assert_eq!(keys(&world.ok(&add)), ["id"]);
    world.ends(1, &add);
    world.ends(2, &["package:add", "--name", "B", "--price", "-1", "--profile", "B"]);
}

#[test]
fn a_month_is_issued_once_and_listed_with_its_lines() {
    let world = with_customers();
    let issue = ["invoice:generate", "--period", "2026-01", "--date", "2026-01-20"];
    let rehearsed = world.ok(&["invoice:generate", "--period", "2026-01", "--date", "2026-01-20", "--dry-run"]);
    assert!(bills(&world, &["--period", "2026-01"]).is_empty(), "a rehearsal writes nothing");
    // January of the one who starts on the 15th is 164,516 of 300,000.
    let prorated = world.ok(&["invoice:prorate", "--period", "2026-01", "--date", "2026-01-20"]);
    assert_eq!((&prorated["issued"], &prorated["total"]), (&json!(1), &json!(164_516)));
    let issued = world.ok(&issue);
    assert_eq!(keys(&issued), ["already", "issued", "period", "set_hash", "skipped", "total"]);
    assert_eq!((&issued["period"], &issued["issued"], &issued["already"]), (&json!("2026-01"), &json!(2), &json!(1)));
    assert_eq!(issued["set_hash"], rehearsed["set_hash"]);
    assert_eq!(issued["set_hash"].as_str().map(str::len), Some(64));
    let again = world.ok(&issue);
    assert_eq!((&again["issued"], &again["already"], &again["set_hash"]), (&json!(0), &json!(3), &issued["set_hash"]));

    let list = bills(&world, &["--period", "2026-01", "--service-number", "CUST003"]);
    assert_eq!(list.len(), 1);
    let bill = &list[0];
    assert_eq!(
        keys(bill),
        ["due_on", "id", "issued_on", "lines", "number", "paid", "period", "service_number", "status", "total"],
    );
    assert_eq!((&bill["total"], &bill["status"], &bill["paid"]), (&json!(164_516), &json!("open"), &json!(0)));
    assert_eq!(bill["lines"].as_array().map(Vec::len), Some(1));
    assert_eq!(keys(&bill["lines"][0]), ["amount", "kind", "text"]);
    assert_eq!((&bill["lines"][0]["kind"], &bill["lines"][0]["amount"]), (&json!("prorate"), &json!(164_516)));
    let opening: Vec<_> = bills(&world, &["--service-number", "CUST002"])
        .into_iter()
        .filter(|bill| bill["lines"][0]["kind"] == "opening")
        .collect();
    assert_eq!(opening.len(), 1);
    assert_eq!((&opening[0]["period"], &opening[0]["total"]), (&json!("2025-12"), &json!(150_000)));
    assert_eq!(world.ok(&["verify"]), json!({ "customers": 3, "invoices": 4, "payments": 0, "differences": [] }));
}

#[test]
fn nine_hundred_thousand_pays_two_months_and_saldo_pays_the_third() {
    let world = with_customers();
    world.ok(&["invoice:generate", "--period", "2026-01", "--date", "2026-01-01"]);
    let pay = |amount: &str, request: &str| {
        world.ok(&[
            "payment:record",
            "--service-number",
            "CUST001",
            "--amount",
            amount,
            "--method",
            "cash",
            "--received-by",
            "Rina",
            "--request-id",
            request,
            "--date",
            "2026-01-05",
        ])
    };
    let paid = pay("900000", "kasir-1");
    assert_eq!(keys(&paid), ["allocated", "credit", "payment_id"]);
    assert_eq!(paid["credit"], 300_000);
    assert_eq!(paid["allocated"].as_array().map(Vec::len), Some(2));
    assert_eq!(keys(&paid["allocated"][0]), ["amount", "invoice"]);
    assert_eq!(pay("900000", "kasir-1")["payment_id"], paid["payment_id"], "the same form again is the same payment");

    let of = |period: &str| bills(&world, &["--service-number", "CUST001", "--period", period]);
    assert_eq!((&of("2026-01")[0]["status"], &of("2026-02")[0]["status"]), (&json!("paid"), &json!("paid")));
    assert!(of("2026-03").is_empty());
    world.ok(&["invoice:generate", "--period", "2026-03", "--date", "2026-03-01"]);
    assert_eq!(of("2026-03")[0]["status"], "paid", "March is paid from Saldo");

    let balance = world.ok(&["balance", "--service-number", "CUST001", "--date", "2026-03-01"]);
    assert_eq!(keys(&balance), ["credit", "ledger", "overdue", "owed"]);
    assert_eq!((&balance["owed"], &balance["overdue"], &balance["credit"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!(keys(&balance["ledger"][0]), ["amount", "date", "kind", "text"]);
    assert_eq!(world.ok(&["verify"])["differences"], json!([]));
}

#[test]
fn refusals_of_the_business_end_with_1_and_bad_options_with_2() {
    let world = with_customers();
    world.ok(&["invoice:generate", "--period", "2026-01", "--date", "2026-01-01"]);
    let pay = ["payment:record", "--service-number", "CUST001", "--method", "cash", "--date", "2026-01-05", "--amount"];
    let with = |more: &[&'static str]| pay.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    world.ends(1, &with(&["300000", "--received-on", "2026-01-06"]));
    world.ends(2, &with(&["tiga"]));
    world.ends(1, &["balance", "--service-number", "TIDAK-ADA"]);
    assert!(
        world.ends(1, &["customer:import", &world.file("bohong.xlsx", "%PDF-1.7 bukan tabel")])["error"].is_string()
    );
    world.ends(2, &["customer:import", "/tidak/ada.xlsx"]);
    assert_eq!(world.ok(&["verify"])["payments"], 0, "nothing of it was written");
}

#[test]
fn a_name_that_is_one_services_number_and_anothers_id_is_not_guessed() {
    let world = with_customers();
    // Services have ids from 1 on; here comes one whose number is one of them.
    let file = world.file("lagi.csv", "nomor_layanan,nama_pelanggan,telepon,paket\n2,Rudi,081234567899,Home-20M\n");
    assert_eq!(world.ok(&["customer:import", &file])["imported"], 1);
    let said = world.ends(2, &["balance", "--service-number", "2"]);
    let text = said["error"].as_str().unwrap();
    assert!(text.contains("nomor layanan 2") && text.contains("CUST002"), "{text}");
    world.ok(&["balance", "--service-number", "1"]);
}

#[test]
fn isolir_and_the_queue_answer_in_their_shapes() {
    let world = with_customers();
    world.ok(&["invoice:generate", "--period", "2026-01", "--date", "2026-01-01"]);
    let shape = ["braked", "failed", "held", "isolated", "overdue", "pending", "restored"];
    let rehearsed = world.ok(&["isolir:auto", "--dry-run", "--date", "2026-01-12"]);
    assert_eq!(keys(&rehearsed), shape);
    assert_eq!(rehearsed["overdue"], 2);
    let run = world.ok(&["isolir:auto", "--wait", "0", "--date", "2026-01-12"]);
    assert_eq!(keys(&run), shape);
    // A service that no router carries cannot be isolated by hand, and says so.
    world.ends(1, &["isolir:customer", "--id", "CUST001", "--wait", "0"]);
    let port = super::world::free_address().port().to_string();
    let add = ["router:add", "--name", "Mati", "--host", "127.0.0.1", "--port", &port, "--username", "billing"];
    world.ok_with(&[&add[..], &["--password-stdin"]].concat(), "s3cret");
    let row = "nomor_layanan,nama_pelanggan,telepon,paket,lokasi_server,pppoe_username\nCUST009,Rudi,081234567899,Home-20M,Mati,rudi\n";
    world.ok(&["customer:import", &world.file("rudi.csv", row)]);
    let one = world.ok(&["isolir:customer", "--id", "CUST009", "--reason", "diminta sendiri", "--wait", "0"]);
    assert_eq!(keys(&one), ["desired", "observed", "service_number"]);
    assert_eq!((&one["service_number"], &one["desired"]), (&json!("CUST009"), &json!("isolated")));
    assert_ne!(one["observed"], "isolated", "nobody has seen it on the router");
    assert_eq!(world.ok(&["isolir:restore", "--id", "CUST009", "--wait", "0"])["desired"], "normal");
    let drained = world.ok(&["work:drain", "--timeout", "5"]);
    assert_eq!(keys(&drained), ["dead", "done", "left", "retry"]);
}

#[test]
fn what_is_exported_comes_back_unchanged() {
    let world = with_customers();
    let file = world.path("keluar.xlsx").display().to_string();
    assert_eq!(world.ok(&["customer:export", &file]), json!({ "rows": 3 }));
    let again = world.ok(&["customer:import", &file, "--date", "2025-12-21"]);
    assert_eq!((&again["rows"], &again["imported"], &again["updated"]), (&json!(3), &json!(0), &json!(0)));
    assert_eq!(again["rejected"], json!([]));
    assert_eq!(again["opening"], json!({ "arrears": 0, "credit": 0 }));
}

#[test]
fn the_same_seed_makes_the_same_books() {
    let seed = ["db:seed", "--customers", "40", "--months", "3", "--random-seed", "9", "--routeros", "127.0.0.1:1"];
    let (one, two) = (World::ready(), World::ready());
    let made = one.ok(&seed);
    assert_eq!(keys(&made), ["customers", "invoices", "payments", "services"]);
    assert_eq!((made["customers"].clone(), made), (json!(40), two.ok(&seed)));
    one.ends(1, &seed);
    let hash = |world: &World| world.ok(&["invoice:generate", "--dry-run"])["set_hash"].clone();
    assert_eq!(hash(&one), hash(&two));
    assert_eq!(one.ok(&["verify"])["differences"], json!([]));
}
