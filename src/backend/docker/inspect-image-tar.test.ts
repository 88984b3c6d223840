// Archives as nobody should make them, from real streams.
import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { pack } from 'tar-stream'
import { FileScan } from '../../image-check/file-scan.ts'
import { ArchiveError, scanTar } from './inspect-image-tar.ts'

const PATIENCE = { silenceMs: 60_000 }
const NEVER = new AbortController().signal
const nothing = (): void => undefined

/** One header block, its checksum right. */
function header(fields: { name?: string; size?: string; type?: string; mode?: string }): Buffer {
  const block = Buffer.alloc(512)
  block.write(fields.name ?? 'file', 0)
  block.write(`${fields.mode ?? '000644'} \0`, 100)
  block.write('000000 \0', 108)
  block.write('000000 \0', 116)
  block.write(fields.size ?? '00000000000 ', 124, 12, 'latin1')
  block.write('00000000000 ', 136)
  block.write('        ', 148)
  block.write(fields.type ?? '0', 156)
  block.write('ustar\x0000', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

const scanned = async (stream: Readable, scan = new FileScan({ env: [] })): Promise<FileScan> => {
  await scanTar(stream, scan, nothing, NEVER, PATIENCE)
  return scan
}

test('entries of every kind, long names and big ids come through', async () => {
  const tar = pack()
  const long = `${'d'.repeat(200)}/${'f'.repeat(120)}`
  tar.entry({ name: long, mode: 0o4755 }, 'x')
  tar.entry({ name: 'home/work/', type: 'directory', mode: 0o755, uid: 1101, gid: 1101 })
  tar.entry({ name: 'home/work/f', mode: 0o600, pax: { uid: '3000000000' } } as never, 'x')
  tar.entry({ name: 'bin/bash', mode: 0o755 }, 'x'.repeat(100_000))
  tar.entry({ name: 'bin/sh', type: 'link', linkname: 'bin/bash' })
  tar.entry({ name: 'dev/null', type: 'character-device', devmajor: 1, devminor: 3 })
  tar.entry({ name: 'etc/passwd' }, 'work:x:1101:1101::/home/work:/bin/sh\n')
  tar.finalize()
  const facts = (await scanned(Readable.from(tar))).facts()
  assert.deepEqual(facts.setuidRoot.first[0]?.path, `/${long}`)
  assert.equal(facts.homeWork?.uid, 1101)
  assert.equal(facts.unreadable.work.count, 1)
  assert.equal(facts.sh?.target, '/bin/bash')
  assert.equal(facts.accounts[0]?.name, 'work')
  assert.equal(facts.entries, 7)
})

const BROKEN: readonly (readonly [what: string, bytes: Buffer, message: RegExp])[] = [
  ['no archive at all', Buffer.alloc(2048, 'x'), /tar header/i],
  [
    'an archive that ends in a file',
    Buffer.concat([header({ size: '00000004000 ' }), Buffer.alloc(512)]),
    /end of data/i,
  ],
  [
    'a size that is no number',
    Buffer.concat([
      header({ type: 'x', name: 'pax', size: '00000000020 ' }),
      Buffer.from('16 size=nonsense'.padEnd(512, '\0')),
      header({}),
      Buffer.alloc(1024),
    ]),
    /size NaN/,
  ],
  [
    'a size below zero',
    Buffer.concat([
      header({ type: 'x', name: 'pax', size: '00000000013 ' }),
      Buffer.from('11 size=-1\n'.padEnd(512, '\0')),
      header({}),
      Buffer.alloc(1024),
    ]),
    /size -1/,
  ],
]
for (const [what, bytes, message] of BROKEN)
  test(`${what} is an error, and not a wait`, async () => {
    await assert.rejects(scanned(Readable.from([bytes])), (error: unknown) => {
      assert.ok(error instanceof ArchiveError)
      assert.match(error.message, message)
      return true
    })
  })

test('a header that claims gigabytes is not kept', async () => {
  // A long name of 8 GiB less one byte.
  const claim = header({ type: 'L', name: '././@LongLink', size: '77777777777 ' })
  let sent = 0
  const stream = Readable.from(
    (function* () {
      yield claim
      for (;;) {
        sent += 1 << 20
        yield Buffer.alloc(1 << 20, 'a')
      }
    })(),
  )
  await assert.rejects(scanned(stream), /too large a header/)
  assert.ok(sent <= 8 << 20, `${sent} bytes were taken`)
  assert.ok(stream.destroyed)
})

test('an archive of nothing but zeros ends', async () => {
  const zeros = Buffer.alloc(1 << 20)
  const endless = Readable.from(
    (function* () {
      for (;;) yield zeros
    })(),
  )
  await assert.rejects(scanned(endless), ArchiveError)
})

test('a huge file is read through without being kept, until the scan has enough', async () => {
  // 77777777777 octal is 8 GiB; nobody has that much memory to spare here.
  const piece = Buffer.alloc(1 << 20)
  let sent = 0
  const stream = Readable.from(
    (function* () {
      yield header({ name: 'sparse', size: '77777777777 ' })
      for (; sent < 2 ** 29; sent += piece.length) yield piece
    })(),
  )
  const scan = new FileScan({ env: [] })
  const before = process.memoryUsage().rss
  await assert.rejects(scanned(stream, scan), /end of data/i)
  assert.ok(process.memoryUsage().rss - before < 200 << 20)
  const small = new FileScan({ env: [] }, { entries: 10, bytes: 2 ** 30 })
  sent = 0
  await scanned(Readable.from([header({ name: 'sparse', size: '77777777777 ' }), piece]), small)
  assert.match(small.stoppedBecause ?? '', /larger than 1 GiB/)
})

test('who stops asking is not kept waiting by a silent engine, and the stream is closed', async () => {
  const stream = new PassThrough()
  stream.write(header({ name: 'a', size: '00000001000 ' }))
  const stop = new AbortController()
  const scanning = scanTar(stream, new FileScan({ env: [] }), nothing, stop.signal, PATIENCE)
  stop.abort(new Error('enough'))
  await assert.rejects(scanning, /enough/)
  assert.ok(stream.destroyed)
})

test('an engine that says nothing for too long has failed', async () => {
  const stream = new PassThrough()
  stream.write(header({ name: 'a', size: '00000001000 ' }))
  await assert.rejects(
    scanTar(stream, new FileScan({ env: [] }), nothing, NEVER, { silenceMs: 1 }),
    /nothing was heard/,
  )
  assert.ok(stream.destroyed)
})

test('a connection that breaks is told as what it is', async () => {
  const stream = new PassThrough()
  stream.write(header({ name: 'a', size: '00000001000 ' }))
  const scanning = scanned(stream)
  stream.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
  await assert.rejects(scanning, { code: 'ECONNRESET' })
})
