// Downloads that cannot fit are refused before they begin.
import assert from 'node:assert/strict'
import { statfsSync } from 'node:fs'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { requireRoom } from './require-room.ts'

test('what does not fit is refused with the numbers; what it replaces counts as room', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-room-'))
  try {
    const file = (path: string, size: number) => ({ key: path, path, size, etag: '' })
    await requireRoom([file('a', 1000)], dir, undefined)
    const { bavail, bsize } = statfsSync(dir)
    const tooMuch = bavail * bsize + (1 << 30)
    await assert.rejects(requireRoom([file('a', tooMuch)], dir, undefined), {
      code: 'NoRoom',
      message: new RegExp(
        `^1 objects of ${tooMuch} bytes do not fit: the disk of ${dir} has \\d+ bytes free$`,
      ),
    })
    await writeFile(join(dir, 'a'), '')
    // Sparse: it has the size and takes no room.
    await truncate(join(dir, 'a'), tooMuch)
    await requireRoom([file('a', tooMuch)], dir, undefined)
  } finally {
    await rm(dir, { recursive: true })
  }
})
