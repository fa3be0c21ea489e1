/* Stores one beside the other, of the bytes of one value or of constants, become one.
 *
 * So do, on the stack, stores of several values: what is left there when slots have been promoted
 * is read by helpers, keys above all, in larger pieces than programs write them in; and a processor
 * hands on what one store wrote to the load that follows, but not what two did.  */
#include "opt/idioms.h"

enum { IDIOM_STORES = 32, IDIOM_VALUES = 3 };

struct idiom_store {
    u32 insn;
    s64 off;
    struct idiom_bytes bytes;
    u32 width;
};

/* Stores through one base between which no memory is touched otherwise. */
struct idiom_group {
    u32 n, base;
    struct idiom_store stores[IDIOM_STORES]; /* by offset */
};

/* Where a store belongs in the group; false: it lies over another. */
static bool idiom_place_of(const struct idiom_group *group, const struct ssa_insn *insn, u32 *place)
{
    u32 i = group->n;
    while (i > 0 && group->stores[i - 1].off >= insn->off)
        i--;
    *place = i;
    bool over_next = i < group->n && group->stores[i].off < insn->off + insn->width;
    bool over_last = i > 0 && group->stores[i - 1].off + group->stores[i - 1].width > insn->off;
    return !over_next && !over_last;
}

static bool idiom_group_add(struct idioms *p, struct idiom_group *group, u32 at)
{
    const struct ssa_insn *insn = ssa_at(p->func, at);
    u32 place;
    if (group->n == IDIOM_STORES || (group->n && insn->arg[0] != group->base) ||
        !idiom_place_of(group, insn, &place))
        return false;
    group->base = insn->arg[0];
    memmove(&group->stores[place + 1], &group->stores[place],
            (group->n - place) * sizeof(group->stores[0]));
    group->stores[place] =
        (struct idiom_store){ .insn = at, .off = insn->off, .width = insn->width };
    group->n++;
    return true;
}

/* ---- what is stored */

/* The number that n bytes are, if they are constants. */
static bool idiom_number_of(const struct ssa_func *func, const struct idiom_bytes *bytes, u32 n,
                            u64 *number)
{
    *number = 0;
    for (u32 i = 0; i < n; i++) {
        u32 from = bytes->from[i];
        if (from && !ssa_is_const(func, from))
            return false;
        if (from)
            *number |= (ssa_at(func, from)->imm >> 8 * bytes->at[i] & 0xff) << 8 * i;
    }
    return true;
}

/* The bytes of stores first … first + count - 1 together: of 2, 4 or 8 bytes without a gap. */
static bool idiom_together(const struct idiom_group *group, u32 first, u32 count, u32 n,
                           struct idiom_bytes *bytes)
{
    u32 filled = 0;
    *bytes = (struct idiom_bytes){ 0 };
    for (u32 i = first; i < first + count; i++) {
        const struct idiom_store *store = &group->stores[i];
        if (store->off != group->stores[first].off + filled || filled + store->width > n)
            return false;
        for (u32 b = 0; b < store->width; b++) {
            bytes->from[filled + b] = store->bytes.from[b];
            bytes->at[filled + b] = store->bytes.at[b];
        }
        filled += store->width;
    }
    return filled == n;
}

static u32 idiom_last(const struct idioms *p, const struct idiom_group *group, u32 first, u32 count)
{
    u32 last = group->stores[first].insn;
    for (u32 i = first + 1; i < first + count; i++)
        if (p->place[group->stores[i].insn] > p->place[last])
            last = group->stores[i].insn;
    return last;
}

/* The last of them becomes the one that is left. */
static void idiom_merge(struct idioms *p, const struct idiom_group *group, u32 first, u32 count,
                        u32 last, u32 value, u32 n)
{
    u8 region = ssa_at(p->func, last)->region;
    for (u32 i = first; i < first + count; i++) {
        u32 insn = group->stores[i].insn;
        region = ssa_at(p->func, insn)->region == region ? region : HOST_REGION_ANY;
        if (insn != last)
            ssa_remove(p->func, insn);
    }
    struct ssa_insn *insn = ssa_at(p->func, last);
    insn->arg[1] = value;
    insn->off = group->stores[first].off;
    insn->width = (u8)n;
    insn->region = region;
    p->changed = true;
}

