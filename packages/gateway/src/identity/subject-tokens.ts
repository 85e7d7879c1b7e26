import { createHash } from 'node:crypto'
import type { Clock } from '@headgate/core'

/** A token of an identity provider that a session was begun with, or went on with. */
export interface SubjectTokenMark {
  /** Tells it from all others; nothing of it can be had from this. */
  readonly digest: string
  /** The end of the token. */
  readonly untilUnixMs: number
}

const MAX_SESSIONS = 50_000
const MAX_OF_SESSION = 64
const MAX_REFUSED = 100_000

/**
 * Gives the digest of a token: over what its issuer calls it (`jti`), or over what was signed where it has no such name. A signature
 * can be written in more than one way.
 */
export function digestOfToken(issuer: string, tokenId: string | undefined, token: string): string {
  const identity = tokenId ?? token.slice(0, token.lastIndexOf('.'))
  return createHash('sha256')
    .update(JSON.stringify([issuer, tokenId === undefined ? 'signed' : 'jti', identity]))
    .digest('base64url')
}

/**
 * Which tokens of identity providers stand behind which sessions, and those that can begin no session any more, because one of theirs was
 * revoked. Each counts to its end.
 */
export class SubjectTokens {
  readonly #clock: Clock
  /** In the order in which sessions last showed one. */
  readonly #bySession = new Map<string, readonly SubjectTokenMark[]>()
  /** Until when each is refused. */
  readonly #refused = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A session was begun with a token, or went on with it. */
  note(sessionId: string, mark: SubjectTokenMark): void {
    const others = this.usedBy(sessionId).filter(({ digest }) => digest !== mark.digest)
    this.#bySession.delete(sessionId)
    this.#bySession.set(sessionId, [...others, mark].slice(-MAX_OF_SESSION))
    const oldest = this.#bySession.keys().next()
    if (this.#bySession.size > MAX_SESSIONS && oldest.done !== true) this.#bySession.delete(oldest.value)
  }

  /** The tokens of a session that still count. */
  usedBy(sessionId: string): readonly SubjectTokenMark[] {
    const now = this.#clock.nowUnixMs()
    return (this.#bySession.get(sessionId) ?? []).filter(({ untilUnixMs }) => untilUnixMs > now)
  }

  /** These begin no session any more. */
  refuse(marks: readonly SubjectTokenMark[]): void {
    for (const { digest, untilUnixMs } of marks) this.#refused.set(digest, untilUnixMs)
    if (this.#refused.size > MAX_REFUSED) this.#forgetEnded()
  }

  /** Whether a token may begin no session. */
  isRefused(digest: string): boolean {
    return this.#refused.has(digest)
  }

  /** What has ended is refused for its end. */
  #forgetEnded(): void {
    const now = this.#clock.nowUnixMs()
    for (const [digest, untilUnixMs] of this.#refused) if (untilUnixMs <= now) this.#refused.delete(digest)
  }
}
