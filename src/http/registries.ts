// Logins of private registries.
import type { Hono } from 'hono'
import { AppError } from '../api/error.ts'
import { type RegistryLoginBody, registryPut, registryTestRequest } from '../api/registry.ts'
import { ROUTES } from '../api/routes.ts'
import { type RegistryLogin, registryHost } from '../job/registries.ts'
import { parseBody } from './parse.ts'
import type { ApiContext, ApiEnv, ApiParts } from './parts.ts'

/** Adds the routes to an application. */
export function registryRoutes(app: Hono<ApiEnv>, { registries, registryTester }: ApiParts): void {
  const hostOf = (context: ApiContext) => registryHost(context.req.param('registry') ?? '')
  const projectOf = (context: ApiContext) => context.get('principal').projectId

  app.get(ROUTES.listRegistries.path, async (context) => {
    const found = await registries.list(projectOf(context))
    return context.json({ total: found.length, registries: found.map(bodyOf) })
  })
  app.put(ROUTES.putRegistry.path, async (context) => {
    const { user_name: userName, password } = parseBody(registryPut, context.get('body'))
    const login = { host: hostOf(context), userName, password }
    return context.json(bodyOf(await registries.put(projectOf(context), login)))
  })
  app.delete(ROUTES.deleteRegistry.path, async (context) => {
    const host = hostOf(context)
    if (!(await registries.remove(projectOf(context), host))) throw noLogin(host)
    return context.json({})
  })
  app.post(ROUTES.testRegistry.path, async (context) => {
    const { image } = parseBody(registryTestRequest, context.get('body'))
    const host = hostOf(context)
    if (registryTester === null)
      throw new AppError(
        'NotSupported',
        'registries: this server has no container engine; valid: --backend docker',
      )
    const login = await registries.find(projectOf(context), host)
    if (login === null) throw noLogin(host)
    return context.json(await registryTester.test(login, image ?? null, context.req.raw.signal))
  })
}

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
