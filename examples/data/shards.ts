/** Batches of texts out of tar archives. */

import * as tench from 'tench';

const paths = tench.getFiles(process.argv[2] ?? 'shards', { extensions: ['.tar', '.tgz'] });
const shards = new tench.TarShards(paths, { shuffleShards: true, shuffleBuffer: 1000 });

// Processors learn from whatever list they see first; here from one walk through the stream.
const tokenize = new tench.TokenizeProcessor();
const numericalize = new tench.NumericalizeProcessor({ minCount: 1, padding: 'xxpad' });
const category = new tench.CategoryProcessor();
const tokens: string[][] = [];
const labels: string[] = [];
for await (const sample of shards) {
  tokens.push(tokenize.proc1(sample.text('txt')));
  labels.push(sample.text('cls'));
}
numericalize.process(tokens);
category.process(labels);

const loader = new tench.StreamLoader(shards, {
  x: (sample) => sample.text('txt'),
  y: (sample) => sample.text('cls'),
  procX: [tokenize, numericalize],
  procY: category,
  collate: tench.padCollate({ padding: 1 }),
  samples: tokens.length,
  batchSize: 8,
});
for await (const [xb, yb] of loader) console.log(xb!.shape, yb!.shape);
