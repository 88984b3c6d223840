// Addresses of the network cards that devices have of their own (ascend.md §1.11). Pure.

/** Physical id → address, from the `address_<n>=<ip>` lines of /etc/hccn.conf; IPv4 before IPv6. Other lines are passed over. */
export function parseHccnConf(text: string): ReadonlyMap<number, string> {
  const addresses = new Map<number, string>()
  const second = new Map<number, string>()
  for (const line of text.split('\n')) {
    const match = /^\s*(ipv6)?address_(\d{1,4})\s*=\s*([0-9A-Fa-f.:]+)(?:\/\d+)?\s*$/i.exec(line)
    if (match?.[2] && match[3]) (match[1] ? second : addresses).set(Number(match[2]), match[3])
  }
  return new Map([...second, ...addresses])
}

/** The address in what `hccn_tool -i <n> -ip -g` prints (`ipaddr:192.168.100.101`), or with `-inet6`; null when none is set. */
export const parseHccnTool = (text: string): string | null =>
  /^\s*ip(?:v?6)?_?addr(?:ess)?\s*:\s*([0-9A-Fa-f.:]*[0-9A-Fa-f])(?:\/\d+)?\s*$/im.exec(text)?.[1] ?? null
