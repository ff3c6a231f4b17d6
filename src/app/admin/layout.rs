//! Menu, search and banners around every page of the office.

use crate::app::codec::Json;
use crate::app::error::ApiError;
use crate::app::text;
use crate::app::ui::{Problem, SearchBox};
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_location;
use serde::{Deserialize, Serialize};

/// An entry of the menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuItem {
    /// Heading it stands under; empty at the top.
    pub group: String,
    /// Its word.
    pub word: String,
    /// Its address.
    pub href: String,
}

/// What the frame needs to know about the person and the site.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellInfo {
    /// Name of the person.
    pub name: String,
    /// His role, as a word.
    pub role: String,
    /// The page he starts on.
    pub start: String,
    /// Entries he may open.
    pub menu: Vec<MenuItem>,
    /// What the clock says when it is moved.
    pub rehearsal: Option<String>,
    /// Whether the site is served without TLS on an address others can reach.
    pub insecure: bool,
}

/// The frame: who is here, what he may open, what is unusual about this site. Everybody who is logged in has a frame,
/// whatever his rights: it asks for the session alone.
#[server(prefix = "/api/admin", endpoint = "shell", input = Json, output = Json)]
pub async fn read_shell() -> Result<ShellInfo, ApiError> {
    use crate::app::admin::menu;
    let (app, staff) = door::logged_in().await?;
    Ok(ShellInfo {
        name: staff.name.clone(),
        role: text::role(staff.role.as_str()).to_owned(),
        start: menu::start(staff.role, staff.rights),
        menu: menu::of(staff.rights),
        rehearsal: (app.clock.offset_s() != 0)
            .then(|| format!("Jam digeser untuk latihan: sekarang {}.", app.clock.words(app.clock.now()))),
        insecure: !app.config.is_https() && !app.config.is_loopback(),
    })
}

#[cfg(feature = "ssr")]
mod door {
    use crate::app::error::ApiError;
    use crate::server::error::Error;
    use crate::server::session::{StaffSession, staff_of};
    use crate::server::state::AppState;
    use http::request::Parts;
    use leptos::prelude::use_context;

    /// Who asks, with any role; nobody is refused.
    pub async fn logged_in() -> Result<(AppState, StaffSession), ApiError> {
        let app = use_context::<AppState>()
            .ok_or_else(|| Error::Internal("server function without application state".to_owned()))?;
        let parts = use_context::<Parts>().ok_or(Error::Unauthenticated)?;
        let staff = staff_of(&app, &parts.headers).await?.ok_or(Error::Unauthenticated)?;
        Ok((app, staff))
    }
}

/// Whether the menu entry `href` stands for the page at `path`.
fn is_current(href: &str, path: &str, query: &str) -> bool {
    match href.split_once('?') {
        Some((page, wanted)) => path == page && query.trim_start_matches('?').contains(wanted),
        None if matches!(href, "/admin" | "/admin/pengaturan") => path.trim_end_matches('/') == href,
        None => {
            (path == href || path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')))
                && !(href == "/admin/pelanggan" && query.contains("access=isolated"))
        }
    }
}

/// The frame.
#[component]
pub fn Layout() -> impl IntoView {
    let data = Resource::new(|| (), |()| read_shell());
    view! {
        <a class="skip" href="#isi" rel="external">{text::SKIP}</a>
        <div class="shell">
            <Suspense fallback=|| view! { <nav class="side" aria-label=text::MENU></nav> }>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(shell) => view! { <Menu shell /> }.into_any(),
                        Err(error) => view! { <nav class="side" aria-label=text::MENU><Problem error /></nav> }.into_any(),
                    }
                })}
            </Suspense>
            <main class="page" id="isi" tabindex="-1">
                <Outlet />
            </main>
        </div>
    }
}

#[component]
fn Menu(shell: ShellInfo) -> impl IntoView {
    let location = use_location();
    let allowed: Vec<String> = shell.menu.iter().map(|item| item.href.clone()).collect();
    let may = |href: &str| allowed.iter().any(|allowed| allowed == href);
    let (finds, takes) = (may("/admin/pelanggan"), may("/admin/terima"));
    let mut group = String::new();
    let items = shell
        .menu
        .into_iter()
        .map(|item| {
            let heading = (item.group != group).then(|| item.group.clone());
            group.clone_from(&item.group);
            let href = item.href.clone();
            let current =
                move || is_current(&href, &location.pathname.read(), &location.search.read()).then_some("page");
            view! {
                {heading.map(|heading| view! { <h2>{heading}</h2> })}
                <a class="item" href=item.href aria-current=current>{item.word}</a>
            }
        })
        .collect::<Vec<_>>();
    view! {
        {shell.rehearsal.map(|words| view! { <p class="banner" role="status">{words}</p> })}
        {shell.insecure.then(|| view! { <p class="banner" role="alert">{text::INSECURE}</p> })}
        <nav class="side" aria-label=text::MENU>
            <a class="brand" href=shell.start><span class="mark" aria-hidden="true">"K"</span>{text::BRAND}</a>
            {items}
            <div class="me">
                <span><b>{shell.name}</b><br /><span class="mute">{shell.role}</span></span>
                <form method="post" action="/admin/keluar">
                    <button class="btn small" type="submit">{text::LOG_OUT}</button>
                </form>
            </div>
        </nav>
        <div class="top">
            {finds.then(|| view! { <SearchBox /> })}
            {takes.then(|| view! { <a class="btn main" href="/admin/terima">{text::RECEIVE}</a> })}
        </div>
        <Tabs allowed />
    }
}

/// The phone's menu: of the four that are used most those he may open, and the rest.
#[component]
fn Tabs(allowed: Vec<String>) -> impl IntoView {
    let location = use_location();
    let tabs = [
        ("/admin", text::HOME, ""),
        ("/admin/pelanggan", text::TAB_CUSTOMERS, ""),
        ("/admin/terima", text::TAB_RECEIVE, "go"),
        ("/admin/tagihan", text::TAB_INVOICES, ""),
        ("/admin/lainnya", text::MORE, ""),
    ];
    let tabs = tabs
        .into_iter()
        .filter(|(href, _, _)| *href == "/admin/lainnya" || allowed.iter().any(|allowed| allowed == href))
        .map(|(href, word, class)| {
            let current = move || is_current(href, &location.pathname.read(), "").then_some("page");
            view! { <a href=href class=class aria-current=current>{word}</a> }
        })
        .collect::<Vec<_>>();
    view! { <nav class="tabs" aria-label=text::TABS>{tabs}</nav> }
}

#[cfg(test)]
mod tests {
    use super::is_current;

    #[test]
    fn a_menu_entry_is_current_on_its_page_and_the_pages_under_it() {
        assert!(is_current("/admin", "/admin", ""));
        assert!(!is_current("/admin", "/admin/tagihan", ""));
        assert!(is_current("/admin/pelanggan", "/admin/pelanggan/7", ""));
        assert!(!is_current("/admin/pelanggan", "/admin/pelanggan", "?access=isolated"));
        assert!(is_current("/admin/pelanggan?access=isolated", "/admin/pelanggan", "?access=isolated&page=2"));
    }
}
