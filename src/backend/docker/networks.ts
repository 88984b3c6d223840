// The networks of jobs: one that all one-task jobs share, and one per attempt for the others, cut from the site's range
// where neither the engine nor this machine has anything yet (decisions.md 1.14).
import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { AppError } from '../../api/error.ts'
import { orAborted } from '../../lib/abort.ts'
import { act, type Engine, inspectContainer, isNotFound, look, statusOf, wordsOf } from './engine.ts'
import { LABEL } from './labels.ts'
import {
  firstFree,
  formatSubnet,
  gatewayOf,
  overlaps,
  parseSubnet,
  prefixFor,
  type Subnet,
} from './subnets.ts'

export type NetworkOptions = {
  readonly instanceId: string
  /** IPv4 range in CIDR form. */
  readonly range: string
  /** true: no way out. */
  readonly internal: boolean
}

export type JobNetwork = { readonly name: string; readonly subnet: Subnet }

/** A Linux bridge has 1024 ports. */
const SHARED_TASKS = 1000
const TRIES = 20
const TAKEN_WORDS = /overlap|already (used|in use|exists|being used)|conflict/i

export class Networks {
  readonly #engine: Engine
  readonly #options: NetworkOptions
  readonly #range: Subnet
  #turn: Promise<unknown> = Promise.resolve()

  /** Throws AppError InvalidParam for a range that is none. */
  constructor(engine: Engine, options: NetworkOptions) {
    const range = parseSubnet(options.range)
    if (range === null)
      throw new AppError(
        'InvalidParam',
        `docker.network_range is ${JSON.stringify(options.range)}; valid: an IPv4 range such as "10.212.0.0/16"`,
      )
    this.#engine = engine
    this.#options = options
    this.#range = range
  }

