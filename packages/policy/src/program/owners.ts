import type { PolicyDocument } from '../document/document.ts'
import type { Principal } from '../principal.ts'
import { matchWho } from './who.ts'

/**
 * The subjects that stand behind a principal and so may not approve what it asks for.
 *
 * Where unknown groups leave it open whether an entry speaks of the principal, it does.
 */
export function ownersOf(document: PolicyDocument, principal: Principal): ReadonlySet<string> {
  const owners = document.owners.filter(({ of }) => matchWho(of, principal) !== 'false')
  return new Set(owners.flatMap(({ people }) => people))
}
