// HTML as values: what is put into a template is escaped, unless it is such a value itself. Pure.

export type Html = { readonly html: string }
type Piece = Html | string | number | false | null | undefined | readonly Piece[]

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

/** `null`, `undefined` and `false` stand for nothing; lists for all their entries. */
function render(piece: Piece): string {
  if (piece === null || piece === undefined || piece === false) return ''
  if (typeof piece === 'string' || typeof piece === 'number') return escaped(String(piece))
  return 'html' in piece ? piece.html : piece.map(render).join('')
}

/** A template: html`<b>${name}</b>`. */
export const html = (texts: TemplateStringsArray, ...pieces: readonly Piece[]): Html => ({
  html: texts.map((text, index) => text + render(pieces[index])).join(''),
})

/** Text with `code` in backquotes, as the contract's sentences have it. */
export const prose = (text: string): Html => {
  const parts = text
    .split('`')
    .map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))
  return html`${parts}`
}
