/** What the folder codes of the lesson's image sets mean: the WordNet ids of ImageNet's synsets, as fast.ai's archives use them. */

import { needText } from '../tensor/checks.js';

/** Imagenette: ten classes that are easily told apart. */
export const imagenetteClasses: Readonly<Record<string, string>> = {
  n01440764: 'tench',
  n02102040: 'English springer',
  n02979186: 'cassette player',
  n03000684: 'chain saw',
  n03028079: 'church',
  n03394916: 'French horn',
  n03417042: 'garbage truck',
  n03425413: 'gas pump',
  n03445777: 'golf ball',
  n03888257: 'parachute',
};

/** Imagewoof: ten breeds of dogs (and the dingo), which are not. */
export const imagewoofClasses: Readonly<Record<string, string>> = {
  n02086240: 'Shih-Tzu',
  n02087394: 'Rhodesian ridgeback',
  n02088364: 'beagle',
  n02089973: 'English foxhound',
  n02093754: 'Border terrier',
  n02096294: 'Australian terrier',
  n02099601: 'golden retriever',
  n02105641: 'Old English sheepdog',
  n02111889: 'Samoyed',
  n02115641: 'dingo',
};

/** Image网 (imagewang): both together. */
export const imagewangClasses: Readonly<Record<string, string>> = { ...imagenetteClasses, ...imagewoofClasses };

/** The English name of a class code; any other label is its own name. */
export function className(label: string): string {
  needText('label', label);
  return Object.hasOwn(imagewangClasses, label) ? imagewangClasses[label]! : label;
}
