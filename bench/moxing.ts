// moxing in a task beside `ropeway obs cp` of the same: 2,000 files of 16 KiB, and one of 1 GiB, down and up. The bytes
// are the launcher's to move; what Python itself grows by is measured too. Aim: within a quarter of the command, < 32 MB.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { body, MAIN, Ropeway } from '../test/e2e/harness.ts'
import type { Row } from './measure.ts'

const FILES = 2000
const BIG_BYTES = 1 << 30

const PROGRAM = `
import json, resource, sys, time
import moxing as mox
told = {}
mox.file.exists('obs://bench/small/')
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for what in ('small', 'big'):
    for way, source, target in (('down', 'obs://bench/%s/' % what, '/cache/' + what),
                                ('up', '/cache/' + what, 'obs://bench/again/%s/' % what)):
        begin = time.time()
        mox.file.copy_parallel(source, target)
        told[what + ' ' + way] = time.time() - begin
told['grown'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown
print('TOLD ' + json.dumps(told))
`

export async function moxing(): Promise<Row[]> {
  const dir = mkdtempSync(join(tmpdir(), 'rw-bench-'))
  await using ropeway = await Ropeway.start({ simulate: '1x1' })
  try {
    for (const name of ['small', 'big']) mkdirSync(join(dir, name))
    for (let at = 0; at < FILES; at++) writeFileSync(join(dir, 'small', `n${at}`), Buffer.alloc(16 << 10, at))
    writeFileSync(join(dir, 'big', 'file'), '')
    truncateSync(join(dir, 'big', 'file'), BIG_BYTES)
    await ropeway.upload({ 'bench/code/copy_all.py': PROGRAM })
    const command: Record<string, number> = {}
    const obs = async (what: string, way: string, from: string, to: string): Promise<void> => {
      const begin = performance.now()
      const env = { ...process.env, ROPEWAY_DATA: ropeway.dataDir }
      await promisify(execFile)(process.execPath, [MAIN, 'obs', 'cp', '-r', from, to], { env })
      command[`${what} ${way}`] = (performance.now() - begin) / 1000
    }
    for (const what of ['small', 'big']) {
      await obs(what, 'up', join(dir, what), `obs://bench/${what}/`)
      await obs(what, 'down', `obs://bench/${what}/`, join(dir, 'back', what))
    }
    const algorithm = {
      command: '',
      code_dir: 'obs://bench/code/',
      boot_file: 'obs://bench/code/copy_all.py',
    }
    const done = await ropeway.run(body('moxing', '', { algorithm }))
    const log = Object.values(done.logs).join('')
    const told = JSON.parse(/TOLD (.*)/.exec(log)?.[1] ?? 'null') as Record<string, number> | null
    if (told === null) throw new Error(`the job did not say how long it took: ${log}`)
    return rowsOf(told, command)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function rowsOf(told: Record<string, number>, command: Record<string, number>): Row[] {
  const grownMb = (told['grown'] ?? Number.NaN) / 1024
  const names = { small: `${FILES} files of 16 KiB`, big: 'a file of 1 GiB' }
  const pairs = Object.entries(names).flatMap(([what, name]) =>
    ['down', 'up'].map((way) => ({ what, name, way })),
  )
  const rows = pairs.map(({ what, name, way }) => {
    const [ours = Number.NaN, peer = Number.NaN] = [told[`${what} ${way}`], command[`${what} ${way}`]]
    return {
      what: `moxing in a task: ${name}, ${way}`,
      ours: `${ours.toFixed(2)} s`,
      peer: `\`ropeway obs cp\` ${peer.toFixed(2)} s`,
      difference: `× ${(ours / peer).toFixed(2)}`,
      aim: '≤ × 1.25',
      met: ours / peer <= 1.25,
    }
  })
  const memory = {
    what: 'what Python grows by meanwhile',
    ours: `${grownMb.toFixed(0)} MB`,
    peer: '–',
    difference: '–',
    aim: '< 32 MB',
    met: grownMb < 32,
  }
  return [...rows, memory]
}
