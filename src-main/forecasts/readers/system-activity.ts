// `sadf -d` of sysstat: busy CPU as what is left of idle time, and used memory, of the host that the first column names.
import { plainName } from '../forecast-columns.ts'
import { groupRoles, layoutRole, type Reader, type SourceColumn } from './layout.ts'

export const readSystemActivity: Reader = ({ columns }) => {
  const [server, , timestamp] = columns
  if (server === undefined || timestamp === undefined) return undefined
  if (columns.slice(0, 3).some(({ column }, index) => plainName(column) !== ['hostname', 'interval', 'timestamp'][index])) return undefined
  const named = (name: string): SourceColumn | undefined => columns.find(({ column }) => plainName(column) === name)
  const [cpu, idle, memory] = [named('cpu'), named('%idle'), named('%memused')]
  const groups = [
    ...(idle === undefined ? [] : [{ metric: 'cpu_percent', actual: { ...idle, isComplement: true }, quantiles: [] }]),
    ...(memory === undefined ? [] : [{ metric: 'mem_percent', actual: memory, quantiles: [] }]),
  ]
  if (groups.length === 0) return undefined
  return {
    reader: 'system-activity',
    keys: { server_id: server, timestamp },
    groups,
    roles: [...layoutRole('server_id', [server]), ...layoutRole('timestamp', [timestamp]), ...groupRoles(groups)],
    candidates: [],
    // Each processor has a row of its own next to that of all.
    ...(cpu === undefined ? {} : { where: `trim(${cpu.sql}) IN ('-1', 'all')` }),
  }
}
