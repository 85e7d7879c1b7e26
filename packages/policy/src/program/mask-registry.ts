import type { MaskObligation } from './decision.ts'

/*
 * One object for equal masks of the whole process: of all principals, and of a policy before and after a change that left
 * them as they were. What is compiled of a mask can hang on it and is made once. Nothing here keeps a mask alive.
 */
const masks = new Map<string, WeakRef<MaskObligation>>()

const forgotten = new FinalizationRegistry<string>((digest) => {
  // Another of the same digest may have come since.
  if (masks.get(digest)?.deref() === undefined) masks.delete(digest)
})

/** The one object for this mask: one that is equal and still held, or this. */
export function internMask(mask: MaskObligation): MaskObligation {
  const known = masks.get(mask.digest)?.deref()
  if (known !== undefined) return known
  masks.set(mask.digest, new WeakRef(mask))
  forgotten.register(mask, mask.digest)
  return mask
}
