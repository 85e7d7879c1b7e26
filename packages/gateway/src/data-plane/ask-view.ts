import { randomUUID } from 'node:crypto'
import type { AskScope, AskStatus, ControlPort } from '../control-port.ts'

const MAX_OPENED = 10_000
/** As many as the control plane lets one requester have open: names behind a pattern are the requester's to choose. */
const MAX_OPENED_PER_REQUESTER = 200

/**
 * The newest ask of every scope, as the control plane tells it; and those that this data plane has just asked to be opened.
 *
 * The room for the latter is bounded, and for each requester by itself: past it a hold stays one, and opens no ask until the
 * control plane has answered. It never answers for an ask that is one too many; such are forgotten when another of the
 * requester's is over, so that traffic opens them then.
 */
export class AskView {
  readonly #asks = new Map<string, AskStatus>()
  readonly #listeners = new Set<(scope: AskScope) => void>()
  readonly #unsubscribe: () => void
  /** The scopes that were opened here and have not been told of, by requester. */
  readonly #untold = new Map<string, Set<string>>()
  #untoldCount = 0

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
    const requester = requesterKey(scope)
    const untold = this.#untold.get(requester) ?? new Set()
    if (this.#untoldCount >= MAX_OPENED || untold.size >= MAX_OPENED_PER_REQUESTER) return undefined
    const key = scopeKey(scope)
    this.#untold.set(requester, untold.add(key))
    this.#untoldCount += 1
    const ask: AskStatus = { id: `ask_${randomUUID()}`, scope, state: 'pending', revision: 0 }
    this.#asks.set(key, ask)
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
    this.#told(ask, key)
    this.#asks.set(key, ask)
    // An ask that is pending gives and takes nothing: what waits for it goes on waiting.
    if (ask.state === 'pending' && (known === undefined || known.state === 'pending')) return
    for (const listener of this.#listeners) listener(ask.scope)
  }

  /** An ask that is over makes room at the control plane for those that it has not told of. */
  #told({ scope, state }: AskStatus, key: string): void {
    const requester = requesterKey(scope)
    const untold = this.#untold.get(requester)
    if (untold === undefined) return
    if (untold.delete(key)) this.#untoldCount -= 1
    if (state !== 'pending') {
      for (const other of untold) this.#asks.delete(other)
      this.#untoldCount -= untold.size
      untold.clear()
    }
    if (untold.size === 0) this.#untold.delete(requester)
  }
}

/** JSON keeps the parts apart whatever characters they hold. */
function scopeKey({ issuer, subject, protection, topic, operation }: AskScope): string {
  return JSON.stringify([issuer, subject, protection, topic, operation])
}

function requesterKey({ issuer, subject }: AskScope): string {
  return JSON.stringify([issuer, subject])
}
