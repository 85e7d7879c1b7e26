import type { SignIn } from '../../identity/authenticator.ts'
import type { AskActor } from './ask.ts'

const MAX_PEOPLE = 10_000

interface Newest {
  readonly issuedAtUnixMs: number
  readonly groups: readonly string[] | undefined
}

/**
 * The groups of each person's newest verified token: who has lost a group does not decide by a token from before.
 *
 * The room is bounded; who was not heard of for the longest time is forgotten, and then their token counts as it is.
 */
export class NewestGroups {
  readonly #newest = new Map<string, Newest>()

  /** Gives somebody with the groups of their newest token, which may be another than the one just verified. */
  actorOf({ principal, issuedAtUnixMs }: SignIn): AskActor {
    const { issuer, subject, groups } = principal
    const key = JSON.stringify([issuer, subject])
    const known = this.#newest.get(key)
    const newest = known !== undefined && known.issuedAtUnixMs > issuedAtUnixMs ? known : { issuedAtUnixMs, groups }
    this.#newest.delete(key)
    this.#newest.set(key, newest)
    const oldest = this.#newest.keys().next()
    if (this.#newest.size > MAX_PEOPLE && oldest.done !== true) this.#newest.delete(oldest.value)
    return { ...principal, groups: newest.groups }
  }
}
