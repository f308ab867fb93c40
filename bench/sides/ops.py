"""PyTorch's side of the benchmark of operators; sides/ops.ts is tench's, work for work."""

import torch
import torch.nn.functional as F
from torch import nn


def numbers(count, seed):
    """Numbers from -0.5 to 0.5 without a pattern that matters, the same in both languages."""
    return [((i * 7919 + seed * 104729) % 2003) / 2003 - 0.5 for i in range(count)]


def filled(shape, seed):
    count = 1
    for size in shape:
        count *= size
    return torch.tensor(numbers(count, seed), dtype=torch.float32).reshape(shape)


def flat(x):
    return x.reshape(-1)[:100].tolist()


def add():
    a, b = filled([4], 1), filled([4], 2)

    def run(iterations):
        with torch.no_grad():
            for _ in range(iterations):
                a + b

    return run, lambda: flat(a + b)


def add_recording():
    a, b = filled([4], 1), filled([4], 2)

    def run(iterations):
        for _ in range(iterations):
            a + b

    return run, lambda: flat(a + b)


LR = 0.01


def digits():
    """A batch of 64 digits, and the weights that both sides begin with."""
    x = filled([64, 784], 1)
    y = torch.tensor([i % 10 for i in range(64)])
    weights = [filled([50, 784], 2), filled([50], 3), filled([10, 50], 4), filled([10], 5)]
    return x, y, [weight * 0.1 for weight in weights]


def training(step):
    """A work whose values are the losses of its first steps."""

    def run(iterations):
        for _ in range(iterations):
            step()

    return run, lambda: [step().item() for _ in range(20)]


def mlp_step(**options):
    x, y, weights = digits()
    model = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10))
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights):
            parameter.copy_(weight)
    opt = torch.optim.SGD(model.parameters(), lr=LR, **options)

    def step():
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        opt.zero_grad()
        return loss

    return training(step)


def mlp_step_bare():
    x, y, weights = digits()
    parameters = [weight.requires_grad_() for weight in weights]
    w1, b1, w2, b2 = parameters

    def step():
        loss = F.cross_entropy(F.linear(F.linear(x, w1, b1).relu(), w2, b2), y)
        loss.backward()
        with torch.no_grad():
            for parameter in parameters:
                parameter.add_(parameter.grad, alpha=-LR)
                parameter.grad = None
        return loss

    return training(step)


def backward_small():
    x = filled([4], 1).requires_grad_()
    a, b, c = filled([4], 2), filled([4], 3), filled([4], 4)
    gradient = torch.ones(4)

    def step():
        y = x
        for _ in range(10):
            y = ((y * a + b).tanh() - c).sigmoid()
        y.backward(gradient)

    def run(iterations):
        for _ in range(iterations):
            step()
            x.grad = None

    def values():
        step()
        return flat(x.grad)

    return run, values


def add_large():
    a, b = filled([16_384], 1).repeat(1024), filled([16_384], 2).repeat(1024)

    def run(iterations):
        with torch.no_grad():
            for _ in range(iterations):
                a + b

    return run, lambda: flat(a + b)


def shape():
    x = filled([2, 3, 4], 1)

    def run(iterations):
        for _ in range(iterations):
            last = x.shape

    return run, lambda: list(x.shape)


works = {
    "add": add,
    "addRecording": add_recording,
    "mlpStep": mlp_step,
    "mlpStepFused": lambda: mlp_step(fused=True),
    "mlpStepBare": mlp_step_bare,
    "backwardSmall": backward_small,
    "addLarge": add_large,
    "shape": shape,
}


def libtorch():
    return torch.__version__.split("+")[0]


set_threads = torch.set_num_threads
