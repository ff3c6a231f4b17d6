//! Pilih Cara Bayar.

use super::{Company, document};
use leptos::prelude::*;

/// The page's data.
#[derive(Clone, Debug, Default)]
pub struct ChooseView {
    /// The provider.
    pub company: Company,
    /// The service.
    pub service_number: String,
    /// Public ids of the chosen bills.
    pub bills: Vec<i64>,
    /// Older ones among them that were not chosen; may be empty.
    pub added: String,
    /// Whether some of the chosen were paid meanwhile.
    pub gone: bool,
    /// What they are for.
    pub titles: String,
    /// Their sum.
    pub total: String,
    /// The ways to pay.
    pub methods: Vec<MethodView>,
}

/// A way to pay.
#[derive(Clone, Debug, Default)]
pub struct MethodView {
    /// `flip:bni_va`.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The heading it stands under.
    pub group: &'static str,
    /// What the payer is charged for it, in words.
    pub fee: &'static str,
    /// Why it cannot be chosen; empty if it can.
    pub blocked: String,
}

/// The page.
pub fn choose_page(view: &ChooseView) -> String {
    let mut groups: Vec<&'static str> = Vec::new();
    for method in &view.methods {
        if !groups.contains(&method.group) {
            groups.push(method.group);
        }
    }
    let first = view.methods.iter().position(|method| method.blocked.is_empty());
    let lists: Vec<_> = groups
        .into_iter()
        .map(|group| {
            let rows: Vec<_> = view
                .methods
                .iter()
                .enumerate()
                .filter(|(_, method)| method.group == group)
                .map(|(n, method)| {
                    let method = method.clone();
                    let blocked = !method.blocked.is_empty();
                    view! {
                        <label class=if blocked { "off" } else { "" }>
                            <input type="radio" name="metode" value=method.code required disabled=blocked checked={Some(n) == first} />
                            <span>{method.name}</span>
                            <small>{if blocked { method.blocked } else { method.fee.to_owned() }}</small>
                        </label>
                    }
                })
                .collect();
            view! { <fieldset class="pick"><legend>{group}</legend>{rows}</fieldset> }
        })
        .collect();
    let hidden: Vec<_> =
        view.bills.iter().map(|id| view! { <input type="hidden" name="tagihan" value=id.to_string() /> }).collect();
    let back = super::bills_of(&view.service_number);
    let choice = if view.methods.is_empty() {
        view! { <p class="note warn">"Pembayaran online sedang tidak tersedia. Silakan bayar tunai atau transfer ke rekening kami."</p> }.into_any()
    } else {
        view! { {lists}<button class="btn main big" type="submit">"Buat nomor pembayaran"</button> }.into_any()
    };
    let added = (!view.added.is_empty()).then(|| {
        view! { <p class="note warn">{format!("Tagihan yang lebih lama ({}) ikut dibayar, karena dibayar lebih dulu.", view.added)}</p> }
    });
    let body = view! {
        <form method="post" action="/bayar" class="panel">
            <h1>"Pilih Cara Bayar"</h1>
            <p class="mute">{view.titles.clone()}</p>
            <p class="sum">{view.total.clone()}</p>
            {added}
            {view.gone.then(|| view! { <p class="note info">"Sebagian tagihan dari tautan ini sudah lunas; yang di bawah ini yang masih terbuka."</p> })}
            {hidden}
            {choice}
        </form>
        <a class="btn" href=back>"Kembali ke tagihan"</a>
    };
    document("Pilih Cara Bayar", &view.company, false, (), body)
}
