import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerInspectInfo } from 'dockerode'
import { LABEL } from './labels.ts'
import { mapContainer, type Seen, textOfFrames } from './observe.ts'

const NEVER = '0001-01-01T00:00:00Z'
const BOOT_AT_MS = Date.parse('2026-01-02T00:00:00Z')

const seen = (more: Partial<Seen> = {}): Seen => ({
  mark: null,
  bootId: 'boot-b',
  bootAtMs: BOOT_AT_MS,
  output: '',
  oomKilled: 'no',
  memory: null,
  engineStartedAtMs: null,
  ...more,
})

function container(state: Partial<ContainerInspectInfo['State']>, bootId = 'boot-b'): ContainerInspectInfo {
  const State = {
    ...{
      Status: 'exited',
      Running: false,
      Paused: false,
      Restarting: false,
      OOMKilled: false,
      Dead: false,
      Pid: 0,
    },
    ...{ ExitCode: 0, Error: '', StartedAt: '2026-01-02T10:00:00.5Z', FinishedAt: '2026-01-02T11:00:00Z' },
    ...state,
  }
  const Labels = { [LABEL.address]: '10.212.0.2', [LABEL.digest]: 'sha256:1', [LABEL.boot]: bootId }
  return { Id: 'c', State, Config: { Labels } } as unknown as ContainerInspectInfo
}

const CASES = [
  { what: 'no container is absent', info: null, want: ['absent', null, ''] },
  {
    what: 'a container that was stopped before it started says so',
    info: null,
    more: { mark: { kind: 'never', exitCode: 143, message: 'Stopped before it was started', atMs: 5 } },
    want: ['exited', 143, 'Stopped before it was started'],
  },
  {
    what: 'one that was made is starting',
    info: container({ Status: 'created', StartedAt: NEVER, FinishedAt: NEVER }),
    more: { mark: { kind: 'starting' } },
    want: ['starting', null, ''],
  },
  {
    what: 'one that could not start has ended, in the words of the engine',
    info: container({ Status: 'created', StartedAt: NEVER, ExitCode: 127, Error: 'exec: "/x": not found' }),
    want: ['exited', 127, 'The container could not be started: exec: "/x": not found'],
  },
  {
    what: 'one that runs is running',
    info: container({ Status: 'running', Running: true, FinishedAt: NEVER }),
    want: ['running', null, ''],
  },
  {
    what: 'one that sleeps is running',
    info: container({ Status: 'paused', Running: true, Paused: true }),
    want: ['running', null, ''],
  },
  { what: 'exit 0 needs no words', info: container({}), more: { output: 'noise' }, want: ['exited', 0, ''] },
  { what: 'an exit code speaks for itself', info: container({ ExitCode: 139 }), want: ['exited', 139, ''] },
  {
    what: 'what the container itself printed explains why our runtime did not start',
    info: container({ ExitCode: 127 }),
    more: { output: '[FATAL tini (1)] exec failed' },
    want: [
      'exited',
      127,
      'exit code 127: command not found; check the program name and PATH in the image; the container itself printed: [FATAL tini (1)] exec failed',
    ],
  },
  {
    what: 'a container whose removal failed has ended all the same',
    info: container({ Status: 'dead', Dead: true, ExitCode: 3 }),
    want: ['exited', 3, ''],
  },
  {
    what: 'after a restart of the machine an end that the engine invented is no end',
    info: container(
      { StartedAt: '2026-01-01T10:00:00Z', FinishedAt: '2026-01-02T00:01:00Z', ExitCode: 255 },
      'boot-a',
    ),
    want: ['lost', null, 'the machine was restarted while the task ran'],
  },
  {
    what: 'nor is one without a time, as podman has it then',
    info: container({ StartedAt: '2026-01-01T10:00:00Z', FinishedAt: NEVER, ExitCode: 0 }, 'boot-a'),
    want: ['lost', null, 'the machine was restarted while the task ran'],
  },
  {
    what: 'an end before the machine went down counts',
    info: container(
      { StartedAt: '2026-01-01T10:00:00Z', FinishedAt: '2026-01-01T11:00:00Z', ExitCode: 4 },
      'boot-a',
    ),
    want: ['exited', 4, ''],
  },
  {
    what: 'made before and started after a restart of the machine, an end counts',
    info: container({ ExitCode: 5 }, 'boot-a'),
    want: ['exited', 5, ''],
  },
] as const satisfies readonly {
  what: string
  info: ContainerInspectInfo | null
  more?: Partial<Seen>
  want: unknown
}[]

for (const one of CASES)
  test(one.what, () => {
    const { state, exitCode, message } = mapContainer(
      'worker-0',
      one.info,
      seen('more' in one ? one.more : {}),
    )
    assert.deepEqual([state, exitCode, message], one.want)
  })

const ENGINE_STARTED = Date.parse('2026-01-02T11:00:30Z')
const CUT = 'the container engine was restarted while the task ran'
for (const [what, state, engineStartedAtMs, more, want] of [
  ['killed before the engine came up again', { ExitCode: 137 }, ENGINE_STARTED, {}, 'lost'],
  ['ended by SIGTERM of an engine that stopped', { ExitCode: 143 }, ENGINE_STARTED, {}, 'lost'],
  ['of which the engine only knows that it is gone', { ExitCode: 255 }, ENGINE_STARTED - 60_000, {}, 'lost'],
  ['that ended by itself', { ExitCode: 1 }, ENGINE_STARTED, {}, 'exited'],
  ['killed long after the engine came up', { ExitCode: 137 }, ENGINE_STARTED - 600_000, {}, 'exited'],
  ['that began after the engine did', { ExitCode: 137 }, Date.parse('2026-01-02T09:00:00Z'), {}, 'exited'],
  ['whose memory ran out', { ExitCode: 137 }, ENGINE_STARTED, { oomKilled: 'yes' }, 'exited'],
  ['of an engine that lets tasks live', { ExitCode: 137 }, null, {}, 'exited'],
] as const)
  test(`a task ${what} is ${want}`, () => {
    const seenNow = mapContainer('worker-0', container(state), seen({ engineStartedAtMs, ...more }))
    assert.equal(seenNow.state, want)
    assert.equal(seenNow.message.startsWith(CUT), want === 'lost')
  })

test('a start noted after the end does not turn time round', () => {
  const info = container({ StartedAt: '2026-01-02T10:00:00.500Z', FinishedAt: '2026-01-02T10:00:00.400Z' })
  const { startedAtMs, endedAtMs } = mapContainer('worker-0', info, seen())
  assert.equal(endedAtMs, startedAtMs)
})

test('log frames of both streams become one line, a torn frame included', () => {
  const frame = (stream: number, text: string) => {
    const head = Buffer.alloc(8)
    head[0] = stream
    head.writeUInt32BE(Buffer.byteLength(text), 4)
    return Buffer.concat([head, Buffer.from(text)])
  }
  const bytes = Buffer.concat([frame(1, 'one\n'), frame(2, 'two\n'), frame(2, 'three').subarray(0, 11)])
  assert.equal(textOfFrames(bytes), 'one two thr')
  assert.equal(textOfFrames(Buffer.alloc(0)), '')
})
