// `ropeway ma-job get-engine|get-flavor|get-pool`: what a job can be made of, and where it can run.
import { type Command, Option } from 'commander'
import { connect } from '../client.ts'
import type { CliContext } from '../context.ts'
import { flavorTable } from '../flavor.ts'
import { write } from '../output.ts'
import { formatTable } from '../table.ts'
import { jsonDocument } from '../terminal-text.ts'
import { maCommand } from './command.ts'

export function getFlavorCommand(context: CliContext): Command {
  const { command, action } = maCommand<{ flavorType?: 'CPU' | 'GPU' | 'Ascend' }>(
    context,
    'get-flavor',
    'list the sizes of workers',
    'ropeway ma-job get-flavor -t Ascend',
  )
  command.addOption(new Option('-t, --flavor-type <type>', 'only these').choices(['CPU', 'GPU', 'Ascend']))
  return action(async (flags) => {
    await using client = await connect(context, flags)
    const found = await client.call(
      'listFlavors',
      { query: { flavor_type: flags.flavorType } },
      context.signal,
    )
    await write(context.stdout, flags.json ? jsonDocument(found) : flavorTable(found), context.signal)
  })
}

export function getEngineCommand(context: CliContext): Command {
  const { action } = maCommand(context, 'get-engine', 'list preset engines', 'ropeway ma-job get-engine')
  return action(async (flags) => {
    await using client = await connect(context, flags)
    const found = await client.call('listEngines', {}, context.signal)
    const rows = found.items.map((engine) => [engine.engine_name, engine.engine_version, engine.engine_id])
    const table = formatTable(['ENGINE NAME', 'ENGINE VERSION', 'ENGINE ID'], rows)
    await write(context.stdout, flags.json ? jsonDocument(found) : table, context.signal)
  })
}

export function getPoolCommand(context: CliContext): Command {
  const { action } = maCommand(context, 'get-pool', 'list resource pools', 'ropeway ma-job get-pool')
  return action(async (flags) => {
    await using client = await connect(context, flags)
    const found = await client.call('listPools', {}, context.signal)
    const rows = found.items.map(({ metadata, spec, status }) => [
      metadata.name,
      status.phase,
      spec.resources.map(({ flavor, count }) => `${count} × ${flavor}`).join(', '),
    ])
    const table = formatTable(['POOL ID', 'STATUS', 'RESOURCES'], rows)
    await write(context.stdout, flags.json ? jsonDocument(found) : table, context.signal)
  })
}
