/** The `typ` of a bundle: nothing else is signed under it. */
export const BUNDLE_TYPE = 'headgate-bundle+jws'

/** The largest bundle that is signed or read, in characters of its compact form. */
export const MAX_BUNDLE_LENGTH = 4_194_304
