import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ListInput, listObjects, successor } from './list-objects.ts'
import { ObjectIndex } from './object-index.ts'

function indexOf(keys: readonly string[]): ObjectIndex {
  const index = new ObjectIndex(':memory:')
  index.addBucket({ name: 'bkt', createdMs: 0, project: '' })
  for (const [seq, key] of keys.entries()) {
    const facts = {
      bucket: 'bkt',
      key,
      seq,
      file: `f${seq}`,
      segments: null,
      size: 1,
      etag: 'e',
      modifiedMs: 0,
    }
    index.putObject({ ...facts, headers: {}, metadata: {} })
  }
  return index
}

/** Every page of a list as [keys, prefixes]. */
function pagesOf(index: ObjectIndex, input: Omit<ListInput, 'bucket'>) {
  const pages: string[][][] = []
  for (let token: string | undefined, first = true; first || token !== undefined; first = false) {
    const page = listObjects(index, { bucket: 'bkt', ...input, ...(token === undefined ? {} : { token }) })
    pages.push([page.objects.map((object) => object.key), [...page.prefixes]])
    token = page.next
  }
  return pages
}

const KEYS = ['a', 'b/', 'b/1', 'b/2', 'b/c/3', 'b0', 'd/4', '训/5', '\u{1F600}', '\uffee']
const cases: Array<[title: string, input: Omit<ListInput, 'bucket'>, pages: string[][][]]> = [
  [
    'everything, by UTF-8 bytes',
    {},
    [[['a', 'b/', 'b/1', 'b/2', 'b/c/3', 'b0', 'd/4', '训/5', '\uffee', '\u{1F600}'], []]],
  ],
  ['a prefix', { prefix: 'b' }, [[['b/', 'b/1', 'b/2', 'b/c/3', 'b0'], []]]],
  [
    'the top level',
    { delimiter: '/' },
    [
      [
        ['a', 'b0', '\uffee', '\u{1F600}'],
        ['b/', 'd/', '训/'],
      ],
    ],
  ],
  ['one folder', { prefix: 'b/', delimiter: '/' }, [[['b/', 'b/1', 'b/2'], ['b/c/']]]],
  [
    'pages of two across folders',
    { delimiter: '/', limit: 2 },
    [
      [['a'], ['b/']],
      [['b0'], ['d/']],
      [['\uffee'], ['训/']],
      [['\u{1F600}'], []],
    ],
  ],
  [
    'keys behind one in the middle of a folder',
    { after: 'b/1', delimiter: '/' },
    [
      [
        ['b0', '\uffee', '\u{1F600}'],
        ['b/', 'd/', '训/'],
      ],
    ],
  ],
  [
    'a marker that is a folder skips it',
    { after: 'b/', delimiter: '/' },
    [
      [
        ['b0', '\uffee', '\u{1F600}'],
        ['d/', '训/'],
      ],
    ],
  ],
  [
    'the same marker without delimiter is a key',
    { after: 'b/', prefix: 'b' },
    [[['b/1', 'b/2', 'b/c/3', 'b0'], []]],
  ],
  ['a marker before the prefix', { after: 'a', prefix: 'd' }, [[['d/4'], []]]],
  ['a marker behind the prefix', { after: 'e', prefix: 'd' }, [[[], []]]],
  ['no keys asked for', { limit: 0 }, [[[], []]]],
  [
    'a delimiter of two characters',
    { prefix: 'b', delimiter: '/c' },
    [[['b/', 'b/1', 'b/2', 'b0'], ['b/c']]],
  ],
]
for (const [title, input, pages] of cases) {
  test(`listing: ${title}`, () => {
    using index = indexOf(KEYS)
    assert.deepEqual(pagesOf(index, input), pages)
  })
}

test('two thousand keys come in pages of any size, each once', () => {
  const keys = Array.from({ length: 2000 }, (_, at) => `k${String(at).padStart(5, '0')}`)
  using index = indexOf(keys)
  for (const limit of [1000, 999, 70])
    assert.deepEqual(
      pagesOf(index, { limit }).flatMap(([found]) => found),
      keys,
    )
})

test('the end of a prefix is found for every last character', () => {
  assert.equal(successor('a/'), 'a0')
  assert.equal(successor('\ud7ff'), '\ue000')
  assert.equal(successor('a\u{10ffff}'), 'b')
  assert.equal(successor('\u{10ffff}'), undefined)
  assert.equal(successor('训'), String.fromCodePoint('训'.codePointAt(0)! + 1))
})
