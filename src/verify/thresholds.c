/* Where widening stops on its way up: at the constants that the program mentions, and next to them.
 *
 * A loop that counts up to a constant is bounded by it, whether the test says below or unequal; a
 * bound that jumped past the constant would never come back. */
#include "verify/engine.h"

enum { THRESHOLDS_MOST = 256 };

static bool threshold_of(const struct insn *insn, u64 *constant)
{
    enum isa_kind kind = insn_kind(insn);
    bool moves = insn->op == ISA_MOV64_IMM || insn->op == ISA_MOV32_IMM || insn->op == ISA_LDDW_IMM;
    *constant = insn->imm;
    return kind == ISA_KIND_COND_IMM || moves;
}

static void threshold_add(u64 *sorted, u32 *n, u64 constant)
{
    u32 at = 0;
    while (at < *n && sorted[at] < constant)
        at++;
    if (*n == THRESHOLDS_MOST || (at < *n && sorted[at] == constant))
        return;
    memmove(&sorted[at + 1], &sorted[at], (*n - at) * sizeof(*sorted));
    sorted[at] = constant;
    ++*n;
}

skep_status thresholds_find(struct verifier *v)
{
    const struct code *code = v->in->code;
    u64 *sorted = arena_array(&v->arena, u64, THRESHOLDS_MOST);
    v->thresholds = arena_new(&v->arena, struct thresholds);
    if (!sorted || !v->thresholds)
        return SKEP_NOMEM;
    u64 constant;
    u32 n = 0;
    for (u32 i = 0; i < code->n_insns; i++)
        if (threshold_of(&code->insns[i], &constant))
            for (u64 near = constant - 1; near != constant + 2; near++)
                threshold_add(sorted, &n, near);
    *v->thresholds = (struct thresholds){ .n = n, .sorted = sorted };
    return SKEP_OK;
}

/* The least that is not below; bias makes signed numbers compare as unsigned ones. */
static bool threshold_above(const struct thresholds *t, u64 number, u64 bias, u64 *out)
{
    bool found = false;
    for (u32 i = 0; i < t->n; i++) {
        u64 at = t->sorted[i] + bias;
        if (at >= number + bias && (!found || at < *out + bias)) {
            *out = t->sorted[i];
            found = true;
        }
    }
    return found;
}

static bool threshold_below(const struct thresholds *t, u64 number, u64 bias, u64 *out)
{
    bool found = false;
    for (u32 i = 0; i < t->n; i++) {
        u64 at = t->sorted[i] + bias;
        if (at <= number + bias && (!found || at > *out + bias)) {
            *out = t->sorted[i];
            found = true;
        }
    }
    return found;
}

struct scalar thresholds_widen(const struct verifier *v, struct scalar old, struct scalar new)
{
    const u64 sign = (u64)1 << 63;
    const struct thresholds *t = v->thresholds;
    struct scalar wide = scalar_widen(old, new);
    u64 at = 0;
    if (new.umax > old.umax && threshold_above(t, new.umax, 0, &at))
        wide = scalar_meet(wide, scalar_range(0, at));
    if (new.umin < old.umin && threshold_below(t, new.umin, 0, &at))
        wide = scalar_meet(wide, scalar_range(at, UINT64_MAX));
    if ((s64) new.smax > (s64)old.smax && threshold_above(t, new.smax, sign, &at))
        wide = scalar_meet(wide, scalar_srange(sign, at));
    if ((s64) new.smin < (s64)old.smin && threshold_below(t, new.smin, sign, &at))
        wide = scalar_meet(wide, scalar_srange(at, INT64_MAX));
    return wide;
}
