import { type Ask, type AskActor, type AskPerson, isSamePerson, mayBeSamePerson } from './ask.ts'
import { AskNotApproverError, AskOwnError } from './errors.ts'

/** Tells whether somebody asks. */
function isRequester({ scope }: Ask, person: AskPerson): boolean {
  return isSamePerson(scope, person)
}

/** Tells whether somebody stands behind the requester. Owners are subjects, of whichever issuer. */
function isOwner({ owners }: Ask, { subject }: AskPerson): boolean {
  return owners.includes(subject)
}

/** Tells whether an ask is for somebody, or for a service that they stand behind. */
export function isFor(ask: Ask, person: AskPerson): boolean {
  return isRequester(ask, person) || isOwner(ask, person)
}

/** The groups by which somebody may decide. */
export function approvingGroups({ approval }: Ask, { groups }: AskActor): readonly string[] {
  return approval.by.filter((group) => groups?.includes(group) === true)
}

/** Tells whether somebody may see an ask: who asks, who stands behind it, who may decide. */
export function maySee(ask: Ask, actor: AskActor): boolean {
  return isFor(ask, actor) || approvingGroups(ask, actor).length > 0
}

/**
 * Gives the groups by which somebody may decide.
 *
 * INVARIANT: there is no other way to decide, whatever else somebody may do: neither who asks nor an owner, and only a
 * member of the protection's groups.
 *
 * @throws {AskOwnError} `ERR_GATEWAY_ASK_OWN`
 * @throws {AskNotApproverError} `ERR_GATEWAY_ASK_NOT_APPROVER`
 */
export function requireApprover(ask: Ask, actor: AskActor): readonly string[] {
  if (mayBeSamePerson(ask.scope, actor)) throw new AskOwnError('requester')
  if (isOwner(ask, actor)) throw new AskOwnError('owner')
  const groups = approvingGroups(ask, actor)
  if (groups.length === 0) throw new AskNotApproverError(ask.approval.by)
  return groups
}
