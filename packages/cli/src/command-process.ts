import { readFileSync } from 'node:fs'
import { MessageChannel } from 'node:worker_threads'
import { systemClock } from '@headgate/core'
import type { CommandIo } from './command.ts'
import { runCommandLine } from './command-line.ts'

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

const io: CommandIo = {
  environment: process.env,
  folder: process.cwd(),
  writeOut: (text) => void process.stdout.write(text),
  isOutTerminal: process.stdout.isTTY === true,
  writeError: (text) => void process.stderr.write(text),
  onSignal: (name, handler) => {
    process.on(name, handler)
    return () => void process.off(name, handler)
  },
  clock: systemClock,
}

// A command may wait for nothing but the clock, whose timers keep no process alive.
new MessageChannel().port1.on('message', () => {})

// The only place that ends the process. Output to a pipe may still be on its way when the code is known.
const exitCode = await runCommandLine(process.argv.slice(2), manifest.version, io)
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)))
