import type { PolicyDocument } from '../document/document.ts'
import type { Principal } from '../principal.ts'
import { matchWho } from './who.ts'

/** Somebody who stands behind a service: a subject of one issuer, or of any. */
export interface Owner {
  readonly subject: string
  /** Absent means the subject of whichever issuer. */
  readonly issuer?: string
}

/**
 * The people who stand behind a principal and so may not approve what it asks for.
 *
 * Where unknown groups leave it open whether an entry speaks of the principal, it does.
 */
export function ownersOf(document: PolicyDocument, principal: Principal): readonly Owner[] {
  const matching = document.owners.filter(({ of }) => matchWho(of, principal) !== 'false')
  const owners = matching.flatMap(({ people, issuers }) =>
    people.flatMap((subject): Owner[] => issuers?.map((issuer) => ({ subject, issuer })) ?? [{ subject }]),
  )
  const byKey = new Map(owners.map((owner) => [JSON.stringify([owner.subject, owner.issuer ?? null]), owner]))
  return [...byKey.values()]
}
