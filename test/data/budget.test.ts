import t from 'tap';
import { Budget } from '../../lib/data/budget.js';

interface Task {
  readonly running: () => boolean;
  readonly end: (fail?: Error) => void;
  readonly done: Promise<void>;
}

function start(budget: Budget, bytes: number): Task {
  let isRunning = false;
  let end: (fail?: Error) => void = () => undefined;
  const work = new Promise<void>((resolve, reject) => (end = (fail) => (fail ? reject(fail) : resolve())));
  const done = budget.run(bytes, () => {
    isRunning = true;
    return work;
  });
  return { running: () => isRunning, end, done };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('what fits runs at once, the rest in the order of asking', async (t) => {
  const budget = new Budget(10);
  const tasks = [6, 4, 5, 1].map((bytes) => start(budget, bytes));
  const running = (): boolean[] => tasks.map((task) => task.running());
  t.same(running(), [true, true, false, false]);
  tasks[1]!.end();
  await turn();
  t.same(running(), [true, true, false, false], 'a small one does not overtake a large one');
  tasks[0]!.end();
  await turn();
  t.same(running(), [true, true, true, true]);
  t.equal(budget.taken, 6);
  tasks[2]!.end();
  tasks[3]!.end();
  await Promise.all(tasks.map((task) => task.done));
  t.equal(budget.taken, 0);
});

t.test('a failure frees its bytes', async (t) => {
  const budget = new Budget(1);
  const [first, second] = [start(budget, 1), start(budget, 1)];
  first.end(new Error('no'));
  await t.rejects(first.done, { message: 'no' });
  await turn();
  t.ok(second.running());
  second.end();
  await second.done;
  t.equal(budget.taken, 0);
});

t.test('what is larger than the budget runs alone', async (t) => {
  const budget = new Budget(10);
  const [small, huge, after] = [start(budget, 1), start(budget, 100), start(budget, 1)];
  await turn();
  t.same([small.running(), huge.running(), after.running()], [true, false, false]);
  small.end();
  await turn();
  t.same([huge.running(), after.running()], [true, false]);
  huge.end();
  await turn();
  t.ok(after.running());
  after.end();
  await after.done;
});
