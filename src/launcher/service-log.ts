// Our own lines in a job's log, in the form people's tools filter for (modelarts.md §3.4, §3.9).

export type ServiceLog = { info(text: string): void; warning(text: string): void; error(text: string): void }

/** Lines `[ModelArts Service Log]2021-09-06 21:53:38,079 - INFO - text` to `write`. */
export function serviceLog(write: (line: string) => void): ServiceLog {
  const at = (level: string) => (text: string) => {
    for (const line of text.split('\n'))
      write(`[ModelArts Service Log]${timestamp(new Date())} - ${level} - ${line}\n`)
  }
  return { info: at('INFO'), warning: at('WARNING'), error: at('ERROR') }
}

function timestamp(date: Date): string {
  const [day, time = ''] = date.toISOString().split('T')
  return `${day} ${time.slice(0, 8)},${time.slice(9, 12)}`
}
