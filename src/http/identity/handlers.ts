// Everything about who is who, as one.
import type { ApiParts } from '../parts.ts'
import { credentialHandlers } from './credentials.ts'
import { keyHandlers } from './keys.ts'
import { createLogins } from './login.ts'
import { lookupHandlers } from './lookups.ts'
import { memberHandlers } from './members.ts'
import { projectHandlers } from './projects.ts'
import { tokenHandlers } from './tokens.ts'
import { userHandlers } from './users.ts'

export function identityHandlers(parts: ApiParts) {
  const logins = createLogins(parts)
  return {
    ...tokenHandlers(parts, logins),
    ...lookupHandlers(parts),
    ...credentialHandlers(parts, logins),
    ...userHandlers(parts),
    ...projectHandlers(parts),
    ...memberHandlers(parts),
    ...keyHandlers(parts),
  }
}
