// Slows down who guesses passwords: by name and address together, and more widely by each alone, so that one who
// guesses at all names from one place, or at one name from many places, is slowed down too. A right password takes
// nothing away: who has it is slowed down only while somebody guesses from the same place.
import { isIP } from 'node:net'
import { type Rate, RateLimiter } from './rate-limit.ts'

/** Wrong passwords: some at once, then one every so often. */
const PAIR: Rate = { burst: 10, perSecond: 1 / 60 }
const NAME: Rate = { burst: 100, perSecond: 1 / 10 }
const ADDRESS: Rate = { burst: 100, perSecond: 1 / 10 }

export class LoginThrottle {
  readonly #pairs = new RateLimiter(PAIR)
  readonly #names = new RateLimiter(NAME)
  readonly #addresses = new RateLimiter(ADDRESS)

  /** How many of each are kept. */
  get sizes(): { readonly pairs: number; readonly names: number; readonly addresses: number } {
    return { pairs: this.#pairs.size, names: this.#names.size, addresses: this.#addresses.size }
  }

  /**
   * Takes an attempt from all three before the password is looked at. 0: go on; else how many ms to wait. The address
   * comes first, for it alone is not the caller's to choose: who is slowed down by it adds no names to what is kept.
   */
  begin(name: string, address: string, nowMs: number): number {
    const place = placeOf(address)
    const byAddress = this.#addresses.take(place, nowMs)
    if (byAddress > 0) return byAddress
    const byPair = this.#pairs.take(pairOf(name, place), nowMs)
    // One who tries the same name on and on does not shut out who else sits behind the address.
    if (byPair > 0) this.#addresses.give(place)
    return byPair || this.#names.take(name, nowMs)
  }

  /** The password was right. */
  succeed(name: string, address: string): void {
    const place = placeOf(address)
    this.#pairs.give(pairOf(name, place))
    this.#names.give(name)
    this.#addresses.give(place)
  }
}

const pairOf = (name: string, place: string): string => JSON.stringify([name, place])

/** Of IPv6 the first half: the other is for a network to hand out, so one computer has as many as it likes. */
function placeOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const [before, after] = [head, tail ?? ''].map((half) => half.split(':').filter((group) => group !== ''))
  if (before === undefined || after === undefined) return address
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after]
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
