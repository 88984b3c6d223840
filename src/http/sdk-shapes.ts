// Answers as the SDKs of Huawei Cloud with exact types read them. Their models differ from what the service's samples show,
// and they fail where a script would not: seen with huaweicloud-sdk-go-v3 0.1.207, whose models the Java SDK shares. Pure.

/** SDKs name themselves so; the Python SDK reads both forms. */
const EXACT = /^huaweicloud-usdk-(go|java)\b/

type Fields = { readonly [key: string]: unknown }

/** Changes by name of the field, wherever it stands. */
const CHANGES: Readonly<Record<string, (value: unknown) => unknown>> = {
  /** A list of maps in their models, a map in every sample (modelarts.md, appendix A). */
  environments: (value) => (isFields(value) ? [value] : value),
  /** 32-bit integers in their models, milliseconds in the service. */
  node_count_metrics: () => null,
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The answer itself for all others. */
export const forSdk = (userAgent: string | undefined, answer: unknown): unknown =>
  EXACT.test(userAgent ?? '') ? changed(answer) : answer

function changed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(changed)
  if (!isFields(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      Object.hasOwn(CHANGES, key) ? CHANGES[key]?.(inner) : changed(inner),
    ]),
  )
}
