/* SPDX-License-Identifier: BSD-2-Clause
 *
 * Descriptors: what a helper, a map type and a program type (hook) promise.
 *
 * They are plain data.  Verifier, loader, lowering, engines, documentation and debug checks read
 * the same structs, and an application registers its own exactly as the built-in ones are
 * registered (env.h).  A descriptor must outlive every env that it is registered with; static const
 * is usual. `size` is sizeof the struct as the application was compiled.
 *
 * Semantics of the built-in ones: Linux's Documentation/bpf, <linux/bpf.h> and bpf-helpers(7). */
#ifndef SKEP_CONTRACT_H
#define SKEP_CONTRACT_H

#include <skep/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whose numbers an id is: the same helper or map type has other ids elsewhere. */
enum skep_personality {
    SKEP_LINUX = 0,
    SKEP_WINDOWS = 1,
    SKEP_APPLICATION =
        2, /* ids of the application's own; in bytecode they share Linux's id space */
    SKEP_KFUNC =
        3, /* functions of the kernel, which objects call by name; ids are this library's */
};

/* The rules that programs are held to. */
enum skep_profile {
    /* For a stranger's programs: as LINUX, and no uninitialised stack is read, no address leaks
     * into maps, results or comparisons. */
    SKEP_PROFILE_STRICT = 0,
    SKEP_PROFILE_LINUX, /* what Linux grants CAP_BPF + CAP_NET_ADMIN + CAP_PERFMON */
    SKEP_PROFILE_RFC,   /* RFC 9669 without Linux's structural extras */
};

/* What verification may use; 0: the default.  Passing one ends it with SKEP_LIMIT. */
struct skep_verify_limits {
    uint64_t ns;           /* time; 2 s */
    uint64_t memory_bytes; /* 256 MB */
    uint64_t visits;       /* instructions interpreted; 4 million */
    uint32_t stack_bytes;  /* of a program's frame; 512 */
};

/* ---- helpers ------------------------------------------------------------------------------- */

/* What an argument must be. */
enum skep_arg_kind {
    SKEP_ARG_NONE = 0,     /* there is no such argument */
    SKEP_ARG_ANYTHING,     /* any initialised value */
    SKEP_ARG_SCALAR,       /* a number */
    SKEP_ARG_CTX,          /* the program's context pointer, unchanged */
    SKEP_ARG_MAP,          /* a map reference; `maps` of the helper says which */
    SKEP_ARG_MAP_KEY,      /* memory of key_size bytes of the map argument before it */
    SKEP_ARG_MAP_VALUE,    /* memory of value_size bytes of the map argument before it */
    SKEP_ARG_MEM,          /* memory of `bytes`, or, if that is 0, of the SIZE argument after it */
    SKEP_ARG_SIZE,         /* the size in bytes of the MEM argument before it */
    SKEP_ARG_ALLOC_SIZE,   /* a constant: the size of the memory returned */
    SKEP_ARG_STRING,       /* a NUL-terminated constant string in a read-only map */
    SKEP_ARG_CALLBACK,     /* a subprogram; `callback` of the helper says how it is called */
    SKEP_ARG_CALLBACK_CTX, /* a stack pointer or NULL, handed on to the callback */
    SKEP_ARG_RECORD,       /* memory that an acquiring helper returned, at its start */
    SKEP_ARG_SPIN_LOCK,    /* a struct bpf_spin_lock in a map value */
    SKEP_ARG_TIMER,        /* a struct bpf_timer in a map value */
    SKEP_ARG_KPTR,         /* a kernel pointer slot in a map value */
    SKEP_ARG_DYNPTR,       /* a struct bpf_dynptr on the stack */
    SKEP_ARG_SOCK,         /* a socket */
    SKEP_ARG_BTF_PTR,      /* a typed pointer (PTR_TO_BTF_ID) */
    SKEP_ARG_ITER, /* an open-coded iterator on the stack, of `bytes` bytes; `iterator` of the
                      helper says which kind.  ACQUIRE begins it, RELEASE ends it */
    SKEP_ARG_KIND_COUNT,
};

