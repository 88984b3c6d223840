// A flavor as ModelArts' clients expect to read it (modelarts.md §1.7). Pure.
import type { Flavor } from '../accelerator/flavor.ts'
import type { FlavorBody } from '../api/flavor.ts'

const GIB = 1 << 30
const arch = process.arch === 'arm64' ? 'arm' : 'x86'

/** Memory in whole GB as the documents print it; numbers of `npu` and `disk` are strings there. */
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
      cpu: { arch, core_num: flavor.cpuCores },
      ...(flavor.kind === 'Ascend' ? { npu: { ...unit, unit_num: String(flavor.devices) } } : {}),
      ...(flavor.kind === 'GPU' ? { gpu: unit } : {}),
      memory: { size: Math.round((flavor.memoryBytes / GIB) * 10) / 10, unit: 'GB' },
      disk: { size: '0', unit: 'GB' },
    },
    attributes: {},
  }
}
