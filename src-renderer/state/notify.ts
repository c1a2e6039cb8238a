// Messages in the status bar.
import { toWireError } from '../../src-shared/run/errors.ts'
import { useWindowState } from './window-state.ts'

export const notify = (notice: string): void => useWindowState.setState({ notice })

/** Shows the message of an action, or its error. */
export const notifyResult = async (action: () => Promise<string | null>): Promise<void> => {
  try {
    const notice = await action()
    if (notice !== null) notify(notice)
  } catch (thrown) {
    const { message, next } = toWireError(thrown)
    notify(next === undefined ? message : `${message} ${next}`)
  }
}
