// The client as others get it: from the packed package, in a folder that knows nothing of this one.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { ROOT, Ropeway } from './harness.ts'

const PAGE = join(ROOT, 'docs/how-to/use-the-typescript-client.md')
const TSC = join(ROOT, 'node_modules/.bin/tsc')

const temporary = mkdtempSync(join(tmpdir(), 'rw-package-'))
const other = join(temporary, 'other')
after(() => rmSync(temporary, { recursive: true, force: true }))

/** Packs what `npm publish` would send; built elsewhere, because a `dist` here would be what bin/ropeway.js starts. */
before(() => {
  const source = join(temporary, 'source')
  mkdirSync(source)
  for (const name of ['package.json', 'README.md', 'README.zh-CN.md', 'CHANGELOG.md', 'LICENSE', 'bin'])
    cpSync(join(ROOT, name), join(source, name), { recursive: true })
  execFileSync(TSC, ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(source, 'dist')])
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent'], { cwd: source })
  const { name, version, dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    name: string
    version: string
    dependencies: Record<string, string>
  }
  const installed = join(other, 'node_modules', name)
  mkdirSync(installed, { recursive: true })
  const archive = join(source, `${name}-${version}.tgz`)
  execFileSync('tar', ['-xzf', archive, '--strip-components=1', '-C', installed])
  for (const dependency of [...Object.keys(dependencies), '@types/node']) {
    const link = join(other, 'node_modules', dependency)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', dependency), link)
  }
  writeFileSync(join(other, 'package.json'), JSON.stringify({ name: 'other', type: 'module' }))
})

/** Compiles a program as strictly as people do; answers what the compiler says. */
function compile(name: string, text: string): string {
  writeFileSync(join(other, name), text)
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'esnext',
    '--types',
    'node',
    '--skipLibCheck',
  ]
  const { stdout, stderr } = spawnSync(TSC, [...flags, name], { cwd: other, encoding: 'utf8' })
  return stdout + stderr
}

test('the program of the how-to page compiles and does what the page says', async () => {
  const page = readFileSync(PAGE, 'utf8')
  const program = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1]).join('\n')
  assert.equal(compile('program.ts', program), '')
  await using ropeway = await Ropeway.start({ backend: 'fake', simulate: '2x4' })
  const { endpoint, access_key, secret_key, project_id } = ropeway.credentials
  // What the fake backend is to print, which a real image would do by itself.
  const annotations = `annotations: ${JSON.stringify({ 'ropeway/fake': '{"tasks":{"*":{"runMs":0,"logs":["hello"]}}}' })}`
  writeFileSync(
    join(other, 'program.ts'),
    program.replace("{ name: 'hello' }", `{ name: 'hello', ${annotations} }`),
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, ['program.ts'], {
    cwd: other,
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      PATH: process.env['PATH'],
      ROPEWAY_ENDPOINT: endpoint,
      ROPEWAY_ACCESS_KEY: access_key,
      ROPEWAY_SECRET_KEY: secret_key,
      ROPEWAY_PROJECT_ID: project_id,
    },
  })
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^\[worker-0\] hello\nCompleted 0\nhello \d+\n/)
  assert.match(stdout, /JobCompleted/)
  assert.match(stdout, /^3 \[ 'worker-0' \]$/m)
  assert.match(stdout, /^400 ModelArts\.2775 training_job_id: got "no-such-job"/m)
})

test('the compiler of others knows what a call needs and answers', () => {
  const head = "import { RopewayClient } from 'ropeway/client'\ndeclare const client: RopewayClient\n"
  const wrong = [
    ["client.call('showTrainingJob', {})", /params/],
    ["client.call('showTrainingJob', { params: { task: 'x' } })", /job/],
    ["client.call('noSuchCall', {})", /noSuchCall/],
    ["client.call('listFlavors', { query: { flavor_type: 'TPU' } })", /TPU/],
    ['client.create({ metadata: {}, algorithm: {} })', /name/],
    ["const n: number = (await client.show('x')).status.phase; void n", /number/],
  ] as const
  for (const [line, message] of wrong)
    assert.match(compile('wrong.ts', `${head}${line}\nexport {}\n`), message, line)
})
