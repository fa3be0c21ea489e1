/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The env: configuration, registries, limits, and what the host does for programs.
 *
 * An env is a tenant: what is made in it counts against its limits, and nothing is shared between
 * envs.  It must outlive every handle made in it.
 *
 * Thread safety: an env is immutable once made; its functions may be called from any thread. */
#ifndef SKEP_ENV_H
#define SKEP_ENV_H

#include <skep/contract.h>
#include <skep/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A kernel configuration value for `extern … __kconfig` variables. */
struct skep_kconfig {
    const char *name;  /* "CONFIG_HZ", "LINUX_KERNEL_VERSION" */
    const char *value; /* y, n, m, a number, or a string in double quotes */
};

struct skep_env_options {
    size_t size;                            /* sizeof(struct skep_env_options) */
    const struct skep_allocator *allocator; /* NULL: malloc */
    size_t memory_limit;                    /* bytes that the env's handles may use; 0: none */
    uint32_t n_cpus;              /* CPU slots: per-CPU values, threads; 0: as the machine has */
    uint32_t max_maps;            /* 0: no limit */
    const struct skep_host *host; /* copied; NULL: all defaults */
    const struct skep_kconfig *kconfig; /* copied */
    size_t n_kconfig;
    /* Descriptors of the application's own, and built-in helpers that it replaces (same
     * personality and id): e.g. mocks. */
    const struct skep_helper *const *helpers;
    size_t n_helpers;
    const struct skep_helper *const *replaced_helpers;
    size_t n_replaced_helpers;
    const struct skep_map_type *const *map_types;
    size_t n_map_types;
    const struct skep_hook *const *hooks;
    size_t n_hooks;
    uint64_t hash_seed; /* 0: random; for tests that must repeat */
};

/* Makes an env with everything built in plus what the options add.  options and error may be NULL.
 * SKEP_NOMEM; SKEP_BAD_ARG, SKEP_EXISTS: a descriptor is wrong, error says which. */
SKEP_API skep_status skep_env_new(const struct skep_env_options *options, skep_env **env,
                                  skep_error *error);
/* Frees it.  Every handle made in it must have been freed before. */
SKEP_API void skep_env_free(skep_env *env);

/* Bytes in use and the most that ever were.  The first compiled program brings a page of code that
 * all of the env's programs are entered through, and that stays. */
SKEP_API size_t skep_env_memory_used(const skep_env *env);
SKEP_API size_t skep_env_memory_peak(const skep_env *env);

/* What is registered, in order of registration; NULL past the last. */
SKEP_API const struct skep_helper *skep_env_helper(const skep_env *env, size_t i);
SKEP_API const struct skep_map_type *skep_env_map_type(const skep_env *env, size_t i);
SKEP_API const struct skep_hook *skep_env_hook(const skep_env *env, size_t i);

#ifdef __cplusplus
}
#endif
#endif
