// May a user read or start a file, by the bits that Linux looks at (path_resolution(7), without root's privileges)?
import type { FoundFile, TaskUser } from './facts.ts'

export const READ = 4
export const EXECUTE = 1

type Owned = Pick<FoundFile, 'mode' | 'uid' | 'gid'>

/** All of `bits`, for the class of users that this one belongs to. */
export function may(user: Pick<TaskUser, 'uid' | 'gid'>, { mode, uid, gid }: Owned, bits: number): boolean {
  const shift = user.uid === uid ? 6 : user.gid === gid ? 3 : 0
  return ((mode >> shift) & bits) === bits
}
