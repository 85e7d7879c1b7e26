import { emailAddress } from './email-address.ts'
import type { Detector } from './find.ts'
import { paymentCard } from './payment-card.ts'
import { usSsn } from './us-ssn.ts'

/** The names by which a rule asks for detectors. There is no name for all of them, on purpose. */
export type DetectorName = 'payment-card' | 'us-ssn' | 'email'

const DETECTORS: ReadonlyMap<string, Detector> = new Map<DetectorName, Detector>([
  ['payment-card', paymentCard],
  ['us-ssn', usSsn],
  ['email', emailAddress],
])

/** The names of all detectors. */
export const detectorNames: readonly DetectorName[] = Object.freeze<DetectorName[]>(['payment-card', 'us-ssn', 'email'])

/** The detector of a name, `undefined` if there is none. */
export function detectorOf(name: string): Detector | undefined {
  return DETECTORS.get(name)
}
