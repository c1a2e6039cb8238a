// Which texts are cut in their middle where they do not fit.
import { expect, test } from 'vitest'
import { isCutInMiddle } from '../../src-renderer/components/name-text.tsx'

test.each([
  ['planetlab1_singaren_net_sg_uw_oneswarm', true],
  ['web-1', false],
  ['CPU at 92.6 %, above its threshold', false],
  ['שרת-אפליקציה-חשוב-מאוד-2', false],
  ['خادم-قاعدة-البيانات-الرئيسي-١', false],
  ['サーバー-アプリケーション-とても重要なもの-0001', true],
])('%s: %s', (name, isCut) => {
  expect(isCutInMiddle(name)).toBe(isCut)
})
