// Log and dump settings that MA_DIAG_MODE_ENV and MA_RUN_MODE_ENV stand for, with davincirun's names and places
// (ascend.md §3.6). Pure.
import type { Environment } from './environment.ts'

/** Variables whose value is a folder that has to exist before a program writes to it. */
export const LOG_FOLDERS = [
  'ASCEND_PROCESS_LOG_PATH',
  'NPU_COLLECT_PATH',
  'GLOG_log_dir',
  'MS_OM_PATH',
  'MS_RDR_PATH',
  'MS_DIAGNOSTIC_DATA_PATH',
] as const

/** For one rank; what the user set stays. `dir` holds all logs of the job on this machine. */
export function logSettings(environment: Environment, dir: string, rank: number): Record<string, string> {
  const always = { ASCEND_PROCESS_LOG_PATH: `${dir}/ascend/process_log/rank_${rank}` }
  const mindspore = `${dir}/mindspore/log`
  const glog = { GLOG_log_dir: mindspore, GLOG_logtostderr: '0', MS_OM_PATH: mindspore }
  switch (environment['MA_DIAG_MODE_ENV']) {
    case 'faults':
      return {
        ...always,
        PRINT_MODEL: '1',
        DUMP_GE_GRAPH: '2',
        DUMP_GRAPH_LEVEL: '2',
        ASCEND_GLOBAL_LOG_LEVEL: '1',
        ASCEND_HOST_LOG_FILE_NUM: '1000',
        NPU_COLLECT_PATH: `${dir}/ascend/npu_collect/rank_${rank}`,
        ...(hasRecorder(environment['MA_ENGINE_VERSION'] ?? '')
          ? { ...glog, GLOG_v: '1', MS_RDR_ENABLE: '1', MS_RDR_PATH: mindspore }
          : {}),
      }
    case 'accuracy':
    case 'profile':
      return { ...always, MS_DIAGNOSTIC_DATA_PATH: `${dir}/mindspore/diagnostic_data` }
  }
  switch (environment['MA_RUN_MODE_ENV']) {
    case 'performance':
      return {
        ...{ ...always, ...glog, GLOG_v: '3' },
        ...{ ASCEND_GLOBAL_LOG_LEVEL: '3', ASCEND_GLOBAL_EVENT_ENABLE: '0' },
      }
    case 'normal':
      return { ...always, ...glog, GLOG_v: '1' }
  }
  return always
}

/** MindSpore records what ran before a fault since 1.4; the version is `mindspore_1.8.0-cann_5.1-…`. */
function hasRecorder(engineVersion: string): boolean {
  const [, major, minor] = /^mindspore_(\d+)\.(\d+)/i.exec(engineVersion) ?? []
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 4)
}
