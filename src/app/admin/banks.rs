//! Rekening Bank: the accounts that customers may transfer to. An account that was ever used is switched off, not removed.

#[cfg(feature = "ssr")]
mod query;

use crate::app::codec::Json;
use crate::app::dto::Tone;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Empty, Loading, Problem, Tag};
use leptos::prelude::*;
use leptos_meta::Title;
use serde::{Deserialize, Serialize};

/// An account, stored or typed; a new one has the id 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankAccount {
    /// The account.
    pub id: i64,
    /// Name of the bank.
    pub bank: String,
    /// Number.
    pub number: String,
    /// Whose it is.
    pub holder: String,
    /// Whether customers are shown it.
    pub active: bool,
}

/// All accounts.
#[server(prefix = "/api/admin", endpoint = "bank/list", input = Json, output = Json)]
pub async fn list_banks() -> Result<Vec<BankAccount>, ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageSettings).await?;
    Ok(query::list(&asked.app).await?)
}

/// Adds or changes an account.
#[server(prefix = "/api/admin", endpoint = "bank/save", input = Json, output = Json)]
pub async fn save_bank(account: BankAccount) -> Result<(), ApiError> {
    use crate::server::guard::{Permission, guard};
    let asked = guard(Permission::ManageSettings).await?;
    Ok(query::save(&asked.app, asked.who, account).await?)
}

/// The page.
#[component]
pub fn BanksPage() -> impl IntoView {
    let data = Resource::new(|| (), |()| list_banks());
    let edited = RwSignal::new(None::<BankAccount>);
    let fresh = move |_| edited.set(Some(BankAccount { active: true, ..BankAccount::default() }));
    view! {
        <Title text=text::BANK_ACCOUNTS />
        <div class="title"><h1>{text::BANK_ACCOUNTS}</h1><button class="btn main" type="button" on:click=fresh>"Tambah rekening"</button></div>
        {move || edited.get().map(|account| view! { <Edit account edited saved=Callback::new(move |()| data.refetch()) /> })}
        <section class="panel gap-top">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(rows) => view! { <Rows rows edited /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
}

#[component]
fn Rows(rows: Vec<BankAccount>, edited: RwSignal<Option<BankAccount>>) -> impl IntoView {
    if rows.is_empty() {
        return view! { <Empty title="Belum ada rekening." hint="Tambahkan rekening yang dipakai pelanggan untuk transfer." /> }.into_any();
    }
    let rows = rows
        .into_iter()
        .map(|account| {
            let badge = if account.active {
                crate::app::dto::Badge::new("Dipakai", Tone::Ok)
            } else {
                crate::app::dto::Badge::new("Tidak dipakai", Tone::Plain)
            };
            let again = account.clone();
            let word = format!("Ubah {} {}", account.bank, account.number);
            view! {
                <tr>
                    <td><span class="strong">{account.bank}</span><span class="sub num">{account.number}</span></td>
                    <td>{account.holder}</td>
                    <td><Tag badge /></td>
                    <td class="num"><button class="link" type="button" aria-label=word on:click=move |_| edited.set(Some(again.clone()))>"Ubah"</button></td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <div class="scroll" tabindex="0" role="group" aria-label="Tabel"><table>
            <thead><tr><th scope="col">"Rekening"</th><th scope="col">"Atas nama"</th><th scope="col">"Keadaan"</th><th scope="col">"Ubah"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
    .into_any()
}

#[component]
fn Edit(account: BankAccount, edited: RwSignal<Option<BankAccount>>, saved: Callback<()>) -> impl IntoView {
    let id = account.id;
    let (bank, number, holder) =
        (RwSignal::new(account.bank), RwSignal::new(account.number), RwSignal::new(account.holder));
    let active = RwSignal::new(account.active);
    let problem = RwSignal::new(None::<ApiError>);
    let save = Action::new(move |(): &()| {
        let account = BankAccount {
            id,
            bank: bank.get_untracked(),
            number: number.get_untracked(),
            holder: holder.get_untracked(),
            active: active.get_untracked(),
        };
        async move {
            match save_bank(account).await {
                Ok(()) => {
                    edited.set(None);
                    saved.run(());
                }
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let of = move |field: &'static str| crate::app::ui::wrong_of(problem, field);
    view! {
        <form class="panel pad stack gap-top" on:submit=move |event| { event.prevent_default(); problem.set(None); save.dispatch(()); }>
            <h2>{if id == 0 { "Rekening baru" } else { "Ubah rekening" }}</h2>
            <crate::app::ui::TextInput label="Bank" id="bank" value=bank wrong=of("bank") hint="Misalnya BCA atau Mandiri." />
            <crate::app::ui::TextInput label="Nomor rekening" id="number" value=number wrong=of("number") />
            <crate::app::ui::TextInput label="Atas nama" id="holder" value=holder wrong=of("holder") />
            <label class="check"><input type="checkbox" prop:checked=active on:change=move |event| active.set(event_target_checked(&event)) />"Tampilkan kepada pelanggan"</label>
            <crate::app::ui::OtherProblem problem fields=&["bank", "number", "holder"] />
            <div class="row"><button class="btn main" type="submit" disabled=save.pending()>"Simpan"</button><button class="btn" type="button" on:click=move |_| edited.set(None)>{text::CANCEL}</button></div>
        </form>
    }
}
