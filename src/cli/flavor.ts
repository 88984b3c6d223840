// `ropeway flavor list`: the sizes one can ask for.
import type { Command } from 'commander'
import type { FlavorBody, FlavorList } from '../api/flavor.ts'
import { connect } from './client.ts'
import { type CommonFlags, newCommand, withConnection, withJson } from './command.ts'
import type { CliContext } from './context.ts'
import { write } from './output.ts'
import { formatTable } from './table.ts'
import { jsonDocument } from './terminal-text.ts'

export function flavorCommand(context: CliContext): Command {
  const list = newCommand(context, 'list', 'list what can be asked for', 'ropeway flavor list')
  withConnection(withJson(list)).action(async (flags: CommonFlags) => {
    await using client = await connect(context, flags)
    const found = await client.flavors(context.signal)
    const text = flags.json ? jsonDocument(found) : flavorTable(found)
    await write(context.stdout, text, context.signal)
  })
  return newCommand(context, 'flavor', 'list what can be asked for').addCommand(list)
}

export const flavorTable = ({ flavors }: FlavorList): string =>
  formatTable(['FLAVOR', 'TYPE', '>DEVICES', '>CPU', '>MEMORY', '>MAX NODES'], flavors.map(row))

function row({ flavor_id, flavor_type, flavor_info }: FlavorBody): string[] {
  const { cpu, gpu, npu, memory, max_num } = flavor_info
  const devices = npu
    ? `${npu.unit_num} ${npu.product_name}`
    : gpu
      ? `${gpu.unit_num} ${gpu.product_name}`
      : ''
  return [
    flavor_id,
    flavor_type,
    devices,
    String(cpu.core_num),
    `${memory.size} ${memory.unit}`,
    String(max_num),
  ]
}
