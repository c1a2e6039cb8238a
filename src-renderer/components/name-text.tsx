// A name that is cut in its middle where it does not fit: names of servers share their beginning and differ at their end.

/** Characters at the end that stay. */
const tailLength = 10
/** Width of an average character of a name, in widths of the digit 0: letters such as m are wider. */
const tailWidth = 1.1

/** Of Hebrew and Arabic, which read from the right: its two parts would not stand in their order. */
const fromRight = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/

/** Text with spaces, such as a reason, is no name, and is cut at its end by its cell; so is a name that reads from the right. */
export const isCutInMiddle = (text: string): boolean => text.length > 2 * tailLength && !/\s/.test(text) && !fromRight.test(text)

/** Where the end begins; a character of two units stays whole. */
const tailStart = (text: string): number => {
  const at = text.length - tailLength
  return /[\uDC00-\uDFFF]/.test(text.charAt(at)) ? at - 1 : at
}

/** Width that an element needs to show its name whole, in pixels; null where it holds no name that can be cut. */
export const wholeNameWidth = (element: Element): number | null => {
  const head = element.querySelector('.name-head')
  if (head === null) return null
  // Computed as "calc(100% - 85.8px)": what is left to the end.
  const [, tail = ''] = /- ([\d.]+)px/.exec(getComputedStyle(head).maxWidth) ?? []
  return Math.ceil(head.scrollWidth + Number(tail)) + 1
}

/** Stands in an element of one line that cuts what does not fit. */
export const NameText = ({ text }: { readonly text: string }) => {
  if (!isCutInMiddle(text)) return text
  const at = tailStart(text)
  return (
    <>
      <span className="name-head" style={{ maxWidth: `calc(100% - ${(tailLength * tailWidth).toFixed(1)}ch)` }}>
        {text.slice(0, at)}
      </span>
      {text.slice(at)}
    </>
  )
}
