// 21 to 30, 33, 37 and 40: how a table arrives, through the real launcher.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { PATH, TestProcess, tableText, testRuntime } from '../../container/launcher-fixture.ts'
import { PRINT, ranksOf, stage, WAITING } from '../../container/run-train-fixture.ts'
import { tableReadiness } from '../../src/accelerator/rank-table/readiness.ts'
import { fillDisk, smallDisk } from '../e2e/small-disk.ts'
import { convert, SEED, type Vector } from './vector.ts'

const runtime = await testRuntime()
const ONE = tableText({ 'p-0': [0] })
const NAME = 'jobstart_hccl.json'

type At = (name: string) => string
const turn = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A launcher that waits for a table in `late`; what `arrive` puts there must end in one conversion. */
async function arrives(
  t: TestContext,
  arrive: (at: At, saw: (pattern: RegExp) => Promise<void>) => void | Promise<void>,
): Promise<string> {
  const { start, at } = stage(t, runtime, PRINT)
  const process = start({ RANK_TABLE_FILE: at('late'), ROPEWAY_RANK_TABLE_INTERVAL: '0.5' }, ['RANK_SIZE'])
  await process.saw(WAITING)
  await arrive(at, (pattern) => process.saw(pattern))
  const { code, output } = await process.ended
  assert.deepEqual([code, ranksOf(output)], [0, ['1']], output)
  assert.equal(output.split('Rank table file (V1) is generated').length, 2)
  return output
}

/** A table that never is one: the launcher gives up with 121 and the reason. */
async function neverComes(t: TestContext, put: (path: string) => void, why: RegExp): Promise<void> {
  const { start, at } = stage(t, runtime, PRINT)
  const path = at(`config/${NAME}`)
  put(path)
  const { code, output } = await start({ RANK_TABLE_FILE: path, ROPEWAY_RANK_TABLE_TIMEOUT: '0.3' }).ended
  assert.equal(code, 121, output)
  assert.match(output, why)
}

/** The next folder is taken while there is one; none is left in a container whose root is read-only. */
async function readOnly(t: TestContext): Promise<void> {
  const { start, table, at, dir } = stage(t, runtime, PRINT)
  table(ONE)
  using disk = smallDisk('64k')
  const folder = join(disk.dir, 'rank_table')
  mkdirSync(folder)
  writeFileSync(join(folder, NAME), 'old')
  execFileSync('mount', ['-o', 'remount,ro', disk.dir])
  const { code, output } = await start({ MA_HOME: disk.dir }, ['RANK_TABLE_FILE']).ended
  assert.deepEqual([code, ranksOf(output)], [0, [at(`mnt/rank_table/${NAME}`)]], output)
  assert.equal(readFileSync(join(folder, NAME), 'utf8'), 'old')
  const root = ['--ro-bind', '/', '/', '--dev', '/dev', '--proc', '/proc', '--bind', at('log'), at('log')]
  const places = { RANK_TABLE_FILE: at('config'), TMPDIR: at('log'), HOME: dir, MA_HOME: disk.dir }
  await using closed = new TestProcess(
    ['bwrap', ...root, '--unshare-pid', join(runtime, 'launcher'), 'ranks', '--', 'true'],
    { PATH, ROPEWAY_RUNTIME_DIR: runtime, BATCH_TASK_LOG_PATH: at('log'), ...places },
  )
  const ended = await closed.ended
  assert.equal(ended.code, 120, ended.output)
  assert.match(ended.output, /the converted rank table has no place: uid 0 can write neither/)
}

const content = (text: string) => tableReadiness({ kind: 'content', content: text })

