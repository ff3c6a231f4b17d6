//! What Akun Saya reads.

use super::{Account, FactorOffer, SessionRow};
use crate::app::admin::words::instant;
use crate::app::text;
use crate::server::error::{Error, Result};
use crate::server::guard::Asked;
use crate::server::staff::{second_factor, sessions};
use crate::server::state::AppState;
use crate::{args, sql};
use std::fmt::Write;

/// Modules that stay white on each side of a QR code (ISO/IEC 18004 asks for 4).
const MARGIN: usize = 4;

sql!(OWN = "SELECT name, email, phone, role, totp_sealed FROM staff WHERE id = $1");

/// The account of whoever asks.
pub async fn read(asked: &Asked, token: &str) -> Result<Account> {
    let id = asked.staff.id;
    let (name, email, phone, role, totp): (String, String, String, String, String) =
        asked.app.db.one(OWN, args![id]).await?;
    Ok(Account {
        name,
        email,
        phone: crate::app::admin::words::phone(&phone),
        role: text::role(&role).to_owned(),
        factor: !totp.is_empty(),
        recovery_left: second_factor::recovery_left(&asked.app, id).await?,
        must_secure: asked.staff.must_secure,
        sessions: session_rows(&asked.app, id, token).await?,
    })
}

/// Where somebody is logged in.
pub async fn session_rows(app: &AppState, staff_id: i64, token: &str) -> Result<Vec<SessionRow>> {
    let open = sessions::of(app, staff_id).await?;
    Ok(open
        .into_iter()
        .map(|open| SessionRow {
            handle: open.handle(),
            browser: open.browser(),
            here: open.is_of(token),
            since: instant(&app.clock, open.created_at),
            seen: instant(&app.clock, open.last_seen_at),
            address: open.address,
        })
        .collect())
}

/// A new second factor, with its picture.
pub async fn offer(asked: &Asked) -> Result<FactorOffer> {
    let id = asked.staff.id;
    let row: (String, String, String, String, String) = asked.app.db.one(OWN, args![id]).await?;
    let offer = second_factor::offer(&asked.app, id, &row.1).await?;
    let (side, path) = picture(&offer.url)?;
    Ok(FactorOffer { secret: offer.secret, sealed: offer.sealed, side, path })
}

/// The dark modules of a QR code as an SVG path, and the side of the picture.
fn picture(text: &str) -> Result<(i64, String)> {
    let bad = |error: &dyn std::fmt::Debug| Error::Internal(format!("QR: {error:?}"));
    let code = fast_qr::QRBuilder::new(text).build().map_err(|error| bad(&error))?;
    let mut path = String::new();
    for y in 0..code.size {
        for x in 0..code.size {
            if code[y][x].value() {
                write!(path, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN).map_err(|error| bad(&error))?;
            }
        }
    }
    Ok((i64::try_from(code.size + 2 * MARGIN).map_err(|error| bad(&error))?, path))
}
