#include "report/page_assets.hpp"

namespace jacobench::harness {

const std::string_view page_styles = R"(
:root { color-scheme: light dark }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 0 12px 48px; max-width: 1400px; background: #ffffff; color: #1a1a1a;
       font: 16px/1.5 Helvetica, Arial, "DejaVu Sans", sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; margin: 20px 0 8px } h2 { font-size: 1.35rem; margin: 40px 0 4px; border-top: 1px solid #cccccc; padding-top: 16px }
h3 { font-size: 1.05rem; margin: 0 } p { margin: 4px 0; max-width: 75em; overflow-wrap: anywhere; unicode-bidi: plaintext }
nav { display: flex; flex-wrap: wrap; gap: 2px 16px } a { color: #0b62a4 }
.figures { display: flex; flex-wrap: wrap; gap: 0 28px }
figure { margin: 18px 0; flex: 1 1 100%; min-width: 0; break-inside: avoid } figure.p1 { flex: 0 1 440px } .p4 .panels { max-width: 1040px } figcaption p { color: #555555; font-size: .92rem }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 6px 0; padding: 0; list-style: none; font-size: .88rem }
.legend li { overflow-wrap: anywhere; unicode-bidi: isolate } .key { width: 24px; height: 16px; vertical-align: -3px; margin-right: 4px }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 350px), 1fr)); gap: 8px }
svg.panel { width: 100%; max-width: 520px; height: auto; display: block }
.m:hover, .on { stroke: #1a1a1a; stroke-width: 1.6 }
#tip { position: absolute; z-index: 2; max-width: min(360px, 90vw); padding: 4px 8px; border-radius: 4px; pointer-events: none;
       background: #1a1a1a; color: #ffffff; font-size: .85rem; white-space: pre-line; overflow-wrap: anywhere; max-height: 50vh;
       overflow: hidden; unicode-bidi: plaintext }
