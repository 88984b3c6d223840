// docs/guide/rank-tables.md, followed literally: its table is saved, its commands are run, and they print what it shows.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'

const ROOT = join(import.meta.dirname, '../..')
const PAGE = readFileSync(join(ROOT, 'docs/guide/rank-tables.md'), 'utf8')

/** Commands after `$`, each with the lines that the page shows below it. */
const steps = [...PAGE.matchAll(/^ {4}\$ (.+)\n((?: {4}(?!\$ ).+\n)*)/gm)].map(
  ([, command = '', shown = '']) => ({
    command,
    shown: shown.replace(/^ {4}/gm, ''),
  }),
)

describe('the page on rank tables', () => {
  let dir: string
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'rw-guide-'))
    symlinkSync(join(ROOT, 'bin/ropeway.js'), join(dir, 'ropeway'))
    const [, table] = /Save this as `jobstart_hccl\.json`[\s\S]*?```json\n(.*?)```/s.exec(PAGE) ?? []
    writeFileSync(join(dir, 'jobstart_hccl.json'), table ?? '')
  })
  after(() => rmSync(dir, { recursive: true, force: true }))

  const follow = (command: string) =>
    promisify(execFile)('bash', ['-euc', command], {
      cwd: dir,
      env: { PATH: `${dir}:${process.env['PATH']}`, HOME: dir },
    })

  it('has commands that work one after the other and print what the page shows', async () => {
    assert.deepEqual(
      steps.map(({ command }) => command.split(' ').slice(0, 3).join(' ')),
      ['ropeway rank-table show', 'ropeway rank-table convert', 'ropeway rank-table check'],
    )
    for (const { command, shown } of steps) assert.equal((await follow(command)).stdout, shown, command)
    const converted = JSON.parse(readFileSync(join(dir, 'hccl.json'), 'utf8'))
    assert.deepEqual([converted.version, converted.server_list[0].server_id], ['1.0', '10.1.0.10'])
  })

  it('names findings that a table with such a fault really gives', async () => {
    const table = readFileSync(join(dir, 'jobstart_hccl.json'), 'utf8')
    const shown = [...PAGE.matchAll(/^\| (`.*`) \| /gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, words = '']) => words.replace(/ …$/, '')),
    )
    const faults: Readonly<Record<string, string>> = {
      'status: got "initializing"': table.replace('completed', 'initializing'),
      'device_ip: got "-1"': table.replace('192.168.100.19', '-1'),
      'device_ip: got nothing, in server': table.replace('192.168.100.19', ''),
      'got no address of any device': table
        .replaceAll(/192\.168\.\d+\.\d+/g, '')
        .replaceAll('"server_id"', '"host_ip":"10.1.0.1","server_id"'),
      'the file is empty': '',
      'not complete JSON': table.slice(0, 200),
      'pod names that end in distinct numbers': table.replaceAll('job7-worker-', 'w'),
    }
    assert.deepEqual(shown.filter((words) => !words.startsWith('EI')).sort(), Object.keys(faults).sort())
    for (const [words, text] of Object.entries(faults)) {
      writeFileSync(join(dir, 'wrong.json'), text)
      const { stderr } = await follow('ropeway rank-table check wrong.json').catch(
        (error: { stdout: string; stderr: string }) => error,
      )
      assert.ok(stderr.includes(words), `${words}: ${stderr}`)
    }
  })
})
