// Chooses and opens the backend. Docker is not here yet, so `auto` means this machine's own root file system.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { prepareRuntime } from '../../container/runtime.ts'
import type { Inventory, Placement } from '../accelerator/device.ts'
import { createFakeBackend } from '../backend/fake/backend.ts'
import { createHostBackend } from '../backend/host/backend.ts'
import { type Config, ConfigError } from '../config.ts'
import type { Backend } from '../job/ports.ts'
import type { Clock } from '../lib/clock.ts'
import type { LogStore } from '../log/log-store.ts'

const TOOL_DIRS = ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin']

/** Throws ConfigError when this machine lacks what the backend needs, naming the Debian package. */
export async function openBackend(
  config: Config,
  clock: Clock,
  logs: LogStore,
  inventory: Inventory,
  onError: (error: unknown) => void,
): Promise<Backend & AsyncDisposable> {
  switch (config.backend) {
    case 'docker':
      throw new ConfigError('--backend: "docker" is not there yet; valid: auto, host, fake')
    case 'fake':
      return createFakeBackend({
        dir: join(config.dataDir, 'fake'),
        clock,
        onLog: ({ jobId, attempt, task, text }) => {
          logs.append({ jobId, attempt, task, stream: 'task' }, 0, Buffer.from(text)).catch(onError)
        },
      })
    case 'auto':
    case 'host': {
      const tools = { bwrap: findTool('bwrap', 'bubblewrap'), setpriv: findTool('setpriv', 'util-linux') }
      const { dir } = await prepareRuntime({
        cacheDir: join(config.dataDir, 'runtime'),
        nodePath: process.execPath,
      })
      return createHostBackend({
        dataDir: config.dataDir,
        runtimeDir: dir,
        isRoot: process.getuid?.() === 0,
        tools,
        arch: process.arch,
        deviceFiles: (placement) => deviceFilesOf(placement, inventory),
      })
    }
  }
}

/** Shared by all devices of a host (ascend.md §4). */
const ASCEND_SHARED = ['/dev/davinci_manager', '/dev/devmm_svm', '/dev/hisi_hdc']

/** Device files of a placement; a simulated host has none. */
function deviceFilesOf(placement: Placement, inventory: Inventory): string[] {
  const host = inventory.hosts.find(({ id }) => id === placement.hostId)
  if (!host || host.simulated || placement.physicalIds.length === 0) return []
  if (host.kind === 'Ascend') {
    return [
      ...placement.physicalIds.map((id) => `/dev/davinci${id}`),
      ...ASCEND_SHARED.filter((path) => existsSync(path)),
    ]
  }
  const shared = readdirSync('/dev').filter((name) => name.startsWith('nvidia') && !/^nvidia\d+$/.test(name))
  return [...placement.physicalIds.map((id) => `/dev/nvidia${id}`), ...shared.map((name) => `/dev/${name}`)]
}

function findTool(name: string, debianPackage: string): string {
  const found = TOOL_DIRS.map((dir) => join(dir, name)).find((path) => existsSync(path))
  if (found) return found
  throw new ConfigError(
    `--backend: the host backend needs "${name}", which is not here; on Debian: apt-get install ${debianPackage}`,
  )
}
