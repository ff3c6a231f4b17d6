//! The tables of a customer's page.

use super::{BillRow, EventRow, LedgerRow, MessageRow, PaymentRow};
use crate::app::ui::Tag;
use leptos::prelude::*;

/// A heading and a table, or a sentence when there is nothing.
#[component]
fn Table(title: &'static str, empty: &'static str, is_empty: bool, children: ChildrenFn) -> impl IntoView {
    view! {
        <section class="panel">
            <div class="head"><h2>{title}</h2></div>
            {if is_empty {
                view! { <p class="pad mute">{empty}</p> }.into_any()
            } else {
                view! { <div class="scroll" tabindex="0" role="group" aria-label="Tabel">{children()}</div> }.into_any()
            }}
        </section>
    }
}

/// Bills, newest first.
#[component]
pub fn Bills(rows: Vec<BillRow>) -> impl IntoView {
    let is_empty = rows.is_empty();
    view! {
        <Table title="Tagihan" empty="Belum ada tagihan." is_empty>
            <table>
                <thead><tr>
                    <th scope="col">"Nomor"</th><th scope="col" class="hide-s">"Bulan"</th><th scope="col" class="hide-s">"Jatuh tempo"</th>
                    <th scope="col" class="num">"Jumlah"</th><th scope="col" class="num hide-s">"Sisa"</th><th scope="col" class="hide-s">"Status"</th>
                </tr></thead>
                <tbody>{rows.iter().cloned().map(|row| view! {
                    <tr>
                        <td><a href=format!("/admin/tagihan/{}", row.id)>{row.number}</a><span class="sub only-s">{row.period.clone()}</span></td>
                        <td class="hide-s">{row.period}</td><td class="hide-s num date">{row.due}</td>
                        <td class="num">{row.total}<span class="sub only-s"><Tag badge=row.status.clone() /></span></td>
                        <td class="num hide-s">{row.left}</td><td class="hide-s"><Tag badge=row.status /></td>
                    </tr>
                }).collect::<Vec<_>>()}</tbody>
            </table>
        </Table>
    }
}

/// Payments, newest first.
#[component]
pub fn Payments(rows: Vec<PaymentRow>) -> impl IntoView {
    let is_empty = rows.is_empty();
    view! {
        <Table title="Pembayaran" empty="Belum ada pembayaran." is_empty>
            <table>
                <thead><tr>
                    <th scope="col">"Kuitansi"</th><th scope="col" class="hide-s">"Lewat"</th><th scope="col" class="hide-s">"Dipakai untuk"</th>
                    <th scope="col" class="num">"Jumlah"</th><th scope="col" class="num hide-s">"Jadi Saldo"</th>
                </tr></thead>
                <tbody>{rows.iter().cloned().map(|row| {
                    let kept = (!row.unused.is_empty()).then(|| format!("Saldo {}", row.unused));
                    view! {
                    <tr>
                        <td><a class="num" href=format!("/admin/pembayaran/{}", row.id)>{row.receipt}</a><span class="sub">{row.day}{row.reversed.then_some(" · Dibatalkan")}</span></td>
                        <td class="hide-s">{row.way}</td><td class="hide-s">{row.used_for}</td>
                        <td class="num">{row.amount}{kept.map(|kept| view! { <span class="sub only-s">{kept}</span> })}</td>
                        <td class="num hide-s">{row.unused}</td>
                    </tr>
                }}).collect::<Vec<_>>()}</tbody>
            </table>
        </Table>
    }
}

