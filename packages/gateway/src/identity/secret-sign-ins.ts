import { createHmac, randomBytes } from 'node:crypto'
import type { Clock, Secret } from '@headgate/core'
import { ClientSecretRefusedError } from './identity-errors.ts'
import type { IssuerToken } from './issuer-tokens.ts'

const MAX_KEPT_MS = 60_000
const REFUSAL_KEPT_MS = 5_000
const MAX_ENTRIES = 10_000

interface Entry {
  readonly result: Promise<IssuerToken>
  /** `undefined` while the exchange runs. */
  untilUnixMs: number | undefined
}

/**
 * Remembers the outcome of exchanges of client id and secret for a short time, so that many connections of one client
 * make one exchange.
 *
 * Kept: a success for a minute at most and never past half of the token's remaining life; a refusal of the issuer for
 * five seconds; any other failure not at all. The secret itself is not kept, only its HMAC under a key of this process.
 */
export class SecretSignIns {
  readonly #clock: Clock
  readonly #key = randomBytes(32)
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Gives the remembered outcome, or runs the exchange; concurrent callers share it. */
  async signIn(clientId: string, secret: Secret<string>, exchange: () => Promise<IssuerToken>): Promise<IssuerToken> {
    const key = this.#keyOf(clientId, secret)
    const kept = this.#entries.get(key)
    if (kept !== undefined && (kept.untilUnixMs ?? Number.POSITIVE_INFINITY) > this.#clock.nowUnixMs())
      return kept.result
    return this.#start(key, exchange)
  }

  #start(key: string, exchange: () => Promise<IssuerToken>): Promise<IssuerToken> {
    const entry: Entry = { result: exchange(), untilUnixMs: undefined }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    this.#evict()
    entry.result.then(
      (token) => {
        const now = this.#clock.nowUnixMs()
        entry.untilUnixMs = now + Math.min(MAX_KEPT_MS, (token.expiresAtUnixMs - now) / 2)
      },
      (error: unknown) => {
        const keptMs = error instanceof ClientSecretRefusedError ? REFUSAL_KEPT_MS : 0
        entry.untilUnixMs = this.#clock.nowUnixMs() + keptMs
      },
    )
    return entry.result
  }

  #keyOf(clientId: string, secret: Secret<string>): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([clientId, secret.reveal()]))
      .digest('base64')
  }

  #evict(): void {
    const oldest = this.#entries.keys().next()
    if (this.#entries.size > MAX_ENTRIES && oldest.done !== true) this.#entries.delete(oldest.value)
  }
}
