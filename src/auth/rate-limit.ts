// Token buckets, one for each name. A bucket that is full again says nothing, so it is forgotten: memory is for who asks
// now, not for who ever asked.

export type Rate = { readonly perSecond: number; readonly burst: number }

type Bucket = { tokens: number; atMs: number }

const SWEEP_AT = 10_000

export class RateLimiter {
  readonly #rate: Rate
  readonly #buckets = new Map<string, Bucket>()
  #sweepAt = SWEEP_AT

  constructor(rate: Rate) {
    this.#rate = rate
  }

  get size(): number {
    return this.#buckets.size
  }

  /** Takes one from a name's bucket. 0: taken; else how many ms until there is one. */
  take(name: string, nowMs: number): number {
    const bucket = this.#buckets.get(name) ?? { tokens: this.#rate.burst, atMs: nowMs }
    bucket.tokens = this.#level(bucket, nowMs)
    bucket.atMs = nowMs
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 1000) / this.#rate.perSecond - 1e-6)
    bucket.tokens -= 1
    if (!this.#buckets.has(name)) {
      this.#buckets.set(name, bucket)
      if (this.#buckets.size > this.#sweepAt) this.#sweep(nowMs)
    }
    return 0
  }

  /** Puts one back that was taken. */
  give(name: string): void {
    const bucket = this.#buckets.get(name)
    if (bucket) bucket.tokens = Math.min(this.#rate.burst, bucket.tokens + 1)
  }

  #level({ tokens, atMs }: Bucket, nowMs: number): number {
    const grown = tokens + (Math.max(0, nowMs - atMs) * this.#rate.perSecond) / 1000
    return Math.min(this.#rate.burst, grown)
  }

  #sweep(nowMs: number): void {
    for (const [name, bucket] of this.#buckets)
      if (this.#level(bucket, nowMs) >= this.#rate.burst) this.#buckets.delete(name)
    // However many are at work: the sweep must not run at every request.
    this.#sweepAt = Math.max(SWEEP_AT, this.#buckets.size * 2)
  }
}
