// `ropeway obs`: objects and buckets.
import type { Command } from 'commander'
import { addSubcommands, type CommandEntry, newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'

const ENTRIES: readonly CommandEntry[] = [
  { name: 'mb', summary: 'make a bucket', load: async () => (await import('./mb.ts')).mbCommand },
  {
    name: 'ls',
    summary: 'list buckets, or objects with their sizes',
    load: async () => (await import('./ls.ts')).lsCommand,
  },
  { name: 'cp', summary: 'copy files and objects', load: async () => (await import('./cp.ts')).cpCommand },
  { name: 'mv', summary: 'move files and objects', load: async () => (await import('./cp.ts')).mvCommand },
  {
    name: 'sync',
    summary: 'copy only what has changed',
    load: async () => (await import('./sync.ts')).syncCommand,
  },
  {
    name: 'rm',
    summary: 'remove objects, or an empty bucket',
    load: async () => (await import('./rm.ts')).rmCommand,
  },
  { name: 'rb', summary: 'remove a bucket', load: async () => (await import('./rb.ts')).rbCommand },
  { name: 'cat', summary: 'print objects', load: async () => (await import('./cat.ts')).catCommand },
  {
    name: 'presign',
    summary: 'print a link that reads an object without keys',
    load: async () => (await import('./presign.ts')).presignCommand,
  },
  {
    name: 'stat',
    summary: 'show one object or bucket',
    load: async () => (await import('./stat.ts')).statCommand,
  },
  {
    name: 'move',
    summary: 'move the files that standard input names',
    load: async () => (await import('./move.ts')).moveCommand,
    hidden: true,
  },
]

/** `argv` begins after `obs`. */
export const obsCommand = (context: CliContext, argv: readonly string[]): Promise<Command> =>
  addSubcommands(
    newCommand(context, 'obs', 'work with objects and buckets', 'ropeway obs ls'),
    context,
    ENTRIES,
    argv,
  )
