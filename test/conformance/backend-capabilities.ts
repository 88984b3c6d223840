// What a backend can be held to beside the promises every backend keeps. The one place where a case is left out:
// a case that needs a capability is given to the backends whose row says `true`; the others say why not.
// docs/backends.md shows this table.

export const CAPABILITIES = {
  processes: 'runs real processes, so they can be counted, killed and looked for',
  supervisor: 'has a process of ours per task that survives the server and can itself be killed',
  sandbox: 'gives each task its own folders, host names, user and view of the machine',
  limits: 'limits memory where the machine lets it',
  readOnlyRoot: 'shows tasks a root file system that none of them may change, so folders in it are refused',
} as const
export type Capability = keyof typeof CAPABILITIES

/** true, or the reason why the cases do not apply. */
type Row = Readonly<Record<Capability, true | string>>

export const BACKEND_CAPABILITIES = {
  host: { processes: true, supervisor: true, sandbox: true, limits: true, readOnlyRoot: true },
  'host without root': {
    processes: true,
    supervisor: true,
    sandbox: true,
    limits: 'cgroups can be written by root only',
    readOnlyRoot: true,
  },
  docker: {
    processes: true,
    supervisor: 'the engine watches its containers',
    sandbox: true,
    limits: true,
    readOnlyRoot: 'each container has a root of its own, made from its image',
  },
  podman: {
    processes: true,
    supervisor: 'the engine watches its containers',
    sandbox: true,
    limits: true,
    readOnlyRoot: 'each container has a root of its own, made from its image',
  },
  fake: {
    processes: 'runs nothing',
    supervisor: 'runs nothing',
    sandbox: 'runs nothing',
    limits: 'runs nothing',
    readOnlyRoot: 'runs nothing',
  },
} as const satisfies Record<string, Row>
export type BackendUnderTest = keyof typeof BACKEND_CAPABILITIES
