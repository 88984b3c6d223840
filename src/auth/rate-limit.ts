// Token buckets, one for each name. A bucket that is full again says nothing, so it is forgotten: memory is for who asks
// now, not for who ever asked. Names are kept as fingerprints of one size, for strangers choose some of them.
import { hash } from 'node:crypto'

export type Rate = { readonly perSecond: number; readonly burst: number }

type Bucket = { tokens: number; atMs: number }

/** About 6 MB. Past it who has rested longest is forgotten: that bucket is the nearest to being full. */
const MOST_BUCKETS = 1 << 15

export class RateLimiter {
  readonly #rate: Rate
  readonly #mostBuckets: number
  /** Who has rested longest comes first. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate, mostBuckets = MOST_BUCKETS) {
    this.#rate = rate
    this.#mostBuckets = mostBuckets
  }

  get size(): number {
    return this.#buckets.size
  }

  /** Takes one from a name's bucket. 0: taken; else how many ms until there is one. */
  take(name: string, nowMs: number): number {
    const key = fingerprint(name)
    const bucket = this.#buckets.get(key) ?? { tokens: this.#rate.burst, atMs: nowMs }
    bucket.tokens = this.#level(bucket, nowMs)
    bucket.atMs = nowMs
    const missing = 1 - bucket.tokens
    if (missing <= 0) bucket.tokens -= 1
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    this.#forget(nowMs)
    return missing <= 0 ? 0 : Math.ceil((missing * 1000) / this.#rate.perSecond - 1e-6)
  }

  /** Puts one back that was taken. */
  give(name: string): void {
    const bucket = this.#buckets.get(fingerprint(name))
    if (bucket) bucket.tokens = Math.min(this.#rate.burst, bucket.tokens + 1)
  }

  #level({ tokens, atMs }: Bucket, nowMs: number): number {
    const grown = tokens + (Math.max(0, nowMs - atMs) * this.#rate.perSecond) / 1000
    return Math.min(this.#rate.burst, grown)
  }

  /** Two at most for each that is taken, so that they go faster than they come, and nobody waits for a sweep. */
  #forget(nowMs: number): void {
    let looks = 2
    for (const [key, bucket] of this.#buckets) {
      const isSpare = this.#buckets.size > this.#mostBuckets || this.#level(bucket, nowMs) >= this.#rate.burst
      if (!isSpare || looks-- === 0) return
      this.#buckets.delete(key)
    }
  }
}

/** A Map would keep a long name whole. */
const fingerprint = (name: string): string => hash('sha256', name, 'base64url')
