import { randomUUID } from 'node:crypto'
import type { AskScope, AskStatus, ControlPort } from '../control-port.ts'

const MAX_OPENED = 10_000

/**
 * The newest ask of every scope, as the control plane tells it; and those that this data plane has just asked to be opened.
 *
 * The room for the latter is bounded: past it a hold stays one, and opens no ask until the control plane has answered.
 */
export class AskView {
  readonly #asks = new Map<string, AskStatus>()
  readonly #listeners = new Set<(scope: AskScope) => void>()
  readonly #unsubscribe: () => void
  #openedHere = 0

  constructor(control: ControlPort) {
    this.#unsubscribe = control.subscribe((message) => {
      if (message.kind === 'ask') this.#take(message.ask)
    })
  }

  /** The newest ask of a scope. */
  find(scope: AskScope): AskStatus | undefined {
    return this.#asks.get(scopeKey(scope))
  }

  /**
   * Makes the ask of a scope that has none, until the control plane tells of it, perhaps under the id of another that was
   * opened at the same time; `undefined` when too many wait for that already.
   */
  open(scope: AskScope): AskStatus | undefined {
    if (this.#openedHere >= MAX_OPENED) return undefined
    this.#openedHere += 1
    const ask: AskStatus = { id: `ask_${randomUUID()}`, scope, state: 'pending', revision: 0 }
    this.#asks.set(scopeKey(scope), ask)
    return ask
  }

  /** Calls `listener` with the scope of an ask after each step that gives or takes access; the function returned ends that. */
  onChange(listener: (scope: AskScope) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Ends the subscription. */
  close(): void {
    this.#unsubscribe()
    this.#listeners.clear()
  }

  #take(ask: AskStatus): void {
    const key = scopeKey(ask.scope)
    const known = this.#asks.get(key)
    // A step that was overtaken by a later one of the same ask tells nothing.
    if (known !== undefined && known.id === ask.id && known.revision >= ask.revision && known.revision !== 0) return
    if (known?.revision === 0) this.#openedHere -= 1
    this.#asks.set(key, ask)
    // An ask that is pending gives and takes nothing: what waits for it goes on waiting.
    if (ask.state === 'pending' && (known === undefined || known.state === 'pending')) return
    for (const listener of this.#listeners) listener(ask.scope)
  }
}

/** JSON keeps the parts apart whatever characters they hold. */
function scopeKey({ issuer, subject, protection, topic, operation }: AskScope): string {
  return JSON.stringify([issuer, subject, protection, topic, operation])
}
