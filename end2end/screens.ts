// What holds for every screen: nothing wider than the screen, no serious finding of axe, and everything that can be
// pressed is reached by the Tab key and shows that it is. SCREENS=1 keeps the pictures in docs/screens.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import type axe from 'axe-core';
import { ROOT } from './harness.ts';

/** The two screens that everything is looked at on. */
export const SIZES = { lebar: { width: 1280, height: 900 }, ponsel: { width: 360, height: 780 } };
export type Size = keyof typeof SIZES;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Of the dark look these are kept as pictures; it is checked on all. */
const DARK = ['beranda', 'daftar-pelanggan', 'terima-pembayaran-pilih', 'tagihan-anda'];
/** Pictures end here, in pixels: what follows is more of the same. */
const PICTURE_TALL = 1600;
/** More stops of the Tab key than any screen has. */
const STOPS_MAX = 600;

/** Whether the dark look of this screen is kept as a picture. */
const keptDark = (name: string) => DARK.includes(name);

/** Looks at what the page shows, at a screen of this size: its width, all that axe finds, the Tab key, and the dark. */
export async function look(page: Page, name: string, size: Size): Promise<void> {
  await picture(page, `${name}-${size}-terang`);
  await accessible(page, `${name} (${size})`);
  if (size === 'lebar') await byKeyboard(page, name);
  // In the dark only colours are others, and they are the same at every width.
  if (size === 'ponsel' && !keptDark(name)) return;
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, `${name}-${size}-gelap`);
  await accessible(page, `${name} (${size}, dark)`, ['color-contrast', 'link-in-text-block']);
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Looks at it in both sizes. */
export async function lookTwice(page: Page, name: string): Promise<void> {
  for (const size of ['ponsel', 'lebar'] as const) {
    await page.setViewportSize(SIZES[size]);
    await look(page, name, size);
  }
}

/** Checks that nothing is wider than the screen, and keeps the picture if pictures are wished. */
async function picture(page: Page, name: string): Promise<void> {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect.soft(wide, `${name} scrolls sideways by so many pixels`).toBeLessThanOrEqual(0);
  if (process.env.SCREENS !== '1' || test.info().project.name !== 'sqlite') return;
  if (name.endsWith('-gelap') && !keptDark(name.replace(/-(lebar|ponsel)-gelap$/, ''))) return;
  const folder = join(ROOT, 'docs/screens');
  mkdirSync(folder, { recursive: true });
  // As tall as the page: what stands at the foot of the screen (the phone's menu) stands at the foot of the picture.
  const before = page.viewportSize() ?? SIZES.lebar;
  const tall = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: before.width, height: Math.min(Math.max(before.height, tall), PICTURE_TALL) });
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.setViewportSize(before);
}

/** Fails on each finding of axe that it calls serious or critical, with the element; by all its rules, or by `rules`. */
export async function accessible(page: Page, name: string, rules?: string[]): Promise<void> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async (rules) => {
    const run = (window as unknown as { axe: typeof axe }).axe.run;
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations, passes } = await run(document, { runOnly: rules ?? tags, resultTypes: ['violations'] });
    const serious = violations.filter((one) => one.impact === 'serious' || one.impact === 'critical');
    return {
      passes: passes.length,
      lines: serious.flatMap((one) => one.nodes.slice(0, 3).map((node) => `${one.id}: ${one.help}: ${node.html.slice(0, 160)} (${node.failureSummary?.split('\n')[1]?.trim()})`)),
    };
  }, rules);
  expect(found.passes, 'axe looked at the page').toBeGreaterThan(0);
  expect.soft(found.lines, `axe on ${name}`).toEqual([]);
}

/** Walks the page with the Tab key: every control that is shown is reached, and shows that it has the focus. */
export async function byKeyboard(page: Page, name: string): Promise<void> {
  const wanted = await page.evaluate(() => {
    // A page that was walked before keeps its marks.
    for (const one of document.querySelectorAll<HTMLElement>('[data-tab-wanted], [data-tab-seen], [data-tab-group]')) {
      for (const mark of ['tabWanted', 'tabSeen', 'tabGroup']) delete one.dataset[mark];
    }
    const all = document.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, summary, [role=button], [role=tab]');
    const groups = new Set<string>();
    let n = 0;
    for (const one of all) {
      const field = one as HTMLInputElement;
      if (field.disabled || field.type === 'hidden' || one.closest('[inert], dialog:not([open])') || !one.checkVisibility()) continue;
      // The arrow keys move inside a group of radio buttons: the group is one stop.
      if (field.type === 'radio') {
        const group = `${field.form?.id}/${field.name}`;
        if (groups.has(group)) continue;
        groups.add(group);
        one.dataset.tabGroup = group;
      }
      one.dataset.tabWanted = String(n++);
    }
    // From the top, wherever the page had put the focus.
    document.body.tabIndex = -1;
    document.body.focus();
    return n;
  });
  expect(wanted, `controls of ${name}`).toBeGreaterThan(0);
  const dim: string[] = [];
  for (let stop = 0; stop < STOPS_MAX; stop++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const now = document.activeElement as HTMLInputElement | null;
      if (!now || now === document.body) return { end: true, again: false, text: '', seen: true };
      const again = now.dataset.tabSeen === '1';
      now.dataset.tabSeen = '1';
      const marked = now.type === 'radio' ? document.querySelector<HTMLElement>(`[data-tab-group="${now.form?.id}/${now.name}"]`) : now;
      if (marked) marked.dataset.tabSeen = '1';
      // A box hidden inside its label shows the focus on the label.
      const shows = (one: Element | null) => {
        if (!one) return false;
        const style = getComputedStyle(one);
        return (style.outlineStyle !== 'none' && style.outlineWidth !== '0px') || style.boxShadow !== 'none';
      };
      return { end: false, again, text: now.outerHTML.slice(0, 120), seen: shows(now) || shows(now.closest('label')) || shows(now.nextElementSibling) };
    });
    if (at.end || at.again) break;
    if (!at.seen) dim.push(at.text);
  }
  const missed = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('[data-tab-wanted]')].filter((one) => one.dataset.tabSeen !== '1').map((one) => one.outerHTML.slice(0, 120)));
  expect.soft(missed, `${name}: not reached by Tab`).toEqual([]);
  expect.soft(dim, `${name}: focus that cannot be seen`).toEqual([]);
}
