// For tests of run_train.sh: a place with code, and the script started in it with no server near.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { isAlive, PATH, scratch, TestProcess } from './launcher-fixture.ts'

/** A place with code, and run_train.sh started in it with no server near. */
export function stage(t: TestContext, runtime: string, script: string) {
  const place = scratch()
  t.after(() => place[Symbol.dispose]())
  const at = (name: string) => join(place.dir, name)
  mkdirSync(at('code/net'), { recursive: true })
  mkdirSync(at('config'))
  writeFileSync(at('code/net/train.py'), script)
  const env = {
    PATH,
    HOME: place.dir,
    MA_HOME: at('home'),
    MA_MOUNT_PATH: at('mnt'),
    BATCH_TASK_LOG_PATH: at('log'),
    BATCH_JOB_ID: 'job0',
    BATCH_TASK_CURRENT_INSTANCE: 'p-0',
    RANK_TABLE_FILE: at('config'),
    ROPEWAY_RUNTIME_DIR: runtime,
    ROPEWAY_GRACE: '2',
  }
  mkdirSync(at('log'))
  const start = (more: Record<string, string> = {}, args: string[] = [], shell = 'bash') => {
    const process = new TestProcess(
      [shell, join(runtime, 'run_train.sh'), at('code/net/'), 'net/train.py', at('out/train.log'), ...args],
      Object.fromEntries(Object.entries({ ...env, ...more }).filter(([, value]) => value !== 'UNSET')),
      place.dir,
    )
    t.after(() => process[Symbol.asyncDispose]())
    return process
  }
  const table = (text: string, name = 'config/jobstart_hccl.json') => writeFileSync(at(name), text)
  return { at, start, table, dir: place.dir }
}

export const WAITING = /Wait for Rank table file ready\n/
export const PRINT =
  'import os, sys\nprint(*[os.environ.get(k) for k in sys.argv[1].split(",")], flush=True)\n'
export const ranksOf = (output: string) =>
  output.split('\n').filter((line) => line !== '' && !line.startsWith('['))

/** Processes whose working folder is below ours. */
export function markedProcesses(dir: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) &&
        isAlive(Number(name)) &&
        readFileSync(`/proc/${name}/environ`, 'latin1').includes(`PWD=${dir}`)
      )
    } catch {
      return false
    }
  })
}
