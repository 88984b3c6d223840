// Huawei Cloud's own Python SDK as a child process (bridge.py), with a home folder of its own: it writes into it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '..', '..')
const PYTHON = join(ROOT, '.cache/modelarts-sdk/bin/python')

/** Where the client connects, in the words of bridge.py. */
export type SdkConnection = {
  readonly endpoint: string
  readonly ak: string
  readonly sk: string
  /** Without one the SDK asks IAM, which needs a region. */
  readonly project?: string
  /** Of a temporary key. */
  readonly token?: string
  readonly region?: string
  readonly iam?: string
}
export type SdkAnswer = {
  readonly ok: boolean
  /** The request as it went out and the answer as it came in. */
  readonly method?: string
  readonly url?: string
  readonly sent?: string | null
  readonly status?: number
  readonly raw?: string
  /** The SDK's model of the answer, as JSON again. */
  readonly answer?: unknown
  readonly error?: {
    readonly class: string
    readonly status: number
    readonly code: string
    readonly message: string
    readonly request_id: string
  }
}
export type SdkOperation = {
  readonly method: string
  readonly path: string
  /** Wire name of each parameter and its type; `body` is one of them. */
  readonly request: Readonly<Record<string, string>>
  readonly response: string
}
export type SdkDescription = {
  readonly operations: Readonly<Record<string, SdkOperation>>
  /** Fields of each model: wire name and type. */
  readonly models: Readonly<Record<string, Readonly<Record<string, string>>>>
}

export class PythonSdk implements AsyncDisposable {
  readonly #home = mkdtempSync(join(tmpdir(), 'rw-sdk-'))
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #last: Promise<unknown> = Promise.resolve()

  constructor() {
    if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing; run "scripts/setup.sh test"`)
    this.#child = spawn(PYTHON, [join(import.meta.dirname, 'bridge.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] ?? '', HOME: this.#home, PYTHONWARNINGS: 'ignore' },
    })
    if (!this.#child.stdout) throw new Error('bridge.py has no output')
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  describe(): Promise<SdkDescription> {
    return this.#ask({ describe: true }) as Promise<SdkDescription>
  }

  async connect(connection: SdkConnection): Promise<void> {
    await this.#ask({ connect: connection })
  }

  call(name: string, params: Readonly<Record<string, unknown>> = {}, body?: unknown): Promise<SdkAnswer> {
    return this.#ask({ call: name, params, ...(body === undefined ? {} : { body }) }) as Promise<SdkAnswer>
  }

  /** One question at a time: the next waits for the answer to the last. */
  #ask(question: object): Promise<unknown> {
    const answer = this.#last.then(async () => {
      this.#child.stdin?.write(`${JSON.stringify(question)}\n`)
      const line = await this.#lines.next()
      if (line.done) throw new Error('bridge.py ended; what it said is above')
      return JSON.parse(line.value) as unknown
    })
    this.#last = answer.catch(() => undefined)
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end()
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    rmSync(this.#home, { recursive: true, force: true })
  }
}
