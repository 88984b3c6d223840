// Files that are written to while they are read.
import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createBuffers } from './buffers.ts'
import { SourceFile } from './source-file.ts'

/** Reads a file of 8 bytes in two pieces and confirms after `meanwhile`. */
async function read(meanwhile: (path: string) => Promise<unknown>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-snapshot-'))
  try {
    const path = join(dir, 'f')
    await writeFile(path, 'abcdefgh')
    using file = new SourceFile(path)
    const buffers = createBuffers()
    const piece = (start: number): string =>
      [...file.piece(start, start + 4, false, buffers).body.open()].join('')
    const first = piece(0)
    await meanwhile(path)
    const both = first + piece(4)
    await file.confirm(buffers, async () => undefined)
    return both
  } finally {
    await rm(dir, { recursive: true })
  }
}

test('a file that grows is sent as it was when it was opened', async () => {
  assert.equal(await read((path) => appendFile(path, 'ijk')), 'abcdefgh')
  assert.equal(await read((path) => utimes(path, 1, 1)), 'abcdefgh')
})

test('a file that is rewritten under the reader is refused, whatever its size is then', async () => {
  const changed = { name: 'TransferError', code: 'FileChanged', message: /f was written to while/ }
  for (const content of ['ABCDEFGH', 'ABCDEFGHIJK', 'ABCD', ''])
    await assert.rejects(
      read((path) => writeFile(path, content)),
      changed,
      content,
    )
  await assert.rejects(
    read((path) => truncate(path, 2)),
    changed,
  )
})
