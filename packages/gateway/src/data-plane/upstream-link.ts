import type { ConnectionOptions } from 'node:tls'
import type { Clock } from '@headgate/core'
import type { UpstreamSasl } from '../config/gateway-config.ts'
import { UpstreamSignInError } from './errors.ts'
import type { ReadBufferPool } from './read-buffers.ts'
import { SaltedPasswordCache } from './scram.ts'
import { Upstream, type UpstreamAddress } from './upstream.ts'
import { requestUpstream, type UpstreamRequest } from './upstream-request.ts'
import { signInUpstream } from './upstream-sign-in.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** A broker's session is renewed after this part of its life. */
const RENEW_AFTER = 0.8

/** What an owner of a link is told. */
export interface LinkListener {
  onClosed(cause: Error | null): void
  onDelivered(): void
  onDrain(): void
}

/** An upstream connection that signs itself in, and signs in anew when the broker asks for it. */
export class UpstreamLink {
  readonly upstream: Upstream
  readonly #signIn: () => Promise<void>

  constructor(upstream: Upstream, signIn: () => Promise<void>) {
    this.upstream = upstream
    this.#signIn = signIn
  }

  get isClosed(): boolean {
    return this.upstream.isClosed
  }

  /** Resolves when the broker accepted the credential. */
  ready(): Promise<void> {
    return this.#signIn()
  }

  /** Sends a request of the gateway's own. */
  request<Response>(request: UpstreamRequest): Promise<Response> {
    return requestUpstream<Response>(this.upstream, request)
  }

  close(): void {
    this.upstream.close()
  }
}

/** What every upstream connection of a gateway shares: TLS options, read buffers, derived SCRAM keys. */
export class UpstreamLinks {
  readonly #tls: ConnectionOptions | null
  readonly #maxFrameBytes: number
  readonly #clock: Clock
  readonly #pool: ReadBufferPool
  readonly #saltedPasswords = new SaltedPasswordCache()

  constructor(tls: ConnectionOptions | null, maxFrameBytes: number, pool: ReadBufferPool, clock: Clock) {
    this.#tls = tls
    this.#maxFrameBytes = maxFrameBytes
    this.#pool = pool
    this.#clock = clock
  }

  /** Begins a connection; requests may be written at once, they leave after the sign-in. */
  begin(
    address: UpstreamAddress,
    credential: UpstreamSasl | undefined,
    clientId: string,
    listener: LinkListener,
  ): UpstreamLink {
    const upstream = new Upstream({
      address,
      tls: this.#tls,
      pool: this.#pool,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      maxFrameBytes: this.#maxFrameBytes,
      onClosed: (cause) => listener.onClosed(cause),
      onDelivered: () => listener.onDelivered(),
      onDrain: () => listener.onDrain(),
    })
    const signedIn = this.#signIn(upstream, credential, clientId)
    signedIn.catch((cause: unknown) => upstream.abort(asError(cause)))
    return new UpstreamLink(upstream, () => signedIn)
  }

  /** Opens a connection of the gateway's own and waits for its sign-in. */
  async open(address: UpstreamAddress, credential: UpstreamSasl | undefined, clientId: string): Promise<UpstreamLink> {
    const link = this.begin(address, credential, clientId, {
      onClosed: () => {},
      onDelivered: () => {},
      onDrain: () => {},
    })
    await link.ready()
    return link
  }

  async #signIn(upstream: Upstream, credential: UpstreamSasl | undefined, clientId: string): Promise<void> {
    if (credential !== undefined) {
      const { sessionLifetimeMs } = await signInUpstream(upstream, credential, this.#saltedPasswords, clientId)
      if (sessionLifetimeMs > 0) this.#renewBefore(sessionLifetimeMs, upstream, credential, clientId)
    }
    upstream.open()
  }

  /** Signs in anew before the broker ends the session (KIP-368); client requests queue meanwhile. */
  #renewBefore(sessionLifetimeMs: number, upstream: Upstream, credential: UpstreamSasl, clientId: string): void {
    this.#clock.after(sessionLifetimeMs * RENEW_AFTER, () => {
      if (upstream.isClosed) return
      upstream.hold(() => {
        this.#signIn(upstream, credential, clientId).catch((cause: unknown) => upstream.abort(asError(cause)))
      })
    })
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new UpstreamSignInError({ message: 'upstream sign-in: unexpected failure' })
}
