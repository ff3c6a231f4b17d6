//! The office's routes. Pages wait for their data (`SsrMode::Async`): the HTML is whole without any script, a status
//! set on the way still counts, and nothing moves while it loads.

use crate::app::admin::backups::BackupsPage;
use crate::app::admin::jobs::{JobsPage, RunsPage, StuckPage};
use crate::app::admin::{
    account::AccountPage,
    activity::ActivityPage,
    areas::AreasPage,
    arrears::ArrearsPage,
    banks::BanksPage,
    bulk::BulkPage,
    closing::ClosingPage,
    collect::CollectPage,
    customer::CustomerPage,
    customers::CustomersPage,
    daily_cash::DailyCashPage,
    expenses::ExpensesPage,
    export::ExportPage,
    extras::ExtrasPage,
    handover::HandoverPage,
    home::HomePage,
    import::ImportPage,
    install::{InstallPage, InstalledPage, InstallsPage},
    invoice::InvoicePage,
    invoices::InvoicesPage,
    isolated::IsolatedPage,
    isolir_log::IsolirLogPage,
    issue::IssuePage,
    layout::Layout,
    login::LoginPage,
    messages::{MessagePage, MessagesPage},
    more::MorePage,
    packages::PackagesPage,
    payments::{PaymentPage, PaymentsPage},
    prices::PricesPage,
    promises::PromisesPage,
    receive::ReceivePage,
    rehearsal::RehearsalPage,
    reports::ReportPage,
    routers::{RouterPage, RoutersPage},
    settings::{SettingsIndex, SettingsPage},
    setup::SetupPage,
    staff::{MemberPage, RightsPage, StaffPage},
    stopped::StoppedPage,
    templates::{TemplatePage, TemplatesPage},
    whatsapp::WhatsappPage,
};
use crate::app::text;
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

