"""PyTorch's side of the benchmark of optimizers; sides/optimizer.ts is tench's, work for work."""

import torch

from optimizer_works import LR, resnet_shapes, stepping


def adamw(params, **options):
    return torch.optim.AdamW(params, lr=LR, weight_decay=0.01, betas=(0.9, 0.999), eps=1e-8, **options)


def sgd_momentum(params):
    return torch.optim.SGD(params, lr=LR, momentum=0.9, weight_decay=1e-4, fused=True)


class Own(torch.optim.Optimizer):
    """Ten operations that are no optimizer anybody knows, as a user would write them with lists."""

    def __init__(self, params):
        super().__init__(params, {"lr": LR, "wd": 0.01, "mom": 0.9, "sqr_mom": 0.99, "eps": 1e-5})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            grads = [p.grad for p in params]
            for p in params:
                if not self.state[p]:
                    self.state[p] = {"avg": torch.zeros_like(p), "sqr": torch.zeros_like(p)}
            avg = [self.state[p]["avg"] for p in params]
            sqr = [self.state[p]["sqr"] for p in params]
            torch._foreach_mul_(avg, group["mom"])
            torch._foreach_add_(avg, grads, alpha=1 - group["mom"])
            torch._foreach_mul_(sqr, group["sqr_mom"])
            torch._foreach_addcmul_(sqr, grads, grads, value=1 - group["sqr_mom"])

            root = torch._foreach_sqrt(sqr)
            torch._foreach_add_(root, group["eps"])
            direction = torch._foreach_div(avg, root)
            torch._foreach_clamp_min_(direction, -1)
            torch._foreach_clamp_max_(direction, 1)
            torch._foreach_add_(direction, torch._foreach_mul(grads, 0.1))
            torch._foreach_add_(direction, params, alpha=group["wd"])
            torch._foreach_mul_(direction, 0.5)
            torch._foreach_add_(params, direction, alpha=-group["lr"])


works = {
    "sgdMomentum": lambda: stepping(resnet_shapes(), sgd_momentum),
    "adamw": lambda: stepping(resnet_shapes(), lambda params: adamw(params, fused=True)),
    "adamwDefault": lambda: stepping(resnet_shapes(), adamw),
    "manySmall": lambda: stepping([[64]] * 300, lambda params: adamw(params, fused=True)),
    "userStepper": lambda: stepping(resnet_shapes(), Own),
}


def libtorch():
    return torch.__version__.split("+")[0]


set_threads = torch.set_num_threads
