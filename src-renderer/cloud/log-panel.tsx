// The log of the selected cloud run, all hosts together: searchable, and scrolled to its end until the user scrolls up.
import { useEffect, useRef, useState } from 'react'
import type { CloudRunView } from '../../src-shared/ipc/cloud-contract.ts'
import { hasEnded } from '../../src-shared/cloud/cloud-job.ts'
import { useCloudState } from '../state/cloud-state.ts'
import { logText } from './log-text.ts'

/** The search covers all lines, the page shows the last ones. */
const maxShownLines = 2000

export const LogPanel = ({ cloudRun }: { readonly cloudRun: CloudRunView }) => {
  const lines = useCloudState((state) => state.lines)
  const [search, setSearch] = useState('')
  const [followsEnd, setFollowsEnd] = useState(true)
  const logElement = useRef<HTMLDivElement>(null)
  const lastScrollTop = useRef(0)
  const searchText = search.toLowerCase()
  const matchingLines =
    searchText === ''
      ? lines
      : lines.filter((line) => line.text.toLowerCase().includes(searchText) || logText(line).toLowerCase().includes(searchText))
  useEffect(() => {
    const element = logElement.current
    if (element === null || !followsEnd || matchingLines.length === 0) return undefined
    const scrollToEnd = (): void => void (element.scrollTop = element.scrollHeight)
    scrollToEnd()
    // Elements that appear above the log make it smaller.
    const observer = new ResizeObserver(scrollToEnd)
    observer.observe(element)
    return () => observer.disconnect()
  }, [matchingLines.length, followsEnd])
  const onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = logElement.current!
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 8
    if (isAtEnd) setFollowsEnd(true)
    else if (scrollTop < lastScrollTop.current) setFollowsEnd(false)
    lastScrollTop.current = scrollTop
  }
  const hasFinished = !cloudRun.isLive && (cloudRun.error !== null || (cloudRun.status !== null && hasEnded(cloudRun.status)))
  return (
    <section className="cloud-log" aria-label="Log">
      <div className="cloud-log-head">
        <input
          type="search"
          placeholder="Search log"
          aria-label="Search log"
          value={search}
          onChange={({ target }) => setSearch(target.value)}
        />
        <label className="cloud-check">
          <input type="checkbox" checked={followsEnd} onChange={({ target }) => setFollowsEnd(target.checked)} /> Auto-scroll
        </label>
        <span className="muted">
          {searchText === '' ? `${lines.length} lines` : `${matchingLines.length} of ${lines.length} lines`}
          {matchingLines.length > maxShownLines && ` (last ${maxShownLines} shown)`}
        </span>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled with the keyboard */}
      <div className="cloud-lines" ref={logElement} role="log" tabIndex={0} onScroll={onScroll}>
        {matchingLines.slice(-maxShownLines).map((line, index) => (
          <p key={`${line.at}-${String(index)}`} title={line.text}>
            <time dateTime={line.at}>{line.at.slice(11, 19)}</time> <b>{line.host}</b> {logText(line)}
          </p>
        ))}
        {lines.length === 0 && <p className="muted">{hasFinished ? 'The log is empty.' : 'Waiting for log output …'}</p>}
        {lines.length > 0 && matchingLines.length === 0 && <p className="muted">No matching lines.</p>}
      </div>
    </section>
  )
}
