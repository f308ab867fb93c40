/** The dashboard's server: who gets the page, who does not, what is told, and what is left as a file. */

import { readFileSync } from 'node:fs';
import { request, type IncomingHttpHeaders } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import t from 'tap';

import { AvgStatsCallback, Dashboard, Learner, Recorder, accuracy, type Callback } from '../../lib/learner/index.js';
import { setNumThreads } from '../../lib/tensor/index.js';
import { drawData, drawModel } from './drawn.js';

setNumThreads(1);

function learner(...cbs: Callback[]): Learner {
  const learn = new Learner(drawModel(), drawData([8, 8, 3], [5, 2]), { lr: 0.5, cbs });
  learn.logger = () => undefined;
  return learn;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(url: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    })
      .on('error', reject)
      .end();
  });
}

t.test('the page goes to whoever knows its address, and to nobody else', async (t) => {
  const dashboard = new Dashboard({ title: 'A <run>' });
  const url = await dashboard.open();
  t.teardown(() => dashboard.close());
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/);
  t.equal(await dashboard.open(), url, 'opening twice opens once');
  const { status, headers, body } = await ask(url);
  t.equal(status, 200);
  t.match(body, '<h1>A &#60;run&#62;</h1>');
  t.match(headers, {
    'cache-control': 'no-store',
    'content-security-policy': /default-src 'none'; script-src 'sha256-[^']+'; .*connect-src 'self'/,
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
  t.equal(headers['access-control-allow-origin'], undefined);
  t.equal((await ask(url, { method: 'HEAD' })).status, 200);
  const { origin, host, port } = new URL(url);
  const refused: [string, string, { method?: string; headers?: Record<string, string> }][] = [
    ['without a token', `${origin}/`, {}],
    ['with another token', `${origin}/${'x'.repeat(32)}/`, {}],
    ['its events with another token', `${origin}/${'x'.repeat(32)}/events`, {}],
    ['another path', `${url}other`, {}],
    ['by the name of another site', url, { headers: { Host: `example.org:${port}` } }],
    ['from the page of another site', url, { headers: { Origin: 'http://example.org' } }],
    ['from the page of another port', url, { headers: { Origin: 'http://127.0.0.1:1' } }],
    ['from a page of unknown origin', url, { headers: { Origin: 'null' } }],
    ['by a request that another site has caused', url, { headers: { 'Sec-Fetch-Site': 'cross-site' } }],
  ];
  for (const [what, address, options] of refused) {
    const answer = await ask(address, options);
    t.equal(answer.status, 403, what);
    t.notMatch(answer.body, 'run');
    t.equal(answer.headers['access-control-allow-origin'], undefined);
  }
  t.equal((await ask(url, { method: 'POST' })).status, 405);
  t.equal((await ask(url, { method: 'OPTIONS' })).status, 405);
  t.equal(
    (await ask(url, { headers: { Host: 'localhost:8080', Origin: 'http://localhost:8080' } })).status,
    200,
    'through a tunnel',
  );
  t.equal((await ask(url, { headers: { Host: host, Origin: origin, 'Sec-Fetch-Site': 'same-origin' } })).status, 200);
});

t.test('a port that is taken is named', async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  const learn = learner();
  const before = learn.cbs.length;
  await t.rejects(learn.dashboard({ port }), {
    code: 'ERR_TENCH_PORT',
    message: `the dashboard cannot have port ${port} of 127.0.0.1: something else listens there; choose another, or 0 for any that is free`,
  });
  t.equal(learn.cbs.length, before);
});

t.test('whoever watches is told of each piece, and of the end', async (t) => {
  const learn = learner(new AvgStatsCallback([accuracy]));
  const dashboard = await learn.dashboard({ interval: 0 });
  const watched = ask(`${dashboard.url}events`);
  await learn.fit(2);
  await dashboard.close();
  t.equal(dashboard.url, null);
  const { headers, body } = await watched;
  t.match(headers['content-type'], 'text/event-stream');
  const messages = [...body.matchAll(/^event: (\w+)\ndata: (.*)\n$/gm)].map(([, event, data]) => ({
    event,
    data: JSON.parse(data!) as { id: string; html: string } | null,
  }));
  t.strictSame(messages.at(-1), { event: 'end', data: null });
  const states = messages.filter(({ data }) => data?.id === 'state').map(({ data }) => data!.html);
  t.ok(states.includes('Validating: epoch 2 of 2.'));
  t.equal(states.at(-1), 'The training is over.');
  t.ok(messages.some(({ data }) => data?.id === 'losses' && data.html.includes('<svg')));
});

t.test('after a fit the page is a file that holds the numbers and needs nothing else', async (t) => {
  const [recorder, stats] = [new Recorder(), new AvgStatsCallback([accuracy])];
  const learn = learner(recorder, stats);
  const out = join(t.testdir(), 'run.html');
  const dashboard = await learn.dashboard({ out, activationsEvery: 1, title: 'Run' });
  await learn.fit(2);
  await dashboard.close();
  const html = readFileSync(out, 'utf8');
  t.equal(html, dashboard.html());
  t.match(html, 'The training is over.');
  t.notMatch(html, /<script/);
  t.notMatch(html, /(src|href)="(?!data:|#)/, 'nothing is fetched');
  t.notMatch(html.replaceAll('http://www.w3.org/', ''), /https?:\/\//);
  for (const { valid } of stats.records) t.match(html, `<td>${valid!.loss!.toFixed(4)}</td>`);
  t.match(html, /They cannot be shown: .*which items these are is not known/);
  t.strictSame(learn.recorder, recorder, "the learner's own recorder is used");
});

t.test('a fit that fails leaves its page too', async (t) => {
  const learn = learner();
  const out = join(t.testdir(), 'run.html');
  const dashboard = await learn.dashboard({ out });
  learn.lossFunc = () => {
    throw new Error('spoilt');
  };
  await t.rejects(learn.fit(1), { message: 'spoilt' });
  await dashboard.close();
  t.match(readFileSync(out, 'utf8'), 'The training has ended early.');
});

t.test('options are refused by name', (t) => {
  t.throws(() => new Dashboard({ port: 70_000 }), { message: /for `port`/ });
  t.throws(() => new Dashboard({ out: 'run.pdf' }), { message: /for `out`/ });
  t.throws(() => new Dashboard({ interval: -1 }), { message: /for `interval`|`interval`/ });
  t.end();
});
