// The page's only style. Its hash stands in the page's Content-Security-Policy.

export const PAGE_STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; display: grid; grid-template-columns: 15rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; border-right: 1px solid var(--line); font-size: 13px; }
nav h2 { font-size: 13px; margin: 1rem 0 .25rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { text-decoration: none; overflow-wrap: anywhere; }
main { padding: 1rem 2rem 50vh; max-width: 70rem; }
h3 code { font-size: 15px; overflow-wrap: anywhere; }
h4 { margin: .75rem 0 .25rem; }
article { border-top: 1px solid var(--line); padding: .5rem 0 1rem; scroll-margin-top: 1rem; }
article:target { background: var(--soft); }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
td { border-top: 1px solid var(--line); padding: .2rem .6rem .2rem 0; vertical-align: top; overflow-wrap: anywhere; }
.fields td:first-child { width: 34%; }
.answers td:first-child { width: 4rem; }
code, pre { font: 13px/1.4 ui-monospace, monospace; }
pre { background: var(--soft); padding: .75rem; overflow: auto; }
b[title] { color: #c33; }
.who { opacity: .75; font-size: 13px; }
.method { display: inline-block; min-width: 4.5rem; padding: 0 .5rem; border-radius: 3px; text-align: center; color: #fff; background: #57606a; font-size: 13px; }
.GET { background: #1f6feb; } .POST { background: #1a7f37; } .PUT, .PATCH { background: #9a6700; } .DELETE { background: #cf222e; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; } main { padding: 1rem; } }
`
