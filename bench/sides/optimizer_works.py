"""What PyTorch's and fastai's sides of the benchmark of optimizers share; sides/optimizer.ts is tench's."""

import torch


def resnet_shapes():
    """The parameters of ResNet-50, in order: 161 tensors, 25.6 million elements."""

    def normalised(shape):
        return [shape, shape[:1], shape[:1]]

    shapes = normalised([64, 3, 7, 7])
    inputs = 64
    for stage, blocks in enumerate([3, 4, 6, 3]):
        width = 64 * 2**stage
        for block in range(blocks):
            shapes += normalised([width, inputs, 1, 1]) + normalised([width, width, 3, 3])
            shapes += normalised([4 * width, width, 1, 1])
            if block == 0:
                shapes += normalised([4 * width, inputs, 1, 1])
            inputs = 4 * width
    return shapes + [[1000, 2048], [1000]]


def filled(shape, seed):
    """Numbers from -0.5 to 0.5 without a pattern that matters, the same in both languages."""
    count = torch.Size(shape).numel()
    numbers = (torch.arange(count) * 7919 + seed * 104729).remainder(2003)
    return (numbers.double() / 2003 - 0.5).float().reshape(shape)


def stepping(shapes, make):
    """Repeats steps with gradients that stay; its values are the first element of every parameter after three."""
    params = [filled(shape, i).requires_grad_() for i, shape in enumerate(shapes)]
    for i, p in enumerate(params):
        p.grad = filled(p.shape, i + 1000)
    opt = make(params)

    def run(iterations):
        for _ in range(iterations):
            opt.step()

    def values():
        run(3)
        return [p.detach().reshape(-1)[0].item() for p in params]

    return run, values


LR = 0.01
