//! The paper of a receipt (kuitansi): who paid how much, in words too, how, to whom, and what it was used for. Half a sheet
//! where that suffices.

use super::canvas::{A4, A5_ACROSS, Canvas, GREY, INK, RED};
use super::flow::{Cell, Column, Flow, MARGIN, SMALL, Sender, TEXT};
use super::font::{Faces, Weight};
use crate::server::error::Result;

/// Beyond this a receipt bears a duty stamp. Source: UU 10/2020; protocols/indonesia.md, section 4.
pub const DUTY_ABOVE: i64 = 5_000_000;

/// A receipt.
#[derive(Clone, Debug, Default)]
pub struct ReceiptPaper {
    /// `Kuitansi`, or what it is where no money came in.
    pub title: String,
    /// Its number.
    pub number: String,
    /// Whose money: name, service number.
    pub payer: Vec<String>,
    /// Amount, formatted.
    pub amount: String,
    /// Amount in words.
    pub spelled: String,
    /// Word and value: day, way, reference, receiver.
    pub facts: Vec<(String, String)>,
    /// What it was used for: what, number of the bill, amount.
    pub used: Vec<(String, String, String)>,
    /// Under the space for a signature: who received it. Empty where nobody did.
    pub receiver: String,
    /// Above it: place and day.
    pub day: String,
    /// Whether it was printed before.
    pub copy: bool,
    /// That it was taken back; empty while it stands.
    pub reversed: String,
    /// Whether there is a box for a duty stamp.
    pub duty: bool,
}

/// The pages of a receipt: half a sheet where it fits on one.
///
/// # Errors
/// `Internal` when the program's own fonts can't be read.
pub fn pages(sender: &Sender, paper: &ReceiptPaper) -> Result<Vec<Canvas>> {
    let half = draw(sender, paper, A5_ACROSS)?;
    if half.len() == 1 { Ok(half) } else { draw(sender, paper, A4) }
}

fn draw(sender: &Sender, paper: &ReceiptPaper, size: (f32, f32)) -> Result<Vec<Canvas>> {
    let mut flow = Flow::begin(sender, size, &paper.title, &paper.number)?;
    if paper.copy {
        // Between the title and the number, where the rule above them is.
        flow.page.stamp(GREY, 13.0, (size.0 / 2.0, flow.y - 34.0), "SALINAN", "");
    }
    flow.page.text_in(GREY, Weight::Regular, SMALL, (MARGIN, flow.y), "Sudah terima dari");
    flow.y += 12.0;
    flow.beside(&paper.payer, &paper.facts);
    amount(&mut flow, paper);
    flow.table(&[
        Column { title: "Dipakai untuk", share: 48, right: false },
        Column { title: "Nomor", share: 30, right: false },
        Column { title: "Jumlah", share: 22, right: true },
    ])?;
    for (what, number, amount) in &paper.used {
        flow.row(&[Cell::new(what.clone()), Cell::new(number.clone()), Cell::new(amount.clone())])?;
    }
    flow.end_table();
    signature(&mut flow, paper)?;
    let foot = format!("{} {}", paper.title, paper.number);
    Ok(flow.finish(&foot))
}

/// The amount, large, and in words beside it.
fn amount(flow: &mut Flow<'_>, paper: &ReceiptPaper) {
    let Ok(faces) = Faces::get() else { return };
    let wide = faces.bold.width(&faces.bold.drawable(&paper.amount), 15.0) + 24.0;
    let lines = faces.regular.wrap(&format!("Terbilang: {}", paper.spelled), TEXT, flow.inner() - wide - 16.0);
    let height = super::canvas::points(lines.len().max(2)) * 13.0 + 6.0;
    flow.page.frame(INK, 0.8, (MARGIN, flow.y - 6.0), (wide, height));
    flow.page.text(Weight::Bold, 15.0, (MARGIN + 12.0, flow.y - 6.0 + height / 2.0 + 5.3), &paper.amount);
    let mut y = flow.y + 7.0;
    if lines.len() < 2 {
        y += 4.0;
    }
    for line in &lines {
        flow.page.text(Weight::Regular, TEXT, (MARGIN + wide + 14.0, y), line);
        y += 13.0;
    }
    flow.y += height + 12.0;
}

fn signature(flow: &mut Flow<'_>, paper: &ReceiptPaper) -> Result<()> {
    let (height, wide) = (if paper.duty { 96.0 } else { 62.0 }, 170.0);
    flow.room(height)?;
    let (top, left) = (flow.y, flow.right() - wide);
    if !paper.reversed.is_empty() {
        flow.page.stamp(RED, 22.0, (MARGIN + 96.0, top + 24.0), "DIBATALKAN", "");
        let words = paper.reversed.clone();
        flow.y = top + 58.0;
        flow.words(Weight::Regular, SMALL, &words)?;
    }
    if paper.receiver.is_empty() {
        flow.y = flow.y.max(top + 12.0);
        return Ok(());
    }
    flow.page.text(Weight::Regular, TEXT, (left, top + 8.0), &paper.day);
    if paper.duty {
        flow.page.frame(GREY, 0.6, (left, top + 16.0), (52.0, 52.0));
        flow.page.text_in(GREY, Weight::Regular, SMALL, (left + 10.0, top + 40.0), "Meterai");
        flow.page.text_in(GREY, Weight::Regular, SMALL, (left + 10.0, top + 50.0), "Rp 10.000");
    }
    let line = top + height - 20.0;
    flow.page.rule(INK, 0.6, line, left, flow.right());
    let name = Faces::get()?.regular.fitting(&paper.receiver, TEXT, wide);
    flow.page.text(Weight::Regular, TEXT, (left, line + 12.0), &name);
    flow.y = flow.y.max(top + height);
    Ok(())
}
