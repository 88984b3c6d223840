// Finds the tests and runs them:  node test/run.ts [unit|e2e|long]   (without a word: unit, then e2e)
// What was skipped is listed beside the closing counts. Where CI is set, being anyone but root fails at once and so
// does a skipped test: there a test that did not run must never look like one that passed.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join, relative } from 'node:path'
import { Transform } from 'node:stream'
import { run } from 'node:test'
import { spec, type TestEvent } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

type Kind = { readonly globs: readonly string[]; readonly testMs: number; readonly allMs: number }

const ROOT = join(import.meta.dirname, '..')
const MINUTE = 60_000
const KINDS = {
  unit: { globs: ['src/**/*.test.ts', 'test/*.test.ts'], testMs: MINUTE, allMs: 5 * MINUTE },
  /** Whole programs: sandboxes, launchers, servers, other languages. */
  e2e: {
    globs: [
      'test/{conformance,moxing,cli,e2e,vectors}/**/*.test.ts',
      '{container,examples,bench}/**/*.test.ts',
    ],
    testMs: 3 * MINUTE,
    allMs: 30 * MINUTE,
  },
  long: { globs: ['test/long/**/*.test.ts'], testMs: 30 * MINUTE, allMs: 240 * MINUTE },
} as const satisfies Record<string, Kind>

/** The test files of one kind, absolute, in a stable order. */
function filesOf(kind: Kind): string[] {
  return globSync([...kind.globs], { cwd: ROOT, exclude: ['**/node_modules/**'] })
    .sort()
    .map((file) => join(ROOT, file))
}

/** Notes each test that was skipped or marked as to be done, and names them right before the closing counts. */
function listSkipped(skipped: string[]): Transform {
  let listed = false
  const note = (event: TestEvent) => {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') return
    const why = event.data.skip ?? event.data.todo
    if (why === undefined || why === false) return
    const file = event.data.file === undefined ? '' : `${relative(ROOT, event.data.file)}: `
    skipped.push(`${file}${event.data.name}${typeof why === 'string' && why !== '' ? ` (${why})` : ''}`)
  }
  return new Transform({
    objectMode: true,
    transform(event: TestEvent, _encoding, done) {
      note(event)
      if (
        !listed &&
        event.type === 'test:diagnostic' &&
        event.data.nesting === 0 &&
        /^tests \d+$/.test(event.data.message)
      ) {
        listed = true
        for (const name of skipped)
          this.push({
            type: 'test:diagnostic',
            data: { ...event.data, message: `not run: ${name}`, level: 'warn' },
          })
      }
      done(null, event)
    },
  })
}

/**
 * Ends a run in which nothing happens any more, and names the files it hangs in: Node limits the time of a test, but
 * not that of a file whose leftovers (a socket, a child) keep it alive after its last test.
 */
function watchForHang(
  stream: ReturnType<typeof run>,
  files: readonly string[],
  quietMs: number,
  stop: AbortController,
): void {
  const open = new Set<string>()
  const timer = setTimeout(() => {
    const names = [...open].map((file) => relative(ROOT, file)).join(', ')
    console.error(
      `test/run.ts: nothing happened for ${quietMs / 1000} s; what keeps these files from ending? ${names}`,
    )
    stop.abort(new Error('a test file does not end'))
  }, quietMs)
  stream.on('data', ({ type, data }: TestEvent) => {
    timer.refresh()
    if (type === 'test:dequeue' && files.includes(data.name)) open.add(data.name)
    if (type === 'test:complete') open.delete(data.name)
  })
  stream.on('close', () => clearTimeout(timer))
}

/** Runs the files and prints as `node --test` does. Resolves to whether all passed, and the names of what was skipped. */
async function runFiles(files: string[], limits: Kind): Promise<{ success: boolean; skipped: string[] }> {
  const skipped: string[] = []
  let success = false
  const stop = new AbortController()
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(limits.allMs)])
  const stream = run({ files, concurrency: 2, timeout: limits.testMs, signal })
  watchForHang(stream, files, limits.testMs + 30_000, stop)
  stream.on('test:summary', (summary) => {
    if (summary.file === undefined) success = summary.success
  })
  const printed = stream.compose(listSkipped(skipped)).compose(new spec())
  for await (const text of printed) process.stdout.write(text)
  return { success, skipped }
}

/** Resolves to the exit code: 0 all passed, 1 not, 2 wrong use. */
async function main(word: string | undefined): Promise<number> {
  const inCi = (process.env['CI'] ?? '') !== ''
  if (word !== undefined && !Object.hasOwn(KINDS, word)) {
    console.error(
      `test/run.ts: unknown kind "${word}"; valid: ${Object.keys(KINDS).join(', ')}, or nothing for unit and e2e`,
    )
    return 2
  }
  if (inCi && process.getuid?.() !== 0) {
    console.error(
      'test/run.ts: CI is set, but this is not root: tests of isolation would be skipped, so none is run',
    )
    return 1
  }
  const kinds: Kind[] = word === undefined ? [KINDS.unit, KINDS.e2e] : [KINDS[word as keyof typeof KINDS]]
  const found = kinds.map(filesOf)
  const empty = kinds.filter((_, index) => found[index]?.length === 0)
  if (empty.length > 0) {
    console.error(`test/run.ts: no test file matches ${empty.flatMap((kind) => kind.globs).join(' ')}`)
    return 1
  }
  const bundle = join(ROOT, 'container/bundle.ts')
  if (
    existsSync(bundle) &&
    spawnSync(process.execPath, [bundle], { stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0
  ) {
    console.error('test/run.ts: container/bundle.ts failed, see above')
    return 1
  }
  // The person's own server must not be what tests talk to.
  for (const name of Object.keys(process.env)) if (name.startsWith('ROPEWAY_')) delete process.env[name]
  const limits = {
    globs: [],
    testMs: Math.max(...kinds.map((kind) => kind.testMs)),
    allMs: kinds.reduce((sum, kind) => sum + kind.allMs, 0),
  }
  const { success, skipped } = await runFiles(found.flat(), limits)
  if (skipped.length > 0 && inCi)
    console.error(`test/run.ts: CI is set and ${skipped.length} tests were not run`)
  return success && !(inCi && skipped.length > 0) ? 0 : 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv[2])
