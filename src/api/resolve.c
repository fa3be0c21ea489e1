/* Which helper or kernel function each call means, and whether this program may call it here. */
#include "api/resolve.h"

/* What no engine of this host runs, by op. */
static const char *resolve_unsupported(const struct insn *insn)
{
    switch (insn->op) {
    case ISA_LDDW_MAP_FD:
    case ISA_LDDW_MAP_FD_VALUE: return "a map by file descriptor";
    case ISA_LDDW_VARIABLE: return "a kernel variable";
    case ISA_CALLX: return "an indirect call";
    case ISA_GOTOX: return "an indirect jump";
    case ISA_ADDR_SPACE_CAST: return "an address space cast";
    default: return NULL;
    }
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

skep_status resolve_calls(const struct resolve_input *in, const struct skep_helper **out,
                          skep_error *err)
{
    const struct code *code = &in->linked->code;
    for (u32 i = 0; i < code->n_insns; i++) {
        const struct insn *insn = &code->insns[i];
        if (code_note_at(code, i))
            continue; /* poisoned: it may stand there, running into it is a fault */
        const char *unsupported = resolve_unsupported(insn);
        if (unsupported && !in->check_nothing)
            return RAISE(err, SKEP_UNSUPPORTED, INSN_UNSUPPORTED, STR(in->linked->name),
                         NUM(code->slot_of[i]), STR(unsupported));
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
            return RAISE(err, SKEP_UNSUPPORTED, HELPER_UNKNOWN, STR(in->linked->name),
                         NUM(code->slot_of[i]), NUM((u32)insn->imm));
        TRY(resolve_check(in, out[i], i, err));
    }
    return SKEP_OK;
}