static u32 idiom_piece(struct idioms *p, u32 at, const struct idiom_store *store, u32 shift)
{
    struct ssa_func *func = p->func;
    u32 value = ssa_at(func, store->insn)->arg[1];
    u64 ones = UINT64_MAX >> (64 - 8 * store->width);
    if (func->ranges[value].hi > ones)
        value = make_op(func, at, SSA_ZEXT, store->width, value, 0);
    return shift && value ? make_with(func, at, SSA_SHL, 8, value, shift) : value;
}

/* The values of stores one after the other, made into one. */
static u32 idiom_compose(struct idioms *p, const struct idiom_group *group, u32 first, u32 count,
                         u32 last)
{
    u64 number = 0;
    u32 all = 0, shift = 0;
    for (u32 i = first; i < first + count && !p->func->failed; i++) {
        const struct idiom_store *store = &group->stores[i];
        const struct ssa_insn *value = ssa_at(p->func, ssa_at(p->func, store->insn)->arg[1]);
        if (value->op == SSA_CONST) {
            number |= (value->imm & UINT64_MAX >> (64 - 8 * store->width)) << shift;
        } else {
            u32 piece = idiom_piece(p, last, store, shift);
            all = all ? make_op(p->func, last, SSA_OR, 8, all, piece) : piece;
        }
        shift += 8 * store->width;
    }
    return number ? make_with(p->func, last, SSA_OR, 8, all, number) : all;
}

/* Worth it: on the stack, where it can be read in one, of not too many values. */
static bool idiom_may_compose(const struct idioms *p, const struct idiom_group *group, u32 first,
                              u32 count, u32 n)
{
    u32 values = 0;
    for (u32 i = first; i < first + count; i++)
        values += !ssa_is_const(p->func, ssa_at(p->func, group->stores[i].insn)->arg[1]);
    bool aligned = (group->stores[first].off & (n - 1)) == 0;
    return aligned && values <= IDIOM_VALUES && ssa_at(p->func, group->base)->op == SSA_FRAME;
}

/* As many stores from `first` on as fill n bytes, if they are one value's: how many. */
static u32 idiom_try(struct idioms *p, const struct idiom_group *group, u32 first, u32 n)
{
    struct idiom_bytes bytes;
    u32 count = 0, filled = 0, value = 0;
    u64 number;
    while (first + count < group->n && filled < n)
        filled += group->stores[first + count++].width;
    if (count < 2 || !idiom_together(group, first, count, n, &bytes))
        return 0;
    u32 last = idiom_last(p, group, first, count);
    if (idiom_number_of(p->func, &bytes, n, &number))
        value = ssa_const(p->func, number);
    else if (bytes.from[0])
        value = idiom_gather(p, last, &bytes, n);
    if (!value && !p->func->failed && idiom_may_compose(p, group, first, count, n))
        value = idiom_compose(p, group, first, count, last);
    if (!value || p->func->failed)
        return 0;
    idiom_merge(p, group, first, count, last, value, n);
    return count;
}

static void idiom_group_end(struct idioms *p, struct idiom_group *group)
{
    for (u32 i = 0; group->n > 1 && i < group->n; i++)
        group->stores[i].bytes = idiom_bytes_of(p, ssa_at(p->func, group->stores[i].insn)->arg[1]);
    for (u32 i = 0; group->n > 1 && i < group->n && !p->func->failed;) {
        u32 count = idiom_try(p, group, i, 8);
        count = count ? count : idiom_try(p, group, i, 4);
        count = count ? count : idiom_try(p, group, i, 2);
        i += count ? count : 1;
    }
    group->n = 0;
}

void idiom_stores(struct idioms *p, u32 block)
{
    struct idiom_group group = { 0 };
    u32 next;
    for (u32 at = p->func->blocks[block].first; at && !p->func->failed; at = next) {
        const struct ssa_insn *insn = ssa_at(p->func, at);
        next = insn->next;
        bool is_store = insn->op == SSA_STORE;
        bool touches = ssa_has(insn, SSA_READS | SSA_PINNED);
        if (is_store && idiom_group_add(p, &group, at))
            continue;
        if (touches)
            idiom_group_end(p, &group);
        if (is_store)
            idiom_group_add(p, &group, at);
    }
    idiom_group_end(p, &group);
}
