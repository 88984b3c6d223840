// Names of device files. Pure.

/** Ids N of names `<prefix><N>`, ascending; `davinci_manager` and `nvidiactl` are not devices. */
export function deviceIdsOf(names: readonly string[], prefix: string): number[] {
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((rest) => /^(0|[1-9]\d{0,3})$/.test(rest))
    .map(Number)
    .sort((a, b) => a - b)
}
