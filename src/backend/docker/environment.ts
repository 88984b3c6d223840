// The image's own variables must not reach our runtime in the container (decisions.md 1.8): they are parked under
// ROPEWAY_USER_<NAME>, and the launcher gives them back to the user's program. Pure.

/** What steers a dynamic loader, Node or its OpenSSL. */
const STEERING = /^(LD|NODE|SSL|OPENSSL)_/

/**
 * `Env` of the container: for each steering variable of the image its parked copy, and its own name without a value,
 * at which Docker drops the image's. Podman would keep it, so there (`bareNames` false) it is empty.
 */
export function parkedEnvironment(image: readonly string[], bareNames: boolean): string[] {
  return image.flatMap((entry) => {
    const at = entry.indexOf('=')
    const name = at < 0 ? entry : entry.slice(0, at)
    if (!STEERING.test(name)) return []
    const value = at < 0 ? '' : entry.slice(at + 1)
    return [bareNames ? name : `${name}=`, `ROPEWAY_USER_${name}=${value}`]
  })
}

/** The image's variables with `folders` in front of its LD_LIBRARY_PATH, as a driver's own container runtime does it. */
export function withLibraries(image: readonly string[], folders: readonly string[]): readonly string[] {
  if (folders.length === 0) return image
  const isPath = (entry: string): boolean => entry.startsWith('LD_LIBRARY_PATH=')
  const own = image.find(isPath)?.slice('LD_LIBRARY_PATH='.length)
  const path = [...folders, ...(own ? [own] : [])].join(':')
  return [...image.filter((entry) => !isPath(entry)), `LD_LIBRARY_PATH=${path}`]
}
