// Image references as people write them: which registry, which repository, which tag or digest.
// Grammar of the OCI distribution project's reference package; the short forms mean what they mean to Docker.
import { AppError } from '../api/error.ts'

export type ImageReference = {
  /** `docker.io`, `swr.cn-north-4.myhuaweicloud.com`, `127.0.0.1:5000` */
  readonly registry: string
  /** `library/busybox`, `team/train` */
  readonly repository: string
  /** `latest` when neither tag nor digest was given; null beside a digest. */
  readonly tag: string | null
  /** `sha256:…` */
  readonly digest: string | null
}

/** Docker's own name for its hub where logins are kept. */
export const HUB = 'docker.io'

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
const REGISTRY =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?$/
const LONGEST = 255
const VALID = '[REGISTRY[:PORT]/]NAME[:TAG] or …@sha256:<64 hex digits>, the name in lower case'

/** Throws AppError InvalidParam naming what is wrong with it. `field` is where it came from. */
export function parseImageReference(text: string, field = 'algorithm.engine.image_url'): ImageReference {
  const fail = (why: string): never => {
    throw new AppError(
      'InvalidParam',
      `${field}: got ${JSON.stringify(text.slice(0, 300))}, ${why}; valid: ${VALID}`,
    )
  }
  if (text.includes('://')) fail('an address and not the name of an image')
  const [named = '', digest = null, ...rest] = text.split('@')
  if (rest.length > 0) fail('with more than one "@"')
  if (digest !== null && !DIGEST.test(digest)) fail('whose digest is not sha256')
  const colon = named.lastIndexOf(':')
  const hasTag = colon > named.lastIndexOf('/')
  const tag = hasTag ? named.slice(colon + 1) : null
  if (tag !== null && !TAG.test(tag)) fail(`whose tag ${JSON.stringify(tag.slice(0, 130))} cannot be one`)
  const name = hasTag ? named.slice(0, colon) : named
  const [first = '', ...others] = name.split('/')
  const hasRegistry = others.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const host = hasRegistry ? first.toLowerCase() : HUB
  const registry = host === `index.${HUB}` ? HUB : host
  if (!REGISTRY.test(registry)) fail(`whose registry ${JSON.stringify(first)} is no host name`)
  const components = hasRegistry ? others : [first, ...others]
  if (name.length > LONGEST) fail(`whose name is longer than ${LONGEST} characters`)
  const bad = components.find((component) => !COMPONENT.test(component))
  if (bad !== undefined)
    fail(
      /[A-Z]/.test(bad)
        ? 'whose name has capital letters'
        : `whose part ${JSON.stringify(bad)} cannot be one`,
    )
  const repository =
    registry === HUB && components.length === 1 ? `library/${components[0]}` : components.join('/')
  return { registry, repository, tag: digest === null ? (tag ?? 'latest') : null, digest }
}

/** The complete reference, as pulls name it. */
export const formatReference = ({ registry, repository, tag, digest }: ImageReference): string =>
  `${registry}/${repository}${digest === null ? `:${tag}` : `@${digest}`}`
