import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { listSegments, readFrom } from '../lib/spool-segments.ts'
import { LogSpool } from './log-spool.ts'

async function opened(limitBytes: number) {
  const dir = mkdtempSync(join(tmpdir(), 'rw-'))
  const spool = await LogSpool.open({ dir, limitBytes })
  return {
    dir,
    spool,
    [Symbol.dispose]: () => {
      spool[Symbol.dispose]()
      rmSync(dir, { recursive: true })
    },
  }
}

/** As the shipper does when the server answers at once. */
function sendAll(spool: LogSpool): void {
  for (;;) {
    const { offset, bytes } = spool.take('task', 1 << 20)
    if (bytes.length === 0) return
    spool.confirm('task', offset + bytes.length)
  }
}

/** Line i of a stream, 100 bytes. */
const line = (i: number) => Buffer.from(`${String(i).padStart(99, '.')}\n`)

async function leftover(dir: string, offset: number): Promise<string> {
  let text = ''
  for (let at = offset; ; ) {
    const { bytes, gapBytes } = await readFrom(dir, 'task', at, 1 << 20)
    assert.equal(gapBytes, 0)
    if (bytes.length === 0) return text
    text += bytes.toString()
    at += bytes.length
  }
}

test('what is taken and confirmed in any pieces is what was appended', async () => {
  using place = await opened(1 << 20)
  const { spool } = place
  let sent = ''
  for (let i = 0; i < 3000; i++) {
    spool.append('task', line(i))
    if (i % 7 !== 0) continue
    const { offset, bytes } = spool.take('task', 450)
    assert.equal(offset, sent.length)
    sent += bytes.toString()
    spool.confirm('task', offset + bytes.length)
  }
  const rest = await leftover(place.dir, sent.length)
  assert.equal(sent + rest, Array.from({ length: 3000 }, (_, i) => line(i).toString()).join(''))
})

test('past the limit, segments the server has go first and nothing is lost', async () => {
  using place = await opened(64 * 1024)
  const { spool } = place
  for (let i = 0; i < 5000; i++) {
    spool.append('task', line(i))
    sendAll(spool)
    assert.equal(spool.take('task', 1).offset, (i + 1) * 100)
  }
  const segments = await listSegments(place.dir, 'task')
  assert.ok(segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) <= 64 * 1024)
  assert.ok((segments[0]?.start ?? 0) > 400_000)
})

for (const inFlight of [0, 350]) {
  test(`past the limit with a server that takes nothing, the oldest go and a line counts them (${inFlight} bytes under way)`, async () => {
    using place = await opened(64 * 1024)
    const { spool } = place
    for (let i = 0; i < 10; i++) spool.append('task', line(i))
    spool.confirm('task', 200)
    const { offset, bytes: underWay } = spool.take('task', inFlight)
    assert.equal(offset, 200)
    for (let i = 10; i < 5000; i++) spool.append('task', line(i))
    // The server did get what was under way; what follows must fit behind it.
    const received = 200 + underWay.length
    spool.confirm('task', received)
    const text = await leftover(place.dir, received)
    const [, lost = '', after = ''] =
      /^\[ropeway\] (\d+) bytes of this log are missing here: [^\n]*\n([\s\S]*)$/.exec(text) ?? []
    assert.ok(after.endsWith(line(4999).toString()))
    assert.equal(received + Number(lost) + after.length, 5000 * 100)
    assert.equal((text.match(/ropeway/g) ?? []).length, 1)
    assert.ok(text.length <= 64 * 1024)
  })
}

test('a server that lost its end of a log gets it again, as far as it is kept', async () => {
  using place = await opened(64 * 1024)
  const { spool } = place
  for (let i = 0; i < 2000; i++) {
    spool.append('task', line(i))
    sendAll(spool)
  }
  spool.confirm('task', 199_000)
  assert.equal(spool.take('task', 1 << 20).offset, 199_000)
  spool.confirm('task', 1000)
  const { offset, bytes } = spool.take('task', 200)
  assert.equal(offset, 1000)
  assert.match(bytes.toString(), /^\[ropeway\] \d+ bytes of this log are missing here/)
})

test('a spool that is there already goes on where it ended', async () => {
  using place = await opened(64 * 1024)
  place.spool.append('task', line(0))
  using again = await LogSpool.open({ dir: place.dir, limitBytes: 64 * 1024 })
  again.append('task', line(1))
  assert.equal(await leftover(place.dir, 0), `${line(0)}${line(1)}`)
})

test('what a full disk refused is told of before the task ends, once there is room', {
  skip: process.getuid?.() === 0 || process.env['CI'] ? false : 'needs root to mount a small disk',
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'rw-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', dir])
  try {
    using spool = await LogSpool.open({ dir, limitBytes: 1 << 20 })
    writeFileSync(join(dir, 'ballast'), Buffer.alloc(64 << 10))
    spool.append('task', Buffer.alloc(100 << 10, 'x'))
    sendAll(spool)
    const taken = spool.take('task', 1).offset
    const lost = (100 << 10) - taken
    assert.ok(lost > 0)
    assert.equal(spool.untoldBytes, lost)
    assert.equal(await spool.shipped(0), false, 'nobody was told')
    rmSync(join(dir, 'ballast'))
    const shipped = spool.shipped(10_000)
    const { bytes } = spool.take('task', 1 << 20)
    assert.equal(
      bytes.toString(),
      `[ropeway] ${lost} bytes of this log are missing here: the disk did not take them\n`,
    )
    spool.confirm('task', taken + bytes.length)
    assert.deepEqual([await shipped, spool.untoldBytes], [true, 0])
  } finally {
    execFileSync('umount', [dir])
    rmSync(dir, { recursive: true })
  }
})
