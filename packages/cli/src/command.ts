import type { Clock } from '@headgate/core'
import type { Command } from 'commander'

/** What a process exits with. */
export const ExitCode = { Ok: 0, Failed: 1, Invalid: 2 } as const
/** What a process exits with: 0 well, 1 failed, 2 usage or invalid input. */
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** The signals that a running command listens to. */
export type SignalName = 'SIGTERM' | 'SIGINT' | 'SIGHUP'

/** Everything a command touches outside itself. */
export interface CommandIo {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Paths given by the user are relative to this folder, and are shown so. */
  readonly folder: string
  /** Writes to standard output: results only. */
  writeOut(text: string): void
  /** Whether standard output is a terminal, which acts on what is written to it. */
  readonly isOutTerminal: boolean
  /** Writes to standard error: problems, progress and the log. */
  writeError(text: string): void
  /** Calls the handler at each signal; the function returned ends it. */
  onSignal(name: SignalName, handler: () => void): () => void
  readonly clock: Clock
}

/** A command with its arguments taken in, ready to run. */
export type CommandRun = (io: CommandIo) => Promise<ExitCode>

/** Adds a command to its parent; when the command line names it, its run is handed over. */
export type CommandDefinition = (parent: Command, select: (run: CommandRun) => void) => void
