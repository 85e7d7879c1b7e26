// Test fixture: a folder to work in, and a command line run in this process with everything it writes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, systemClock } from '@headgate/core'
import type { CommandIo, ExitCode, SignalName } from './command.ts'
import { runCommandLine } from './command-line.ts'

/** What a command line did. */
interface CommandOutcome {
  readonly exitCode: ExitCode
  readonly out: string
  readonly error: string
}

/** A folder and the command line in it. */
export interface CommandFolder {
  readonly path: string
  write(name: string, text: string): void
  /** What a command touches, with these variables; what it writes is kept nowhere. */
  io(environment: Readonly<Record<string, string>>): CommandIo
  run(...args: string[]): Promise<CommandOutcome>
  /** Like `run`, with environment variables. */
  runWith(environment: Readonly<Record<string, string>>, ...args: string[]): Promise<CommandOutcome>
  /** Raises a signal for the command that runs. */
  raise(name: SignalName): void
  remove(): void
}

/** A config in plaintext whose keys `keys create` makes; nothing listens at its bootstrap address. */
export const CONFIG = `cluster: { name: orders-prod, bootstrap: [127.0.0.1:1], insecure: true }
listener: { port: 0, brokers: { firstPort: 19100, ids: 0 }, insecure: true }
http: { port: 0, publicUrl: http://gateway.example, insecure: true }
issuers:
  - { name: corp, issuer: https://idp.example, audiences: [headgate], algorithms: [ES256] }
tokens: { signingKey: { file: token.jwk.json } }
bundles: { currentKey: { file: bundle.jwk.json } }
policy: policy.yaml
`

/** A policy with one rule. */
export const POLICY = `rules:
  - id: producers-write
    who: { groups: [producers] }
    may: { produce: [orders] }
`

/** What a test may want otherwise. */
export interface CommandFolderOptions {
  readonly clock?: Clock
  /** Called with everything that a command writes to standard error, as it is written. */
  readonly onError?: (text: string) => void
  /** Whether what is written goes to a terminal. */
  readonly isOutTerminal?: boolean
}

/** Creates the folder. */
export function createCommandFolder({
  clock = systemClock,
  onError = () => {},
  isOutTerminal = false,
}: CommandFolderOptions = {}): CommandFolder {
  const path = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
  const handlers = new Set<readonly [SignalName, () => void]>()
  const createIo = (environment: Readonly<Record<string, string>>): CommandIo => ({
    environment: { XDG_CONFIG_HOME: join(path, 'config'), ...environment },
    folder: path,
    writeOut: () => {},
    isOutTerminal,
    writeError: () => {},
    onSignal: (name, handler) => {
      const entry = [name, handler] as const
      handlers.add(entry)
      return () => void handlers.delete(entry)
    },
    clock,
  })
  const runWith: CommandFolder['runWith'] = async (environment, ...args) => {
    let [out, error] = ['', '']
    const io: CommandIo = {
      ...createIo(environment),
      writeOut: (text) => {
        out += text
      },
      writeError: (text) => {
        error += text
        onError(text)
      },
    }
    const exitCode = await runCommandLine(args, '1.2.3', io)
    return { exitCode, out, error }
  }
  return {
    path,
    io: createIo,
    run: (...args) => runWith({}, ...args),
    runWith,
    write: (name, text) => writeFileSync(join(path, name), text),
    raise: (name) => {
      for (const [signal, handler] of handlers) if (signal === name) handler()
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}
