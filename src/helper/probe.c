/* Guarded readers: memory that may not be there is an error, never a fault.  Kernel and user
 * addresses are both addresses of this process. */
#include "helper/define.h"
#include "os/os.h"

static u64 helper_read(struct skep_thread *thread, u64 to, u64 size, u64 from, u64 a4, u64 a5)
{
    (void)a4, (void)a5;
    if (!helper_pay(thread, size))
        return 0;
    if (os_safe_copy(helper_pointer(to), from, size) == size)
        return 0;
    memset(helper_pointer(to), 0, size);
    return helper_errno(-EFAULT);
}

/* Bytes of the string with its NUL; cut strings end in one as well.  Read in pieces that do not
 * cross pages, so that what lies behind the string need not be there. */
static u64 helper_read_string(struct skep_thread *thread, u64 to, u64 size, u64 from, u64 a4,
                              u64 a5)
{
    (void)a4, (void)a5;
    enum { PROBE_PIECE = 256 };
    char *out = helper_pointer(to);
    u64 at = 0;
    if (!helper_pay(thread, size))
        return 0;
    while (at < size) {
        u64 n = min_u64(size - at, PROBE_PIECE - (from + at) % PROBE_PIECE);
        if (os_safe_copy(out + at, from + at, n) != n) {
            memset(out, 0, size);
            return helper_errno(-EFAULT);
        }
        const char *end = memchr(out + at, 0, n);
        if (end)
            return (u64)(end - out) + 1;
        at += n;
    }
    if (size > 0)
        out[size - 1] = 0;
    return size;
}

#define HELPER_READER(SYMBOL, NAME, ID, FAMILY, RUN, EFFECTS, RETURNS)                             \
    const struct skep_helper SYMBOL = {                                                            \
        HELPER_HEAD(NAME, ID, FAMILY, RUN),                                                        \
        .args = { ARG_W, ARG_SIZE0, ARG_ANY },                                                     \
        .effects = EFFECTS,                                                                        \
        .ret = RETURNS,                                                                            \
        .cost = 50,                                                                                \
    }

HELPER_READER(helper_probe_read, "bpf_probe_read", 4, TRACING, helper_read, SKEP_GPL_ONLY,
              RET_ERRNO);
HELPER_READER(helper_probe_read_str, "bpf_probe_read_str", 45, TRACING, helper_read_string,
              SKEP_GPL_ONLY, RET_UP_TO_SIZE);
HELPER_READER(helper_probe_read_user, "bpf_probe_read_user", 112, BASE, helper_read, SKEP_GPL_ONLY,
              RET_ERRNO);
HELPER_READER(helper_probe_read_kernel, "bpf_probe_read_kernel", 113, BASE, helper_read,
              SKEP_GPL_ONLY, RET_ERRNO);
HELPER_READER(helper_probe_read_user_str, "bpf_probe_read_user_str", 114, BASE, helper_read_string,
              SKEP_GPL_ONLY, RET_UP_TO_SIZE);
HELPER_READER(helper_probe_read_kernel_str, "bpf_probe_read_kernel_str", 115, BASE,
              helper_read_string, SKEP_GPL_ONLY, RET_UP_TO_SIZE);
HELPER_READER(helper_copy_from_user, "bpf_copy_from_user", 148, BASE, helper_read, SKEP_SLEEPS,
              RET_ERRNO);
#undef HELPER_READER
