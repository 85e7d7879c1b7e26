// Test fixture: a folder to work in, and a command line run in this process with everything it writes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  run(...args: string[]): Promise<CommandOutcome>
  /** Raises a signal for the command that runs. */
  raise(name: SignalName): void
  remove(): void
}

/** A config in plaintext whose keys `keys create` makes; nothing listens at its bootstrap address. */
export const CONFIG = `cluster: { name: orders-prod, bootstrap: [127.0.0.1:1], insecure: true }
listener: { port: 0, brokers: { firstPort: 19100, ids: 0 }, insecure: true }
http: { port: 0, publicUrl: https://gateway.example, insecure: true }
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

/** Creates the folder. */
export function createCommandFolder(): CommandFolder {
  const path = mkdtempSync(join(tmpdir(), 'headgate-cli-'))
  const handlers = new Set<readonly [SignalName, () => void]>()
  const run = async (...args: string[]): Promise<CommandOutcome> => {
    let [out, error] = ['', '']
    const io: CommandIo = {
      environment: {},
      folder: path,
      writeOut: (text) => {
        out += text
      },
      writeError: (text) => {
        error += text
      },
      onSignal: (name, handler) => {
        const entry = [name, handler] as const
        handlers.add(entry)
        return () => void handlers.delete(entry)
      },
    }
    const exitCode = await runCommandLine(args, '1.2.3', io)
    return { exitCode, out, error }
  }
  return {
    path,
    run,
    write: (name, text) => writeFileSync(join(path, name), text),
    raise: (name) => {
      for (const [signal, handler] of handlers) if (signal === name) handler()
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}
