import { type Ask, type AskActor, type AskPerson, isSamePerson, mayBeSamePerson } from './ask.ts'
import { AskNotApproverError, AskOwnError } from './errors.ts'

/** Tells whether somebody asks. */
function isRequester({ scope }: Ask, person: AskPerson): boolean {
  return isSamePerson(scope, person)
}

/** Tells whether somebody stands behind the requester. */
function isOwner({ owners }: Ask, person: AskPerson): boolean {
  return owners.some((owner) => {
    const { issuer, subject } = typeof owner === 'string' ? { subject: owner } : owner
    return subject === person.subject && (issuer === undefined || issuer === person.issuer)
  })
}

/** Tells whether an ask is for somebody, or for a service that they stand behind. */
export function isFor(ask: Ask, person: AskPerson): boolean {
  return isRequester(ask, person) || isOwner(ask, person)
}

/**
 * The groups by which somebody may decide. Those of an actor are what their issuer may assert; where the protection names
 * issuers, nobody else's count.
 */
export function approvingGroups({ approval }: Ask, { issuer, groups }: AskActor): readonly string[] {
  if (approval.issuers?.includes(issuer) === false) return []
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
  if (groups.length === 0) throw new AskNotApproverError(ask.approval)
  return groups
}
