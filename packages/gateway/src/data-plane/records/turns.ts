import { Fifo } from '../fifo.ts'

const waiting = new Fifo<() => void>()

function giveOne(): void {
  waiting.shift()?.()
  if (waiting.size > 0) setImmediate(giveOne)
}

/**
 * Waits for a turn: one slice of work in each round of the event loop, whoever's it is, so that a hundred answers that are
 * masked at once keep the others no longer waiting than one does.
 */
export function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => {
    waiting.push(() => resolve(undefined))
    if (waiting.size === 1) setImmediate(giveOne)
  })
}
