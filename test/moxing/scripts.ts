// Runs scripts against moxing and the real object server, each with a prefix and a local folder of its own.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ObjectService, startObjects } from './objects.ts'
import { type Ended, python } from './python.ts'

/** A script that prints one JSON value with `tell`. */
export type Case = { title: string; script: string; tells: unknown }

/** What every script may use besides `f`, the file API. */
const HELPERS = `
def put(root, *names):
    for name in names:
        if root.startswith('obs://'):
            f.write(root + '/' + name, name)
        else:
            os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
            with open(os.path.join(root, name), 'w') as file:
                file.write(name)
def tree(root):
    return sorted(os.path.relpath(os.path.join(at, name), root) for at, _, names in os.walk(root) for name in names)
def raised(function, *args, **more):
    try:
        function(*args, **more)
    except Exception as error:
        return [c.__name__ for c in type(error).__mro__ if c.__name__ not in ('object', 'BaseException')]
    return 'nothing'
def tell(value):
    print(json.dumps(value, ensure_ascii=False))
`

/** A store with the bucket `box`, and the scripts that use it. */
export class Scripts implements AsyncDisposable {
  readonly dir: string
  readonly objects: ObjectService
  #count = 0

  constructor(dir: string, objects: ObjectService) {
    this.dir = dir
    this.objects = objects
  }

  /** Runs a script that knows `base` (a URL of its own) and `here` (a folder of its own); fails when the script fails. */
  async run(script: string, onStderr?: (text: string) => void): Promise<Ended & { here: string }> {
    this.#count += 1
    const here = join(this.dir, `case-${this.#count}`)
    await mkdir(here)
    const setting = `base, here = 'obs://box/case-${this.#count}', ${JSON.stringify(here)}\n`
    const ended = await python(
      setting + HELPERS + script,
      { ROPEWAY_TASK_SOCKET: this.objects.socket },
      onStderr,
    )
    assert.equal(ended.code, 0, ended.stderr)
    return { ...ended, here }
  }

  /** Runs a case of a table: nothing but its value may be printed. */
  async check({ script, tells }: Case): Promise<void> {
    const ended = await this.run(script)
    assert.deepEqual(JSON.parse(ended.stdout), tells)
    assert.equal(ended.stderr, '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.objects.stop()
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** Starts a server in a new temporary folder. */
export async function openScripts(): Promise<Scripts> {
  const dir = await mkdtemp(join(tmpdir(), 'mox-'))
  return new Scripts(dir, await startObjects(dir, ['box']))
}
