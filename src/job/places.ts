// Fixed folders inside a task, per generation (modelarts.md §3.1, §3.8; decisions.md 1.6).
import type { Generation } from './job.ts'

export type Places = {
  readonly home: string
  /** Code of the job lands in `<jobDir>/<last folder of code_dir>`. */
  readonly jobDir: string
  readonly mountPath: string
  readonly logDir: string
  readonly uid: number
  readonly gid: number
}

export const MA_HOME = '/home/ma-user'
export const MA_MOUNT = '/home/ma-user/modelarts'
export const LOG_FILE = '/tmp/log/train.log'
export const DEFAULT_TABLE_DIR = '/user/config'

export const PLACES = {
  1: {
    home: '/home/work',
    jobDir: '/home/work/user-job-dir',
    mountPath: MA_MOUNT,
    logDir: `${MA_MOUNT}/log`,
    uid: 1101,
    gid: 1101,
  },
  2: {
    home: MA_HOME,
    jobDir: `${MA_MOUNT}/user-job-dir`,
    mountPath: MA_MOUNT,
    logDir: `${MA_MOUNT}/log`,
    uid: 1000,
    gid: 100,
  },
} as const satisfies Record<Generation, Places>

/** Exist and are writable for the task's uid in any image. */
export const WRITABLE_DIRS = [
  '/home/work',
  '/home/work/user-job-dir',
  MA_HOME,
  `${MA_MOUNT}/user-job-dir`,
  `${MA_MOUNT}/inputs`,
  `${MA_MOUNT}/outputs`,
  `${MA_MOUNT}/log`,
  `${MA_MOUNT}/workspace`,
  '/user/config',
  '/cache',
  '/tmp',
  '/tmp/log',
] as const
