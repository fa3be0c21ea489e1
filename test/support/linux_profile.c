/* Capabilities by system calls; libcap is not needed for so little. */
#include "support/linux_profile.h"

#include <linux/bpf.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static const unsigned profile_caps[] = { CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON /* linux only */ };

static bool may_load(void)
{
    static const struct bpf_insn nothing[] = { { .code = 0xb7 }, { .code = 0x95 } };
    union bpf_attr attr = {
        .prog_type = BPF_PROG_TYPE_XDP,
        .insns = (uintptr_t)nothing,
        .insn_cnt = 2,
        .license = (uintptr_t) "GPL",
    };
    long fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
    if (fd >= 0)
        close((int)fd);
    return fd >= 0;
}

bool linux_profile_enter(bool strict)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };
    unsigned n = sizeof(profile_caps) / sizeof(profile_caps[0]) - strict;
    for (unsigned i = 0; i < n; i++) {
        data[profile_caps[i] / 32].permitted |= 1u << profile_caps[i] % 32;
        data[profile_caps[i] / 32].effective |= 1u << profile_caps[i] % 32;
    }
    return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0 &&
           syscall(SYS_capset, &header, data) == 0 && may_load();
}
