import { promisify } from 'node:util'
import {
  constants,
  gunzip,
  gunzipSync,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib'
import { DecompressedTooLargeError, InvalidCompressionError, UnsupportedCompressionError } from './errors.ts'
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
  /** As the others, in a thread of its own; for codecs that Node.js has one for. */
  readonly later?: {
    compress(bytes: Buffer): Promise<Buffer>
    decompress(bytes: Buffer, maxOutputLength: number): Promise<Buffer>
  }
}

const GZIP = { level: constants.Z_DEFAULT_COMPRESSION } as const
const gzipLater = promisify(gzip) as (bytes: Buffer, options: object) => Promise<Buffer>
const gunzipLater = promisify(gunzip) as (bytes: Buffer, options: object) => Promise<Buffer>
const zstdCompressLater = promisify(zstdCompress) as (bytes: Buffer) => Promise<Buffer>
const zstdDecompressLater = promisify(zstdDecompress) as (bytes: Buffer, options: object) => Promise<Buffer>

const CODECS: ReadonlyMap<number, Codec> = new Map<number, Codec>([
  [Compression.none, { name: 'none', compress: (bytes) => bytes, decompress: limited }],
  [
    Compression.gzip,
    {
      name: 'gzip',
      compress: (bytes) => gzipSync(bytes, GZIP),
      decompress: (bytes, maxBytes) =>
        bounded('gzip', maxBytes, (maxOutputLength) => gunzipSync(bytes, { maxOutputLength })),
      later: {
        compress: (bytes) => gzipLater(bytes, GZIP),
        decompress: (bytes, maxOutputLength) => gunzipLater(bytes, { maxOutputLength }),
      },
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
      later: {
        compress: (bytes) => zstdCompressLater(bytes),
        decompress: (bytes, maxOutputLength) => zstdDecompressLater(bytes, { maxOutputLength }),
      },
    },
  ],
])

/**
 * Compresses the records of a batch.
 *
 * @throws {UnsupportedCompressionError} `ERR_COMPRESSION_UNSUPPORTED` for a codec that Kafka does not know.
 */
export function compress(codec: number, bytes: Buffer): Buffer {
  return codecOf(codec).compress(bytes)
}

/**
 * Decompresses the records of a batch; no output larger than `maxBytes` is ever allocated for them.
 *
 * The window that a zstd frame asks for, of up to 128 MB, is beside that bound and lives during the call.
 *
 * @throws {DecompressedTooLargeError} `ERR_COMPRESSION_TOO_LARGE` when more than `maxBytes` would come out.
 * @throws {InvalidCompressionError} `ERR_COMPRESSION_INVALID` when the bytes are not of the codec.
 * @throws {UnsupportedCompressionError} `ERR_COMPRESSION_UNSUPPORTED` for a codec that Kafka does not know.
 */
export function decompress(codec: number, bytes: Buffer, maxBytes: number): Buffer {
  return codecOf(codec).decompress(bytes, maxBytes)
}

/**
 * As {@link compress}; gzip and zstd work in a thread of their own meanwhile, the other codecs at once.
 *
 * @throws {UnsupportedCompressionError} `ERR_COMPRESSION_UNSUPPORTED` for a codec that Kafka does not know.
 */
export async function compressLater(codec: number, bytes: Buffer): Promise<Buffer> {
  const known = codecOf(codec)
  return known.later === undefined ? known.compress(bytes) : known.later.compress(bytes)
}

/**
 * As {@link decompress}; gzip and zstd work in a thread of their own meanwhile, the other codecs at once.
 *
 * @throws {DecompressedTooLargeError} `ERR_COMPRESSION_TOO_LARGE` when more than `maxBytes` would come out.
 * @throws {InvalidCompressionError} `ERR_COMPRESSION_INVALID` when the bytes are not of the codec.
 * @throws {UnsupportedCompressionError} `ERR_COMPRESSION_UNSUPPORTED` for a codec that Kafka does not know.
 */
export async function decompressLater(codec: number, bytes: Buffer, maxBytes: number): Promise<Buffer> {
  const known = codecOf(codec)
  if (known.later === undefined) return known.decompress(bytes, maxBytes)
  try {
    return limited(await known.later.decompress(bytes, Math.max(maxBytes, 1)), maxBytes)
  } catch (cause) {
    throw refusalOf(known.name, maxBytes, cause)
  }
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
    throw refusalOf(codec, maxBytes, cause)
  }
}

function refusalOf(codec: string, maxBytes: number, cause: unknown): Error {
  if (cause instanceof DecompressedTooLargeError) return cause
  const isTooLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
  return isTooLarge ? new DecompressedTooLargeError(maxBytes) : new InvalidCompressionError(codec, cause)
}
