// `ropeway serve`: the server. What it does is wired elsewhere; here are only its flags.
import type { Command } from 'commander'
import { newCommand } from './command.ts'
import type { CliContext, ServeFlags } from './context.ts'

const EXAMPLE = `ropeway serve --data ./data --simulate 2x4

DIR/credentials.json tells clients where the server is and how to sign, once it answers.`

export function serveCommand(context: CliContext): Command {
  return newCommand(context, 'serve', 'run the server', EXAMPLE)
    .option('--data <dir>', 'data folder (default: ROPEWAY_DATA, else the user’s data directory)')
    .option(
      '--listen <host:port>',
      'where the API answers; port 0 picks a free one (default: 127.0.0.1:8470)',
    )
    .option('--objects <host:port>', 'where the object store answers (default: 127.0.0.1:8471)')
    .option('--backend <name>', 'docker, host, fake or auto (default: auto)')
    .option(
      '--database <url>',
      'postgres://… for several servers (ROPEWAY_DATABASE keeps a password out of process lists; default: SQLite in the data folder)',
    )
    .option('--simulate <HOSTSxDEVICES[:CHIP]>', 'pretend to have Ascend devices, such as 2x4 or 2x8:910b')
    .option('--site <file>', "the administrator's rules (default: site.yaml of the data folder, if there)")
    .option('--tls-cert <file>', 'certificate with its chain, PEM; read again when it changes and on SIGHUP')
    .option('--tls-key <file>', 'its key, PEM')
    .option('--public-url <url>', 'where clients find the API, when a proxy stands before it')
    .option('--public-objects-url <url>', 'where clients find the object store then')
    .option('--proxies <addresses>', 'whose X-Forwarded-For is believed, with commas between')
    .option('--region <name>', 'what the catalog of services calls this place (default: ropeway)')
    .option('--json', 'print one JSON document a line')
    .action((flags: ServeFlags) => context.serve(flags, context.signal))
}
