/* The checked engine's state: what every register and every byte of the stack is known to be.
 *
 * Values are the host's own, addresses included, so that results equal the interpreter's; beside
 * each value stands where it came from.  Only what a pointer came from may be accessed through it,
 * and only while that lives.  Pointers are tracked in registers and in aligned 8-byte slots of the
 * stack; stored anywhere else, or in part, they become plain numbers, through which nothing can be
 * accessed. */
#ifndef SKEP_SRC_VM_CHECKED_H
#define SKEP_SRC_VM_CHECKED_H

#include "vm/common.h"

enum checked_kind {
    CHECKED_NUMBER = 0,
    CHECKED_STACK,     /* of the frame `frame`, while its activation is `generation` */
    CHECKED_CTX,       /* accessed by the hook's fields */
    CHECKED_PACKET,    /* while the packet's generation is `generation` */
    CHECKED_MAP_VALUE, /* of the map `owner` */
    CHECKED_MAP,       /* a reference to the map `owner` */
    CHECKED_RECORD,    /* held memory at `base`, acquired as number `generation` */
    CHECKED_MEMORY,    /* memory that lives as long as the run, or, if `generation` is not 0, as
                          long as the helper call of that number */
    CHECKED_CODE,      /* a callback token */
    CHECKED_OPAQUE,    /* sockets and typed pointers: only helpers know what is behind them */
    CHECKED_KIND_COUNT,
};

/* What an OPAQUE value is; a helper that wants the one must not get the other. */
enum checked_object { CHECKED_SOCK, CHECKED_TYPED, CHECKED_PER_CPU, CHECKED_DYNPTR };

#define CHECKED_READ 1u
#define CHECKED_WRITE 2u

/* Where a value came from. */
struct checked_origin {
    u8 kind;        /* enum checked_kind */
    u8 permissions; /* CHECKED_READ, CHECKED_WRITE */
    u8 frame;       /* STACK: its number, from 0 */
    u8 object;      /* OPAQUE: enum checked_object; `generation` as of a RECORD, or 0; DYNPTR: one
                       that is lent, for as long as the helper call of that number */
    bool of_host;   /* NUMBER: an argument that the host gave, perhaps a typed object's address */
    u64 base, bytes;
    void *owner;
    u64 generation;
};

struct checked_value {
    u64 bits;
    struct checked_origin from;
};

struct checked_frame {
    u64 activation; /* 0: not in use */
    u64 written[RT_FRAME_BYTES / 64];
    u64 spilled; /* the slots that hold a tracked pointer */
    struct checked_origin slot[RT_FRAME_BYTES / 8];
    /* of the caller, while this frame is the callee's */
    struct checked_value saved[4];
    u16 saved_unset;
    u32 return_to;
    u32 loops_left;
    /* If there is a witness: its call string, the frame in which that begins, and how much was held
     * then. */
    u32 context, first, first_held;
};

/* A helper that is being called, for what it calls back. */
struct checked_call {
    u64 number; /* from 1; no two calls of a run have the same */
    u32 insn;
    const struct skep_helper *helper;
    struct checked_value args[5];
    struct skep_map *map; /* its MAP argument, or NULL */
    u64 alloc_bytes;      /* its ALLOC_SIZE argument */
    struct checked_call *outer;
};

struct checked_record {
    void *what; /* NULL: free */
    u64 generation;
};

struct checked_insn {
    struct insn insn;
    u16 reads, writes;
    u32 charge;
    u32 target;
    const struct skep_helper *helper;
    const char *poison; /* why it must not be executed, or NULL */
};

struct checked {
    struct mem *mem;
    struct vm_input in;
    struct checked_insn *insns;
};

/* One run. */
struct checked_run_state {
    struct skep_thread *thread;
    const struct checked *program;
    void *ctx;
    u32 at; /* the instruction under way */
    struct checked_value reg[11];
    u16 unset; /* registers that hold nothing */
    u64 activations, packet_generation, acquisitions, calls;
    u64 lock;      /* address of the spin lock that is held, or 0 */
    u32 async_map; /* of a callback that runs later: whose value it is called for */
    struct checked_call *call;
    struct checked_record records[RT_LEDGER];
    struct checked_frame frames[RT_MAX_FRAMES];
};

