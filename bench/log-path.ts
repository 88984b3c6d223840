// Eight ranks print as fast as they are let; every byte has to reach the server's store. Aim: ≥ 50 MB/s, nothing lost.
// The floor is the same program into a pipe that only counts.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { body, Ropeway } from '../test/e2e/harness.ts'
import { storedSha256 } from '../test/e2e/stored-log.ts'
import type { Row } from './measure.ts'

const RANKS = 8
const LINES_PER_RANK = 640_000
const LINE_BYTES = 100

/** Lines of 99 bytes that carry their rank and number; written in pieces, as a library's logger would. */
const PROGRAM = `
import os, sys
rank = int(os.environ.get('RANK_ID', '0'))
out = sys.stdout.buffer
for begin in range(0, ${LINES_PER_RANK}, 1000):
    out.write(b''.join(b'%d %08d ' % (rank, n) + b'x' * ${LINE_BYTES - 12} + b'\\n' for n in range(begin, begin + 1000)))
`

const sha256 = (parts: Iterable<Buffer>): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

function* expected(rank: number): Iterable<Buffer> {
  for (let n = 0; n < LINES_PER_RANK; n += 1000) {
    const lines = Array.from(
      { length: 1000 },
      (_, i) => `${rank} ${String(n + i).padStart(8, '0')} ${'x'.repeat(LINE_BYTES - 12)}\n`,
    )
    yield Buffer.from(lines.join(''))
  }
}

export async function logPath(): Promise<Row[]> {
  const begin = performance.now()
  await promisify(execFile)('/bin/sh', ['-c', `/usr/bin/python3 -c "$1" | wc -c`, 'sh', PROGRAM])
  const floor = (LINES_PER_RANK * LINE_BYTES) / 1e6 / ((performance.now() - begin) / 1000)
  await using ropeway = await Ropeway.start({ simulate: '1x8' })
  await ropeway.upload({ 'bench/code/print.py': PROGRAM })
  const algorithm = { command: '', code_dir: 'obs://bench/code/', boot_file: 'obs://bench/code/print.py' }
  const { metadata } = await ropeway.client.create(
    body('log-path', '', { flavor: 'ropeway.ascend-910a.8', algorithm }),
  )
  // Nobody reads along: that would measure the reader too.
  const job = await ropeway.waitFor(metadata.id, 'it has ended', ({ status }) =>
    ['Completed', 'Failed', 'Abnormal'].includes(status.phase),
  )
  const seconds = job.status.duration / 1000
  const rate = (RANKS * LINES_PER_RANK * LINE_BYTES) / 1e6 / seconds
  let lost = 0
  for (let rank = 0; rank < RANKS; rank++)
    if ((await storedSha256(ropeway, metadata.id, `rank-${rank}`)) !== sha256(expected(rank))) lost++
  return [
    {
      what: `8 ranks print ${(RANKS * LINES_PER_RANK * LINE_BYTES) / 1e6} MB into the store`,
      ours: `${rate.toFixed(0)} MB/s, ${lost} of 8 streams differ`,
      peer: `one process into a pipe ${floor.toFixed(0)} MB/s`,
      difference: `${seconds.toFixed(1)} s`,
      aim: '≥ 50 MB/s, 0 differ',
      met: rate >= 50 && lost === 0,
    },
  ]
}
