//! The form of Pasang Baru.

use super::{InstallForm, InstallStart, PhoneOwner, save_install, who_has_phone};
use crate::app::dto::{Choice, Tone};
use crate::app::error::ApiError;
use crate::app::ui::{MoneyInput, Notice, OtherProblem, focus_element, wrong_of};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

/// The fields that say themselves what is wrong with them.
const FIELDS: [&str; 16] = [
    "name",
    "phone",
    "email",
    "address",
    "area",
    "place",
    "package_id",
    "router_id",
    "pppoe_username",
    "pppoe_password",
    "fee",
    "due_day",
    "install_on",
    "technician_id",
    "note",
    "started_on",
];

/// A text field bound to a signal; what is wrong with it stands under it.
#[component]
fn Text(
    label: &'static str,
    id: &'static str,
    value: RwSignal<String>,
    problem: RwSignal<Option<ApiError>>,
    #[prop(optional)] hint: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(optional)] list: &'static str,
    #[prop(default = 200)] max: i32,
) -> impl IntoView {
    let wrong = wrong_of(problem, id);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                id=id
                type=kind
                list=(!list.is_empty()).then_some(list)
                maxlength=max.to_string()
                autocomplete="off"
                prop:value=value
                aria-invalid=move || (!wrong.read().is_empty()).to_string()
                on:input=move |event| value.set(event_target_value(&event))
            />
            {move || if wrong.read().is_empty() {
                view! { <span class="hint">{hint}</span> }.into_any()
            } else {
                view! { <span class="wrong">{wrong.get()}</span> }.into_any()
            }}
        </div>
    }
}

/// A select bound to a signal of an id.
#[component]
fn Pick(
    label: &'static str,
    id: &'static str,
    value: RwSignal<i64>,
    choices: Vec<Choice>,
    none: &'static str,
    problem: RwSignal<Option<ApiError>>,
) -> impl IntoView {
    let wrong = wrong_of(problem, id);
    let chosen = value.get_untracked().to_string();
    let entries = choices
        .into_iter()
        .map(|choice| {
            let selected = choice.value == chosen;
            view! { <option value=choice.value selected=selected>{choice.word}</option> }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select id=id aria-invalid=move || (!wrong.read().is_empty()).to_string() on:change=move |event| value.set(event_target_value(&event).parse().unwrap_or(0))>
                <option value="0">{none}</option>
                {entries}
            </select>
            {move || (!wrong.read().is_empty()).then(|| view! { <span class="wrong">{wrong.get()}</span> })}
        </div>
    }
}

/// The form.
#[component]
pub fn InstallEntry(start: InstallStart) -> impl IntoView {
    let given = start.form;
    let text = |value: &str| RwSignal::new(value.to_owned());
    let customer = RwSignal::new(given.customer_id);
    let payer = RwSignal::new(start.payer);
    let (name, phone, email, address) =
        (text(&given.name), text(&given.phone), text(&given.email), text(&given.address));
    let (area, place, username, password) =
        (text(&given.area), text(&given.place), text(&given.pppoe_username), text(&given.pppoe_password));
    let (fee, due_day, install_on, started_on, note) =
        (text(&given.fee), text(&given.due_day), text(&given.install_on), text(&given.started_on), text(&given.note));
    let (package, router, technician) =
        (RwSignal::new(given.package_id), RwSignal::new(given.router_id), RwSignal::new(given.technician_id));
    let problem = RwSignal::new(None::<ApiError>);
    let owners = RwSignal::new(Vec::<PhoneOwner>::new());
    let is_new = given.service_id == 0;
    let (service_id, request_id) = (given.service_id, given.request_id);
    let navigate = use_navigate();
    let send = Action::new(move |step: &&'static str| {
        let form = InstallForm {
            request_id: request_id.clone(),
            service_id,
            customer_id: customer.get_untracked(),
            name: name.get_untracked(),
            phone: phone.get_untracked(),
            email: email.get_untracked(),
            address: address.get_untracked(),
            area: area.get_untracked(),
            place: place.get_untracked(),
            package_id: package.get_untracked(),
            router_id: router.get_untracked(),
            pppoe_username: username.get_untracked(),
            pppoe_password: password.get_untracked(),
            fee: fee.get_untracked(),
            due_day: due_day.get_untracked(),
            install_on: install_on.get_untracked(),
            started_on: started_on.get_untracked(),
            technician_id: technician.get_untracked(),
            note: note.get_untracked(),
            step: (*step).to_owned(),
        };
        let navigate = navigate.clone();
        async move {
            match save_install(form).await {
                Ok(id) => navigate(&format!("/admin/pasang/{id}"), NavigateOptions::default()),
                Err(error) => {
                    // On a telephone the field may be far above the buttons.
                    if let Some((field, _)) = error.fields().first() {
                        focus_element(field);
                    }
                    problem.set(Some(error));
                }
            }
        }
    });
    let busy = send.pending();
    let go = move |step: &'static str| {
        problem.set(None);
        if !busy.get_untracked() {
            send.dispatch(step);
        }
    };
    let check = Action::new(move |(): &()| async move {
        let asked = phone.get_untracked();
        // Only an offer: where it cannot be asked, saving checks the number anyway.
        owners.set(who_has_phone(asked).await.unwrap_or_default());
    });
    let packages = start.packages.into_iter().map(|one| Choice::new(one.id.to_string(), one.words)).collect::<Vec<_>>();
    let areas = start.areas.into_iter().map(|area| view! { <option value=area></option> }).collect::<Vec<_>>();
    view! {
        <form class="receive" on:submit=move |event| event.prevent_default()>
            <section class="panel pad stack">
                <h2>"Pelanggan"</h2>
                {move || if customer.get() != 0 {
                    view! {
                        <div class="row between">
                            <strong>{payer.get()}</strong>
                            {is_new.then(|| view! { <button class="btn small" type="button" on:click=move |_| customer.set(0)>"Pelanggan lain"</button> })}
                        </div>
                    }.into_any()
                } else {
                    view! {
                        <div class="stack">
                            <Text label="Nama" id="name" value=name problem max=100 />
                            <div on:change=move |_| { check.dispatch(()); }>
                                <Text label="Telepon (WhatsApp)" id="phone" value=phone problem kind="tel" hint="Misalnya 0812-3456-7890" max=40 />
                            </div>
                            {move || owners.get().into_iter().map(|owner| {
                                let words = owner.words.clone();
                                view! {
                                    <Notice tone=Tone::Warn>
                                        <p>"Nomor ini sudah dipakai: " {owner.words}</p>
                                        <button class="btn small" type="button" on:click=move |_| { payer.set(words.clone()); customer.set(owner.customer_id); owners.set(Vec::new()); }>
                                            "Pakai pelanggan ini"
                                        </button>
                                    </Notice>
                                }
                            }).collect::<Vec<_>>()}
                            <Text label="Surel (boleh kosong)" id="email" value=email problem kind="email" max=200 />
                            <Text label="Alamat" id="address" value=address problem max=300 />
                        </div>
                    }.into_any()
                }}
                <datalist id="wilayah-ada">{areas}</datalist>
                <Text label="Wilayah" id="area" value=area problem list="wilayah-ada" hint="Pilih, atau tulis wilayah baru" max=100 />
                <Text label="Letak di peta (boleh kosong)" id="place" value=place problem hint="Lintang, bujur: -7.123456, 110.654321" max=60 />
                <WhereAmI place />
            </section>
            <section class="panel pad stack">
                <h2>{if start.number.is_empty() { "Layanan".to_owned() } else { format!("Layanan {}", start.number) }}</h2>
                <Pick label="Paket" id="package_id" value=package choices=packages none="Pilih paket" problem />
                <Pick label="Router" id="router_id" value=router choices=start.routers none="Tanpa router" problem />
                <Text label="Nama PPPoE" id="pppoe_username" value=username problem hint="Kosongkan untuk memakai nomor layanan" max=64 />
                <Text label="Kata sandi PPPoE" id="pppoe_password" value=password problem hint=if is_new { "Sudah dibuatkan; boleh diganti" } else { "Kosongkan untuk memakai yang tersimpan" } max=64 />
                <MoneyInput label="Biaya pemasangan" id="fee" value=fee refused=wrong_of(problem, "fee") />
                <Text label="Tanggal jatuh tempo (1-31)" id="due_day" value=due_day problem max=2 />
                <Text label="Tanggal pemasangan" id="install_on" value=install_on problem hint="Yang dijanjikan, misalnya 15/1" max=10 />
                <Pick label="Teknisi" id="technician_id" value=technician choices=start.technicians none="Belum ditentukan" problem />
                <Text label="Catatan" id="note" value=note problem max=500 />
                <Text label="Mulai dipakai" id="started_on" value=started_on problem hint="Untuk Aktifkan sekarang; tagihan bulan pertama dihitung dari tanggal ini" max=10 />
                <OtherProblem problem fields=&FIELDS />
                <div class="row">
                    <button class="btn" type="button" disabled=busy on:click=move |_| go("calon")>"Simpan sebagai Calon"</button>
                    <button class="btn" type="button" disabled=busy on:click=move |_| go("jadwal")>"Jadwalkan"</button>
                    <button class="btn main" type="button" disabled=busy on:click=move |_| go("aktif")>"Aktifkan sekarang"</button>
                </div>
            </section>
        </form>
    }
}

