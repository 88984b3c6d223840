// Holds the source to docs/architecture.md: the tables there are read, not copied, so the page cannot drift.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseImports, readSources, type Source, withoutComments } from '../scripts/imports.ts'

const ROOT = join(import.meta.dirname, '..')
const PAGE = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')
const MAX_LINES = 300

type Rule = {
  readonly name: string
  readonly allowed: 'everything' | readonly string[]
  readonly separate: boolean
}

/** Rows of the page's table whose header starts with `| first |`, as cells. */
function tableRows(first: string): string[][] {
  const lines = PAGE.split('\n')
  const start = lines.findIndex((line) => line.startsWith(`| ${first} |`))
  assert.ok(start >= 0, `docs/architecture.md has no table with the first column "${first}"`)
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!)

const RULES: readonly Rule[] = tableRows('folder').flatMap(([names = '', allowed = '']) =>
  quoted(names).map((name) => ({
    name,
    allowed: allowed === 'everything' ? ('everything' as const) : quoted(allowed),
    separate: allowed.includes('never another'),
  })),
)
const PURE = tableRows('pure').flatMap(([names = '']) => quoted(names))

const EVERYTHING = readSources(
  '{src,test,container,examples,bench,scripts,bin}/**/*.{ts,tsx,js,py,sh}',
  '.ci/run',
  'Makefile',
)
const CODE = EVERYTHING.filter(
  ({ name }) => name.endsWith('.ts') && (!name.startsWith('..') || name.startsWith('../container/')),
)
/** Tests and what only tests use; free to import what they test, and imported by nothing else. */
const isTest = (name: string): boolean => /(\.test|-fixture)\.ts$/.test(name)
const PRODUCT = CODE.filter(({ name }) => !isTest(name))

const isUnder = (name: string, folder: string): boolean => name === folder || name.startsWith(`${folder}/`)
const ruleOf = (name: string): Rule | undefined => RULES.find((rule) => isUnder(name, rule.name))

/** The folder of one implementation behind a seam (`backend/host`), or null for files beside such folders. */
const implementationOf = (name: string): string | null =>
  name.split('/').length > 2 ? name.split('/').slice(0, 2).join('/') : null

/** Why `from` may not import `to`, or null when it may. */
function objection(from: string, to: string): string | null {
  const rule = ruleOf(from)
  if (rule === undefined) return `${from}: its folder has no row in the table of docs/architecture.md`
  if (isTest(to)) return `${from} imports ${to}, which is for tests only`
  if (rule.allowed === 'everything') return null
  if (isUnder(to, rule.name)) {
    const implementation = implementationOf(to)
    const foreign = rule.separate && implementation !== null && implementation !== implementationOf(from)
    return foreign ? `${from} imports ${to}: one ${rule.name} may not import another` : null
  }
  if (rule.allowed.some((folder) => isUnder(to, folder))) return null
  return `${from} imports ${to}: ${rule.name} may import ${rule.allowed.join(', ') || 'nothing'}`
}

/** The names on one cycle of value imports, or null. */
function findCycle(sources: readonly Source[]): string[] | null {
  const targets = new Map(
    sources.map(({ name, imports }) => [
      name,
      imports.filter(({ local, typeOnly }) => local && !typeOnly).map(({ target }) => target),
    ]),
  )
  const done = new Set<string>()
  const visit = (name: string, path: readonly string[]): string[] | null => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
    if (done.has(name)) return null
    for (const next of targets.get(name) ?? []) {
      const cycle = visit(next, [...path, name])
      if (cycle !== null) return cycle
    }
    done.add(name)
    return null
  }
  for (const name of targets.keys()) {
    const cycle = visit(name, [])
    if (cycle !== null) return cycle
  }
  return null
}

