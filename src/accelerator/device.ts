// The words of this folder: hosts, their devices, and who owns which.
// Plain data only; everything else here is functions over it.

/** Ascend chips whose placement rules we know (ascend.md §1.10). */
export type Chip = '910a' | '910b' | 'a3' | '310p'
export const CHIPS: readonly Chip[] = ['910a', '910b', 'a3', '310p']

/** What a host offers, or a task asks for; `CPU` means no device. */
export type DeviceKind = 'Ascend' | 'GPU' | 'CPU'

export type Device = {
  /** N of /dev/davinciN (or /dev/nvidiaN): `device_id` of rank tables. */
  readonly physicalId: number
  /** Address of the device's own network card; empty when unknown. */
  readonly deviceIp: string
  readonly healthy: boolean
  /** Id of the die in its super pod (SDID); A3 only, and only where it is known. */
  readonly superDeviceId?: string
}

export type Host = {
  /** `sim-0`, or what the administrator calls the machine. */
  readonly id: string
  /** Where tasks of other hosts reach it: `server_id` of rank tables. */
  readonly address: string
  readonly kind: DeviceKind
  /** Set for Ascend hosts only. */
  readonly chip: Chip | null
  /** The super pod the host is part of; A3 only, and only where it is known. */
  readonly superPodId?: string
  readonly simulated: boolean
  readonly cpuCores: number
  readonly memoryBytes: number
  readonly devices: readonly Device[]
}

export type Inventory = { readonly hosts: readonly Host[] }

/** What one task owns. Also the row of the bookings table. */
export type Placement = {
  /** `worker-0` */
  readonly task: string
  readonly taskIndex: number
  readonly hostId: string
  /** Ascending. */
  readonly physicalIds: readonly number[]
  readonly cpuCores: number
  readonly memoryBytes: number
}

export type Booking = Placement & { readonly jobId: string; readonly attempt: number }

/** What every task of a job asks for; all tasks of a job are of one size. */
export type TaskSize = {
  readonly kind: DeviceKind
  readonly devices: number
  readonly cpuCores: number
  readonly memoryBytes: number
}
