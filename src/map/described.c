/* Map types that are described, but need a kernel's objects to hold: what is declared with one can
 * be loaded, listed and verified; making it is refused by name.  Semantics: <linux/bpf.h>, and
 * Documentation/bpf/map_*.rst. */
#include "map/map.h"

enum {
    DESCRIBED_KEY_4 = 4,       /* a file descriptor or an index */
    DESCRIBED_CGROUP_KEY = 16, /* struct bpf_cgroup_storage_key */
    DESCRIBED_SOCKET_MAX = 8,  /* values: a descriptor, or a cookie */
    DESCRIBED_INSN_VALUE = 16, /* struct bpf_insn_array_value */
};

#define DESCRIBED_SOCKETS (SKEP_MAP_SOCKETS | SKEP_MAP_LOOKUP | SKEP_MAP_UPDATE | SKEP_MAP_DELETE)
#define DESCRIBED(NAME, ID) .size = sizeof(struct skep_map_type), .name = NAME, .id = ID
#define DESCRIBED_KEY(N) .key_size_min = (N), .key_size_max = (N)
#define DESCRIBED_VALUE(MIN, MAX) .value_size_min = (MIN), .value_size_max = (MAX)
/* Storage that hangs on an object of the kernel. */
#define DESCRIBED_STORAGE(NAME, ID)                                                                \
    {                                                                                              \
        DESCRIBED(NAME, ID), DESCRIBED_KEY(DESCRIBED_KEY_4),                                       \
            .classes = SKEP_MAP_STORAGE,                                                           \
            .flags_allowed = MAP_F_NO_PREALLOC | 1 << 9 /* BPF_F_CLONE */                          \
    }
#define DESCRIBED_CGROUP_STORAGE(NAME, ID, TRAITS)                                                 \
    {                                                                                              \
        DESCRIBED(NAME, ID), .classes = SKEP_MAP_STORAGE, .traits = (TRAITS), .key_size_min = 8,   \
                             .key_size_max = DESCRIBED_CGROUP_KEY, .flags_allowed = MAP_F_USUAL    \
    }

static const struct skep_map_type described_types[] = {
    { DESCRIBED("sockmap", 15), DESCRIBED_KEY(DESCRIBED_KEY_4),
      DESCRIBED_VALUE(4, DESCRIBED_SOCKET_MAX), .classes = DESCRIBED_SOCKETS,
      .traits = SKEP_MAP_KEYS_ARE_INDEXES | SKEP_MAP_HOLDS_SOCKETS,
      .flags_allowed = MAP_F_HOST_SIDE },
    { DESCRIBED("sockhash", 18), DESCRIBED_VALUE(4, DESCRIBED_SOCKET_MAX),
      .classes = DESCRIBED_SOCKETS, .traits = SKEP_MAP_HOLDS_SOCKETS,
      .flags_allowed = MAP_F_HOST_SIDE },
    DESCRIBED_CGROUP_STORAGE("cgroup_storage", 19, 0),
    { DESCRIBED("reuseport_sockarray", 20), DESCRIBED_KEY(DESCRIBED_KEY_4),
      DESCRIBED_VALUE(4, DESCRIBED_SOCKET_MAX), .classes = SKEP_MAP_SOCKETS,
      .traits = SKEP_MAP_KEYS_ARE_INDEXES, .flags_allowed = MAP_F_USUAL },
    DESCRIBED_CGROUP_STORAGE("percpu_cgroup_storage", 21, SKEP_MAP_PER_CPU),
    DESCRIBED_STORAGE("sk_storage", 24),
    { DESCRIBED("struct_ops", 26), DESCRIBED_KEY(DESCRIBED_KEY_4) },
    DESCRIBED_STORAGE("inode_storage", 28),
    DESCRIBED_STORAGE("task_storage", 29),
    DESCRIBED_STORAGE("cgrp_storage", 32),
    { DESCRIBED("arena", 33), .traits = SKEP_MAP_NO_KEY | SKEP_MAP_NO_VALUE | SKEP_MAP_USES_EXTRA,
      .flags_allowed = MAP_F_MMAPABLE },
    { DESCRIBED("insn_array", 34), DESCRIBED_KEY(DESCRIBED_KEY_4),
      DESCRIBED_VALUE(DESCRIBED_INSN_VALUE, DESCRIBED_INSN_VALUE),
      .traits = SKEP_MAP_KEYS_ARE_INDEXES },
    { DESCRIBED("rhash", 35), .flags_allowed = MAP_F_NO_PREALLOC | MAP_F_USUAL },
};
#undef DESCRIBED_CGROUP_STORAGE
#undef DESCRIBED_STORAGE
#undef DESCRIBED_VALUE
#undef DESCRIBED_KEY
#undef DESCRIBED_SOCKETS
#undef DESCRIBED

const struct skep_map_type *map_type_described(u32 i)
{
    return i < ARRAY_LEN(described_types) ? &described_types[i] : NULL;
}
