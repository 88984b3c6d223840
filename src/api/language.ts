// The languages of answers, by the header `X-Language` (modelarts.md §1.1).

export const LANGUAGES = ['en-us', 'zh-cn'] as const
export type Language = (typeof LANGUAGES)[number]

/** English unless Chinese was asked for; a language nobody knows is no reason to refuse a request. */
export const languageOf = (header: string | null | undefined): Language =>
  /^zh\b/i.test(header ?? '') ? 'zh-cn' : 'en-us'
