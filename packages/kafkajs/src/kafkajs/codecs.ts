import { CompressionCodecs, CompressionTypes } from '#kafkajs'

/** What kafkajs calls a codec. */
interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>
  decompress(bytes: Buffer): Promise<Buffer>
}

/** The most that is taken out of one batch: far more than brokers take in, and less than would end the process. */
const MAX_BATCH_BYTES = 256 * 1024 * 1024

// Loaded with the first batch that is compressed: it brings WebAssembly, which whoever compresses nothing does not need.
const library = (): Promise<typeof import('@headgate/compression')> => import('@headgate/compression')

function createCodec(type: number): Codec {
  return Object.freeze({
    compress: async ({ buffer }: { readonly buffer: Buffer }) => (await library()).compressLater(type, buffer),
    decompress: async (bytes: Buffer) => (await library()).decompressLater(type, bytes, MAX_BATCH_BYTES),
  })
}

const offered = new Set<number>()

/**
 * Puts the codecs of `@headgate/compression` into kafkajs's registry for good.
 *
 * A codec sees records before they are masked, and the registry is open to the whole process, so what else is put there is not
 * taken. It is not refused either: many services register snappy in their first lines.
 */
function sealRegistry(registry: object): void {
  // Nothing is found beside the registry's own entries, such as one for "not compressed".
  Object.setPrototypeOf(registry, null)
  const { GZIP, Snappy, LZ4, ZSTD } = CompressionTypes
  for (const type of [GZIP, Snappy, LZ4, ZSTD]) {
    const codec = createCodec(type)
    const lookup = (): Codec => codec
    const property = { enumerable: true, configurable: false, get: () => lookup, set: () => void offered.add(type) }
    Object.defineProperty(registry, type, property)
  }
  Object.preventExtensions(registry)
}

if (Object.isExtensible(CompressionCodecs)) sealRegistry(CompressionCodecs)

/** Whether somebody tried to put a codec of their own into the registry. */
export function wasCodecOffered(): boolean {
  return offered.size > 0
}
