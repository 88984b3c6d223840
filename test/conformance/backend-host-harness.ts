// Brings the host backend to the suite: real bwrap, real processes, and a runtime folder whose "node" is a shell that
// runs the script a case put into the run folder.
import {
  access,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHostBackend } from '../../src/backend/host/backend.ts'
import { loaderFor } from '../../src/backend/runtime.ts'
import type { AttemptRef } from '../../src/job/job.ts'
import { taskObjectName } from '../../src/job/names.ts'
import type { Behaviour, Harness, RealParts } from './backend-harness.ts'

/** `echo run` comes after the traps: whoever sees it may send signals. */
export function scriptOf(behaviour: Behaviour): string {
  const run = 'echo run >>/run/ropeway/spool/runs'
  switch (behaviour.kind) {
    case 'exit':
      return `${run}; exit ${behaviour.code}`
    case 'signal':
      return `${run}; kill -${behaviour.signal} $$`
    case 'polite':
      return `trap 'exit 143' TERM; ${run}; while :; do sleep 0.02; done`
    case 'stubborn':
      return `trap '' TERM; ${run}; while :; do sleep 1; done`
    case 'told':
      return `${run}; until test -e /run/ropeway/spool/told; do sleep 0.01; done; exit ${behaviour.code}`
    case 'script':
      return `${run}\n${behaviour.text}`
  }
}

/** tini is real; the loader, called as in the product, is a script that hands over to the case's. */
export async function makeTestRuntime(dir: string): Promise<void> {
  await mkdir(join(dir, 'lib'), { recursive: true })
  await copyFile('/usr/bin/tini-static', join(dir, 'tini'))
  const loader = join(dir, 'lib', loaderFor(process.arch))
  await writeFile(
    loader,
    '#!/bin/sh\ncase "$*" in *" -e "*rmSync*) shift 5; exec rm -rf "/grave/$1" ;; *" -e "*) exec sleep 1000000 ;; esac\ntest "$*" = "--library-path /opt/ropeway/lib /opt/ropeway/node /opt/ropeway/launcher.js task" || exit 99\nexec /bin/sh /run/ropeway/behaviour.sh\n',
  )
  await chmod(loader, 0o755)
  await writeFile(join(dir, 'run_train.sh'), '#!/bin/bash\n')
  await chmod(dir, 0o755)
}

const readOr = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null)

/** Pids whose pid namespace is the task's. */
async function processesOf(folder: string): Promise<number[]> {
  const info = await readOr(join(folder, 'info.json'))
  const inode = /"pid-namespace": (\d+)/.exec(info ?? '')?.[1]
  if (inode === undefined) return []
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const link = await readlink(`/proc/${name}/ns/pid`).catch(() => '')
    if (link === `pid:[${inode}]` && !/^\d+ \(.*\) Z/s.test((await readOr(`/proc/${name}/stat`)) ?? ''))
      found.push(Number(name))
  }
  return found
}

async function waitGone(pid: number): Promise<void> {
  for (;;) {
    const stat = await readOr(`/proc/${pid}/stat`)
    if (stat === null || /^\d+ \(.*\) Z/s.test(stat)) return
    await new Promise(setImmediate)
  }
}

/** Folders, marks, cgroups, mounts and processes that carry the task's name. */
async function leftoversOf(tasksDir: string, name: string): Promise<string[]> {
  const found: string[] = []
  for (const dir of [tasksDir, join(tasksDir, '.ended'), join(tasksDir, '.gone')]) {
    for (const entry of await readdir(dir)) if (entry.startsWith(name)) found.push(`file ${join(dir, entry)}`)
  }
  for (const group of ['memory', 'cpu', 'pids', '']) {
    const path = join('/sys/fs/cgroup', group, 'ropeway', name)
    await access(path).then(
      () => found.push(`cgroup ${path}`),
      () => undefined,
    )
  }
  if ((await readOr('/proc/self/mountinfo'))?.includes(name)) found.push('mount')
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const texts = [
      await readOr(`/proc/${pid}/cmdline`),
      await readOr(`/proc/${pid}/cgroup`),
      await readOr(`/proc/${pid}/mountinfo`),
    ]
    if (texts.some((text) => text?.includes(name))) found.push(`process ${pid} ${texts[0]}`)
  }
  return found
}

