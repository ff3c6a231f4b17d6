// The one script of the public pages: copy buttons, countdown, and the turn to "Pembayaran Berhasil".
(() => {
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.hidden = !navigator.clipboard;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      const before = button.textContent;
      button.textContent = 'Tersalin';
      setTimeout(() => { button.textContent = before; }, 1500);
    });
  }
  const page = document.getElementById('bayar');
  if (!page) return;
  const left = document.getElementById('sisa');
  const end = Date.now() + Number(page.dataset.left) * 1000;
  const two = (n) => String(n).padStart(2, '0');
  const tick = () => {
    const s = Math.max(0, Math.round((end - Date.now()) / 1000));
    left.textContent = ` (${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)} lagi)`;
    if (s === 0) location.reload(); else setTimeout(tick, 1000);
  };
  if (left) tick();
  const events = new EventSource(`/bayar/${page.dataset.ref}/events`);
  events.addEventListener('state', (event) => {
    if (event.data !== page.dataset.state) { events.close(); location.reload(); }
  });
})();
