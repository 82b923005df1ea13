"""The look of a review's page: light and dark, from a phone to a wide screen, and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1c2430; --quiet: #5a6675; --line: #d9dee5; --link: #0b5cad;
  --new: #0a5c2b; --new-back: #d8f5e1; --gone: #9b1c1c; --gone-back: #fde2e1;
  --warn: #8a4b00; --warn-back: #fff2dc; --grave: #b3261e; --calm: #2456a6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1a2029; --text: #e4e9f0; --quiet: #9aa7b6; --line: #313b48; --link: #7cb7ff;
    --new: #9be8b4; --new-back: #143a22; --gone: #ffb0aa; --gone-back: #4a1c1c;
    --warn: #ffcf8a; --warn-back: #3d2c10; --grave: #ff8a80; --calm: #8fb8ff;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0; background: var(--page); color: var(--text); overflow-wrap: anywhere;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
a { color: var(--link); }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; z-index: 2; }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 0; display: inline; }
h4 { font-size: 1rem; margin: 1.25rem 0 .4rem; }
.card > h4:first-child { margin-top: 0; }
.quiet, footer { color: var(--quiet); }
footer { padding-top: 2rem; padding-bottom: 3rem; font-size: .9rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); }
th { overflow-wrap: normal; white-space: nowrap; font-weight: 600; color: var(--quiet); font-size: .88rem; }
td.path { width: 34%; }
code, pre, .code { font-family: ui-monospace, "Cascadia Mono", Menlo, "DejaVu Sans Mono", monospace; font-size: .88em; }
pre {
  background: var(--page); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; white-space: pre-wrap;
}
ins { background: var(--new-back); color: var(--new); text-decoration: underline; text-decoration-thickness: 2px; }
del { background: var(--gone-back); color: var(--gone); text-decoration: line-through; }
ins, del { border-radius: 3px; padding: 0 .12em; }
nav ul { list-style: none; padding: 0; margin: 1rem 0 0; display: flex; flex-wrap: wrap; gap: .4rem .5rem; }
nav a {
  display: block; padding: .3rem .7rem; border: 1px solid var(--line); border-radius: 999px; background: var(--card);
  text-decoration: none; font-size: .92rem;
}
.card, details.item {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1.1rem; margin: 0 0 .9rem;
}
.warn { background: var(--warn-back); color: var(--warn); border-color: currentColor; }
.grave { border-left: 5px solid var(--grave); }
details.item > summary { cursor: pointer; }
details.item > summary > .brief { display: block; color: var(--quiet); font-size: .92rem; margin-left: 1.1rem; }
.badge {
  display: inline-block; font-size: .75rem; font-weight: 700; letter-spacing: .03em; text-transform: uppercase;
  border: 1px solid currentColor; border-radius: 4px; padding: 0 .4rem; margin-left: .4rem; color: var(--calm);
}
.badge.delete, .badge.replace, .badge.sweep { color: var(--grave); }
.badge.create { color: var(--new); }
.passage { margin: 0 0 1rem; }
.passage .where { color: var(--quiet); font-size: .85rem; }
blockquote { margin: .15rem 0 0; padding: .35rem .9rem; border-left: 3px solid var(--line); max-width: 46rem; }
blockquote p { margin: 0; white-space: pre-wrap; }
ul.tree, ul.tree ul { list-style: none; margin: 0; padding-left: 1.4rem; }
ul.tree { padding-left: 0; }
ul.tree ul li { position: relative; padding: .1rem 0; }
ul.tree ul li::before {
  content: ""; position: absolute; left: -1rem; top: -.2rem; width: .75rem; height: 1rem;
  border-left: 2px solid var(--line); border-bottom: 2px solid var(--line); border-bottom-left-radius: 5px;
}
.number { font-variant-numeric: tabular-nums; font-weight: 600; }
@media (max-width: 40rem) {
  header, main, footer { padding-left: .8rem; padding-right: .8rem; }
  .card, details.item { padding: .75rem .8rem; }
  table.stacked thead { position: absolute; left: -100rem; }
  table.stacked tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  table.stacked td { display: block; width: auto; border: 0; padding: .1rem 0; }
  table.stacked td[data-label]:not(:empty)::before {
    content: attr(data-label) ": "; color: var(--quiet); font-size: .85rem;
  }
}
@media print {
  :root {
    --page: #fff; --card: #fff; --text: #000; --quiet: #444; --line: #bbb; --link: #000;
    --new: #000; --new-back: #e8e8e8; --gone: #000; --gone-back: #fff; --warn: #000; --warn-back: #fff;
    --grave: #000; --calm: #000;
  }
  body { font-size: 10.5pt; }
  nav, .skip { display: none; }
  header, main, footer { max-width: none; padding: 0; }
  .card, details.item { border-radius: 0; padding: .4rem .6rem; }
  .passage, tr { break-inside: avoid; }
  details::details-content { content-visibility: visible; }
  h2, h3, h4, summary { break-after: avoid; }
  ins { font-weight: 700; }
}
"""
