// Compiles a function once for each level of the processor; the right one is bound when the library is loaded.
#pragma once

// Sanitizers are not up yet at that moment. What the build asks for (-O2) would leave the loops over rows rolled up.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#if defined(__x86_64__) && defined(__GLIBC__) && __GNUC__ >= 12 && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define TENCH_PER_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#endif
#ifndef TENCH_PER_PROCESSOR
#define TENCH_PER_PROCESSOR
#endif

// A part of such a function, compiled with it for each level.
#define TENCH_INLINE inline __attribute__((always_inline))
