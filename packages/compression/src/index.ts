export { Compression, compress, compressLater, decompress, decompressLater } from './compression.ts'
export { DecompressedTooLargeError, InvalidCompressionError, UnsupportedCompressionError } from './errors.ts'
