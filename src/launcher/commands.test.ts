import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LauncherError } from './launcher-error.ts'
import { devicesWithoutTable, jobIdOf } from './rank-plan.ts'
import { absoluteScript, readRanks } from './ranks.ts'
import { isProgramForm } from './run-program.ts'
import { readRunTrain } from './run-train.ts'

const usage = (pattern: RegExp) => (error: unknown) =>
  error instanceof LauncherError && error.exitCode === 2 && pattern.test(error.message)

test('run_train.sh takes URL, boot file, log file and what belongs to the script', () => {
  assert.deepEqual(readRunTrain(['s3://b/net/', 'net/t.py', '/l', '--a=1', '--', '']), {
    codeUrl: 's3://b/net/',
    boot: 'net/t.py',
    logFile: '/l',
    args: ['--a=1', '--', ''],
  })
  assert.equal(readRunTrain(['obs://b/net/', 'net/t.py']).logFile, '/tmp/log/train.log')
  assert.throws(() => readRunTrain([]), usage(/no arguments/))
  assert.throws(() => readRunTrain(['obs://b/net/']), usage(/argument 2, the boot file, is missing/))
})

test('run_train.sh takes a program for one: a word, or a file that is there, but no folder and no URL', () => {
  for (const first of ['python', 'bin/train', process.execPath])
    assert.ok(isProgramForm([first, 'x.py']), first)
  for (const first of ['obs://b/net/', 's3://b/net/', '/usr', './code', '/no/such/folder', ''])
    assert.ok(!isProgramForm([first, 'net/t.py']), first)
  assert.ok(!isProgramForm([]))
})

test('ranks takes a command, and a number of processes before --', () => {
  const usual = { processes: null, logFile: '/tmp/log/train.log' }
  assert.deepEqual(readRanks(['--', 'a', '--', 'b']), { ...usual, command: ['a', '--', 'b'] })
  assert.deepEqual(readRanks(['a', 'b']), { ...usual, command: ['a', 'b'] })
  assert.deepEqual(readRanks(['--processes', '4', '--', 'a']), { ...usual, processes: 4, command: ['a'] })
  assert.deepEqual(readRanks(['--log=/l=1', '--processes=4', '--', 'a']), {
    ...{ processes: 4, logFile: '/l=1', command: ['a'] },
  })
  for (const [args, pattern] of [
    [[], /no command/],
    [['--'], /no command/],
    [['--processes', '0', '--', 'a'], /got --processes 0; valid: --processes with a number/],
    [['--process', '4', '--', 'a'], /got --process 4/],
    [['--log', '', '--', 'a'], /got --log ; valid: .*--log with a file/],
    [['--log', '--', 'a'], /got --log;/],
    [['--log', '/l', '--log', '/m', '--', 'a'], /got --log/],
    [['--processes', '4'], /got --processes and no --/],
  ] as const)
    assert.throws(() => readRanks(args), usage(pattern))
})

test('a program or script named relative to the caller is made absolute, other words stay', () => {
  const here = import.meta.dirname
  assert.deepEqual(absoluteScript(['python', 'ranks.ts', 'ranks.ts'], here), [
    'python',
    `${here}/ranks.ts`,
    'ranks.ts',
  ])
  assert.deepEqual(absoluteScript(['python', '-u', 'ranks.ts'], here), ['python', '-u', `${here}/ranks.ts`])
  assert.deepEqual(absoluteScript(['./x', 'none'], here), [`${here}/x`, 'none'])
})

test('the id of the job comes from either generation, else from the host', () => {
  assert.equal(jobIdOf({ BATCH_JOB_ID: 'job1', MA_VJ_NAME: 'ma-job-2' }, 'h'), 'job1')
  assert.equal(jobIdOf({ MA_VJ_NAME: 'ma-job-2-ma-job' }, 'h'), 'modelarts-job-2-ma-job')
  assert.equal(jobIdOf({}, 'h'), 'h')
})

test('without a table processes are numbered behind those of the tasks before', () => {
  assert.deepEqual(
    devicesWithoutTable(2, 3).map(({ rankId, logicalId }) => [rankId, logicalId]),
    [
      [6, 0],
      [7, 1],
    ],
  )
})
