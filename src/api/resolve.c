/* Which helper or kernel function each call means, and whether this program may call it here. */
#include "api/resolve.h"

/* What no engine of this host runs, by op.  What no program can rightly contain is rejected: here
 * are no file descriptors, and Linux knows no indirect call. */
struct resolve_unrunnable {
    u16 op;
    skep_status status;
    const char *what;
};
static const struct resolve_unrunnable resolve_unrunnables[] = {
    { ISA_LDDW_MAP_FD, SKEP_REJECTED, "a map by file descriptor" },
    { ISA_LDDW_MAP_FD_VALUE, SKEP_REJECTED, "a map by file descriptor" },
    { ISA_CALLX, SKEP_REJECTED, "an indirect call" },
    { ISA_LDDW_VARIABLE, SKEP_UNSUPPORTED, "a kernel variable" },
    { ISA_GOTOX, SKEP_UNSUPPORTED, "an indirect jump" },
    { ISA_ADDR_SPACE_CAST, SKEP_UNSUPPORTED, "an address space cast" },
};

static skep_status resolve_runnable(const struct resolve_input *in, u32 i, skep_error *err)
{
    const struct code *code = &in->linked->code;
    for (u32 r = 0; r < ARRAY_LEN(resolve_unrunnables); r++)
        if (resolve_unrunnables[r].op == code->insns[i].op)
            return RAISE(err, resolve_unrunnables[r].status, INSN_UNSUPPORTED,
                         STR(in->linked->name), NUM(code->slot_of[i]),
                         STR(resolve_unrunnables[r].what));
    return SKEP_OK;
}

/* The licences that the kernel takes as GPL-compatible (include/linux/license.h names them). */
static bool resolve_gpl_compatible(const char *license)
{
    static const char *const compatible[] = {
        "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"
    };
    for (size_t i = 0; i < ARRAY_LEN(compatible); i++)
        if (!strcmp(license, compatible[i]))
            return true;
    return false;
}

static skep_status resolve_check(const struct resolve_input *in, const struct skep_helper *helper,
                                 u32 insn, skep_error *err)
{
    const char *name = in->linked->name;
    u32 slot = in->linked->code.slot_of[insn];
    if (!hook_allows(in->linked->hook, helper))
        return RAISE(err, SKEP_REJECTED, HELPER_NOT_ALLOWED, STR(name), NUM(slot),
                     STR(in->linked->hook->name), STR(helper->name));
    if (in->check_license && (helper->effects & SKEP_GPL_ONLY) &&
        !resolve_gpl_compatible(in->linked->license))
        return RAISE(err, SKEP_REJECTED, HELPER_GPL, STR(name), NUM(slot), STR(helper->name),
                     STR(in->linked->license));
    return SKEP_OK;
}

u32 resolve_count_maps(const struct code *code)
{
    u32 n = 0;
    for (u32 i = 0; i < code->n_insns; i++) {
        const struct insn *insn = &code->insns[i];
        if (insn->op == ISA_LDDW_MAP || insn->op == ISA_LDDW_MAP_VALUE)
            n = max_u32(n, insn_map_index(insn) == UINT32_MAX ? 0 : insn_map_index(insn) + 1);
    }
    return n;
}

skep_status resolve_calls(const struct resolve_input *in, const struct skep_helper **out,
                          skep_error *err)
{
    const struct code *code = &in->linked->code;
    for (u32 i = 0; i < code->n_insns; i++) {
        const struct insn *insn = &code->insns[i];
        if (code_note_at(code, i))
            continue; /* poisoned: it may stand there, running into it is a fault */
        if (!in->check_nothing)
            TRY(resolve_runnable(in, i, err));
        if (insn->op != ISA_CALL_HELPER && insn->op != ISA_CALL_KFUNC)
            continue;
        u8 personality = insn->op == ISA_CALL_KFUNC ? SKEP_KFUNC : SKEP_LINUX;
        out[i] = registry_helper(in->registry, personality, (u32)insn->imm);
        if (in->check_nothing)
            continue;
        if (!out[i] && personality == SKEP_KFUNC)
            return RAISE(err, SKEP_UNSUPPORTED, INSN_UNSUPPORTED, STR(in->linked->name),
                         NUM(code->slot_of[i]), STR("a kernel function by number"));
        if (!out[i])
            return RAISE(err, SKEP_REJECTED, HELPER_UNKNOWN, STR(in->linked->name),
                         NUM(code->slot_of[i]), NUM((u32)insn->imm));
        TRY(resolve_check(in, out[i], i, err));
    }
    return SKEP_OK;
}
