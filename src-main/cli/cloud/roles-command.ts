// headroom cloud roles: lists the roles that SageMaker may assume.
import { listExecutionRoles } from '../../cloud/preflight/check-role.ts'
import { jsonText, print } from '../terminal.ts'
import { noteAccessError, withConnection } from './connection.ts'
import type { ConnectionOptions } from './launch-options.ts'

export const runRoles = async (options: ConnectionOptions): Promise<void> => {
  const { roles, accessError } = await withConnection(options, {}, listExecutionRoles)
  noteAccessError(accessError)
  if (options.json === true) print(jsonText({ roles: [...roles] }, 2))
  else if (roles.length > 0) print(roles.join('\n'))
}
