// Pages that mirror code must be up to date, and links must lead somewhere.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { FILES, PAGES, partNames, partsOf, renderPage } from '../scripts/docs.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8')
const MARKDOWN = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: ROOT }).sort()

/** Anchors that a page's headings give, as GitHub makes them. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

for (const page of PAGES)
  test(`${page} says what the code says`, () => {
    assert.equal(read(page), renderPage(read(page)), `run "node scripts/docs.ts"`)
  })

for (const [file, make] of Object.entries(FILES))
  test(`${file} says what the code says`, () => {
    assert.ok(read(file) === make(), `run "node scripts/docs.ts"`)
  })

test('every call of ModelArts has its verdict, and those that are refused answer with an error', () => {
  const rows = read('docs/api-compatibility.md').match(/^\| .* \| `\/v[123][^\n]*$/gm) ?? []
  const cells = rows.map((row) => row.split(/(?<!\\) \| /))
  assert.ok(cells.length > 80, `${cells.length} rows`)
  for (const [call = '', , , status = '', how = ''] of cells) {
    assert.match(how, /^(exact$|partly: .|refused: .)/, call)
    assert.equal(status === '400', how.startsWith('refused'), call)
  }
})

test('every generated table stands on exactly one page', () => {
  assert.deepEqual(PAGES.flatMap((page) => partsOf(read(page))).sort(), partNames().sort())
})

for (const page of ['README.md', 'README.zh-CN.md'])
  test(`${page} can be read in one go: at most 120 lines`, () => {
    const lines = read(page).split('\n').length - 1
    assert.ok(lines <= 120, `${page} has ${lines} lines`)
  })

for (const page of MARKDOWN)
  test(`links in ${page} lead somewhere`, () => {
    const prose = read(page).replace(/^```[\s\S]*?^```/gm, '')
    const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1]!)
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => {
        const [path = '', anchor] = link.split('#')
        const file = path === '' ? page : join(dirname(page), path)
        if (!existsSync(join(ROOT, file))) return true
        return anchor !== undefined && !anchorsOf(read(file)).includes(anchor)
      })
    assert.deepEqual(broken, [])
  })

test('both READMEs name the same commands', () => {
  const commands = (page: string) =>
    [...read(page).matchAll(/^```(?:sh|bash)\n([\s\S]*?)^```/gm)].map((match) =>
      match[1]!.replace(/ *#.*$/gm, ''),
    )
  assert.deepEqual(commands('README.zh-CN.md'), commands('README.md'))
})

test('every runtime dependency has its line in docs/adr/0002-dependencies.md', () => {
  const manifest = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
  const listed = [...read('docs/adr/0002-dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map(
    (match) => match[1]!,
  )
  assert.deepEqual(listed.sort(), Object.keys(manifest.dependencies).sort())
})

test('every target of the Makefile calls something that exists', () => {
  const scripts = Object.keys(
    (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts,
  )
  const called = [...read('Makefile').matchAll(/\$\(RUN\) (\S+)/g)].map((match) => match[1]!)
  assert.deepEqual(
    called.filter((name) => !scripts.includes(name)),
    [],
  )
  const files = [...read('Makefile').matchAll(/@(scripts\/\S+)/g)].map((match) => match[1]!)
  assert.deepEqual(
    files.filter((file) => !existsSync(join(ROOT, file))),
    [],
  )
})
