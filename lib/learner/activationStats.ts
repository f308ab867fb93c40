/** Watches what layers put out while a model trains: means, spreads, histograms, and how much of it is near zero. */

import { inspect } from 'node:util';

import type { Chart } from '../charts/index.js';
import { Hooks, OutputStats, findModules, isLayer, type AnyModule, type OutputStatsOptions } from '../nn/index.js';
import { needCount, needFunction, needOptions } from '../tensor/checks.js';
import type { Tensor } from '../tensor/index.js';
import { plotHistograms, plotNearZeros, type ActivationPlotOptions } from './activationPlots.js';
import { Callback } from './callback.js';
import { plotActivations, type PlotActivationsOptions } from './plotting.js';

/** Options of {@link ActivationStats}, with those of the statistics. */
export interface ActivationStatsOptions extends OutputStatsOptions {
  /** Which modules are watched; nothing below one is looked at. Default: `isLayer`. */
  layers?: (module: AnyModule) => boolean;
  /** Measures one training batch in so many; default 1. */
  every?: number;
}

/** A watched module, by its path in the model. */
export interface WatchedLayer {
  readonly name: string;
  readonly module: AnyModule;
  readonly stats: OutputStats;
}

/**
 * Keeps {@link OutputStats} of each layer of the current or last fit, of training batches only. The hooks are there during a fit, and are gone
 * after it, also when it fails. Measuring asks the device for nothing; reading does.
 *
 * It passes over every output three times more, which a small CNN on few threads notices: `every: 10` is enough for a picture.
 */
export class ActivationStats extends Callback {
  /** The watched layers in the order of a forward. */
  layers: readonly WatchedLayer[] = [];
  readonly every: number;
  private readonly isWatched: (module: AnyModule) => boolean;
  private readonly options: OutputStatsOptions;
  private hooks: Hooks | null = null;

  constructor(options: ActivationStatsOptions = {}) {
    super();
    needOptions('ActivationStats', options);
    const { layers = isLayer, every = 1, ...rest } = options;
    this.isWatched = needFunction('ActivationStats: layers', layers, 'a function of a module');
    this.every = needCount('ActivationStats: every', every, 1);
    this.options = rest;
    // Refused here rather than when a fit begins.
    new OutputStats(rest);
  }

  override beginFit(): void {
    const { learn, every } = this;
    this.hooks?.remove();
    const names = new Map(learn.model.namedModules().map(([path, module]) => [module, path]));
    this.layers = findModules(learn.model, this.isWatched).map((module) => ({
      name: names.get(module)!,
      module,
      stats: new OutputStats(this.options),
    }));
    const byModule = new Map(this.layers.map(({ module, stats }) => [module, stats]));
    this.hooks = new Hooks(byModule.keys(), (_hook, module, _args, output) => {
      if (learn.inTrain && learn.iter % every === 0) byModule.get(module)!.add(output as Tensor);
    });
  }

  override cleanupFit(): void {
    this.hooks?.remove();
    this.hooks = null;
  }

  /** Mean, standard deviation and share near zero of the layers' outputs over training. */
  plotActivations(options: PlotActivationsOptions = {}): Chart {
    return plotActivations(this.layers, { every: this.every, options });
  }

  /**
   * How often each output came, a heat map for each layer: a column is a measured batch, a row a bin of values.
   *
   * @throws TenchError before the first fit
   */
  plotHistograms(options: ActivationPlotOptions = {}): Chart {
    return plotHistograms(this, options);
  }

  /** The share of outputs near zero by batch, a panel for each layer. @throws TenchError as `plotHistograms` does */
  plotNearZeros(options: ActivationPlotOptions = {}): Chart {
    return plotNearZeros(this, options);
  }

  override [inspect.custom](): string {
    return `ActivationStats(${this.layers.length} layers, ${this.layers[0]?.stats.length ?? 0} batches)`;
  }
}
