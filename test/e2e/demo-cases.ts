// `make demo` as a person runs it: the program itself, from an empty folder, to a model, with nothing left behind.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { ROOT } from './harness.ts'

export type DemoRun = { readonly code: number | null; readonly output: string; readonly errors: string }

/** Processes whose command line names a folder. */
function processesOf(dir: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      return line.includes(dir) ? [`${pid} ${line}`] : []
    } catch {
      return []
    }
  })
}

/** Runs the demo with a folder for temporary files of its own, and looks that this is empty afterwards. */
export async function runDemo(env: Record<string, string>): Promise<DemoRun> {
  const dir = mkdtempSync(join(tmpdir(), 'rw-demo-'))
  try {
    const demo = spawn(process.execPath, [join(ROOT, 'examples', 'digits', 'demo.ts')], {
      cwd: ROOT,
      env: { ...process.env, KEEP: '', BACKEND: '', ...env, TMPDIR: dir },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [output, errors] = await Promise.all([text(demo.stdout), text(demo.stderr)])
    if (demo.exitCode === null && demo.signalCode === null) await once(demo, 'exit')
    assert.deepEqual([readdirSync(dir), processesOf(dir)], [[], []], `left behind:\n${output}${errors}`)
    return { code: demo.exitCode, output, errors }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The demo ended with a model, and says where it ran. */
export function assertLearned({ code, output, errors }: DemoRun, backend: RegExp): void {
  assert.equal(code, 0, `${output}${errors}`)
  assert.match(output, backend)
  assert.match(output, /^result +Completed with exit code 0/m)
  assert.ok(Number(/^accuracy (\d+\.\d) %/m.exec(output)?.[1]) >= 85, output)
  assert.match(output, /^object +obs:\/\/training-bucket\/model\/model\.json/m)
}
