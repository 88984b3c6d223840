// Defaults and wishes of a task's container as the task itself sees them, on the host backend; and by the command line.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { body, MAIN, Ropeway } from './harness.ts'

const MIB = 2 ** 20
const LOOK = `sh -c "df -B1 /dev/shm | tail -1; echo core=\\$(ulimit -c) nofile=\\$(ulimit -Hn) stack=\\$(ulimit -Ss):\\$(ulimit -Hs); id -u"`

describe('limits of an installation', () => {
  let dir = ''
  let ropeway: Ropeway
  before(async () => {
    dir = realpathSync(mkdtempSync(join(tmpdir(), 'rwl-')))
    mkdirSync(join(dir, 'sets'))
    writeFileSync(join(dir, 'sets/a.txt'), 'seen by the task\n')
    ropeway = await Ropeway.start({
      site: `
run_user: 4242
container: { ulimits: { nofile: 512, stack: 8Mi } }
flavors:
  modelarts.kat1.xlarge: { shm_size: 96Mi }
allow: { shm_size: 128Mi, ulimits: { nofile: 1024, stack: 64Mi } }
volumes:
  - host_path: ${dir}/sets
`,
    })
  })
  after(async () => {
    await ropeway[Symbol.asyncDispose]()
    rmSync(dir, { recursive: true })
  })
  const cli = (...args: string[]) =>
    promisify(execFile)(process.execPath, [MAIN, ...args, '--data', ropeway.dataDir])

  test('hold for a job that asks for nothing', async () => {
    const { logs } = await ropeway.run(body('plain', LOOK))
    const text = logs['worker-0'] ?? ''
    assert.match(text, new RegExp(`^tmpfs +${128 * MIB} `, 'm'))
    assert.match(text, /^core=0 nofile=512 stack=8192:8192$/m)
    assert.match(text, /^4242$/m)
  })

  test('differ by flavor, under the name the documents have for it', async () => {
    const { logs } = await ropeway.run(body('flavor', LOOK, { flavor: 'ropeway.ascend-910a.1' }))
    assert.match(logs['worker-0'] ?? '', new RegExp(`^tmpfs +${96 * MIB} `, 'm'))
    assert.match(logs['worker-0'] ?? '', /^core=0 nofile=512 stack=8192:8192$/m)
  })

  test('can be changed by a job as far as it is allowed', async () => {
    const annotations = { 'ropeway/shm-size': '64Mi', 'ropeway/ulimits': 'nofile=1024,stack=4Mi:16Mi' }
    const { logs } = await ropeway.run(body('wish', LOOK, { annotations }))
    assert.match(logs['worker-0'] ?? '', new RegExp(`^tmpfs +${64 * MIB} `, 'm'))
    assert.match(logs['worker-0'] ?? '', /^core=0 nofile=1024 stack=4096:16384$/m)
    const more = { 'ropeway/ulimits': 'nofile=4096' }
    await assert.rejects(
      ropeway.client.create(body('more', LOOK, { annotations: more })),
      /nofile up to 1024/,
    )
  })

  const RUN = ['run', '--image', 'host', '--command', 'cat /mnt/sets/a.txt', '--shm-size', '32Mi']

  test('can be asked for on the command line, and a volume with them', async () => {
    const { stdout } = await cli(...RUN, '--volume', `${dir}/sets:/mnt/sets:ro`)
    assert.match(stdout, /seen by the task/)
  })

  test('stand in a dry run, every default filled in', async () => {
    const { stdout } = await cli(...RUN, '--volume', `${dir}/sets:/mnt/sets`, '--dry-run')
    assert.match(stdout, /^\/dev\/shm: +32\.0 MiB$/m)
    assert.match(stdout, /^Ulimits: +core=0:0 nofile=512:512 stack=8388608:8388608$/m)
    assert.ok(stdout.includes(`${dir}/sets at /mnt/sets (read only)`), stdout)
  })

  test('a volume that may only be read is not mounted for writing', async () => {
    await assert.rejects(
      cli(...RUN, '--volume', `${dir}/sets:/mnt/sets:rw`),
      (error: { stderr?: string }) => {
        assert.match(error.stderr ?? '', /read_only: got false; valid: true/)
        return true
      },
    )
  })

  test('are what the doctor reads from the same file', async () => {
    const { stdout } = await cli('doctor', '--json').catch((error: { stdout: string }) => error)
    const { findings } = JSON.parse(stdout) as {
      findings: { check: string; state: string; message: string }[]
    }
    const found = findings.find(({ check }) => check === 'site file')
    assert.equal(found?.state, 'ok')
    assert.match(
      found?.message ?? '',
      /site\.yaml: .*at most 128Mi; CPU at least the flavor's cores; ulimits core=0 nofile=512 stack=8388608; allowed nofile<=1024 stack<=67108864/,
    )
    assert.ok(readFileSync(join(ropeway.dataDir, 'site.yaml'), 'utf8').includes('run_user'))
  })
})
