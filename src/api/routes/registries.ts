// Logins of private registries; a project shares them.
import { z } from 'zod'
import { registryList, registryLogin, registryPut, registryTest, registryTestRequest } from '../registry.ts'
import type { Route } from '../route.ts'

const REGISTRIES = '/ropeway/v1/:project/registries'

export const REGISTRY_ROUTES = {
  listRegistries: {
    method: 'GET',
    path: REGISTRIES,
    success: 200,
    summary: 'Lists the registries that the project has a login for.',
    permission: 'ropeway:registry:list',
    role: 'viewer',
    answer: registryList,
  },
  putRegistry: {
    method: 'PUT',
    path: `${REGISTRIES}/:registry`,
    success: 200,
    summary: 'Stores the login of a registry.',
    permission: 'ropeway:registry:update',
    role: 'user',
    body: registryPut,
    answer: registryLogin,
    errors: ['DiskFull'],
    example: { body: { user_name: 'ann', password: 'correct horse' } },
  },
  deleteRegistry: {
    method: 'DELETE',
    path: `${REGISTRIES}/:registry`,
    success: 200,
    summary: 'Forgets the login of a registry.',
    permission: 'ropeway:registry:delete',
    role: 'user',
    answer: z.object({}),
    errors: ['InvalidParam', 'RegistryNotFound'],
  },
  testRegistry: {
    method: 'POST',
    path: `${REGISTRIES}/:registry/test`,
    success: 200,
    summary: 'Logs in to a registry, and asks it for an image when one is named.',
    permission: 'ropeway:registry:test',
    role: 'user',
    reads: true,
    // The registry is sent the password.
    replay: 'at-once',
    body: registryTestRequest,
    answer: registryTest,
    errors: ['RegistryNotFound', 'NotSupported', 'BackendUnavailable'],
    example: { body: { image: 'harbor.example.com/team/train:1' } },
  },
} as const satisfies Record<string, Route>
