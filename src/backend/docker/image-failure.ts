// What engines and registries say when an image cannot be had, told apart. Pure. The words are those of dockerd 20 to 28,
// Podman 4, distribution, Harbor, SWR and Docker Hub, which say the same things differently.
import { HUB, parseImageReference } from '../../job/image-reference.ts'

export type PullFailure = {
  readonly code: 'ImageNotFound' | 'RegistryRefused' | 'RegistryUnreachable' | 'DiskFull'
  readonly says: string
  /** Another try may help. */
  readonly mayPass: boolean
}

export type Asked = {
  /** Complete reference, or null when only the registry was asked. */
  readonly reference: string | null
  /** unproven: given, and whether the registry accepts it is not known. */
  readonly login: 'none' | 'unproven' | 'accepted'
}

const refused = (says: string): PullFailure => ({ code: 'RegistryRefused', says, mayPass: false })
const missing = (says: string): PullFailure => ({ code: 'ImageNotFound', says, mayPass: false })
const unreachable = (says: string, mayPass: boolean): PullFailure => ({
  code: 'RegistryUnreachable',
  says,
  mayPass,
})

const WRONG_PASSWORD = refused('the registry does not accept the user name or password')
const NO_LOGIN = refused('the registry wants a login; give one with "ropeway registry add"')
const LOGIN_REFUSED = refused(
  'the registry does not accept this login: user name or password are wrong, or it may not read the image; "ropeway registry test" tells which',
)
const NO_ACCESS = refused(
  'the registry gives no access to it: it does not exist there, or it needs another login',
)

const NOT_THIS_LOGIN = refused('the registry refuses this login')

/** Some registries say the same of a wrong password and of a right one that opens something else. */
function loginRefused({ login, reference }: Asked): PullFailure {
  switch (login) {
    case 'none':
      return NO_LOGIN
    case 'accepted':
      return NO_ACCESS
    case 'unproven':
      return reference === null ? WRONG_PASSWORD : LOGIN_REFUSED
  }
}

/** First match wins. */
const FAILURES: readonly (readonly [RegExp, PullFailure | ((asked: Asked) => PullFailure)])[] = [
  [
    /no space left on device|disk quota exceeded/i,
    { code: 'DiskFull', says: "the engine's disk has no space left", mayPass: false },
  ],
  [
    /toomanyrequests|too many requests|pull rate limit/i,
    refused("the registry's limit of pulls is reached; wait, or give a login that may pull more"),
  ],
  [
    /incorrect username or password|invalid username\/password|wrong password|failed with status: 401/i,
    WRONG_PASSWORD,
  ],
  // Harbor says this to a login that is right and not a member of the project.
  [/unauthorized to access repository/i, ({ login }) => (login === 'none' ? NO_LOGIN : NO_ACCESS)],
  [
    /no basic auth credentials|authentication required|unauthorized|unauthenticated|authorization failed|may not login/i,
    loginRefused,
  ],
  // "permission denied" is the engine's own disk.
  [/(?<!permission )denied|forbidden/i, ({ reference }) => (reference === null ? NOT_THIS_LOGIN : NO_ACCESS)],
  [
    /manifest unknown|name unknown|manifest for .* not found|repository .*not found|no such image|status:? 404|: not found$/i,
    missing('the registry has no image of that name and tag'),
  ],
  [
    /no matching manifest|no match for platform|no image found in (?:manifest list|image index)|cannot be used on this platform/i,
    missing('the registry has it for other architectures only'),
  ],
  [/no such host|name or service not known/i, unreachable("the registry's host name is not known", false)],
  [/\blookup\b|name resolution/i, unreachable("the registry's host name could not be looked up", true)],
  [
    /timeout|deadline exceeded|timed out|no word from the registry/i,
    unreachable('the registry did not answer in time', true),
  ],
  [/connection refused/i, unreachable("nobody listens at the registry's address", false)],
  [
    /network is unreachable|no route to host|host is down/i,
    unreachable('there is no way to the registry from this machine', false),
  ],
  [
    /x509|certificate|tls:|HTTP response to HTTPS client/i,
    unreachable(
      'the engine does not trust the connection; give it the certificate, or name the registry under insecure-registries in its configuration',
      false,
    ),
  ],
  [
    /\bEOF\b|reset by peer|broken pipe|closed|status:? 5\d\d|\b50[0234] |unavailable|verification failed|context canceled/i,
    unreachable('the registry failed, or the connection to it', true),
  ],
]

const OTHER = unreachable('the engine gives this reason', false)

/** What an engine's words about a failed pull come to. */
export function explainPull(words: string, asked: Asked): PullFailure {
  const text = withoutNames(words, asked.reference)
  const found = FAILURES.find(([pattern]) => pattern.test(text))?.[1] ?? OTHER
  return typeof found === 'function' ? found(asked) : found
}

/** Names of images and hosts may contain any of the words that are looked for. */
function withoutNames(words: string, reference: string | null): string {
  const text = words.replace(/https?:\/\/[^\s"]+/g, 'URL')
  if (reference === null) return text
  const { registry, repository } = parseImageReference(reference)
  const known = `${registry}/${repository}`
  const names = [reference, known, repository.includes('/') ? repository : known]
  if (registry !== HUB) names.push(registry)
  return names
    .reduce((rest, name) => rest.replaceAll(name, 'NAME'), text)
    .replace(/NAME[:@][\w.:-]+/g, 'NAME')
}
