/* Infrared decoders: the keys that they find are the host's (bpf-helpers(7)). */
#include "helper/define.h"

static u64 helper_key(struct skep_thread *thread, const struct skep_key_event *event)
{
    if (thread->host->key)
        thread->host->key(thread->host->user, event);
    return 0;
}

static u64 helper_key_repeat(struct skep_thread *thread, u64 ctx, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)ctx, (void)a2, (void)a3, (void)a4, (void)a5;
    const struct skep_key_event event = { .kind = SKEP_KEY_REPEAT };
    return helper_key(thread, &event);
}

const struct skep_helper helper_rc_repeat = {
    HELPER_HEAD("bpf_rc_repeat", 77, LIRC, helper_key_repeat),
    .args = { ARG_CTX },
    .effects = SKEP_GPL_ONLY,
};

static u64 helper_key_down(struct skep_thread *thread, u64 ctx, u64 protocol, u64 scancode,
                           u64 toggle, u64 a5)
{
    (void)ctx, (void)a5;
    const struct skep_key_event event = { .kind = SKEP_KEY_DOWN,
                                          .protocol = (u32)protocol,
                                          .scancode = scancode,
                                          .toggle = (u32)toggle };
    return helper_key(thread, &event);
}

const struct skep_helper helper_rc_keydown = {
    HELPER_HEAD("bpf_rc_keydown", 78, LIRC, helper_key_down),
    .args = { ARG_CTX, ARG_ANY, ARG_ANY, ARG_ANY },
    .effects = SKEP_GPL_ONLY,
};

static u64 helper_key_pointer(struct skep_thread *thread, u64 ctx, u64 dx, u64 dy, u64 a4, u64 a5)
{
    (void)ctx, (void)a4, (void)a5;
    const struct skep_key_event event = { .kind = SKEP_KEY_POINTER, .dx = (s32)dx, .dy = (s32)dy };
    return helper_key(thread, &event);
}

const struct skep_helper helper_rc_pointer_rel = {
    HELPER_HEAD("bpf_rc_pointer_rel", 92, LIRC, helper_key_pointer),
    .args = { ARG_CTX, ARG_ANY, ARG_ANY },
    .effects = SKEP_GPL_ONLY,
};
