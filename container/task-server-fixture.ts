// For tests and benches: the server's end of task.sock, enough of S3 included.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { HelloResponse, OutputStaging, ReportRequest, TaskReport } from '../src/api/task.ts'
import { ChangeSignal } from '../src/lib/signal.ts'
import { until } from './launcher-fixture.ts'

/** An output that is sent at the end only, in tests at least. */
export const output = (
  name: string,
  url: string,
  localDir: string,
  more: Partial<OutputStaging> = {},
): OutputStaging => ({ name, url, local_dir: localDir, prefetch: false, sync_s: 3600, ...more })

export type Hello = Partial<HelloResponse> & Pick<HelloResponse, 'command'>

/** The server's end of task.sock, with its state outside of the listener, so that it can go away and come back. */
export class TestServer implements AsyncDisposable {
  readonly socketPath: string
  readonly logs = new Map<string, Buffer>()
  readonly reports: TaskReport[] = []
  readonly objects = new Map<string, Buffer>()
  /** Keys in the order they were stored in. */
  readonly stored: string[] = []
  readonly appends: { stream: string; offset: number; status: number }[] = []
  readonly changed = new ChangeSignal()
  table = { version: 0, text: '' }
  /** Tampers with an append: what it returns is answered instead of taking the bytes as they are. */
  onAppend: (stream: string, offset: number, bytes: Buffer) => 'take' | 'cut' | 'take-and-cut' = () => 'take'
  /** Requests `METHOD bucket/key` that are refused. */
  refuseObjects: RegExp | null = null
  readonly #hello: HelloResponse
  #sequences = new Set<number>()
  #server: Server | null = null

