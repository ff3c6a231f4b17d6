//! The doors that somebody comes through before he is logged in: the code of his second factor, an invitation, the first
//! owner. Plain forms without WASM.

use super::{Company, document};
use leptos::prelude::*;

/// What stands beside a field of a form that was sent back.
#[derive(Clone, Debug, Default)]
pub struct FormProblem {
    /// The field; empty when it is about none.
    pub field: String,
    /// What to do.
    pub message: String,
}

impl FormProblem {
    fn beside(&self, field: &'static str) -> impl IntoView + use<> {
        let message = if self.field == field { self.message.clone() } else { String::new() };
        let id = format!("{field}-salah");
        (!message.is_empty()).then(|| view! { <p class="note bad" id=id role="alert">{message}</p> })
    }

    fn apart(&self, fields: &[&str]) -> impl IntoView + use<> {
        let message = if fields.contains(&self.field.as_str()) { String::new() } else { self.message.clone() };
        (!message.is_empty()).then(|| view! { <p class="note bad" role="alert">{message}</p> })
    }
}

fn passwords(problem: &FormProblem, min: usize) -> impl IntoView + use<> {
    view! {
        <label for="password">"Kata sandi baru"</label>
        <input id="password" name="password" type="password" required minlength=min.to_string() maxlength="200" autocomplete="new-password" aria-describedby="password-ket password-salah" />
        <p class="mute" id="password-ket">{format!("Paling sedikit {min} huruf. Kalimat pendek lebih mudah diingat daripada kata sulit.")}</p>
        {problem.beside("password")}
        <label for="repeated">"Ulangi kata sandi"</label>
        <input id="repeated" name="repeated" type="password" required autocomplete="new-password" aria-describedby="repeated-salah" />
        {problem.beside("repeated")}
    }
}

/// The code of the second factor. `next` is where he wanted to go.
pub fn code_page(company: &Company, problem: &str, next: &str) -> String {
    let (problem, next) = (problem.to_owned(), next.to_owned());
    let notice =
        (!problem.is_empty()).then(|| view! { <p class="note bad" role="alert" id="kode-salah">{problem}</p> });
    let body = view! {
        <section class="panel">
            <h1>"Kode verifikasi"</h1>
            <p class="mute" id="kode-ket">"Ketik enam angka dari aplikasi di HP Anda. HP hilang? Ketik salah satu kode cadangan."</p>
            {notice}
            <form method="post" action="/admin/masuk/kode">
                <input type="hidden" name="lanjut" value=next />
                <label for="kode">"Kode"</label>
                <input id="kode" name="kode" required maxlength="20" inputmode="text" autocomplete="one-time-code" autocapitalize="off" autofocus aria-describedby="kode-ket kode-salah" />
                <button class="btn main big" type="submit">"Masuk"</button>
            </form>
            <p><a href="/admin/masuk">"Kembali ke halaman masuk"</a></p>
        </section>
    };
    document("Kode verifikasi", company, false, (), body)
}

/// Behind an invitation or a reset: one's own password.
pub fn invitation_page(
    company: &Company,
    token: &str,
    name: &str,
    email: &str,
    again: bool,
    problem: &FormProblem,
    min: usize,
) -> String {
    let action = format!("/admin/undangan/{token}");
    let heading = if again { "Atur ulang kata sandi" } else { "Selamat datang" };
    let intro = if again {
        format!("{name}, pilih kata sandi baru. Sesudah itu semua sesi lama berakhir.")
    } else {
        format!(
            "{name}, Anda diundang bekerja di kantor ini. Pilih kata sandi Anda sendiri; orang lain tidak dapat melihatnya."
        )
    };
    let body = view! {
        <section class="panel">
            <h1>{heading}</h1>
            <p class="mute">{intro}</p>
            {problem.apart(&["password", "repeated"])}
            <form method="post" action=action>
                <label for="email">"Email untuk masuk"</label>
                <input id="email" name="email" type="email" value=email.to_owned() readonly autocomplete="username" />
                {passwords(problem, min)}
                <button class="btn main big" type="submit">"Simpan kata sandi"</button>
            </form>
        </section>
    };
    document(heading, company, false, (), body)
}

/// A page that says one thing and leads to the log-in.
pub fn entrance_message(company: &Company, title: &str, message: &str) -> String {
    let (heading, message) = (title.to_owned(), message.to_owned());
    let body = view! {
        <section class="panel">
            <h1>{heading}</h1>
            <p>{message}</p>
            <a class="btn main" href="/admin/masuk">"Ke halaman masuk"</a>
        </section>
    };
    document(title, company, false, (), body)
}

/// The first owner of an empty database. `code` asks for the set-up code.
pub fn first_owner_page(
    company: &Company,
    name: &str,
    email: &str,
    code: bool,
    problem: &FormProblem,
    min: usize,
) -> String {
    let fields = ["name", "email", "password", "repeated", "code"];
    let code = code.then(|| {
        view! {
            <label for="code">"Kode penyiapan"</label>
            <input id="code" name="code" required autocomplete="off" aria-describedby="code-ket code-salah" />
            <p class="mute" id="code-ket">"Ditulis server saat dijalankan, dan ada di berkas kode-penyiapan.txt di folder data."</p>
            {problem.beside("code")}
        }
    });
    let body = view! {
        <section class="panel">
            <h1>"Pemilik pertama"</h1>
            <p class="mute">"Kantor ini masih kosong. Buat akun pemilik; orang lain Anda undang sesudahnya."</p>
            {problem.apart(&fields)}
            <form method="post" action="/admin/siapkan">
                {code}
                <label for="name">"Nama"</label>
                <input id="name" name="name" value=name.to_owned() required maxlength="200" autocomplete="name" aria-describedby="name-salah" />
                {problem.beside("name")}
                <label for="email">"Email"</label>
                <input id="email" name="email" type="email" value=email.to_owned() required maxlength="200" autocomplete="username" aria-describedby="email-salah" />
                {problem.beside("email")}
                {passwords(problem, min)}
                <button class="btn main big" type="submit">"Buat akun pemilik"</button>
            </form>
        </section>
    };
    document("Pemilik pertama", company, false, (), body)
}
