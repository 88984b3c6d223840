#!/usr/bin/env node
// Starts Ropeway on the Node it was made for. Plain JavaScript that an old Node understands.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'

const NEEDED = 24
const root = join(dirname(fileURLToPath(import.meta.url)), '..')

function refuse(message, advice) {
  process.stderr.write(`ropeway: ${message}\n  ${advice}\n`)
  process.exitCode = 1
}

/** The program: built, or as source in a checkout. */
function entryFile() {
  const built = join(root, 'dist', 'src', 'main.js')
  return existsSync(built) ? built : join(root, 'src', 'main.ts')
}

/** The binary of the `node` package, wherever npm has put it; undefined when it is not installed. */
function bundledNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json')
    const file = JSON.parse(readFileSync(manifest, 'utf8')).bin
    const binary = join(dirname(manifest), typeof file === 'string' ? file : file.node)
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

/** Runs the same command line on another Node and ends as it ends; signals are handed on. */
function runWith(binary) {
  // The fourth channel carries no messages: when this process is killed it closes, and main.ts ends too.
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc']
  const child = spawn(binary, [entryFile(), ...process.argv.slice(2)], { stdio })
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2']
  // A terminal sends Ctrl-C to both of us: the child answers it, and handing it on would make it two.
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  for (const name of names)
    process.on(name, () => {
      if (!(terminal && (name === 'SIGINT' || name === 'SIGQUIT'))) child.kill(name)
    })
  child.on('error', (error) =>
    refuse(`${binary} does not start: ${error.message}`, 'Install again: npm install'),
  )
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}

async function start() {
  if (process.platform !== 'linux')
    return refuse(
      `it runs on Linux only, and this is ${process.platform}`,
      'Use a Linux machine or virtual machine (kernel 4.18 or newer, x64 or arm64).',
    )
  if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
    await import(pathToFileURL(entryFile()).href)
    return
  }
  const binary = bundledNode()
  if (binary) return runWith(binary)
  refuse(
    `it needs Node ${NEEDED} or newer, this is ${process.versions.node}, and the package "node" is not installed`,
    'Run npm install in the package, or start it with a newer Node.',
  )
}

start()
