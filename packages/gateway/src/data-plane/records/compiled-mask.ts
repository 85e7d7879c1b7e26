import {
  compilePlan,
  createWholeMasker,
  type MaskedField,
  type MaskPlan,
  type MaskRule,
  type TokenKey,
  type WholeMasker,
} from '@headgate/masking'
import type { MaskObligation } from '@headgate/policy'

/** The header that a placeholder carries. Under a mask it is the gateway's own: one that a producer wrote is taken out. */
export const WITHHELD_HEADER = 'headgate-withheld'

/** What becomes of the headers of one name. */
export interface CompiledHeaderMask {
  /** In UTF-8; letters of ASCII in lower case. */
  readonly name: Buffer
  /** How one of them is counted. */
  readonly fields: readonly MaskedField[]
  readonly masker: WholeMasker
  /** The header goes with its name. */
  readonly removes: boolean
}

/** An obligation to mask, made ready for many records. Made by {@link MaskCompiler} alone. */
export interface CompiledMask {
  readonly obligation: MaskObligation
  /** The plan for values; `undefined` where there is nothing in them to mask. */
  readonly valuePlan: MaskPlan | undefined
  /** The plan for values of headers: what detectors find. */
  readonly headerPlan: MaskPlan | undefined
  readonly headers: readonly CompiledHeaderMask[]
  readonly key: WholeMasker | undefined
  /** It could not be made ready, so that every record is withheld. */
  readonly isBroken: boolean
}

/**
 * Compiles obligations, each object once: equal obligations of one program are one object, and another program gives others.
 */
export class MaskCompiler {
  readonly #tokenKeys: readonly TokenKey[]
  readonly #compiled = new WeakMap<MaskObligation, CompiledMask>()

  /** `tokenKeys`: the current one first. */
  constructor(tokenKeys: readonly TokenKey[]) {
    this.#tokenKeys = tokenKeys
  }

  /** The mask of an obligation. It never throws: what cannot be compiled withholds every record. */
  compile(obligation: MaskObligation): CompiledMask {
    const known = this.#compiled.get(obligation)
    if (known !== undefined) return known
    const compiled = Object.freeze(this.#tryCompile(obligation))
    this.#compiled.set(obligation, compiled)
    return compiled
  }

  #tryCompile(obligation: MaskObligation): CompiledMask {
    try {
      return this.#compileNew(obligation)
    } catch {
      // Policy is checked when it is loaded, so that this is a fault; nothing is seen because of it.
      return {
        obligation,
        valuePlan: undefined,
        headerPlan: undefined,
        headers: [],
        key: undefined,
        isBroken: true,
      }
    }
  }

  #compileNew(obligation: MaskObligation): CompiledMask {
    const tokenKeys = this.#tokenKeys
    const { unmask } = obligation
    const detecting = obligation.value.flatMap(({ detect, with: strategy }): MaskRule[] =>
      detect === undefined || detect.length === 0 ? [] : [{ detect, with: strategy }],
    )
    const lifted = unmask.detect === undefined ? {} : { unmask: { detect: unmask.detect } }
    return {
      obligation,
      valuePlan: unlessEmpty(compilePlan(obligation.value, { unmask, tokenKeys })),
      headerPlan: unlessEmpty(compilePlan(detecting, { ...lifted, tokenKeys })),
      headers: obligation.headers.map(({ name, with: strategy }) => ({
        name: foldName(Buffer.from(name)),
        fields: Object.freeze([{ field: `header:${name}`, count: 1 }]),
        removes: strategy.type === 'remove',
        masker: createWholeMasker(strategy, { tokenKeys }),
      })),
      key: obligation.key === undefined ? undefined : createWholeMasker(obligation.key, { tokenKeys }),
      isBroken: false,
    }
  }
}

function unlessEmpty(plan: MaskPlan): MaskPlan | undefined {
  return plan.isEmpty ? undefined : plan
}

function foldName(name: Buffer): Buffer {
  for (let at = 0; at < name.length; at += 1) name[at] = foldByte(name[at] as number)
  return name
}

/** A byte of a name, letters of ASCII in lower case: case is no way around a mask. */
export function foldByte(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}
