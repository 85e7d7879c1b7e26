import type { PolicyDocument, PrincipalMatch } from '@headgate/policy'

/** A service of the test identity provider. */
export interface TestService {
  readonly clientId: string
  readonly groups: readonly string[]
}

/** What a policy speaks of, as far as an identity provider has to know it. */
export interface NamedByPolicy {
  /** The names of issuers; empty where rules name none. */
  readonly issuers: readonly string[]
  /** One for each subject that a grant names, and `<group>-service` for each group. */
  readonly services: readonly TestService[]
  /** Groups whose members approve. */
  readonly approverGroups: readonly string[]
}

/** Names that an OAuth client can have; a subject with another is a person, or nothing that signs in with a secret. */
const CLIENT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

/** Reads from a policy which services, issuers and approvers it speaks of. */
export function namedByPolicy({ rules, topics, owners }: PolicyDocument): NamedByPolicy {
  const issuers = new Set<string>()
  const groupsByService = new Map<string, string[]>()
  const take = ({ subjects = [], groups = [] }: PrincipalMatch): void => {
    // A rule that wants both wants the subject to be in one of the groups.
    for (const subject of subjects) groupsByService.set(subject, [...(groupsByService.get(subject) ?? []), ...groups])
    if (subjects.length > 0) return
    for (const group of groups) groupsByService.set(`${group}-service`, [group])
  }
  for (const { who, effect } of rules) {
    if (who === 'everyone') continue
    for (const issuer of [...(who.issuers ?? []), ...(who.not?.issuers ?? [])]) issuers.add(issuer)
    if (effect === 'allow') take(who)
  }
  const people = new Set(owners.flatMap((owner) => owner.people))
  const services = [...groupsByService]
    .filter(([clientId]) => CLIENT_ID.test(clientId) && !people.has(clientId))
    .map(([clientId, groups]) => ({ clientId, groups: [...new Set(groups)] }))
  const approverGroups = new Set(topics.flatMap(({ approval }) => approval?.by ?? []))
  return { issuers: [...issuers], services, approverGroups: [...approverGroups] }
}
