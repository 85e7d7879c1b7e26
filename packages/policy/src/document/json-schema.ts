import * as z from 'zod'
import { entrySchema } from './schema.ts'

/**
 * The JSON Schema (draft 2020-12) of a policy file, for editors.
 *
 * It knows shapes and words; what takes the whole policy to judge, such as ids that are there twice, only
 * `parsePolicy` tells.
 */
export function policyJsonSchema(): object {
  return z.toJSONSchema(entrySchema, { target: 'draft-2020-12', io: 'input', reused: 'inline', unrepresentable: 'any' })
}
