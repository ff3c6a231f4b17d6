//! What cannot be right, typed into every form that moves money: a sentence beside its field, and nothing written.

use super::{Answer, ask, log_in_as, post_json};
use crate::server::audit::Who;
use crate::server::guard::Role;
use crate::server::http::router;
use crate::server::testing::TestApp;
use crate::{args, sql};
use axum::Router;
use axum::http::HeaderValue;
use serde_json::{Value, json};

/// A form: its address, its whole body, where in the body its fields stand.
struct Form {
    path: &'static str,
    body: Value,
    fields: &'static str,
}

/// One mistake: field, what is typed, beside which field the sentence stands (empty: apart from the fields), and what it
/// says.
type Mistake = (&'static str, Value, &'static str, &'static str);

/// Rp 10^15.
const TOO_MUCH: &str = "1000000000000000";

sql!(ROWS_WRITTEN = "SELECT COUNT(*) FROM invoice UNION ALL SELECT COUNT(*) FROM invoice_line UNION ALL SELECT COUNT(*) FROM payment
 UNION ALL SELECT COUNT(*) FROM allocation UNION ALL SELECT COUNT(*) FROM ledger_entry UNION ALL SELECT COUNT(*) FROM refund
 UNION ALL SELECT COUNT(*) FROM credit_line UNION ALL SELECT COUNT(*) FROM service_addon UNION ALL SELECT COUNT(*) FROM service_price
 UNION ALL SELECT COUNT(*) FROM package_price UNION ALL SELECT COUNT(*) FROM tax_rate UNION ALL SELECT COUNT(*) FROM access_hold
 UNION ALL SELECT COUNT(*) FROM bag_entry UNION ALL SELECT COUNT(*) FROM setting UNION ALL SELECT COUNT(*) FROM service_change
 UNION ALL SELECT COUNT(*) FROM audit_event UNION ALL SELECT CAST(COALESCE(SUM(discount_value + due_day), 0) AS BIGINT) FROM service
 UNION ALL SELECT CAST(COALESCE(SUM(paid), 0) AS BIGINT) FROM invoice UNION ALL SELECT CAST(COALESCE(SUM(unused), 0) AS BIGINT) FROM payment");
sql!(BILL_OF = "SELECT MIN(id) FROM invoice WHERE service_id = $1");
sql!(PAYMENT_OF = "SELECT MIN(id) FROM payment WHERE service_id = $1");

async fn written(app: &TestApp) -> Vec<i64> {
    app.state.db.all::<(i64,)>(ROWS_WRITTEN, args![]).await.unwrap().into_iter().map(|row| row.0).collect()
}

async fn send(router: &Router, cookie: &str, path: &str, body: &Value) -> Answer {
    let mut request = post_json(&format!("/api/admin/{path}"), body);
    request.headers_mut().insert("cookie", HeaderValue::from_str(cookie).unwrap());
    ask(router, request).await
}

/// A body with one value changed.
fn with(form: &Form, field: &str, value: &Value) -> Value {
    let mut body = form.body.clone();
    match form.fields {
        // The fields of a desk are a list of names and values.
        "values" => {
            let values = body["deed"]["values"].as_array_mut().unwrap();
            values.retain(|pair| pair[0] != field);
            values.push(json!([field, value]));
        }
        "" => body[field] = value.clone(),
        place => body[place][field] = value.clone(),
    }
    body
}

struct Office {
    siti: i64,
    lebih: i64,
    bill: i64,
    void: i64,
    reversed: i64,
    package: i64,
}

/// Siti owes the rest of January; Lebih has Saldo; Batal's bill is void, and a payment of his was taken back.
async fn office(app: &TestApp) -> Office {
    app.set(&[("invoice.next_on_payment", "false"), ("books.closed_until", "2025-12")]).await;
    let package = app.package("Home 20M", 300_000, 1).await;
    let mut services = Vec::new();
    for name in ["10000001", "10000002", "10000003"] {
        services.push(app.service(name, package, "2025-06-01").await);
    }
    app.issue("2026-01").await;
    app.cash(services[0], 100_000).await;
    app.cash(services[1], 400_000).await;
    let paid = app.cash(services[2], 1_000).await;
    let ledger = app.state.ledger(Who::command()).await.unwrap();
    ledger.reverse_payment(paid.payment_id, "salah catat").await.unwrap();
    let number = async |sql, service: i64| app.state.db.number(sql, args![service]).await.unwrap();
    let void = number(BILL_OF, services[2]).await;
    ledger.void_invoice(void, "salah catat").await.unwrap();
    Office {
        siti: services[0],
        lebih: services[1],
        bill: number(BILL_OF, services[0]).await,
        void,
        reversed: number(PAYMENT_OF, services[2]).await,
        package,
    }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn table(of: &Office) -> Vec<(Form, Vec<Mistake>)> {
    let id = "0123456789abcdef0123456789abcdef";
    let long = json!("a".repeat(501));
    let amounts = |field: &'static str| -> Vec<Mistake> {
        vec![
            (field, json!("-1"), field, "tidak boleh kurang dari nol"),
            (field, json!("0"), field, "lebih dari nol"),
            (field, json!(TOO_MUCH), field, "terlalu besar"),
            (field, json!("seratus"), field, "tidak terbaca"),
            (field, json!(""), field, "Isi jumlahnya"),
        ]
    };
    let reason = |long: &Value| -> Vec<Mistake> {
        vec![
            ("reason", long.clone(), "reason", "paling banyak 200 huruf"),
            ("reason", json!(" "), "reason", "Tulis alasannya"),
        ]
    };
    let receive = Form {
        path: "payment/record",
        fields: "wish",
        body: json!({ "wish": { "service_id": of.siti, "request_id": id, "method": "cash", "received": 50_000, "amount": 50_000,
            "chosen": [], "received_on": "15/1/2026", "reference": "", "note": "", "months": 0 } }),
    };
    let receive_huge = Form {
        path: "payment/record",
        fields: "wish",
        body: json!({ "wish": { "service_id": of.siti, "request_id": id, "method": "cash", "received": 1_000_000_000_000_000_i64,
            "amount": 1_000, "chosen": [], "received_on": "15/1/2026", "reference": "", "note": "", "months": 0 } }),
    };
    let credit = |write_off: bool| Form {
        path: "invoice/credit",
        fields: "wish",
        body: json!({ "wish": { "invoice_id": of.bill, "write_off": write_off, "amount": "1000", "reason": "uji", "request_id": id } }),
    };
    let refund = Form {
        path: "saldo/refund",
        fields: "wish",
        body: json!({ "wish": { "service_id": of.lebih, "amount": "1000", "method": "transfer", "reference": "", "reason": "uji", "request_id": id } }),
    };
    let extra = |kind: &str, amount: &str| Form {
        path: "extras/save",
        fields: "wish",
        body: json!({ "wish": { "service_id": of.siti, "kind": kind, "text": "Sewa alat", "amount": amount, "until": "", "request_id": id } }),
    };
    let desk = |path: &'static str, values: Value| Form {
        path,
        fields: "values",
        body: json!({ "deed": { "deed": "", "values": values } }),
    };
    let dated = |path: &'static str| Form {
        path,
        fields: "",
        body: json!({ "service_id": of.siti, "until": "16/1/2026", "reason": "gajian" }),
    };
    let months: Vec<Mistake> = vec![
        ("until", json!("1970-01"), "until", "bulan"),
        ("until", json!("2999-12"), "until", "Terlalu jauh"),
        ("until", json!("besok"), "until", "misalnya 2026-12"),
    ];
    let text: Vec<Mistake> =
        vec![("text", long.clone(), "text", "paling banyak 60 huruf"), ("text", json!(""), "text", "Tulis untuk apa")];
    let days = |words: &'static str| -> Vec<Mistake> {
        vec![
            ("until", json!("1/1/1970"), "until", words),
            ("until", json!("31/12/2999"), "until", words),
            ("until", json!("lusa"), "until", "Isi tanggalnya"),
        ]
    };
    vec![
        (
            receive,
            vec![
                ("amount", json!(0), "amount", "lebih dari nol"),
                ("amount", json!(-1), "amount", "lebih dari nol"),
                ("amount", json!(60_000), "amount", "Isi uang yang diterima"),
                ("received_on", json!("1/1/1970"), "received_on", "paling lama 31 hari"),
                ("received_on", json!("1/1/2999"), "received_on", "belum terjadi"),
                ("received_on", json!("16/1/2026"), "received_on", "belum terjadi"),
                ("received_on", json!("31/12/2025"), "received_on", "Desember 2025 sudah ditutup"),
                ("received_on", json!("kemarin"), "received_on", "Tanggal tidak terbaca"),
                ("note", long.clone(), "note", "paling banyak 200 huruf"),
                ("reference", long.clone(), "reference", "paling banyak 100 huruf"),
                ("months", json!(13), "months", "1 sampai 12 bulan"),
                ("months", json!(-1), "months", "1 sampai 12 bulan"),
            ],
        ),
        (receive_huge, vec![("amount", json!(1_000_000_000_000_000_i64), "amount", "terlalu besar")]),
        (
            Form { path: "payment/reverse", fields: "", body: json!({ "id": of.reversed, "reason": "uji" }) },
            [reason(&long), vec![("reason", json!("dua kali"), "", "sudah dibatalkan")]].concat(),
        ),
        (
            Form { path: "invoice/void", fields: "", body: json!({ "id": of.void, "reason": "uji" }) },
            [
                reason(&long),
                vec![
                    ("reason", json!("dua kali"), "", "sudah dibatalkan"),
                    ("id", json!(of.bill), "", "sudah dibayar"),
                ],
            ]
            .concat(),
        ),
        (
            credit(false),
            [amounts("amount"), reason(&long), vec![("amount", json!("300001"), "amount", "Paling banyak Rp 300.000")]]
                .concat(),
        ),
        (
            credit(true),
            [amounts("amount"), reason(&long), vec![("amount", json!("200001"), "amount", "Paling banyak Rp 200.000")]]
                .concat(),
        ),
        (
            refund,
            [
                amounts("amount"),
                reason(&long),
                vec![
                    ("amount", json!("100001"), "amount", "Saldo pelanggan ini Rp 100.000"),
                    ("reference", long.clone(), "reference", "Terlalu panjang"),
                ],
            ]
            .concat(),
        ),
        (extra("sekali", "25000"), [amounts("amount"), text.clone()].concat()),
        (extra("bulanan", "25000"), [amounts("amount"), text, months.clone()].concat()),
        (
            extra("diskon", "10%"),
            [
                months,
                vec![
                    ("amount", json!("101%"), "amount", "paling banyak 100"),
                    ("amount", json!("0%"), "amount", "lebih dari 0"),
                    ("amount", json!("-5%"), "amount", "lebih dari 0"),
                    ("amount", json!("-5000"), "amount", "tidak boleh kurang dari nol"),
                    ("amount", json!("0"), "amount", "lebih dari nol"),
                    ("amount", json!("300001"), "amount", "lebih besar dari harga layanan ini (Rp 300.000)"),
                    ("amount", json!(TOO_MUCH), "amount", "terlalu besar"),
                ],
            ]
            .concat(),
        ),
        (
            extra("harga", "250000"),
            vec![
                ("amount", json!("-1"), "amount", "tidak boleh kurang dari nol"),
                ("amount", json!("0"), "amount", "lebih dari nol"),
                ("amount", json!(TOO_MUCH), "amount", "terlalu besar"),
                ("amount", json!("2000000000"), "amount", "terlalu besar"),
            ],
        ),
        (
            desk(
                "package/price",
                json!([
                    ["id", of.package.to_string()],
                    ["price", "350000"],
                    ["from", "2026-02"],
                    ["area", ""],
                    ["numbers", ""]
                ]),
            ),
            [
                amounts("price"),
                vec![
                    ("from", json!("1970-01"), "from", "Pilih bulan"),
                    ("from", json!("2020-01"), "from", "paling cepat Februari 2026"),
                    ("from", json!("2999-01"), "from", "paling lambat"),
                    ("from", json!("2026-01"), "from", "paling cepat Februari 2026"),
                    ("from", json!("nanti"), "from", "Pilih bulan"),
                    ("area", json!("pilihan"), "numbers", "Tulis nomor layanannya"),
                    ("area", json!("di:Tiada"), "area", "Tidak ada layanan"),
                ],
            ]
            .concat(),
        ),
        (
            desk(
                "package/price",
                json!([
                    ["id", of.package.to_string()],
                    ["price", "350000"],
                    ["from", "2026-02"],
                    ["area", "pilihan"],
                    ["numbers", "10000001"]
                ]),
            ),
            vec![("numbers", json!("10000001, 99"), "numbers", "Nomor layanan 99 tidak ditemukan")],
        ),
        (dated("promise/add"), [days("Pilih tanggal"), reason(&long)].concat()),
        (dated("promise/hold"), [days("Pilih tanggal akhir"), reason(&long)].concat()),
        (
            desk("tax/rate", json!([["from", "1/2/2026"], ["rate", "12"], ["base", "11/12"]])),
            vec![
                ("from", json!("1/1/1970"), "from", "paling cepat hari ini"),
                ("from", json!("14/1/2026"), "from", "paling cepat hari ini"),
                ("from", json!("1/1/2999"), "from", "tiga tahun"),
                ("from", json!("nanti"), "from", "Tanggal tidak terbaca"),
                ("rate", json!("0"), "rate", "lebih dari 0%"),
                ("rate", json!("-1"), "rate", "lebih dari 0%"),
                ("rate", json!("101"), "rate", "paling banyak 100%"),
                ("rate", json!(TOO_MUCH), "rate", "paling banyak 100%"),
                ("base", json!("12/11"), "base", "pecahan"),
                ("base", json!("1/0"), "base", "pecahan"),
                ("base", json!("-11/12"), "base", "pecahan"),
                ("base", json!("banyak"), "base", "pecahan"),
            ],
        ),
        (
            desk("books/close", json!([["until", "2026-01"], ["note", ""]])),
            vec![
                ("until", json!("2026-01"), "until", "sudah lewat"),
                ("until", json!("2999-01"), "until", "sudah lewat"),
                ("until", json!("1970-01"), "until", "Pilih bulan"),
                ("until", json!("2020-01"), "until", "sudah ditutup"),
                ("until", json!("buka:semua"), "note", "Tulis alasannya"),
            ],
        ),
        (
            Form {
                path: "service/change",
                fields: "wish",
                body: json!({ "wish": { "service_id": of.siti, "what": "tempo:25", "now": false, "reason": "gajian", "preview": false } }),
            },
            [
                reason(&long),
                vec![
                    ("what", json!("tempo:0"), "due_day", "1 sampai 31"),
                    ("what", json!("tempo:32"), "due_day", "1 sampai 31"),
                    ("what", json!("tempo:-1"), "due_day", "1 sampai 31"),
                    ("what", json!("tempo:akhir"), "due_day", "1 sampai 31"),
                ],
            ]
            .concat(),
        ),
    ]
}