export const WAIT_VECTORS: readonly Vector[] = [
  {
    id: '21',
    what: 'a table that is initializing and then completed is converted once',
    run: async (t) => {
      await arrives(t, async (at) => {
        mkdirSync(at('late'))
        writeFileSync(at(`late/${NAME}`), '{"status":"initializing"}')
        await turn(100)
        writeFileSync(at(`late/${NAME}`), ONE)
      })
    },
  },
  {
    id: '22',
    what: 'a table that changes while ranks run is told of and leaves the ranks alone',
    run: async (t) => {
      const script =
        'import os, time\nprint("up", flush=True)\nwhile not os.path.exists("../../../go"): time.sleep(0.02)\n'
      const { start, table, at } = stage(t, runtime, script)
      table(ONE)
      const process = start()
      await process.saw(/^up$/m)
      table('{"status":"initializing"}')
      await process.saw(
        /WARNING - the rank table changed while ranks run: status: got "initializing".*they keep theirs/,
      )
      writeFileSync(at('go'), '')
      const { code, output } = await process.ended
      assert.equal(code, 0, output)
      assert.equal(output.split('the rank table changed').length, 2)
    },
  },
  {
    id: '23',
    what: 'a status that is missing, null or not exactly "completed" is waited on, with the reason, within the timeout',
    run: async (t) => {
      for (const [text, words] of [
        ['{"group_list":[]}', 'got nothing'],
        ['{"status":null}', 'got null'],
        ['{"status":"Completed"}', 'got "Completed"'],
      ] as const) {
        const { state, detail } = content(text)
        assert.deepEqual([state, detail.includes(words)], ['waiting', true])
      }
      await neverComes(
        t,
        (path) => writeFileSync(path, '{"status":"Completed"}'),
        /status: got "Completed"; valid: "completed"/,
      )
    },
  },
  {
    id: '24',
    what: 'a file, and the folder it is in, may come late',
    run: async (t) => {
      await arrives(t, async (at) => {
        mkdirSync(at('late'))
        await turn()
        writeFileSync(at(`late/${NAME}`), ONE)
      })
    },
  },
  {
    id: '25',
    what: 'no beginning of a table is taken for the whole, cut at any byte, and none ends the wait',
    run: async (t) => {
      for (let end = 0; end < SEED.trimEnd().length; end++)
        assert.equal(content(SEED.slice(0, end)).state, 'waiting')
      await arrives(t, async (at) => {
        mkdirSync(at('late'))
        for (let end = 1; end <= ONE.length; end++) {
          writeFileSync(at(`late/${NAME}`), ONE.slice(0, end))
          if (end % 16 === 0) await turn()
        }
      })
    },
  },
  {
    id: '26',
    what: 'a file that is cut and written again in two pieces 200 ms apart is taken when it is whole',
    run: async (t) => {
      await arrives(t, async (at) => {
        mkdirSync(at('late'))
        writeFileSync(at(`late/${NAME}`), '{"status":"initializing"}')
        truncateSync(at(`late/${NAME}`))
        writeFileSync(at(`late/${NAME}`), ONE.slice(0, 100))
        await turn(200)
        writeFileSync(at(`late/${NAME}`), ONE.slice(100), { flag: 'a' })
      })
    },
  },
  {
    id: '27',
    what: 'a ConfigMap that swaps its ..data link is seen, and read through the link',
    run: async (t) => {
      await arrives(t, async (at) => {
        mkdirSync(at('late/..1'), { recursive: true })
        mkdirSync(at('late/..2'))
        writeFileSync(at(`late/..1/${NAME}`), '{"status":"initializing"}')
        writeFileSync(at(`late/..2/${NAME}`), ONE)
        symlinkSync('..1', at('late/..data'))
        symlinkSync(`..data/${NAME}`, at(`late/${NAME}`))
        await turn()
        symlinkSync('..2', at('late/..tmp'))
        renameSync(at('late/..tmp'), at('late/..data'))
      })
    },
  },
  {
    id: '28',
    what: 'a file renamed over one of the same size and time is seen',
    run: async (t) => {
      await arrives(t, async (at, saw) => {
        const file = at(`late/${NAME}`)
        mkdirSync(at('late'))
        writeFileSync(file, ' '.repeat(ONE.length))
        // Said three times, it was seen, and is too old to be read again for its age.
        await saw(/(the file is empty[\s\S]*){3}/)
        writeFileSync(at('late/x'), ONE)
        const { mtime, size } = statSync(file)
        utimesSync(at('late/x'), mtime, mtime)
        assert.equal(size, statSync(at('late/x')).size)
        renameSync(at('late/x'), file)
      })
    },
  },
  {
    id: '29',
    what: 'a byte order mark, CRLF and trailing blank lines do no harm; NUL bytes are said',
    run: () => {
      assert.equal(convert(`\uFEFF${SEED.replaceAll('\n', '\r\n')}\r\n\r\n\n`).rankSize, 1)
      assert.match(content(`${SEED}\0\0`).detail, /NUL byte/)
    },
  },
  {
    id: '30',
    what: 'a folder, a FIFO, a file nobody may read and one of 100 MB are said and waited out',
    run: async (t) => {
      const made = (script: string) => (path: string) => void execFileSync('sh', ['-c', script, 'sh', path])
      await neverComes(t, made('mkdir "$1"'), /it is a folder/)
      await neverComes(t, made('mkfifo "$1"'), /it is not a regular file/)
      await neverComes(
        t,
        made('truncate -s 100M "$1"'),
        /it has 104857600 bytes; valid: at most 41943040 \(40 MiB\)/,
      )
      assert.match(tableReadiness({ kind: 'unreadable', code: 'EACCES' }).detail, /no permission/)
    },
  },
  {
    id: '33',
    what: 'large jobs convert, of 1,024, 4,096 and 10,000 servers; the bars for time and memory are those of the bench',
    run: () => {
      for (const servers of [1024, 4096, 10_000]) {
        const pods = Array.from({ length: servers }, (_, pod) => [
          `p-${servers - 1 - pod}`,
          [0, 1, 2, 3, 4, 5, 6, 7],
        ])
        const { rankSize, text, findings } = convert(
          tableText(Object.fromEntries(pods), 'completed', (pod, device) => ({
            serverId: `10.${pod >> 16}.${(pod >> 8) & 255}.${pod & 255}`,
            deviceIp: `172.${16 + device}.${pod >> 8}.${pod & 255}`,
          })),
        )
        assert.deepEqual([rankSize, findings], [servers * 8, ''])
        assert.equal(JSON.parse(text).server_list.at(-1).device.at(-1).rank_id, String(servers * 8 - 1))
      }
    },
  },
  {
    id: '37',
    what: 'a read-only folder and a full disk leave an old table untouched; where nothing can be written the launcher says so',
    run: async (t) => {
      await readOnly(t)
      const { start, table } = stage(t, runtime, PRINT)
      using disk = smallDisk('64k')
      const folder = join(disk.dir, 'rank_table')
      mkdirSync(folder)
      writeFileSync(join(folder, NAME), 'old')
      using _full = fillDisk(disk.dir)
      table(ONE)
      const { code, output } = await start({ MA_HOME: disk.dir }).ended
      assert.equal(code, 120, output)
      assert.ok(
        output.includes(`the converted rank table cannot be written to ${join(folder, NAME)}: ENOSPC`),
        output,
      )
      assert.equal(readFileSync(join(folder, NAME), 'utf8'), 'old')
      assert.deepEqual(readdirSync(folder), [NAME])
    },
  },
  {
    id: '40',
    what: 'RANK_TABLE_FILE may name a folder, one with a slash, the file, or nothing, and then the log says what to set',
    run: async (t) => {
      const { start, table, at } = stage(t, runtime, PRINT)
      table(ONE)
      for (const value of [at('config'), `${at('config')}/`, at(`config/${NAME}`)]) {
        const { code, output } = await start({ RANK_TABLE_FILE: value }, ['RANK_TABLE_FILE']).ended
        assert.deepEqual([code, ranksOf(output)], [0, [at(`home/rank_table/${NAME}`)]])
      }
      const unset = await start({ RANK_TABLE_FILE: 'UNSET', ROPEWAY_RANK_TABLE_TIMEOUT: '0.3' }).ended
      assert.equal(unset.code, 121)
      assert.match(
        unset.output,
        /set environment RANK_TABLE_FILE=\/user\/config on the job[\s\S]*no rank table after 0\.3 s/,
      )
    },
  },
]
