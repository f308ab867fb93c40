/** An exported learner as a service: POST an image, and get what it is. */

import { createServer } from 'node:http';
import { TenchError, loadLearner } from 'tench';

const predictor = await loadLearner(process.argv[2] ?? 'learner.safetensors');
const server = createServer((request, response) => {
  const answer = (status: number, body: object): unknown =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.method !== 'POST') return answer(405, { error: 'POST an image' });
  if (predictor.waiting > 1000) return answer(503, { error: 'too many are waiting' });
  predictor.predict(request).then(
    ({ label, probabilities }) => answer(200, { label, probabilities }),
    (error: unknown) => answer(error instanceof TenchError ? 422 : 500, { error: String(error) }),
  );
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => console.log(server.address()));
process.once('SIGTERM', () => server.close(() => void predictor.close()));
