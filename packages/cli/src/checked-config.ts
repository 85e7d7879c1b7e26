import {
  findUnmetProtections,
  type GatewayConfig,
  loadGatewayConfig,
  policyIssuersOf,
  readPolicyFiles,
} from '@headgate/gateway'
import type { SourceProblem } from '@headgate/policy'
import type { CommandIo } from './command.ts'

/** A config whose policy is also sound, with what the policy wants and the config does not have, or every problem of both. */
export type CheckedConfig =
  | { readonly ok: true; readonly config: GatewayConfig; readonly warnings: readonly SourceProblem[] }
  | { readonly ok: false; readonly problems: readonly SourceProblem[] }

/** Loads a config and checks the policy that it names. */
export function loadCheckedConfig(path: string, io: CommandIo): CheckedConfig {
  const loaded = loadGatewayConfig(path, { environment: io.environment })
  const policyPath = loaded.ok ? loaded.config.policy.path : loaded.policyPath
  const issuers = loaded.ok ? policyIssuersOf(loaded.config) : []
  const policy = policyPath === undefined ? undefined : readPolicyFiles(policyPath, issuers).result
  const problems = [loaded, policy].flatMap((part) => (part?.ok === false ? part.problems : []))
  if (!loaded.ok || policy?.ok !== true) return { ok: false, problems }
  return { ok: true, config: loaded.config, warnings: findUnmetProtections(loaded.config, policy.document) }
}