enum skep_arg_flag {
    SKEP_ARG_READ = 1 << 0, /* the helper reads the memory */
    SKEP_ARG_WRITE =
        1 << 1, /* the helper writes the memory; without READ it may be uninitialised */
    SKEP_ARG_NULLABLE = 1 << 2, /* NULL is fine (a MEM's size must then be 0) */
    SKEP_ARG_ZERO_OK = 1 << 3,  /* SIZE: may be 0 */
    SKEP_ARG_CONSTANT = 1 << 4, /* must be known when the program is loaded */
    SKEP_ARG_RELEASE = 1 << 5,  /* the reference ends here */
    SKEP_ARG_ACQUIRE = 1 << 6,  /* what is written here must be handed to a RELEASE argument */
    SKEP_ARG_KEPT = 1 << 7,     /* MEM: used after the call, so only a map's value will do */
    SKEP_ARG_IS_ZERO = 1 << 9,  /* SCALAR: must be 0 */
    SKEP_ARG_ALIGNED = 1 << 8,  /* MEM: aligned to its `bytes` */
};

/* What a typed pointer points to: one number is one type, whoever gives it and whoever takes it. An
 * application has small numbers of its own; these are the kernel's structs, by their names. */
/* clang-format off */
#define SKEP_KERNEL_TYPES(T) \
    T(TASK,     task_struct)    T(CGROUP,  cgroup)         T(SKB,     sk_buff)  T(XDP,   xdp_buff) \
    T(SEQ,      seq_file)       T(INODE,   inode)          T(FILE,    file)     T(PATH,  path)     \
    T(BPRM,     linux_binprm)   T(REGS,    pt_regs)        T(VMA,     vm_area_struct)              \
    T(NF_STATE, nf_hook_state)  T(TCP,     tcp_sock)       T(SOCKET,  socket)
/* clang-format on */
enum skep_type {
    SKEP_TYPE_APPLICATION = 0, /* to … */
    SKEP_TYPE_KERNEL = 0x8000,
#define SKEP_TYPE_NUMBER(NAME, name) SKEP_TYPE_##NAME,
    SKEP_KERNEL_TYPES(SKEP_TYPE_NUMBER)
#undef SKEP_TYPE_NUMBER
        SKEP_TYPE_PER_CPU,      /* a variable of the kernel's that each CPU has, not a copy of it */
    SKEP_TYPE_OBJECT = 0x8100,  /* and a number of a struct in the object's own type information */
    SKEP_TYPE_OF_SLOT = 0xfffe, /* what the KPTR argument before it holds */
    SKEP_TYPE_UNKNOWN = 0xffff, /* equal to none, and not to itself */
};

struct skep_arg {
    uint8_t kind;   /* enum skep_arg_kind */
    uint16_t flags; /* enum skep_arg_flag */
    uint16_t bytes; /* MEM: its fixed size; 0: see SIZE */
    uint16_t type;  /* BTF_PTR: enum skep_type */
};

/* What is known of a socket, and so what may be read of it. */
enum skep_sock {
    SKEP_SOCK_COMMON = 0, /* of struct bpf_sock, what sockets of all kinds have */
    SKEP_SOCK_FULL,       /* all of struct bpf_sock */
    SKEP_SOCK_TCP,        /* struct bpf_tcp_sock */
    SKEP_SOCK_KERNEL,     /* a struct of the kernel's own: nothing */
};

/* What a helper returns. */
enum skep_ret_kind {
    SKEP_RET_INTEGER = 0, /* a number in [lo, hi]; both 0: any */
    SKEP_RET_VOID,        /* r0 is unreadable afterwards */
    SKEP_RET_MAP_VALUE,   /* a value of the map argument, or NULL */
    SKEP_RET_MEM,         /* `bytes` or ALLOC_SIZE bytes of memory, or NULL */
    SKEP_RET_SOCK,        /* a socket, or NULL */
    SKEP_RET_BTF_PTR,     /* a typed pointer, or NULL when NULLABLE */
    SKEP_RET_CPU_PTR,     /* a per-CPU variable, or NULL when NULLABLE */
};

struct skep_ret {
    uint8_t kind; /* enum skep_ret_kind */
    uint8_t flags;
#define SKEP_RET_NULLABLE 1u
#define SKEP_RET_ACQUIRES 2u     /* the program must hand it to a RELEASE argument on every path */
#define SKEP_RET_READ_ONLY 4u    /* MEM: may not be written */
#define SKEP_RET_AT_MOST_SIZE 8u /* INTEGER: from lo to what the SIZE argument is */
#define SKEP_RET_CASTS 16u       /* the first argument itself, seen as what `sock` says */
    uint16_t bytes;              /* MEM: its size; 0: see ALLOC_SIZE */
    uint8_t sock;                /* SOCK: enum skep_sock */
    uint16_t type;               /* BTF_PTR: enum skep_type */
    int64_t lo, hi;
};

