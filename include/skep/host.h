/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What programs ask of the host that runs them, as callbacks. */
#ifndef SKEP_HOST_H
#define SKEP_HOST_H

#include <skep/thread.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an infrared decoder found (bpf_rc_repeat, bpf_rc_keydown, bpf_rc_pointer_rel). */
enum skep_key_kind { SKEP_KEY_REPEAT, SKEP_KEY_DOWN, SKEP_KEY_POINTER };
struct skep_key_event {
    enum skep_key_kind kind;
    uint32_t protocol, toggle; /* DOWN: enum rc_proto of <linux/lirc.h>; alternates per key press */
    uint64_t scancode;
    int32_t dx, dy; /* POINTER */
};

/* What is known of the function that a probe sits on. */
struct skep_traced {
    uint64_t ip;     /* its address */
    uint64_t cookie; /* given by whoever attached the program */
    uint32_t n_args; /* of them, in the context; its result follows them when it has `returned` */
    bool returned;
};

/* What the host does when a program asks.  Any member may be NULL: the library's own then.  All may
 * be called from every running thread at once and must not call back into the run. */
struct skep_host {
    void *user; /* handed to each */
    uint64_t (*clock_ns)(void *user, enum skep_clock clock);
    uint32_t (*random_u32)(void *user);
    /* bpf_trace_printk and bpf_trace_vprintk; text is not NUL-terminated.  Default: dropped. */
    void (*print)(void *user, const char *text, size_t length);
    uint64_t (*pid_tgid)(void *user); /* tgid << 32 | pid */
    uint64_t (*uid_gid)(void *user);  /* gid << 32 | uid */
    void (*comm)(void *user, char out[16]);
    /* bpf_perf_event_output and its relatives.  Default: dropped. */
    void (*event)(void *user, skep_map *map, uint64_t flags, const void *data, size_t size);
    /* Keys of infrared decoders.  Default: dropped. */
    void (*key)(void *user, const struct skep_key_event *event);
    /* What iterators write (bpf_seq_write, bpf_seq_printf); seq is the program's argument.
     * Default: dropped. */
    void (*seq)(void *user, uint64_t seq, const void *data, size_t size);
    /* A copy of the packet for an interface (bpf_clone_redirect).  False: there is no such
     * interface; the default. */
    bool (*send)(void *user, uint32_t ifindex, uint64_t flags, const void *frame, size_t size);
    /* The largest network packet of an interface, 0 being the packet's own; the result is 0 when
     * there is no such interface.  Default: 1500 for the packet's own, and no other. */
    uint32_t (*mtu)(void *user, uint32_t ifindex);
    /* The control group of what runs now, and whether it is under one of which a CGROUP_ARRAY holds
     * the handle.  Defaults: 1 (the root); only its own id is such a handle. */
    uint64_t (*cgroup_id)(void *user);
    bool (*under_cgroup)(void *user, uint32_t handle);
    /* The address of what the host has for a task_struct, for guarded reads.  Default: 0. */
    uint64_t (*current_task)(void *user);
    /* The addresses on the stack of what is traced, innermost first, at most n; how many there are.
     * ctx is the run's.  Default: none. */
    size_t (*stack)(void *user, const void *ctx, bool user_stack, uint64_t *addresses, size_t n);
    /* The text of what lies at an address of the program's choice (so read it with care), as an
     * object of a type that the host numbers (bpf_snprintf_btf, bpf_seq_printf_btf); flags: BTF_F_*
     * of <linux/bpf.h>.  As snprintf: at most `size` bytes, NUL included, are written; the result
     * is the text's length, or -errno.  Default: -EINVAL, there are no types. */
    int (*show)(void *user, uint64_t address, uint32_t type, uint64_t flags, char *out,
                size_t size);
    /* The copy that a CPU slot has of a variable of the host's (bpf_per_cpu_ptr, bpf_this_cpu_ptr).
     * Default: the variable itself, one for all. */
    uint64_t (*per_cpu)(void *user, uint64_t variable, uint32_t cpu);
    /* The function that the run's ctx came from.  Default: all is 0. */
    void (*traced)(void *user, const void *ctx, struct skep_traced *out);
};

#ifdef __cplusplus
}
#endif
#endif