  constructor(dir: string, hello: Hello) {
    this.socketPath = join(dir, 'task.sock')
    this.#hello = {
      protocol: 1,
      job_id: 'j',
      job_name: 'job',
      attempt: 1,
      task: 'worker-0',
      generation: 1,
      working_dir: dir,
      environment: {},
      secret_names: [],
      code: null,
      inputs: [],
      outputs: [],
      log_folders: null,
      task_count: 1,
      s3_buckets: null,
      rank_table_dir: null,
      rank_table_timeout_s: 30,
      grace_s: 5,
      spool_limit_bytes: 1 << 30,
      log_file: join(dir, 'log', 'train.log'),
      ...hello,
    }
  }

  async listen(): Promise<this> {
    rmSync(this.socketPath, { force: true })
    const server = createServer((request, response) => void this.#answer(request, response))
    this.#server = server
    server.listen(this.socketPath)
    await once(server, 'listening')
    return this
  }

  /** As a kill -9 looks from outside: connections break, nothing listens. */
  async away(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = null
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  setTable(text: string): void {
    this.table = { version: this.table.version + 1, text }
    this.changed.notify('table')
  }

  text(stream = 'task'): string {
    return (this.logs.get(stream) ?? Buffer.alloc(0)).toString()
  }

  /** Resolves once a stream's text matches. */
  async saw(pattern: RegExp, stream = 'task'): Promise<void> {
    await until(
      () => pattern.test(this.text(stream)),
      this.changed,
      'logs',
      () => this.text(stream).slice(-2000),
    )
  }

  /** Resolves once an object holds this text. */
  async holds(name: string, text: string): Promise<void> {
    await until(
      () => this.objects.get(name)?.toString() === text,
      this.changed,
      'objects',
      () => [...this.objects].map(([key, bytes]) => `${key}: ${bytes.toString().slice(0, 100)}`).join('\n'),
    )
  }

  async reported(test: (report: TaskReport) => boolean): Promise<TaskReport> {
    await until(
      () => this.reports.some(test),
      this.changed,
      'reports',
      () => JSON.stringify(this.reports),
    )
    return this.reports.find(test)!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.changed.notify('table')
    await this.away()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://task')
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      return
    }
    const body = Buffer.concat(chunks)
    const json = (status: number, value: unknown) => response.writeHead(status).end(JSON.stringify(value))
    if (url.pathname.endsWith('/hello')) json(200, this.#hello)
    else if (url.pathname.endsWith('/rank-table')) {
      const version = Number(url.searchParams.get('version'))
      if (this.table.version <= version)
        await this.changed.wait('table', Number(url.searchParams.get('wait_s')) * 1000)
      json(200, this.table)
    } else if (url.pathname.endsWith('/logs')) this.#append(url, body, response, json)
    else if (url.pathname.endsWith('/reports')) {
      const report = JSON.parse(body.toString()) as ReportRequest
      if (!this.#sequences.has(report.sequence)) this.reports.push(report.report)
      this.#sequences.add(report.sequence)
      json(200, {})
      this.changed.notify('reports')
    } else this.#object(request.method ?? '', url, body, response)
  }

  #append(
    url: URL,
    body: Buffer,
    response: ServerResponse,
    json: (status: number, value: unknown) => void,
  ): void {
    const stream = url.searchParams.get('stream') ?? ''
    const offset = Number(url.searchParams.get('offset'))
    const have = this.logs.get(stream) ?? Buffer.alloc(0)
    const fits = offset === have.length
    this.appends.push({ stream, offset, status: fits ? 200 : 409 })
    const verdict = fits ? this.onAppend(stream, offset, body) : 'take'
    if (fits && verdict !== 'cut') this.logs.set(stream, Buffer.concat([have, body]))
    if (verdict === 'take') json(fits ? 200 : 409, { length: this.logs.get(stream)?.length ?? 0 })
    else response.destroy()
    this.changed.notify('logs')
  }

  /** Just enough of S3: list by prefix, get, head, put, delete. Keys of `objects` are `bucket/key`. */
  #object(method: string, url: URL, body: Buffer, response: ServerResponse): void {
    const name = decodeURIComponent(url.pathname.slice(1)).replace(/\/$/, (slash) =>
      url.search ? '' : slash,
    )
    const refuse = (status: number, code: string) =>
      response.writeHead(status).end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`)
    if (this.refuseObjects?.test(`${method} ${name}`)) return void refuse(403, 'AccessDenied')
    if (method === 'PUT') {
      this.objects.set(name, body)
      this.stored.push(name)
      this.changed.notify('objects')
      return void response.writeHead(200, { etag: `"${name.length}"` }).end()
    }
    if (method === 'DELETE') {
      this.objects.delete(name)
      return void response.writeHead(204).end()
    }
    const found = this.objects.get(name)
    if (found && method !== 'PUT') {
      const headers = {
        'content-length': found.length,
        etag: '"e"',
        'last-modified': new Date(0).toUTCString(),
      }
      const range = /bytes=(\d+)-(\d+)/.exec(String(request(response).headers['range'] ?? ''))
      const [from, to] = range
        ? [Number(range[1]), Math.min(Number(range[2]) + 1, found.length)]
        : [0, found.length]
      const part = found.subarray(from, to)
      const rangeHeaders = range
        ? { 'content-range': `bytes ${from}-${to - 1}/${found.length}`, 'content-length': part.length }
        : {}
      return void response
        .writeHead(range ? 206 : 200, { ...headers, ...rangeHeaders })
        .end(method === 'HEAD' ? undefined : part)
    }
    if (url.searchParams.has('prefix')) return void response.writeHead(200).end(this.#list(name, url))
    refuse(404, 'NoSuchKey')
  }

  #list(bucket: string, url: URL): string {
    const prefix = url.searchParams.get('prefix') ?? ''
    const delimiter = url.searchParams.get('delimiter')
    const keys = [...this.objects.keys()].filter((name) => name.startsWith(`${bucket}/${prefix}`)).sort()
    const folders = new Set<string>()
    const contents = keys.flatMap((name) => {
      const key = name.slice(bucket.length + 1)
      const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1
      if (cut >= 0) folders.add(key.slice(0, cut + 1))
      const size = this.objects.get(name)!.length
      return cut >= 0
        ? []
        : [
            `<Contents><Key>${key}</Key><Size>${size}</Size><ETag>"e"</ETag><LastModified>${new Date(0).toISOString()}</LastModified></Contents>`,
          ]
    })
    const prefixes = [...folders].map(
      (folder) => `<CommonPrefixes><Prefix>${folder}</Prefix></CommonPrefixes>`,
    )
    return `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}${prefixes.join('')}</ListBucketResult>`
  }
}

const request = (response: ServerResponse): IncomingMessage => response.req
