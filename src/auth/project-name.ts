// Which project does a name mean? In Huawei Cloud a project is called after its region (`cn-north-4`), and one made by
// hand `cn-north-4_vision`. Programs written for it send such names; here there is one place, and projects are called
// as their people call them.
import type { Project } from './identity.ts'

const REGION = /^[a-z]{2,3}-[a-z]+\d{0,3}(-\d{1,3})?$/

/** Of these projects the one that is meant: by its name, by `REGION_name`, or by a region's name where there is one only. */
export function projectNamed(projects: readonly Project[], name: string): Project | undefined {
  const exact = projects.find((project) => project.name === name)
  if (exact) return exact
  const [, region = '', rest] = /^([^_]*)(?:_(.+))?$/.exec(name) ?? []
  if (!REGION.test(region)) return undefined
  if (rest !== undefined) return projects.find((project) => project.name === rest)
  return projects.length === 1 ? projects[0] : undefined
}

/** The region that a project's name speaks of, or `otherwise`: what the catalog of services then says. */
export function regionOf(name: string | null | undefined, otherwise: string): string {
  const [region = ''] = (name ?? '').split('_')
  return REGION.test(region) ? region : otherwise
}
