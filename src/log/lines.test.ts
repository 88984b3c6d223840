import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { linesAfter, linesBefore, type ReadBytes } from './lines.ts'

const reader =
  (text: string): ReadBytes =>
  async (offset, limit) =>
    Buffer.from(text).subarray(offset, offset + limit)
const texts = (lines: readonly { text: string }[]) => lines.map(({ text }) => text)

describe('lines of a log', () => {
  const log = 'one\ntwo\n\nfour\nhalf'
  const read = reader(log)

  it('are the last ones, with the line that has no end yet', async () => {
    assert.deepEqual(await linesBefore(read, log.length, 2), [
      { offset: 9, text: 'four' },
      { offset: 14, text: 'half' },
    ])
    assert.deepEqual(texts(await linesBefore(read, log.length, 99)), ['one', 'two', '', 'four', 'half'])
  })

  it('go on before the first one of an answer', async () => {
    assert.deepEqual(texts(await linesBefore(read, 9, 2)), ['two', ''])
    assert.deepEqual(await linesBefore(read, 0, 2), [])
  })

  it('go on after the last one of an answer', async () => {
    assert.deepEqual(texts(await linesAfter(read, null, 2)), ['one', 'two'])
    assert.deepEqual(texts(await linesAfter(read, 4, 2)), ['', 'four'])
    assert.deepEqual(await linesAfter(read, 14, 2), [])
  })

  it('are found in a log much longer than what is read at once', async () => {
    const long = Array.from({ length: 200_000 }, (_, index) => `line ${index}`).join('\n')
    const all = reader(long)
    const last = await linesBefore(all, long.length, 3)
    assert.deepEqual(texts(last), ['line 199997', 'line 199998', 'line 199999'])
    const pages = []
    for (let end = long.length; end > 0 && pages.length < 3; ) {
      const page = await linesBefore(all, end, 500)
      pages.push(page)
      end = page[0]?.offset ?? 0
    }
    assert.deepEqual(pages.flatMap((page) => texts(page)).length, 1500)
    assert.equal(pages[2]?.[0]?.text, 'line 198500')
    assert.deepEqual(texts(await linesAfter(all, pages[2]?.[0]?.offset ?? 0, 1)), ['line 198501'])
  })

  it('without any end are cut, not read whole', async () => {
    let bytes = 0
    const endless: ReadBytes = async (_, limit) => {
      bytes += limit
      return Buffer.alloc(limit, 'x')
    }
    await linesBefore(endless, 1 << 30, 1)
    assert.ok(bytes < 10 << 20, String(bytes))
  })
})