.bar { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: center; margin: 16px 0 4px; font-size: .92rem }
.bar input[type=search] { font: inherit; padding: 3px 6px; width: min(100%, 24em) }
.scroll { overflow: auto; max-height: 80vh; border: 1px solid #cccccc }
table { border-collapse: collapse; font-size: .85rem; line-height: 1.3; font-variant-numeric: tabular-nums }
th, td { padding: 2px 9px; text-align: left; vertical-align: top; white-space: nowrap; unicode-bidi: isolate }
td.n { text-align: right } td > div { width: 24em; overflow: hidden; text-overflow: ellipsis }
td > div:hover, td > div:focus { max-height: 5.2em; overflow: auto; white-space: normal; overflow-wrap: anywhere }
thead th { position: sticky; top: 0; background: #f2f2f2; border-bottom: 1px solid #999999 }
th button { font: inherit; font-weight: bold; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: left }
th[aria-sort=ascending] button::after { content: " \25B2" } th[aria-sort=descending] button::after { content: " \25BC" }
tbody tr:nth-child(even) { background: #f7f7f7 } tr.failed td, tr.skipped td { color: #777777 }
table:not(.all) .x { display: none } tr[hidden] { display: none }
details { margin: 8px 0 } summary { cursor: pointer; font-weight: bold }
dl { display: grid; grid-template-columns: minmax(0, max-content) minmax(0, 1fr); gap: 1px 16px; margin: 6px 0; font-size: .9rem }
dt { color: #555555; overflow-wrap: anywhere } dd { margin: 0; overflow-wrap: anywhere; unicode-bidi: plaintext }
@media (max-width: 600px) { body { padding: 0 8px 32px } dl { grid-template-columns: 1fr } dd { margin: 0 0 4px 12px } }
@media print { nav, .bar, details:not([open]) { display: none } body { max-width: none } .figures { display: block }
               h2, h3, figcaption, .legend, summary { break-after: avoid } figure.p1 { display: inline-block; width: 48% }
               .scroll { max-height: none; overflow: visible; border: 0 } table { font-size: 6.5pt } tr, svg.panel { break-inside: avoid }
               th, td { padding: 1px 3px } thead th { position: static } td > div { white-space: normal; overflow-wrap: anywhere }
               figure:not(.p1, .p2, .p3, .p4) { break-inside: auto } figure:not(.p1) .panels { grid-template-columns: repeat(2, 1fr) } }
@media screen and (prefers-color-scheme: dark) {
body { background: #161616; color: #e8e8e8 } h2 { border-color: #444444 } a { color: #7db9ea }
figcaption p, dt { color: #b4b4b4 } .m:hover, .on { stroke: #ffffff }
#tip { background: #f0f0f0; color: #111111 } .scroll { border-color: #444444 }
thead th { background: #262626 } tbody tr:nth-child(even) { background: #1e1e1e }
tr.failed td, tr.skipped td { color: #999999 }
DARK_CHARTS}
)";

const std::string_view page_script = R"(
'use strict';
(() => {
  const tip = document.getElementById('tip');
  for (const title of document.querySelectorAll('svg.panel title')) {
    title.parentNode.dataset.tip = title.textContent;
    title.remove();
  }
  let shown = null;
  const hide = () => { if (shown) shown.classList.remove('on'); shown = null; tip.hidden = true; };
  const show = (mark, x, y) => {
    if (mark === shown) return;
    hide();
    shown = mark;
    mark.classList.add('on');
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    const left = Math.min(x + 14, document.documentElement.clientWidth - tip.offsetWidth - 6);
    const below = y + 16 + tip.offsetHeight < innerHeight;
    tip.style.left = Math.max(4, left) + scrollX + 'px';
    tip.style.top = (below ? y + 16 : Math.max(4, y - 12 - tip.offsetHeight)) + scrollY + 'px';
  };
  const nearest = (svg, x, y) => {
    let best = null, least = 20;
    for (const mark of svg.querySelectorAll('.m')) {
      const box = mark.getBoundingClientRect();
      const away = Math.hypot(x - box.x - box.width / 2, y - box.y - box.height / 2);
      if (away < least) [best, least] = [mark, away];
    }
    return best;
  };
  for (const svg of document.querySelectorAll('svg.panel')) {
    const point = event => {
      const mark = nearest(svg, event.clientX, event.clientY) || event.target.closest('[data-tip]');
      if (mark) show(mark, event.clientX, event.clientY); else hide();
    };
    svg.addEventListener('pointermove', point);
    svg.addEventListener('click', point);
    svg.addEventListener('pointerleave', event => { if (event.pointerType === 'mouse') hide(); });
  }
  document.addEventListener('keydown', event => { if (event.key === 'Escape') hide(); });

  const value = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent : cell.dataset.v;
  };
  for (const box of document.querySelectorAll('.table')) {
    const table = box.querySelector('table'), body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector('button').addEventListener('click', () => {
      const falls = head.getAttribute('aria-sort') === 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', falls ? 'descending' : 'ascending');
      const rows = [...body.rows].map(row => [value(row, column), row]);
      const numeric = rows.every(([text]) => text === '' || !isNaN(text));
      const order = (a, b) => numeric ? a - b : a < b ? -1 : a > b ? 1 : 0;
      rows.sort(([a], [b]) => a === '' || b === '' ? (a === '') - (b === '') : falls ? order(b, a) : order(a, b));
      for (const [, row] of rows) body.append(row);
    }));
    const filter = box.querySelector('input[type=search]'), count = box.querySelector('output');
    const names = heads.map(head => head.dataset.name);
    filter.addEventListener('input', () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(word => word);
      let left = 0;
      for (const row of body.rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every(word => {
          const [name, wanted] = [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)];
          const column = names.indexOf(name);
          return column < 0 ? text.includes(word)
            : value(row, column).toLowerCase() === wanted || row.cells[column].textContent.toLowerCase() === wanted;
        });
        left += !row.hidden;
      }
      count.textContent = left + ' of ' + body.rows.length + ' rows';
    });
    box.querySelector('input[type=checkbox]').addEventListener('change', event =>
      table.classList.toggle('all', event.target.checked));
  }
})();
)";

const std::string_view page_script_hash = "tPDU2y/jQloHxYe2SwRak+oSZAhHYxfnX8C+ZDH8O8U=";

}  // namespace jacobench::harness
