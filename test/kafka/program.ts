import { spawn } from 'node:child_process'
import { watchdog } from './watchdog.ts'

/** How a program is run to its end. */
export interface ProgramOptions {
  /** Written to the program's standard input, which is then closed. */
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** After this the program is killed; 60 s by default. */
  readonly timeoutMs?: number
  /** Called with each chunk of standard output as it comes. */
  readonly onStdout?: (text: string) => void
  /** Kills the program when it fires. */
  readonly signal?: AbortSignal
}

/** What a program left behind. */
export interface ProgramResult {
  readonly stdout: string
  readonly stderr: string
  /** The exit code; `null` when the program was killed. */
  readonly code: number | null
  readonly timedOut: boolean
}

/**
 * Runs a program without a shell and collects its output. It ends with this process, however that ends.
 *
 * @throws the spawn error (`code` is `ENOENT` where there is no such program)
 */
export function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const timeoutMs = options.timeoutMs ?? 60_000
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env: options.env ?? process.env, cwd: options.cwd, stdio: 'pipe' })
    const { pid } = child
    if (pid !== undefined) watchdog().watchProcess(pid)
    let stdout = ''
    let stderr = ''
    let timedOut = false
    const kill = (): boolean => child.kill('SIGKILL')
    const timer = setTimeout(() => {
      timedOut = true
      kill()
    }, timeoutMs)
    options.signal?.addEventListener('abort', kill, { once: true })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      options.onStdout?.(text)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    // A program may end before it has read its input; that is its business, not an error of ours.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.input ?? '')
    const settle = (): void => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', kill)
      if (pid !== undefined) watchdog().forgetProcess(pid)
    }
    child.on('error', (cause) => {
      settle()
      reject(cause)
    })
    child.on('close', (code) => {
      settle()
      resolve({ stdout, stderr, code, timedOut })
    })
  })
}

/** The last `count` lines of a text. */
export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n')
}
