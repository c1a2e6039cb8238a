// The log of the selected trip, every host in it: searched, and followed to its end while the user does not scroll up.
import { useEffect, useRef, useState } from 'react'
import { useCloudState } from './cloud-state.ts'

/** So many lines are drawn; the search goes through all of them. */
const mostShown = 2000

export const LogPanel = () => {
  const lines = useCloudState((state) => state.lines)
  const [search, setSearch] = useState('')
  const [follows, setFollows] = useState(true)
  const box = useRef<HTMLDivElement>(null)
  const wanted = search.toLowerCase()
  const found = wanted === '' ? lines : lines.filter(({ text }) => text.toLowerCase().includes(wanted))
  useEffect(() => {
    if (follows && found.length > 0 && box.current !== null) box.current.scrollTop = box.current.scrollHeight
  }, [found.length, follows])
  const onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!
    setFollows(scrollTop + clientHeight >= scrollHeight - 8)
  }
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
        <label>
          <input type="checkbox" checked={follows} onChange={({ target }) => setFollows(target.checked)} /> Follow
        </label>
        <span className="muted">
          {found.length} of {lines.length} lines
        </span>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled with the keyboard */}
      <div className="cloud-lines" ref={box} role="log" tabIndex={0} onScroll={onScroll}>
        {found.slice(-mostShown).map(({ host, at, text }, index) => (
          <p key={`${at}-${String(index)}`}>
            <time dateTime={at}>{at.slice(11, 19)}</time> <b>{host}</b> {text}
          </p>
        ))}
        {lines.length === 0 && <p className="muted">Waiting for the first line.</p>}
      </div>
    </section>
  )
}
