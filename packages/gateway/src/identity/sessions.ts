import { randomUUID } from 'node:crypto'
import type { Clock } from '@headgate/core'
import type { Principal } from '@headgate/policy'
import { TokenRevokedError } from './identity-errors.ts'
import type { SignIn } from './sign-in.ts'

/** How long a session outlives its last token, and its last connection. */
export const SESSION_IDLE_MS = 600_000

const MAX_UNATTENDED = 50_000

/** By what the session of a client is known that brings none of its own. */
export interface PlainClient {
  readonly principal: Principal
  /** The OAuth client that its token was issued to. */
  readonly oauthClientId: string | undefined
  /** What it calls itself to Kafka. */
  readonly kafkaClientId: string | undefined
  readonly address: string | undefined
}

/** What a connection that takes a seat is told. */
export interface SessionSeatOptions {
  /** A newer token of the session was verified on another connection, perhaps with other groups. */
  readonly onPrincipal: (principal: Principal) => void
  /** The session was revoked: it has no rights any more. */
  readonly onRevoked: () => void
}

/** The part of one connection in a session. */
export interface SessionSeat {
  /** Who the session is: with the groups of its newest verified token. */
  readonly principal: Principal
  /** The connection is gone, or has another session. */
  leave(): void
}

interface Session {
  readonly id: string
  /** Of a plain client. */
  readonly key: string | undefined
  lastUsedUnixMs: number
  newest: SignIn | undefined
  readonly seats: Set<SessionSeatOptions>
}

/**
 * The sessions that this gateway knows. A session spans the tokens and sockets of one client.
 *
 * A session without a connection is kept for ten minutes. The room for those is bounded: where it is used up, the one that
 * was not used for the longest time is forgotten, and its client gets a new one.
 */
export class Sessions {
  readonly #clock: Clock
  readonly #attended = new Map<string, Session>()
  /** In the order of their last use. */
  readonly #unattended = new Map<string, Session>()
  readonly #idByPlainClient = new Map<string, string>()
  /** Until when each counts. In the order of revocation. */
  readonly #revoked = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * The session of a client that brings none: the one it had within the last ten minutes, or a new one.
   *
   * @param mayBegin whether its token may begin one
   * @throws {TokenRevokedError} `ERR_GATEWAY_TOKEN_REVOKED` when there is none and it may not
   */
  plainSession({ principal, oauthClientId, kafkaClientId, address }: PlainClient, mayBegin = true): string {
    this.#forgetIdle()
    const { issuer, subject } = principal
    // JSON keeps the parts apart whatever characters they hold.
    const key = JSON.stringify([issuer, subject, oauthClientId, kafkaClientId, address])
    const known = this.#find(this.#idByPlainClient.get(key))
    if (known === undefined && !mayBegin) throw new TokenRevokedError()
    const session = known ?? this.#create(randomUUID(), key)
    this.#idByPlainClient.set(key, session.id)
    this.#use(session)
    return session.id
  }

  /** Ends a session: its tokens count no more until then, and every connection that has a seat is told. */
  revoke(sessionId: string, untilUnixMs: number): void {
    const now = this.#clock.nowUnixMs()
    for (const [id, until] of this.#revoked) {
      if (until > now) break
      this.#revoked.delete(id)
    }
    this.#revoked.delete(sessionId)
    this.#revoked.set(sessionId, untilUnixMs)
    const session = this.#find(sessionId)
    if (session === undefined) return
    this.#attended.delete(sessionId)
    this.#unattended.delete(sessionId)
    // A plain client begins another session when it signs in again.
    if (session.key !== undefined) this.#idByPlainClient.delete(session.key)
    for (const { onRevoked } of [...session.seats]) onRevoked()
  }

  /** Whether a session was revoked. */
  isRevoked(sessionId: string): boolean {
    return this.#revoked.has(sessionId)
  }

  /** Takes a seat for a connection that signed in. */
  join(signIn: SignIn, options: SessionSeatOptions): SessionSeat {
    this.#forgetIdle()
    const session = this.#find(signIn.sessionId) ?? this.#create(signIn.sessionId, undefined)
    const { newest } = session
    // A session is one principal's; should an id ever be another's too, the two have nothing to do with each other.
    if (newest !== undefined && !isSamePrincipal(newest, signIn))
      return { principal: signIn.principal, leave: () => {} }
    if (newest === undefined || signIn.issuedAtUnixMs >= newest.issuedAtUnixMs) {
      session.newest = signIn
      for (const { onPrincipal } of [...session.seats]) onPrincipal(signIn.principal)
    }
    // One connection, one seat, also where two of them give the same functions.
    const seat = { ...options }
    session.seats.add(seat)
    this.#use(session)
    return { principal: (session.newest ?? signIn).principal, leave: () => this.#leave(session, seat) }
  }

  #leave(session: Session, seat: SessionSeatOptions): void {
    if (session.seats.delete(seat) && !this.isRevoked(session.id)) this.#use(session)
  }

  #find(id: string | undefined): Session | undefined {
    return id === undefined ? undefined : (this.#attended.get(id) ?? this.#unattended.get(id))
  }

  #create(id: string, key: string | undefined): Session {
    return { id, key, lastUsedUnixMs: 0, newest: undefined, seats: new Set() }
  }

  #use(session: Session): void {
    session.lastUsedUnixMs = this.#clock.nowUnixMs()
    this.#attended.delete(session.id)
    this.#unattended.delete(session.id)
    const sessions = session.seats.size > 0 ? this.#attended : this.#unattended
    sessions.set(session.id, session)
  }

  #forgetIdle(): void {
    const idleSince = this.#clock.nowUnixMs() - SESSION_IDLE_MS
    for (const session of this.#unattended.values()) {
      if (session.lastUsedUnixMs > idleSince && this.#unattended.size <= MAX_UNATTENDED) return
      this.#unattended.delete(session.id)
      if (session.key !== undefined) this.#idByPlainClient.delete(session.key)
    }
  }
}

function isSamePrincipal(one: SignIn, other: SignIn): boolean {
  return one.principal.issuer === other.principal.issuer && one.principal.subject === other.principal.subject
}
