// The few small files of an image whose text matters, taken apart. Everything is untrusted: what does not fit is left out.
import type { Account, CannPart, MachineName } from './facts.ts'

const MOST_ACCOUNTS = 1000

/** passwd(5): `name:password:uid:gid:comment:home:shell`. */
export function readPasswd(text: string): Account[] {
  const rows = text.split('\n').flatMap((line) => {
    const [name = '', , uid = '', gid = '', , home = ''] = line.split(':')
    return /^\d{1,10}$/.test(uid) && /^\d{1,10}$/.test(gid) && name !== ''
      ? [{ name, uid: Number(uid), gid: Number(gid), home }]
      : []
  })
  return rows.slice(0, MOST_ACCOUNTS)
}

/** group(5): `name:password:gid:members`. */
export function readGroup(text: string): { name: string; gid: number }[] {
  const rows = text.split('\n').flatMap((line) => {
    const [name = '', , gid = ''] = line.split(':')
    return /^\d{1,10}$/.test(gid) && name !== '' ? [{ name, gid: Number(gid) }] : []
  })
  return rows.slice(0, MOST_ACCOUNTS)
}

/** os-release(5): PRETTY_NAME without its quotes. */
export const readSystem = (text: string): string | null =>
  /^PRETTY_NAME=["']?([^"'\n]{1,100})/m.exec(text)?.[1] ?? null

/** `Version=7.0.0`, `version=[8.0.RC1]` of CANN's and the driver's files. */
export const readVersion = (text: string): string | null =>
  /^\s*version\s*=\s*\[?([^\]\s]{1,60})/im.exec(text)?.[1] ?? null

/** e_machine of ELF files (elf.h), by the names images use. */
const MACHINES: Readonly<Record<number, MachineName>> = {
  3: '386',
  21: 'ppc64le',
  22: 's390x',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
}

/** Bytes of a program that readMachine looks at. */
export const ELF_HEAD = 20

/** What a program is compiled for; null for a script. */
export function readMachine(head: Uint8Array): MachineName | null {
  const isElf = head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46
  const low = head[18]
  const high = head[19]
  if (!isElf || low === undefined || high === undefined) return null
  // Byte 5: 1 is little endian.
  return MACHINES[head[5] === 1 ? low + high * 256 : high + low * 256] ?? null
}

/** uname's names for the machines Ascend runs on. */
const UNAMES: Readonly<Record<string, MachineName>> = { aarch64: 'arm64', x86_64: 'amd64' }

/** A file below an `Ascend` folder that says a version, with its text. */
export type VersionFile = { readonly path: string; readonly text: string }

const ASCEND = /^(.*\/Ascend)\/([^/]+)\/(.*)$/
/** Parts of the driver's world: the host's, not CANN's. */
const NOT_CANN = new Set(['driver', 'firmware'])

/**
 * CANN as it is installed: `ascend_toolkit_install.info` says it best, else the folder named by the version, else a
 * `version.info`. Each component and version once.
 */
export function readCann(files: readonly VersionFile[]): CannPart[] {
  const found = new Map<string, { rank: number; part: CannPart }>()
  for (const { path, text } of files) {
    const [, root = '', component = '', rest = ''] = ASCEND.exec(path) ?? []
    if (root === '' || NOT_CANN.has(component)) continue
    const isInstall = path.endsWith('_install.info')
    const folder = /^(\d+\.[^/]*)\//.exec(rest)?.[1]
    const version = (isInstall ? readVersion(text) : null) ?? folder ?? readVersion(text)
    if (version === null) continue
    const rank = isInstall ? 0 : folder !== undefined ? 1 : 2
    const machine = UNAMES[/^\s*arch\s*=\s*(\w+)/im.exec(text)?.[1] ?? ''] ?? null
    // A guess from some part's own file is worth nothing where the whole says what it is.
    const key = rank === 2 ? `${root}/${component}` : `${root}/${component}/${folder ?? version}`
    const before = found.get(key)
    if (before === undefined || rank < before.rank)
      found.set(key, { rank, part: { component, version, machine, path } })
  }
  const sure = [...found.values()].filter(
    ({ rank, part }) =>
      rank < 2 ||
      ![...found.values()].some((other) => other.rank < 2 && other.part.component === part.component),
  )
  return sure.map(({ part }) => part)
}
