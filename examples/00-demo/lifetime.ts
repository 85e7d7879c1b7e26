const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** What was started, to be ended in reverse order, whatever happens. */
export class Lifetime {
  readonly #undo: (() => Promise<unknown>)[] = []
  /** Becomes true with the first signal to end; a second one ends at once. */
  readonly interrupted: Promise<'interrupted'> = new Promise((resolve) => {
    let count = 0
    const hear = (): void => {
      count += 1
      if (count > 1) process.exit(130)
      resolve('interrupted')
    }
    for (const signal of SIGNALS) process.on(signal, hear)
  })

  /** Remembers how to end something. */
  add(undo: () => Promise<unknown>): void {
    this.#undo.push(undo)
  }

  /** Ends everything; what cannot be ended keeps nothing else from it. */
  async end(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) {
      try {
        await undo()
      } catch (error) {
        console.error(error instanceof Error ? error.message : error)
      }
    }
  }
}
