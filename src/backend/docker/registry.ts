// Asks a registry what a pull would ask it: does the login open it, and is an image there.
import type Docker from 'dockerode'
import { AppError } from '../../api/error.ts'
import { parseImageReference } from '../../job/image-reference.ts'
import type { RegistrySecret, RegistryTest, RegistryTester } from '../../job/registries.ts'
import { asUnreachable, statusOf, wordsOf } from './engine.ts'
import { explainPull } from './image-pull.ts'

/** The engine's way there counts, not the server's: it pulls. */
export function createRegistryTester(docker: Docker, socket: string): RegistryTester {
  return {
    test: async (login, image, signal) => {
      const authconfig = {
        username: login.userName,
        password: login.password,
        serveraddress: login.host,
      }
      try {
        await docker.checkAuth({ ...authconfig, abortSignal: signal })
        if (image !== null) await docker.getImage(imageAt(login, image)).distribution({ authconfig })
        return {
          ok: true,
          message:
            image === null
              ? `${login.host} accepts the login of ${login.userName}`
              : `${image} can be pulled`,
        }
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof AppError) throw error
        return failureOf(login, socket, error)
      }
    },
  }
}

/** Throws AppError when the image is another registry's. */
function imageAt({ host }: RegistrySecret, image: string): string {
  if (parseImageReference(image, 'image').registry === host) return image
  throw new AppError(
    'InvalidParam',
    `image: got ${JSON.stringify(image)}; valid: an image of ${host}, such as ${host}/team/train:1`,
  )
}

function failureOf({ host }: RegistrySecret, socket: string, error: unknown): RegistryTest {
  if (statusOf(error) === null) throw asUnreachable(socket, error)
  const words = wordsOf(error)
  return { ok: false, message: `${host}: ${explainPull(words).says} (${words})` }
}
