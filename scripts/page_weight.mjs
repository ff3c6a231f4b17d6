// How much a customer's phone loads for the page that waits for a payment, compressed, with everything that the page
// names. `node scripts/page_weight.mjs BASE SERVICE_NUMBER METHOD` prints the sum in bytes, and each part on stderr.
import http from 'node:http';
import zlib from 'node:zlib';

const [base, number, method] = process.argv.slice(2);

const post = async (path, body) => {
  const answer = await fetch(base + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

/** What went over the wire, and what it says. */
const load = (path) => new Promise((done, failed) => {
  http.get(new URL(path, base), { headers: { 'accept-encoding': 'br' } }, (answer) => {
    const parts = [];
    answer.on('data', (part) => parts.push(part));
    answer.on('end', () => {
      const wire = Buffer.concat(parts);
      if (answer.statusCode !== 200) return failed(new Error(`${path}: ${answer.statusCode}`));
      const text = answer.headers['content-encoding'] === 'br' ? zlib.brotliDecompressSync(wire) : wire;
      done({ size: wire.length, text: text.toString() });
    });
  }).on('error', failed);
});

const { invoices } = await post('/billing/check', { customer_number: number });
const open = invoices.find((row) => row.status !== 'paid');
if (!open) throw new Error(`${number} owes nothing`);
// As the form of Pilih Cara Bayar sends it; the answer leads to the page.
const begun = await fetch(`${base}/bayar`, {
  method: 'POST', redirect: 'manual', headers: { origin: base },
  body: new URLSearchParams({ tagihan: open.id, metode: `flip:${method}` }),
});
const page_of = begun.headers.get('location');
if (begun.status !== 303 || !page_of) throw new Error(`/bayar: ${begun.status} ${(await begun.text()).slice(0, 200)}`);
const page = await load(page_of);
const parts = new Map([[page_of, page.size]]);
for (const [, path] of page.text.matchAll(/<(?:link|script|img)\b[^>]*?\s(?:href|src)="(\/[^"]*)"/g)) {
  if (!parts.has(path)) parts.set(path, (await load(path.replaceAll('&amp;', '&'))).size);
}
for (const [path, size] of parts) console.error(`${size} ${path}`);
console.log([...parts.values()].reduce((sum, size) => sum + size, 0));
