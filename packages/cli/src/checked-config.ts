import { type GatewayConfig, loadGatewayConfig, readPolicyFiles } from '@headgate/gateway'
import type { SourceProblem } from '@headgate/policy'
import type { CommandIo } from './command.ts'

/** A config whose policy is also sound, or every problem of both. */
export type CheckedConfig =
  | { readonly ok: true; readonly config: GatewayConfig }
  | { readonly ok: false; readonly problems: readonly SourceProblem[] }

/** Loads a config and checks the policy that it names. */
export function loadCheckedConfig(path: string, io: CommandIo): CheckedConfig {
  const loaded = loadGatewayConfig(path, { environment: io.environment })
  if (!loaded.ok) return loaded
  const { result } = readPolicyFiles(loaded.config.policy.path)
  return result.ok ? loaded : result
}
