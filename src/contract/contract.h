/* The door of contract/: the registry of descriptors, and the few layouts that compiled code may
 * know.  Descriptors themselves are public: <skep/contract.h>. */
#ifndef SKEP_SRC_CONTRACT_CONTRACT_H
#define SKEP_SRC_CONTRACT_CONTRACT_H

#include "base/base.h"
#include "contract/layout.h"
#include <skep/contract.h>

/* What is known by an env: (personality, id) → descriptor.  Filled while the env is made, read-only
 * afterwards. */
struct registry {
    struct mem *mem;
    VEC(const struct skep_helper *) helpers;
    VEC(const struct skep_map_type *) map_types;
    VEC(const struct skep_hook *) hooks;
    struct hash_index helper_ids, helper_names, map_type_ids;
};

void registry_init(struct registry *registry, struct mem *mem);
void registry_drop(struct registry *registry);

/* SKEP_BAD_ARG when the descriptor contradicts itself (a MAP_KEY before any MAP, a SIZE without a
 * MEM, fields that overlap, …), SKEP_EXISTS when its (personality, id) or name is taken. */
skep_status registry_add_helper(struct registry *registry, const struct skep_helper *helper,
                                skep_error *err);
skep_status registry_add_map_type(struct registry *registry, const struct skep_map_type *type,
                                  skep_error *err);
skep_status registry_add_hook(struct registry *registry, const struct skep_hook *hook,
                              skep_error *err);
/* The application's descriptor takes the place of the one with its (personality, id). */
skep_status registry_replace_helper(struct registry *registry, const struct skep_helper *helper,
                                    skep_error *err);

/* NULL when there is none.  An application's ids are found after the personality's own. */
const struct skep_helper *registry_helper(const struct registry *registry, u8 personality, u32 id);
const struct skep_helper *registry_helper_by_name(const struct registry *registry,
                                                  const char *name);
const struct skep_map_type *registry_map_type(const struct registry *registry, u8 personality,
                                              u32 id);
const struct skep_hook *registry_hook(const struct registry *registry, u8 personality, u32 id);
const struct skep_hook *registry_hook_by_name(const struct registry *registry, const char *name);
/* The hook whose section pattern matches best (the longest pattern), or NULL.  *sleepable is set
 * for the ".s" forms. */
const struct skep_hook *registry_hook_by_section(const struct registry *registry,
                                                 const char *section, bool *sleepable);

/* What r0 may be at the end of a program of that section ("": it came without one). */
struct contract_range {
    s64 lo, hi;
};
#define CONTRACT_ANY ((struct contract_range){ INT64_MIN, INT64_MAX })
static inline bool contract_range_is_any(struct contract_range range)
{
    return range.lo == INT64_MIN && range.hi == INT64_MAX;
}
struct contract_range hook_returns(const struct skep_hook *hook, const char *section);
struct contract_range callback_returns(const struct skep_callback *callback);

/* enum skep_type of a struct of the kernel's; SKEP_TYPE_UNKNOWN: none of those. */
u32 contract_type_named(const char *name);
/* "a struct task_struct"; of others "an object". */
const char *contract_type_name(u32 type);

/* The field that holds the access [offset, offset + size), or NULL.  As Linux decides it: size is
 * 1, 2, 4 or 8 and divides offset; the access lies inside one field (WIDE: inside this one and the
 * next); NO_NARROW and pointer fields are accessed whole.  Fields are found, not permissions. */
const struct skep_ctx_field *hook_field_at(const struct skep_hook *hook, u32 offset, u32 size);
/* The same, and the field may be read; or written: what is not memory (host_size ≤ 8) only whole.
 */
const struct skep_ctx_field *hook_field_to_load(const struct skep_hook *hook, u32 offset, u32 size);
const struct skep_ctx_field *hook_field_to_store(const struct skep_hook *hook, u32 offset,
                                                 u32 size);

/* May `size` bytes at that offset of a socket (enum skep_sock) be read? */
bool contract_sock_may_load(u32 sock, u32 offset, u32 size);

/* How the host does an access of the program's view: host_bytes bytes at host_offset of its struct.
 * Of what a load gives, zero-extended: >> shift bits, then the low `bytes` bytes.  host_bytes 0: a
 * load gives 0.  False: the program may not access that. */
struct ctx_access {
    const struct skep_ctx_field *field;
    u32 host_offset;
    u8 host_bytes; /* 0, 1, 2, 4, 8 */
    u8 shift;
    u8 bytes; /* 1, 2, 4; 8: all */
};
bool hook_plan_load(const struct skep_hook *hook, u32 offset, u32 size, struct ctx_access *out);
bool hook_plan_store(const struct skep_hook *hook, u32 offset, u32 size, struct ctx_access *out);

/* Does a hook allow a helper? */
static inline bool hook_allows(const struct skep_hook *hook, const struct skep_helper *helper)
{
    return (hook->families & helper->family) != 0;
}

#endif
