// Faults of text in the open page: cut without an ellipsis, broken inside a word, over other text, or outside of its chart.

/** Runs in the page. @returns {string[]} */
const findFaults = () => {
  /** @typedef {{ text: string, left: number, top: number, right: number, bottom: number, source: unknown }} Box */
  /** @type {string[]} */ const faults = []
  const tolerance = 1.5
  const shorten = (/** @type {string} */ text) => text.trim().replace(/\s+/g, ' ').slice(0, 50)
  const overlaps = (/** @type {Box} */ a, /** @type {Box} */ b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3
  const report = (/** @type {Box[]} */ boxes, /** @type {string} */ place) =>
    boxes.forEach((box, index) => {
      for (const other of boxes.slice(index + 1)) {
        // Lines of one text lie below each other; one with an ellipsis is there twice.
        if (box.source !== other.source && overlaps(box, other)) faults.push(`${place}: "${box.text}" overlaps "${other.text}"`)
      }
    })

  // Text of the page. What a list scrolls under its head and pinned columns is covered, not overlapped.
  /** @type {Box[]} */ const boxes = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement
    if (element === null || shorten(node.textContent ?? '') === '' || !element.checkVisibility({ visibilityProperty: true })) continue
    if (element.closest('select, option, svg, script, style, .cm-editor, .visually-hidden') !== null) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    const lines = [...range.getClientRects()]
    // A number or a short word has no place to break; names are longer.
    if (/^(?:\S|\u00a0){1,12}$/.test((node.textContent ?? '').trim()) && lines.some(({ top }) => top - (lines[0]?.top ?? top) > 3))
      faults.push(`page: "${shorten(node.textContent ?? '')}" is broken`)
    for (const { left, top, right, bottom } of lines)
      addLine(element, { text: shorten(node.textContent ?? ''), left, top, right, bottom, source: node })
  }
  report(boxes, 'page')

  /** One line of an element's text. @param {Element} element @param {Box} box */
  function addLine(element, box) {
    let hasEllipsis = false
    let isScrolled = false
    for (let outer = /** @type {Element | null} */ (element); outer !== null; outer = outer.parentElement) {
      const { overflowX, overflowY, textOverflow } = getComputedStyle(outer)
      const bounds = outer.getBoundingClientRect()
      hasEllipsis ||= textOverflow === 'ellipsis'
      isScrolled ||= /auto|scroll/.test(overflowX)
      if (overflowX !== 'visible') {
        if (box.right > bounds.right + tolerance && !hasEllipsis && !isScrolled) faults.push(`page: "${box.text}" is cut`)
        box.left = Math.max(box.left, bounds.left)
        box.right = Math.min(box.right, bounds.right)
      }
      if (overflowY !== 'visible') {
        box.top = Math.max(box.top, bounds.top)
        box.bottom = Math.min(box.bottom, bounds.bottom)
      }
    }
    if (box.right > innerWidth + tolerance) faults.push(`page: "${box.text}" is outside of the window`)
    if (element.closest('.grid') !== null || box.right <= box.left || box.bottom <= box.top) return
    boxes.push(box)
    const covering = document.elementFromPoint((box.left + box.right) / 2, box.bottom - (box.bottom - box.top) / 4)
    if (element.closest('.chart') === null && covering?.closest('.chart')) faults.push(`page: "${box.text}" is covered by a chart`)
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push('page: wider than the window')
  for (const page of document.querySelectorAll('main')) {
    if (page.scrollWidth > page.clientWidth + 1) faults.push(`page: ${page.getAttribute('aria-label')} scrolls sideways`)
  }

  // Labels of charts: React's fibre of the container leads to the instance, ECharts' display list to the texts.
  for (const container of document.querySelectorAll('.chart')) {
    const key = Object.keys(container).find((name) => name.startsWith('__reactFiber'))
    /** @type {any} */ let hook = key === undefined ? null : /** @type {any} */ (container)[key].return?.memoizedState
    while (hook && typeof hook.memoizedState?.current?.getZr !== 'function') hook = hook.next
    const chart = hook?.memoizedState.current
    if (!chart) continue
    /** @type {Box[]} */ const labels = []
    const rectOf = (/** @type {any} */ shape) => {
      const rect = shape.getBoundingRect().clone()
      if (shape.transform) rect.applyTransform(shape.transform)
      return rect
    }
    for (const item of chart.getZr().storage.getDisplayList(true)) {
      if (item.type !== 'tspan' || item.ignore || item.invisible || shorten(String(item.style.text ?? '')) === '') continue
      const rect = rectOf(item)
      const clips = (item.__clipPaths ?? []).map(rectOf)
      if (clips.length > 0) {
        const isCut = clips.some(
          (/** @type {typeof rect} */ clip) =>
            rect.x < clip.x + clip.width - 2 &&
            rect.x + rect.width > clip.x + 2 &&
            (rect.x < clip.x - 2 || rect.x + rect.width > clip.x + clip.width + 2),
        )
        if (isCut) faults.push(`${shorten(container.getAttribute('aria-label') ?? 'chart')}: "${shorten(item.style.text)}" is cut`)
        continue
      }
      labels.push({
        text: shorten(item.style.text),
        left: rect.x,
        top: rect.y,
        right: rect.x + rect.width,
        bottom: rect.y + rect.height,
        source: item,
      })
    }
    const place = shorten(container.getAttribute('aria-label') ?? 'chart')
    report(labels, place)
    for (const { text, left, top, right, bottom } of labels) {
      if (left < -tolerance || top < -3 || right > chart.getWidth() + tolerance || bottom > chart.getHeight() + 3)
        faults.push(`${place}: "${text}" leaves the chart`)
    }
  }
  return [...new Set(faults)]
}

/** @param {import('playwright').Page} page @returns {Promise<string[]>} */
export const textFaults = (page) => page.evaluate(findFaults)