/// Asks the telephone where it is. Nothing where the browser does not know.
#[component]
pub fn WhereAmI(place: RwSignal<String>) -> impl IntoView {
    let failed = RwSignal::new(false);
    let ask = move |_| {
        failed.set(false);
        #[cfg(feature = "hydrate")]
        locate(place, failed);
        #[cfg(not(feature = "hydrate"))]
        let _no_browser = place;
    };
    view! {
        <div class="row">
            <button class="btn small" type="button" on:click=ask>"Ambil letak dari HP ini"</button>
            {move || failed.get().then(|| view! { <span class="wrong" role="alert">"Letak tidak diberikan HP ini. Izinkan lokasi, atau tulis sendiri."</span> })}
        </div>
    }
}

#[cfg(feature = "hydrate")]
fn locate(place: RwSignal<String>, failed: RwSignal<bool>) {
    use wasm_bindgen::JsCast;
    use wasm_bindgen::prelude::*;
    let number = |of: &JsValue, key: &str| js_sys::Reflect::get(of, &key.into()).ok();
    let found = Closure::once_into_js(move |position: JsValue| {
        let coords = number(&position, "coords").unwrap_or_default();
        let read = |key: &str| number(&coords, key).and_then(|value| value.as_f64());
        match (read("latitude"), read("longitude")) {
            (Some(lat), Some(lng)) => place.set(format!("{lat:.6}, {lng:.6}")),
            _ => failed.set(true),
        }
    });
    let refused = Closure::once_into_js(move |_: JsValue| failed.set(true));
    let geolocation = js_sys::Reflect::get(&window().navigator(), &"geolocation".into()).unwrap_or_default();
    let asked = js_sys::Reflect::get(&geolocation, &"getCurrentPosition".into())
        .ok()
        .and_then(|function| function.dyn_into::<js_sys::Function>().ok())
        .and_then(|function| function.call2(&geolocation, &found, &refused).ok());
    if asked.is_none() {
        failed.set(true);
    }
}