/// Kartu Piutang between two days as a file, and all open bills on one sheet. They open beside the page, so that what was
/// typed stays.
#[component]
pub fn Papers(id: i64, owes: bool) -> impl IntoView {
    let address = format!("/admin/pelanggan/{id}");
    view! {
        <form class="panel pad stack no-print" method="get" action=format!("{address}/kartu.pdf") target="_blank">
            <h2>"Cetak untuk pelanggan"</h2>
            <div class="filters">
                <div class="field"><label for="kartu-from">"Kartu Piutang dari tanggal"</label><input id="kartu-from" name="from" type="text" inputmode="numeric" placeholder="awal tahun ini" /></div>
                <div class="field"><label for="kartu-to">"Sampai tanggal"</label><input id="kartu-to" name="to" type="text" inputmode="numeric" placeholder="hari ini" /></div>
                <div class="row">
                    <button class="btn main" type="submit">"Kartu Piutang PDF"</button>
                    <button class="btn" type="submit" formaction=format!("{address}/kartu.xlsx")>"Excel"</button>
                    {owes.then(|| view! { <a class="btn" href=format!("{address}/tagihan.pdf") rel="external" target="_blank">"Semua tagihan terbuka (PDF)"</a> })}
                </div>
            </div>
        </form>
    }
}

/// Kartu Piutang, newest first.
#[component]
pub fn Ledger(rows: Vec<LedgerRow>) -> impl IntoView {
    let is_empty = rows.is_empty();
    view! {
        <Table title="Kartu Piutang" empty="Belum ada catatan." is_empty>
            <table>
                <thead><tr>
                    <th scope="col" class="hide-s">"Tanggal"</th><th scope="col">"Keterangan"</th><th scope="col" class="num only-s">"Jumlah"</th>
                    <th scope="col" class="num hide-s">"Tagihan"</th><th scope="col" class="num hide-s">"Bayar"</th><th scope="col" class="num hide-s">"Sisa"</th>
                </tr></thead>
                <tbody>{rows.iter().cloned().map(|row| {
                    let signed = if row.credit.is_empty() { row.debit.clone() } else { format!("\u{2212}{}", row.credit) };
                    view! {
                    <tr>
                        <td class="num date hide-s">{row.day.clone()}</td><td>{row.text}<span class="sub only-s">{row.day}</span></td>
                            <td class="num only-s">{signed}</td>
                        <td class="num hide-s">{row.debit}</td><td class="num hide-s">{row.credit}</td><td class="num hide-s">{row.balance}</td>
                    </tr>
                }}).collect::<Vec<_>>()}</tbody>
            </table>
        </Table>
    }
}

/// What happened to the access, newest first.
#[component]
pub fn Events(rows: Vec<EventRow>) -> impl IntoView {
    let is_empty = rows.is_empty();
    view! {
        <Table title="Riwayat akses" empty="Belum ada perubahan akses." is_empty>
            <table>
                <thead><tr>
                    <th scope="col">"Waktu"</th><th scope="col">"Kejadian"</th><th scope="col">"Alasan"</th><th scope="col" class="hide-s">"Oleh"</th>
                </tr></thead>
                <tbody>{rows.iter().cloned().map(|row| view! {
                    <tr>
                        <td class="num date">{row.at}<span class="sub">{row.number}</span></td><td><Tag badge=row.what /></td>
                        <td>{row.reason}</td><td class="hide-s">{row.who}</td>
                    </tr>
                }).collect::<Vec<_>>()}</tbody>
            </table>
        </Table>
    }
}

/// Messages, newest first.
#[component]
pub fn Messages(rows: Vec<MessageRow>) -> impl IntoView {
    let is_empty = rows.is_empty();
    view! {
        <Table title="Pesan WhatsApp" empty="Belum ada pesan." is_empty>
            <table>
                <thead><tr><th scope="col">"Waktu"</th><th scope="col">"Pesan"</th><th scope="col">"Status"</th></tr></thead>
                <tbody>{rows.iter().cloned().map(|row| view! {
                    <tr>
                        <td class="num date">{row.at}</td>
                        <td><details><summary>{row.kind}</summary><p class="small">{row.text}</p></details></td>
                        <td><Tag badge=row.state /><span class="sub">{row.reason}</span></td>
                    </tr>
                }).collect::<Vec<_>>()}</tbody>
            </table>
        </Table>
    }
}
