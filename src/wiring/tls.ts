// TLS from two files. They are read again when one changes or on SIGHUP, so that a renewed certificate needs no restart;
// a pair that does not fit is told of, and the one before goes on.
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { ConfigError } from '../config.ts'
import type { Logger } from '../logger.ts'

export type TlsFiles = { readonly cert: string; readonly key: string }

/** What listeners need: the pair as it is now, and word of every later one. */
export type Tls = Disposable & {
  readonly now: SecureContextOptions
  onChange(listener: (pair: SecureContextOptions) => void): void
}

const LOOK_MS = 5_000
/** What older versions can do is known to be broken. */
const OLDEST = 'TLSv1.2'

/** Throws ConfigError when the files cannot be read or are no pair. `onReload` registers who is called on SIGHUP. */
export function openTls(files: TlsFiles, onReload: (reload: () => void) => Disposable, logger: Logger): Tls {
  const listeners: ((pair: SecureContextOptions) => void)[] = []
  let now = readPair(files)
  const reload = (): void => {
    try {
      const next = readPair(files)
      if (next.cert === now.cert && next.key === now.key) return
      now = next
      for (const listener of listeners) listener(now)
      logger.info({ cert: files.cert }, 'the TLS certificate was read again')
    } catch (error) {
      logger.error({ error: (error as Error).message }, 'the TLS certificate of before goes on')
    }
  }
  // By looking, because links that are swapped (certbot, Kubernetes) are no change of the file that is watched.
  for (const path of Object.values(files)) watchFile(path, { interval: LOOK_MS, persistent: false }, reload)
  const hangup = onReload(reload)
  return {
    get now() {
      return now
    },
    onChange: (listener) => void listeners.push(listener),
    [Symbol.dispose]: () => {
      for (const path of Object.values(files)) unwatchFile(path, reload)
      hangup[Symbol.dispose]()
    },
  }
}

function readPair(files: TlsFiles): SecureContextOptions & { cert: string; key: string } {
  const read = (flag: string, path: string): string => {
    try {
      return readFileSync(path, 'utf8')
    } catch (cause) {
      throw new ConfigError(`${flag}: ${path} cannot be read (${(cause as NodeJS.ErrnoException).code})`, {
        cause,
      })
    }
  }
  const pair = {
    cert: read('--tls-cert', files.cert),
    key: read('--tls-key', files.key),
    minVersion: OLDEST,
  } as const
  try {
    createSecureContext(pair)
  } catch (cause) {
    throw new ConfigError(
      `--tls-cert, --tls-key: ${files.cert} and ${files.key} are no pair (${(cause as Error).message}); valid: a certificate with its chain and its key, both as PEM`,
      { cause },
    )
  }
  return pair
}
