// CloudWatch Logs of processing jobs: streams by prefix and events by token, both in pages.
import type { Account, LogLine } from './account.ts'
import { jsonResponse, ServiceError, textOf, type Fields, type ServiceResponse } from './wire.ts'

const group = '/aws/sagemaker/ProcessingJobs'
const maxStreams = 50
const maxEvents = 10_000

export const handleLogs = (account: Account, operation: string, input: Fields): ServiceResponse => {
  if (input['logGroupName'] !== group || account.logs.size === 0) {
    throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.')
  }
  switch (operation) {
    case 'DescribeLogStreams':
      return describeStreams(account, input)
    case 'GetLogEvents':
      return getEvents(account.logs.get(textOf(input, 'logStreamName')), input)
    default:
      throw new ServiceError('UnknownOperationException', `The operation ${operation} is not simulated.`, 404)
  }
}

const describeStreams = (account: Account, input: Fields): ServiceResponse => {
  const prefix = textOf(input, 'logStreamNamePrefix')
  const limit = Math.min(maxStreams, Number(input['limit'] ?? maxStreams))
  const from = Number(input['nextToken'] ?? 0)
  const names = [...account.logs.keys()].filter((name) => name.startsWith(prefix)).sort()
  const shown = names.slice(from, from + limit)
  return jsonResponse({
    logStreams: shown.map((logStreamName) => ({ logStreamName })),
    ...(names.length > from + shown.length ? { nextToken: String(from + shown.length) } : {}),
  })
}

/** Tokens never end: the same one is returned while there are no new lines. */
const getEvents = (lines: readonly LogLine[] | undefined, input: Fields): ServiceResponse => {
  if (lines === undefined) throw new ServiceError('ResourceNotFoundException', 'The specified log stream does not exist.')
  const limit = Math.min(maxEvents, Number(input['limit'] ?? maxEvents))
  const token = textOf(input, 'nextToken')
  const from = token === '' ? (input['startFromHead'] === true ? 0 : Math.max(0, lines.length - limit)) : Number(token.slice(2))
  const shown = lines.slice(from, from + limit)
  return jsonResponse({
    events: shown.map((line) => ({ ...line, ingestionTime: line.timestamp })),
    nextForwardToken: `f/${from + shown.length}`,
    nextBackwardToken: `b/${from}`,
  })
}
