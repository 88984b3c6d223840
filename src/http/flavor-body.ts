// A flavor as ModelArts' clients expect to read it (modelarts.md §1.7). Pure.
import type { Flavor } from '../accelerator/flavor.ts'
import type { FlavorBody } from '../api/flavor.ts'

const GIB = 1 << 30
const arch = process.arch === 'arm64' ? 'arm' : 'x86'

/**
 * Whole cores and whole GB, rounded down: clients read them into integers, and some refuse fractions. The name says it
 * exactly. Numbers of `npu` are strings.
 */
export function flavorBody(flavor: Flavor): FlavorBody {
  const unit = {
    unit_num: flavor.devices,
    product_name: flavor.chip ? `ascend-${flavor.chip}` : 'gpu',
    memory: '',
  }
  return {
    flavor_id: flavor.id,
    flavor_name: flavor.name,
    flavor_type: flavor.kind,
    max_num: flavor.maxTasks,
    billing: { code: flavor.id, unit_num: 1 },
    flavor_info: {
      max_num: flavor.maxTasks,
      cpu: { arch, core_num: Math.max(1, Math.floor(flavor.cpuCores)) },
      ...(flavor.kind === 'Ascend' ? { npu: { ...unit, unit_num: String(flavor.devices) } } : {}),
      ...(flavor.kind === 'GPU' ? { gpu: unit } : {}),
      memory: { size: Math.floor(flavor.memoryBytes / GIB), unit: 'GB' },
      disk: { size: 0, unit: 'GB' },
    },
    attributes: {},
  }
}