#[tokio::test]
async fn every_money_form_says_what_is_wrong_beside_its_field_and_writes_nothing() {
    for app in TestApp::each("2026-01-01 00:01").await {
        let of = office(&app).await;
        app.at("2026-01-15 10:00");
        let (router, cookie) = (router(app.state.clone()), log_in_as(&app, Role::Owner).await);
        let (before, engine) = (written(&app).await, app.state.db.engine());
        for (form, mistakes) in table(&of) {
            for (field, typed, beside, says) in mistakes {
                let answer = send(&router, &cookie, form.path, &with(&form, field, &typed)).await;
                let what = format!("{} {field}={typed} on {engine}: {}", form.path, answer.text);
                assert!(answer.status.is_client_error(), "{what}");
                let error = answer.json();
                assert_eq!(error["field"].as_str().unwrap_or_default(), beside, "{what}");
                let message = error["message"].as_str().unwrap_or_default().to_owned();
                // An amount has a no-break space on pages.
                assert!(message.replace('\u{a0}', " ").contains(says), "{says:?}: {what}");
                assert!(message.ends_with('.'), "a sentence: {what}");
                assert_eq!(written(&app).await, before, "{what}");
            }
        }
        // Right after all: what was refused was the mistake, not the form.
        let credit = json!({ "wish": { "invoice_id": of.bill, "write_off": false, "amount": "1000", "reason": "uji", "request_id": "0123456789abcdef" } });
        assert!(send(&router, &cookie, "invoice/credit", &credit).await.status.is_success());
        assert_ne!(written(&app).await, before);
        app.assert_books().await;
    }
}

