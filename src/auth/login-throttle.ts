// Slows down who guesses passwords: by name and address together, and more widely by each alone, so that one who
// guesses at all names from one place, or at one name from many places, is slowed down too. A right password takes
// nothing away: who has it is slowed down only while somebody guesses from the same place.
import { type Rate, RateLimiter } from './rate-limit.ts'

/** Wrong passwords: some at once, then one every so often. */
const PAIR: Rate = { burst: 10, perSecond: 1 / 60 }
const NAME: Rate = { burst: 100, perSecond: 1 / 10 }
const ADDRESS: Rate = { burst: 100, perSecond: 1 / 10 }

export class LoginThrottle {
  readonly #pairs = new RateLimiter(PAIR)
  readonly #names = new RateLimiter(NAME)
  readonly #addresses = new RateLimiter(ADDRESS)

  /** Takes an attempt from all three before the password is looked at. 0: go on; else how many ms to wait. */
  begin(name: string, address: string, nowMs: number): number {
    const pair = JSON.stringify([name, address])
    return (
      this.#pairs.take(pair, nowMs) || this.#names.take(name, nowMs) || this.#addresses.take(address, nowMs)
    )
  }

  /** The password was right. */
  succeed(name: string, address: string): void {
    this.#pairs.give(JSON.stringify([name, address]))
    this.#names.give(name)
    this.#addresses.give(address)
  }
}
