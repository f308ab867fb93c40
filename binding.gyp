# npm runs node-gyp by itself in a clone. This target does nothing but call the same CMake build that `npm run build` calls, so that
# there is one list of sources; where no LibTorch is on the machine it says so in a sentence and succeeds, and fetches nothing.
{
  'targets': [
    {
      'target_name': 'tench',
      'type': 'none',
      'actions': [
        {
          'action_name': 'cmake',
          'message': 'building the addon with CMake',
          'inputs': ['CMakeLists.txt'],
          # Never written: make then asks each time, and the CMake build itself knows what has changed.
          'outputs': ['<(PRODUCT_DIR)/always'],
          'action': ['node', 'scripts/tench.mjs', 'build', '--if-found'],
        },
      ],
    },
  ],
}
