// Is there room for another job? Asked before one is accepted, so that nobody learns of a full disk half way through.
import { AppError } from '../api/error.ts'
import { sizeText } from '../lib/size.ts'

/** A file system of the installation: what lies there, where, and how full it is. */
export type DiskState = {
  /** `data folder`, `folder for /cache`, `container engine’s data root`. */
  readonly name: string
  readonly path: string
  /** What this user may still write. */
  readonly freeBytes: number
  readonly totalBytes: number
}

export interface DiskGuard {
  /** Throws AppError DiskFull with numbers when a disk has too little room for new jobs. */
  check(): Promise<void>
}

/** The first disk with too little room as a sentence without its full stop; null when all have enough. */
export function lowDisk(disks: readonly DiskState[], minFreeBytes: number): string | null {
  const low = disks.find(({ freeBytes }) => freeBytes < minFreeBytes)
  if (!low) return null
  const { name, path, freeBytes, totalBytes } = low
  return `${name} ${path} has ${sizeText(freeBytes)} free of ${sizeText(totalBytes)}; ${sizeText(minFreeBytes)} must stay free: ${adviceOf(name)}`
}

/** Throws AppError DiskFull. */
export function checkDisks(disks: readonly DiskState[], minFreeBytes: number): void {
  const low = lowDisk(disks, minFreeBytes)
  if (low !== null) throw new AppError('DiskFull', low)
}

/** Names of disks, each with what frees it. */
export const DISKS = {
  data: 'data folder',
  cache: 'folder for /cache',
  engine: "container engine's data root",
} as const

function adviceOf(name: string): string {
  switch (name) {
    case DISKS.cache:
      return 'stop jobs that fill /cache, or make the disk larger'
    case DISKS.engine:
      return 'remove images and containers that nobody needs (docker system prune)'
    default:
      return 'delete jobs and objects that nobody needs, or give logs a budget (disk.log_size, disk.log_days)'
  }
}
