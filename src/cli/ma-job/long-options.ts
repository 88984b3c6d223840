// Short options of ma-cli that commander has no room for.

/** ma-cli has short options of two letters, and a second one for help; commander knows neither. */
const LONG: Readonly<Record<string, string>> = { '-pn': '--page-num', '-ps': '--page-size', '-H': '--help' }

/** `-pn 2` and `-pn=2` as `--page-num 2`. Words after `--` are left alone. */
export function longOptions(argv: readonly string[]): string[] {
  const end = argv.indexOf('--')
  return argv.map((word, index) => {
    const [name = '', ...value] = word.split('=')
    const long = end >= 0 && index > end ? undefined : LONG[name]
    return long === undefined ? word : [long, ...value].join('=')
  })
}
