/** The style of a report: one column, system fonts, tables that scroll by themselves, light and dark by preference. */
export const style = `
:root {
  color-scheme: light dark;
  --ink: #1c2024; --quiet: #60646c; --paper: #fdfdfc; --rule: #e1e1de; --raised: #f5f5f2; --good: #1a7f4b; --bad: #c62a2f;
  --series-1: #2a6fdb; --series-2: #d9660a; --series-3: #1f9254; --series-4: #b4369b;
  --series-5: #8a6d00; --series-6: #0f8b98; --series-7: #c9303e; --series-8: #6b56c9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #ececea; --quiet: #a0a3a8; --paper: #16181a; --rule: #33363a; --raised: #1f2225; --good: #4cc38a; --bad: #ff7b80;
    --series-1: #6ea8ff; --series-2: #ff9d4d; --series-3: #4fc98a; --series-4: #ee82d8;
    --series-5: #d9b93b; --series-6: #45c5d3; --series-7: #ff7480; --series-8: #a898ff;
  }
}
* { box-sizing: border-box }
body {
  margin: 0 auto; padding: 3rem 1.25rem 5rem; max-width: 52rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif;
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.01em }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .75rem }
h3 { font-size: 1rem; margin: 0 0 .5rem }
p { margin: .5rem 0 }
code { font: .9em ui-monospace, "SFMono-Regular", Menlo, monospace; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: 1.5rem 0; font-size: .92rem }
dt { color: var(--quiet) }
dd { margin: 0 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums }
th { text-align: left; font-weight: 600; color: var(--quiet); border-bottom: 2px solid var(--rule) }
td { border-bottom: 1px solid var(--rule) }
th, td { padding: .45rem .9rem .45rem 0; vertical-align: top }
th.number, td.number { text-align: right; white-space: nowrap; padding-right: 1.4rem }
th.number:last-child, td.number:last-child { padding-right: 0 }
.holds { color: var(--good); font-weight: 600; white-space: nowrap }
.broken { color: var(--bad); font-weight: 600; white-space: nowrap }
.paper { color: var(--quiet); font-style: italic }
figure { margin: 1rem 0 2rem; padding: 1.1rem 1.25rem; background: var(--raised); border-radius: 10px }
figure svg { display: block; color: var(--ink); width: 100% }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: 0 0 .75rem; padding: 0; list-style: none; font-size: .9rem }
.legend i { display: inline-block; width: 1.5em; height: 3px; border-radius: 2px; margin-right: .5em; vertical-align: middle }
footer { margin-top: 3rem; color: var(--quiet); font-size: .85rem }
@media print { body { max-width: none; padding: 0 } figure { break-inside: avoid } }
`
