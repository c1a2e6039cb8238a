// Messages of Slack and Teams as those services define them; a variable cannot send them to another host.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { fillUrl, sendWebhook, webhookPayload } from '../../src-main/cycle/webhook.ts'

const message = { title: 'Fleet <a> & b', lines: ['1 new'], id: 'x' }

test('Slack reads text whose three special characters are escaped', () => {
  expect(webhookPayload('slack', message)).toEqual({ text: '*Fleet &lt;a&gt; &amp; b*\n1 new' })
})

test('Teams reads an adaptive card', () => {
  expect(webhookPayload('teams', message)).toMatchObject({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: { type: 'AdaptiveCard', body: [{ type: 'TextBlock', text: 'Fleet <a> & b' }, { text: '1 new' }] },
      },
    ],
  })
})

test('a name that looks like a link is none in Teams', () => {
  const { attachments } = webhookPayload('teams', { ...message, lines: ['order [here](https://evil.example)'] }) as {
    attachments: [{ content: { body: { text: string }[] } }]
  }
  expect(attachments[0].content.body[1]!.text).toBe('order [here] (https://evil.example)')
})

test.each(['k/1', '@evil.example/', '//evil.example/'])('the variable %s fills the path, and leaves the host', (key) => {
  expect(fillUrl('https://hooks.example.com/a/${KEY}', { KEY: key })).toMatchObject({
    host: 'hooks.example.com',
    pathname: `/a/${key}`,
  })
})

test('a key that stands twice in the address arrives twice', async () => {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    response.end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await sendWebhook(new URL(`http://127.0.0.1:${port}/hook?a=1&a=2&b=%2F+c`), 'slack', message)
  server.close()
  expect(asked).toEqual(['/hook?a=1&a=2&b=%2F%20c'])
})
