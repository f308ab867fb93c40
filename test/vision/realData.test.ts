import t from 'tap';
import { join } from 'node:path';
import {
  CategoryProcessor,
  SplitData,
  className,
  getFiles,
  grandparentSplitter,
  labelByFunc,
  parentLabeler,
  patternSplitter,
  untarData,
} from '../../lib/data/index.js';
import { decodeImage } from '../../lib/vision/decode.js';
import { ImageList } from '../../lib/vision/imageList.js';

const { TENCH_DATA } = process.env;
const skip = !TENCH_DATA && 'set TENCH_DATA to a folder with imagenette2-224.tgz and hostile-images.tgz to run it';

t.before(() => {
  process.env.TENCH_CACHE = t.testdir();
});

t.test('every hostile image ends in pixels or in an error that names it', { skip }, async (t) => {
  const folder = await untarData(join(TENCH_DATA ?? '', 'hostile-images.tgz'));
  const files = getFiles(folder, { recurse: true, extensions: ['.jpg', '.png'] });
  t.equal(files.length, 1090);
  let decoded = 0;
  for (const path of files) {
    try {
      const { width, height, channels, data } = await decodeImage(path, { maxPixels: 2 ** 24 });
      if (data.length === width * height * channels) decoded += 1;
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      if (code !== 'ERR_TENCH_IMAGE' || !message.startsWith(`cannot read the image ${path}: `)) t.error(error);
    }
  }
  t.ok(decoded > 100, `${decoded} of them are images after all, such as the PNG test suite's good ones`);
});

t.test('Imagenette, by folder and as the lesson split it', { skip }, async (t) => {
  const folder = await untarData(join(TENCH_DATA ?? '', 'imagenette2-224.tgz'));
  const images = ImageList.fromFiles(folder);
  const byFolder = SplitData.splitByFunc(images, (path) => grandparentSplitter(path, { validName: 'val' }));
  t.same([byFolder.train.length, byFolder.valid.length, byFolder.leftOut.length], [9469, 3925, 0]);
  const labelled = labelByFunc(byFolder, parentLabeler, { procY: new CategoryProcessor() });
  const counts = (part: 'train' | 'valid'): number[] => [...labelled[part].classCounts().values()];
  t.same(counts('train'), [963, 955, 993, 858, 941, 956, 961, 931, 951, 960], 'the counts that the lesson prints');
  t.same(counts('valid'), [387, 395, 357, 386, 409, 394, 389, 419, 399, 390]);
  t.equal(className(String(labelled.vocab?.[0])), 'tench');

  const lesson = SplitData.splitByFunc(images, patternSplitter(/ILSVRC2012_val/));
  const lessonLabels = labelByFunc(lesson, parentLabeler, { procY: new CategoryProcessor() });
  t.same([lesson.train.length, lesson.valid.length], [12_894, 500]);
  t.same([...lessonLabels.valid.classCounts().values()], new Array(10).fill(50));
});
