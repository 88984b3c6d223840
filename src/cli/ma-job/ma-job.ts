// `ropeway ma-job`: the commands and options of ma-cli's `ma-job`, for scripts and fingers that know them.
import type { Command } from 'commander'
import { addSubcommands, type CommandEntry, newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'

const ENTRIES: readonly CommandEntry[] = [
  {
    name: 'submit',
    summary: 'submit a job and see it through',
    load: async () => (await import('./submit.ts')).submitCommand,
  },
  {
    name: 'get-job',
    summary: 'list jobs, or show one',
    load: async () => (await import('./get-job.ts')).getJobCommand,
  },
  {
    name: 'get-log',
    summary: 'print the log of a task',
    load: async () => (await import('./get-log.ts')).getLogCommand,
  },
  {
    name: 'get-event',
    summary: 'show what happened to a job',
    load: async () => (await import('./get-event.ts')).getEventCommand,
  },
  {
    name: 'get-engine',
    summary: 'list preset engines',
    load: async () => (await import('./catalogues.ts')).getEngineCommand,
  },
  {
    name: 'get-flavor',
    summary: 'list the sizes of workers',
    load: async () => (await import('./catalogues.ts')).getFlavorCommand,
  },
  {
    name: 'get-pool',
    summary: 'list resource pools',
    load: async () => (await import('./catalogues.ts')).getPoolCommand,
  },
  { name: 'stop', summary: 'stop a job', load: async () => (await import('./end-job.ts')).stopCommand },
  { name: 'delete', summary: 'delete a job', load: async () => (await import('./end-job.ts')).deleteCommand },
]

/** `argv` begins after `ma-job`. */
export const maJobCommand = (context: CliContext, argv: readonly string[]): Promise<Command> =>
  addSubcommands(
    newCommand(context, 'ma-job', "ma-cli's ma-job commands", 'ropeway ma-job submit train.yaml'),
    context,
    ENTRIES,
    argv,
  )