enum skep_effect {
    SKEP_MOVES_PACKET = 1 << 0, /* packet pointers taken before are void */
    SKEP_TAIL_CALLS = 1 << 1,   /* does not return on success */
    SKEP_CALLS_BACK = 1 << 2,
    SKEP_SLEEPS = 1 << 3, /* only in sleepable programs */
    SKEP_GPL_ONLY = 1 << 4,
    SKEP_LOCKS = 1 << 5,
    SKEP_UNLOCKS = 1 << 6,
    SKEP_PURE = 1 << 7,     /* same arguments, same result within a run; no side effect */
    SKEP_ITERATES = 1 << 8, /* gives an iterator's next element; after the last, and again, NULL */
    SKEP_THROWS = 1 << 9,   /* ends the program; its first argument is the result */
    SKEP_OPENS_RCU = 1 << 10, /* a section in which what is read-locked stays; not nested */
    SKEP_CLOSES_RCU = 1 << 11,
    SKEP_OPENS_PREEMPT = 1 << 12, /* a section that nothing interrupts */
    SKEP_CLOSES_PREEMPT = 1 << 13,
    SKEP_LOOKS_UP = 1 << 14, /* gives what the map type's lookup gives, and does nothing else:
                                compiled code may ask the type in another way */
    SKEP_MORE_ARGS =
        1 << 15, /* it looks at registers beyond those that it asks for, as far as r5 */
};

/* What an iterator walks over. */
enum skep_iterator {
    SKEP_ITER_NONE = 0,
    SKEP_ITER_NUM,  /* struct bpf_iter_num: numbers from, up to and without another */
    SKEP_ITER_BITS, /* struct bpf_iter_bits: the bits that are set in some words */
};

/* How a callback is called: its parameters, and what it may return. */
enum skep_param_kind {
    SKEP_PARAM_NONE = 0,
    SKEP_PARAM_SCALAR,
    SKEP_PARAM_MAP,       /* the map argument of the helper */
    SKEP_PARAM_MAP_KEY,   /* read-only */
    SKEP_PARAM_MAP_VALUE, /* of that map */
    SKEP_PARAM_CTX,       /* what was given as CALLBACK_CTX */
    SKEP_PARAM_DYNPTR,
    SKEP_PARAM_BTF_PTR,
    SKEP_PARAM_INDEX, /* below the first argument of the helper as a u32, from 0 */
};
struct skep_callback {
    uint8_t params[5]; /* enum skep_param_kind */
    bool returns_0;    /* r0 must be 0 */
    uint16_t types[5]; /* BTF_PTR: enum skep_type */
    int64_t lo, hi;    /* of r0; both 0: any, unless returns_0 */
};

/* Which program types may call a helper: a helper has one bit, a hook a set of them. */
enum skep_helper_family {
    SKEP_FAMILY_BASE = 1 << 0,    /* any host: maps, time, random, ring buffer, loops */
    SKEP_FAMILY_TRACING = 1 << 1, /* guarded reads, stacks, current task */
    SKEP_FAMILY_XDP = 1 << 2,
    SKEP_FAMILY_SKB_READ = 1 << 3,  /* any skb program */
    SKEP_FAMILY_SKB_WRITE = 1 << 4, /* traffic control */
    SKEP_FAMILY_SOCKET = 1 << 5,    /* needs a host's socket layer */
    SKEP_FAMILY_CGROUP = 1 << 6,
    SKEP_FAMILY_LWT = 1 << 7,
    SKEP_FAMILY_SK_MSG = 1 << 8,
    SKEP_FAMILY_SK_SKB = 1 << 9,
    SKEP_FAMILY_SOCK_OPS = 1 << 10,
    SKEP_FAMILY_REUSEPORT = 1 << 11,
    SKEP_FAMILY_SYSCALL = 1 << 12,
    SKEP_FAMILY_LIRC = 1 << 13,
    SKEP_FAMILY_LSM = 1 << 14,
    SKEP_FAMILY_TASK = 1 << 15,        /* who is running: process, user, name, cgroup */
    SKEP_FAMILY_NET = 1 << 16,         /* XDP and traffic control alike: sums, routes, redirects */
    SKEP_FAMILY_LOOKUP = 1 << 17,      /* finds sockets */
    SKEP_FAMILY_LOCK = 1 << 18,        /* spin locks */
    SKEP_FAMILY_TIMER = 1 << 19,       /* timers, and the clock that they go by */
    SKEP_FAMILY_SKB_EDIT = 1 << 20,    /* traffic control and tunnels' transmission */
    SKEP_FAMILY_APPLICATION = 1 << 30, /* an application's own */
};

