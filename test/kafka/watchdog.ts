import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

/**
 * Told what a process has started, it ends it after that process, however the process ends: also by SIGKILL, when nothing
 * in the process runs any more.
 */
export interface Watchdog {
  watchProcess(pid: number): void
  forgetProcess(pid: number): void
  watchFolder(folder: string): void
  forgetFolder(folder: string): void
}

let child: ChildProcess | undefined

/** The watchdog of this process; one serves everything in it. */
export function watchdog(): Watchdog {
  const tell = (line: string): unknown => input().write(`${line}\n`)
  return {
    watchProcess: (pid) => tell(`kill ${pid}`),
    forgetProcess: (pid) => tell(`gone ${pid}`),
    watchFolder: (folder) => tell(`remove ${folder}`),
    forgetFolder: (folder) => tell(`removed ${folder}`),
  }
}

function input(): NodeJS.WritableStream {
  child ??= startChild()
  if (child.stdin === null) throw new TypeError('the watchdog has no standard input')
  return child.stdin
}

// INVARIANT: only this process holds the other end of the pipe, so the pipe ends with it.
function startChild(): ChildProcess {
  const started = spawn(process.execPath, [fileURLToPath(new URL('watchdog-main.ts', import.meta.url))], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  started.unref()
  // Somebody may have ended it; the tests go on without.
  started.stdin?.on('error', () => undefined)
  if (started.stdin instanceof Socket) started.stdin.unref()
  return started
}
