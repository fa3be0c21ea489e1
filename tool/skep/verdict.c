/* Verdicts of packet programs, as <linux/bpf.h> and tc-bpf(8) define them. */
#include "verdict.h"

#include <stdio.h>

/* The fates of the results from 0; every other result of the type drops or passes. */
struct verdict_rule {
    uint32_t hook; /* BPF_PROG_TYPE_* */
    enum fate other;
    unsigned n;
    enum fate fates[9];
};

/* clang-format off */
#define P FATE_PASSES
#define D FATE_DROPPED
#define T FATE_SENT_BACK
#define R FATE_REDIRECTED
static const struct verdict_rule verdict_rules[] = {
    { 6,  D, 5, { D, D, P, T, R } },             /* XDP: ABORTED DROP PASS TX REDIRECT */
    { 3,  P, 9, { P, P, D, P, D, D, D, R, D } }, /* tc: OK RECLASSIFY SHOT PIPE STOLEN QUEUED REPEAT
                                                    REDIRECT TRAP; -1 UNSPEC */
    { 4,  P, 9, { P, P, D, P, D, D, D, R, D } },
    { 8,  P, 2, { D, P } },                      /* cgroup/skb */
    { 10, D, 8, { P, D, D, D, D, D, D, R } },    /* lwt_in, lwt_out, lwt_xmit */
    { 11, D, 8, { P, D, D, D, D, D, D, R } },
    { 12, D, 8, { P, D, D, D, D, D, D, R } },
    { 14, P, 2, { D, P } },                      /* sk_skb */
};
#undef P
#undef D
#undef T
#undef R
/* clang-format on */

#define VERDICT_SOCKET_FILTER 1u /* the result says how many bytes are kept */

enum fate verdict_fate(const struct skep_hook *hook, uint64_t r0, size_t *bytes)
{
    uint32_t result = (uint32_t)r0;
    if (hook->id == VERDICT_SOCKET_FILTER) {
        *bytes = result < *bytes ? result : *bytes;
        return result ? FATE_PASSES : FATE_DROPPED;
    }
    for (size_t i = 0; i < sizeof verdict_rules / sizeof *verdict_rules; i++) {
        const struct verdict_rule *rule = &verdict_rules[i];
        if (rule->hook == hook->id)
            return result < rule->n ? rule->fates[result] : rule->other;
    }
    return result ? FATE_PASSES : FATE_DROPPED;
}

const char *verdict_name(const struct skep_hook *hook, uint64_t r0, char buffer[24])
{
    uint64_t i = 0;
    while (hook->verdicts && hook->verdicts[i] && i < r0)
        i++;
    if (hook->verdicts && hook->verdicts[i])
        return hook->verdicts[i];
    snprintf(buffer, 24, r0 < 10 ? "%llu" : "0x%llx", (unsigned long long)r0);
    return buffer;
}