  /** The network of all one-task jobs of this server; stays for the next ones. */
  ensureShared(signal: AbortSignal): Promise<JobNetwork> {
    const { instanceId } = this.#options
    const labels = { [LABEL.instance]: instanceId, [LABEL.role]: 'shared' }
    return this.#inTurn(
      () => this.#ensure(`ropeway-${instanceId}`, labels, prefixFor(SHARED_TASKS), null, signal),
      signal,
    )
  }

  /** The network of one attempt; with `subnet` it is made again where it was. */
  ensureOwn(
    name: string,
    labels: Readonly<Record<string, string>>,
    tasks: number,
    subnet: Subnet | null,
    signal: AbortSignal,
  ): Promise<JobNetwork> {
    return this.#inTurn(() => this.#ensure(name, labels, prefixFor(tasks), subnet, signal), signal)
  }

  /** One at a time: two networks cut at once would get the same piece. */
  #inTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return orAborted(turn, signal)
  }

  async #ensure(
    name: string,
    labels: Readonly<Record<string, string>>,
    prefix: number,
    wanted: Subnet | null,
    signal: AbortSignal,
  ): Promise<JobNetwork> {
    const found = await this.#find(name, signal)
    if (found !== null) return found
    const refused: Subnet[] = []
    for (let tries = 0; tries < TRIES; tries++) {
      const taken = [...(await this.#taken(signal)), ...refused]
      const again = wanted !== null && !taken.some((other) => overlaps(wanted, other))
      const subnet = again ? wanted : firstFree(this.#range, prefix, taken)
      if (subnet === null) break
      if (await this.#create(name, labels, subnet, signal)) return { name, subnet }
      refused.push(subnet)
      const other = await this.#find(name, signal)
      if (other !== null) return other
    }
    throw new AppError(
      'BackendUnavailable',
      `No subnet of /${prefix} is free in docker.network_range ${this.#options.range} on this engine and machine; give a larger or another range`,
    )
  }

  /** Ours by that name. Throws AppError BackendUnavailable when somebody else has the name. */
  async #find(name: string, signal: AbortSignal): Promise<JobNetwork | null> {
    const { docker } = this.#engine
    try {
      const info = await look(this.#engine, () => docker.getNetwork(name).inspect(), signal)
      if (info.Labels?.[LABEL.instance] !== this.#options.instanceId)
        throw new AppError(
          'BackendUnavailable',
          `The network ${name} is there but was not made by this server; remove it`,
        )
      const subnet = (info.IPAM?.Config ?? [])
        .map(({ Subnet: text }) => parseSubnet(text ?? ''))
        .find(Boolean)
      return subnet ? { name, subnet } : null
    } catch (error) {
      if (isNotFound(error)) return null
      throw error
    }
  }

  /** false: the piece or the name is taken after all. */
  async #create(
    name: string,
    labels: Readonly<Record<string, string>>,
    subnet: Subnet,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { docker, isPodman } = this.#engine
    try {
      const body = {
        Name: name,
        CheckDuplicate: true,
        Driver: 'bridge',
        Internal: this.#options.internal,
        Labels: { ...labels },
        IPAM: { Driver: 'default', Config: [{ Subnet: formatSubnet(subnet), Gateway: gatewayOf(subnet) }] },
        // One-task jobs have nothing to say to one another.
        Options:
          labels[LABEL.role] === 'shared' && !isPodman
            ? { 'com.docker.network.bridge.enable_icc': 'false' }
            : {},
      }
      await act(this.#engine, (abortSignal) => docker.createNetwork({ ...body, abortSignal }), signal)
      return true
    } catch (error) {
      if (statusOf(error) !== null && (statusOf(error) === 409 || TAKEN_WORDS.test(wordsOf(error))))
        return false
      throw error
    }
  }

  /** What the engine's networks and this machine's interfaces and routes have. */
  async #taken(signal: AbortSignal): Promise<Subnet[]> {
    const networks = await look(
      this.#engine,
      (abortSignal) => this.#engine.docker.listNetworks({ abortSignal } as object),
      signal,
    )
    const ofEngine = networks.flatMap(({ IPAM }) =>
      (IPAM?.Config ?? []).map(({ Subnet: text }) => text ?? ''),
    )
    const ofMachine = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).map(({ cidr }) => cidr ?? ''),
    )
    const parsed = [...ofEngine, ...ofMachine].map(parseSubnet).filter((subnet) => subnet !== null)
    return [...parsed, ...parseRoutes(await readFile('/proc/net/route', 'utf8').catch(() => ''))]
  }

  /**
   * Takes away endpoints of containers that are gone: an engine that is killed while it removes a container keeps their
   * addresses for ever. Resolves to how many there were.
   */
  async dropStale(name: string, signal: AbortSignal): Promise<number> {
    const network = this.#engine.docker.getNetwork(name)
    const { Containers } = await look(this.#engine, () => network.inspect(), signal)
    const found = await Promise.all(
      Object.entries((Containers ?? {}) as Record<string, { Name: string }>).map(async ([id, { Name }]) =>
        (await inspectContainer(this.#engine, id, signal)) === null ? [Name] : [],
      ),
    )
    const stale = found.flat()
    for (const Container of stale)
      await act(this.#engine, () => network.disconnect({ Container, Force: true }), signal).catch(
        (error: unknown) => {
          if (!isNotFound(error)) throw error
        },
      )
    return stale.length
  }

  /** Removes every network with those labels; one that is gone already is no error. */
  async remove(label: readonly string[], signal: AbortSignal): Promise<void> {
    const networks = await look(
      this.#engine,
      (abortSignal) =>
        this.#engine.docker.listNetworks({ filters: { label: [...label] }, abortSignal } as object),
      signal,
    )
    for (const { Id } of networks)
      await this.#remove(Id, signal).catch(async (error: unknown) => {
        if (isNotFound(error)) return
        if (statusOf(error) === null || (await this.dropStale(Id, signal)) === 0) throw error
        await this.#remove(Id, signal)
      })
  }

  #remove(id: string, signal: AbortSignal): Promise<unknown> {
    const network = this.#engine.docker.getNetwork(id)
    return act(this.#engine, () => network.remove(), signal)
  }
}

/** Destinations of /proc/net/route (hexadecimal, in this machine's byte order); the default route takes nothing. */
export function parseRoutes(text: string): Subnet[] {
  const number = (hex: string): number => Buffer.from(hex, 'hex').readUInt32LE(0)
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .flatMap(([, destination = '', , , , , , mask = '']) => {
      if (!/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(mask) || /^0{8}$/.test(mask)) return []
      const prefix = number(mask).toString(2).replaceAll('0', '').length
      return [{ base: number(destination), prefix }]
    })
}
