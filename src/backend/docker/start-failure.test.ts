import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainStartFailure, startFailureCode } from './start-failure.ts'

const volumes = [
  { source: { kind: 'nfs', server: '10.0.0.9', path: '/other' }, target: '/other', readOnly: true },
  { source: { kind: 'nfs', server: '10.0.0.9', path: '/exports' }, target: '/mnt/models', readOnly: true },
] as const
const mounting = (reason: string): string =>
  `error while mounting volume '/v/_data': failed to mount local volume: mount :/exports:/v/_data, flags: 0x1, data: addr=10.0.0.9: ${reason}`

for (const [reason, sentence] of [
  ['no such device', 'the kernel of this machine has no NFS'],
  ['connection refused', 'no NFS server answers there'],
  ['connection timed out', 'the NFS server cannot be reached'],
  ['no such file or directory', 'the NFS server has no such export'],
  ['permission denied', 'the NFS server does not let this machine in'],
] as const)
  test(`an NFS export that fails with "${reason}" is named with who can help`, () => {
    assert.equal(
      explainStartFailure(mounting(reason), { volumes }),
      `The NFS export 10.0.0.9:/exports could not be mounted at /mnt/models: ${sentence} (${mounting(reason)})`,
    )
  })

test('words that nobody knows stay the engine’s', () => {
  for (const words of [mounting('structure needs cleaning'), 'no space left on device'])
    assert.equal(explainStartFailure(words, { volumes }), `The container could not be started: ${words}`)
})

test('codes are those of docker run', () => {
  assert.deepEqual(
    ['exec format error', 'exec: "x": not found', 'out of subnets'].map(startFailureCode),
    [126, 127, 128],
  )
})
