// Resources of a body against what exists: which flavor, and could it ever be placed. Pure.
import type { Inventory } from '../accelerator/device.ts'
import { type Flavor, flavorForDevices, listFlavors, resolveFlavor } from '../accelerator/flavor.ts'
import { AppError } from '../api/error.ts'
import type { TrainingJobRequest } from '../api/training-job.ts'

/** The id of the flavor the body means. Throws AppError FlavorNotFound, FlavorOutOfRange or PoolNotFound. */
export function checkResource(body: TrainingJobRequest, inventory: Inventory): string {
  const resource = body.spec?.resource
  if (resource?.pool_id && resource.pool_id !== 'default') {
    throw new AppError(
      'PoolNotFound',
      `spec.resource.pool_id: got ${JSON.stringify(resource.pool_id)}; valid: "default", or leave it out`,
    )
  }
  const flavor = chooseFlavor(body, inventory)
  const nodes = resource?.node_count ?? 1
  if (nodes > flavor.maxTasks) {
    const exist = inventory.hosts.reduce((sum, host) => sum + host.devices.length, 0)
    const devices = flavor.devices > 0 ? `, that is ${nodes * flavor.devices} devices; ${exist} exist` : ''
    throw new AppError(
      'FlavorOutOfRange',
      `spec.resource.node_count: got ${nodes} of flavor "${flavor.id}"${devices}; valid: 1 to ${flavor.maxTasks}`,
    )
  }
  return flavor.id
}

/** Throws AppError FlavorNotFound or FlavorOutOfRange. */
export function chooseFlavor(body: TrainingJobRequest, inventory: Inventory): Flavor {
  const resource = body.spec?.resource
  const id = resource?.flavor_id
  if (id) {
    const flavor = resolveFlavor(inventory, id)
    if (flavor) return flavor
    throw new AppError(
      'FlavorNotFound',
      `spec.resource.flavor_id: got ${JSON.stringify(id)}; valid: ${ids(inventory)}`,
    )
  }
  const devices = resource?.main_container_customized_flavor?.accelerator_num ?? 0
  const flavor = flavorForDevices(inventory, devices)
  if (flavor) return flavor
  const exist = inventory.hosts
    .map((host) => `${host.id} has ${host.devices.length}`)
    .slice(0, 8)
    .join(', ')
  throw new AppError(
    'FlavorOutOfRange',
    `spec.resource.main_container_customized_flavor.accelerator_num: got ${devices} per node; valid: ${counts(inventory)} (${exist})`,
  )
}

const ids = (inventory: Inventory): string =>
  listFlavors(inventory)
    .map((flavor) => `"${flavor.id}"`)
    .join(', ')

const counts = (inventory: Inventory): string =>
  [...new Set(listFlavors(inventory).map((flavor) => flavor.devices))].sort((a, b) => a - b).join(', ')
