"""Records which overload PyTorch's own torch.<name>(...) chooses for calls that several overloads could answer.

    python scripts/goldens/overloads.py

Writes test/goldens/tensor/overloads.json: for each call its arguments, the overload that PyTorch's profiler saw first, and what came out.
"""

import json
from pathlib import Path

import torch

OUT = Path(__file__).resolve().parents[2] / 'test' / 'goldens' / 'tensor' / 'overloads.json'

FLOATS = torch.tensor([[0.5, 1.5, -2.0], [3.0, -0.25, 1.0]])
INTS = torch.tensor([[1, 2, 3], [4, 5, 6]])
FLAGS = torch.tensor([[True, False, True], [False, True, True]])
NAMES = {'floats': FLOATS, 'ints': INTS, 'flags': FLAGS}


def overload_of(call):
    config = torch._C._profiler._ExperimentalConfig(capture_overload_names=True)
    with torch.autograd.profiler.profile(experimental_config=config) as profile:
        result = call()
    first = min((event for event in profile.kineto_results.events() if event.name().startswith('aten::')), key=lambda event: event.start_ns())
    return first.name() + ('.' + first.overload_name() if first.overload_name() else ''), result


def plain(result):
    results = result if isinstance(result, (tuple, list)) else [result]
    return [{'dtype': str(x.dtype).removeprefix('torch.'), 'values': x.tolist()} for x in results]


def case(name, *args, **options):
    tensors = [NAMES[arg] if isinstance(arg, str) and arg in NAMES else arg for arg in args]
    overload, result = overload_of(lambda: getattr(torch, name)(*tensors, **options))
    return {'name': name, 'args': list(args), 'options': options, 'overload': overload, 'results': plain(result)}


def main():
    cases = []
    for name in ('add', 'sub', 'mul', 'div', 'pow', 'eq', 'ne', 'lt', 'le', 'gt', 'ge', 'remainder', 'fmod', 'floor_divide', 'clamp_min', 'clamp_max', 'xlogy', 'copysign', 'float_power'):
        for other in ('floats', 'ints', 2, 2.5):
            cases += [case(name, 'floats', other), case(name, 'ints', other)]
    cases += [case(name, 2, 'floats') for name in ('pow', 'float_power', 'remainder', 'xlogy')]
    cases += [case(name, x, 'floats', alpha=3) for name in ('add', 'sub') for x in ('floats', 'ints')]
    cases += [case('div', x, y, rounding_mode=mode) for x in ('floats', 'ints') for y in ('ints', 2, 2.5) for mode in ('floor', 'trunc')]
    cases += [case('div', 'ints', 2, rounding_mode=None)]
    cases += [case(name, x) for name in ('sum', 'prod', 'max', 'min', 'all', 'any') for x in ('floats', 'ints', 'flags')]
    cases += [case(name, 'floats') for name in ('mean', 'std', 'var', 'median', 'std_mean', 'var_mean', 'norm', 'argmax', 'aminmax', 'squeeze')]
    for name in ('sum', 'mean', 'std', 'var', 'std_mean', 'var_mean', 'logsumexp', 'amax'):
        cases += [case(name, 'floats', 1), case(name, 'floats', [0, 1])]
    cases += [case(name, 'floats', 0) for name in ('prod', 'max', 'min', 'median', 'all', 'any', 'argmax', 'cumsum', 'cumprod', 'squeeze', 'softmax', 'log_softmax', 'argsort', 'sort')]
    cases += [case(name, 'floats', 1, True) for name in ('sum', 'mean', 'max', 'min', 'any', 'all')]
    cases += [case(name, 'floats', 'floats') for name in ('max', 'min', 'maximum')]
    cases += [case(name, 'floats', [0, 1]) for name in ('any', 'all', 'count_nonzero')]
    cases += [case('where', 'flags'), case('where', 'flags', 'floats', 'floats'), case('where', 'flags', 'floats', 0.5), case('where', 'flags', 0.5, 'floats'), case('where', 'flags', 0.5, 0.25),
              case('where', 'flags', 'ints', 0.5)]
    cases += [case('clamp', 'floats', -1, 1), case('clamp', 'ints', 2, 4), case('clamp', 'ints', 2.5), case('clamp', 'floats', 'ints', 'ints')]
    cases += [case('bitwise_and', 'ints', 'ints'), case('bitwise_and', 'ints', 6), case('bitwise_and', 6, 'ints'), case('isin', 'ints', 'ints'), case('isin', 'ints', 2), case('isin', 2, 'ints')]
    cases += [case('split', 'ints', 1), case('split', 'ints', [1, 1]), case('tensor_split', 'ints', 2), case('tensor_split', 'ints', [1]), case('movedim', 'ints', 0, 1),
              case('movedim', 'ints', [0, 1], [1, 0]), case('lerp', 'floats', 'floats', 0.5), case('lerp', 'floats', 'floats', 'floats'), case('masked_fill', 'floats', 'flags', 0.5),
              case('repeat_interleave', 'ints', 2), case('norm', 'floats', 1), case('quantile', 'floats', 0.5), case('round', 'floats'), case('round', 'floats', decimals=1)]
    unique = {json.dumps([one['name'], one['args'], one['options']]): one for one in cases}
    text = ',\n'.join(json.dumps(one, separators=(',', ':')) for one in unique.values())
    OUT.write_text('{"cases":[\n' + text.replace('Infinity', '1e999').replace('NaN', 'null') + '\n]}\n')
    print(OUT.name, OUT.stat().st_size, 'bytes,', len(unique), 'cases')


if __name__ == '__main__':
    main()