/* An access that is about to happen. */
struct checked_access {
    u64 address, bytes;
    u8 need;             /* CHECKED_READ, CHECKED_WRITE */
    const char *through; /* "r1", "argument 2 of bpf_map_lookup_elem" */
};

/* origin.c: what values are, and what arithmetic makes of them. */
static inline struct checked_value checked_number(u64 bits)
{
    return (struct checked_value){ .bits = bits };
}
struct checked_value checked_frame_pointer(const struct checked_run_state *s, u32 frame);
struct checked_value checked_map_pointer(struct skep_map *map);
struct checked_value checked_value_pointer(struct skep_map *map, u64 address);
struct checked_value checked_memory_pointer(void *address, u64 bytes, u8 permissions);
/* A number when NULL. */
struct checked_value checked_object_pointer(u64 bits, enum checked_object object);
struct checked_value checked_context(const struct checked_run_state *s);
/* What a context field's pointer points to. */
struct checked_value checked_field_value(const struct checked_run_state *s,
                                         const struct skep_ctx_field *field, u64 bits);
/* Where the result of dst op src came from. */
struct checked_origin checked_origin_of(const struct insn *insn, const struct checked_value *dst,
                                        const struct checked_value *src);

/* memory.c */
/* May [address, + bytes) be accessed through a value?  Raises the fault if not.  Not for CTX. */
skep_status checked_may_access(struct checked_run_state *s, const struct checked_value *through,
                               const struct checked_access *access);
/* Is the helper call of that number under way? */
bool checked_call_lives(const struct checked_run_state *s, u64 number);
skep_status checked_load(struct checked_run_state *s, const struct insn *insn);
skep_status checked_store(struct checked_run_state *s, const struct insn *insn);
skep_status checked_atomic(struct checked_run_state *s, const struct insn *insn);
/* Somebody else wrote there: stack bytes are written now, and pointers there are gone. */
void checked_note_write(struct checked_run_state *s, const struct checked_value *through,
                        u64 address, u64 bytes);
void checked_frame_begin(struct checked_run_state *s, u32 frame);

/* calls.c */
skep_status checked_call_helper(struct checked_run_state *s, const struct skep_helper *helper);
skep_status checked_begin_tail_call(struct checked_run_state *s, const struct skep_helper *helper,
                                    bool *taken);
/* The parameters of a callback into s->reg. */
skep_status checked_parameters(struct checked_run_state *s, u64 token, const u64 args[5],
                               u32 *func);
const struct checked_record *checked_find_record(const struct checked_run_state *s,
                                                 const struct checked_value *value);
/* What is held must have been given back: n_held as it was, no lock. */
skep_status checked_nothing_leaks(struct checked_run_state *s, u32 n_held);

/* walk.c: of programs with a witness */
/* The call string of a frame that was pushed, by that of the frame below. */
void checked_walk_enter(struct checked_run_state *s, u32 func, enum witness_entry kind);
/* Does what the witness says hold before the instruction under way? */
skep_status checked_walk(struct checked_run_state *s);

/* hold.c: of programs with facts.  Before and after the instruction under way. */
skep_status checked_hold_before(struct checked_run_state *s);
skep_status checked_hold_after(struct checked_run_state *s, bool jumped);

/* faults.c */
#define CHECKED_FAULT(s, id, ...)                                                                  \
    (rt_fault_begin((s)->thread, (s)->program->in.code, (s)->at),                                  \
     RAISE(&(s)->thread->fault.error, SKEP_TRAP, id, __VA_ARGS__))
/* Completes a fault with the access and the region that it was aimed at. */
skep_status checked_fault_access(struct checked_run_state *s, const struct checked_value *through,
                                 const struct checked_access *access, skep_status status);
const char *checked_kind_name(u8 kind);
/* "r3" */
const char *checked_register_name(u32 reg);

#endif