/// The office.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Title formatter=|title: String| {
            if title.is_empty() { text::BRAND.to_owned() } else { format!("{title} · {}", text::BRAND) }
        } />
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/admin/masuk") view=LoginPage ssr=SsrMode::Async />
                <ParentRoute path=path!("/admin") view=Layout ssr=SsrMode::Async>
                    <Route path=path!("") view=HomePage ssr=SsrMode::Async />
                    <Route path=path!("pelanggan") view=CustomersPage ssr=SsrMode::Async />
                    <Route path=path!("pelanggan/ekspor") view=ExportPage ssr=SsrMode::Async />
                    <Route path=path!("pelanggan/massal") view=BulkPage ssr=SsrMode::Async />
                    <Route path=path!("pelanggan/:id") view=CustomerPage ssr=SsrMode::Async />
                    <Route path=path!("tagihan") view=InvoicesPage ssr=SsrMode::Async />
                    <Route path=path!("tagihan/:id") view=InvoicePage ssr=SsrMode::Async />
                    <Route path=path!("terima") view=ReceivePage ssr=SsrMode::Async />
                    <Route path=path!("pembayaran") view=PaymentsPage ssr=SsrMode::Async />
                    <Route path=path!("pembayaran/:id") view=PaymentPage ssr=SsrMode::Async />
                    <Route path=path!("tagih") view=CollectPage ssr=SsrMode::Async />
                    <Route path=path!("tunggakan") view=ArrearsPage ssr=SsrMode::Async />
                    <Route path=path!("kas-harian") view=DailyCashPage ssr=SsrMode::Async />
                    <Route path=path!("pengeluaran") view=ExpensesPage ssr=SsrMode::Async />
                    <Route path=path!("laporan/:name") view=ReportPage ssr=SsrMode::Async />
                    <Route path=path!("setoran") view=HandoverPage ssr=SsrMode::Async />
                    <Route path=path!("terbitkan") view=IssuePage ssr=SsrMode::Async />
                    <Route path=path!("wilayah") view=AreasPage ssr=SsrMode::Async />
                    <Route path=path!("berhenti") view=StoppedPage ssr=SsrMode::Async />
                    <Route path=path!("biaya") view=ExtrasPage ssr=SsrMode::Async />
                    <Route path=path!("pratinjau") view=RehearsalPage ssr=SsrMode::Async />
                    <Route path=path!("janji") view=PromisesPage ssr=SsrMode::Async />
                    <Route path=path!("pasang") view=InstallsPage ssr=SsrMode::Async />
                    <Route path=path!("pasang/baru") view=InstallPage ssr=SsrMode::Async />
                    <Route path=path!("pasang/:id") view=InstalledPage ssr=SsrMode::Async />
                    <Route path=path!("impor") view=ImportPage ssr=SsrMode::Async />
                    <Route path=path!("router") view=RoutersPage ssr=SsrMode::Async />
                    <Route path=path!("router/:id") view=RouterPage ssr=SsrMode::Async />
                    <Route path=path!("pesan") view=MessagesPage ssr=SsrMode::Async />
                    <Route path=path!("pesan/:id") view=MessagePage ssr=SsrMode::Async />
                    <Route path=path!("template") view=TemplatesPage ssr=SsrMode::Async />
                    <Route path=path!("template/:kind") view=TemplatePage ssr=SsrMode::Async />
                    <Route path=path!("whatsapp") view=WhatsappPage ssr=SsrMode::Async />
                    <Route path=path!("pengaturan") view=SettingsIndex ssr=SsrMode::Async />
                    <Route path=path!("pengaturan/:group") view=SettingsPage ssr=SsrMode::Async />
                    <Route path=path!("terisolir") view=IsolatedPage ssr=SsrMode::Async />
                    <Route path=path!("log-isolir") view=IsolirLogPage ssr=SsrMode::Async />
                    <Route path=path!("siap") view=SetupPage ssr=SsrMode::Async />
                    <Route path=path!("paket") view=PackagesPage ssr=SsrMode::Async />
                    <Route path=path!("paket/:id") view=PricesPage ssr=SsrMode::Async />
                    <Route path=path!("tutup-buku") view=ClosingPage ssr=SsrMode::Async />
                    <Route path=path!("rekening") view=BanksPage ssr=SsrMode::Async />
                    <Route path=path!("cadangan") view=BackupsPage ssr=SsrMode::Async />
                    <Route path=path!("tugas") view=JobsPage ssr=SsrMode::Async />
                    <Route path=path!("tugas/riwayat") view=RunsPage ssr=SsrMode::Async />
                    <Route path=path!("tugas/macet") view=StuckPage ssr=SsrMode::Async />
                    <Route path=path!("log") view=ActivityPage ssr=SsrMode::Async />
                    <Route path=path!("pengguna") view=StaffPage ssr=SsrMode::Async />
                    <Route path=path!("pengguna/hak") view=RightsPage ssr=SsrMode::Async />
                    <Route path=path!("pengguna/:id") view=MemberPage ssr=SsrMode::Async />
                    <Route path=path!("akun") view=AccountPage ssr=SsrMode::Async />
                    <Route path=path!("lainnya") view=MorePage ssr=SsrMode::Async />
                    // Last: what no page above is called.
                    <Route path=path!("*unknown") view=NoSuchPage ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// Says with the status of the answer, too, that the page is not there.
fn say_not_found() {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
}

/// A page of the office that is not there, in the office's frame.
#[component]
fn NoSuchPage() -> impl IntoView {
    say_not_found();
    view! {
        <Title text=text::NOT_FOUND />
        <div class="title"><h1>{text::NOT_FOUND}</h1></div>
        <section class="panel pad stack">
            <p>{text::NOT_FOUND_HINT}</p>
            <div class="row"><a class="btn main" href="/admin">{text::HOME}</a></div>
        </section>
    }
}

/// A page outside the office that is not there.
#[component]
pub fn NotFound() -> impl IntoView {
    say_not_found();
    view! {
        <main class="login">
            <Title text=text::NOT_FOUND />
            <h1>{text::NOT_FOUND}</h1>
            <a class="btn main" href="/admin">{text::HOME}</a>
        </main>
    }
}
