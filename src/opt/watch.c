/* Builds with assertions hold helpers to their contracts (rt/promise.h), which a call by address
 * knows nothing of: before each call its descriptor is put where rt_native_helper finds it, and
 * that is called instead.
 *
 * Not one of the passes: it makes nothing better, and comes after all that move calls or drop
 * stores. */
#include "opt/pass.h"

static const struct skep_helper *watch_helper(const struct opt *opt, const struct ssa_insn *insn)
{
    const struct host_code *host = opt->in->host;
    bool calls = insn->op == SSA_CALL || insn->op == SSA_CALL_QUIET || insn->op == SSA_CALL_PURE;
    if (!calls || !host || !host->helpers || insn->origin == CODE_NONE)
        return NULL;
    const struct skep_helper *helper = host->helpers[insn->origin];
    return helper && insn->imm == (u64)(uintptr_t)helper->run ? helper : NULL;
}

void opt_watch(struct opt *opt, struct ssa_func *func)
{
    u32 n = func->n;
    for (u32 at = 1; at < n && !func->failed; at++) {
        const struct ssa_insn *insn = ssa_at(func, at);
        const struct skep_helper *helper =
            insn->block == CODE_NONE ? NULL : watch_helper(opt, insn);
        if (!helper)
            continue;
        u32 descriptor = ssa_const(func, (u64)(uintptr_t)helper);
        u32 store = ssa_new(
            func, (struct ssa_insn){ .op = SSA_STORE,
                                     .width = 8,
                                     .region = HOST_REGION_HOST,
                                     .arg = { ssa_args(func, ssa_at(func, at))[0], descriptor },
                                     .origin = ssa_at(func, at)->origin,
                                     .off = (s64)offsetof(struct skep_thread, calling) });
        if (!descriptor || !store)
            return;
        ssa_insert_before(func, at, store);
        ssa_at(func, at)->imm = (u64)(uintptr_t)rt_native_helper;
    }
}
