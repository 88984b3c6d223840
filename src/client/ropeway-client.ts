// The TypeScript SDK: one typed method per route of the contract.
import { z } from 'zod'
import { CLIENT_TOKEN_HEADER } from '../api/client-token.ts'
import { type EventPage, type EventQuery, eventPage } from '../api/event.ts'
import { type FlavorList, flavorList } from '../api/flavor.ts'
import { type ImageCheck, imageCheck } from '../api/image-check.ts'
import { type TrainingJob, type TrainingTask, trainingJob, trainingTask } from '../api/job-answer.ts'
import { type SearchRequest, type SearchResponse, searchResponse } from '../api/job-search.ts'
import { LOG_HEADERS, type LogPreview, type LogStreams, logPreview, logStreams } from '../api/log.ts'
import { type DryRunResponse, dryRunResponse, type EventStream, eventStream } from '../api/own.ts'
import {
  type RegistryList,
  type RegistryLoginBody,
  type RegistryTestBody,
  registryList,
  registryLogin,
  registryTest,
} from '../api/registry.ts'
import { type RouteName, routeOf, routePath } from '../api/routes.ts'
import type { trainingJobRequest } from '../api/training-job.ts'
import { newUuid } from '../lib/id.ts'
import { toApiError, UnexpectedAnswerError } from './api-error.ts'
import { type ExecConnection, type ExecHandlers, openExec } from './exec.ts'
import { type IdentityCalls, identityCalls } from './identity-calls.ts'
import { type Connection, SignedTransport, type TransportAnswer } from './signed-transport.ts'

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
  query?: Record<string, string | number | undefined>
  body?: unknown
  headers?: Readonly<Record<string, string>>
  signal?: AbortSignal | undefined
}

/**
 * Talks to one server as one access key. Every method takes an AbortSignal last and throws ApiError when the server
 * refuses, UnreachableError when nothing answers, UnexpectedAnswerError when the answer is not the contract's.
 */
export class RopewayClient implements AsyncDisposable {
  readonly #transport: SignedTransport
  readonly #projectId: string
  /** Users, projects, members and access keys. */
  readonly identity: IdentityCalls

  constructor(connection: Connection) {
    this.#transport = new SignedTransport(connection)
    this.#projectId = connection.projectId
    this.identity = identityCalls(async (name, params, schema, options) => {
      const answer = await this.#send(name, params, options)
      return schema === null ? (undefined as never) : parse(name, answer, schema)
    })
  }

  /** Submits a job; answers the stored document. One call makes one job, also when its answer is lost on the way. */
  create(body: CreateBody, signal?: AbortSignal): Promise<TrainingJob> {
    const headers = { [CLIENT_TOKEN_HEADER.toLowerCase()]: newUuid() }
    return this.#json('createTrainingJob', {}, trainingJob, { body, headers, signal })
  }

  /** What creating this body would do. Nothing is stored. */
  dryRun(body: CreateBody, signal?: AbortSignal): Promise<DryRunResponse> {
    return this.#json('dryRun', {}, dryRunResponse, { body, signal })
  }

  show(job: string, signal?: AbortSignal): Promise<TrainingJob> {
    return this.#json('showTrainingJob', { job }, trainingJob, { signal })
  }

  /** A page of jobs; `offset` counts pages, as ModelArts does. */
  search(body: Partial<SearchRequest>, signal?: AbortSignal): Promise<SearchResponse> {
    return this.#json('searchTrainingJobs', {}, searchResponse, { body, signal })
  }

  async changeDescription(job: string, description: string, signal?: AbortSignal): Promise<void> {
    await this.#send('changeDescription', { job }, { body: { description }, signal })
  }

  /** Asks for the stop and returns; the job shows as Terminating until its tasks are gone. */
  terminate(job: string, signal?: AbortSignal): Promise<TrainingJob> {
    return this.#json('actOnTrainingJob', { job }, trainingJob, {
      body: { action_type: 'terminate' },
      signal,
    })
  }

  /** Asks for the deletion and returns; a live job is stopped first. */
  async delete(job: string, signal?: AbortSignal): Promise<void> {
    await this.#send('deleteTrainingJob', { job }, { signal })
  }

  tasks(job: string, signal?: AbortSignal): Promise<TrainingTask[]> {
    return this.#json('listTasks', { job }, z.array(trainingTask), { signal })
  }

  events(job: string, query: Partial<EventQuery>, signal?: AbortSignal): Promise<EventPage> {
    return this.#json('listEvents', { job }, eventPage, { query, signal })
  }

  /** Events after sequence `since` and the job's present state; waits at most `waitS` (60) for something new. */
  streamEvents(job: string, since: number, waitS: number, signal?: AbortSignal): Promise<EventStream> {
    return this.#json('streamEvents', { job }, eventStream, { query: { since, wait_s: waitS }, signal })
  }

  /** The tail of a task's log as text; null while there is none. */
  async previewLog(job: string, task: string, signal?: AbortSignal): Promise<LogPreview | null> {
    const answer = await this.#send('previewLog', { job, task }, { signal })
    return answer.status === 204 ? null : parse('previewLog', answer, logPreview)
  }

  logStreams(job: string, task: string, signal?: AbortSignal): Promise<LogStreams> {
    return this.#json('listLogStreams', { job, task }, logStreams, { signal })
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
    return this.#json('listFlavors', {}, flavorList, { signal })
  }

  registries(signal?: AbortSignal): Promise<RegistryList> {
    return this.#json('listRegistries', {}, registryList, { signal })
  }

  putRegistry(
    registry: string,
    login: { user_name: string; password: string },
    signal?: AbortSignal,
  ): Promise<RegistryLoginBody> {
    return this.#json('putRegistry', { registry }, registryLogin, { body: login, signal })
  }

  async deleteRegistry(registry: string, signal?: AbortSignal): Promise<void> {
    await this.#send('deleteRegistry', { registry }, { signal })
  }

  /** Asks the registry itself; with `image`, whether that can be pulled. */
  testRegistry(registry: string, image: string | null, signal?: AbortSignal): Promise<RegistryTestBody> {
    return this.#json('testRegistry', { registry }, registryTest, { body: { image }, signal })
  }

  /** Will an image run here? Waits at most `waitS` for the answer; asking again goes on waiting for the same check. */
  checkImage(image: string, waitS: number, signal?: AbortSignal): Promise<ImageCheck> {
    return this.#json('checkImage', {}, imageCheck, { body: { image, wait_s: waitS }, signal })
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

  async #json<T>(name: RouteName, params: Params, schema: z.ZodType<T>, options: Options): Promise<T> {
    return parse(name, await this.#send(name, params, options), schema)
  }

  async #send(
    name: RouteName,
    params: Params,
    { query = {}, body, headers, signal }: Options,
  ): Promise<TransportAnswer> {
    const { method, reads } = routeOf(name)
    const path = routePath(name, { ...params, project: this.#projectId })
    const repeatable = method === 'GET' || reads === true || headers !== undefined
    const answer = await this.#transport.send({ method, path, query, body, headers, repeatable }, signal)
    if (answer.status >= 200 && answer.status < 300) return answer
    throw toApiError(answer.status, Buffer.from(answer.body).toString('utf8'), answer.headers['x-request-id'])
  }

  /** Closes the connections; calls under way fail. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#transport[Symbol.asyncDispose]()
  }
}

function parse<T>(name: RouteName, answer: TransportAnswer, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(answer.body).toString('utf8'))
  } catch {
    throw new UnexpectedAnswerError(name, 'the body is not JSON')
  }
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const issue = read.error.issues[0]
  throw new UnexpectedAnswerError(name, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unknown'}`)
}
