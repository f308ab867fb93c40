/** The networks that come with the library. */

export { getCnnLayers, getCnnModel, initCnn, prevPow2 } from './cnn.js';
export type { ChannelsAndClasses, CnnOptions } from './cnn.js';
