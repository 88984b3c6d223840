// Logins of private registries, one per project and registry; the seam between rows, engine and API.
import { AppError } from '../api/error.ts'
import { parseImageReference } from './image-reference.ts'

export type RegistryLogin = {
  /** `harbor.example.com`, `127.0.0.1:5000`; lower case. */
  readonly host: string
  readonly userName: string
  readonly updatedAtMs: number
}
export type RegistrySecret = { readonly host: string; readonly userName: string; readonly password: string }

export interface RegistryStore {
  /** By host. Without passwords. */
  list(projectId: string): Promise<RegistryLogin[]>
  find(projectId: string, host: string): Promise<RegistrySecret | null>
  /** Makes it or replaces it. */
  put(projectId: string, login: RegistrySecret): Promise<RegistryLogin>
  /** false when there was none. */
  remove(projectId: string, host: string): Promise<boolean>
}

export type RegistryTest = { readonly ok: boolean; readonly message: string }

/** Asks a registry itself, as a pull would. */
export interface RegistryTester {
  /** `image` is looked for too when given. Never throws for what the registry says; throws AppError when no engine answers. */
  test(login: RegistrySecret, image: string | null, signal: AbortSignal): Promise<RegistryTest>
}

/** A registry's name as logins are kept by. Throws AppError InvalidParam. */
export function registryHost(text: string): string {
  const wanted = text.toLowerCase()
  try {
    // "x" may not be taken for a host: only what stands before a name in a reference is one.
    if (parseImageReference(`${wanted}/x`).registry === wanted) return wanted
  } catch {
    // Said below, in the words of this field.
  }
  throw new AppError(
    'InvalidParam',
    `registry: got ${JSON.stringify(text.slice(0, 200))}; valid: HOST or HOST:PORT as in image names, such as harbor.example.com or 10.0.0.5:5000`,
  )
}

/** The login a pull of this image may use; null without one, and for what has no registry. */
export async function loginFor(
  store: RegistryStore,
  projectId: string,
  image: string,
): Promise<RegistrySecret | null> {
  if (/^sha256:[0-9a-f]{64}$/.test(image)) return null
  return store.find(projectId, parseImageReference(image).registry)
}
