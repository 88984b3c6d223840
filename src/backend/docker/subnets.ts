// Arithmetic on IPv4 subnets: which piece of a range is free, and which address a task gets in it. Pure.

/** `base` as an unsigned 32-bit number with the host bits zero. */
export type Subnet = { readonly base: number; readonly prefix: number }

const sizeOf = (prefix: number): number => 2 ** (32 - prefix)

/** "10.212.0.0/16"; host bits are cut off. null for anything else. */
export function parseSubnet(text: string): Subnet | null {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text)
  if (match === null) return null
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number)
  if ([a, b, c, d].some((part) => part > 255) || prefix > 32) return null
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  return { base: address - (address % sizeOf(prefix)), prefix }
}

export const formatSubnet = ({ base, prefix }: Subnet): string => `${formatAddress(base)}/${prefix}`

function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

export const overlaps = (a: Subnet, b: Subnet): boolean =>
  a.base < b.base + sizeOf(b.prefix) && b.base < a.base + sizeOf(a.prefix)

/** The smallest subnet for so many tasks: its own address, the gateway's and the broadcast address are not theirs. */
export const prefixFor = (tasks: number): number => 32 - Math.max(3, Math.ceil(Math.log2(tasks + 3)))

/** The first piece of `range` with that prefix that overlaps none of `taken`; null when there is none. */
export function firstFree(range: Subnet, prefix: number, taken: readonly Subnet[]): Subnet | null {
  if (prefix < range.prefix) return null
  const end = range.base + sizeOf(range.prefix)
  const step = sizeOf(prefix)
  for (let base = range.base; base < end; base += step) {
    const candidate = { base, prefix }
    if (!taken.some((other) => overlaps(candidate, other))) return candidate
  }
  return null
}

/** The engine's own address in the subnet. */
export const gatewayOf = ({ base }: Subnet): string => formatAddress(base + 1)

/** Addresses that tasks may have, in order. */
export function* taskAddresses({ base, prefix }: Subnet): Generator<string> {
  const last = base + sizeOf(prefix) - 2
  for (let address = base + 2; address <= last; address++) yield formatAddress(address)
}

/** Does the address lie in the subnet? */
export function contains(subnet: Subnet, address: string): boolean {
  const one = parseSubnet(`${address}/32`)
  return one !== null && overlaps(subnet, one)
}
