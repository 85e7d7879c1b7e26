import { DOMParser, type Element, type Node } from '@xmldom/xmldom'
import { SamlMalformedError } from './saml-errors.ts'

/** The namespaces that an assertion is made of. */
export const Namespace = {
  ASSERTION: 'urn:oasis:names:tc:SAML:2.0:assertion',
  SIGNATURE: 'http://www.w3.org/2000/09/xmldsig#',
} as const

const MAX_ENCODED_LENGTH = 131_072
/** Canonicalising takes time for each element: enough for some 1,400 groups, and not for 20,000 elements. */
const MAX_TAGS = 3_000
const MAX_DEPTH = 16
const MAX_ATTRIBUTES = 16
/** Type and namespaces on each of many values. */
const MAX_ATTRIBUTES_IN_ALL = 4_500
const BASE64URL = /^[A-Za-z0-9_-]+={0,2}$/
const XML_DECLARATION = /^<\?xml version="1\.0"( encoding="[Uu][Tt][Ff]-8")?( standalone="(yes|no)")?\?>\s*/
// `<` stands in no attribute value, so these are markup wherever they are: document types, entities, comments, CDATA
// sections, processing instructions. None is wanted in an assertion, and each has made parsers disagree.
const UNWANTED_MARKUP = /<[!?]/
const UNKNOWN_ENTITY = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)/
const ELEMENT_NODE = 1
const TEXT_NODE = 3

/**
 * Decodes what RFC 8693 calls a `saml2` token: base64url of one assertion in UTF-8.
 *
 * Throws {@link SamlMalformedError} for anything that is longer than an assertion need be, and for all markup but
 * elements, attributes and text, before a parser sees it.
 */
export function decodeAssertion(token: string): string {
  if (token.length > MAX_ENCODED_LENGTH) throw new SamlMalformedError('it is too long')
  if (!BASE64URL.test(token)) throw new SamlMalformedError('it is not base64url')
  const text = decodeUtf8(Buffer.from(token, 'base64url')).replace(XML_DECLARATION, '')
  if (UNWANTED_MARKUP.test(text)) {
    throw new SamlMalformedError('it holds a document type, a comment, a CDATA section or a processing instruction')
  }
  if (text.split('<', MAX_TAGS + 2).length > MAX_TAGS + 1) throw new SamlMalformedError('it has too many elements')
  if (UNKNOWN_ENTITY.test(text)) throw new SamlMalformedError('it refers to an entity')
  return text
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new SamlMalformedError('it is not UTF-8')
  }
}

/** Parses text into its root element; anything but well-formed, flat enough XML is a {@link SamlMalformedError}. */
export function parseRoot(xml: string): Element {
  const root = parseDocument(xml)
  assertFlat(root)
  return root
}

function parseDocument(xml: string): Element {
  let root: Element | null
  try {
    const refuse = (): never => {
      throw new SamlMalformedError('it is no well-formed XML')
    }
    root = new DOMParser({ locator: false, onError: refuse }).parseFromString(xml, 'application/xml').documentElement
  } catch {
    // The parser's message quotes the document.
    throw new SamlMalformedError('it is no well-formed XML')
  }
  if (root === null) throw new SamlMalformedError('it has no root element')
  return root
}

/** What follows walks the tree by recursion, and canonicalisation does. */
function assertFlat(root: Element): void {
  let attributes = 0
  const waiting: { readonly node: Node; readonly depth: number }[] = [{ node: root, depth: 1 }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, depth } = next
    if (!isElement(node)) {
      if (node.nodeType !== TEXT_NODE) throw new SamlMalformedError('it holds more than elements and text')
      continue
    }
    if (depth > MAX_DEPTH) throw new SamlMalformedError('its elements are nested too deep')
    attributes += node.attributes.length
    if (node.attributes.length > MAX_ATTRIBUTES || attributes > MAX_ATTRIBUTES_IN_ALL) {
      throw new SamlMalformedError('it has too many attributes')
    }
    for (let child = node.firstChild; child !== null; child = child.nextSibling) {
      waiting.push({ node: child, depth: depth + 1 })
    }
  }
}

function isElement(node: Node): node is Element {
  return node.nodeType === ELEMENT_NODE
}

/** The element children, in order. */
export function elementsOf(parent: Element): Element[] {
  const elements: Element[] = []
  for (let child = parent.firstChild; child !== null; child = child.nextSibling) {
    if (isElement(child)) elements.push(child)
  }
  return elements
}

/** Whether an element has this name in this namespace. */
export function isNamed(element: Element, namespace: string, name: string): boolean {
  return element.namespaceURI === namespace && element.localName === name
}

/** The children of one name in the namespace of assertions. */
export function childrenNamed(parent: Element, name: string): Element[] {
  return elementsOf(parent).filter((child) => isNamed(child, Namespace.ASSERTION, name))
}

/** The only child of that name, `undefined` where there is none; a second one is a {@link SamlMalformedError}. */
export function onlyChild(parent: Element, name: string): Element | undefined {
  const [first, second] = childrenNamed(parent, name)
  if (second !== undefined) throw new SamlMalformedError(`it has a second ${name}`)
  return first
}

/** The text of an element that holds nothing else; `undefined` where it holds elements. */
export function textOf(element: Element): string | undefined {
  return elementsOf(element).length === 0 ? (element.textContent ?? '') : undefined
}

/** The value of an attribute without a namespace; `undefined` where it is absent. */
export function attributeOf(element: Element, name: string): string | undefined {
  return element.hasAttributeNS(null, name) ? (element.getAttributeNS(null, name) ?? undefined) : undefined
}

/** Every element of a tree, the root first. */
export function* everyElement(root: Element): Generator<Element> {
  yield root
  for (const child of elementsOf(root)) yield* everyElement(child)
}
