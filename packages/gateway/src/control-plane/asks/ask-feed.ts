import type { AskStatus } from '../../control-port.ts'
import { type Ask, statusOf } from './ask.ts'
import { scopeDigest } from './ask-table.ts'

/** Tells subscribers the newest ask of every scope: all of them at first, then every step, in order. */
export class AskFeed {
  readonly #newest = new Map<string, { readonly generation: number; readonly status: AskStatus }>()
  readonly #receivers = new Set<(ask: AskStatus) => void>()

  subscribe(receive: (ask: AskStatus) => void): () => void {
    this.#receivers.add(receive)
    for (const { status } of this.#newest.values()) receive(status)
    return () => this.#receivers.delete(receive)
  }

  /** Tells an ask unless a later step of it, or a newer ask of its scope, was told already; `again` tells that one again. */
  publish(ask: Ask, { again = false }: { readonly again?: boolean } = {}): void {
    const digest = scopeDigest(ask.scope)
    const known = this.#newest.get(digest)
    if (known === undefined || isLater(ask, known.generation, known.status.revision)) {
      const status = statusOf(ask)
      this.#newest.set(digest, { generation: ask.generation, status })
      this.#tell(status)
    } else if (again) this.#tell(known.status)
  }

  #tell(status: AskStatus): void {
    for (const receive of [...this.#receivers]) receive(status)
  }
}

function isLater(ask: Ask, generation: number, revision: number): boolean {
  return ask.generation > generation || (ask.generation === generation && ask.revision > revision)
}
