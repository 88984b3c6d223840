// What a launcher reports, as a sentence for people; null where a report needs none. Pure.

import { explainExit } from '../api/exit-advice.ts'
import type { TaskReport } from '../api/task.ts'
import type { NewEvent } from './job.ts'

const LABEL = {
  code: 'code download',
  inputs: 'input download',
  'rank-table': 'rank table',
  training: 'training',
  outputs: 'output upload',
} as const

const STATE = { started: 'Started', progress: 'Progress', done: 'Done' } as const

const MAX_TEXT = 2000

/** The event of one report of `task`. */
export function reportEvent(task: string, report: TaskReport): NewEvent | null {
  const event = (level: NewEvent['level'], reason: string, message: string): NewEvent => ({
    level,
    source: 'Task',
    reason,
    message: `[${task}] ${message}`.slice(0, MAX_TEXT),
  })
  switch (report.kind) {
    case 'stage': {
      const label = LABEL[report.stage]
      const used = report.seconds === null ? '' : ` [time used: ${report.seconds.toFixed(3)}s]`
      const detail = report.detail ? `: ${report.detail}` : ''
      if (report.state === 'failed')
        return event('Error', `${reasonOf(report.stage)}Failed`, `${label} failed${detail}.${used}`)
      return event(
        'Info',
        `${reasonOf(report.stage)}${STATE[report.state]}`,
        `${label} ${report.state}${detail}.${used}`,
      )
    }
    case 'rank': {
      const who = `rank ${report.rank} (device ${report.device}, pid ${report.pid})`
      if (report.state === 'started') return null
      if (report.exit_code === 0) return null
      const how = report.signal
        ? `was ended by ${report.signal}`
        : `ended with ${explainExit(report.exit_code ?? 1)}`
      return event('Error', 'RankFailed', `${who} ${how}.`)
    }
    case 'problem':
      return event(
        report.level,
        report.reason.replace(/[^A-Za-z]/g, '').slice(0, 64) || 'Problem',
        report.message,
      )
    case 'end':
      return report.exit_code === 0 ? null : event('Error', 'LauncherEnded', report.message)
  }
}

const reasonOf = (stage: keyof typeof LABEL): string =>
  stage
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
