import { UnsupportedVersionError } from '../errors.ts'

/** @throws {UnsupportedVersionError} `ERR_WIRE_UNSUPPORTED_VERSION` when `version` is outside `first` to `last`. */
export function assertVersion(message: string, version: number, first: number, last: number): void {
  if (!(version >= first && version <= last)) throw new UnsupportedVersionError(message, version)
}
