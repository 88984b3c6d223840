// Logins of private registries.
import { AppError } from '../api/error.ts'
import type { RegistryLoginBody } from '../api/registry.ts'
import { type RegistryLogin, registryHost } from '../job/registries.ts'
import type { Handlers } from './handlers.ts'
import type { ApiContext, ApiParts } from './parts.ts'

type Names = 'listRegistries' | 'putRegistry' | 'deleteRegistry' | 'testRegistry'

export const registryHandlers = ({ registries, registryTester }: ApiParts): Handlers<Names> => ({
  listRegistries: async ({ context }) => {
    const found = await registries.list(projectOf(context))
    return { total: found.length, registries: found.map(bodyOf) }
  },
  putRegistry: async ({ context, body: { user_name: userName, password } }) =>
    bodyOf(await registries.put(projectOf(context), { host: hostOf(context), userName, password })),
  deleteRegistry: async ({ context }) => {
    const host = hostOf(context)
    if (!(await registries.remove(projectOf(context), host))) throw noLogin(host)
    return {}
  },
  testRegistry: async ({ context, body: { image } }) => {
    const host = hostOf(context)
    if (registryTester === null)
      throw new AppError(
        'NotSupported',
        'registries: this server has no container engine; valid: --backend docker',
      )
    const login = await registries.find(projectOf(context), host)
    if (login === null) throw noLogin(host)
    return registryTester.test(login, image ?? null, context.req.raw.signal)
  },
})

const hostOf = (context: ApiContext): string => registryHost(context.req.param('registry') ?? '')
const projectOf = (context: ApiContext): string => context.get('principal').projectId

const bodyOf = ({ host, userName, updatedAtMs }: RegistryLogin): RegistryLoginBody => ({
  host,
  user_name: userName,
  update_time: updatedAtMs,
})

const noLogin = (host: string): AppError =>
  new AppError(
    'RegistryNotFound',
    `registry: got ${JSON.stringify(host)}; valid: a registry with a login in this project`,
  )