/** `file:line` of every match. */
function placesOf(sources: readonly Source[], pattern: RegExp, options: { comments: boolean }): string[] {
  return sources.flatMap(({ name, text }) =>
    (options.comments ? text : withoutComments(text))
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${join('src', name)}:${index + 1}`] : [])),
  )
}

/** Does a file only pass on what other files export? Types count: a reader must open the real file either way. */
function isBarrel(text: string): boolean {
  const code = withoutComments(text).trim()
  if (code === '') return false
  return (
    code.replace(/export\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\})\s+from\s+['"][^'"]+['"];?/g, '').trim() ===
    ''
  )
}

test('the import table is understood as a whole, and names only folders that have a row', () => {
  assert.ok(RULES.length >= 15, `only ${RULES.length} rows were understood`)
  const named = RULES.flatMap(({ allowed }) => (allowed === 'everything' ? [] : allowed))
  assert.deepEqual(
    named.filter((folder) => ruleOf(folder) === undefined),
    [],
  )
})

test('every form of import is seen, and type-only ones are told apart', () => {
  const text = `import a from './a.ts'\nimport type { B } from './b.ts'\nimport { type C, type D } from '../c.ts'
    import { e,\n type F } from "./e.ts"\nexport * from './g.ts'\nimport './h.ts'\nawait import('./i.ts')\n// import x from './no.ts'
    export type { J } from './j.ts'\nconst from = 'nothing'\nimport { readFile } from 'node:fs'`
  const seen = parseImports('job/x.ts', text).map(
    ({ target, typeOnly }) => `${target}${typeOnly ? ' (type)' : ''}`,
  )
  assert.deepEqual(seen, [
    'job/a.ts',
    'job/b.ts (type)',
    'c.ts (type)',
    'job/e.ts',
    'job/g.ts',
    'job/h.ts',
    'job/i.ts',
    'job/j.ts (type)',
    'node:fs',
  ])
})

const ARROWS = [
  { from: 'lib/a.ts', to: 'lib/b.ts', allowed: true },
  { from: 'lib/a.ts', to: 'api/b.ts', allowed: false },
  { from: 'http/a.ts', to: 'db/b.ts', allowed: false },
  { from: 'db/a.ts', to: 'accelerator/b.ts', allowed: true },
  { from: 'backend/host/a.ts', to: 'backend/host/b.ts', allowed: true },
  { from: 'backend/host/a.ts', to: 'backend/fake/b.ts', allowed: false },
  { from: 'launcher/a.ts', to: 'accelerator/rank-table/b.ts', allowed: true },
  { from: 'launcher/a.ts', to: 'accelerator/b.ts', allowed: false },
  { from: 'app.ts', to: 'db/b.ts', allowed: true },
  { from: 'app.ts', to: 'db/b-fixture.ts', allowed: false },
  { from: 'job/a.ts', to: 'app.ts', allowed: false },
  { from: 'somewhere/a.ts', to: 'lib/b.ts', allowed: false },
]
for (const { from, to, allowed } of ARROWS)
  test(`an import of ${to} by ${from} ${allowed ? 'passes' : 'is refused'}`, () => {
    assert.equal(objection(from, to) === null, allowed)
  })

test('a cycle of three files is found and named, one of types only is let through', () => {
  const at = (name: string, target: string, typeOnly: boolean): Source => ({
    name,
    text: '',
    imports: [{ target, local: true, typeOnly }],
  })
  assert.deepEqual(findCycle([at('a', 'b', false), at('b', 'c', false), at('c', 'a', false)]), [
    'a',
    'b',
    'c',
    'a',
  ])
  assert.equal(findCycle([at('a', 'b', false), at('b', 'a', true)]), null)
})

test('a file that only passes on exports is recognised', () => {
  assert.equal(isBarrel("// comment\nexport * from './a.ts'\nexport { b, type C } from './b.ts'\n"), true)
  assert.equal(isBarrel("export * from './a.ts'\nexport const b = 1\n"), false)
})

test('every import in the source is an arrow of the table', () => {
  const found = PRODUCT.flatMap(({ name, imports }) =>
    imports.filter(({ local }) => local).map(({ target }) => objection(name, target)),
  )
  assert.deepEqual(
    found.filter((problem) => problem !== null),
    [],
  )
})

test('every file of the source belongs to a row of the table', () => {
  assert.deepEqual(
    PRODUCT.map(({ name }) => name).filter((name) => ruleOf(name) === undefined),
    [],
  )
})

test('no files import each other in a circle', () => assert.equal(findCycle(CODE)?.join(' → '), undefined))

test('files that decide reach no disk, socket, process or clock', () => {
  const reach =
    /^node:(fs|fs\/promises|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|cluster|sqlite|timers|timers\/promises|os)$/
  const pure = PRODUCT.filter(({ name }) => PURE.some((path) => isUnder(name, path)))
  const found = pure.flatMap(({ name, imports }) =>
    imports
      .filter(({ target, typeOnly }) => !typeOnly && reach.test(target))
      .map(({ target }) => `${name} imports ${target}`),
  )
  const clocks = placesOf(pure, /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bfetch\(/, {
    comments: false,
  })
  assert.deepEqual([...found, ...clocks], [])
})

test(`no file has more than ${MAX_LINES} lines`, () => {
  const long = EVERYTHING.map(({ name, text }) => ({ name, lines: text.split('\n').length - 1 })).filter(
    ({ lines }) => lines > MAX_LINES,
  )
  assert.deepEqual(long, [])
})

test('no file is a barrel', () => {
  const barrels = EVERYTHING.filter(
    ({ name, text }) => /(^|\/)index\.tsx?$/.test(name) || (name.endsWith('.ts') && isBarrel(text)),
  )
  assert.deepEqual(
    barrels.map(({ name }) => name),
    [],
  )
})

const READS_ENVIRONMENT = ['config.ts', 'main.ts', 'launcher/main.ts']
const BANNED: readonly { what: string; pattern: RegExp; sources: readonly Source[]; comments: boolean }[] = [
  {
    what: 'export is a default export',
    pattern: /^\s*export\s+default\b|\bas default\b/,
    sources: CODE,
    comments: false,
  },
  {
    what: `file but ${READS_ENVIRONMENT.join(', ')} reads the environment`,
    pattern:
      /\bprocess\s*\.\s*env\b|\bprocess\[['"]env|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b|\{[^}]*\benv\b[^}]*\}\s*from\s*['"]node:process/,
    sources: PRODUCT.filter(({ name }) => !name.startsWith('..') && !READS_ENVIRONMENT.includes(name)),
    comments: false,
  },
  { what: 'file ends the process by itself', pattern: /\bprocess\.exit\(/, sources: CODE, comments: false },
  {
    what: 'file holds notes about unfinished work',
    pattern: new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`),
    sources: EVERYTHING,
    comments: true,
  },
]
for (const { what, pattern, sources, comments } of BANNED)
  test(`no ${what}`, () => assert.deepEqual(placesOf(sources, pattern, { comments }), []))
