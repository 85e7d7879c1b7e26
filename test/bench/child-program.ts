import { spawn } from 'node:child_process'
import { watchdog } from '../kafka/watchdog.ts'

/** A Node.js process that the bench has started. */
export interface ChildProgram {
  readonly pid: number
  /** Resolves with its first output; rejects when it ends before. */
  readonly ready: Promise<void>
  hasEnded(): boolean
  /** Asks it to end, waits, and kills it where it takes longer than five seconds. */
  end(): Promise<void>
}

const END_GRACE_MS = 5_000

/** Starts a Node.js program as it runs in production. It ends with this process, however that ends. */
export function startProgram(args: readonly string[]): ChildProgram {
  // Detached: a Ctrl-C at the terminal is for the bench, which then ends what it started.
  const child = spawn(process.execPath, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'production' },
  })
  const pid = child.pid ?? 0
  watchdog().watchProcess(pid)
  let isOver = false
  const over = new Promise<void>((resolve) => child.once('exit', () => resolve())).then(() => {
    isOver = true
    watchdog().forgetProcess(pid)
  })
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`a process of the bench ended with ${code}`)))
  })
  ready.catch(() => undefined)
  child.stdout.resume()
  return {
    pid,
    ready,
    hasEnded: () => isOver,
    end: async () => {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), END_GRACE_MS)
      await over
      clearTimeout(timer)
    },
  }
}
