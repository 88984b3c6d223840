// Runs scripts against moxing and the real object server, each with a prefix and a local folder of its own; files are
// moved by a launcher, as in a task, or by the script's own process.
import assert from 'node:assert/strict'
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openInnerSocket } from '../../src/launcher/inner-socket.ts'
import { openObjects } from '../../src/launcher/object-transfer.ts'
import { type ObjectService, startObjects } from './objects.ts'
import { type Ended, type PythonOptions, python } from './python.ts'

/** A script that prints one JSON value with `tell`. */
export type Case = { title: string; script: string; tells: unknown }
/** `bare`: not as in a task. */
export type ScriptOptions = PythonOptions & { readonly bare?: boolean }
/** Who moves files. */
export type Mover = 'launcher' | 'script'
export const MOVERS: readonly Mover[] = ['launcher', 'script']

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
  readonly environment: Record<string, string>
  /** How often the launcher was asked to move files. */
  moves = 0
  onMove: () => void = () => undefined
  readonly #launcher: AsyncDisposableStack
  #count = 0

  private constructor(dir: string, objects: ObjectService, environment: Record<string, string>) {
    this.dir = dir
    this.objects = objects
    this.environment = environment
    this.#launcher = new AsyncDisposableStack()
  }

  /**
   * Starts a server in a new temporary folder, and a launcher's inner socket when that is to move the files: for `uid`,
   * as a task's.
   */
  static async open(mover: Mover = 'script', uid?: number): Promise<Scripts> {
    const dir = await mkdtemp(join(tmpdir(), 'mox-'))
    await chmod(dir, 0o777)
    const objects = await startObjects(dir, ['box'])
    await chmod(objects.socket, 0o666)
    const path = join(dir, 'l.sock')
    const environment = {
      ROPEWAY_TASK_SOCKET: objects.socket,
      ...(mover === 'launcher' ? { ROPEWAY_LAUNCHER_SOCKET: path } : {}),
    }
    const scripts = new Scripts(dir, objects, environment)
    if (mover === 'launcher') {
      const { move } = openObjects(objects.socket)
      const counted: typeof move = (...args) => {
        scripts.moves += 1
        scripts.onMove()
        return move(...args)
      }
      const silent = { append: () => undefined, tell: () => undefined, environment: {} }
      scripts.#launcher.use(await openInnerSocket({ path, move: counted, ...silent }))
      if (uid !== undefined) await chown(path, uid, uid)
    }
    return scripts
  }

  /** Runs a script that knows `base` (a URL of its own) and `here` (a folder of its own); fails when the script fails. */
  async run(script: string, options: ScriptOptions = {}): Promise<Ended & { here: string }> {
    this.#count += 1
    const here = join(this.dir, `case-${this.#count}`)
    await mkdir(here, { mode: 0o777 })
    await chmod(here, 0o777)
    const setting = `base, here = 'obs://box/case-${this.#count}', ${JSON.stringify(here)}\n`
    const env = options.bare ? { ...options.env } : { ...this.environment, ...options.env }
    const ended = await python(setting + HELPERS + script, { ...options, env })
    assert.equal(ended.code, 0, ended.stderr)
    return { ...ended, here }
  }

  /** Runs a case of a table: nothing but its value may be printed. */
  async check({ script, tells }: Case, options: ScriptOptions = {}): Promise<void> {
    const ended = await this.run(script, options)
    assert.deepEqual(JSON.parse(ended.stdout), tells)
    assert.equal(ended.stderr, '')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#launcher.disposeAsync()
    await this.objects.stop()
    await rm(this.dir, { recursive: true, force: true })
  }
}