#[tokio::test]
async fn the_settings_of_the_late_fee_take_no_nonsense() {
    for app in TestApp::each("2026-01-15 10:00").await {
        let (router, cookie) = (router(app.state.clone()), log_in_as(&app, Role::Owner).await);
        let before = written(&app).await[13];
        let mistakes = [
            ("amount", "0", "antara"),
            ("amount", "-1", "kurang dari nol"),
            ("amount", TOO_MUCH, "terlalu besar"),
            ("percent", "0", "antara 1 dan 100"),
            ("percent", "101", "antara 1 dan 100"),
            ("percent", "-1", "antara 1 dan 100"),
            ("days", "0", "antara 1 dan 60"),
            ("days", "1000000000000000", "antara 1 dan 60"),
            ("from", "", "Isi bulan mulainya"),
            ("from", "2026", "bulan seperti 2026-03"),
            ("from", "1970-01", "2000 sampai 2100"),
            ("from", "2999-12", "2000 sampai 2100"),
        ];
        for (name, typed, says) in mistakes {
            let key = format!("invoice.late_fee.{name}");
            let mut values = vec![json!({ "key": "invoice.late_fee.mode", "value": "percent", "clear": false })];
            if name != "from" {
                values.push(json!({ "key": "invoice.late_fee.from", "value": "2026-02", "clear": false }));
            }
            values.push(json!({ "key": key, "value": typed, "clear": false }));
            let answer = send(&router, &cookie, "setting/save", &json!({ "group": "denda", "values": values })).await;
            let wrong = answer.json()["Wrong"].clone();
            assert_eq!(wrong[0]["key"], key, "{name}={typed}: {}", answer.text);
            assert!(wrong[0]["message"].as_str().unwrap().contains(says), "{name}={typed}: {}", answer.text);
            assert_eq!(written(&app).await[13], before, "{name}={typed}");
        }
    }
}
