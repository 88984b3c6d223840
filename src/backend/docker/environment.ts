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
