// Passwords as they stand in a row: scrypt with a salt of their own and the cost they were made with, so that the cost
// can grow later. Hashing takes 64 MiB and a good part of a second by design; few run at a time.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

type Cost = { readonly n: number; readonly r: number; readonly p: number }

/** As OWASP's cheat sheet on storing passwords asks for scrypt with 32 MiB. */
const COST: Cost = { n: 1 << 15, r: 8, p: 3 }
const SALT_BYTES = 16
const HASH_BYTES = 32

export const PASSWORD_LENGTH = { least: 8, most: 1024 } as const

const derive = promisify<string, Buffer, number, object, Buffer>(scrypt)

const hash = (password: string, salt: Buffer, { n, r, p }: Cost): Promise<Buffer> =>
  // Else a password typed with combining characters would be another one elsewhere.
  derive(password.normalize('NFC'), salt, HASH_BYTES, { N: n, r, p, maxmem: 256 * n * r })

/** `scrypt$N$r$p$salt$hash`, the last two in base64url. */
export async function hashPassword(password: string, cost: Cost = COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const bytes = await hash(password, salt, cost)
  return ['scrypt', cost.n, cost.r, cost.p, salt.toString('base64url'), bytes.toString('base64url')].join('$')
}

/** Takes as long for a user without a password (null) as for one with, so that names cannot be told apart by time. */
export async function isPassword(stored: string | null, password: string): Promise<boolean> {
  const [kind, n, r, p, salt = '', wanted = ''] = (stored ?? '').split('$')
  const cost = { n: Number(n), r: Number(r), p: Number(p) }
  if (kind !== 'scrypt' || !Object.values(cost).every((value) => Number.isSafeInteger(value) && value > 0)) {
    await hash(password, Buffer.alloc(SALT_BYTES), COST)
    return false
  }
  const expected = Buffer.from(wanted, 'base64url')
  const actual = await hash(password, Buffer.from(salt, 'base64url'), cost)
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}
