// What a command may touch, handed down from main.ts: no command looks at the process itself.

/** Where text goes. `isTTY` is set on a terminal. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number }
export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean }

/** The flags of `ropeway serve` as typed; what is missing comes from the environment or a default. */
export type ServeFlags = {
  readonly data?: string
  readonly listen?: string
  readonly objects?: string
  readonly backend?: string
  readonly simulate?: string
  readonly site?: string
  readonly region?: string
  readonly publicUrl?: string
  readonly publicObjectsUrl?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly proxies?: string
  readonly database?: string
}

/** One line of `ropeway doctor`: there, missing (something will not work), or only worth knowing. */
export type DoctorFinding = {
  readonly check: string
  readonly state: 'ok' | 'missing' | 'note'
  readonly message: string
}

/** What the doctor may knock at; endpoints are null when no server has written them down. */
export type DoctorTargets = {
  readonly dataDir: string
  /** The administrator's file when one was named; null: site.yaml of the data folder, if there. */
  readonly siteFile: string | null
  readonly endpoint: string | null
  readonly objectEndpoint: string | null
  /** Stands for `/` where devices and drivers are looked for. */
  readonly deviceRoot: string
  /** DOCKER_HOST, such as unix:///var/run/docker.sock. */
  readonly dockerHost: string | null
  /** The folders programs are looked for in, as in PATH. */
  readonly searchPath: string
}

/** What `ropeway admin reset` wants; `password` null: as before. */
export type ResetWish = {
  readonly dataDir: string
  readonly databaseUrl: string | null
  readonly user: string
  readonly password: string | null
}
export type ResetResult = {
  readonly user_name: string
  readonly project_id: string
  readonly project_name: string
  readonly access_key: string
  readonly secret_key: string
}

export type CliContext = {
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDir: string
  readonly stdin: InputStream
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  /** Aborts on SIGINT, SIGTERM, or when nobody reads our output any more. */
  readonly signal: AbortSignal
  /** Until disposed, SIGINT and SIGTERM call `handler` and do not abort `signal`. */
  onInterrupt(handler: () => void): Disposable
  /** Runs the server until the signal aborts. */
  serve(flags: ServeFlags, signal: AbortSignal): Promise<void>
  doctor(targets: DoctorTargets, signal: AbortSignal): Promise<DoctorFinding[]>
  /** Writes the launcher with all it needs into a new folder. Throws an Error that says why it cannot. */
  exportLauncher(dir: string): Promise<void>
  /** Makes or restores an administrator on a data folder that no server uses. Throws an Error that says why it cannot. */
  resetAdministrator(wish: ResetWish): Promise<ResetResult>
  /** What the program will exit with, unless an error decides. */
  setExitCode(code: number): void
}