/* The work of a helper.  thread: whose run this is; a1..a5: the registers.  Pointers are host
 * pointers of which the contract's bytes are accessible; a MAP argument is a skep_map *; a CALLBACK
 * is a token for skep_call_back().  Must not keep a pointer past the call. */
typedef uint64_t skep_helper_fn(skep_thread *thread, uint64_t a1, uint64_t a2, uint64_t a3,
                                uint64_t a4, uint64_t a5);

struct skep_helper {
    size_t size;
    const char *name;    /* "bpf_map_lookup_elem" */
    skep_helper_fn *run; /* NULL: contract only; the call is a fault that names it */
    uint32_t id;
    uint8_t personality; /* enum skep_personality */
    uint32_t family;     /* enum skep_helper_family */
    struct skep_arg args[5];
    struct skep_ret ret;
    uint32_t effects; /* enum skep_effect */
    uint32_t
        maps; /* enum skep_map_class: the map must have all of these bits; 0: no MAP argument */
    uint32_t cost; /* fuel charged beyond the instruction's own */
    struct skep_callback callback;
    uint8_t iterator; /* enum skep_iterator, of an ITER argument */
};

/* ---- map types ----------------------------------------------------------------------------- */

/* What can be done with a map; helpers ask for these instead of for type numbers. */
enum skep_map_class {
    SKEP_MAP_LOOKUP = 1 << 0, /* lookup gives a pointer to the value */
    SKEP_MAP_UPDATE = 1 << 1,
    SKEP_MAP_DELETE = 1 << 2,
    SKEP_MAP_ITERATE = 1 << 3, /* bpf_for_each_map_elem */
    SKEP_MAP_PUSH = 1 << 4,    /* push, and for QUEUE and STACK pop and peek */
    SKEP_MAP_POP = 1 << 5,
    SKEP_MAP_PEEK = 1 << 6,
    SKEP_MAP_RINGBUF_OUT = 1 << 7,
    SKEP_MAP_PROGRAMS = 1 << 8, /* bpf_tail_call */
    SKEP_MAP_EVENTS = 1 << 9,   /* bpf_perf_event_* */
    SKEP_MAP_REDIRECTS = 1 << 10,
    SKEP_MAP_STACKS = 1 << 11,
    SKEP_MAP_CGROUPS = 1 << 12,
    SKEP_MAP_SOCKETS = 1 << 13,
    SKEP_MAP_STORAGE = 1 << 14,
    SKEP_MAP_USER_RINGBUF = 1 << 15,  /* bpf_user_ringbuf_drain */
    SKEP_MAP_TIMERS = 1 << 16,        /* a value may hold a bpf_timer */
    SKEP_MAP_LOOKUP_PERCPU = 1 << 17, /* bpf_map_lookup_percpu_elem */
    SKEP_MAP_SPIN_LOCKS = 1 << 18,    /* a value may hold a bpf_spin_lock */
};

enum skep_map_trait {
    SKEP_MAP_PER_CPU = 1 << 0, /* a value per CPU slot; the host sees n_cpus × round8(value_size) */
    SKEP_MAP_KEYS_ARE_INDEXES = 1 << 1, /* u32 keys below max_entries */
    SKEP_MAP_NO_KEY = 1 << 2,           /* key_size must be 0 */
    SKEP_MAP_NO_VALUE = 1 << 3,         /* value_size must be 0 */
    SKEP_MAP_HOLDS_MAPS = 1 << 4,       /* values are maps: programs see the inner map */
    SKEP_MAP_HOLDS_PROGRAMS = 1 << 5,
    SKEP_MAP_HOLDS_HANDLES = 1 << 6, /* u32 handles that the host gives a meaning */
    SKEP_MAP_DIRECT_VALUES = 1 << 7, /* one block of values: LDDW of a value's address works */
    SKEP_MAP_ENTRIES_POWER_OF_2_PAGES = 1 << 8, /* max_entries: a power of two and whole pages */
    SKEP_MAP_HOLDS_SOCKETS = 1 << 10, /* values are sockets: a lookup gives one, or NULL */
    SKEP_MAP_USES_EXTRA = 1 << 9,     /* map_extra means something; else it must be 0 */
};

