import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { tableText, testRuntime } from './launcher-fixture.ts'
import { PRINT, ranksOf, stage, WAITING } from './run-train-fixture.ts'

const runtime = await testRuntime()

for (const [title, value] of [
  ['a folder', (at: (name: string) => string) => at('config')],
  ['a folder with a slash', (at: (name: string) => string) => `${at('config')}/`],
  ['the file itself', (at: (name: string) => string) => at('config/jobstart_hccl.json')],
] as const) {
  test(`RANK_TABLE_FILE may name ${title}`, async (t) => {
    const { start, table, at } = stage(t, runtime, PRINT)
    table(tableText({ 'p-0': [0] }))
    assert.equal((await start({ RANK_TABLE_FILE: value(at) }, ['RANK_ID']).ended).code, 0)
  })
}

test('without RANK_TABLE_FILE the log says what to set, and the wait is bounded', async (t) => {
  const { start } = stage(t, runtime, PRINT)
  const { code, output } = await start({ RANK_TABLE_FILE: 'UNSET', ROPEWAY_RANK_TABLE_TIMEOUT: '0.3' }).ended
  assert.equal(code, 121)
  assert.match(output, WAITING)
  assert.match(output, /set environment RANK_TABLE_FILE=\/user\/config on the job/)
  assert.match(output, /no rank table after 0.3 s/)
})

for (const [title, text, why] of [
  ['that never becomes complete', '{"status":"initializing"}', /status: got "initializing"/],
  ['with no status', '{"group_list":[]}', /status: got nothing/],
  ['whose status is null', '{"status":null}', /status: got null/],
  ['whose status is Completed with a capital', '{"status":"Completed"}', /status: got "Completed"/],
  ['that is empty', '', /rank table/],
] as const) {
  test(`a table ${title} ends with 121 and the reason`, async (t) => {
    const { start, table } = stage(t, runtime, PRINT)
    table(text)
    const { code, output } = await start({ ROPEWAY_RANK_TABLE_TIMEOUT: '0.3' }).ended
    assert.equal(code, 121)
    assert.match(output, why)
  })
}

for (const [title, make, why] of [
  ['a folder', 'mkdir "$1"', /it is a folder/],
  ['a FIFO', 'mkfifo "$1"', /it is not a regular file/],
  ['a file of 100 MB', 'truncate -s 100M "$1"', /it is larger than 40 MiB/],
] as const) {
  test(`${title} in the place of the table is said and waited out`, async (t) => {
    const { start, at } = stage(t, runtime, PRINT)
    const path = at('config/jobstart_hccl.json')
    execFileSync('sh', ['-c', make, 'sh', path])
    const { code, output } = await start({ RANK_TABLE_FILE: path, ROPEWAY_RANK_TABLE_TIMEOUT: '0.3' }).ended
    assert.equal(code, 121)
    assert.match(output, why)
  })
}

test('every way a table arrives is seen, and a prefix never passes for the whole', async (t) => {
  const whole = Buffer.from(tableText({ 'p-0': [0] }))
  const arrivals: Record<string, (at: (name: string) => string) => Promise<void>> = {
    'the folder is made later': async (at) => {
      mkdirSync(at('late'))
      writeFileSync(at('late/jobstart_hccl.json'), whole)
    },
    'written byte by byte': async (at) => {
      mkdirSync(at('late'))
      for (let i = 1; i <= whole.length; i++) {
        writeFileSync(at('late/jobstart_hccl.json'), whole.subarray(0, i))
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    'renamed into place': async (at) => {
      mkdirSync(at('late'))
      writeFileSync(at('late/jobstart_hccl.json'), Buffer.alloc(whole.length, ' '))
      writeFileSync(at('late/x'), whole)
      renameSync(at('late/x'), at('late/jobstart_hccl.json'))
    },
    'a ConfigMap swaps its link': async (at) => {
      mkdirSync(at('late/..1'), { recursive: true })
      mkdirSync(at('late/..2'))
      writeFileSync(at('late/..1/jobstart_hccl.json'), '{"status":"initializing"}')
      writeFileSync(at('late/..2/jobstart_hccl.json'), whole)
      symlinkSync('..1', at('late/..data'))
      symlinkSync('..data/jobstart_hccl.json', at('late/jobstart_hccl.json'))
      await new Promise((resolve) => setImmediate(resolve))
      symlinkSync('..2', at('late/..tmp'))
      renameSync(at('late/..tmp'), at('late/..data'))
    },
  }
  for (const [title, arrive] of Object.entries(arrivals)) {
    const { start, at } = stage(t, runtime, PRINT)
    const process = start({ RANK_TABLE_FILE: at('late') }, ['RANK_SIZE'])
    await process.saw(WAITING)
    await arrive(at)
    const { code, output } = await process.ended
    assert.deepEqual([title, code, ranksOf(output)], [title, 0, ['1']])
  }
})

test('a table that is refused ends with 122, one without this pod with 123', async (t) => {
  const { start, table } = stage(t, runtime, PRINT)
  table(tableText({ 'p-0': [1, 1] }))
  const refused = await start().ended
  assert.equal(refused.code, 122)
  assert.match(refused.output, /the rank table is refused/)
  table(tableText({ 'p-1': [0], 'p-2': [0] }))
  const absent = await start().ended
  assert.equal(absent.code, 123)
  assert.match(absent.output, /own pod name: got "p-0"; valid: a pod of the rank table \(p-1, p-2\)/)
})
