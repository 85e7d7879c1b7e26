import { Compression, compressLater, decompressLater } from '@headgate/compression'
import { CompressionCodecs } from '#kafkajs'

/** What kafkajs calls a codec. */
interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>
  decompress(bytes: Buffer): Promise<Buffer>
}

/** The most that is taken out of one batch: far more than brokers take in, and less than would end the process. */
const MAX_BATCH_BYTES = 256 * 1024 * 1024

function createCodec(type: number): Codec {
  return Object.freeze({
    compress: ({ buffer }: { readonly buffer: Buffer }) => compressLater(type, buffer),
    decompress: (bytes: Buffer) => decompressLater(type, bytes, MAX_BATCH_BYTES),
  })
}

const offered = new Set<number>()

/**
 * Puts the codecs of {@link Compression} into kafkajs's registry for good.
 *
 * A codec sees records before they are masked, and the registry is open to the whole process, so what else is put there is not
 * taken. It is not refused either: many services register snappy in their first lines.
 */
function sealRegistry(registry: object): void {
  // Nothing is found beside the registry's own entries, such as one for "not compressed".
  Object.setPrototypeOf(registry, null)
  for (const type of [Compression.gzip, Compression.snappy, Compression.lz4, Compression.zstd]) {
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
