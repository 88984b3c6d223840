// The TypeScript SDK: any call of the contract by its name, and the common ones as methods.
import type { z } from 'zod'
import { CLIENT_TOKEN_HEADER } from '../api/client-token.ts'
import type { EventPage, EventQuery, JobEvent } from '../api/event.ts'
import type { FlavorList } from '../api/flavor.ts'
import type { ImageCheck } from '../api/image-check.ts'
import type { TrainingJob, TrainingTask } from '../api/job-answer.ts'
import type { SearchRequest, SearchResponse } from '../api/job-search.ts'
import { LOG_HEADERS, type LogPreview, type LogStreams } from '../api/log.ts'
import type { DryRunResponse, EventStream } from '../api/own.ts'
import type { RegistryList, RegistryLoginBody, RegistryTestBody } from '../api/registry.ts'
import { type RouteName, routeOf, routePath } from '../api/routes.ts'
import type { trainingJobRequest } from '../api/training-job.ts'
import { newUuid } from '../lib/id.ts'
import { toApiError, UnexpectedAnswerError } from './api-error.ts'
import type { CallAnswer, CallInput } from './call.ts'
import { type ExecConnection, type ExecHandlers, openExec } from './exec.ts'
import { type FollowItem, type FollowOptions, followJob, type JobState } from './follow.ts'
import type { LogPiece } from './follow-log.ts'
import { type IdentityCalls, identityCalls } from './identity-calls.ts'
import { type LogLine, toLines } from './log-lines.ts'
import { allEvents, allJobs } from './pages.ts'
import { answerOf } from './read-answer.ts'
import { type Connection, SignedTransport, type TransportAnswer } from './signed-transport.ts'

export { ApiError, UnexpectedAnswerError, UnreachableError } from './api-error.ts'

/** `terminal` null: pipes. */
export type ExecWish = {
  readonly command: readonly string[]
  readonly terminal: { readonly columns: number; readonly rows: number } | null
}

/** A create body as one may write it: what has a default may be left out. */
export type CreateBody = z.input<typeof trainingJobRequest>

/** Bytes of one log stream. `next` is where to go on; `end` says that nothing will follow. */
export type LogChunk = {
  readonly bytes: Uint8Array
  readonly offset: number
  readonly next: number
  readonly end: boolean
  /** False when the server has nothing of this log yet. */
  readonly ready: boolean
}

/** One log stream of one task, from `offset`; without `attempt` the present one. `waitS` waits for a first byte, at most 60 s. */
export type LogPlace = {
  readonly task: string
  readonly stream: string
  readonly offset?: number
  readonly limit?: number
  readonly waitS?: number
  readonly attempt?: number
}

