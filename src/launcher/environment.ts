// Which variables reach the user's program. What would reach our own runtime too (LD_*, NODE_*, SSL_*) was parked under
// ROPEWAY_USER_<NAME> by whoever started us, and is given back here (decisions.md 1.8). Pure.

const PARKED = 'ROPEWAY_USER_'

export type Environment = Readonly<Record<string, string>>

/** The environment with parked variables under their own names. Nothing else changes. */
export function giveBack(own: Readonly<NodeJS.ProcessEnv>): Record<string, string> {
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && !name.startsWith(PARKED)) result[name] = value
  }
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && name.startsWith(PARKED)) result[name.slice(PARKED.length)] = value
  }
  return result
}

/** What a task's user process gets: the image's variables, then the server's, then ours; moxing stands last. */
export function userEnvironment(
  image: Readonly<NodeJS.ProcessEnv>,
  given: Environment,
  ours: Environment,
  moxingDir: string,
): Record<string, string> {
  const fromImage = Object.entries(giveBack(image)).filter(([name]) => !name.startsWith('ROPEWAY_'))
  const merged: Record<string, string> = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    ...Object.fromEntries(fromImage),
    ...given,
    ...ours,
  }
  const path = merged['PYTHONPATH']
  merged['PYTHONPATH'] = path ? `${path}:${moxingDir}` : moxingDir
  return merged
}

/**
 * Puts back what a shell dropped on the way: dash forgets names that are no identifiers, `BATCH_x.0_HOSTS` for one.
 * Other missing names were unset on purpose and stay away.
 */
export function restoreDropped(own: Environment, complete: Environment): Record<string, string> {
  const dropped = Object.entries(complete).filter(
    ([name]) => !(name in own) && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name),
  )
  return { ...own, ...Object.fromEntries(dropped) }
}
