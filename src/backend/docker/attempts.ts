// What an attempt needs before its first container: the image resolved once, a network, an address for every host.
import { AppError } from '../../api/error.ts'
import type { JobPlan, Tell } from '../../job/ports.ts'
import { type AttemptRecord, AttemptRecords } from './attempt-record.ts'
import { asUnreachable } from './engine.ts'
import type { ImagePuller, RegistryAuth, ResolvedImage } from './image.ts'
import { attemptLabels, attemptName } from './labels.ts'
import type { Networks } from './networks.ts'
import type { DockerMachine, DockerRequest } from './plan.ts'
import { contains, formatSubnet, parseSubnet, taskAddresses } from './subnets.ts'

export type AttemptParts = {
  readonly socket: string
  readonly machine: DockerMachine
  readonly networks: Networks
  readonly images: Pick<ImagePuller, 'ensure'>
  /** The login of a project for the registry of an image. */
  readonly credentials: (projectId: string, image: string) => Promise<RegistryAuth | null>
}

/** Names of `process.arch` as images have them. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

export class Attempts {
  readonly records: AttemptRecords
  readonly #parts: AttemptParts
  #shared = new Set<string>()

  constructor(parts: AttemptParts) {
    this.#parts = parts
    this.records = new AttemptRecords(parts.machine.tasksDir)
  }

  async open(): Promise<void> {
    await this.records.open()
    this.#shared = await this.records.sharedAddresses()
  }

  /** The record of the plan's attempt, made or completed. Throws AppError for an image that cannot be had. */
  async ensure(plan: JobPlan, tell: Tell, signal: AbortSignal): Promise<AttemptRecord> {
    const name = attemptName(plan)
    const requests = plan.tasks.map(({ request }) => request as DockerRequest)
    const [first] = requests
    if (first === undefined) throw new AppError('Internal', `The plan of job ${plan.jobId} has no task`)
    const before = await this.records.read(name)
    if (before !== null && before.jobId !== plan.jobId)
      throw new AppError(
        'Internal',
        `The names of job ${plan.jobId} are those of job ${before.jobId}; delete that job first`,
      )
    const image = before?.image ?? (await this.#resolve(first, tell, signal))
    const placed = await this.#place(plan, requests, before, signal)
    const record = { jobId: plan.jobId, attempt: plan.attempt, image, ...placed }
    if (JSON.stringify(record) === JSON.stringify(before)) return record
    try {
      await this.records.write(name, record)
    } catch (error) {
      // What no record holds, nobody would ever give back.
      this.#giveBack(record, before)
      throw error
    }
    return record
  }

  /** The last step of removing an attempt: its address may be given away. */
  async forget(name: string): Promise<void> {
    const record = await this.records.read(name)
    await this.records.remove(name)
    if (record !== null) this.#giveBack(record, null)
  }

  /** Addresses of the shared network that the one record has and the other, which is still there, has not. */
  #giveBack({ network, addresses }: AttemptRecord, kept: AttemptRecord | null): void {
    if (network?.kind !== 'shared') return
    const stay = Object.values(kept?.addresses ?? {})
    for (const address of Object.values(addresses)) if (!stay.includes(address)) this.#shared.delete(address)
  }

  async #resolve(
    { image, projectId, pullPolicy }: DockerRequest,
    tell: Tell,
    signal: AbortSignal,
  ): Promise<ResolvedImage> {
    const { images, credentials, socket } = this.#parts
    const auth = await credentials(projectId, image)
    const found = await images.ensure({ image, pullPolicy, auth }, tell, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      throw asUnreachable(socket, error)
    })
    const wanted = ARCHITECTURES[process.arch]
    if (wanted !== undefined && found.architecture !== '' && found.architecture !== wanted)
      throw new AppError(
        'ImageNotFound',
        `The image ${JSON.stringify(image)} is made for ${found.architecture}; this machine runs ${wanted}`,
      )
    if (found.entrypoint.length > 0)
      tell({
        level: 'Info',
        source: 'Job',
        reason: 'EntrypointReplaced',
        message: `The ENTRYPOINT of the image (${found.entrypoint.join(' ').slice(0, 200)}) is not run: the job's command takes its place.`,
      })
    return found
  }

  async #place(
    plan: JobPlan,
    requests: readonly DockerRequest[],
    before: AttemptRecord | null,
    signal: AbortSignal,
  ): Promise<Pick<AttemptRecord, 'network' | 'addresses'>> {
    const { networks, machine } = this.#parts
    const kind = requests[0]?.network.kind ?? 'host'
    const leaders = [...new Set(requests.map(({ network }) => network.addressOf))]
    switch (kind) {
      case 'host':
        return {
          network: null,
          addresses: Object.fromEntries(
            requests.map(({ network }) => [network.addressOf, network.hostAddress]),
          ),
        }
      case 'shared': {
        const { name, subnet } = await networks.ensureShared(signal)
        const network = { name, subnet: formatSubnet(subnet), kind }
        const had = Object.values(before?.addresses ?? {})[0]
        const address =
          had !== undefined && contains(subnet, had) ? had : this.#takeShared(taskAddresses(subnet))
        return { network, addresses: Object.fromEntries(leaders.map((task) => [task, address])) }
      }
      case 'own': {
        const had = before?.network?.kind === 'own' ? parseSubnet(before.network.subnet) : null
        const labels = attemptLabels(machine.instanceId, plan)
        const { name, subnet } = await networks.ensureOwn(
          attemptName(plan),
          labels,
          leaders.length,
          had,
          signal,
        )
        const network = { name, subnet: formatSubnet(subnet), kind }
        const free = taskAddresses(subnet)
        return {
          network,
          addresses: Object.fromEntries(leaders.map((task) => [task, free.next().value ?? ''])),
        }
      }
    }
  }

  #takeShared(candidates: Iterable<string>): string {
    for (const address of candidates)
      if (!this.#shared.has(address)) {
        this.#shared.add(address)
        return address
      }
    throw new AppError(
      'BackendUnavailable',
      `Every address of the network of one-task jobs is taken: ${this.#shared.size} of them are running or starting; wait until one ends`,
    )
  }
}
