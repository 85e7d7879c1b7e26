import { compileRecordPlan, type RecordPlan, type TokenKey } from '@headgate/masking'
import type { MaskObligation } from '@headgate/policy'

const MIB = 1024 * 1024
/**
 * The longest value that is masked: one value is masked at once, and keeps all others waiting meanwhile, some milliseconds
 * for each MiB. What detectors look for can be written so that it takes a hundred.
 */
const MAX_VALUE_BYTES = 4 * MIB
const MAX_DETECTED_BYTES = MIB

/** An obligation to mask, made ready for many records. Made by {@link MaskCompiler} alone. */
export interface CompiledMask {
  readonly obligation: MaskObligation
  /** `undefined` where it could not be made ready, so that every record is withheld. */
  readonly plan: RecordPlan | undefined
}

/**
 * Compiles obligations, each object once: equal obligations are one object, whatever program they are of.
 */
export class MaskCompiler {
  #tokenKeys: readonly TokenKey[]
  #compiled = new WeakMap<MaskObligation, CompiledMask>()
  readonly #onFirst: (mask: MaskObligation) => void

  /** `tokenKeys`: the current one first. `onFirst` hears of each mask before it is applied for the first time. */
  constructor(tokenKeys: readonly TokenKey[], onFirst: (mask: MaskObligation) => void = () => {}) {
    this.#tokenKeys = tokenKeys
    this.#onFirst = onFirst
  }

  /** Makes tokens with other keys from now on; answers that are under way keep the masks that they have. Tells whether they are others. */
  replaceKeys(tokenKeys: readonly TokenKey[]): boolean {
    if (isSameKeys(tokenKeys, this.#tokenKeys)) return false
    this.#tokenKeys = tokenKeys
    this.#compiled = new WeakMap()
    return true
  }

  /** The mask of an obligation. It never throws: what cannot be compiled withholds every record. */
  compile(obligation: MaskObligation): CompiledMask {
    const known = this.#compiled.get(obligation)
    if (known !== undefined) return known
    this.#onFirst(obligation)
    const compiled = Object.freeze({ obligation, plan: this.#planOf(obligation) })
    this.#compiled.set(obligation, compiled)
    return compiled
  }

  #planOf(obligation: MaskObligation): RecordPlan | undefined {
    try {
      const isDetecting = obligation.value.some(({ detect = [] }) => detect.length > 0)
      const maxBytes = isDetecting ? MAX_DETECTED_BYTES : MAX_VALUE_BYTES
      return compileRecordPlan(obligation, { tokenKeys: this.#tokenKeys, maxBytes })
    } catch {
      // Policy is checked when it is loaded, so that this is a fault; nothing is seen because of it.
      return undefined
    }
  }
}

function isSameKeys(one: readonly TokenKey[], other: readonly TokenKey[]): boolean {
  const isSame = (key: TokenKey, index: number): boolean => {
    const { kid, secret } = other[index] ?? {}
    return kid === key.kid && secret !== undefined && Buffer.compare(key.secret.reveal(), secret.reveal()) === 0
  }
  return one.length === other.length && one.every(isSame)
}
