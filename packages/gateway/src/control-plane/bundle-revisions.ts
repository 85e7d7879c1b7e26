/** Who a bundle is for. */
export interface BundleAddressee {
  readonly issuer: string
  readonly subject: string
  readonly clientId: string
}

interface Issued {
  readonly revision: number
  readonly programDigest: string
}

const MAX_ADDRESSEES = 100_000

/**
 * Numbers the bundles of each addressee.
 *
 * A revision is that of the policy, except that a program which differs from the addressee's last one (its groups have
 * changed under the same policy) gets a greater one.
 * INVARIANT: an addressee's revisions never go back, and equal ones have equal programs; a client refuses both.
 */
export class BundleRevisions {
  readonly #issued = new Map<string, Issued>()

  /** Gives the revision of a program for an addressee under a policy revision. */
  assign({ issuer, subject, clientId }: BundleAddressee, policyRevision: number, programDigest: string): number {
    const key = JSON.stringify([issuer, subject, clientId])
    const last = this.#issued.get(key)
    const least = last === undefined ? 0 : last.revision + (last.programDigest === programDigest ? 0 : 1)
    const revision = Math.max(policyRevision, least)
    // Set anew, so that the map's order is the order of use.
    this.#issued.delete(key)
    this.#issued.set(key, { revision, programDigest })
    const oldest = this.#issued.keys().next()
    if (this.#issued.size > MAX_ADDRESSEES && oldest.done !== true) this.#issued.delete(oldest.value)
    return revision
  }
}
