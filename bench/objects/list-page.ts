// A page of 1,000 out of millions of objects: `node bench/objects/list-page.ts [ROWS]`, default 1,000,000. Aim: < 20 ms.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { listObjects } from '../../src/storage/server/list-objects.ts'
import { ObjectIndex } from '../../src/storage/server/object-index.ts'
import { median, ms } from '../measure.ts'

const rows = Number(process.argv[2] ?? 1_000_000)
const PER_FOLDER = 1000
const dir = mkdtempSync(join(tmpdir(), 'ropeway-bench-'))
const path = join(dir, 'objects.sqlite')
const keyOf = (at: number): string =>
  `set/${String(Math.floor(at / PER_FOLDER)).padStart(6, '0')}/sample-${String(at).padStart(9, '0')}.tfrecord`

try {
  using index = new ObjectIndex(path)
  index.addBucket({ name: 'bkt', createdMs: 0, project: '' })
  index.db.exec('begin')
  for (let at = 0; at < rows; at += 1) {
    const etag = at.toString(16).padStart(32, '0')
    const facts = { size: at, etag, modifiedMs: at, headers: {}, metadata: {}, crc32: 'AAAAAA==' }
    index.putObject({
      bucket: 'bkt',
      key: keyOf(at),
      seq: at,
      file: `00/00/${etag.slice(8)}`,
      segments: null,
      ...facts,
    })
  }
  index.db.exec('commit')
  const took = (list: () => unknown): number => {
    const begun = performance.now()
    list()
    return performance.now() - begun
  }
  const starts = Array.from({ length: 200 }, (_, at) => keyOf(Math.floor((at * rows) / 200)))
  const pages = starts.map((after) => took(() => listObjects(index, { bucket: 'bkt', after })))
  const folders = starts.map((after) => {
    const prefix = after.slice(0, after.lastIndexOf('/') + 1)
    return took(() => listObjects(index, { bucket: 'bkt', prefix }))
  })
  const top = took(() => listObjects(index, { bucket: 'bkt', prefix: 'set/', delimiter: '/' }))
  console.log(`${rows} objects, index of ${Math.round(statSync(path).size / 1e6)} MB`)
  for (const [what, times] of [
    ['a page of 1,000 anywhere', pages],
    ['a folder of 1,000', folders],
    ['1,000 folders of 1,000', [top]],
  ] as const)
    console.log(`${what}: median ${ms(median(times))}, longest ${ms(Math.max(...times))}`)
} finally {
  rmSync(dir, { recursive: true, force: true })
}
