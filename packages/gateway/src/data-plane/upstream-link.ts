import type { ConnectionOptions } from 'node:tls'
import type { Clock, ClockTimer } from '@headgate/core'
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

/** For connections of the gateway's own, whose requests say what became of them. */
export const UNHEARD: LinkListener = Object.freeze({ onClosed: () => {}, onDelivered: () => {}, onDrain: () => {} })

/** Gives what a connection signs in with: asked each time, for a password may have been replaced. */
export type CredentialSource = () => UpstreamSasl | undefined

/** What a connection signs in with, and the timer of its next time. */
interface SignIn {
  readonly credential: CredentialSource
  readonly clientId: string
  renewal: ClockTimer | null
}

/** An upstream connection that signs itself in, and signs in anew when the broker asks for it. */
export class UpstreamLink {
  readonly upstream: Upstream
  readonly #signedIn: Promise<void>
  readonly #signIn: SignIn

  constructor(upstream: Upstream, signedIn: Promise<void>, signIn: SignIn) {
    this.upstream = upstream
    this.#signedIn = signedIn
    this.#signIn = signIn
  }

  get isClosed(): boolean {
    return this.upstream.isClosed
  }

  /** Resolves when the broker accepted the credential. */
  ready(): Promise<void> {
    return this.#signedIn
  }

  /** Sends a request of the gateway's own. */
  request<Response>(request: UpstreamRequest): Promise<Response> {
    return requestUpstream<Response>(this.upstream, request)
  }

  close(): void {
    this.#signIn.renewal?.cancel()
    this.upstream.close()
  }
}

/** What every upstream connection of a gateway shares: TLS options, read buffers, derived SCRAM keys. */
export class UpstreamLinks {
  #tls: ConnectionOptions | null
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

  /** Gives the connections that are begun from now on other options. */
  replaceTls(tls: ConnectionOptions | null): void {
    this.#tls = tls
  }

  /** Begins a connection; requests may be written at once, they leave after the sign-in. */
  begin(
    address: UpstreamAddress,
    credential: CredentialSource,
    clientId: string,
    listener: LinkListener,
  ): UpstreamLink {
    const signIn: SignIn = { credential, clientId, renewal: null }
    const upstream = new Upstream({
      address,
      tls: this.#tls,
      pool: this.#pool,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      maxFrameBytes: this.#maxFrameBytes,
      onClosed: (cause) => {
        signIn.renewal?.cancel()
        listener.onClosed(cause)
      },
      onDelivered: () => listener.onDelivered(),
      onDrain: () => listener.onDrain(),
    })
    const signedIn = this.#signIn(upstream, signIn)
    signedIn.catch((cause: unknown) => upstream.abort(asError(cause)))
    return new UpstreamLink(upstream, signedIn, signIn)
  }

  /** Opens a connection of the gateway's own and waits for its sign-in. */
  async open(address: UpstreamAddress, credential: CredentialSource, clientId: string): Promise<UpstreamLink> {
    const link = this.begin(address, credential, clientId, UNHEARD)
    await link.ready()
    return link
  }

  async #signIn(upstream: Upstream, signIn: SignIn): Promise<void> {
    const { clientId } = signIn
    const credential = signIn.credential()
    if (credential !== undefined) {
      const { sessionLifetimeMs } = await signInUpstream(upstream, credential, this.#saltedPasswords, clientId)
      if (sessionLifetimeMs > 0 && !upstream.isClosed) this.#renewBefore(sessionLifetimeMs, upstream, signIn)
    }
    upstream.open()
  }

  /** Signs in anew before the broker ends the session (KIP-368); client requests queue meanwhile. */
  #renewBefore(sessionLifetimeMs: number, upstream: Upstream, signIn: SignIn): void {
    signIn.renewal = this.#clock.after(sessionLifetimeMs * RENEW_AFTER, () => {
      upstream.hold(() => {
        this.#signIn(upstream, signIn).catch((cause: unknown) => upstream.abort(asError(cause)))
      })
    })
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new UpstreamSignInError({ message: 'upstream sign-in: unexpected failure' })
}
