import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { DecompressedTooLargeError, InvalidCompressionError, UnsupportedCompressionError } from '../errors.ts'
import { deflateLz4, inflateLz4 } from './lz4-frame.ts'
import { deflateSnappy, inflateSnappy } from './snappy-stream.ts'

/** The codecs of record batches, by the number that their attributes have. */
export const Compression: Readonly<{ none: 0; gzip: 1; snappy: 2; lz4: 3; zstd: 4 }> = Object.freeze({
  none: 0,
  gzip: 1,
  snappy: 2,
  lz4: 3,
  zstd: 4,
} as const)

interface Codec {
  readonly name: string
  compress(bytes: Buffer): Buffer
  decompress(bytes: Buffer, maxBytes: number): Buffer
}

const CODECS: ReadonlyMap<number, Codec> = new Map<number, Codec>([
  [Compression.none, { name: 'none', compress: (bytes) => bytes, decompress: limited }],
  [
    Compression.gzip,
    {
      name: 'gzip',
      compress: (bytes) => gzipSync(bytes, { level: constants.Z_DEFAULT_COMPRESSION }),
      decompress: (bytes, maxBytes) =>
        bounded('gzip', maxBytes, (maxOutputLength) => gunzipSync(bytes, { maxOutputLength })),
    },
  ],
  [Compression.snappy, { name: 'snappy', compress: deflateSnappy, decompress: inflateSnappy }],
  [Compression.lz4, { name: 'lz4', compress: deflateLz4, decompress: inflateLz4 }],
  [
    Compression.zstd,
    {
      name: 'zstd',
      compress: (bytes) => zstdCompressSync(bytes),
      decompress: (bytes, maxBytes) =>
        bounded('zstd', maxBytes, (maxOutputLength) => zstdDecompressSync(bytes, { maxOutputLength })),
    },
  ],
])

/**
 * Compresses the records of a batch.
 *
 * @throws {UnsupportedCompressionError} `ERR_WIRE_UNSUPPORTED_COMPRESSION` for a codec that Kafka does not know.
 */
export function compress(codec: number, bytes: Buffer): Buffer {
  return codecOf(codec).compress(bytes)
}

/**
 * Decompresses the records of a batch; no output larger than `maxBytes` is ever allocated for them.
 *
 * The window that a zstd frame asks for, of up to 128 MB, is beside that bound and lives during the call.
 *
 * @throws {DecompressedTooLargeError} `ERR_WIRE_DECOMPRESSED_TOO_LARGE` when more than `maxBytes` would come out.
 * @throws {InvalidCompressionError} `ERR_WIRE_INVALID_COMPRESSION` when the bytes are not of the codec.
 * @throws {UnsupportedCompressionError} `ERR_WIRE_UNSUPPORTED_COMPRESSION` for a codec that Kafka does not know.
 */
export function decompress(codec: number, bytes: Buffer, maxBytes: number): Buffer {
  return codecOf(codec).decompress(bytes, maxBytes)
}

function codecOf(codec: number): Codec {
  const known = CODECS.get(codec)
  if (known === undefined) throw new UnsupportedCompressionError(codec)
  return known
}

function limited(bytes: Buffer, maxBytes: number): Buffer {
  if (bytes.length > maxBytes) throw new DecompressedTooLargeError(maxBytes)
  return bytes
}

/** Node.js takes no bound below one byte, so that an empty result is looked at afterwards. */
function bounded(codec: string, maxBytes: number, inflate: (maxOutputLength: number) => Buffer): Buffer {
  try {
    return limited(inflate(Math.max(maxBytes, 1)), maxBytes)
  } catch (cause) {
    if (cause instanceof DecompressedTooLargeError) throw cause
    const isTooLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
    throw isTooLarge ? new DecompressedTooLargeError(maxBytes) : new InvalidCompressionError(codec, cause)
  }
}
