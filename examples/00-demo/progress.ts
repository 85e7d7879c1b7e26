import { styled, write } from './terminal.ts'

const HEARTBEAT_MS = 2000

/** A line that grows while something takes its time, so that nobody wonders whether it stands still. */
export class ProgressLine {
  #startedAtMs = 0
  #heartbeat: NodeJS.Timeout | undefined

  /** Begins a line; the one before it, if any, is done. */
  begin(text: string): void {
    this.end()
    this.#startedAtMs = performance.now()
    write(styled('dim', `  … ${text}`))
    this.#heartbeat = setInterval(() => write(styled('dim', ' .')), HEARTBEAT_MS)
  }

  /** Ends the line with the time that it took. */
  end(): void {
    if (this.#heartbeat === undefined) return
    clearInterval(this.#heartbeat)
    this.#heartbeat = undefined
    write(styled('dim', ` (${((performance.now() - this.#startedAtMs) / 1000).toFixed(1)} s)\n`))
  }
}

/** Does something that may take long, under a line that says what. */
export async function working<T>(text: string, work: () => Promise<T>): Promise<T> {
  const line = new ProgressLine()
  line.begin(text)
  try {
    return await work()
  } finally {
    line.end()
  }
}
