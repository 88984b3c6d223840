// Flavors: what can be asked for (row 18 of modelarts.md §1.2).
import { listFlavors } from '../accelerator/flavor.ts'
import { flavorBody } from './flavor-body.ts'
import type { Handlers } from './handlers.ts'
import type { ApiParts } from './parts.ts'

export const flavorHandlers = ({ inventory }: ApiParts): Handlers<'listFlavors'> => ({
  listFlavors: ({ query }) => {
    const flavors = listFlavors(inventory())
      .map(flavorBody)
      .filter((flavor) => !query.flavor_type || flavor.flavor_type === query.flavor_type)
    return { total_count: flavors.length, flavors }
  },
})