/* What may lie in a map's values and belongs to helpers, besides a spin lock. */
enum skep_special_kind {
    SKEP_SPECIAL_NONE = 0,
    SKEP_SPECIAL_TIMER,     /* struct bpf_timer */
    SKEP_SPECIAL_WORK,      /* struct bpf_wq */
    SKEP_SPECIAL_POINTER,   /* a kernel pointer that nothing keeps alive: copied in and out */
    SKEP_SPECIAL_REFERENCE, /* one that is owned: exchanged by bpf_kptr_xchg */
    SKEP_SPECIAL_LIST,      /* struct bpf_list_head, bpf_list_node */
    SKEP_SPECIAL_TREE,      /* struct bpf_rb_root, bpf_rb_node */
    SKEP_SPECIAL_COUNT,     /* struct bpf_refcount */
};
struct skep_special {
    uint8_t kind; /* enum skep_special_kind */
    uint32_t offset, size;
    uint32_t type; /* POINTER, REFERENCE: of what they point to; enum skep_type */
};
#define SKEP_MAX_SPECIALS 12

/* What a map is made from. */
struct skep_map_spec {
    size_t size;
    const char *name; /* at most 255 bytes */
    uint32_t type;
    uint32_t key_size, value_size; /* bytes */
    uint32_t max_entries;
    uint32_t flags;                    /* BPF_F_* of map creation */
    uint64_t map_extra;                /* e.g. the number of hash functions of a Bloom filter */
    const struct skep_map_spec *inner; /* of a map of maps; else NULL */
    uint32_t lock_at; /* 1 + the offset of the value's struct bpf_spin_lock; 0: it has none */
    struct skep_special specials[SKEP_MAX_SPECIALS]; /* ended by one of kind NONE, if fewer */
};

#define SKEP_MAP_ANY 0u     /* update: create or replace */
#define SKEP_MAP_NOEXIST 1u /* update: only create */
#define SKEP_MAP_EXIST 2u   /* update: only replace */
#define SKEP_MAP_F_LOCK 4u  /* copy under the value's spin lock */

/* Instead of a CPU slot, of per-CPU types: the values of all slots, each in round8(value_size)
 * bytes.  The host's updates say so; programs give their own slot. */
#define SKEP_ALL_CPUS UINT32_MAX

/* Values in a row: that of key i, a u32 below max_entries, for CPU slot c is at
 * values + i * stride + c * cpu_stride, as long as the map lives.  Other keys have none. */
struct skep_map_layout {
    void *values;
    uint64_t stride;
    uint64_t cpu_stride; /* 0: one value for all */
};

/* A map type.  Results are 0 or -errno, as bpf(2) and the helpers give them.  All functions may be
 * called by any number of threads at once, except create, check and destroy.  `cpu` is the slot
 * whose value is meant (per-CPU types).  What a map cannot do is NULL; keys that are out of range
 * and flags that have no meaning are the type's to refuse, read-only flags the caller's. */
struct skep_map_type {
    size_t size;
    const char *name; /* "hash" */
    uint32_t id;
    uint8_t personality;
    uint32_t classes;                        /* enum skep_map_class */
    uint32_t traits;                         /* enum skep_map_trait */
    uint32_t flags_allowed;                  /* BPF_F_* */
    uint32_t key_size_min, key_size_max;     /* 0, 0: any from 1 */
    uint32_t value_size_min, value_size_max; /* 0, 0: any from 1 */

