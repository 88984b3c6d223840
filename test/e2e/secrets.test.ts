// Random secrets are planted, a job runs and requests fail, and then everything anybody could read is searched for them.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { body, Ropeway, until } from './harness.ts'

const namesIn = (dir: string): string[] => {
  try {
    return readdirSync(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Every readable file below a folder, but for the two that hold keys on purpose. */
function* filesBelow(dir: string): Generator<string> {
  for (const name of namesIn(dir)) {
    const path = join(dir, name)
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory()) yield* filesBelow(path)
    else if (
      found?.isFile() &&
      !['credentials.json', 'secret.key'].includes(name) &&
      !path.includes('/runtime/')
    )
      yield path
  }
}

/** Text of every file below a folder. A file that its owner deletes meanwhile holds nothing any more. */
function readAll(dir: string, prefix: string): Map<string, string> {
  const texts = new Map<string, string>()
  for (const path of filesBelow(dir)) {
    try {
      texts.set(`${prefix}${path}`, readFileSync(path, 'latin1'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return texts
}

const commandLines = (): string =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      } catch {
        return ''
      }
    })
    .join('\n')

it('secrets appear in no log, event, row, command line or error body, and yet reach the program', async () => {
  const planted = `hush-${randomBytes(12).toString('hex')}`
  await using ropeway = await Ropeway.start({ simulate: '1x2', env: { ROPEWAY_LOG_LEVEL: 'trace' } })
  const secretKey = ropeway.credentials.secret_key
  const request = body('secret', 'case "$TOKEN" in hush-*) echo has it;; esac; sleep 2', {
    flavor: 'ropeway.ascend-910a.1',
    environments: { TOKEN: planted },
    annotations: { 'ropeway/secret-environment': 'TOKEN' },
  })
  const created = await ropeway.client.create(request)
  assert.equal((created.algorithm['environments'] as Record<string, string>)['TOKEN'], '******')
  const preview = () => ropeway.client.previewLog(created.metadata.id, 'worker-0')
  await until('its program runs', async () => /has it/.test((await preview())?.content ?? ''))
  const lines = commandLines()
  assert.match(lines, /sleep/)
  const whileRunning = readAll(ropeway.dataDir, 'while running: ')
  assert.ok([...whileRunning.keys()].some((path) => path.includes('/tasks/')))
  const errors: string[] = []
  await ropeway.client
    .create(request)
    .catch((error: Error) => errors.push(error.message, JSON.stringify(error)))
  await ropeway.client
    .create({ ...request, metadata: { ...request.metadata, name: 'b@d' } })
    .catch((error: Error) => errors.push(error.message))
  const { job, logs, events } = await ropeway.follow(created.metadata.id)
  assert.equal(job.status.phase, 'Completed', JSON.stringify([events, logs]))
  assert.match(logs['worker-0'] ?? '', /has it/)
  const seen = new Map<string, string>([
    ['events', events.join('\n')],
    ['logs', Object.values(logs).join('\n')],
    ['job', JSON.stringify(job)],
    ['command lines', lines],
    ['errors', errors.join('\n')],
    ['server log', ropeway.serverLog],
    ...whileRunning,
    ...readAll(ropeway.dataDir, ''),
  ])
  assert.ok(errors.length > 0 && seen.size > 8)
  for (const [where, text] of seen) {
    assert.ok(!text.includes(planted), `the secret variable is in ${where}`)
    assert.ok(!text.includes(secretKey), `the secret key is in ${where}`)
  }
})
