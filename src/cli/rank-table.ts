// `ropeway rank-table`: v0.1 in, v1.0 out, and what is wrong with a table. Needs no server.
import type { Command } from 'commander'
import { CHIPS, type Chip } from '../accelerator/device.ts'
import type { ParsedTable } from '../accelerator/rank-table/types.ts'
import { newCommand, withJson } from './command.ts'
import type { CliContext } from './context.ts'
import { CliError } from './errors.ts'
import { write } from './output.ts'
import { jsonDocument, visible } from './terminal-text.ts'

type Flags = { readonly json?: true; readonly strict?: true; readonly chip?: Chip }

export function rankTableCommand(context: CliContext): Command {
  const parent = newCommand(context, 'rank-table', 'convert and check Ascend rank tables')
  const convert = newCommand(
    context,
    'convert',
    'convert a v0.1 table to v1.0; findings go to standard error',
    'ropeway rank-table convert jobstart_hccl.json > hccl.json',
  ).action((file: string, flags: Flags) => convertTable(context, file, flags))
  const check = newCommand(
    context,
    'check',
    'say what is wrong with a table; findings go to standard error',
    'ropeway rank-table check --chip 910a jobstart_hccl.json',
  ).action((file: string, flags: Flags) => checkTable(context, file, flags))
  for (const command of [convert, check]) {
    command.argument('<file>', 'the table; - reads standard input')
    command.option('--strict', 'refuse wrong counts instead of believing what is there')
    command.addOption(
      command.createOption('--chip <chip>', 'hold the table to the rules of a chip').choices(CHIPS),
    )
    withJson(command, 'print one JSON document with the findings')
    parent.addCommand(command)
  }
  return parent
}

async function convertTable(context: CliContext, file: string, flags: Flags): Promise<void> {
  const { convertRankTable } = await import('../accelerator/rank-table/convert.ts')
  const conversion = convertRankTable(await readTable(context, file), options(flags))
  const table = conversion.ok ? conversion.converted.text : null
  await report(context, flags, conversion.ok, conversion.findings, table)
}

async function checkTable(context: CliContext, file: string, flags: Flags): Promise<void> {
  const { checkRankTable } = await import('../accelerator/rank-table/check.ts')
  const { isAcceptable } = await import('../accelerator/rank-table/finding.ts')
  const findings = checkRankTable(await readTable(context, file), options(flags))
  await report(context, flags, isAcceptable(findings), findings, null)
}

const options = ({ strict, chip }: Flags) => ({
  mode: strict ? ('strict' as const) : ('compat' as const),
  ...(chip ? { chip } : {}),
})

type Findings = readonly import('../accelerator/rank-table/finding.ts').Finding[]

async function report(
  context: CliContext,
  flags: Flags,
  ok: boolean,
  findings: Findings,
  table: string | null,
) {
  const { describeFinding } = await import('../accelerator/rank-table/finding.ts')
  const { stdout, stderr, signal } = context
  if (!ok) context.setExitCode(2)
  if (flags.json)
    return write(
      stdout,
      jsonDocument({ ok, findings, ...(table === null ? {} : { table: JSON.parse(table) }) }),
      signal,
    )
  for (const finding of findings) await write(stderr, `${visible(describeFinding(finding))}\n`, signal)
  if (table !== null) await write(stdout, table.endsWith('\n') ? table : `${table}\n`, signal)
  else if (ok) await write(stdout, 'ok\n', signal)
}

async function readTable(context: CliContext, file: string): Promise<ParsedTable> {
  const { MAX_TABLE_BYTES, parseRankTable } = await import('../accelerator/rank-table/parse.ts')
  const { RankTableError } = await import('../accelerator/rank-table/rank-table-error.ts')
  const name = file === '-' ? 'standard input' : file
  try {
    const { createReadStream } = await import('node:fs')
    const source = file === '-' ? context.stdin : createReadStream(file, { signal: context.signal })
    const pieces: Buffer[] = []
    let size = 0
    for await (const piece of source) {
      pieces.push(Buffer.from(piece))
      size += piece.length
      // One byte too many is enough for the parser to say so; /dev/zero has no end.
      if (size > MAX_TABLE_BYTES) break
    }
    return parseRankTable(Buffer.concat(pieces))
  } catch (error) {
    context.signal.throwIfAborted()
    if (error instanceof RankTableError)
      throw new CliError(`${name} is refused: ${error.message}`, 'Give a complete rank table.')
    const detail = error instanceof Error ? error.message : String(error)
    throw new CliError(`The table cannot be read: ${detail}`, 'Name a file, or - for standard input.')
  }
}
