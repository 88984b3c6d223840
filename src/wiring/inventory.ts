// What this machine offers: its real devices, or simulated hosts that share its CPU and memory (decisions.md 1.13).
import { cpus, hostname, totalmem } from 'node:os'
import { examineHost } from '../accelerator/detect.ts'
import type { Inventory, Placement } from '../accelerator/device.ts'
import { type DeviceWiring, examineWiring, NO_WIRING, wireDevices } from '../accelerator/device-wiring.ts'
import { hostFiles } from '../accelerator/host-files.ts'
import { type SimulateSpec, simulatedInventory } from '../accelerator/simulated.ts'
import { ConfigError } from '../config.ts'

export type Devices = AsyncDisposable & {
  /** As last looked at: the health of a device changes while the server runs. */
  inventory(): Inventory
  /** What a task gets of its host's devices. */
  wiring(placement: Placement, runtimes: readonly string[]): DeviceWiring
}

export type DevicesOptions = {
  readonly simulate: SimulateSpec | null
  /** Stands for `/` where devices and drivers are looked for. */
  readonly deviceRoot: string
  /** A card that falls ill, or is well again, is known after so long at most. */
  readonly lookEveryMs: number
  /** Hears what a person must know: at the start all, later what is new. */
  readonly onFinding: (finding: string) => void
  /** The inventory is another one now. */
  readonly onChange: () => void
}

/** Throws ConfigError when simulated devices are asked for beside real ones. */
export async function openDevices({
  simulate,
  deviceRoot,
  lookEveryMs,
  onFinding,
  onChange,
}: DevicesOptions): Promise<Devices> {
  const machine = { cpuCores: cpus().length, memoryBytes: totalmem() }
  const files = hostFiles(deviceRoot)
  const facts = { id: hostname(), address: '127.0.0.1', ...machine }
  let { host, findings } = await examineHost(files, facts)
  if (simulate !== null) {
    if (host.devices.length > 0)
      throw new ConfigError(
        `--simulate: this machine has ${host.devices.length} real ${host.kind} devices; valid: leave it out`,
      )
    const inventory = simulatedInventory(simulate, machine)
    return {
      inventory: () => inventory,
      wiring: () => NO_WIRING,
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
  for (const { text } of findings) onFinding(text)
  const wired = await examineWiring(files, host.kind)
  let looking: Promise<void> = Promise.resolve()
  const look = async (): Promise<void> => {
    const before = new Set(findings.map(({ text }) => text))
    const next = await examineHost(files, facts, host)
    for (const { text } of next.findings) if (!before.has(text)) onFinding(text)
    const changed = JSON.stringify(next.host) !== JSON.stringify(host)
    findings = next.findings
    // A driver that is being restarted shows no device at all for a while: that is no other machine.
    host = { ...host, devices: host.devices.map((old) => seenAgain(old, next.host.devices)) }
    if (changed) onChange()
  }
  const timer =
    host.devices.length === 0
      ? undefined
      : setInterval(() => {
          looking = looking.then(look, look)
        }, lookEveryMs)
  timer?.unref()
  return {
    inventory: () => ({ hosts: [host] }),
    wiring: (placement, runtimes) => wireDevices(wired, placement.physicalIds, runtimes),
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await looking
    },
  }
}

type Device = Inventory['hosts'][number]['devices'][number]

/** A device that is not seen any more is ill; an address once known stays. */
function seenAgain(old: Device, now: readonly Device[]): Device {
  const found = now.find(({ physicalId }) => physicalId === old.physicalId)
  if (found === undefined) return { ...old, healthy: false }
  return { ...found, deviceIp: found.deviceIp || old.deviceIp }
}
