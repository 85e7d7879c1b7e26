import type { ConnectionOptions } from 'node:tls'
import { type Clock, type ClockTimer, isHeadgateError, type LogPort, type Secret } from '@headgate/core'
import { DEFAULT_MAX_FRAME_BYTES } from '@headgate/wire'
import type { ReadBufferPool } from '../data-plane/read-buffers.ts'
import { Upstream, type UpstreamAddress } from '../data-plane/upstream.ts'
import { signInRelay } from './relay-sign-in.ts'

/** Gives a token of the gateway that is fresh: never one whose end is near while a newer one can be had. */
export type RelayTokens = () => Promise<Secret<string>>

/** What all connections of a relay share. */
export interface RelayContext {
  /** `null` where the gateway's listener has no TLS. */
  readonly tls: ConnectionOptions | null
  readonly tokens: RelayTokens
  readonly pool: ReadBufferPool
  readonly clock: Clock
  readonly log: LogPort
}

/** What the owner of a link is told. */
export interface RelayLinkListener {
  onClosed(): void
  onDrain(): void
}

const CONNECT_TIMEOUT_MS = 15_000
const RENEW_AFTER = 0.8
const RETRY_AFTER = 0.25
const MIN_RETRY_MS = 500

/** What is told of a failure: words and code where it is one of ours, else its kind. */
export function failureFields(cause: unknown): { readonly code: string; readonly reason: string } {
  if (isHeadgateError(cause)) return { code: cause.code, reason: cause.message }
  return { code: 'unknown', reason: cause instanceof Error ? cause.name : typeof cause }
}

/**
 * A connection to the gateway that signs itself in, and signs in anew before its session ends (KIP-368); what is written
 * meanwhile waits, so that a client notices nothing.
 */
export class RelayLink {
  readonly upstream: Upstream
  readonly #context: RelayContext
  #renewal: ClockTimer | undefined
  #sessionEndMs = Number.POSITIVE_INFINITY

  constructor(context: RelayContext, address: UpstreamAddress, listener: RelayLinkListener) {
    const { tls, pool, log } = context
    this.#context = context
    this.upstream = new Upstream({
      address,
      tls,
      pool,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      maxFrameBytes: DEFAULT_MAX_FRAME_BYTES,
      onClosed: (cause) => {
        this.#renewal?.cancel()
        log.warn({ event: 'relay-closed', ...address, ...failureFields(cause) }, 'the gateway ended a connection')
        listener.onClosed()
      },
      onDelivered: () => {},
      onDrain: () => listener.onDrain(),
    })
  }

  /** Signs in with a token, and lets what was written go. */
  async signIn(token: Secret<string>): Promise<void> {
    try {
      const lifetimeMs = await signInRelay(this.upstream, token)
      if (this.upstream.isClosed) return
      if (lifetimeMs > 0) {
        this.#sessionEndMs = this.#context.clock.monotonicMs() + lifetimeMs
        this.#renewIn(lifetimeMs * RENEW_AFTER)
      }
      this.upstream.open()
    } catch (cause) {
      this.upstream.abort(cause instanceof Error ? cause : new Error('unexpected'))
    }
  }

  close(): void {
    this.#renewal?.cancel()
    this.upstream.close()
  }

  #renewIn(delayMs: number): void {
    this.#renewal = this.#context.clock.after(delayMs, () => void this.#renew())
  }

  /** The token is had first, and only then does the connection pause: an identity provider may take its time. */
  async #renew(): Promise<void> {
    const { tokens, clock, log } = this.#context
    try {
      const token = await tokens()
      this.upstream.hold(() => void this.signIn(token))
    } catch (cause) {
      const leftMs = this.#sessionEndMs - clock.monotonicMs()
      log.warn({ event: 'relay-renewal', ...failureFields(cause) }, 'no fresh token: the session goes on to its end')
      if (leftMs > 0 && !this.upstream.isClosed) this.#renewIn(Math.max(leftMs * RETRY_AFTER, MIN_RETRY_MS))
    }
  }
}
