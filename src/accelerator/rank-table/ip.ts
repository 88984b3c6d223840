// Addresses as rank tables carry them. Own code, because this folder decides and must not import the network.

export type IpAddress = {
  readonly family: 4 | 6
  /** Equal for two spellings of one address. */
  readonly key: string
}

/** Reads an IPv4 or IPv6 address without zone; undefined when it is neither. */
export function parseIp(text: string): IpAddress | undefined {
  if (isIpv4(text)) return { family: 4, key: text }
  const groups = ipv6Groups(text)
  return groups && { family: 6, key: groups.map((group) => group.toString(16)).join(':') }
}

const BYTE = '(?:0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])'
const IPV4 = new RegExp(`^${BYTE}\\.${BYTE}\\.${BYTE}\\.${BYTE}$`)

export const isIpv4 = (text: string): boolean => IPV4.test(text)

/** 127.0.0.0/8 and ::1. */
export function isLoopback(address: IpAddress): boolean {
  return address.family === 4 ? address.key.startsWith('127.') : address.key === '0:0:0:0:0:0:0:1'
}

function ipv6Groups(text: string): number[] | undefined {
  if (!/^[0-9A-Fa-f:.]{2,45}$/.test(text) || !text.includes(':')) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => groupsOf(half, index === halves.length - 1))
  if (!head) return undefined
  if (halves.length === 1) return head.length === 8 ? head : undefined
  if (!tail || head.length + tail.length > 7) return undefined
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

/** `last`: nothing follows, so the half may end in dotted form. */
function groupsOf(half: string, last: boolean): number[] | undefined {
  if (half === '') return []
  const parts = half.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else if (last && index === parts.length - 1 && isIpv4(part)) {
      const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
      groups.push(a * 256 + b, c * 256 + d)
    } else return undefined
  }
  return groups
}
