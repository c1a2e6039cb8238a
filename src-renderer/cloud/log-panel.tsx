// The log of the selected trip, every host in it: searched, and followed to its end while the user does not scroll up.
import { useEffect, useRef, useState } from 'react'
import type { TripView } from '../../src-shared/cloud-contract.ts'
import { hasEnded } from '../../src-shared/cloud-job.ts'
import { useCloudState } from './cloud-state.ts'
import { logText } from './log-text.ts'

/** So many lines are drawn; the search goes through all of them. */
const mostShown = 2000

export const LogPanel = ({ trip }: { readonly trip: TripView }) => {
  const lines = useCloudState((state) => state.lines)
  const [search, setSearch] = useState('')
  const [follows, setFollows] = useState(true)
  const box = useRef<HTMLDivElement>(null)
  const lastTop = useRef(0)
  const wanted = search.toLowerCase()
  const found =
    wanted === '' ? lines : lines.filter((line) => line.text.toLowerCase().includes(wanted) || logText(line).toLowerCase().includes(wanted))
  useEffect(() => {
    const element = box.current
    if (element === null || !follows || found.length === 0) return undefined
    const toEnd = (): void => void (element.scrollTop = element.scrollHeight)
    toEnd()
    // What appears above the log makes it smaller.
    const observer = new ResizeObserver(toEnd)
    observer.observe(element)
    return () => observer.disconnect()
  }, [found.length, follows])
  const onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 8
    if (isAtEnd) setFollows(true)
    else if (scrollTop < lastTop.current) setFollows(false)
    lastTop.current = scrollTop
  }
  const isOver = !trip.isLive && (trip.error !== null || (trip.status !== null && hasEnded(trip.status)))
  return (
    <section className="cloud-log" aria-label="Log">
      <div className="cloud-log-head">
        <input
          type="search"
          placeholder="Search the log"
          aria-label="Search the log"
          value={search}
          onChange={({ target }) => setSearch(target.value)}
        />
        <label className="cloud-check">
          <input type="checkbox" checked={follows} onChange={({ target }) => setFollows(target.checked)} /> Follow
        </label>
        <span className="muted">
          {wanted === '' ? `${lines.length} lines` : `${found.length} of ${lines.length} lines`}
          {found.length > mostShown && `, the last ${mostShown} shown`}
        </span>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled with the keyboard */}
      <div className="cloud-lines" ref={box} role="log" tabIndex={0} onScroll={onScroll}>
        {found.slice(-mostShown).map((line, index) => (
          <p key={`${line.at}-${String(index)}`} title={line.text}>
            <time dateTime={line.at}>{line.at.slice(11, 19)}</time> <b>{line.host}</b> {logText(line)}
          </p>
        ))}
        {lines.length === 0 && <p className="muted">{isOver ? 'It has left no lines.' : 'Waiting for the first line.'}</p>}
        {lines.length > 0 && found.length === 0 && <p className="muted">No line contains that.</p>}
      </div>
    </section>
  )
}
