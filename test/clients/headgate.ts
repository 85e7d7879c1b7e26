import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { until } from '../kafka/until.ts'
import { watchdog } from '../kafka/watchdog.ts'

/** The arguments of Node.js that run the command from its sources. */
export const HEADGATE: readonly string[] = [
  '--conditions=@headgate/source',
  join(import.meta.dirname, '../../packages/cli/src/main.ts'),
]

/** From its sources a command starts slowly where much else runs. */
const WRITE_TIMEOUT_MS = 60_000

/** A command that runs, or ran. */
export interface HeadgateRun {
  readonly child: ChildProcess
  out(): string
  error(): string
  /** Resolves with the first match in what it wrote, to either stream. */
  wrote(pattern: RegExp): Promise<RegExpExecArray>
  /** The exit code, once it ended; `null` when it was killed. */
  readonly ended: Promise<number | null>
}

/** Starts `headgate` as a process of its own, with nothing in its environment but what is given. */
export function startHeadgate(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  folder?: string,
): HeadgateRun {
  return startProgram(process.execPath, [...HEADGATE, ...args], environment, folder)
}

/** Starts any program that way. */
export function startProgram(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  folder?: string,
): HeadgateRun {
  const env = { PATH: process.env['PATH'], ...environment }
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: folder })
  if (child.pid !== undefined) watchdog().watchProcess(child.pid)
  let [out, error] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    error += text
  })
  let hasEnded = false
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  void ended.then(() => {
    hasEnded = true
    if (child.pid !== undefined) watchdog().forgetProcess(child.pid)
  })
  return {
    child,
    out: () => out,
    error: () => error,
    wrote: async (pattern) => {
      const find = (): RegExpExecArray | null => pattern.exec(error) ?? pattern.exec(out)
      await until(`${args.join(' ')} to write ${pattern}`, () => find() !== null || hasEnded, {
        timeoutMs: WRITE_TIMEOUT_MS,
      })
      const found = find()
      if (found === null) throw new Error(`${args.join(' ')} ended without ${pattern}: ${out}${error}`)
      return found
    },
    ended,
  }
}