    /* What the columns above do not say, as -errno; may be NULL. */
    int (*check)(const struct skep_map_spec *spec);
    /* Makes the private part (skep_map_set_private). */
    int (*create)(skep_map *map);
    void (*destroy)(skep_map *map);
    /* The value for a key, or NULL.  Stays valid while the map lives (its contents may be reused).
     * HOLDS_MAPS, HOLDS_PROGRAMS: the object itself, valid until the calling run ends. */
    void *(*lookup)(skep_map *map, const void *key, uint32_t cpu);
    /* The same for a look of the host's or the library's, where lookup would count as a use that
     * keeps an element; NULL: lookup does not. */
    void *(*look)(skep_map *map, const void *key, uint32_t cpu);
    /* For compiled code, which then need not call lookup; either may be NULL. */
    bool (*layout)(const skep_map *map, struct skep_map_layout *out);
    /* A function that does with this map, and a key, what bpf_map_lookup_elem does, and knows the
     * size of its keys; NULL: there is none. */
    skep_helper_fn *(*finder)(const skep_map *map);
    int (*update)(skep_map *map, const void *key, const void *value, uint64_t flags, uint32_t cpu);
    int (*remove)(skep_map *map, const void *key);
    /* The key after `key` (NULL: the first).  -ENOENT past the last; a key that is gone restarts.
     */
    int (*next_key)(skep_map *map, const void *key, void *next);
    /* Walks over the elements: *position begins at 0 and means nothing to the caller.  -ENOENT past
     * the last.  Each key that is there throughout comes exactly once, whatever else is added or
     * removed meanwhile.  *value: as by lookup. */
    int (*next_element)(skep_map *map, uint64_t *position, void *key, void **value, uint32_t cpu);
    int (*lookup_and_delete)(skep_map *map, const void *key, void *value, uint32_t cpu);
    int (*push)(skep_map *map, const void *value, uint64_t flags);
    int (*pop)(skep_map *map, void *value);
    int (*peek)(skep_map *map, void *value);
    /* Types of HOLDS_MAPS, HOLDS_PROGRAMS: puts an object (skep_map *, or what a program is to the
     * library), with a reference of the map's own; -EINVAL when it is not of the map's kind. */
    int (*set_held)(skep_map *map, const void *key, void *object, uint64_t flags);
    /* Drops all that is held (the last user reference went). */
    void (*release_held)(skep_map *map);
    /* Types of TIMERS: the value that an address lies in, and its key, copied out; NULL: in none.
     */
    void *(*locate)(skep_map *map, const void *inside, void *key);
    /* The bytes that it occupies, all included. */
    uint64_t (*memory_bytes)(const skep_map *map);

    /* Types of RINGBUF_OUT: records, from any number of producers to one consumer.
     * reserve gives NULL when it is full (the record is counted as lost), or the size or a flag is
     * impossible.  The memory is the producer's until it is handed back by commit, which must
     * happen. */
    void *(*reserve)(skep_map *map, uint64_t size, uint64_t flags);
    void (*commit)(skep_map *map, void *record, bool discard, uint64_t flags);
    uint64_t (*query)(skep_map *map, uint64_t what); /* BPF_RB_*; unknown: 0 */
    /* The consumer: as skep_ringbuf_drain, _wait, _lost. */
    int64_t (*drain)(skep_map *map, int (*record)(void *user, const void *data, size_t size),
                     void *user);
    int (*wait)(skep_map *map, int64_t timeout_ns);
    uint64_t (*lost)(const skep_map *map);
    /* Types of USER_RINGBUF have the same the other way round: the host reserves and commits,
     * programs drain (at most until a callback says so), and wait is the host's, for room;
     * notify wakes it. */
    void (*notify)(skep_map *map);

    /* Types of STACKS: keeps the first of n addresses, as many as a value has room for, and gives
     * the id under which they are found; -EEXIST: another stack has it.  flags:
     * BPF_F_FAST_STACK_CMP, BPF_F_REUSE_STACKID; others mean nothing here. */
    int64_t (*keep_stack)(skep_map *map, const uint64_t *addresses, uint32_t n, uint64_t flags);
};

/* ---- program types ------------------------------------------------------------------------- */

enum skep_field_kind {
    SKEP_FIELD_SCALAR = 0,
    SKEP_FIELD_PACKET,      /* pointer to the packet's first byte (data) */
    SKEP_FIELD_PACKET_META, /* pointer to the metadata before it (data_meta) */
    SKEP_FIELD_PACKET_END,  /* the limit of both */
    SKEP_FIELD_SOCK,        /* pointer to a socket, or NULL */
    SKEP_FIELD_POINTER,     /* pointer to host memory of `bytes` bytes; NULL when NULLABLE */
    SKEP_FIELD_POINTER_END, /* limit of the pointer field before it (optval_end) */
    SKEP_FIELD_BTF_PTR,
};

