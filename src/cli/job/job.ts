// `ropeway job`: everything about training jobs.
import type { Command } from 'commander'
import { addSubcommands, type CommandEntry, newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'

const ENTRIES: readonly CommandEntry[] = [
  {
    name: 'create',
    summary: 'submit a job and return',
    load: async () => (await import('./create.ts')).createCommand,
  },
  {
    name: 'list',
    summary: 'list jobs, newest first',
    load: async () => (await import('./list.ts')).listCommand,
  },
  { name: 'show', summary: 'show one job', load: async () => (await import('./show.ts')).showCommand },
  {
    name: 'tasks',
    summary: 'list the tasks of a job and where they run',
    load: async () => (await import('./tasks.ts')).tasksCommand,
  },
  {
    name: 'events',
    summary: 'show what happened to a job',
    load: async () => (await import('./events.ts')).eventsCommand,
  },
  {
    name: 'logs',
    summary: 'print what the tasks of a job wrote',
    load: async () => (await import('./logs.ts')).logsCommand,
  },
  {
    name: 'wait',
    summary: 'wait until a job has ended',
    load: async () => (await import('./wait.ts')).waitCommand,
  },
  {
    name: 'exec',
    summary: 'run a command or a shell in a running task',
    load: async () => (await import('./exec.ts')).execCommand,
  },
  { name: 'stop', summary: 'stop a job', load: async () => (await import('./stop.ts')).stopCommand },
  {
    name: 'delete',
    summary: 'delete a job; a running one is stopped first',
    load: async () => (await import('./delete.ts')).deleteCommand,
  },
]

/** `argv` begins after `job`. */
export const jobCommand = (context: CliContext, argv: readonly string[]): Promise<Command> =>
  addSubcommands(
    newCommand(context, 'job', 'submit, watch and end jobs', 'ropeway job list'),
    context,
    ENTRIES,
    argv,
  )
