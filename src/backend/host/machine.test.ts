import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../api/error.ts'
import { parseStat } from '../process.ts'
import { loaderFor } from '../runtime.ts'
import { parseCgroupMounts } from './cgroup.ts'
import { readMachine } from './machine.ts'

test('a missing bwrap is named with the package that brings it', () => {
  const tools = { bwrap: '/nowhere/bwrap', setpriv: '/usr/bin/setpriv' }
  const paths = { dataDir: '/tmp/d', runtimeDir: '/tmp/r', runTrainPath: '/tmp/r/run_train.sh' }
  assert.throws(
    () => readMachine({ ...paths, tools, isRoot: false, arch: 'x64', limits: false }),
    (error) =>
      error instanceof AppError &&
      error.code === 'BackendUnavailable' &&
      /\/nowhere\/bwrap.*bubblewrap/.test(error.message),
  )
})

test('a machine of another kind is refused by its name', () => {
  assert.throws(() => loaderFor('riscv64'), /riscv64; tasks run on x64 and arm64 only/)
})

test('cgroup mounts of both versions are found among others', () => {
  const text = [
    '24 22 0:22 / /proc rw,nosuid - proc proc rw',
    '35 31 0:33 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory',
    '36 31 0:34 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
    '41 31 0:39 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
    '',
  ].join('\n')
  assert.deepEqual(
    parseCgroupMounts(text).map(({ path, type, options }) => [path, type, options.join(' ')]),
    [
      ['/sys/fs/cgroup/memory', 'cgroup', 'rw memory'],
      ['/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw cpu cpuacct'],
      ['/sys/fs/cgroup/unified', 'cgroup2', 'rw'],
    ],
  )
})

test('a process may call itself anything without being mistaken', () => {
  const rest = Array.from({ length: 16 }, (_, index) => index).join(' ')
  assert.deepEqual(parseStat(`7 (a) R 1 (b) S 3 4 ${rest} 987 0 0\n`), {
    state: 'S',
    parent: 3,
    startTicks: 987,
  })
  assert.equal(parseStat('7 (a)'), null)
})
