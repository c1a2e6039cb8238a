// Keeps events of the app that arrive before anything listens to them.
import type { App, Event } from 'electron'

/** Holds back further starts, and links that macOS sends. The result gives them to those that listen by then. */
export const holdStartEvents = (app: App): (() => void) => {
  const held: (() => void)[] = []
  const holdStart = (...event: unknown[]): void => void held.push(() => app.emit('second-instance', ...event))
  const holdLink = (event: Event, link: string): void => {
    event.preventDefault()
    held.push(() => app.emit('open-url', event, link))
  }
  app.on('second-instance', holdStart)
  app.on('open-url', holdLink)
  return () => {
    app.off('second-instance', holdStart)
    app.off('open-url', holdLink)
    for (const give of held) give()
  }
}
