import { keepsNoMore, uniteKeepLists } from '../keep-list.ts'
import type { MaskObligation } from './decision.ts'
import { internMask } from './mask-registry.ts'
import { createMask } from './unite-masks.ts'

/**
 * How records are masked for somebody who may replay them, and read them too: as on reading, where that shows all that
 * replaying does. Otherwise what either shows is shown, under the masks of replaying, which nothing lifts.
 *
 * INVARIANT: a further grant takes nothing away, and no field is in clear that neither grant alone would show so.
 */
export function widerSight(
  reading: MaskObligation | undefined,
  replaying: MaskObligation | undefined,
): MaskObligation | undefined {
  if (replaying === undefined) return reading?.only === undefined ? reading : undefined
  if (keepsNoMore(replaying.only, reading?.only)) return reading
  const { digest: _digest, only: _only, ...masks } = replaying
  const only = uniteKeepLists([reading?.only, replaying.only])
  return internMask(createMask({ ...masks, ...(only === undefined ? {} : { only }) }))
}
