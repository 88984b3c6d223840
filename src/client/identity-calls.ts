// Users, projects, members and access keys, as calls of a client.
import type { Role } from '../api/route.ts'
import type { CallInput } from './call.ts'
import type { RopewayClient } from './ropeway-client.ts'

type Body<N extends Parameters<RopewayClient['call']>[0]> = CallInput<N>['body']

/** Users and projects are named by name or id. */
export type IdentityCalls = ReturnType<typeof identityCalls>

export const identityCalls = (client: RopewayClient) => ({
  whoAmI: (signal?: AbortSignal) => client.call('whoAmI', {}, signal),

  users: (signal?: AbortSignal) => client.call('listUsers', {}, signal),
  addUser: (body: Body<'addUser'>, signal?: AbortSignal) => client.call('addUser', { body }, signal),
  changeUser: (user: string, body: Body<'changeUser'>, signal?: AbortSignal) =>
    client.call('changeUser', { params: { user }, body }, signal),
  removeUser: (user: string, signal?: AbortSignal) => client.call('removeUser', { params: { user } }, signal),

  projects: (signal?: AbortSignal) => client.call('listAllProjects', {}, signal),
  addProject: (body: Body<'addProject'>, signal?: AbortSignal) => client.call('addProject', { body }, signal),
  changeProject: (anyproject: string, body: Body<'changeProject'>, signal?: AbortSignal) =>
    client.call('changeProject', { params: { anyproject }, body }, signal),
  removeProject: (anyproject: string, signal?: AbortSignal) =>
    client.call('removeProject', { params: { anyproject } }, signal),

  members: (anyproject: string, signal?: AbortSignal) =>
    client.call('listMembers', { params: { anyproject } }, signal),
  setMember: (anyproject: string, user: string, role: Role, signal?: AbortSignal) =>
    client.call('setMember', { params: { anyproject, user }, body: { role } }, signal),
  removeMember: (anyproject: string, user: string, signal?: AbortSignal) =>
    client.call('removeMember', { params: { anyproject, user } }, signal),

  keys: (query: CallInput<'listKeys'>['query'] = {}, signal?: AbortSignal) =>
    client.call('listKeys', { query }, signal),
  addKey: (body: Body<'addKey'>, signal?: AbortSignal) => client.call('addKey', { body }, signal),
  changeKey: (key: string, body: Body<'changeKey'>, signal?: AbortSignal) =>
    client.call('changeKey', { params: { key }, body }, signal),
  removeKey: (key: string, signal?: AbortSignal) => client.call('removeKey', { params: { key } }, signal),
  /** The old key goes on for `overlapS` seconds. */
  rotateKey: (key: string, overlapS: number, signal?: AbortSignal) =>
    client.call('rotateKey', { params: { key }, body: { overlap_s: overlapS } }, signal),
})
