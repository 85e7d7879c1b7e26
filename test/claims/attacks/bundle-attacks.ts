// A plain table.
import type { Attack } from './attack.ts'

/** Attacks on the signed bundle. Whatever is refused leaves the last one that is sound and alive in force. */
export const bundleAttacks: readonly Attack[] = [
  {
    id: 'B1',
    tried: 'a bundle without a signature, with an empty one, or with an algorithm that means none',
    expected: 'refused; no code path, no option and no test helper makes a bundle without verification',
  },
  {
    id: 'B2',
    tried: 'an older bundle, soundly signed',
    expected: 'refused: no revision below the newest seen, nor below what the token demands',
    except: 'no bundle is kept on disk: after a start the least revision is what the new token carries',
  },
  {
    id: 'B3',
    tried: 'a server that repeats one bundle, or says for ever that nothing changed',
    expected: 'due for renewal at its refresh time, denied at its end; an answer 304 lengthens nothing',
  },
  {
    id: 'B4',
    tried: 'rules of one bundle beside masks of another',
    expected: 'impossible: one signed envelope holds everything, and a digest ties the rules to it',
  },
  {
    id: 'B5',
    tried: 'a revision so large that no later one can follow',
    expected: 'a revision is a safe integer; nothing else is read',
    except: 'no root of keys is kept offline, so that recovery is a new key in the configuration, not a new epoch',
  },
  {
    id: 'B6',
    tried: 'the bundle of another client, subject, cluster or issuer',
    expected: 'refused',
  },
  {
    id: 'B7',
    tried: 'two different programs under one revision',
    expected: 'refused with an error of its own, for it is an alarm',
  },
  {
    id: 'B8',
    tried: 'a bundle signed by a key of tokens, a token in the place of a bundle, a bundle without its type',
    expected: 'refused',
  },
  {
    id: 'B9',
    tried: 'an unknown key id, two keys of one id, a key of another algorithm, a key or an address in the header',
    expected: 'refused; only keys whose thumbprint is configured count, and nothing is fetched',
  },
  {
    id: 'B10',
    tried: 'a field, a kind of rule, a condition or a demand that the client does not know',
    expected: 'the whole bundle is refused; no rule is ever skipped',
  },
  {
    id: 'B11',
    tried: 'a root of keys that skips a version, is signed by its new keys alone, or counts one signer twice',
    expected: 'refused',
    absent: 'there is no chain of roots: a client is given the thumbprints of its keys by configuration',
  },
  {
    id: 'B12',
    tried: 'an endless body, one that drips, a swollen one, a million rules, nesting ten thousand deep',
    expected: 'ended by size, time or form, before anything is parsed that could grow',
  },
  {
    id: 'B13',
    tried: 'a server that answers 401, 403, 404 or 410',
    expected: 'the bundle lives until its end and no longer; 401 makes the client exchange its identity anew',
  },
  {
    id: 'B14',
    tried: 'a clock that is put back or forward',
    expected: 'the monotonic clock bounds a life in the process, and no life begins twice',
    except: 'nothing is kept on disk, the time last seen neither',
  },
  {
    id: 'B15',
    tried: 'a cached bundle that was altered, cut, linked elsewhere, or that others may write',
    expected: 'verified anew, and refused',
    absent: 'no bundle is written to disk: without a gateway there is no Kafka, so that nothing is gained by one',
  },
  {
    id: 'B16',
    tried: 'a bundle whose canaries come out otherwise, that does not compile, or that has no rule',
    expected: 'not put in force; one without rules is sound, and denies everything',
  },
  {
    id: 'B17',
    tried: 'decisions while another bundle is put in force',
    expected: 'each is of the old or of the new one, never of both; a fetch that waits is decided again',
  },
  {
    id: 'B18',
    tried: 'a first start with no gateway in reach',
    expected: 'everything is denied with an error that says so, and the client is not ready',
  },
]
