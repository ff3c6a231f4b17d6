//! Notes, files and the history of a customer.

use super::{FileRow, HistoryRow, Line, NoteRow, add_note, remove_file};
use crate::app::dto::Choice;
use crate::app::error::ApiError;
use crate::app::ui::Problem;
use leptos::prelude::*;

/// What was written down about him, and the form for more.
#[component]
pub fn Notes(id: i64, rows: Vec<NoteRow>, may_edit: bool, again: Callback<String>) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let kind = RwSignal::new("catatan".to_owned());
    let problem = RwSignal::new(None::<ApiError>);
    let save = Action::new(move |(): &()| async move {
        problem.set(None);
        match add_note(id, kind.get_untracked(), text.get_untracked()).await {
            Ok(()) => again.run("Catatan disimpan.".to_owned()),
            Err(error) => problem.set(Some(error)),
        }
    });
    let none = rows.is_empty();
    let rows = rows
        .into_iter()
        .map(|note| view! { <li><span>{note.text}<span class="sub">{note.kind} " · " {note.head}</span></span></li> })
        .collect::<Vec<_>>();
    view! {
        <section class="panel">
            <div class="head"><h2>"Catatan"</h2></div>
            {may_edit.then(|| view! {
                <form class="stack pad" on:submit=move |event| { event.prevent_default(); save.dispatch(()); }>
                    <div class="field">
                        <label for="catatan-jenis">"Jenis"</label>
                        <select id="catatan-jenis" on:change=move |event| kind.set(event_target_value(&event))>
                            <option value="catatan">"Catatan"</option>
                            <option value="kontak">"Sudah dihubungi"</option>
                        </select>
                    </div>
                    <Line label="Isi catatan" id="catatan-isi".to_owned() field="text" value=text problem />
                    {move || problem.get().map(|error| view! { <Problem error /> })}
                    <div class="row"><button class="btn" type="submit" disabled=save.pending()>"Simpan catatan"</button></div>
                </form>
            })}
            {if none { view! { <p class="pad mute">"Belum ada catatan."</p> }.into_any() } else { view! { <ul class="todo">{rows}</ul> }.into_any() }}
        </section>
    }
}

/// His files, for those who may open them.
#[component]
pub fn Files(
    id: i64,
    rows: Vec<FileRow>,
    kinds: Vec<Choice>,
    may_edit: bool,
    again: Callback<String>,
) -> impl IntoView {
    let problem = RwSignal::new(None::<ApiError>);
    let remove = Action::new(move |file: &i64| {
        let file = *file;
        async move {
            problem.set(None);
            match remove_file(file).await {
                Ok(()) => again.run("Berkas dihapus.".to_owned()),
                Err(error) => problem.set(Some(error)),
            }
        }
    });
    let none = rows.is_empty();
    let rows = rows
        .into_iter()
        .map(|file| {
            view! {
                <li>
                    <span><a href=format!("/admin/berkas/{}", file.id) rel="external" target="_blank">{file.kind}</a><span class="sub">{file.name} " · " {file.sub}</span></span>
                    {may_edit.then(|| view! { <button class="btn small" type="button" on:click=move |_| { remove.dispatch(file.id); }>"Hapus"</button> })}
                </li>
            }
        })
        .collect::<Vec<_>>();
    let kinds =
        kinds.into_iter().map(|kind| view! { <option value=kind.value>{kind.word}</option> }).collect::<Vec<_>>();
    view! {
        <section class="panel">
            <div class="head"><h2>"Berkas"</h2></div>
            {may_edit.then(|| view! {
                <form class="stack pad" method="post" enctype="multipart/form-data" action=format!("/admin/pelanggan/{id}/berkas")>
                    <div class="field">
                        <label for="berkas-jenis">"Jenis berkas"</label>
                        <select id="berkas-jenis" name="jenis">{kinds}</select>
                    </div>
                    <div class="field">
                        <label for="berkas">"Foto atau PDF"</label>
                        <input id="berkas" name="berkas" type="file" required accept="image/jpeg,image/png,image/webp,application/pdf" />
                        <span class="hint">"Paling besar 10 MB"</span>
                    </div>
                    <div class="row"><button class="btn" type="submit">"Unggah"</button></div>
                </form>
            })}
            {move || problem.get().map(|error| view! { <Problem error /> })}
            {if none { view! { <p class="pad mute">"Belum ada berkas."</p> }.into_any() } else { view! { <ul class="todo">{rows}</ul> }.into_any() }}
        </section>
    }
}

/// Who changed what.
#[component]
pub fn History(rows: Vec<HistoryRow>) -> impl IntoView {
    if rows.is_empty() {
        return ().into_any();
    }
    let rows = rows
        .into_iter()
        .map(|row| {
            view! {
                <tr>
                    <td class="num date">{row.at}<span class="sub">{row.who}</span></td>
                    <td>{row.what}</td>
                    <td class="hide-s">{row.before}</td>
                    <td>{row.after}</td>
                </tr>
            }
        })
        .collect::<Vec<_>>();
    view! {
        <section class="panel">
            <div class="head"><h2>"Riwayat perubahan"</h2></div>
            <div class="scroll" tabindex="0" role="group" aria-label="Tabel">
                <table>
                    <thead><tr><th scope="col">"Waktu"</th><th scope="col">"Perubahan"</th><th scope="col" class="hide-s">"Sebelum"</th><th scope="col">"Sesudah"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
