/** The default of every field of type bytes. */
export const EMPTY_BYTES: Buffer = Buffer.alloc(0)
