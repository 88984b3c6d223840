// Remembers the signatures of requests that change something, so that a recorded one does nothing a second time. A
// signature is only good for 15 minutes around its date, so each quarter of an hour has a set of its own, which is
// dropped whole. 8 bytes for each request: the first bytes of an HMAC are as random as any fingerprint.
import { MAX_SKEW_MS } from '../lib/signature/canonical.ts'

/** Dates have whole seconds, so a program that does a thing twice at once signs it alike, and one may come late. */
const SAME_MOMENT_MS = 3_000
const FIRST_SLOTS = 1 << 10

/** As the table of routes says it of each call. */
export type Replay = 'any-time' | 'at-once' | 'never'
export type ReplayAnswer = 'new' | 'repeated' | 'full'

export class ReplayWindow {
  readonly #quarters = new Map<number, FingerprintSet>()
  /** Signature → when it came first, of the last moments only. */
  readonly #recent = new Map<string, number>()
  readonly #mostPerQuarter: number

  /** 500,000 requests in 15 minutes are 4 MiB to 8 MiB. */
  constructor(mostPerQuarter = 1 << 20) {
    this.#mostPerQuarter = mostPerQuarter
  }

  /** Notes a verified request. `strict`: even at the same moment it is not taken twice. */
  note(signature: string, signedAtMs: number, nowMs: number, strict: boolean): ReplayAnswer {
    this.#forget(nowMs)
    const quarter = Math.floor(signedAtMs / MAX_SKEW_MS)
    const set = this.#quarters.get(quarter) ?? new FingerprintSet(FIRST_SLOTS)
    this.#quarters.set(quarter, set)
    const fingerprint = BigInt(`0x${signature.slice(0, 16)}`)
    if (set.has(fingerprint)) return !strict && this.#recent.has(signature) ? 'new' : 'repeated'
    if (set.size >= this.#mostPerQuarter) return 'full'
    set.add(fingerprint)
    if (!strict) this.#recent.set(signature, nowMs)
    return 'new'
  }

  #forget(nowMs: number): void {
    for (const [signature, atMs] of this.#recent) {
      if (nowMs - atMs < SAME_MOMENT_MS) break
      this.#recent.delete(signature)
    }
    // The last date of a quarter is good until 15 minutes after its end.
    for (const quarter of this.#quarters.keys())
      if ((quarter + 2) * MAX_SKEW_MS < nowMs) this.#quarters.delete(quarter)
  }
}

/** A set of 64-bit numbers other than 0, in one array that doubles when it is half full. */
class FingerprintSet {
  #slots: BigUint64Array
  size = 0

  constructor(slots: number) {
    this.#slots = new BigUint64Array(slots)
  }

  has(value: bigint): boolean {
    return this.#slots[this.#find(value)] === value
  }

  add(value: bigint): void {
    if (this.size * 2 >= this.#slots.length) this.#grow()
    const at = this.#find(value)
    if (this.#slots[at] === value) return
    this.#slots[at] = value
    this.size++
  }

  /** Where a value is, or would be put. */
  #find(value: bigint): number {
    const last = this.#slots.length - 1
    let at = Number(value & BigInt(last))
    while (this.#slots[at] !== 0n && this.#slots[at] !== value) at = (at + 1) & last
    return at
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new BigUint64Array(old.length * 2)
    for (const value of old) if (value !== 0n) this.#slots[this.#find(value)] = value
  }
}
