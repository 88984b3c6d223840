// docs/guide/only-the-launcher.md, followed literally: no server, no network, an image that knows nothing of Ropeway.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { LAUNCHER_EXIT } from '../../src/api/task-constants.ts'
import { type DockerEngine, startDockerEngine } from '../engines/dockerd.ts'
import { importPythonImage } from './docker-images.ts'
import { ROOT } from './harness.ts'

const PAGE = readFileSync(join(ROOT, 'docs/guide/only-the-launcher.md'), 'utf8')
const steps = [...PAGE.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = '']) => text)

describe('the page on using only the launcher', () => {
  let engine: DockerEngine
  let dir: string
  before(async () => {
    engine = await startDockerEngine()
    await importPythonImage(engine.docker, 'train:1.0')
    dir = mkdtempSync(join(tmpdir(), 'rw-guide-'))
    symlinkSync(join(ROOT, 'bin/ropeway.js'), join(dir, 'ropeway'))
  })
  after(async () => {
    rmSync(dir, { recursive: true, force: true })
    await engine[Symbol.asyncDispose]()
  })

  const follow = async (script: string) => {
    const env = { ...process.env, PATH: `${dir}:${process.env['PATH']}`, DOCKER_HOST: engine.host }
    return promisify(execFile)('bash', ['-euc', script], { cwd: dir, env }).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        output: error.stdout + error.stderr,
      }),
    )
  }
  const own = (output: string): string[] =>
    output
      .split('\n')
      .filter((line) => line.startsWith('rank '))
      .sort()

  it('exports the launcher once, and not over what is there', async () => {
    const { code, output } = await follow(steps[0] ?? '')
    assert.equal(code, 0, output)
    const again = await follow(steps[0] ?? '')
    assert.equal(again.code, 2, again.output)
    assert.match(again.output, /ropeway-launcher is there and not empty; valid: a new folder/)
  })

  it('starts the two devices of its own task, of two on one host, and the boot file as run_train.sh does', async () => {
    assert.equal((await follow(steps[1] ?? '')).code, 0)
    const ranks = await follow(steps[2] ?? '')
    assert.equal(ranks.code, 0, ranks.output)
    assert.deepEqual(own(ranks.output), ['rank 2 of 4 on device 0', 'rank 3 of 4 on device 1'])
    const train = await follow(steps[3] ?? '')
    assert.equal(train.code, 0, train.output)
    assert.deepEqual(own(train.output), ['rank 0 of 4 on device 0', 'rank 1 of 4 on device 1'])
    assert.equal(steps.length, 4)
  })

  it('says which tasks there are when it is none of them, and its exit codes are those of the page', async () => {
    const { code, output } = await follow((steps[2] ?? '').replace('job-worker-1', 'job-worker-7'))
    assert.equal(code, LAUNCHER_EXIT.ownInstanceNotFound, output)
    assert.match(output, /got "job-worker-7"; valid: a pod of the rank table \(job-worker-0, job-worker-1\)/)
    const { stageFailed, rankTableTimeout, rankTableInvalid, ownInstanceNotFound, spawnFailed } =
      LAUNCHER_EXIT
    for (const exit of [stageFailed, rankTableTimeout, rankTableInvalid, ownInstanceNotFound, spawnFailed])
      assert.ok(PAGE.includes(`| ${exit} |`), `${exit} is not on the page`)
  })
})
