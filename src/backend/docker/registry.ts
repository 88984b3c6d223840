// Asks a registry what a pull would ask it: does the login open it, and is an image there.
import type Docker from 'dockerode'
import { AppError } from '../../api/error.ts'
import { formatReference, parseImageReference } from '../../job/image-reference.ts'
import type { RegistrySecret, RegistryTest, RegistryTester } from '../../job/registries.ts'
import { sleep } from '../../lib/abort.ts'
import { asUnreachable, statusOf, wordsOf } from './engine.ts'
import { explainPull } from './image-failure.ts'

const ANSWER_TIMEOUT_MS = 30_000

/** The engine's way there counts, not the server's: it pulls. A registry has `timeoutMs` for each question. */
export function createRegistryTester(
  docker: Docker,
  socket: string,
  timeoutMs = ANSWER_TIMEOUT_MS,
): RegistryTester {
  /** What was said against it; null: nothing. */
  const ask = async (question: Promise<unknown>, signal: AbortSignal): Promise<string | null> => {
    const over = new AbortController()
    const timeout = sleep(timeoutMs, AbortSignal.any([signal, over.signal]))
    try {
      return await Promise.race([
        question.then(() => null),
        timeout.then(() => `timeout: no answer for ${timeoutMs / 1000} s`),
      ])
    } catch (error) {
      signal.throwIfAborted()
      if (statusOf(error) === null) throw asUnreachable(socket, error)
      return wordsOf(error)
    } finally {
      over.abort()
    }
  }
  return {
    test: async (login, image, signal) => {
      const reference = image === null ? null : referenceAt(login, image)
      const authconfig = { username: login.userName, password: login.password, serveraddress: login.host }
      const accepts = `${login.host} accepts the login of ${login.userName}`
      const refused = await ask(docker.checkAuth(authconfig), signal)
      if (refused !== null) return failureOf(login, null, refused)
      if (reference === null) return { ok: true, message: accepts }
      const missing = await ask(docker.getImage(reference).distribution({ authconfig }), signal)
      if (missing === null) return { ok: true, message: `${image} can be pulled` }
      if (missing !== NO_SUCH_CALL) return failureOf(login, reference, missing)
      const message = `${accepts}; whether ${image} is there cannot be asked through this engine, a pull will tell`
      return { ok: true, message }
    },
  }
}

/** Podman 4 has no /distribution; a registry's own 404 has other words. */
const NO_SUCH_CALL = 'Not Found'

/** Throws AppError when the image is another registry's. */
function referenceAt({ host }: RegistrySecret, image: string): string {
  const reference = parseImageReference(image, 'image')
  if (reference.registry === host) return formatReference(reference)
  throw new AppError(
    'InvalidParam',
    `image: got ${JSON.stringify(image)}; valid: an image of ${host}, such as ${host}/team/train:1`,
  )
}

/** Podman asks for logins over TLS even where its registries.conf says that a registry has none; its pulls obey. */
const PODMAN_WANTS_TLS = /pinging container registry .*HTTP response to HTTPS client/

function failureOf({ host }: RegistrySecret, reference: string | null, words: string): RegistryTest {
  const { says } = PODMAN_WANTS_TLS.test(words)
    ? {
        says: 'it speaks without TLS, where Podman tries no login; where registries.conf names it insecure, a pull will tell',
      }
    : explainPull(words, { reference, login: reference === null ? 'unproven' : 'accepted' })
  return { ok: false, message: `${reference ?? host}: ${says} (${words})` }
}
