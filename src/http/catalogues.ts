// What a job can be made of beside flavors: preset engines, and how much of a flavor a pool has (rows 19 and 25).

import { resolveFlavor } from '../accelerator/flavor.ts'
import { freeHosts } from '../accelerator/split.ts'
import { AppError } from '../api/error.ts'
import type { Engine } from '../job/site.ts'
import type { Handlers } from './handlers.ts'
import type { ApiParts } from './parts.ts'
import { checkPool } from './pools.ts'

const GIB = 1 << 30

export const catalogueHandlers = (parts: ApiParts): Handlers<'listEngines' | 'showPoolFlavor'> => ({
  listEngines: () => {
    const items = parts.site.engines.map(engineBody)
    return { total: items.length, items }
  },
  showPoolFlavor: async ({ query: { flavor_id: id, pool_id: pool } }) => {
    checkPool(pool, 'pool_id')
    const inventory = parts.inventory()
    const flavor = resolveFlavor(inventory, id)
    if (flavor === undefined)
      throw new AppError(
        'FlavorNotFound',
        `flavor_id: got ${JSON.stringify(id.slice(0, 80))}; valid: a flavor of the list of flavors`,
      )
    const free = freeHosts(inventory, await parts.store.bookings()).filter(
      ({ host, freeIds }) => (!flavor.chip || host.chip === flavor.chip) && freeIds.length >= flavor.devices,
    )
    return {
      cpu_core_num: Math.floor(Math.max(0, ...free.map(({ cpuCores }) => cpuCores))),
      mem_size: Math.floor(Math.max(0, ...free.map(({ memoryBytes }) => memoryBytes)) / GIB),
    }
  },
})

/** For Ascend the documents leave `cpu_image_url` empty. */
const engineBody = ({ id, name, version, imageUrl, runUser, v1Compatible }: Engine) => ({
  engine_id: id,
  engine_name: name,
  engine_version: version,
  v1_compatible: v1Compatible,
  run_user: runUser ?? '',
  tags: [],
  image_info: {
    cpu_image_url: /ascend/i.test(name) ? '' : imageUrl,
    gpu_image_url: imageUrl,
    image_version: version,
  },
})