type Params = Readonly<Record<string, string>>
type Options = {
  readonly query?: Readonly<Record<string, unknown>> | undefined
  readonly body?: unknown
  readonly clientToken?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Which logs to follow; see FollowOptions. The signal may be left out. */
export type WatchOptions = Omit<FollowOptions, 'signal'> & { readonly signal?: AbortSignal }

/**
 * Talks to one server as one access key. Every method takes an AbortSignal and throws ApiError when the server refuses,
 * UnreachableError when nothing answers, UnexpectedAnswerError when the answer is not the contract's.
 */
export class RopewayClient implements AsyncDisposable {
  readonly #transport: SignedTransport
  readonly #projectId: string
  /** Users, projects, members and access keys. */
  readonly identity: IdentityCalls

  constructor(connection: Connection) {
    this.#transport = new SignedTransport(connection)
    this.#projectId = connection.projectId
    this.identity = identityCalls(this)
  }

  /** Any call of docs/openapi.json by its operationId. Answers the contract's document, checked. */
  async call<N extends RouteName>(
    name: N,
    input: CallInput<N>,
    signal?: AbortSignal,
  ): Promise<CallAnswer<N>> {
    return this.#call(name, input, { signal })
  }

  /**
   * Submits a job; answers the stored document. A lost answer is asked for again without a second job: the request
   * carries a token, a new one unless you give your own.
   */
  create(body: CreateBody, signal?: AbortSignal, clientToken: string = newUuid()): Promise<TrainingJob> {
    return this.#call('createTrainingJob', { body }, { signal, clientToken })
  }

  /** What creating this body would do. Nothing is stored. */
  dryRun(body: CreateBody, signal?: AbortSignal): Promise<DryRunResponse> {
    return this.call('dryRun', { body }, signal)
  }

  show(job: string, signal?: AbortSignal): Promise<TrainingJob> {
    return this.call('showTrainingJob', { params: { job } }, signal)
  }

  /** A page of jobs; `offset` counts pages, as ModelArts does. */
  search(body: Partial<SearchRequest>, signal?: AbortSignal): Promise<SearchResponse> {
    return this.call('searchTrainingJobs', { body }, signal)
  }

  /** All jobs that are found, page after page, each once. */
  jobs(body: Partial<SearchRequest> = {}, signal?: AbortSignal): AsyncGenerator<TrainingJob> {
    return allJobs(this, body, signal)
  }

  async changeDescription(job: string, description: string, signal?: AbortSignal): Promise<void> {
    await this.call('changeDescription', { params: { job }, body: { description } }, signal)
  }

  /** Asks for the stop and returns; the job shows as Terminating until its tasks are gone. */
  terminate(job: string, signal?: AbortSignal): Promise<TrainingJob> {
    const body = { action_type: 'terminate' }
    return this.call('actOnTrainingJob', { params: { job }, body }, signal)
  }

  /** Asks for the deletion and returns; a live job is stopped first. */
  delete(job: string, signal?: AbortSignal): Promise<void> {
    return this.call('deleteTrainingJob', { params: { job } }, signal)
  }

  tasks(job: string, signal?: AbortSignal): Promise<TrainingTask[]> {
    return this.call('listTasks', { params: { job } }, signal)
  }

  events(job: string, query: Partial<EventQuery>, signal?: AbortSignal): Promise<EventPage> {
    return this.call('listEvents', { params: { job }, query }, signal)
  }

  /** All events that are found, oldest first. */
  allEvents(
    job: string,
    query: Partial<Omit<EventQuery, 'offset' | 'order'>> = {},
    signal?: AbortSignal,
  ): AsyncGenerator<JobEvent> {
    return allEvents(this, job, query, signal)
  }

  /** Events after sequence `since` and the job's present state; waits at most `waitS` (60) for something new. */
  streamEvents(job: string, since: number, waitS: number, signal?: AbortSignal): Promise<EventStream> {
    return this.call('streamEvents', { params: { job }, query: { since, wait_s: waitS } }, signal)
  }

  /** Everything that happens to a job, as it happens: events, states, log bytes; the last item is its end. */
  follow(job: string, options: WatchOptions = {}): AsyncGenerator<FollowItem> {
    return followJob(this, job, { signal: new AbortController().signal, ...options })
  }

  /** The job's state now and at each change, until it has ended. */
  async *states(job: string, signal?: AbortSignal): AsyncGenerator<JobState> {
    for await (const item of this.follow(job, { streams: [], ...(signal ? { signal } : {}) }))
      if (item.kind === 'state') yield item.state
  }

  /** Waits until the job has ended; answers its last state. */
  async wait(job: string, signal?: AbortSignal): Promise<JobState> {
    let last: JobState | undefined
    for await (const state of this.states(job, signal)) last = state
    if (last === undefined) throw new UnexpectedAnswerError('streamEvents', 'the job has no state')
    return last
  }

  /** Log bytes of all tasks from the first to the last, as they come. */
  async *logs(job: string, options: WatchOptions = {}): AsyncGenerator<LogPiece> {
    for await (const item of this.follow(job, options)) if (item.kind === 'log') yield item
  }

  /** The same as lines of text. */
  logLines(job: string, options: WatchOptions = {}): AsyncGenerator<LogLine> {
    return toLines(this.logs(job, options))
  }

  /** The tail of a task's log as text; null while there is none. */
  previewLog(job: string, task: string, signal?: AbortSignal): Promise<LogPreview | null> {
    return this.call('previewLog', { params: { job, task } }, signal)
  }

  logStreams(job: string, task: string, signal?: AbortSignal): Promise<LogStreams> {
    return this.call('listLogStreams', { params: { job, task } }, signal)
  }

  /** Raw bytes of a log; see LogPlace and LogChunk. */
  async readLog(job: string, place: LogPlace, signal?: AbortSignal): Promise<LogChunk> {
    const { task, stream, attempt, limit } = place
    const offset = place.offset ?? 0
    const query = { offset, limit, wait_s: place.waitS, attempt }
    const { status, headers, body } = await this.#send('readLog', { job, task, stream }, { query, signal })
    const number = (name: string, otherwise: number) => {
      const value = headers[name.toLowerCase()]
      return value !== undefined && /^\d+$/.test(value) ? Number(value) : otherwise
    }
    const start = number(LOG_HEADERS.offset, offset)
    return {
      bytes: body,
      offset: start,
      next: number(LOG_HEADERS.next, start + body.length),
      end: headers[LOG_HEADERS.end.toLowerCase()] === 'true',
      ready: status !== 204,
    }
  }

  flavors(signal?: AbortSignal): Promise<FlavorList> {
    return this.call('listFlavors', {}, signal)
  }

  registries(signal?: AbortSignal): Promise<RegistryList> {
    return this.call('listRegistries', {}, signal)
  }

  putRegistry(
    registry: string,
    login: { user_name: string; password: string },
    signal?: AbortSignal,
  ): Promise<RegistryLoginBody> {
    return this.call('putRegistry', { params: { registry }, body: login }, signal)
  }

  async deleteRegistry(registry: string, signal?: AbortSignal): Promise<void> {
    await this.call('deleteRegistry', { params: { registry } }, signal)
  }

  /** Asks the registry itself; with `image`, whether that can be pulled. */
  testRegistry(registry: string, image: string | null, signal?: AbortSignal): Promise<RegistryTestBody> {
    return this.call('testRegistry', { params: { registry }, body: { image } }, signal)
  }

  /** Will an image run here? Waits at most `waitS` for the answer; asking again goes on waiting for the same check. */
  checkImage(image: string, waitS: number, signal?: AbortSignal): Promise<ImageCheck> {
    return this.call('checkImage', { body: { image, wait_s: waitS } }, signal)
  }

  /** Runs a command in a task; an empty one is the image's shell. Throws ApiError when that is refused. */
  exec(
    job: string,
    task: string,
    request: ExecWish,
    handlers: ExecHandlers,
    signal?: AbortSignal,
  ): Promise<ExecConnection> {
    const path = routePath('execInTask', { project: this.#projectId, job, task })
    const query = { command: JSON.stringify(request.command), ...request.terminal }
    const { url, headers } = this.#transport.signUpgrade(path, query)
    return openExec(url, headers, handlers, signal)
  }

  async #call<N extends RouteName>(
    name: N,
    input: CallInput<N>,
    options: Pick<Options, 'signal' | 'clientToken'>,
  ): Promise<CallAnswer<N>> {
    const { params = {}, query, body } = input as { params?: Params } & Options
    return answerOf(name, await this.#send(name, params, { query, body, ...options })) as CallAnswer<N>
  }

  async #send(
    name: RouteName,
    params: Params,
    { query = {}, body, clientToken, signal }: Options,
  ): Promise<TransportAnswer> {
    const { method, reads } = routeOf(name)
    const path = routePath(name, { ...params, project: this.#projectId })
    // A PUT says what is to be, and a create with a token is done once: repeating either comes to the same.
    const repeatable = method === 'GET' || method === 'PUT' || reads === true || clientToken !== undefined
    const headers = clientToken === undefined ? {} : { [CLIENT_TOKEN_HEADER.toLowerCase()]: clientToken }
    const answer = await this.#transport.send(
      { method, path, query: textOf(query), body, headers, repeatable },
      signal,
    )
    if (answer.status >= 200 && answer.status < 300) return answer
    throw toApiError(answer.status, Buffer.from(answer.body).toString('utf8'), answer.headers['x-request-id'])
  }

  /** Closes the connections; calls under way fail. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#transport[Symbol.asyncDispose]()
  }
}

const textOf = (query: Readonly<Record<string, unknown>>): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, value === undefined ? undefined : String(value)]),
  )
