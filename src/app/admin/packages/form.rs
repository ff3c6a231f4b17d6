//! The form of a package, on its own page and in the set-up assistant.

use super::{PackageTyped, save_package};
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{MoneyInput, OtherProblem, TextInput, wrong_of};
use leptos::prelude::*;

/// The form.
#[component]
pub fn PackageEntry(
    /// What it starts from.
    package: PackageTyped,
    /// After it was saved, with a warning or nothing.
    done: Callback<String>,
    /// Closes it.
    #[prop(optional)]
    cancel: Option<Callback<()>>,
) -> impl IntoView {
    let id = package.id;
    let (name, price, profile) =
        (RwSignal::new(package.name), RwSignal::new(package.price.clone()), RwSignal::new(package.profile));
    let (down, up) = (RwSignal::new(package.down), RwSignal::new(package.up));
    let (months, from) = (RwSignal::new(package.months), RwSignal::new("next".to_owned()));
    let problem = RwSignal::new(None::<ApiError>);
    let save = Action::new(move |(): &()| {
        let typed = PackageTyped {
            id,
            name: name.get_untracked(),
            price: price.get_untracked(),
            profile: profile.get_untracked(),
            down: down.get_untracked(),
            up: up.get_untracked(),
            months: months.get_untracked(),
            from: from.get_untracked(),
        };
        async move {
            match save_package(typed).await {
                Ok(warning) => done.run(warning),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let of = move |field: &'static str| wrong_of(problem, field);
    let old_price = package.price;
    let dearer = move || id != 0 && price.get() != old_price;
    let price_wrong = of("price");
    let duration = [("1", "1 bulan"), ("3", "3 bulan"), ("6", "6 bulan"), ("12", "12 bulan")]
        .into_iter()
        .map(|(value, word)| view! { <option value=value selected=months.get_untracked() == value>{word}</option> })
        .collect::<Vec<_>>();
    view! {
        <form class="panel pad stack" on:submit=move |event| { event.prevent_default(); problem.set(None); save.dispatch(()); }>
            <h2>{if id == 0 { "Paket baru" } else { "Ubah paket" }}</h2>
            <TextInput label="Nama paket" id="paket-nama" value=name wrong=of("name") hint="Seperti yang dibaca pelanggan, misalnya Home 20 Mbps." />
            <MoneyInput label="Harga" id="paket-harga" value=price />
            <span class="wrong" role="alert">{price_wrong}</span>
            <div hidden=move || !dearer() class="field">
                <label for="paket-mulai">"Harga baru berlaku"</label>
                <select id="paket-mulai" on:change=move |event| from.set(event_target_value(&event))>
                    <option value="next" selected=true>"mulai bulan depan"</option>
                    <option value="today">"mulai hari ini, untuk pemasangan baru"</option>
                </select>
                <span class="hint">"Tagihan yang sudah terbit tidak berubah."</span>
            </div>
            <TextInput label="Profil PPP di router" id="paket-profil" value=profile wrong=of("profile") hint="Nama persis seperti di MikroTik: PPP, Profiles. Huruf besar dan kecil berbeda." />
            <div class="grid g2">
                <TextInput label="Unduh (Mbps)" id="paket-unduh" value=down wrong=of("down_kbps") />
                <TextInput label="Unggah (Mbps)" id="paket-unggah" value=up wrong=of("up_kbps") />
            </div>
            <div class="field">
                <label for="paket-lama">"Lama"</label>
                <select id="paket-lama" on:change=move |event| months.set(event_target_value(&event))>{duration}</select>
                <span class="hint">"Harga berlaku untuk seluruh lamanya; ditagih sekali di awal."</span>
                <span class="wrong" role="alert">{of("duration_months")}</span>
            </div>
            <OtherProblem problem fields=&["name", "price", "profile", "down_kbps", "up_kbps", "duration_months"] />
            <div class="row">
                <button class="btn main" type="submit" disabled=save.pending()>"Simpan paket"</button>
                {cancel.map(|cancel| view! { <button class="btn" type="button" on:click=move |_| cancel.run(())>{text::CANCEL}</button> })}
            </div>
        </form>
    }
}