export async function openHost(isRoot: boolean): Promise<Harness> {
  const dir = await mkdtemp(join(tmpdir(), 'ropeway-host-'))
  const [dataDir, runtimeDir] = [join(dir, 'data'), join(dir, 'runtime')]
  await makeTestRuntime(runtimeDir)
  const tools = { bwrap: '/usr/bin/bwrap', setpriv: '/usr/bin/setpriv' }
  const open = () =>
    createHostBackend({ dataDir, runtimeDir, isRoot, tools, arch: process.arch, limits: isRoot })
  const opened = [await open()]
  const tasksDir = join(dataDir, 'tasks')
  const folderOf = (ref: Pick<AttemptRef, 'jobId' | 'attempt'>, task: string) =>
    join(tasksDir, taskObjectName(ref.jobId, ref.attempt, task))
  const readSpool: RealParts['readSpool'] = (ref, task, file) =>
    readOr(join(folderOf(ref, task), 'run/spool', file))
  const startedPid = async (folder: string): Promise<number> =>
    JSON.parse((await readOr(join(folder, 'started.json'))) ?? '{}').pid
  const initPid = async (folder: string): Promise<number> =>
    Number(/"child-pid": (\d+)/.exec((await readOr(join(folder, 'info.json'))) ?? '')?.[1])
  const parentOf = async (pid: number): Promise<number> =>
    Number((await readOr(`/proc/${pid}/stat`))?.split(') ')[1]?.split(' ')[1])
  return {
    backend: opened[0]!,
    addresses: /^127\.0\.0\.2$/,
    nowMs: () => Date.now(),
    reopen: async () => {
      const next = await open()
      opened.push(next)
      return next
    },
    prepare: async (input, behaviours) => {
      for (const [task, behaviour] of behaviours) {
        const runDir = opened[0]!.runDir({ ...input, tasks: [task] }, task) ?? ''
        await mkdir(runDir, { recursive: true, mode: 0o755 })
        await writeFile(join(runDir, 'behaviour.sh'), `${scriptOf(behaviour)}\n`, { mode: 0o644 })
      }
      return input
    },
    timesRun: async (ref, task) =>
      ((await readSpool(ref, task, 'runs')) ?? '').split('\n').filter(Boolean).length,
    tell: async (ref, task) => writeFile(join(folderOf(ref, task), 'run/spool/told'), ''),
    leftovers: async (ref) => {
      const all = await Promise.all(
        ref.tasks.map((task) => leftoversOf(tasksDir, taskObjectName(ref.jobId, ref.attempt, task))),
      )
      return all.flat()
    },
    real: {
      dataDir,
      refused: {
        image: 'swr.example.com/team/train:1',
        words: /"swr\.example\.com\/team\/train:1".*"host"/,
      },
      environment: /^HOME LANG PATH (PWD )?$/,
      readSpool,
      processes: (ref, task) => processesOf(folderOf(ref, task)),
      kill: async (ref, task, who) => {
        const folder = folderOf(ref, task)
        const pids = {
          supervisor: () => startedPid(folder),
          'first-process': () => initPid(folder),
          sandbox: async () => parentOf(await initPid(folder)),
        }
        const pid = await pids[who]()
        process.kill(pid, 'SIGKILL')
        await waitGone(pid)
      },
    },
    [Symbol.asyncDispose]: async () => {
      // What a failed case left.
      for (const name of (await readdir(tasksDir)).filter((entry) => !entry.startsWith('.'))) {
        const plan = JSON.parse((await readOr(join(tasksDir, name, 'plan.json'))) ?? 'null')
        if (plan !== null)
          await opened[0]!.remove({ ...plan, tasks: [plan.task] }, AbortSignal.timeout(30_000))
      }
      for (const backend of opened) await backend[Symbol.asyncDispose]()
      await rm(dir, { recursive: true })
    },
  }
}
