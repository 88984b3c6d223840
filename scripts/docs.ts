// Writes the parts of docs that mirror code, between `<!-- generated: NAME -->` and `<!-- end -->`:
//   node scripts/docs.ts            test/docs.test.ts fails when somebody forgot to.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ERRORS, type ErrorName } from '../src/api/errors.ts'
import { SOLUTIONS_ZH } from '../src/api/errors-zh.ts'
import { openApiDocument } from '../src/api/openapi/document.ts'
import { wirePath } from '../src/api/openapi/path.ts'
import type { Route } from '../src/api/route.ts'
import { ROUTES } from '../src/api/routes.ts'
import { ACTED, ACTED_ANNOTATIONS } from '../src/job/acted-fields.ts'
import { KEPT, REFUSED } from '../src/job/check-fields.ts'
import { CAN, NEXT } from '../src/job/phase.ts'

const ROOT = join(import.meta.dirname, '..')

/** A cell of a Markdown table: the bar would end it, a brace or angle bracket would be markup somewhere. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')

/** Every route of ModelArts says how far it is there; of our own there is nothing to compare with. */
const routesTable = (own: boolean): string =>
  table(
    ['call', 'method', 'path', 'answers', ...(own ? [] : ['how']), 'role', 'permission'],
    (Object.values(ROUTES) as Route[])
      .filter(({ path }) => path.startsWith('/ropeway/') === own)
      .map((route) => [
        route.summary,
        route.method,
        `\`${wirePath(route.path)}\``,
        String(route.refused === undefined ? route.success : ERRORS.NotSupported.status),
        ...(own ? [] : [howOf(route)]),
        route.role,
        `\`${route.permission}\``,
      ]),
  )

const howOf = ({ refused, partly }: Route): string =>
  refused ? `refused: ${refused}` : partly ? `partly: ${partly}` : 'exact'

const stateDiagram = (): string => {
  const arrows = Object.entries(NEXT).flatMap(([from, next]) =>
    next.length === 0 ? [`  ${from} --> [*]`] : next.map((to) => `  ${from} --> ${to}`),
  )
  return ['```mermaid', 'stateDiagram-v2', '  [*] --> Creating', ...arrows, '```'].join('\n')
}

/** Name of each generated part → its text. */
const PARTS: Readonly<Record<string, () => string>> = {
  errors: () =>
    table(
      ['name', 'error_code', 'status', 'what to do', '中文'],
      Object.entries(ERRORS).map(([name, { code, status, solution }]) => [
        name,
        `\`${code}\``,
        String(status),
        solution,
        SOLUTIONS_ZH[name as ErrorName],
      ]),
    ),
  'state diagram': stateDiagram,
  'what may be asked': () =>
    table(
      ['phase', ...Object.keys(CAN)],
      Object.keys(NEXT).map((phase) => [
        phase,
        ...Object.values(CAN).map((phases: readonly string[]) => (phases.includes(phase) ? 'yes' : 'no')),
      ]),
    ),
  'routes of v2': () => routesTable(false),
  'routes of our own': () => routesTable(true),
  'acted fields': () =>
    table(
      ['field', '', 'effect'],
      ACTED.map(({ field, how, effect }) => [`\`${field}\``, how, effect]),
    ),
  'acted annotations': () =>
    table(
      ['annotation', 'effect'],
      ACTED_ANNOTATIONS.map(({ names, effect }) => [names.map((name) => `\`${name}\``).join(', '), effect]),
    ),
  'refused fields': () =>
    table(
      ['field', 'why'],
      REFUSED.map(({ field, why }) => [`\`${field}\``, why]),
    ),
  'kept fields': () =>
    table(
      ['field', 'why'],
      KEPT.map(({ field, why }) => [`\`${field}\``, why]),
    ),
}

/** Pages that hold generated parts, relative to the repository. */
export const PAGES = [
  'docs/errors.md',
  'docs/state-machine.md',
  'docs/api-compatibility.md',
  'docs/fields.md',
] as const

/** The page's text with every generated part made anew. Throws for a part nobody makes. */
export function renderPage(text: string): string {
  return text.replace(/<!-- generated: (.+?) -->\n[\s\S]*?<!-- end -->/g, (_, name: string) => {
    const make = PARTS[name]
    if (make === undefined)
      throw new Error(`generated part "${name}" is not one of ${Object.keys(PARTS).join(', ')}`)
    return `<!-- generated: ${name} -->\n\n${make()}\n\n<!-- end -->`
  })
}

/** Files that are generated as a whole, relative to the repository. */
export const FILES: Readonly<Record<string, () => string>> = {
  'docs/openapi.json': () => `${JSON.stringify(openApiDocument(packageVersion()), null, 2)}\n`,
}

const packageVersion = (): string =>
  (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version

/** Names of the parts a page holds. */
export const partsOf = (text: string): string[] =>
  [...text.matchAll(/<!-- generated: (.+?) -->/g)].map((match) => match[1] ?? '')

/** Names of all parts there are. */
export const partNames = (): string[] => Object.keys(PARTS)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const pages = PAGES.map((page) => [page, (before: string) => renderPage(before)] as const)
  for (const [name, render] of [...pages, ...Object.entries(FILES)]) {
    const path = join(ROOT, name)
    const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
    const after = render(before)
    if (after !== before) writeFileSync(path, after)
    process.stdout.write(`${name}: ${after === before ? 'up to date' : 'written'}\n`)
  }
}
