// What this machine offers: its real devices, or simulated hosts that share its CPU and memory (decisions.md 1.13).
import { cpus, hostname, totalmem } from 'node:os'
import { detectHost } from '../accelerator/detect.ts'
import type { Inventory } from '../accelerator/device.ts'
import { hostFiles } from '../accelerator/host-files.ts'
import { type SimulateSpec, simulatedInventory } from '../accelerator/simulated.ts'
import { ConfigError } from '../config.ts'

/** Throws ConfigError when simulated devices are asked for beside real ones. */
export async function openInventory(simulate: SimulateSpec | null): Promise<Inventory> {
  const machine = { cpuCores: cpus().length, memoryBytes: totalmem() }
  const host = await detectHost(hostFiles, { id: hostname(), address: '127.0.0.1', ...machine })
  if (simulate === null) return { hosts: [host] }
  if (host.devices.length > 0) {
    throw new ConfigError(
      `--simulate: this machine has ${host.devices.length} real ${host.kind} devices; valid: leave it out`,
    )
  }
  return simulatedInventory(simulate, machine)
}
