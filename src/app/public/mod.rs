//! The public pages: rendered whole on the server, no WASM, plain forms, one small stylesheet and one small script.
//! A customer on a slowed line must be able to pay.

mod bill;
mod choose;
mod entrance;
mod pay;

pub use bill::{AllView, BillLine, BillView, LineView, bill_page};
pub use choose::{ChooseView, MethodView, choose_page};
pub use entrance::{FormProblem, code_page, entrance_message, first_owner_page, invitation_page};
pub use pay::{PayView, pay_page};

use leptos::prelude::*;

/// The provider, as the pages name it.
#[derive(Clone, Debug, Default)]
pub struct Company {
    /// Name.
    pub name: String,
    /// Telephone for help; may be empty.
    pub phone: String,
    /// Address of its logo; empty when there is none.
    pub logo: String,
}

/// The document around a page. `head` is added to the head (a refresh for pages without script).
fn document(
    title: &str,
    company: &Company,
    script: bool,
    head: impl IntoView + 'static,
    body: impl IntoView + 'static,
) -> String {
    let initial: String = company.name.chars().take(1).collect();
    let mark = if company.logo.is_empty() {
        view! { <span class="mark" aria-hidden="true">{initial}</span> }.into_any()
    } else {
        view! { <img class="logo" src=company.logo.clone() alt="" height="36" /> }.into_any()
    };
    let help = (!company.phone.is_empty())
        .then(|| view! { <p class="help">"Butuh bantuan? WhatsApp " {company.phone.clone()}</p> });
    // Set as text of its own: what the renderer writes between pieces of text would show in a title.
    let title = html_escape::encode_text(&format!("{title} · {}", company.name)).into_owned();
    let page = view! {
        <html lang="id">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="robots" content="noindex" />
                <title inner_html=title></title>
                <link rel="icon" href="data:," />
                <link rel="stylesheet" href="/public.css" />
                {head}
                {script.then(|| view! { <script src="/pay.js" defer></script> })}
            </head>
            <body>
                <main>
                    <a class="brand" href="/">{mark}{company.name.clone()}</a>
                    {body}
                    {help}
                </main>
            </body>
        </html>
    };
    let owner = Owner::new();
    let html = owner.with(|| page.to_html());
    format!("<!DOCTYPE html>{html}")
}

/// A page that says one thing.
pub fn message_page(title: &str, message: &str) -> String {
    let company = Company { name: "Kimonet".to_owned(), phone: String::new(), logo: String::new() };
    let (heading, message) = (title.to_owned(), message.to_owned());
    let body = view! {
        <section class="panel">
            <h1>{heading}</h1>
            <p>{message}</p>
            <a class="btn" href="/billing">"Cek Tagihan"</a>
        </section>
    };
    document(title, &company, false, (), body)
}

/// Cek Tagihan. `number` is what was typed, `problem` why it was not found.
pub fn check_page(company: &Company, number: &str, problem: &str) -> String {
    let (number, problem) = (number.to_owned(), problem.to_owned());
    let notice = (!problem.is_empty()).then(|| view! { <p class="note bad" role="alert">{problem}</p> });
    let body = view! {
        <section class="panel">
            <h1>"Cek Tagihan"</h1>
            <p class="mute">"Masukkan nomor layanan internet Anda. Tidak perlu masuk atau mendaftar."</p>
            {notice}
            <form method="get" action="/billing">
                <label for="nomor">"Nomor layanan"</label>
                <input id="nomor" name="nomor_layanan" value=number required maxlength="64" autocomplete="off" autofocus />
                <button class="btn main big" type="submit">"Cek Tagihan"</button>
            </form>
        </section>
    };
    document("Cek Tagihan", company, false, (), body)
}

/// Where the bills of a service are; without its number, the door to everybody's.
fn bills_of(number: &str) -> String {
    if number.is_empty() {
        return "/billing".to_owned();
    }
    let number: String = url::form_urlencoded::byte_serialize(number.as_bytes()).collect();
    format!("/billing?nomor_layanan={number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_is_plain_text_whatever_the_company_is_called() {
        let company = Company { name: "Nusa & <b>Net</b>".to_owned(), phone: String::new(), logo: String::new() };
        let html = check_page(&company, "", "");
        let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
        assert_eq!(title, Some("Cek Tagihan · Nusa &amp; &lt;b&gt;Net&lt;/b&gt;"));
    }
}