enum skep_field_access {
    SKEP_FIELD_READ = 1,
    SKEP_FIELD_WRITE = 2,     /* of a POINTER: what it points to may be written, never itself */
    SKEP_FIELD_WIDE = 4,      /* 8-byte access may span this and the next field */
    SKEP_FIELD_NO_NARROW = 8, /* only accesses of the full size */
    SKEP_FIELD_NULLABLE = 16,
    /* neither READ nor WRITE: a field that this program type may not touch */
};

/* A field of the context: where the program sees it, and where the host keeps it.  A load becomes
 * a load of host_size bytes at ctx + host_offset, zero-extended, then (narrow access) a shift and a
 * mask; pointers are 8 bytes in the host whatever the program's view.  host_size 0: reads as 0 and
 * cannot be written.
 * CTX_MEMORY may have fields too: names for parts of the memory, which restrict nothing. */
struct skep_ctx_field { /* a hook lists them by rising offset */
    const char *name;
    uint16_t offset, size; /* the program's view; bytes */
    uint8_t kind;          /* enum skep_field_kind */
    uint8_t access;        /* enum skep_field_access */
    uint8_t host_size;     /* 0, 1, 2, 4, 8; > 8: memory accessed as it is (arrays, structs) */
    uint16_t host_offset;
    uint32_t bytes; /* POINTER: size of what it points to; SOCK: enum skep_sock; BTF_PTR: enum
                       skep_type */
};

/* What r1 (and r2) are at the start of a program. */
enum skep_ctx_kind {
    SKEP_CTX_FIELDS = 0, /* r1 → the context, accessed by the field table */
    SKEP_CTX_MEMORY,     /* the run gets a struct skep_memory: r1 = data, r2 = size; plain memory */
    SKEP_CTX_ARGS,       /* r1 → array of u64 arguments, read-only (raw tracepoints, tracing) */
    SKEP_CTX_NONE,       /* r1 is 0 */
};

struct skep_memory {
    void *data;
    size_t size; /* bytes */
};

/* What r0 may be at the end of the programs of some sections. */
struct skep_hook_returns {
    const char *section; /* a pattern, as in skep_hook.sections; the best match counts */
    int64_t lo, hi;
};

struct skep_hook {
    size_t size;
    const char *name;            /* "xdp" */
    const char *const *sections; /* ELF section names, NULL-terminated, or NULL; "tp/" stands for
                                    any rest, "xdp+" for the name alone or followed by "/…" or
                                    ".…", "xdp*" for the name followed by anything */
    uint32_t id;                 /* BPF_PROG_TYPE_* */
    uint8_t personality;
    uint8_t ctx_kind;  /* enum skep_ctx_kind */
    uint16_t ctx_size; /* bytes in the program's view; CTX_MEMORY: the most that it may touch,
                          within what the run gives; 0: all that the run gives */
    const struct skep_ctx_field *fields;
    uint32_t n_fields;
    uint32_t families; /* helpers that may be called: enum skep_helper_family */
    uint32_t flags;
#define SKEP_HOOK_PACKET 1u       /* the host context is a skep_packet */
#define SKEP_HOOK_PACKET_WRITE 2u /* direct packet writes */
#define SKEP_HOOK_LD_ABS 4u       /* LD_ABS and LD_IND read the packet */
#define SKEP_HOOK_SLEEPABLE 8u
#define SKEP_HOOK_CTX_WRITABLE 16u           /* CTX_MEMORY: may be written */
#define SKEP_HOOK_CONTRACT_ONLY 32u          /* can be verified; running it is refused by name */
#define SKEP_HOOK_PUTS_SOCKETS 128u          /* into maps of sockets */
#define SKEP_HOOK_DROPS_SOCKETS 256u         /* from maps of sockets */
#define SKEP_HOOK_ALWAYS_SLEEPS 64u          /* SLEEPABLE whatever the section's name */
    int64_t ret_lo, ret_hi;                  /* of r0; both 0: any */
    const struct skep_hook_returns *returns; /* of r0, where a section says otherwise */
    uint32_t n_returns;
    const char *const *verdicts; /* names of r0's values from 0, NULL-terminated; or NULL */
    /* Fills in what the host left open in its context, at the beginning of each run; may be NULL.
     */
    void (*prepare)(void *host_ctx);
    const char *ctx_type; /* the context's struct as programs declare it, "xdp_md"; or NULL */
};

#ifdef __cplusplus
}
#endif
#endif
