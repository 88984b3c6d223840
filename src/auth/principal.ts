// Who makes a request, in which project, and what they may there.

/** Each may what those before it may. `src/api/route.ts` says which call needs which. */
export type Role = 'viewer' | 'user' | 'admin'

/** The caller of an authenticated request. */
export type Principal = {
  readonly userId: string
  readonly userName: string
  /** Empty for a token of the whole domain: it opens no project's calls. */
  readonly projectId: string
  /** null without a project. */
  readonly role: Role | null
  /** May look after users, projects and keys; sees no project's jobs or objects by that. */
  readonly administrator: boolean
  /** What proved it: an access key, a temporary one, or a token. `id` is no secret. */
  readonly proof: { readonly kind: 'key' | 'temporary' | 'token'; readonly id: string }
  /** When the proof ends, in ms; null: never. What is made with it ends no later. */
  readonly expiresAtMs: number | null
}
