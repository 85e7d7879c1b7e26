import { nearestWord } from '@headgate/policy'
import type { Environment } from './environment.ts'

/** Every variable that this package reads. */
export const environmentVariables: readonly string[] = Object.freeze([
  'HEADGATE_AUDIENCE',
  'HEADGATE_BUNDLE_KEYS',
  'HEADGATE_CA',
  'HEADGATE_CLIENT_ASSERTION_FILE',
  'HEADGATE_CLIENT_CERT',
  'HEADGATE_CLIENT_ID',
  'HEADGATE_CLIENT_KEY',
  'HEADGATE_CLIENT_PRIVATE_KEY',
  'HEADGATE_CLIENT_PRIVATE_KEY_ID',
  'HEADGATE_CLIENT_SECRET',
  'HEADGATE_CLIENT_SECRET_FILE',
  'HEADGATE_GATEWAY',
  'HEADGATE_INSECURE',
  'HEADGATE_ISSUER',
  'HEADGATE_ISSUER_CA',
  'HEADGATE_RESOURCE',
  'HEADGATE_SCOPE',
  'HEADGATE_STRICT',
  'HEADGATE_TOKEN_FILE',
  'HEADGATE_TOKEN_TYPE',
])

/** A variable that nothing reads, and the one that was most likely meant. */
export interface UnknownVariable {
  readonly name: string
  readonly nearest: string
}

/** Finds variables whose names are a slip away from one that this package reads, `HEADGATE_GATWAY` for one. */
export function findUnknownVariables(environment: Environment): readonly UnknownVariable[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith('HEADGATE') && !environmentVariables.includes(name))
    .flatMap((name) => {
      const nearest = nearestWord(name, environmentVariables)
      return nearest === undefined ? [] : [{ name, nearest }]
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
