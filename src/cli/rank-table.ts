// `ropeway rank-table`: rank tables from one form into another, what is wrong with one, and who is where. Needs no server.
import type { Command } from 'commander'
import { CHIPS, type Chip } from '../accelerator/device.ts'
import type { ParsedTable } from '../accelerator/rank-table/types.ts'
import { newCommand, withJson } from './command.ts'
import type { CliContext } from './context.ts'
import { CliError } from './errors.ts'
import { write } from './output.ts'
import { formatTable } from './table.ts'
import { jsonDocument, visible } from './terminal-text.ts'

type Flags = {
  readonly json?: true
  readonly mode: 'strict' | 'compat'
  readonly chip?: Chip
  readonly to?: '1.0' | '1.2'
  readonly withAddresses?: true
  readonly pod?: string
}

export function rankTableCommand(context: CliContext): Command {
  const parent = newCommand(context, 'rank-table', 'convert, check and show Ascend rank tables')
  const convert = newCommand(
    context,
    'convert',
    'convert a table to v1.0 or v1.2; findings go to standard error',
    'ropeway rank-table convert jobstart_hccl.json > hccl.json',
  ).action((file: string, flags: Flags) => convertTable(context, file, flags))
  convert.addOption(
    convert
      .createOption('--to <form>', 'the form; default 1.0, or 1.2 for a table that is that already')
      .choices(['1.0', '1.2']),
  )
  convert.option('--with-addresses', 'add pod_ip and container_ip to servers, for readers that want them')
  const check = newCommand(
    context,
    'check',
    'say what is wrong with a table; findings go to standard error',
    'ropeway rank-table check --chip 910a jobstart_hccl.json',
  ).action((file: string, flags: Flags) => checkTable(context, file, flags))
  const show = newCommand(
    context,
    'show',
    'show who is where: rank, task, server, device and address',
    'ropeway rank-table show jobstart_hccl.json',
  ).action((file: string, flags: Flags) => showTable(context, file, flags))
  show.option('--pod <name>', 'only the ranks of this pod')
  for (const command of [convert, check, show]) {
    command.argument('<file>', 'the table; - reads standard input')
    command.addOption(
      command
        .createOption('--mode <mode>', 'strict refuses wrong counts; compat believes what is there')
        .choices(['strict', 'compat'])
        .default('compat'),
    )
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
  const conversion = convertRankTable(await readTable(context, file), {
    ...options(flags),
    ...(flags.to ? { to: flags.to } : {}),
    withAddresses: flags.withAddresses === true,
  })
  const table = conversion.ok ? conversion.converted.text : null
  await report(context, flags, conversion.ok, conversion.findings, table)
}

async function checkTable(context: CliContext, file: string, flags: Flags): Promise<void> {
  const { checkRankTable } = await import('../accelerator/rank-table/check.ts')
  const { isAcceptable } = await import('../accelerator/rank-table/finding.ts')
  const findings = checkRankTable(await readTable(context, file), options(flags))
  await report(context, flags, isAcceptable(findings), findings, null)
}

async function showTable(context: CliContext, file: string, flags: Flags): Promise<void> {
  const { convertRankTable } = await import('../accelerator/rank-table/convert.ts')
  const { tableRows } = await import('../accelerator/rank-table/rows.ts')
  const conversion = convertRankTable(await readTable(context, file), options(flags))
  if (!conversion.ok) return report(context, flags, false, conversion.findings, null)
  const { converted, findings } = conversion
  const rows = tableRows(converted, flags.pod)
  if (flags.pod !== undefined && rows.length === 0) {
    const names = converted.pods.map(({ podName }) => podName)
    const valid =
      names.length > 0 ? names.slice(0, 8).join(', ') : `none, a ${converted.sourceVersion} table has no pods`
    throw new CliError(`--pod: got ${JSON.stringify(flags.pod)}; valid: ${valid}`, 'Name a pod of the table.')
  }
  if (flags.json)
    return write(context.stdout, jsonDocument({ ok: true, findings, ranks: rows }), context.signal)
  await tell(context, findings)
  const text = formatTable(
    ['>RANK', 'TASK', 'SERVER', '>LOGICAL', '>DEVICE', 'ADDRESS'],
    rows.map((row) => [
      String(row.rankId),
      row.task ?? '-',
      row.server || '-',
      String(row.logicalId),
      String(row.physicalId),
      row.deviceIp ?? '-',
    ]),
  )
  await write(context.stdout, text, context.signal)
}

const options = ({ mode, chip }: Flags) => ({ mode, ...(chip ? { chip } : {}) })

type Findings = readonly import('../accelerator/rank-table/finding.ts').Finding[]

async function report(
  context: CliContext,
  flags: Flags,
  ok: boolean,
  findings: Findings,
  table: string | null,
) {
  const { stdout, signal } = context
  if (!ok) context.setExitCode(2)
  if (flags.json)
    return write(
      stdout,
      jsonDocument({ ok, findings, ...(table === null ? {} : { table: JSON.parse(table) }) }),
      signal,
    )
  await tell(context, findings)
  if (table !== null) await write(stdout, table.endsWith('\n') ? table : `${table}\n`, signal)
  else if (ok) await write(stdout, 'ok\n', signal)
}

async function tell({ stderr, signal }: CliContext, findings: Findings): Promise<void> {
  const { describeFinding } = await import('../accelerator/rank-table/finding.ts')
  for (const finding of findings) await write(stderr, `${visible(describeFinding(finding))}\n`, signal)
}

async function readTable(context: CliContext, file: string): Promise<ParsedTable> {
  const { MAX_TABLE_BYTES, parseRankTable } = await import('../accelerator/rank-table/parse.ts')
  const { RankTableError } = await import('../accelerator/rank-table/rank-table-error.ts')
  const name = file === '-' ? 'standard input' : file
  try {
    const { createReadStream, statSync } = await import('node:fs')
    const found = file === '-' ? undefined : statSync(file, { throwIfNoEntry: false })
    if (found?.isFile() && found.size > MAX_TABLE_BYTES)
      throw new RankTableError('size', `${found.size} bytes; at most ${MAX_TABLE_BYTES} (40 MiB) are read`)
    const source = file === '-' ? context.stdin : createReadStream(file, { signal: context.signal })
    const pieces: Buffer[] = []
    let size = 0
    for await (const piece of source) {
      pieces.push(Buffer.from(piece))
      size += piece.length
      // /dev/zero has no end.
      if (size > MAX_TABLE_BYTES)
        throw new RankTableError(
          'size',
          `more than ${MAX_TABLE_BYTES} bytes (40 MiB), which is all that is read`,
        )
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
