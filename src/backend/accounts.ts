// Users that images of both generations have (modelarts.md §3.1), and the one that runs: programs ask for the name of
// their uid, and many images do not know it. Pure.
import { PLACES } from '../job/places.ts'
import type { PlanInput } from '../job/ports.ts'

export type Accounts = { readonly passwd: readonly string[]; readonly group: readonly string[] }

/** The driver's group, which owns Ascend devices; images of ModelArts have `work` in it (modelarts.md §3.1). */
const DRIVER_GID = 1000

/** Groups of the task's first process beside its own: those that own its devices, and the driver's for `work`. */
export function extraGroups({ uid, gid }: PlanInput['runUser'], devices: readonly number[]): number[] {
  const all = [...(uid === PLACES[1].uid ? [DRIVER_GID] : []), ...devices]
  return [...new Set(all)].filter((group) => group !== gid)
}

/** Lines of passwd(5) and group(5). */
export function accountsOf({ runUser: { uid, gid }, generation }: PlanInput): Accounts {
  const known = [PLACES[1].uid, PLACES[2].uid, 0] as readonly number[]
  const passwd = ['work:x:1101:1101::/home/work:/bin/sh', 'ma-user:x:1000:100::/home/ma-user:/bin/sh']
  if (!known.includes(uid)) passwd.push(`ropeway:x:${uid}:${gid}::${PLACES[generation].home}:/bin/sh`)
  const driver = uid === PLACES[1].uid ? [`HwHiAiUser:x:${DRIVER_GID}:work`] : []
  return { passwd, group: ['work:x:1101:', 'ma-group:x:100:', ...driver] }
}

/** `text` with those of `lines` whose name and number it does not have. */
export function withAccounts(text: string, lines: readonly string[]): string {
  const entries = text.split('\n').map((line) => line.split(':'))
  const missing = lines.filter((line) => {
    const [name, , id] = line.split(':')
    return !entries.some((entry) => entry[0] === name || entry[2] === id)
  })
  if (missing.length === 0) return text
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${missing.join('\n')}\n`
}
