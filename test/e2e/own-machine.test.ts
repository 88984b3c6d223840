// docs/guide/run-your-modelarts-script.md, followed literally, in a network namespace of its own for its fixed ports.
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { ROOT, until } from './harness.ts'

const PAGE = readFileSync(join(ROOT, 'docs/guide/run-your-modelarts-script.md'), 'utf8')
const steps = [...PAGE.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = '']) => text)
const [script = '', serve = '', upload = '', withUrls = '', withFolders = '', without = ''] = steps
const MODEL = { sum: 1000 * 1001 * 0.5 + 2000 * 2001 * 0.5 }

describe('the page on running a ModelArts script on one’s own machine', () => {
  let dir: string
  let server: ChildProcess
  let env: Record<string, string>
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'rw-own-'))
    symlinkSync(join(ROOT, 'bin/ropeway.js'), join(dir, 'ropeway'))
    const path = [dir, dirname(process.execPath), '/usr/sbin', '/usr/bin', '/bin'].join(delimiter)
    env = { PATH: path, HOME: dir, LANG: 'C.UTF-8', ROPEWAY: ROOT, ROPEWAY_DATA: join(dir, 'ropeway-data') }
    const alone = ['--net', 'bash', '-euc', `ip link set lo up\nexec ${serve}`]
    server = spawn('unshare', alone, { cwd: dir, env, stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    server.stderr?.on('data', (text: Buffer) => {
      log += text
    })
    await until('the server answers', () => {
      assert.equal(server.exitCode, null, log)
      return existsSync(join(dir, 'ropeway-data', 'credentials.json'))
    })
  })
  after(async () => {
    const ended = once(server, 'exit')
    server.kill('SIGTERM')
    await ended
    rmSync(dir, { recursive: true, force: true })
  })

  const follow = async (step: string): Promise<string> => {
    const beside = ['--net', '--target', String(server.pid), 'bash', '-euc', step]
    const { stdout } = await promisify(execFile)('nsenter', beside, { cwd: dir, env })
    return stdout
  }
  const model = (name: string): unknown => JSON.parse(readFileSync(join(dir, name), 'utf8'))

  it('makes a script and puts it with its data into a bucket', async () => {
    assert.equal(steps.length, 6)
    await follow(script)
    assert.match(await follow(upload), /2 files copied/)
  })

  it('runs it as a job that gets URLs', async () => {
    const said = await follow(withUrls)
    assert.match(said, /^one\.txt 1000 numbers$/m)
    assert.match(said, /^model in obs:\/\/my-bucket\/model\/ \['log\.txt', 'model\.json'\]$/m)
    assert.deepEqual(model('model.json'), MODEL)
  })

  it('runs it as a job that gets folders', async () => {
    const said = await follow(withFolders)
    assert.match(
      said,
      /^model in \/home\/ma-user\/modelarts\/outputs\/train_url_0\S* \['log\.txt', 'model\.json'\]$/m,
    )
    assert.deepEqual(model('model-2.json'), MODEL)
  })

  it('runs it without a job', async () => {
    const said = await follow(without)
    assert.match(said, /^model in obs:\/\/my-bucket\/model-3\/ \['log\.txt', 'model\.json'\]$/m)
    assert.deepEqual(model('model-3.json'), MODEL)
    assert.match(await follow('ropeway obs ls -r obs://my-bucket/model-3/'), /log\.txt/)
  })
})
