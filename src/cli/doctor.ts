// `ropeway doctor`: what this machine offers and what is missing, one line each.
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { type CommonFlags, newCommand, withConnection, withJson } from './command.ts'
import type { CliContext } from './context.ts'
import { EXIT } from './errors.ts'
import { write } from './output.ts'
import { dataDirectory, settingsFromFlags } from './settings.ts'
import { formatTable } from './table.ts'
import { jsonDocument } from './terminal-text.ts'

export function doctorCommand(context: CliContext): Command {
  const command = newCommand(
    context,
    'doctor',
    'say what this machine offers and what is missing',
    'ropeway doctor',
  )
  command.option('--site <file>', "the administrator's file that serve is given")
  return withConnection(withJson(command)).action(async (flags: CommonFlags & { readonly site?: string }) => {
    const dataDir = dataDirectory(flags, context.env, context.homeDir)
    const given = settingsFromFlags(flags, context.env, ['endpoint', 'objectEndpoint'])
    const stored = await readStored(join(dataDir, 'credentials.json'))
    const targets = {
      dataDir,
      siteFile: flags.site === undefined ? null : resolve(flags.site),
      endpoint: given.endpoint ?? stored('endpoint'),
      objectEndpoint: given.objectEndpoint ?? stored('object_endpoint'),
      deviceRoot: resolve(context.env['ROPEWAY_DEVICE_ROOT'] || '/'),
      dockerHost: context.env['DOCKER_HOST'] || null,
      searchPath: context.env['PATH'] ?? '/usr/bin:/bin',
    }
    const findings = await context.doctor(targets, context.signal)
    if (findings.some(({ state }) => state === 'missing')) context.setExitCode(EXIT.failed)
    const rows = findings.map(({ state, check, message }) => [state, check, message])
    const text = flags.json ? jsonDocument({ findings }) : formatTable(['STATE', 'CHECK', 'FOUND'], rows)
    await write(context.stdout, text, context.signal)
  })
}

/** The doctor looks at broken machines too: a file it cannot read is like none. */
async function readStored(path: string): Promise<(key: string) => string | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    const entries = new Map(Object.entries(value ?? {}))
    return (key) => {
      const found: unknown = entries.get(key)
      return typeof found === 'string' ? found : null
    }
  } catch {
    return () => null
  }
}
