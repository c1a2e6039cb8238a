// Who works here: the name in decisions and reports.
import { userInfo } from 'node:os'

/** Name of the system's user; "" where it has none. */
export const systemUser = (): string => {
  try {
    return userInfo().username
  } catch {
    return ''
  }
}
