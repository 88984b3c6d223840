// Limits that every backend sets alike.

/** Processes and threads a task may have: enough for eight ranks with their threads, too few to choke the machine. */
export const PIDS_MAX = 32_768

/** cpu.shares as Kubernetes counts them: 1024 a core, at least 2. */
export const cpuShares = (cores: number): number => Math.min(262_144, Math.max(2, Math.round(cores * 1024)))
