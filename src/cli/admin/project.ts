// `ropeway admin project` and `ropeway admin member`: what belongs together, and who may use it.
import { type Command, Option } from 'commander'
import { ROLES, type Role } from '../../api/route.ts'
import { newCommand } from '../command.ts'
import type { CliContext } from '../context.ts'
import { formatTable, formatTime } from '../table.ts'
import { visible } from '../terminal-text.ts'
import { actCommand } from './act.ts'

const PROJECT = ['<project>', 'name or id of the project'] as const
const USER = ['<user>', 'name or id of the user'] as const

export function projectCommand(context: CliContext): Command {
  const group = newCommand(
    context,
    'project',
    'tenants: each has its own jobs, buckets and registries',
    'ropeway admin project list',
  )
  for (const command of [
    addCommand(context),
    listCommand(context),
    removeCommand(context),
    enableCommand(context, false),
    enableCommand(context, true),
  ])
    group.addCommand(command)
  return group
}

const addCommand = (context: CliContext) =>
  actCommand<{ readonly description?: string }>(context, {
    name: 'add',
    summary: 'add a project',
    example: 'ropeway admin project add vision --description "everything that sees"',
    words: [['<name>', 'letters, digits, "_" and "-"']],
    options: (command) => command.option('--description <text>', 'what it is for'),
    run: async (client, [name = ''], { description = '' }) => {
      const document = await client.identity.addProject({ name, description }, context.signal)
      const text = `Project ${visible(name)} has id ${document.id}. Name its members: ropeway admin member add ${visible(name)} USER\n`
      return { document, text }
    },
  })

const listCommand = (context: CliContext) =>
  actCommand(context, {
    name: 'list',
    summary: 'list projects',
    example: 'ropeway admin project list --json',
    run: async (client) => {
      const document = await client.identity.projects(context.signal)
      const rows = document.projects.map((project) => [
        project.name,
        project.id,
        project.enabled ? 'enabled' : 'disabled',
        String(project.members),
        formatTime(project.create_time),
        project.description,
      ])
      const headings = ['PROJECT', 'ID', 'STATE', '>MEMBERS', 'ADDED', 'DESCRIPTION']
      return { document, text: formatTable(headings, rows) }
    },
  })

const removeCommand = (context: CliContext) =>
  actCommand(context, {
    name: 'rm',
    summary: 'remove a project that has no jobs and buckets any more',
    example: 'ropeway admin project rm vision',
    words: [PROJECT],
    run: async (client, [name = '']) => {
      await client.identity.removeProject(name, context.signal)
      return { document: { project: name, removed: true }, text: `Project ${visible(name)} is gone\n` }
    },
  })

const enableCommand = (context: CliContext, enabled: boolean) =>
  actCommand(context, {
    name: enabled ? 'enable' : 'disable',
    summary: enabled ? 'open a project again' : 'close a project to its members; running tasks go on',
    example: `ropeway admin project ${enabled ? 'enable' : 'disable'} vision`,
    words: [PROJECT],
    run: async (client, [name = '']) => {
      const document = await client.identity.changeProject(name, { enabled }, context.signal)
      return { document, text: `Project ${visible(document.name)} is ${enabled ? 'enabled' : 'disabled'}\n` }
    },
  })

export function memberCommand(context: CliContext): Command {
  const group = newCommand(
    context,
    'member',
    'who may use a project, and how far',
    'ropeway admin member list vision',
  )
  for (const command of [memberAddCommand(context), memberListCommand(context), memberRemoveCommand(context)])
    group.addCommand(command)
  return group
}

const memberAddCommand = (context: CliContext) =>
  actCommand<{ readonly role?: Role }>(context, {
    name: 'add',
    summary: 'make a user a member of a project, or change the role',
    example: 'ropeway admin member add vision ann --role admin',
    words: [PROJECT, USER],
    options: (command) =>
      command.addOption(
        new Option(
          '--role <role>',
          'viewer looks, user runs jobs and writes objects, admin also names members (default: user)',
        ).choices(ROLES),
      ),
    run: async (client, [project = '', user = ''], { role = 'user' }) => {
      const document = await client.identity.setMember(project, user, role, context.signal)
      return { document, text: `${visible(document.user_name)} is ${role} in ${visible(project)}\n` }
    },
  })

const memberListCommand = (context: CliContext) =>
  actCommand(context, {
    name: 'list',
    summary: 'list the members of a project',
    example: 'ropeway admin member list vision',
    words: [PROJECT],
    run: async (client, [project = '']) => {
      const document = await client.identity.members(project, context.signal)
      const rows = document.members.map(({ user_name, role, enabled }) => [
        user_name,
        role,
        enabled ? 'enabled' : 'disabled',
      ])
      return { document, text: formatTable(['USER', 'ROLE', 'STATE'], rows) }
    },
  })

const memberRemoveCommand = (context: CliContext) =>
  actCommand(context, {
    name: 'rm',
    summary: 'end a membership',
    example: 'ropeway admin member rm vision ann',
    words: [PROJECT, USER],
    run: async (client, [project = '', user = '']) => {
      await client.identity.removeMember(project, user, context.signal)
      return {
        document: { project, user, removed: true },
        text: `${visible(user)} is no member of ${visible(project)} any more\n`,
      }
    },
  })
