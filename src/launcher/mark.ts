// Words that nobody else has, to know our processes by. From the kernel: to load node:crypto for them would cost every
// task 6 ms of processor time.
import { readFileSync } from 'node:fs'

/** A random UUID (random(4)). */
export const newMark = (): string => readFileSync('/proc/sys/kernel/random/uuid', 'latin1').trim()
