/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Maps from the host's side.  Results of element operations are 0 or -errno, as bpf(2) gives them.
 *
 * Per-CPU maps: the host reads and writes n_cpus × round8(value_size) bytes, one value per CPU slot
 * of the env (skep_map_host_value_size()).
 *
 * Thread safety: every function may be called from any thread at any time, while programs run. */
#ifndef SKEP_MAP_H
#define SKEP_MAP_H

#include <skep/contract.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes a map.  SKEP_BAD_ARG with the errno of bpf(BPF_MAP_CREATE) in error; SKEP_NOMEM;
 * SKEP_UNSUPPORTED: no such type. */
SKEP_API skep_status skep_map_new(skep_env *env, const struct skep_map_spec *spec, skep_map **map,
                                  skep_error *error);
/* Takes and drops the host's references. */
SKEP_API void skep_map_ref(skep_map *map);
SKEP_API void skep_map_unref(skep_map *map);

/* Belongs to the map. */
SKEP_API const struct skep_map_spec *skep_map_spec(const skep_map *map);
SKEP_API const struct skep_map_type *skep_map_type(const skep_map *map);
SKEP_API uint64_t skep_map_host_value_size(const skep_map *map); /* bytes */
SKEP_API uint64_t skep_map_memory_bytes(const skep_map *map);

/* key and value: key_size and host_value_size bytes.  Queues: key NULL. */
SKEP_API int skep_map_lookup(skep_map *map, const void *key, void *value);
/* flags: 0, or SKEP_MAP_F_LOCK: copied under the value's spin lock (-EINVAL: it has none;
 * -ETIMEDOUT: who has it does not let go).  The lock itself reads as 0. */
SKEP_API int skep_map_lookup_flags(skep_map *map, const void *key, void *value, uint64_t flags);
SKEP_API int skep_map_update(skep_map *map, const void *key, const void *value, uint64_t flags);
SKEP_API int skep_map_delete(skep_map *map, const void *key);
SKEP_API int skep_map_next_key(skep_map *map, const void *key, void *next);
SKEP_API int skep_map_lookup_and_delete(skep_map *map, const void *key, void *value);
/* No more writes from the host's side. */
SKEP_API int skep_map_freeze(skep_map *map);

/* Many elements at once: keys and values one behind the other, as many as *count says; afterwards
 * *count is how many were done.
 *
 * Reading: *cursor is 0 to begin and afterwards where to go on.  0: *count elements, there may be
 * more; -ENOENT: the end, *count (perhaps 0) are the last.  An element that is there throughout
 * comes exactly once, whatever changes meanwhile, and no count is too small for progress (Linux's
 * hash maps may give -ENOSPC).  With _delete, each is removed as it is read.
 * Writing: stops at the first that fails and returns what is wrong with it.
 * element_flags: 0 or SKEP_MAP_F_LOCK, as in Linux.  -ENOTSUP: the type cannot. */
SKEP_API int skep_map_lookup_batch(skep_map *map, uint64_t *cursor, void *keys, void *values,
                                   uint32_t *count, uint64_t element_flags);
SKEP_API int skep_map_lookup_and_delete_batch(skep_map *map, uint64_t *cursor, void *keys,
                                              void *values, uint32_t *count,
                                              uint64_t element_flags);
SKEP_API int skep_map_update_batch(skep_map *map, const void *keys, const void *values,
                                   uint32_t *count, uint64_t element_flags);
SKEP_API int skep_map_delete_batch(skep_map *map, const void *keys, uint32_t *count,
                                   uint64_t element_flags);

/* The value itself, of maps whose values are in one place (arrays) or stay put (hashes), for CPU
 * slot `cpu`; NULL when there is none.  Valid while the map lives. */
SKEP_API void *skep_map_value(skep_map *map, const void *key, uint32_t cpu);

/* Maps of maps, program arrays.  -EINVAL also when what is put in is of another env than the map.
 */
SKEP_API int skep_map_set_map(skep_map *map, const void *key, skep_map *inner, uint64_t flags);
SKEP_API int skep_map_set_program(skep_map *map, uint32_t index, skep_program *program);

/* Ring buffers: hands each record to `record` in order, at most until it returns non-zero; returns
 * how many, or -errno.  One consumer at a time.  wait: -ETIMEDOUT when none came in time (ns;
 * negative: for ever). */
SKEP_API int64_t skep_ringbuf_drain(skep_map *map,
                                    int (*record)(void *user, const void *data, size_t size),
                                    void *user);
SKEP_API int skep_ringbuf_wait(skep_map *map, int64_t timeout_ns);
SKEP_API uint64_t skep_ringbuf_lost(const skep_map *map); /* records that found it full */

/* User ring buffers: the way from the host to programs (bpf_user_ringbuf_drain).  reserve: memory
 * of `size` bytes that is the caller's until submit, which must happen and, when `discard`, leaves
 * no record.  Any number of producers.  -ENOSPC: full now; -E2BIG: it never fits; -EINVAL: no such
 * map. wait: until the record that was refused last would fit; as skep_ringbuf_wait. */
SKEP_API int skep_user_ringbuf_reserve(skep_map *map, uint64_t size, void **record);
SKEP_API void skep_user_ringbuf_submit(skep_map *map, void *record, bool discard);
SKEP_API int skep_user_ringbuf_wait(skep_map *map, int64_t timeout_ns);

/* For map types of an application: the private part, and the slots of the env. */
SKEP_API void *skep_map_private(const skep_map *map);
SKEP_API void skep_map_set_private(skep_map *map, void *impl);
SKEP_API uint32_t skep_map_n_cpus(const skep_map *map);
/* Memory that counts against the env's limit. */
SKEP_API void *skep_map_alloc(skep_map *map, size_t size);
SKEP_API void skep_map_release(skep_map *map, void *block, size_t size);

#ifdef __cplusplus
}
#endif
#endif
