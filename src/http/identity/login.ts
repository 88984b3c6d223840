// Proving a password: few at a time, because each takes 32 MiB and a good part of a second, and slower for who guesses.
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { AppError } from '../../api/error.ts'
import type { User } from '../../auth/identity.ts'
import { LoginThrottle } from '../../auth/login-throttle.ts'
import { isPassword } from '../../auth/password.ts'
import { tooMany } from '../gate.ts'
import type { ApiContext, ApiParts } from '../parts.ts'

const AT_ONCE = 4
const MOST_WAITING = 64

export type Logins = {
  /** The user whose password it is. Throws AppError LoginFailed, the same for an unknown name; TooManyRequests. */
  prove(context: ApiContext, name: string, password: string): Promise<User>
}

export function createLogins({
  identity,
  clock,
  audit,
  addresses,
}: Pick<ApiParts, 'identity' | 'clock' | 'audit' | 'addresses'>): Logins {
  const throttle = new LoginThrottle()
  const turns = createTurns()
  return {
    prove: async (context, name, password) => {
      const address = addressOf(context, addresses.proxies)
      const waitMs = throttle.begin(name, address, clock.now().getTime())
      if (waitMs > 0)
        throw tooMany('password: too many wrong ones for this user, or from this address', waitMs)
      const { passwordHash = null } = identity.directory.userNamed(name) ?? {}
      const isRight = await turns(() => isPassword(passwordHash, password))
      // As it is now: the check took a while.
      const user = identity.directory.userNamed(name)
      if (!isRight || !user?.enabled || user.passwordHash !== passwordHash) {
        audit('login failed', name, { address })
        throw loginFailed('name or password is wrong, or the user is disabled')
      }
      throttle.succeed(name, address)
      return user
    },
  }
}

export const loginFailed = (why: string): AppError => new AppError('LoginFailed', `auth.identity: ${why}`)

/** The other end of the connection, or whom a proxy that is trusted names: the last in the list that is no such proxy. */
function addressOf(context: ApiContext, proxies: readonly string[]): string {
  const { incoming } = (context.env ?? {}) as { incoming?: IncomingMessage }
  const remote = asIPv4(incoming?.socket.remoteAddress ?? '')
  if (!proxies.includes(remote)) return remote
  const forwarded = (context.req.header('x-forwarded-for') ?? '').split(',').map((one) => asIPv4(one.trim()))
  return forwarded.findLast((one) => isIP(one) !== 0 && !proxies.includes(one)) ?? remote
}

/** One of IPv4 in the clothes of IPv6. */
const asIPv4 = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')

/** Runs `AT_ONCE` at a time; who comes when too many wait already is told to come back. */
function createTurns() {
  let running = 0
  const waiting: (() => void)[] = []
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (waiting.length >= MOST_WAITING) throw tooMany('password: too many are being checked', 1_000)
    if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      // The next one takes over this turn.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
