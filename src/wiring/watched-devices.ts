// The devices of this machine as the server lives with them: what is found is told, and what changes wakes who waits.
import type { Config } from '../config.ts'
import type { JobStore } from '../job/store.ts'
import type { ChangeSignal } from '../lib/signal.ts'
import type { Logger } from '../logger.ts'
import { type Devices, openDevices } from './inventory.ts'

export type WatchedParts = {
  readonly config: Config
  readonly store: JobStore
  readonly wake: ChangeSignal
  readonly logger: Logger
}

/** Throws ConfigError when simulated devices are asked for beside real ones. */
export function openWatchedDevices({ config, store, wake, logger }: WatchedParts): Promise<Devices> {
  const { simulate, deviceRoot, deviceIntervalMs: lookEveryMs } = config
  const wakeWaiting = async (): Promise<void> => {
    for (const { id } of await store.listWaiting()) wake.notify(id)
  }
  return openDevices({
    ...{ simulate, deviceRoot, lookEveryMs },
    onFinding: (finding) => logger.warn({ root: deviceRoot }, finding),
    onChange: () => {
      logger.info({ root: deviceRoot }, 'the devices of this machine changed')
      wakeWaiting().catch((error: unknown) =>
        logger.error({ error: String(error) }, 'waiting jobs could not be woken'),
      )
    },
  })
}
