import { digestOf } from '../canonical.ts'
import { LABEL_PREFIX } from '../document/names.ts'
import { type ResourceType, resourceTypes } from '../operation.ts'
import { type Atom, compileScope, decisionAlone } from './atom.ts'
import { DecisionPool, type DecisionReason } from './decision.ts'
import { Lenience, relaxResidual } from './lenience.ts'
import { ObligationPool } from './obligation-pool.ts'
import type { PolicyResidual } from './residual.ts'
import { ResourceTable } from './resource-table.ts'
import { rulesInForce } from './rules-in-force.ts'

/** A residual made ready to decide. Immutable; it remembers decisions in bounded space. */
export class Program {
  /** SHA-256 over the canonical residual: equal digests decide alike. */
  readonly digest: string
  readonly residual: PolicyResidual
  /** From when on it has to be compiled anew, since a rule begins or ends to apply; `Infinity` where none does. */
  readonly validUntilUnixMs: number
  /** @internal What the modes make of decisions; `undefined` where everything is enforced. */
  readonly lenience: Lenience | undefined
  readonly #tables: Readonly<Record<ResourceType, ResourceTable>>
  readonly #topic: ResourceTable

  /** @internal */
  constructor(
    residual: PolicyResidual,
    tables: Readonly<Record<ResourceType, ResourceTable>>,
    validUntilUnixMs: number = Number.POSITIVE_INFINITY,
    lenience: Lenience | undefined = undefined,
  ) {
    this.residual = residual
    this.validUntilUnixMs = validUntilUnixMs
    this.lenience = lenience
    this.digest = digestOf(residual)
    this.#topic = tables.topic
    this.#tables = tables
  }

  /** @internal The rules for one type of resource. */
  tableOf(resourceType: ResourceType): ResourceTable {
    return resourceType === 'topic' ? this.#topic : this.#tables[resourceType]
  }
}

/**
 * Compiles a residual as it is at one instant: a rule with a schedule counts where it applies then.
 *
 * @param atUnixMs the instant; without one, no grant with a schedule applies, and every denial with one does. The digest
 * does not depend on it.
 */
export function compileProgram(residual: PolicyResidual, atUnixMs?: number): Program {
  const { rules, validUntilUnixMs } = rulesInForce(residual.rules, atUnixMs)
  const { modes } = residual
  const lenience =
    modes === undefined ? undefined : new Lenience(modes, compileTables(relaxResidual({ ...residual, rules }, modes)))
  return new Program(residual, compileTables({ ...residual, rules }), validUntilUnixMs, lenience)
}

function compileTables(residual: PolicyResidual): Readonly<Record<ResourceType, ResourceTable>> {
  const tables = createTables(residual.groupsUnknown ? 'groups-unknown' : 'no-rule')
  const byLabel = new Map<string, Atom[]>()
  for (const rule of residual.rules) {
    const alone = decisionAlone(rule)
    for (const scope of rule.scopes) {
      const atoms = compileScope(rule, scope, alone)
      for (const name of scope.names) targetOf(tables, scope.resourceType, name, byLabel).push(...atoms)
    }
  }
  addTopics(tables.topic, residual, byLabel)
  addProtections(tables.topic, residual)
  for (const resourceType of resourceTypes) tables[resourceType].prepare()
  return tables
}

/** A program that denies everything for one reason: there is no bundle, or it has expired. */
export function createClosedProgram(reason: DecisionReason): Program {
  return new Program({ version: 1, rules: [], topics: [], protections: [], groupsUnknown: false }, createTables(reason))
}

function createTables(defaultReason: DecisionReason): Readonly<Record<ResourceType, ResourceTable>> {
  const pools = { decisions: new DecisionPool(), obligations: new ObligationPool() }
  return Object.freeze({
    __proto__: null,
    topic: new ResourceTable(true, defaultReason, pools),
    group: new ResourceTable(false, defaultReason, pools),
    'transactional-id': new ResourceTable(false, defaultReason, pools),
    cluster: new ResourceTable(false, defaultReason, pools),
  })
}

function targetOf(
  tables: Readonly<Record<ResourceType, ResourceTable>>,
  resourceType: ResourceType,
  name: string,
  byLabel: Map<string, Atom[]>,
): Atom[] {
  if (resourceType !== 'topic' || !name.startsWith(LABEL_PREFIX)) return tables[resourceType].index.at(name).atoms
  const label = name.slice(LABEL_PREFIX.length)
  const atoms = byLabel.get(label) ?? []
  byLabel.set(label, atoms)
  return atoms
}

function addProtections(table: ResourceTable, { protections }: PolicyResidual): void {
  const duties = new Map<string, number>()
  for (const residual of protections) {
    const { match: _match, ...asked } = residual
    const key = JSON.stringify(asked)
    const duty = duties.get(key) ?? duties.size
    duties.set(key, duty)
    const protection = Object.freeze({ duty, residual })
    for (const selector of residual.match) table.index.at(selector).protections.push(protection)
  }
}

function addTopics(table: ResourceTable, residual: PolicyResidual, byLabel: ReadonlyMap<string, Atom[]>): void {
  for (const { match, labels, discoverable } of residual.topics) {
    for (const selector of match) {
      const facts = table.index.at(selector)
      if (discoverable) facts.discoverable = true
      for (const label of labels) {
        const atoms = byLabel.get(label)
        if (atoms !== undefined) facts.labelled.push(atoms)
      }
    }
  }
}
