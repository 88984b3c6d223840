// What is said while run-train brings its code.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TaskReport } from '../api/task.ts'
import type { ObjectPort } from './ports.ts'
import { bringCode } from './run-train.ts'
import { serviceLog } from './service-log.ts'

test('a download of code that takes long says how far it is, in the log and to the server', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'rw-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  let nowMs = 0
  t.mock.method(performance, 'now', () => nowMs)
  const of = { totalFiles: 300, totalBytes: 3 * 2 ** 30 }
  const download: ObjectPort['download'] = async (_url, _dir, _signal, onProgress) => {
    onProgress?.({ files: 1, bytes: 2 ** 20, ...of })
    nowMs = 10_000
    onProgress?.({ files: 100, bytes: 2 ** 30, ...of })
    nowMs = 20_000
    return { objects: 300, bytes: 3 * 2 ** 30, leftOut: [], files: [] }
  }
  let said = ''
  const reports: TaskReport[] = []
  const platform = {
    rankOutput: () => assert.fail('no rank runs'),
    tell: (report: TaskReport) => void reports.push(report),
    settled: async () => undefined,
  }
  const objects = { download } as ObjectPort
  const log = serviceLog((line) => {
    said += line
  })
  const options = { objects, platform, log, environment: { MA_JOB_DIR: dir } }
  await bringCode(options, 'obs://bucket/net/', new AbortController().signal)
  assert.match(said, /code: 100 of 300 files, 1\.0 GiB of 3\.0 GiB, 102\.4 MiB\/s, about 20 s left\n/)
  assert.match(said, /code: 300 objects, 3221225472 bytes of obs:.* after 20\.000 s, 153\.6 MiB\/s\n/)
  assert.deepEqual(
    reports.map((report) => [report.kind, 'state' in report && report.state]),
    [['stage', 'progress']],
  )
})
