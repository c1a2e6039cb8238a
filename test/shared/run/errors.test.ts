// Names from files never steer what shows them: control characters and marks of direction are made visible.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { fromWireError, HeadroomError, toPlainSentence, toPlainText, toWireError } from '../../../src-shared/run/errors.ts'

test('control characters and marks of direction become U+FFFD; all other letters stay', () => {
  expect(toPlainText('a\u001B[2J\u0000b\u009Bc\u202Ed\u2066e\u2028f')).toBe('a\uFFFD[2J\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf')
  expect(toPlainText('two\tlines\nمرحبا 日本 🙂 é')).toBe('two\tlines\nمرحبا 日本 🙂 é')
})

test('a sentence is one line, and keeps its beginning and its end', () => {
  expect(toPlainSentence('file a\nb\r\nc is bad.')).toBe('file a b\uFFFD c is bad.')
  const long = toPlainSentence(`${'x'.repeat(5000)} is bad.`)
  expect([long.length, long.endsWith('x is bad.')]).toEqual([2001, true])
})

test('no error carries a name that steers', () => {
  expect(toWireError(new HeadroomError('usage', 'No \u001B[31mname.', { next: 'Try\u202E.' }))).toEqual({
    code: 'usage',
    message: 'No \uFFFD[31mname.',
    next: 'Try\uFFFD.',
  })
})

test('nor one of the system, of a schema, of JavaScript or of another process', () => {
  const system = Object.assign(new Error('raw'), { code: 'EIO', syscall: 'write', path: '/a\u001B[31m\u202E' })
  expect(toWireError(system).message).toBe('The disk reports an error (/a\uFFFD[31m\uFFFD).')
  const schema = z.strictObject({ a: z.number() }).safeParse({ a: 1, '\u001B]0;x\u0007': 2 }).error
  const messages = [toWireError(schema), toWireError(new Error('a\u001B\u061C')), toWireError('a\u001B')].map(({ message }) => message)
  expect(messages.map(toPlainText)).toEqual(messages)
  expect(messages.join('').match(/\uFFFD/g)).toHaveLength(5)
  expect(fromWireError({ code: 'internal', message: 'a\u001B', next: 'b\u202E' })).toMatchObject({ message: 'a\uFFFD', next: 'b\uFFFD' })
})

test.each([
  ['EBUSY', 'file-not-written', 'Another program uses a file or folder (/data/run).'],
  ['EXDEV', 'file-not-written', 'A file cannot be moved to another disk (/data/run).'],
  ['EIO', 'file-not-written', 'The disk reports an error (/data/run).'],
  ['EMFILE', 'file-not-written', 'This process may not open more files (/data/run).'],
  ['EFBIG', 'file-not-written', 'A file would become larger than this disk or its limit allows (/data/run).'],
  ['ENOSPC', 'disk-full', 'The disk is full (/data/run).'],
  ['ENOENT', 'file-not-written', 'A file or folder does not exist (/data/run).'],
  ['ENOTDIR', 'file-not-written', 'A path leads through a file (/data/run).'],
  ['EISDIR', 'file-not-written', 'A folder stands where a file belongs (/data/run).'],
  ['ENAMETOOLONG', 'file-not-written', 'A name is too long for this disk (/data/run).'],
  ['ELOOP', 'file-not-written', 'Links lead in a circle (/data/run).'],
  ['EDQUOT', 'disk-full', 'The quota of this disk is used up (/data/run).'],
] as const)('%s of the system reaches the user as a sentence', (systemCode, code, message) => {
  const thrown = Object.assign(new Error(`${systemCode}: raw, write '/data/run'`), {
    code: systemCode,
    syscall: 'write',
    path: '/data/run',
  })
  expect(toWireError(thrown)).toEqual({ code, message, next: expect.stringMatching(/\.$/) as string })
})

test.each([
  ['/x/duckdb.node: cannot open shared object file: Too many open files', 'file-not-written', 'This process may not open more files.'],
  ['/x/duckdb.node: failed to map segment from shared object', 'internal', 'A library of Headroom cannot be loaded.'],
] as const)('a library that cannot be loaded reaches the user as a sentence', (words, code, message) => {
  const thrown = Object.assign(new Error(words), { code: 'ERR_DLOPEN_FAILED' })
  expect(toWireError(thrown)).toEqual({ code, message, next: expect.stringMatching(/\.$/) as string })
})

test.each([
  ['EMFILE', 'file-not-written', 'This process may not open more files.'],
  ['EAGAIN', 'internal', 'Worker initialization failure: EAGAIN'],
] as const)('a thread that cannot be started for %s', (systemCode, code, message) => {
  const thrown = Object.assign(new Error(`Worker initialization failure: ${systemCode}`), { code: 'ERR_WORKER_INIT_FAILED' })
  expect(toWireError(thrown)).toMatchObject({ code, message })
})
