// What an exit code usually means, in one sentence (modelarts.md §3.9 end; ascend.md §3.11 for the launcher's own).
import { LAUNCHER_EXIT } from './task-constants.ts'

const ADVICE: Readonly<Record<number, string>> = {
  126: 'the command was found but may not be executed; check its mode and the shebang line',
  127: 'command not found; check the program name and PATH in the image',
  134: 'aborted; the program called abort(), see the last lines of its log',
  137: 'killed (SIGKILL); usually out of memory',
  139: 'crashed (segmentation fault); often two packages that do not fit together',
  143: 'terminated (SIGTERM)',
  247: 'killed (SIGKILL); usually out of memory',
  [LAUNCHER_EXIT.stageFailed]: "code or inputs could not be brought in; see the task's events",
  [LAUNCHER_EXIT.rankTableTimeout]:
    "the rank table did not come in time; see the task's log for what was missing",
  [LAUNCHER_EXIT.rankTableInvalid]: 'the rank table is not valid',
  [LAUNCHER_EXIT.ownInstanceNotFound]: 'the rank table does not name this task',
  [LAUNCHER_EXIT.spawnFailed]: 'a process could not be started',
  [LAUNCHER_EXIT.uploadFailed]: 'the program succeeded, but its outputs could not be uploaded',
}

/** "exit code 137: killed (SIGKILL); usually out of memory" */
export function explainExit(code: number): string {
  const advice = ADVICE[code]
  return advice ? `exit code ${code}: ${advice}` : `exit code ${code}`
}
