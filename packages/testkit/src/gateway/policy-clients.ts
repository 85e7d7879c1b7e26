import {
  type PolicyDocument,
  type PrincipalKind,
  type PrincipalMatch,
  principalKinds,
  type Rule,
} from '@headgate/policy'

/** A service of the test identity provider. */
export interface TestService {
  readonly clientId: string
  readonly groups: readonly string[]
  /** What rules can ask for by `claims`, by the names that they use; one that is not told of has no values. */
  readonly claims?: Readonly<Record<string, readonly string[]>>
}

/** What a policy speaks of, as far as an identity provider has to know it. */
export interface NamedByPolicy {
  /** The names of issuers; empty where rules name none. */
  readonly issuers: readonly string[]
  /**
   * One for each subject that a grant names, `<group>-service` for each group, and `<rule>-service` for each grant to those with some
   * claims, or to whoever is of a kind.
   */
  readonly services: readonly TestService[]
  /** Groups whose members approve. */
  readonly approverGroups: readonly string[]
  /** The names of all claims that rules ask for. */
  readonly claims: readonly string[]
}

/** Names that an OAuth client can have; a subject with another is a person, or nothing that signs in with a secret. */
const CLIENT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

const matchesOf = ({ who }: Rule): readonly PrincipalMatch[] => (who === 'everyone' ? [] : [who, who.not ?? {}])

/**
 * The kind that grants ask for: `service` where they do not, or ask for that too, since an issuer states one kind of all its
 * principals.
 */
export function kindOfPolicy({ rules }: PolicyDocument): PrincipalKind {
  const grants = rules.filter(({ effect }) => effect === 'allow')
  const asked = grants.flatMap(({ who }) => (who === 'everyone' ? [] : (who.kinds ?? [])))
  return principalKinds.find((kind) => asked.includes(kind)) ?? 'service'
}

/** The services that policies want, by name, with all that their rules want of them. */
class WantedServices {
  readonly #byName = new Map<string, { readonly groups: Set<string>; readonly claims: Map<string, Set<string>> }>()
  readonly #kind: PrincipalKind

  constructor(kind: PrincipalKind) {
    this.#kind = kind
  }

  /** Takes what a grant asks for. */
  take({ id, who }: Rule): void {
    if (who === 'everyone' || who.kinds?.includes(this.#kind) === false) return
    const { subjects = [], groups = [], claims, kinds, not } = who
    // A rule that wants both wants the subject to be in one of the groups.
    for (const subject of subjects) this.#add(subject, groups, claims)
    if (subjects.length > 0) return
    for (const group of groups) this.#add(`${group}-service`, [group])
    const isKnownByGroup = groups.length > 0 && claims === undefined
    if (!isKnownByGroup && (claims ?? kinds ?? not?.claims ?? not?.kinds) !== undefined)
      this.#add(`${id}-service`, groups.slice(0, 1), claims)
  }

  /** Those that can sign in, without people. */
  list(people: ReadonlySet<string>): readonly TestService[] {
    return [...this.#byName]
      .filter(([clientId]) => CLIENT_ID.test(clientId) && !people.has(clientId))
      .map(([clientId, { groups, claims }]) => {
        const stated = Object.fromEntries([...claims].map(([name, values]) => [name, [...values]]))
        return { clientId, groups: [...groups], ...(claims.size === 0 ? {} : { claims: stated }) }
      })
  }

  #add(clientId: string, groups: readonly string[], claims: PrincipalMatch['claims'] = {}): void {
    const service = this.#byName.get(clientId) ?? { groups: new Set(), claims: new Map<string, Set<string>>() }
    this.#byName.set(clientId, service)
    for (const group of groups) service.groups.add(group)
    for (const [name, [first]] of Object.entries(claims)) {
      // Of the values one is enough.
      const values = service.claims.get(name) ?? new Set()
      service.claims.set(name, first === undefined ? values : values.add(first))
    }
  }
}

/**
 * Reads from a policy which services, issuers, claims and approvers it speaks of.
 *
 * @param kind what all principals are
 */
export function namedByPolicy(document: PolicyDocument, kind: PrincipalKind = kindOfPolicy(document)): NamedByPolicy {
  const { rules, topics, owners } = document
  const matches = rules.flatMap(matchesOf)
  const wanted = new WantedServices(kind)
  for (const rule of rules) if (rule.effect === 'allow') wanted.take(rule)
  const approverGroups = new Set(topics.flatMap(({ approval }) => approval?.by ?? []))
  return {
    issuers: [...new Set(matches.flatMap(({ issuers = [] }) => issuers))],
    services: wanted.list(new Set(owners.flatMap((owner) => owner.people))),
    approverGroups: [...approverGroups],
    claims: [...new Set(matches.flatMap(({ claims = {} }) => Object.keys(claims)))].sort(),
  }
}
