//! Bills, payments, bags of cash, collecting.

use super::{Download, Function};
use crate::server::guard::Permission as P;
use serde_json::json;

/// Its server functions.
pub fn functions() -> Vec<Function> {
    let invoices = json!({ "filter": { "q": "", "period": "", "status": "", "sort": "", "page": 1 } });
    let payment = json!({ "wish": { "service_id": 1, "request_id": "r", "method": "cash", "received": 1, "amount": 1,
        "chosen": [], "received_on": "", "reference": "", "note": "" } });
    let issue = json!({ "period": "2026-01", "notify": false, "dry_run": true });
    let handover = json!({ "wish": { "bag_id": 0, "expected": 0, "counted": "", "kept": "", "reason": "", "destination": "kantor",
        "reference": "", "request_id": "r" } });
    vec![
        ("report/view", Some(P::ViewReports), json!({ "name": "ringkasan", "query": "" })),
        ("expense/view", Some(P::ManageExpenses), json!({ "asked": [] })),
        ("expense/put", Some(P::ManageExpenses), json!({ "deed": { "deed": "", "values": [] } })),
        ("collect/list", Some(P::Collect), json!({ "filter": {} })),
        ("collect/contact", Some(P::Collect), json!({ "customer_id": 1, "text": "" })),
        ("arrears/list", Some(P::Collect), json!({ "filter": {} })),
        ("cash/daily", Some(P::ManageCash), json!({ "filter": {} })),
        ("handover/view", Some(P::HandOver), json!({ "bag": null })),
        ("handover/give", Some(P::HandOver), handover),
        ("handover/answer", Some(P::ManageCash), json!({ "answer": { "id": 1, "confirm": true, "text": "" } })),
        ("invoice/list", Some(P::ViewInvoices), invoices),
        ("invoice/view", Some(P::ViewInvoices), json!({ "id": 1 })),
        ("invoice/void", Some(P::AdjustBills), json!({ "id": 1, "reason": "" })),
        ("invoice/again", Some(P::AdjustBills), json!({ "id": 1 })),
        (
            "invoice/credit",
            Some(P::AdjustBills),
            json!({ "wish": { "invoice_id": 1, "write_off": false, "amount": "", "reason": "", "request_id": "r" } }),
        ),
        (
            "saldo/refund",
            Some(P::Refund),
            json!({ "wish": { "service_id": 1, "amount": "", "method": "cash", "reference": "", "reason": "", "request_id": "r" } }),
        ),
        (
            "payment/preview",
            Some(P::RecordPayment),
            json!({ "wish": { "service_id": 1, "request_id": "r", "method": "cash", "received": 1, "amount": 1,
                "chosen": [], "received_on": "", "reference": "", "note": "", "months": 0 } }),
        ),
        ("extras/list", Some(P::ViewInvoices), json!({ "page": 1 })),
        ("extras/view", Some(P::AdjustBills), json!({ "customer_id": 1 })),
        ("extras/end", Some(P::AdjustBills), json!({ "id": 1 })),
        (
            "extras/save",
            Some(P::AdjustBills),
            json!({ "wish": { "service_id": 1, "kind": "bulanan", "text": "", "amount": "", "until": "", "request_id": "r" } }),
        ),
        ("rehearsal/view", Some(P::RunBilling), json!({ "period": "" })),
        ("rehearsal/approve", Some(P::RunBilling), json!({ "period": "2026-01", "set_hash": "" })),
        ("rehearsal/cancel", Some(P::RunBilling), json!({ "period": "2026-01" })),
        ("rehearsal/parked", Some(P::RunBilling), json!({ "id": 1, "issue": false })),
        ("promise/list", Some(P::Collect), json!({ "all": true, "page": 1 })),
        ("promise/add", Some(P::Collect), json!({ "service_id": 1, "until": "", "reason": "" })),
        ("promise/hold", Some(P::ManageAccess), json!({ "service_id": 1, "until": "", "reason": "" })),
        ("promise/end", Some(P::Collect), json!({ "id": 1 })),
        ("payment/reverse", Some(P::RecordPayment), json!({ "id": 1, "reason": "" })),
        ("issue/periods", Some(P::RunBilling), json!({})),
        ("issue/run", Some(P::RunBilling), issue),
        (
            "payment/list",
            Some(P::ViewInvoices),
            json!({ "filter": { "q": "", "from": "", "to": "", "method": "", "receiver": "", "page": 1 } }),
        ),
        ("payment/view", Some(P::ViewInvoices), json!({ "id": 1 })),
        ("payment/start", Some(P::RecordPayment), json!({ "service_id": 1 })),
        ("payment/record", Some(P::RecordPayment), payment),
    ]
}

/// Its pages and files.
pub fn downloads() -> Vec<Download> {
    vec![
        ("/admin/tagihan/1/pdf", P::ViewInvoices),
        ("/admin/tagihan.pdf?period=2026-01", P::Export),
        ("/admin/tagihan.xlsx", P::Export),
        ("/admin/pratinjau.xlsx", P::RunBilling),
        ("/admin/pembayaran.xlsx", P::Export),
        ("/admin/tagihan/cetak?period=2026-01", P::Export),
        ("/admin/tagihan/cetak/unduh?period=2026-01", P::Export),
        ("/admin/kwitansi/1?lebar=58", P::ViewInvoices),
        ("/admin/kwitansi/1/pdf", P::ViewInvoices),
        ("/admin/pelanggan/1/kartu.pdf", P::ViewInvoices),
        ("/admin/pelanggan/1/kartu.xlsx", P::ViewInvoices),
        ("/admin/pelanggan/1/tagihan.pdf", P::ViewInvoices),
        ("/admin/setoran/1/cetak", P::HandOver),
        ("/admin/tagih/cetak", P::Collect),
        ("/admin/laporan/ringkasan/xlsx", P::Export),
        ("/admin/laporan/arus-kas/pdf", P::Export),
        ("/admin/tunggakan.xlsx", P::Export),
        ("/admin/kas-harian.xlsx", P::ManageCash),
    ]
}
