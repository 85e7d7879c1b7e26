import { Operation } from '../operation.ts'
import type { PolicyResidual } from '../program/residual.ts'

/** What a bundle can demand of its reader beyond grants and denials. */
const features = [
  'approvals',
  'masks',
  'modes',
  'own-operations',
  'projections',
  'required-audit',
  'schedules',
] as const

type Feature = (typeof features)[number]

/** The demands that this version knows. */
export const understoodFeatures: ReadonlySet<string> = new Set(features)

const isDemanded: Readonly<Record<Feature, (residual: PolicyResidual) => boolean>> = Object.freeze({
  approvals: ({ protections, rules }) =>
    protections.some(({ approval }) => approval !== undefined) || rules.some(({ withoutApproval }) => withoutApproval),
  masks: ({ protections, rules }) =>
    protections.some(({ mask }) => mask.length > 0) || rules.some(({ unmask }) => unmask !== undefined),
  modes: ({ modes }) => modes !== undefined,
  'own-operations': ({ rules }) =>
    rules.some(({ scopes }) => scopes.some(({ operation }) => operation >= Operation.ReadAudit)),
  projections: ({ rules }) => rules.some(({ only }) => only !== undefined),
  'required-audit': ({ protections }) => protections.some(({ audit }) => audit === 'required'),
  schedules: ({ rules }) => rules.some(({ when }) => when !== undefined),
})

/** The features that a reader of a residual has to know: what its bundle must name in `mustUnderstand`, sorted. */
export function demandsOf(residual: PolicyResidual): readonly string[] {
  return features.filter((feature) => isDemanded[feature](residual))
}
